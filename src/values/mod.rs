//! The plain values that the other rooms speak in: what a file's bytes hash to, where it
//! lies, what else it has, how backups and runs are called, where in a text something stands.
//!
//! Invariant: a value is checked once, where it is made or read, and holds what its type says
//! from then on. Data only: nothing here touches the machine, and this room uses no other.

mod attributes;
mod backup_id;
mod escape;
mod hash;
mod path;
mod place;
mod run_id;
mod text;
mod text_path;
mod unique;

pub use attributes::{AttributeDifference, Attributes, FileMode, Mtime, Xattrs};
pub use backup_id::{BackupId, NotBackupId};
pub use escape::{escape, unescape};
pub use hash::{Hash, NotHash};
pub use path::{LinkText, NotRootPath, RootPath};
pub use place::line_and_column;
pub use run_id::{NotRunId, RunId};
pub use text_path::{NotText, TextPath};
pub use unique::unique;
