//! Mounts that only the test that makes them can see.

use nix::mount::{MsFlags, mount, umount};
use nix::sched::{CloneFlags, unshare};
use std::path::{Path, PathBuf};

/// A mount in a mount namespace of this thread, taken away when dropped.
pub struct Mount(PathBuf);

impl Mount {
    /// Puts the file or folder `source` over `target`.
    pub fn bind(source: &Path, target: &Path) -> Self {
        leave_the_machine_alone();
        mount(Some(source), target, None::<&str>, MsFlags::MS_BIND, None::<&str>).expect("root may mount");
        Self(target.to_owned())
    }

    /// Puts an empty file system of this size over `target`.
    pub fn tmpfs(target: &Path, size: &str, flags: MsFlags) -> Self {
        leave_the_machine_alone();
        let options = format!("size={size},mode=755");
        mount(Some("tmpfs"), target, Some("tmpfs"), flags, Some(options.as_str())).expect("root may mount");
        Self(target.to_owned())
    }

    /// Changes its flags.
    pub fn remount(&self, flags: MsFlags) {
        mount(None::<&str>, &self.0, None::<&str>, MsFlags::MS_REMOUNT | flags, None::<&str>)
            .expect("root may mount");
    }
}

/// From here on this thread's mounts are its own, and go with it: every test has its own thread.
pub fn leave_the_machine_alone() {
    unshare(CloneFlags::CLONE_NEWNS).expect("root may unshare");
    mount(None::<&str>, "/", None::<&str>, MsFlags::MS_REC | MsFlags::MS_PRIVATE, None::<&str>)
        .expect("private");
}

impl Drop for Mount {
    fn drop(&mut self) {
        umount(&self.0).expect("unmounting");
    }
}
