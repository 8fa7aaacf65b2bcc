//! Where backups lie, and what is called how in one of them.
//!
//! Invariant: these names are read by every later version.

/// Where backups lie, below the root.
pub const STORE_FOLDER: &str = "/var/backups/motionctl";

/// The folder of a backup in which the bytes of each file lie, by their hash.
pub const CONTENT: &str = "content";

pub(super) const MANIFEST: &str = "manifest.json";

pub(super) const MANIFEST_HASH: &str = "manifest.sha256";

pub(super) const PARTIAL: &str = ".partial-";
