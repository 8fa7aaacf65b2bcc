//! Outcomes as people and pipelines read them.
//!
//! Invariant: pure; the same outcome gives the same bytes. Nothing secret can
//! reach this room: what it is given is redacted already.

mod blocks;
mod diff;
mod ending;
mod explained;
mod findings;
mod fold;
mod glyphs;
mod human;
mod json;
mod page;
mod plain;
mod problems;
mod routes;
mod style;
mod table;
mod takes_effect;
mod tryout;
mod usage;
mod wrap;

pub use diff::words;
pub use glyphs::{GLYPHS, Glyphs};
pub use human::{before_a_question, human};
pub use json::{ENVELOPE_FORMAT, Envelope, json, write_json};
pub use page::page;
pub use plain::line as plain_line;
pub use style::{Colour, Detail, ENDLESS, Style};
pub use wrap::{columns, hanging, paragraph};
