//! Everything that touches the machine: the server tree, files, processes, sockets,
//! locks and the clock.
//!
//! Invariant: all effects on the system go through this room, and functions that write
//! below the root take the lock's value. It must not know NGINX's syntax or Motion.

#![expect(clippy::disallowed_methods, reason = "this is the room of effects")]
#![expect(unsafe_code, reason = "forks, raw descriptors and system calls that no crate offers")]

mod accounts;
pub mod addresses;
mod alone;
mod append;
pub mod archive;
mod attributes;
pub mod clock;
pub mod command;
pub mod contain;
pub mod crash;
pub mod daemon;
pub mod files;
mod hidden;
pub mod http;
pub mod listen;
mod lock;
pub mod machine;
pub mod mounts;
pub mod net;
pub mod origin;
mod plain_tree;
mod private;
pub mod process;
pub mod random;
pub mod reach;
mod root;
pub mod sandbox;
pub mod services;
mod space;
mod sys;
pub mod syslog;
pub mod terminals;
pub mod timers;
pub mod trust;
pub mod unpacked;
mod uptime;
mod walk;

pub use append::{AppendFile, acknowledged};
pub(crate) use crash::kill_point;
pub use hidden::{read_hidden, show_typing_again};
pub use lock::{Holder, LockError, STATE_FOLDER, WriteLock, holder, state_folder};
pub use plain_tree::{NoPlace, PlainTree};
pub use private::PrivateFolder;
pub use root::{Extent, MOST_BYTES, Root};
pub use space::{Access, Space, space_at};
pub use uptime::{Clocks, Uptime, clocks, uptime};
