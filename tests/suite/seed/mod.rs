//! Seeding: every rule on SQLite and on a real MariaDB.
//!
//! Invariant: a case runs on both engines unless it is about what only one of them has.

mod access;
mod commands;
mod commit;
mod deleted_links;
mod deletions;
mod drift;
mod example;
mod export;
mod extensions;
mod foreseen;
mod guards;
mod kill;
mod moved;
mod names;
mod out;
mod people;
mod privileges;
mod property;
pub mod proxy;
mod road;
mod round_trip;
mod rules;
mod saved;
mod shapes;
mod standing;
mod suggestions;
mod support;
mod terminal;
mod transaction;
mod traps;
mod values;
