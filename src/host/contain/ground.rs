//! Owns what is put into the private root for the program: stand-ins in the place of commands, terminals of its own,
//! files to hand out. Invariant: mounts of the private root only; nothing of it is seen as a change of the program's.

use super::desk::Desk;
use super::{GROUND, Order, TREE};
use crate::host::trust::SEARCH_PATH;
use anyhow::{Context, Result, bail};
use nix::mount::{MsFlags, mount};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::{Path, PathBuf};

const NOTHING: Option<&str> = None;

/// Programs that are many commands in one file: a mount over it would replace them all.
const MANY_IN_ONE: [&str; 4] = ["busybox", "coreutils", "toybox", "uutils"];
/// Where a command is put that this machine does not have.
const ADDED: &str = "/usr/local/bin";

/// Sets up the private root. Returns the desk, and notes for the reader.
pub(super) fn set_up(order: &Order) -> Result<(Desk, Vec<String>)> {
    let mut notes = Vec::new();
    let ground = Path::new(GROUND);
    fs::create_dir_all(ground).with_context(|| format!("creating `{GROUND}`"))?;
    let flags = MsFlags::MS_NOSUID | MsFlags::MS_NODEV;
    mount(Some("tmpfs"), ground, Some("tmpfs"), flags, Some("size=512m,mode=0755"))
        .with_context(|| format!("mounting on `{GROUND}`"))?;
    let desk = Desk::open().context("opening the desk")?;
    if let Some(files) = &order.files {
        let target = ground.join("files");
        fs::create_dir(&target).context("creating a folder for files")?;
        if !files.is_dir() {
            bail!("`{}` is not to be seen in the private copy: put it somewhere else", files.display());
        }
        bind(files, &target)?;
        read_only(&target)?;
    }
    if !order.always.is_empty() {
        fs::write(ground.join(TREE), b"").context("marking a tree")?;
    }
    let program = ourselves(ground)?;
    stand_ins(order, ground, &program)?;
    // What lies on the ground cannot be removed or replaced from inside. Sockets can be written to all the same.
    read_only(ground)?;
    if let Err(cause) = terminals() {
        notes.push(format!("there are no terminals inside: {cause:#}"));
    }
    Ok((desk, notes))
}

/// This very program, by a path inside: its own where the private root shows it, else a copy.
fn ourselves(ground: &Path) -> Result<PathBuf> {
    let running = Path::new("/proc/self/exe");
    let found = fs::metadata(running).context("looking at this program")?;
    let named = fs::read_link(running).context("looking for this program")?;
    let same = |there: &fs::Metadata| {
        there.is_file() && there.len() == found.len() && there.mtime() == found.mtime()
    };
    let target = ground.join("motionctl");
    if fs::symlink_metadata(&named).is_ok_and(|there| same(&there)) {
        fs::write(&target, b"").context("creating a mount point")?;
        bind(&named, &target)?;
    } else {
        fs::copy(running, &target).context("copying this program")?;
        fs::set_permissions(&target, fs::Permissions::from_mode(0o755)).context("making it executable")?;
    }
    read_only(&target)?;
    Ok(target)
}

/// Puts this program in the place of each command, wherever PATH has it, and keeps the real one in reach.
fn stand_ins(order: &Order, ground: &Path, program: &Path) -> Result<()> {
    let real = ground.join("real");
    fs::create_dir(&real).context("creating a folder for programs")?;
    let mut covered: BTreeSet<PathBuf> = BTreeSet::new();
    let mut places: BTreeMap<&String, BTreeSet<PathBuf>> = BTreeMap::new();
    for name in &order.stand_ins {
        let folders = SEARCH_PATH.split(':').map(|folder| Path::new(folder).join(name));
        let there: BTreeSet<PathBuf> = folders.filter(|path| path.is_file()).collect();
        if let Some(first) = there.first() {
            let kept = real.join(name);
            fs::write(&kept, b"").context("creating a mount point")?;
            bind(&fs::canonicalize(first)?, &kept)?;
        }
        places.insert(name, there);
    }
    // Only now is anything covered: two names may be one file.
    for (name, there) in places {
        if there.is_empty() && order.always.contains(name) {
            cover(program, &added(name)?, &mut covered)?;
        }
        for path in there {
            cover(program, &path, &mut covered)?;
        }
    }
    Ok(())
}

fn cover(program: &Path, path: &Path, covered: &mut BTreeSet<PathBuf>) -> Result<()> {
    let mut target = fs::canonicalize(path).with_context(|| format!("resolving `{}`", path.display()))?;
    if target.file_name().is_some_and(|name| MANY_IN_ONE.iter().any(|many| name == *many)) {
        fs::remove_file(path).and_then(|()| fs::write(path, b"")).context("replacing a link")?;
        target = path.to_owned();
    }
    if covered.insert(target.clone()) {
        bind(program, &target)?;
        read_only(&target)?;
    }
    Ok(())
}

fn added(name: &str) -> Result<PathBuf> {
    let path = Path::new(ADDED).join(name);
    fs::create_dir_all(ADDED).and_then(|()| fs::write(&path, b"")).context("adding a command")?;
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).context("adding a command")?;
    Ok(path)
}

fn bind(source: &Path, target: &Path) -> Result<()> {
    mount(Some(source), target, NOTHING, MsFlags::MS_BIND, NOTHING)
        .with_context(|| format!("binding `{}` on `{}`", source.display(), target.display()))
}

fn read_only(target: &Path) -> Result<()> {
    let flags = MsFlags::MS_REMOUNT | MsFlags::MS_BIND | MsFlags::MS_RDONLY;
    let flags = flags | MsFlags::MS_NOSUID | MsFlags::MS_NODEV;
    mount(NOTHING, target, NOTHING, flags, NOTHING)
        .with_context(|| format!("making `{}` read-only", target.display()))
}

/// Terminals of the program's own, for programs that want one.
fn terminals() -> Result<()> {
    let folder = Path::new("/dev/pts");
    fs::create_dir_all(folder)?;
    let options = Some("newinstance,ptmxmode=0666,mode=620");
    let flags = MsFlags::MS_NOSUID | MsFlags::MS_NOEXEC;
    mount(Some("devpts"), folder, Some("devpts"), flags, options).context("mounting terminals")?;
    symlink("pts/ptmx", "/dev/ptmx").context("linking the terminals")
}
