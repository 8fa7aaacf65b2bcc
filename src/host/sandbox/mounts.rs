//! Owns the wording of mount calls.
//! Invariant: works only inside a private mount namespace; the caller has made
//! it so with [`make_private`]. Must not decide what is mounted.

use crate::host::system::mounts::{Mounted, list};
use anyhow::{Context, Result};
use nix::fcntl::{OFlag, open};
use nix::mount::{MntFlags, MsFlags, mount, umount2};
use nix::sys::stat::Mode;
use nix::sys::statvfs::{FsFlags, statvfs};
use std::fs;
use std::os::fd::{AsRawFd, OwnedFd};
use std::path::{Path, PathBuf};

const NOTHING: Option<&str> = None;

/// Cuts the mount namespace off: nothing we mount reaches the host, nothing
/// the host mounts reaches us.
pub(super) fn make_private() -> Result<()> {
    mount(NOTHING, "/", NOTHING, MsFlags::MS_REC | MsFlags::MS_PRIVATE, NOTHING)
        .context("making the mounts private (`/` must be a mount, not a plain chroot)")
}

/// A new file system of `kind`.
pub(super) fn new(kind: &str, target: &Path, flags: MsFlags, data: &str) -> Result<()> {
    mount(Some(kind), target, Some(kind), flags, Some(data))
        .with_context(|| format!("mounting {kind} on `{}`", target.display()))
}

/// `source` seen at `target`, without what is mounted below it.
pub(super) fn bind(source: &Path, target: &Path) -> Result<()> {
    mount(Some(source), target, NOTHING, MsFlags::MS_BIND, NOTHING)
        .with_context(|| format!("binding `{}` on `{}`", source.display(), target.display()))
}

/// `source` seen at `target`, with all that is mounted below it.
pub(super) fn bind_all(source: &Path, target: &Path) -> Result<()> {
    mount(Some(source), target, NOTHING, MsFlags::MS_BIND | MsFlags::MS_REC, NOTHING)
        .with_context(|| format!("binding `{}` with its mounts on `{}`", source.display(), target.display()))
}

/// `source` seen at `target` and not to be written there.
pub(super) fn bind_read_only(source: &Path, target: &Path) -> Result<()> {
    bind(source, target)?;
    read_only(target)
}

/// Moves the mount at `folder` over the root. Who then changes its root to it sees nothing of what lies below.
pub(super) fn cover_root(folder: &Path) -> Result<()> {
    mount(Some(folder), "/", NOTHING, MsFlags::MS_MOVE, NOTHING).context("moving the private root over `/`")
}

/// Makes the mount at `target` read-only. The other flags are repeated: in a
/// user namespace the kernel refuses to lose one of them.
pub(super) fn read_only(target: &Path) -> Result<()> {
    let kept = statvfs(target).map_or(MsFlags::empty(), |found| flags_of(found.flags()));
    let flags = MsFlags::MS_REMOUNT | MsFlags::MS_BIND | MsFlags::MS_RDONLY | kept;
    mount(NOTHING, target, NOTHING, flags, NOTHING)
        .with_context(|| format!("making `{}` read-only", target.display()))
}

/// Makes everything mounted below `folder` read-only; what cannot be made so
/// is taken out of sight.
pub(super) fn read_only_below(folder: &Path) -> Result<()> {
    let mut gone: Option<PathBuf> = None;
    for one in below(folder)? {
        if gone.as_ref().is_some_and(|above| one.path.starts_with(above)) {
            continue;
        }
        if let Err(cause) = read_only(&one.path) {
            // Behind a folder that we may not traverse, nothing that we start can reach it either.
            if !is_out_of_reach(&one.path) {
                detach(&one.path).context(cause)?;
            }
            gone = Some(one.path);
        }
    }
    Ok(())
}

fn is_out_of_reach(path: &Path) -> bool {
    fs::symlink_metadata(path).is_err_and(|error| error.kind() == std::io::ErrorKind::PermissionDenied)
}

/// Takes a mount and everything below it out of sight.
pub(super) fn detach(target: &Path) -> Result<()> {
    umount2(target, MntFlags::MNT_DETACH).with_context(|| format!("unmounting `{}`", target.display()))
}

/// Everything mounted below `folder` (not at it), parents first. The kernel
/// lists real paths, and ours may lead through a descriptor.
pub(super) fn below(folder: &Path) -> Result<Vec<Mounted>> {
    let folder = fs::canonicalize(folder).with_context(|| format!("resolving `{}`", folder.display()))?;
    let mut found: Vec<Mounted> = list()
        .context("reading `/proc/self/mountinfo`")?
        .into_iter()
        .filter(|one| one.path != folder && one.path.starts_with(&folder))
        .collect();
    found.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(found)
}

/// A descriptor that only names `path`; works on what may not be read, and
/// stays good when something is mounted over it.
pub(super) fn name(path: &Path) -> Result<OwnedFd> {
    open(path, OFlag::O_PATH | OFlag::O_CLOEXEC, Mode::empty())
        .with_context(|| format!("opening `{}`", path.display()))
}

/// The path of a descriptor of ours, good for mount calls and file calls. It
/// has no comma, colon or backslash, which mean something to an overlay.
pub(super) fn path_of(descriptor: &OwnedFd) -> PathBuf {
    PathBuf::from(format!("/proc/self/fd/{}", descriptor.as_raw_fd()))
}

/// The identity of the mount that a descriptor lies on; `None` where the kernel does not tell (before 3.15).
pub(super) fn mount_id(descriptor: &OwnedFd) -> Option<u64> {
    let info = fs::read_to_string(format!("/proc/self/fdinfo/{}", descriptor.as_raw_fd())).ok()?;
    info.lines().find_map(|line| line.strip_prefix("mnt_id:"))?.trim().parse().ok()
}

fn flags_of(found: FsFlags) -> MsFlags {
    let pairs = [
        (FsFlags::ST_NOSUID, MsFlags::MS_NOSUID),
        (FsFlags::ST_NODEV, MsFlags::MS_NODEV),
        (FsFlags::ST_NOEXEC, MsFlags::MS_NOEXEC),
        (FsFlags::ST_NOATIME, MsFlags::MS_NOATIME),
        (FsFlags::ST_NODIRATIME, MsFlags::MS_NODIRATIME),
        (FsFlags::ST_RELATIME, MsFlags::MS_RELATIME),
    ];
    // Without a word about times the kernel takes `relatime`, a change of its own.
    let times = FsFlags::ST_NOATIME | FsFlags::ST_RELATIME;
    let start = if found.intersects(times) { MsFlags::empty() } else { MsFlags::MS_STRICTATIME };
    pairs.iter().filter(|(seen, _)| found.contains(*seen)).fold(start, |all, (_, flag)| all | *flag)
}
