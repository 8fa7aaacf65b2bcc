//! Owns copying of folders into the throw-away file system. Invariant: bounded
//! in entries and bytes whatever the folder holds, and no loop or recursion
//! that it could drive. Must not follow a link or open anything but a regular
//! file (a FIFO would block, a device act).

use super::mounts;
use super::staging::Staging;
use anyhow::{Context, Result, bail};
use nix::sys::stat::{UtimensatFlags, utimensat};
use nix::sys::time::TimeSpec;
use std::fs::{self, File, Metadata, OpenOptions};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, lchown, symlink};
use std::path::{Path, PathBuf};

/// Above this size a file is shown read-only instead of copied.
pub(super) const LARGE: u64 = 256 << 10;
/// A folder with more entries is not the kind that is copied.
const ENTRIES: usize = 20_000;
/// `/run` holds state of all kinds; this much of it is enough.
const RUN_BYTES: u64 = 32 << 20;

/// A folder whose copy must be completed when it is in its place.
#[derive(Debug, Default)]
pub(super) struct Remainder(Vec<(PathBuf, PathBuf)>);

impl Remainder {
    /// Shows the files that were not copied, read-only, below `target`.
    pub(super) fn show(self, target: &Path) -> Result<()> {
        self.0
            .into_iter()
            .try_for_each(|(source, inside)| mounts::bind_read_only(&source, &target.join(inside)))
    }
}

/// Copies a folder's content. Large and unreadable files become empty
/// placeholders, to be shown from where they are ([`Remainder::show`]).
pub(super) fn folder(staging: &Staging, from: &Path, to: &Path) -> Result<Remainder> {
    let mut rest = Remainder::default();
    walk(
        from,
        to,
        |source, target, found| {
            if found.len() <= LARGE && regular(staging, source, target, found).is_ok() {
                return Ok(());
            }
            fs::write(target, b"").with_context(|| format!("writing `{}`", target.display()))?;
            let inside = target.strip_prefix(to).context("copying a folder")?.to_path_buf();
            rest.0.push((source.to_path_buf(), inside));
            Ok(())
        },
        staging,
    )?;
    Ok(rest)
}

/// Copies what is small and readable, and passes over the rest.
pub(super) fn readable_files(staging: &Staging, from: &Path, to: &Path) -> Result<()> {
    let mut left = RUN_BYTES;
    walk(
        from,
        to,
        |source, target, found| {
            if found.len() <= LARGE.min(left) && regular(staging, source, target, found).is_ok() {
                left -= found.len();
            }
            Ok(())
        },
        staging,
    )
}

/// Copies one regular file with owner, mode and time of change.
pub(super) fn regular(staging: &Staging, from: &Path, to: &Path, found: &Metadata) -> Result<()> {
    // Not blocking: the file may have become a FIFO since it was looked at.
    let mut source = OpenOptions::new()
        .read(true)
        .custom_flags(nix::libc::O_NOFOLLOW | nix::libc::O_NONBLOCK)
        .open(from)
        .with_context(|| format!("opening `{}`", from.display()))?;
    let mut target = File::create(to).with_context(|| format!("creating `{}`", to.display()))?;
    std::io::copy(&mut source, &mut target)
        .with_context(|| format!("copying `{}` to `{}`", from.display(), to.display()))?;
    staging.dress(to, found)?;
    keep_times(to, found)
}

/// Copies a link with its owner.
pub(super) fn link(staging: &Staging, from: &Path, to: &Path, found: &Metadata) -> Result<()> {
    let text = fs::read_link(from).with_context(|| format!("reading the link `{}`", from.display()))?;
    symlink(text, to).with_context(|| format!("linking `{}`", to.display()))?;
    if staging.identity() == super::spec::Identity::Root {
        lchown(to, Some(found.uid()), Some(found.gid()))
            .with_context(|| format!("setting the owner of `{}`", to.display()))?;
    }
    Ok(())
}

/// Folders, links and regular files below `from`, on its file system only.
fn walk(
    from: &Path,
    to: &Path,
    mut file: impl FnMut(&Path, &Path, &Metadata) -> Result<()>,
    staging: &Staging,
) -> Result<()> {
    let device = fs::metadata(from).with_context(|| format!("reading `{}`", from.display()))?.dev();
    let mut entries = 0;
    let mut folders = vec![(from.to_path_buf(), to.to_path_buf())];
    while let Some((source, target)) = folders.pop() {
        // What the caller may not list, nginx run by the caller may not either.
        let Ok(list) = fs::read_dir(&source) else { continue };
        for entry in list.flatten() {
            entries += 1;
            if entries > ENTRIES {
                bail!("copying `{}`: it has more than {ENTRIES} entries", from.display());
            }
            let (source, target) = (entry.path(), target.join(entry.file_name()));
            let Ok(found) = entry.metadata() else { continue };
            if found.is_dir() {
                fs::create_dir(&target).with_context(|| format!("creating `{}`", target.display()))?;
                staging.dress(&target, &found)?;
                if found.dev() == device {
                    folders.push((source, target));
                }
            } else if found.is_symlink() {
                link(staging, &source, &target, &found)?;
            } else if found.is_file() {
                file(&source, &target, &found)?;
            }
        }
    }
    Ok(())
}

fn keep_times(path: &Path, found: &Metadata) -> Result<()> {
    let seconds = TimeSpec::new(found.mtime(), found.mtime_nsec());
    utimensat(nix::fcntl::AT_FDCWD, path, &seconds, &seconds, UtimensatFlags::NoFollowSymlink)
        .with_context(|| format!("setting the times of `{}`", path.display()))
}
