//! Puts files in their places inside the private root, and takes them away.
//!
//! Invariant: an existing file is replaced, never opened for writing (that would copy a log of gigabytes first).

use super::spec::StagedFile;
use super::staging::Staging;
use super::{mounts, writable};
use anyhow::{Context, Result, bail};
use std::fs;
use std::fs::{File, OpenOptions};
use std::io::{ErrorKind, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::Path;

/// Puts a file in its place, whatever is there.
pub(super) fn stage(staging: &Staging, file: &StagedFile) -> Result<()> {
    put(staging, file).with_context(|| format!("staging `{}`", file.path.display()))
}

/// Removes whatever is at `path`; in its own folder's private copy.
pub(super) fn remove(staging: &Staging, path: &Path) -> Result<()> {
    let Ok(found) = fs::symlink_metadata(path) else { return Ok(()) };
    let Some((parent, name)) = path.parent().zip(path.file_name()) else { bail!("it names no file") };
    let path = writable::folder(staging, parent)?.join(name);
    let gone = || if found.is_dir() { fs::remove_dir_all(&path) } else { fs::remove_file(&path) };
    match gone() {
        // A container's engine has mounted its own `hosts` there, or a tree a large file.
        Err(cause) if is_busy(&cause) => mounts::detach(&path).and_then(|()| Ok(gone()?)),
        removed => removed.map_err(Into::into),
    }
    .with_context(|| format!("removing `{}`", path.display()))
}

pub(super) fn is_busy(cause: &std::io::Error) -> bool {
    cause.kind() == ErrorKind::ResourceBusy
}

fn put(staging: &Staging, file: &StagedFile) -> Result<()> {
    if !file.path.is_absolute() || writable::is_kernels(&file.path) {
        bail!("it is not the absolute path of a file");
    }
    let path = writable::resolve(&file.path)?;
    let Some((parent, name)) = path.parent().zip(path.file_name()) else { bail!("it names no file") };
    let path = writable::folder(staging, parent)?.join(name);
    match fs::remove_file(&path) {
        // Something is mounted there: a large file of the tree, or a container's own.
        Err(cause) if is_busy(&cause) => {
            let fresh = staging.file(&file.bytes)?;
            finish(staging, &fresh, file)?;
            return mounts::bind(&fresh, &path);
        }
        Err(cause) if cause.kind() != ErrorKind::NotFound => {
            return Err(cause).with_context(|| format!("removing `{}`", path.display()));
        }
        _ => {}
    }
    let mut target = create(&path)?;
    target.write_all(&file.bytes).with_context(|| format!("writing `{}`", path.display()))?;
    finish(staging, &path, file)
}

pub(super) fn create(path: &Path) -> Result<File> {
    OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)
        .with_context(|| format!("creating `{}`", path.display()))
}

fn finish(staging: &Staging, path: &Path, file: &StagedFile) -> Result<()> {
    staging.own(path, file.uid, file.gid)?;
    fs::set_permissions(path, fs::Permissions::from_mode(file.mode & 0o7777))
        .with_context(|| format!("setting the mode of `{}`", path.display()))
}
