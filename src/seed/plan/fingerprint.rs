//! The fingerprint of what a plan relies on.
//!
//! Invariant: two snapshots with the same fingerprint give the same plan of one manifest; times and who is online do
//! not count. Every piece is hashed with its length, so that no two sequences of pieces are the same bytes.

use crate::db::Value;
use crate::seed::map::{Map, Part};
use crate::seed::snapshot::{RowState, Snapshot};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::fmt;

/// The version of plans and of what they rely on.
pub const FORMAT: u32 = 1;

/// SHA-256, in hexadecimal digits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct Fingerprint(String);

impl Fingerprint {
    /// Of a snapshot, read by a map from the database with this identity.
    #[must_use]
    pub fn of(snapshot: &Snapshot, map: &Map, identity: &str) -> Self {
        let mut hash = Pieces(Sha256::new());
        hash.number(i64::from(FORMAT));
        hash.text(&map.hash());
        hash.text(identity);
        for (part, records) in &snapshot.parts {
            hash.text(&part.to_string());
            hash.number(records.rows.len() as i64);
            for record in records.rows.values() {
                hash.number(record.id);
                hash.text(&record.name);
                hash.text(match &record.standing {
                    RowState::Live => "live",
                    RowState::Deleted => "deleted",
                    RowState::OtherRole(role) => role,
                });
                record.values.iter().for_each(|value| hash.value(value));
            }
            // With the rows that each name means, and none for those expected to be absent.
            for (name, group) in records.names.sorted() {
                hash.text(name);
                let rows = records.names.rows(group);
                hash.number(rows.len() as i64);
                rows.iter().for_each(|id| hash.number(*id));
            }
        }
        for (kind, links) in &snapshot.links {
            hash.text(&kind.to_string());
            hash.number(links.rows().len() as i64);
            for link in links.rows() {
                hash.number(link.owner);
                hash.number(link.member);
                hash.number(link.row.map_or(0, std::num::NonZeroI64::get));
                hash.number(link.penalty.map_or(i64::MIN, i64::from));
            }
        }
        // Only where rights were asked for: plans that were saved before they could be stay what they are.
        if snapshot.part(Part::Permissions).is_some() {
            hash.number(snapshot.rights.len() as i64);
            for row in &snapshot.rights {
                hash.number(row.user_profile);
                row.flags.iter().for_each(|flag| hash.value(flag));
            }
        }
        hash.number(snapshot.extensions.len() as i64);
        for (extension, holders) in &snapshot.extensions {
            hash.text(extension);
            hash.number(holders.len() as i64);
            holders.iter().for_each(|holder| hash.number(holder.id));
        }
        Self(hex::encode(hash.0.finalize()))
    }

    /// The digits.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

struct Pieces(Sha256);

impl Pieces {
    fn bytes(&mut self, bytes: &[u8]) {
        self.0.update((bytes.len() as u64).to_be_bytes());
        self.0.update(bytes);
    }

    fn text(&mut self, text: &str) {
        self.bytes(text.as_bytes());
    }

    fn number(&mut self, number: i64) {
        self.0.update(number.to_be_bytes());
    }

    fn value(&mut self, value: &Value) {
        match value {
            Value::Null => self.text("null"),
            Value::Bytes(bytes) => {
                self.text("bytes");
                self.bytes(bytes);
            }
            // The same number may come as a text or a number, as the server's protocol goes.
            other => {
                self.text("value");
                self.text(&other.display());
            }
        }
    }
}
