//! Seeding: agents, queues, profiles and who belongs to what, from a file that
//! a person keeps.
//!
//! Invariant: a file is read completely, and every fault in it said, before a
//! database is asked anything. Which table and column holds what comes from a
//! schema map that is verified against the live database before anything is
//! written; no SQL is built from values. Nothing here prints.

mod channel;
pub mod embedded;
pub mod manifest;
pub mod map;
pub mod verify;

pub use channel::Channel;
