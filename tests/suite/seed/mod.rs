//! Seeding: every rule on SQLite and on a real MariaDB.
//!
//! Invariant: a case runs on both engines unless it is about what only one of them has.

mod access;
mod access_narrow;
mod alike;
mod commands;
mod commit;
mod deleted_links;
mod deletions;
mod drift;
mod emptied;
mod example;
mod export;
mod extensions;
mod foreseen;
mod grants;
mod guards;
mod kill;
mod moved;
mod moves;
mod names;
mod offline;
mod offline_letters;
mod out;
mod people;
mod privileges;
mod property;
pub mod proxy;
mod renamed;
mod rights;
mod road;
mod round_trip;
mod rules;
mod saved;
mod shapes;
mod standing;
mod status;
mod suggestions;
mod summary;
pub mod support;
mod takes_effect;
mod terminal;
mod transaction;
mod traps;
mod usage;
mod values;
mod who;
