//! Files as they are observed and as they are safely changed.
//!
//! Invariant: at every moment, also after a power cut, a changed name holds either its
//! old file or its new one, whole, with owner, mode and extended attributes; the
//! old inode is kept until the caller discards it, so undoing needs no space. Nothing
//! here decides what to write.

pub(super) mod alone;
pub(super) mod append;
pub mod archive;
pub(super) mod attributes;
mod change;
mod destination;
mod digest;
mod entry;
mod folders;
mod obstacle;
pub(super) mod plain_tree;
pub(super) mod private;
mod replace;
pub(super) mod space;
mod state;
mod undo;
pub mod unpacked;
pub(super) mod walk;
mod way;

pub use change::{Expect, Installed, ReplaceError, UndoableChange};
pub use destination::{Destination, Misplaced};
pub use digest::{HashedWriter, copy_hashed, hash_of};
pub use folders::{make_folder, remove_folder, set_attributes};
pub(crate) use obstacle::landing_for_writing;
pub use obstacle::{NotReplaceable, Obstacle, exchangeable, makeable, replaceable, settable};
pub use replace::{create, create_link, remove, replace, replace_entry, replace_link, write};
pub use state::{FileState, OtherKind, forget_cached, observe};
pub(crate) use state::{Sight, observe_entry, observe_reading, sight};
pub use undo::{adopt, discard, leftovers, put_back, sweep};
pub(crate) use walk::{Folder, Last};
pub use way::{Way, way};
