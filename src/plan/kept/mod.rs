//! What a change keeps for the next update: the text that local changes are
//! told from, and the local changes themselves.
//!
//! Invariant: both files are made from the files of the very run that writes
//! them, so that a saved plan holds none of their text. Base and patch give the
//! file that was left, or nothing is built on them. Pure.

mod back;
mod derive;
mod edit;
mod file;
mod keep;
mod record;
mod routed;
mod stand;
mod vendor;

use crate::values::TextPath;
pub(super) use back::{Back, back};
pub use derive::{LocalRecord, UnderivedError, derived};
pub use edit::{Taken, add_changes, chosen as chosen_changes, drop_changes, local_changes, not_kept};
pub use file::{BaseKind, FORMAT, KeptChange, LocalPatch, Origin, PatchFault};
pub(super) use keep::{keep, own};
pub use record::{Kept, KeptError};
pub(super) use routed::had_the_route;
pub use stand::{Stand, is_there, moved, stand};
pub use vendor::{Restored as VendorRestored, Restoring, restore_vendor};

/// The folder of the local patches.
pub const LOCAL_FOLDER: &str = "/etc/motionctl/local.d";

/// How the base records in the state's folder begin.
const BASE_RECORDS: &str = "/var/lib/motionctl/base-";

/// The folder of what is motionctl's own below `/etc`.
const OWN_FOLDER: &str = "/etc/motionctl";

/// Whether the record at this path is of the server's own changes.
pub(super) fn holds_local_changes(path: &TextPath) -> bool {
    path.as_str().starts_with(LOCAL_FOLDER)
}

/// Whether a folder is there for records alone.
pub(super) fn holds_records(folder: &TextPath) -> bool {
    [OWN_FOLDER, LOCAL_FOLDER].contains(&folder.as_str())
}

/// Whether it is a file of ours that a run keeps for the next update, and no part of a configuration: nobody's edit of
/// it stands in the way of undoing the run.
#[must_use]
pub fn is_record(path: &TextPath) -> bool {
    let path = path.as_str();
    path.starts_with(BASE_RECORDS)
        || path.strip_prefix(LOCAL_FOLDER).is_some_and(|rest| rest.starts_with('/'))
}

/// The local patch of a site's file: named after it.
#[must_use]
pub fn local_patch_path(site: &std::path::Path) -> TextPath {
    let name = site.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
    let plain = |char: char| if char.is_ascii_alphanumeric() || "._-".contains(char) { char } else { '_' };
    let name: String = name.chars().map(plain).collect();
    TextPath::new(&format!("{LOCAL_FOLDER}/{}.toml", name.trim_start_matches('.')))
        .expect("a name without a slash below an absolute folder")
}
