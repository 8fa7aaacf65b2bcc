//! Seeding: agents, queues and profiles of a manifest into Motion's database.
//!
//! Invariant: which table and column holds what comes from a reviewed schema map, verified against
//! the live database before anything is written. No SQL is built from values.

mod channel;
pub mod embedded;
pub mod map;
pub mod verify;

pub use channel::Channel;
