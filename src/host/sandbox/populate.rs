//! Owns what differs from the server: shadows, removals, staged links and files, users.
//! Invariant: works inside the private root by ordinary paths, so a link leads
//! where it leads inside; an existing file is replaced, never opened for
//! writing (that would copy a log of gigabytes first).

use super::put::{create, is_busy, remove, stage};
use super::spec::{Capabilities, Identity, Shadow, ShadowKind, Spec, StagedLink};
use super::staging::Staging;
use super::{mounts, users, writable};
use anyhow::{Context, Result, bail};
use nix::unistd::{Gid, Uid};
use std::fs;
use std::fs::Metadata;
use std::io::ErrorKind;
use std::os::unix::fs::{FileTypeExt, MetadataExt, symlink};
use std::path::Path;

/// Lays everything of a spec that is not the tree.
pub(super) fn populate(staging: &Staging, spec: &Spec) -> Result<()> {
    // First: a path is only shadowed where the folder that it lies in is there. What cannot be made, such as one
    // behind a link that leads nowhere, stays missing, and NGINX says so where it matters.
    for path in spec.folders.iter().filter(|path| !path.exists() && !writable::is_kernels(path)) {
        let _missing = writable::folder(staging, path);
    }
    let mut shadows: Vec<&Shadow> = spec.shadows.iter().collect();
    shadows.sort();
    for one in shadows {
        shadow(staging, one, spec.capabilities)
            .with_context(|| format!("shadowing `{}`", one.path.display()))?;
    }
    for path in &spec.removed {
        remove(staging, path).with_context(|| format!("leaving out `{}`", path.display()))?;
    }
    for one in &spec.links {
        link(staging, one).with_context(|| format!("linking `{}`", one.path.display()))?;
    }
    users::add_missing(staging, &spec.users)?;
    spec.files.iter().try_for_each(|file| stage(staging, file))
}

fn link(staging: &Staging, link: &StagedLink) -> Result<()> {
    remove(staging, &link.path)?;
    let Some((parent, name)) = link.path.parent().zip(link.path.file_name()) else {
        bail!("it names no link")
    };
    symlink(&link.target, writable::folder(staging, parent)?.join(name)).context("creating it")
}

fn shadow(staging: &Staging, shadow: &Shadow, capabilities: Capabilities) -> Result<()> {
    let path = writable::resolve(&shadow.path)?;
    if writable::is_kernels(&shadow.path) || writable::is_kernels(&path) {
        return Ok(());
    }
    let (Some(parent), found) = (path.parent(), fs::symlink_metadata(&path)) else { return Ok(()) };
    // Without the folder nginx fails inside as it would outside.
    if !parent.is_dir() {
        return Ok(());
    }
    writable::folder(staging, parent)?;
    if capabilities == Capabilities::None {
        take(staging, parent)?;
    }
    match (found, shadow.kind) {
        (Ok(found), ShadowKind::Folder) if found.is_dir() => {
            mounts::bind(&staging.folder_like(&found)?, &path)?;
        }
        (Ok(found), ShadowKind::File) if found.file_type().is_socket() => return forget(&path),
        (Ok(found), ShadowKind::File) if found.is_file() || found.file_type().is_fifo() => {
            empty_file(staging, &path, &found)?;
        }
        // Absent: made inside by whoever wants it. A device: stays a device.
        _ => return Ok(()),
    }
    if capabilities == Capabilities::None { take(staging, &path) } else { Ok(()) }
}

fn empty_file(staging: &Staging, path: &Path, found: &Metadata) -> Result<()> {
    match fs::remove_file(path) {
        Err(cause) if is_busy(&cause) => return mounts::bind(&staging.file_like(found)?, path),
        Err(cause) if cause.kind() != ErrorKind::NotFound => {
            return Err(cause).context("removing the original");
        }
        _ => drop(create(path)?),
    }
    staging.dress(path, found)
}

/// Removes a socket; the private copy of its folder may already lack it.
fn forget(path: &Path) -> Result<()> {
    match fs::remove_file(path) {
        Err(cause) if cause.kind() != ErrorKind::NotFound => Err(cause).context("removing a socket"),
        _ => Ok(()),
    }
}

/// Gives a path to the job, which has no capability to write to anybody else's.
fn take(staging: &Staging, path: &Path) -> Result<()> {
    let me = (Uid::effective().as_raw(), Gid::effective().as_raw());
    let owner = fs::metadata(path).with_context(|| format!("reading `{}`", path.display()))?.uid();
    if staging.identity() == Identity::UserNamespace || owner == me.0 {
        return Ok(());
    }
    staging.own(path, me.0, me.1)
}
