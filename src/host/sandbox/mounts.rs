//! Owns the wording of mount calls and the list of what is mounted.
//! Invariant: works only inside a private mount namespace; the caller has made
//! it so with [`make_private`]. Must not decide what is mounted.

use anyhow::{Context, Result};
use nix::fcntl::{OFlag, open};
use nix::mount::{MntFlags, MsFlags, mount, umount2};
use nix::sys::stat::Mode;
use nix::sys::statvfs::{FsFlags, statvfs};
use std::ffi::OsString;
use std::fs;
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::ffi::OsStringExt;
use std::path::{Path, PathBuf};

const NOTHING: Option<&str> = None;

/// One line of `/proc/self/mountinfo`.
#[derive(Debug)]
pub(super) struct Mounted {
    pub(super) id: u64,
    pub(super) path: PathBuf,
    pub(super) fs_type: String,
}

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
    let mut found: Vec<Mounted> =
        list()?.into_iter().filter(|one| one.path != folder && one.path.starts_with(&folder)).collect();
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

/// The identity of the mount that a descriptor lies on.
pub(super) fn mount_id(descriptor: &OwnedFd) -> Option<u64> {
    let info = fs::read_to_string(format!("/proc/self/fdinfo/{}", descriptor.as_raw_fd())).ok()?;
    info.lines().find_map(|line| line.strip_prefix("mnt_id:"))?.trim().parse().ok()
}

fn list() -> Result<Vec<Mounted>> {
    let bytes = fs::read("/proc/self/mountinfo").context("reading `/proc/self/mountinfo`")?;
    Ok(bytes.split(|&byte| byte == b'\n').filter_map(parse_line).collect())
}

/// `36 35 98:0 /mnt1 /mnt2 rw,noatime master:1 - ext3 /dev/root rw` (proc(5)).
fn parse_line(line: &[u8]) -> Option<Mounted> {
    let mut fields = line.split(|&byte| byte == b' ');
    let id = std::str::from_utf8(fields.next()?).ok()?.parse().ok()?;
    let path = PathBuf::from(OsString::from_vec(unescape(fields.nth(3)?)));
    fields.find(|&field| field == b"-")?;
    let fs_type = String::from_utf8_lossy(fields.next()?).into_owned();
    Some(Mounted { id, path, fs_type })
}

/// Space, tab, newline and backslash are written as three octal digits.
fn unescape(field: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(field.len());
    let mut rest = field;
    while let Some((&byte, tail)) = rest.split_first() {
        let code = (byte == b'\\').then(|| tail.get(..3)).flatten().and_then(octal);
        out.push(code.unwrap_or(byte));
        rest = if code.is_some() { &tail[3..] } else { tail };
    }
    out
}

fn octal(digits: &[u8]) -> Option<u8> {
    u8::from_str_radix(std::str::from_utf8(digits).ok()?, 8).ok()
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_a_line_with_escapes_and_optional_fields() {
        let line = br"36 35 98:0 / /srv/a\040b\134c rw,noatime master:1 shared:2 - ext4 /dev/root rw";
        let found = parse_line(line).unwrap();
        assert_eq!((found.id, found.fs_type.as_str()), (36, "ext4"));
        assert_eq!(found.path, Path::new(r"/srv/a b\c"));
    }

    #[test]
    fn a_broken_line_is_passed_over() {
        assert!(parse_line(b"").is_none());
        assert!(parse_line(b"36 35 98:0 / /mnt rw").is_none());
        assert_eq!(unescape(br"a\9zz\04"), br"a\9zz\04");
    }
}
