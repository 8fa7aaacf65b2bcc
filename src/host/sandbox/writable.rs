//! Owns making a folder of the private root writable. Invariant: works inside
//! the private root, on private mounts only, and keeps what is mounted below a
//! folder in its place. Must not touch file contents.

use super::copy;
use super::mounts;
use super::staging::Staging;
use anyhow::{Context, Result, bail};
use nix::sys::statvfs::{FsFlags, statvfs};
use nix::unistd::{AccessFlags, access};
use std::fs;
use std::io::ErrorKind;
use std::os::fd::OwnedFd;
use std::path::{Component, Path, PathBuf};

/// As many links as Linux itself follows in one path.
const LINKS: usize = 40;

/// Views of the kernel; nothing in them is laid, shadowed or made writable.
const KERNEL: [&str; 3] = ["/dev", "/proc", "/sys"];

/// Makes sure that entries of `folder` can be created and removed; missing
/// folders are made. In the layout `Overlay` there is nothing to do; in `Bind`
/// the folder gets an overlay of its own, or a copy where that is refused.
pub(super) fn folder(staging: &Staging, folder: &Path) -> Result<PathBuf> {
    let (existing, missing) = deepest(folder)?;
    if !can_write(&existing) {
        privatise(staging, &existing).with_context(|| format!("making `{}` private", existing.display()))?;
    }
    let whole = existing.join(missing);
    fs::create_dir_all(&whole).with_context(|| format!("creating `{}`", whole.display()))?;
    Ok(whole)
}

/// Where a path leads: through every link, also when nothing is at its end.
pub(super) fn resolve(path: &Path) -> Result<PathBuf> {
    let mut path = path.to_path_buf();
    for _ in 0..LINKS {
        match fs::canonicalize(&path) {
            Ok(real) => return Ok(real),
            Err(cause) if cause.kind() != ErrorKind::NotFound => {
                return Err(cause).with_context(|| format!("resolving `{}`", path.display()));
            }
            Err(_) => {}
        }
        let Some((parent, name)) = path.parent().zip(path.file_name()) else {
            bail!("resolving `{}`: it names no file", path.display());
        };
        let Ok(link) = fs::read_link(&path) else {
            return Ok(fs::canonicalize(parent).map_or_else(|_| path.clone(), |real| real.join(name)));
        };
        path = parent.join(link);
    }
    bail!("resolving `{}`: too many links", path.display())
}

/// Whether a path is a view of the kernel (`/dev/stderr`, `/dev/null`, …).
pub(super) fn is_kernels(path: &Path) -> bool {
    KERNEL.iter().any(|view| path.starts_with(view))
}

/// The deepest existing folder of a path, resolved, and what is missing below.
fn deepest(path: &Path) -> Result<(PathBuf, PathBuf)> {
    if path.components().any(|part| part == Component::ParentDir) && !path.exists() {
        bail!("creating `{}`: a path to be made may not climb", path.display());
    }
    for ancestor in path.ancestors() {
        match fs::canonicalize(ancestor) {
            Ok(real) => {
                let missing = path.strip_prefix(ancestor).unwrap_or(Path::new(""));
                return Ok((real, missing.to_path_buf()));
            }
            Err(cause) if cause.kind() == ErrorKind::NotFound => {}
            Err(cause) => return Err(cause).with_context(|| format!("resolving `{}`", ancestor.display())),
        }
    }
    bail!("creating `{}`: it is not absolute", path.display())
}

/// `access` knows of read-only mounts, and of owners that a user namespace
/// does not have: there uid 0 of the host's files is nobody.
fn can_write(folder: &Path) -> bool {
    let read_only = statvfs(folder).is_ok_and(|found| found.flags().contains(FsFlags::ST_RDONLY));
    !read_only && access(folder, AccessFlags::W_OK | AccessFlags::X_OK).is_ok()
}

fn privatise(staging: &Staging, folder: &Path) -> Result<()> {
    let below = submounts(folder)?;
    let lower = mounts::name(folder)?;
    if staging.overlay(&lower, folder).is_err() {
        let source = mounts::path_of(&lower);
        let private = staging.folder_like(&fs::metadata(&source)?)?;
        let rest = copy::folder(staging, &source, &private)?;
        mounts::bind(&private, folder)?;
        rest.show(folder)?;
    }
    for (path, source) in below {
        // A mount point that the copy lacks (it was hidden itself) is no loss.
        if path.exists() {
            mounts::bind_all(&mounts::path_of(&source), &path)?;
        }
    }
    Ok(())
}

/// The topmost mounts below a folder; those below them come along by themselves.
fn submounts(folder: &Path) -> Result<Vec<(PathBuf, OwnedFd)>> {
    let mut top: Vec<(PathBuf, OwnedFd)> = Vec::new();
    for one in mounts::below(folder)? {
        if top.last().is_some_and(|(path, _)| one.path.starts_with(path)) {
            continue;
        }
        // A mount that a later one has hidden cannot be opened, nor missed.
        if let Ok(source) = mounts::name(&one.path) {
            top.push((one.path, source));
        }
    }
    Ok(top)
}
