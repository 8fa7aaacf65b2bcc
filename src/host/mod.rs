//! Everything that touches the machine: the server tree, files, processes, sockets,
//! locks and the clock.
//!
//! Invariant: all effects on the system go through this room, and functions that write
//! below the root take the lock's value. It must not know NGINX's syntax or Motion.

#![expect(clippy::disallowed_methods, reason = "this is the room of effects")]
#![expect(unsafe_code, reason = "forks, raw descriptors and system calls that no crate offers")]

pub mod contain;
pub mod crash;
pub mod files;
mod lock;
mod network;
pub mod process;
mod root;
pub mod sandbox;
mod sys;
mod system;
pub mod trust;

// Rooms of this room that all others use by their own names.
pub use files::{archive, unpacked};
pub use network::{addresses, connectable, http, listen, namespace};
pub use process::command;
pub use system::{clock, daemon, machine, mounts, origin, random, services, syslog, terminals, timers};

pub(crate) use crash::kill_point;
pub use files::append::{AppendFile, acknowledged};
pub use files::plain_tree::{NoPlace, PlainTree};
pub use files::private::PrivateFolder;
pub use files::space::{Access, Space, space_at};
pub use lock::{Holder, LockError, STATE_FOLDER, WriteLock, holder, state_folder};
pub use root::{Extent, MOST_BYTES, Root, is_absent};
pub use system::hidden::{read_hidden, show_typing_again};
pub use system::uptime::{Clocks, Uptime, clocks, uptime};
