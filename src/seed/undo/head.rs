//! What is known of a run without its rows.
//!
//! Invariant: enough to list runs and to tell whose they are; nothing of it is ever part of a statement.

use crate::values::RunId;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// A run, as its folder describes it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Head {
    /// The version of the record.
    pub format: u32,
    pub id: RunId,
    pub began: Timestamp,
    /// Who asked: user, sudo user, terminal.
    pub actor: String,
    /// What it was made from.
    pub manifest: String,
    /// Where the database is, for people.
    pub host: String,
    pub schema: String,
    pub database: Identity,
    /// The schema map's hash.
    pub map: String,
    /// How many rows it made.
    pub add: u64,
    /// How many it changed.
    pub change: u64,
    /// How many it deleted.
    pub remove: u64,
}

/// Tells a database from all others; SHA-256 of what a session knows it by.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Identity(String);

impl Identity {
    /// Of what a session knows its database by.
    pub(super) fn of(text: &str) -> Self {
        Self(hex::encode(Sha256::digest(text)))
    }
}

/// When a run was undone, and by whom.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Undone {
    pub at: Timestamp,
    pub actor: String,
}
