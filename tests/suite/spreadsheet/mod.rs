//! `seed import` as a process: real CSV files and real workbooks.
//!
//! Invariant: no database is there. What a table holds comes back letter by letter, or is refused by the name of its cell.

mod csv;
mod hostile;
mod support;
mod workbook;
