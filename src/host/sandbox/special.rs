//! Owns `/proc`, `/dev`, `/sys` and `/run` of a sandbox. Invariant: no setting
//! of the running kernel can be changed from inside and no live socket lies in
//! `/run`. Must run before the host's own root is detached.

use super::copy;
use super::mounts;
use super::spec::Identity;
use super::staging::Staging;
use anyhow::{Context, Result};
use nix::mount::MsFlags;
use std::fs::{self, DirBuilder};
use std::os::unix::fs::{DirBuilderExt, PermissionsExt, symlink};
use std::path::Path;

/// Harmless devices; everything else in the host's `/dev` stays outside.
const DEVICES: [&str; 6] = ["null", "zero", "full", "random", "urandom", "tty"];

/// Settings of the kernel: uid 0 may write most of them without any capability
/// (`/proc/sys/kernel/core_pattern` names a program that the host's root runs).
const KERNEL: [&str; 12] =
    ["acpi", "asound", "bus", "driver", "fs", "irq", "kcore", "keys", "mtrr", "scsi", "sys", "sysrq-trigger"];

/// Mounts all four below `root`. Returns notes for the reader.
pub(super) fn set_up(staging: &Staging, root: &Path) -> Result<Vec<String>> {
    let mut notes = Vec::new();
    proc(&root.join("proc")).context("making `/proc`")?;
    dev(staging, &root.join("dev")).context("making `/dev`")?;
    if let Err(cause) = sys(staging, &root.join("sys")) {
        notes.push(format!("`/sys` is left out: {cause:#}"));
    }
    run(staging, &root.join("run")).context("making `/run`")?;
    Ok(notes)
}

/// Makes what steers the kernel read-only; after the network is configured.
pub(super) fn lock_kernel_settings() -> Result<()> {
    for name in KERNEL {
        let path = Path::new("/proc").join(name);
        if fs::symlink_metadata(&path).is_ok() {
            mounts::bind_read_only(&path, &path)?;
        }
    }
    Ok(())
}

/// For a further pid namespace inside: its own `/proc`, as locked as the first.
pub fn fresh_proc() -> Result<()> {
    proc(Path::new("/proc"))?;
    lock_kernel_settings()
}

/// The new pid namespace's own; in a container whose `/proc` is partly covered
/// an ordinary user only gets the covered one, read-only.
fn proc(target: &Path) -> Result<()> {
    let flags = MsFlags::MS_NOSUID | MsFlags::MS_NODEV | MsFlags::MS_NOEXEC;
    mounts::new("proc", target, flags, "")
        .or_else(|cause| mounts::bind_all(Path::new("/proc"), target).context(cause))
}

fn dev(staging: &Staging, target: &Path) -> Result<()> {
    mounts::bind(&staging.folder()?, target)?;
    for name in DEVICES {
        let device = Path::new("/dev").join(name);
        if device.exists() {
            let inside = target.join(name);
            fs::write(&inside, b"").with_context(|| format!("creating `{}`", inside.display()))?;
            // Bound, not made: mknod needs a capability that containers lack.
            mounts::bind(&device, &inside)?;
        }
    }
    for (name, to) in [("fd", ""), ("stdin", "/0"), ("stdout", "/1"), ("stderr", "/2")] {
        symlink(format!("/proc/self/fd{to}"), target.join(name))
            .with_context(|| format!("linking `{name}`"))?;
    }
    let shared = target.join("shm");
    fs::create_dir(&shared).context("creating `shm`")?;
    fs::set_permissions(&shared, fs::Permissions::from_mode(0o1777)).context("opening `shm` to all")
}

/// Read by the C library for the number of processors; nothing in it is ours.
fn sys(staging: &Staging, target: &Path) -> Result<()> {
    if !Path::new("/sys").is_dir() || !target.is_dir() {
        return Ok(());
    }
    // In a user namespace the mounts below are locked to it, and come along.
    if staging.identity() == Identity::UserNamespace {
        mounts::bind_all(Path::new("/sys"), target)?;
        mounts::read_only_below(target)?;
        return mounts::read_only(target);
    }
    mounts::bind_read_only(Path::new("/sys"), target)
}

/// A copy of the regular files and links: systemd-resolved's `resolv.conf` and
/// nginx's pid file are there; sockets are not, and nothing is the live thing.
fn run(staging: &Staging, target: &Path) -> Result<()> {
    let source = Path::new("/run");
    if !fs::symlink_metadata(source).is_ok_and(|found| found.is_dir()) {
        return Ok(());
    }
    let folder = staging.folder_like(&fs::metadata(source)?)?;
    copy::readable_files(staging, source, &folder)?;
    if !target.is_dir() {
        DirBuilder::new().mode(0o755).create(target).context("creating `/run`")?;
    }
    mounts::bind(&folder, target)?;
    staging.shown(&folder, target);
    Ok(())
}
