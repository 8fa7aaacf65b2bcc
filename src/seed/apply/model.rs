//! What an apply is asked for, what it tells while it runs, and how it ends.
//!
//! Invariant: an end that is none of success says whether something was written.

use super::locks::Advisory;
use crate::outcome::Failure;
use crate::seed::manifest::Manifest;
use crate::seed::planned::Planned;
use crate::seed::snapshot::Unnamed;
use crate::seed::undo::Keep;
use std::time::Duration;

/// What is to be applied.
pub struct SeedRequest<'a> {
    /// What a person wants.
    pub manifest: &'a Manifest,
    /// What happens to profiles that the manifest does not name.
    pub unnamed: Unnamed,
    /// What was agreed to.
    pub planned: &'a Planned,
    /// Whether other runs are kept away from the start.
    pub advisory: Advisory,
    /// Where what an undo needs is kept, if anywhere.
    pub keep: Option<&'a Keep>,
}

/// What an apply says while it works.
#[derive(Debug, Clone, Copy)]
pub enum SeedEvent<'a> {
    Stage(&'a str),
    /// How many rows were written so far.
    Written(u64),
}

/// The caller wants to stop.
#[derive(Debug, Clone, Copy)]
pub struct Stopped;

/// What was done.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Applied {
    /// How many rows were written.
    pub rows: u64,
    /// How long rows were locked.
    pub locked: Duration,
    /// How often it was tried.
    pub tries: u32,
    /// Notes of the server, and what it does not support.
    pub notes: Vec<String>,
}

/// Why nothing was written.
#[derive(Debug)]
pub enum NotApplied {
    /// What was agreed to relies on something that has changed since; another plan can be made.
    Moved(Box<Failure>),
    Failed(Box<Failure>),
}

impl From<Failure> for NotApplied {
    fn from(failure: Failure) -> Self {
        Self::Failed(Box::new(failure))
    }
}
