//! What the rows of a change are taken for, while they are weighed.
//!
//! Invariant: rows as they were read; nothing here decides.

use super::changes::Cells;
use super::evidence::Holder;
use crate::db::catalog::Table;
use crate::seed::map::LinkKind;

/// So many points ahead are no doubt any more.
pub const CLEAR: i32 = 4;

/// The tables that the task's ids are from.
pub struct Witness<'a> {
    pub users: &'a str,
    /// The queues of each channel, by kind.
    pub queues: &'a dyn Fn(crate::seed::Channel) -> String,
}

/// A row that may be a link of this kind.
#[derive(Debug, Clone)]
pub struct LinkRow<'a> {
    pub kind: LinkKind,
    pub table: &'a Table,
    pub row: &'a Cells,
    /// The column of the profile, or of the agent of a personal link.
    pub owner: Holder,
    /// The column of the queue, or of the agent of a profile.
    pub member: Holder,
    /// What speaks for it.
    pub points: i32,
}

/// The profile's row.
#[derive(Debug, Clone)]
pub struct Profile<'a> {
    pub table: &'a Table,
    pub row: &'a Cells,
    /// The column with its id, and the id.
    pub id: (String, i64),
    /// The column with its name.
    pub name: String,
}

/// Why the profile was not found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lost {
    pub why: String,
    /// What the person should do.
    pub advice: &'static str,
}
