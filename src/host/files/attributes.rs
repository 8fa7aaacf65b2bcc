//! Reads what a file has besides its bytes, and gives it to another.
//!
//! Invariant: attributes that were read, given to a file and read again are equal,
//! or giving them failed.

use super::walk::Folder;
use crate::values::{Attributes, FileMode, Mtime, Xattrs};
use nix::sys::stat::{FileStat, Mode, UtimensatFlags, fchmod, fstat, futimens, utimensat};
use nix::sys::time::TimeSpec;
use nix::unistd::{Gid, Uid, fchown};
use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs::File;
use std::io;
use std::os::unix::ffi::OsStrExt;
use xattr::FileExt;

/// The attributes of an open file or folder.
///
/// # Errors
/// When its status or an extended attribute cannot be read.
pub(crate) fn of(file: &File) -> io::Result<Attributes> {
    let stat = fstat(file)?;
    let names = unless_unsupported(file.list_xattr().map(Iterator::collect))?;
    Ok(from_parts(&stat, collect_xattrs(names, |name| file.get_xattr(name))?))
}

/// The attributes of the entry `name` itself, not of what a link leads to.
pub(crate) fn of_entry(folder: &Folder, name: &OsStr) -> io::Result<Attributes> {
    let stat = folder.stat(name)?;
    let path = folder.by_descriptor(name);
    let names = unless_unsupported(xattr::list(&path).map(Iterator::collect))?;
    Ok(from_parts(&stat, collect_xattrs(names, |name| xattr::get(&path, name))?))
}

fn from_parts(stat: &FileStat, xattrs: Xattrs) -> Attributes {
    Attributes {
        mode: FileMode(stat.st_mode & 0o7777),
        uid: stat.st_uid,
        gid: stat.st_gid,
        mtime: Mtime::At(stat.st_mtime, stat.st_mtime_nsec),
        xattrs,
    }
}

/// Gives attributes to an open file or folder.
///
/// The order matters: a change of owner clears setuid bits and file capabilities, and an
/// access list inherited from the folder must go before the mode is set.
pub(crate) fn give(attributes: &Attributes, file: &File) -> io::Result<()> {
    let stat = fstat(file)?;
    if (stat.st_uid, stat.st_gid) != (attributes.uid, attributes.gid) {
        fchown(file, Some(Uid::from_raw(attributes.uid)), Some(Gid::from_raw(attributes.gid)))?;
    }
    let present = unless_unsupported(file.list_xattr().map(Iterator::collect))?;
    for name in present {
        if is_ours_to_remove(name.as_bytes()) && !attributes.xattrs.0.contains_key(name.as_bytes()) {
            file.remove_xattr(&name)?;
        }
    }
    fchmod(file, Mode::from_bits_truncate(attributes.mode.0))?;
    for (name, value) in &attributes.xattrs.0 {
        let name = OsStr::from_bytes(name);
        if file.get_xattr(name)?.as_ref() != Some(value) {
            file.set_xattr(name, value)?;
        }
    }
    if let Mtime::At(seconds, nanos) = attributes.mtime {
        futimens(file, &TimeSpec::UTIME_OMIT, &TimeSpec::new(seconds, nanos))?;
    }
    Ok(())
}

/// Gives attributes to the symbolic link `name`, which has no mode of its own.
pub(crate) fn give_to_link(attributes: &Attributes, folder: &Folder, name: &OsStr) -> io::Result<()> {
    let (uid, gid) = (Uid::from_raw(attributes.uid), Gid::from_raw(attributes.gid));
    let no_follow = nix::fcntl::AtFlags::AT_SYMLINK_NOFOLLOW;
    nix::unistd::fchownat(folder, name, Some(uid), Some(gid), no_follow)?;
    let path = folder.by_descriptor(name);
    for (name, value) in &attributes.xattrs.0 {
        let name = OsStr::from_bytes(name);
        if xattr::get(&path, name)?.as_ref() != Some(value) {
            xattr::set(&path, name, value)?;
        }
    }
    if let Mtime::At(seconds, nanos) = attributes.mtime {
        let (atime, mtime) = (TimeSpec::UTIME_OMIT, TimeSpec::new(seconds, nanos));
        utimensat(folder, name, &atime, &mtime, UtimensatFlags::NoFollowSymlink)?;
    }
    Ok(())
}

/// Access lists and attributes of the user; labels and capabilities stay as the kernel set them.
fn is_ours_to_remove(name: &[u8]) -> bool {
    is_carried(name) && !name.starts_with(b"security.")
}

/// Whether an attribute belongs to the file rather than to its inode or its bytes.
fn is_carried(name: &[u8]) -> bool {
    let left_out: [&[u8]; 4] = [b"trusted.overlay.", b"user.overlay.", b"security.ima", b"security.evm"];
    !left_out.iter().any(|prefix| name.starts_with(prefix))
}

fn collect_xattrs(
    names: Vec<std::ffi::OsString>,
    get: impl Fn(&OsStr) -> io::Result<Option<Vec<u8>>>,
) -> io::Result<Xattrs> {
    let mut xattrs = BTreeMap::new();
    for name in names.into_iter().filter(|name| is_carried(name.as_bytes())) {
        if let Some(value) = get(&name)? {
            xattrs.insert(name.as_bytes().to_vec(), value);
        }
    }
    Ok(Xattrs(xattrs))
}

fn unless_unsupported(names: io::Result<Vec<std::ffi::OsString>>) -> io::Result<Vec<std::ffi::OsString>> {
    match names {
        Err(error) if error.kind() == io::ErrorKind::Unsupported => Ok(Vec::new()),
        other => other,
    }
}
