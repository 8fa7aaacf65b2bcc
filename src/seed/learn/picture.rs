//! The first look at a database, kept in a file until the second one.
//!
//! Invariant: pure data. It holds no value of any row: a row is a salted digest of its key, and four letters of digest
//! for each of its columns. Only the task has names, of the profile to be made, an agent and queues; and what was learned in
//! the end has values of the profile's own rows.

use crate::seed::Channel;
use crate::seed::discover::Section;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The version of the file.
pub const FORMAT: u32 = 1;

/// What a person is asked to do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Task {
    /// The new profile's name, which occurs nowhere else.
    pub profile: String,
    /// Its description, which does not either.
    pub description: String,
    /// The agent who is put in.
    pub agent: Known,
    /// The penalty of the voice queue.
    pub penalty: i64,
    /// The queues of each channel.
    pub queues: BTreeMap<Channel, Pair>,
    /// Steps that the person says were left out, by their numbers.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub left_out: Vec<usize>,
}

/// A row that was there before.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Known {
    pub name: String,
    pub id: i64,
}

/// The queues of a channel.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pair {
    /// The one that is put into the profile.
    pub of_profile: Known,
    /// The one that is given to the agent directly, where there is one that the agent lacks.
    pub personal: Option<Known>,
}

impl Pair {
    /// The queues, that of the profile first.
    pub fn both(&self) -> impl Iterator<Item = &Known> {
        [Some(&self.of_profile), self.personal.as_ref()].into_iter().flatten()
    }
}

/// The first look.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Picture {
    /// The version of the file.
    pub format: u32,
    /// When it was taken.
    pub taken: String,
    pub database: String,
    /// Goes into each digest, so that those of two pictures cannot be compared.
    pub salt: String,
    /// What the person is asked to do.
    pub task: Task,
    pub tables: BTreeMap<String, Seen>,
    /// What the second look found, for a third one after the profile was deleted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub found: Option<Found>,
}

/// A file that is no first look.
#[derive(Debug, thiserror::Error)]
pub enum NoPicture {
    #[error(transparent)]
    Json(#[from] serde_json::Error),
    #[error("this motionctl reads the format {reads}, not {0}", reads = FORMAT)]
    Format(u32),
}

impl Picture {
    /// The file.
    #[must_use]
    pub fn to_json(&self) -> String {
        serde_json::to_string(self).expect("a picture has text keys and no floats")
    }

    /// Reads such a file.
    ///
    /// # Errors
    /// Where it is none, or another version's.
    pub fn from_json(bytes: &[u8]) -> Result<Self, NoPicture> {
        let picture: Self = serde_json::from_slice(bytes)?;
        if picture.format == FORMAT { Ok(picture) } else { Err(NoPicture::Format(picture.format)) }
    }
}

/// What was seen of a table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Seen {
    /// Every row: by digest of its key, the digests of its columns.
    Whole {
        /// The columns that were looked at.
        columns: Vec<String>,
        rows: BTreeMap<String, String>,
    },
    /// A large table: only rows that are new can be found later, by their key.
    Top {
        key: String,
        highest: Option<i64>,
    },
    Nothing(String),
}

/// What the second look found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Found {
    /// The lines that were learned.
    pub sections: Vec<Section>,
    /// The table of profiles.
    pub profiles: String,
    /// The rows that the profile consists of.
    pub rows: Vec<FoundRow>,
    /// What was said of it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
}

/// A row of the profile.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FoundRow {
    /// The part of the map that it belongs to.
    pub part: String,
    pub table: String,
    /// The columns that name it, and what they hold.
    pub by: Vec<(String, i64)>,
    pub columns: Vec<String>,
    pub print: String,
}
