//! Owns running a program, or a function of ours, in a private copy of this
//! server. Invariant: nothing that runs inside changes, signals or outlives
//! anything outside. Must not know what NGINX is beyond the capabilities that
//! such a server needs.
//!
//! ```text
//! caller ── Launcher ── pipe: Order ──► motionctl sandbox-child      (child)
//!   ▲                                     unshare, then fork
//!   │                                       └► process 1             (init)
//!   │                                            private root        (assemble)
//!   └── pipes: Report, result, 1, 2 ◄──────────  └► the job          (job)
//! ```
//!
//! | mount inside | what it is, and why |
//! |---|---|
//! | `/` | `Overlay`: the host below a throw-away layer. `Bind`: a new folder with the host's folders bound read-only, where the kernel refuses that (`overlay`, `bind`) |
//! | `/var`, `/home`, … | when mounted separately: an overlay of their own, an overlay of `/` does not reach into them |
//! | `/proc` | the new pid namespace's; `/proc/sys` and its like are read-only, uid 0 could change the running kernel without any capability |
//! | `/dev` | `null`, `zero`, `full`, `random`, `urandom`, `tty` and an empty `shm`; no disks, no `/dev/log` |
//! | `/sys` | read-only |
//! | `/run` | a copy of the regular files and links: `resolv.conf` of systemd-resolved is there, live sockets are not |
//! | a `--root` tree's folders | an overlay each, so nothing big is copied (`lay`) |
//! | shadows | empty files and folders: a log opened for append would be copied up whole, a live unix socket reached or removed (`populate`) |
//!
//! All that is written goes to one tmpfs that no path outside leads to, so
//! there is nothing to clean up, not even after SIGKILL: the kernel drops the
//! mounts with the last process.

mod assemble;
mod bind;
mod caps;
mod child;
mod copy;
mod drain;
mod init;
mod job;
mod launch;
mod lay;
mod layers;
mod mounts;
mod overlay;
mod populate;
mod put;
mod spec;
mod special;
mod staging;
mod users;
mod writable;

pub use caps::drop_to;
pub use child::{child_main, is_private_copy};
pub use job::ChildContext;
pub use launch::{Called, Finished, Launcher, NoAnswer, Refused, SUBCOMMAND, call, probe, run};
pub use layers::{Layer, Layers};
pub use spec::{
    Capabilities, Ending, Identity, Layout, Mode, Network, Program, Shadow, ShadowKind, Spec, StagedFile,
    StagedLink, Visibility,
};
pub use special::fresh_proc;
