//! What is mounted where, as the kernel lists it for this process.
//!
//! Invariant: the order is the kernel's, in which a later mount at the same place hides an
//! earlier one. Nothing is mounted or unmounted here.

use std::ffi::OsString;
use std::fs;
use std::io;
use std::os::unix::ffi::OsStringExt;
use std::path::{Path, PathBuf};

/// One line of `/proc/self/mountinfo`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mounted {
    /// The identity that a descriptor's `fdinfo` names.
    pub id: u64,
    pub path: PathBuf,
    /// The kind of file system, such as `ext4`, `nfs4` or `fuse.glusterfs`.
    pub fs_type: String,
    /// What is mounted: a device, `host:/folder`, or a word of the file system's own.
    pub source: String,
    /// The options of the file system itself, separated by commas.
    pub options: String,
}

/// Everything that is mounted, in the kernel's order.
///
/// # Errors
/// When the list cannot be read.
pub fn list() -> io::Result<Vec<Mounted>> {
    let bytes = fs::read("/proc/self/mountinfo")?;
    Ok(bytes.split(|&byte| byte == b'\n').filter_map(parse_line).collect())
}

/// The mount that `path` lies on, links not followed.
#[must_use]
pub fn covering<'a>(mounts: &'a [Mounted], path: &Path) -> Option<&'a Mounted> {
    let above = mounts.iter().filter(|one| path.starts_with(&one.path));
    // Of several at one place the last is on top, and `max_by_key` takes the last.
    above.max_by_key(|one| one.path.components().count())
}

/// `36 35 98:0 /mnt1 /mnt2 rw,noatime master:1 - ext3 /dev/root rw` (proc(5)).
fn parse_line(line: &[u8]) -> Option<Mounted> {
    let mut fields = line.split(|&byte| byte == b' ');
    let id = std::str::from_utf8(fields.next()?).ok()?.parse().ok()?;
    let path = PathBuf::from(OsString::from_vec(unescape(fields.nth(3)?)));
    fields.find(|&field| field == b"-")?;
    let mut text = || fields.next().map(|field| String::from_utf8_lossy(&unescape(field)).into_owned());
    let fs_type = text()?;
    Some(Mounted {
        id,
        path,
        fs_type,
        source: text().unwrap_or_default(),
        options: text().unwrap_or_default(),
    })
}

/// Space, tab, newline and backslash are written as three octal digits, as in `/etc/fstab`.
#[must_use]
pub fn unescape(field: &[u8]) -> Vec<u8> {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_a_line_with_escapes_and_optional_fields() {
        let line =
            br"36 35 98:0 / /srv/a\040b\134c rw,noatime master:1 shared:2 - nfs4 nas:/x\040y rw,vers=4";
        let found = parse_line(line).unwrap();
        assert_eq!((found.id, found.fs_type.as_str()), (36, "nfs4"));
        assert_eq!((found.source.as_str(), found.options.as_str()), ("nas:/x y", "rw,vers=4"));
        assert_eq!(found.path, Path::new(r"/srv/a b\c"));
    }

    #[test]
    fn a_broken_line_is_passed_over() {
        assert!(parse_line(b"").is_none());
        assert!(parse_line(b"36 35 98:0 / /mnt rw").is_none());
        assert_eq!(unescape(br"a\9zz\04"), br"a\9zz\04");
    }

    #[test]
    fn the_mount_on_top_counts() {
        let at = |path: &str, kind: &str| Mounted {
            id: 0,
            path: path.into(),
            fs_type: kind.to_owned(),
            source: String::new(),
            options: String::new(),
        };
        let mounts = [at("/", "ext4"), at("/var/opt", "nfs"), at("/var/opt", "xfs"), at("/var/o", "tmpfs")];
        let kind = |path: &str| covering(&mounts, Path::new(path)).map(|one| one.fs_type.as_str());
        assert_eq!(kind("/var/opt/motion2"), Some("xfs"));
        assert_eq!(kind("/var/optional"), Some("ext4"));
    }
}
