//! Seeding: every rule on SQLite and on a real MariaDB.
//!
//! Invariant: a case runs on both engines unless it is about what only one of them has.

mod access;
mod commands;
mod commit;
mod deletions;
mod example;
mod export;
mod guards;
mod kill;
mod names;
mod people;
mod privileges;
mod property;
mod proxy;
mod round_trip;
mod rules;
mod shapes;
mod support;
mod terminal;
mod transaction;
mod traps;
mod values;
