//! Who and where we are: host name, user.

use nix::unistd::{Gid, Uid, gethostname};

/// The host name, as the kernel knows it.
#[must_use]
pub fn host_name() -> Option<String> {
    gethostname().ok().map(|name| name.to_string_lossy().into_owned())
}

/// The user and group that this process acts as.
#[must_use]
pub fn user() -> (u32, u32) {
    (Uid::effective().as_raw(), Gid::effective().as_raw())
}

/// Whether this process runs as root.
#[must_use]
pub fn is_superuser() -> bool {
    Uid::effective().is_root()
}
