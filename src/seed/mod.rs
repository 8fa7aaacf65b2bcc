//! Seeding: agents, queues, profiles and who belongs to what, from a file that
//! a person keeps.
//!
//! Invariant: a file is read completely, and every fault in it said, before a
//! database is asked anything. Names of tables and columns come from the
//! schema map, never from a manifest, and the map is held against the database
//! before it is used. Nothing here prints.

pub mod access;
pub mod apply;
mod channel;
pub mod consequences;
pub mod discover;
mod effects;
pub mod embedded;
pub mod export;
mod foreseen;
pub mod import;
pub mod learn;
pub mod list;
pub mod manifest;
pub mod map;
pub mod offline;
pub mod plan;
mod planned;
mod reading;
pub mod saved;
mod session;
pub mod snapshot;
mod text;
pub mod undo;
pub mod usage;
pub mod verify;

pub use channel::Channel;
pub use planned::{Agreement, Planned};
pub use session::{Purpose, Session, Telling, failure, granted, unopened};
pub use text::Text;
