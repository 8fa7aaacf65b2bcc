//! How a table differs from what the map says of it.
//!
//! Invariant: says what is there and what is wanted, never what to do about it.

use std::fmt;

/// One thing in which they differ.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Difference {
    /// Table, or table and column, with the part of the map.
    pub place: String,
    /// What the map needs.
    pub expected: String,
    /// What the database has.
    pub found: String,
    /// What it is held against.
    pub since: Since,
}

/// What a database is held against.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Since {
    /// What every map needs.
    Ever,
    /// What it was like when the map was signed.
    Signed,
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.since {
            Since::Ever => write!(f, "{}: expected {}, found {}", self.place, self.expected, self.found),
            Since::Signed => write!(f, "{}: {} → {}", self.place, self.expected, self.found),
        }
    }
}
