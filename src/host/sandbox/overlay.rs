//! Owns the layout `Overlay`: the whole server below one throw-away layer.
//! Invariant: a lower layer is only ever read. Must not be used by an ordinary
//! user: the kernel refuses an overlay over mounts it has locked.

use super::bind::LEFT_TO_SPECIAL;
use super::mounts;
use super::spec::Visibility;
use super::staging::Staging;
use crate::host::system::mounts::Mounted;
use anyhow::{Result, bail};
use std::fs;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};

/// No files of anybody: views of the kernel, or triggers.
const PSEUDO: [&str; 21] = [
    "autofs", "binfmt_misc", "bpf", "cgroup", "cgroup2", "configfs", "debugfs", "devpts", "devtmpfs",
    "efivarfs", "fusectl", "hugetlbfs", "mqueue", "nsfs", "proc", "pstore", "rpc_pipefs", "securityfs",
    "selinuxfs", "sysfs", "tracefs",
];

/// A file that a container's engine has mounted over (`/etc/resolv.conf`) is
/// copied up to this size, and only shown read-only above it.
const SMALL: u64 = 16 << 20;

/// A file system (or a single file) mounted below the root.
#[derive(Debug)]
pub(super) struct Submount {
    path: PathBuf,
    source: OwnedFd,
}

/// Opens every real file system mounted below `/`, before anything hides one.
pub(super) fn submounts() -> Result<Vec<Submount>> {
    let found = mounts::below(Path::new("/"))?;
    Ok(found.into_iter().filter(is_real).filter_map(open).collect())
}

fn is_real(one: &Mounted) -> bool {
    !PSEUDO.contains(&one.fs_type.as_str())
        && !LEFT_TO_SPECIAL.iter().any(|special| one.path.starts_with(special))
}

/// `None` for a mount that another one has hidden, or that vanished.
fn open(one: Mounted) -> Option<Submount> {
    let source = mounts::name(&one.path).ok()?;
    may_be(mounts::mount_id(&source), &one).then_some(Submount { path: one.path, source })
}

/// Where the kernel does not tell (before 3.15), what is opened counts: of a hidden mount that is the one on top,
/// which is then laid there twice.
fn may_be(opened: Option<u64>, listed: &Mounted) -> bool {
    opened.is_none_or(|id| id == listed.id)
}

/// Mounts the private copy of `/` on `target`. Returns notes for the reader.
///
/// A separate `/var`, `/home`, `/opt` is not part of an overlay over `/` and
/// gets its own; where that is refused (the file system is itself a stack of
/// two overlays, or has no such support) it is shown read-only.
pub(super) fn root(
    staging: &Staging,
    root: &OwnedFd,
    submounts: &[Submount],
    target: &Path,
    layers: Visibility,
) -> Result<Vec<String>> {
    staging.overlay(root, target)?;
    let mut notes = Vec::new();
    for one in submounts {
        let Ok(inside) = one.path.strip_prefix("/") else { continue };
        if let Err(cause) = submount(staging, one, &target.join(inside), layers) {
            notes.push(format!("`{}` is left out: {cause:#}", one.path.display()));
        }
    }
    Ok(notes)
}

fn submount(staging: &Staging, one: &Submount, target: &Path, layers: Visibility) -> Result<()> {
    let source = mounts::path_of(&one.source);
    let found = fs::metadata(&source)?;
    if found.is_dir() {
        return staging.overlay(&one.source, target).or_else(|cause| match layers {
            Visibility::Hidden => mounts::bind_read_only(&source, target),
            // Below a plain mount a socket of the server would be the server's.
            Visibility::Shown => mounts::bind(&staging.folder_like(&found)?, target).and(Err(cause)),
        });
    }
    if found.is_file() && found.len() <= SMALL {
        let copy = staging.file(&fs::read(&source)?)?;
        staging.dress(&copy, &found)?;
        mounts::bind(&copy, target)?;
        staging.shown(&copy, target);
        return Ok(());
    }
    if found.is_file() || layers == Visibility::Hidden {
        return mounts::bind_read_only(&source, target);
    }
    bail!("it is neither a folder nor a file")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mount_counts_unless_the_kernel_says_that_it_is_another() {
        let listed = Mounted {
            id: 7,
            path: "/var".into(),
            fs_type: "ext4".to_owned(),
            source: String::new(),
            options: String::new(),
        };
        assert!(may_be(Some(7), &listed));
        assert!(!may_be(Some(8), &listed));
        assert!(may_be(None, &listed));
    }
}
