//! Verified snapshots of the server's configuration.
//!
//! Invariant: what is called a backup was written, made durable, read again and found equal to
//! its manifest; a half-made one has another name. Nothing here chooses what to back up or when
//! to restore.

mod collect;
mod compare;
mod error;
mod extract;
mod layout;
mod manifest;
mod restore;
mod store;
mod take;
mod verify;

pub use compare::{Change, Difference, compare};
pub use error::{BackupError, Problem};
pub use extract::Extracted;
pub use layout::{CONTENT, STORE_FOLDER};
pub use manifest::{Entry, FIRST as OLDEST_FORMAT, FORMAT, Manifest};
pub use restore::{restore_path, restore_tree};
pub use store::{Backup, Listing, Retention, Store};
pub use take::{BackupRequest, Needed, Progress};
