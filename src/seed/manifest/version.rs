//! The version that a manifest is written in.
//!
//! Invariant: another version than ours is a fault at its place, whatever else the file holds.

use super::reader::{MappingEntry, Reader};
use super::scalar::{Plain, classify};
use super::tree::Value;

/// The version of manifests that is read.
pub const VERSION: u32 = 1;

pub(super) fn check_version(reader: &mut Reader, entry: MappingEntry<'_>) {
    match entry.value.value() {
        Value::Plain(text) if classify(text) == Plain::Integer(i64::from(VERSION)) => {}
        _ => reader.wrong(entry, "`1`, the only version there is", "without quotes"),
    }
}
