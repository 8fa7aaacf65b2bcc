//! Who and where we are: host name, user.

use nix::unistd::{Uid, gethostname};

/// The host name, as the kernel knows it.
#[must_use]
pub fn host_name() -> Option<String> {
    gethostname().ok().map(|name| name.to_string_lossy().into_owned())
}

/// Whether this process runs as root.
#[must_use]
pub fn is_superuser() -> bool {
    Uid::effective().is_root()
}
