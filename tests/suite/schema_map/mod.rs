//! Schema maps against databases of several shapes, on MariaDB and on SQLite.
//!
//! Invariant: what is said of one engine is said of the other, unless a test says why not.

mod broken;
mod choices;
mod commands;
mod learn;
mod learn_commands;
mod learn_doubts;
mod learn_equal;
mod learn_journals;
mod learn_mistakes;
mod learn_notes;
mod learn_traps;
mod renewed;
mod shapes;
pub mod support;
mod unfit;
