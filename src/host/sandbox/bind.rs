//! Owns the layout `Bind`: the server read-only, for ordinary users and where
//! the kernel refuses an overlay over `/` (containers, nested sandboxes).
//! Invariant: no live mount is writable inside. Folders that must change get
//! private copies later (`writable`).

use super::mounts;
use super::staging::Staging;
use anyhow::{Context, Result};
use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

/// Folders of the root that are not the host's inside; `special` makes them.
pub(super) const LEFT_TO_SPECIAL: [&str; 4] = ["/dev", "/proc", "/run", "/sys"];

/// Builds the root on `target`, a folder of the throw-away file system: so the
/// root itself can be written (a `--root` tree may bring new folders), and each
/// folder of the host is bound below it, together with its mounts.
pub(super) fn root(staging: &Staging, target: &Path) -> Result<Vec<String>> {
    let folder = staging.folder_like(&fs::metadata("/").context("reading `/`")?)?;
    // pivot_root wants a mount, and a folder becomes one by a bind.
    mounts::bind(&folder, target)?;
    let mut notes = Vec::new();
    for entry in fs::read_dir("/").context("reading `/`")? {
        let source = entry.context("reading `/`")?.path();
        if let Err(cause) = show(&source, target) {
            notes.push(format!("`{}` is left out: {cause:#}", source.display()));
        }
    }
    mounts::read_only_below(target)?;
    Ok(notes)
}

fn show(source: &Path, root: &Path) -> Result<()> {
    let target = root.join(source.strip_prefix("/").context("listing `/`")?);
    let found = fs::symlink_metadata(source)?;
    if found.is_symlink() {
        return symlink(fs::read_link(source)?, &target).context("copying a link");
    }
    if found.is_dir() {
        fs::create_dir(&target).context("creating a mount point")?;
        if LEFT_TO_SPECIAL.iter().any(|special| Path::new(special) == source) {
            return Ok(());
        }
        return mounts::bind_all(source, &target);
    }
    if found.is_file() {
        fs::write(&target, b"").context("creating a mount point")?;
        return mounts::bind(source, &target);
    }
    Ok(())
}
