//! Files that the operator names on the command line: host paths, as given.
//!
//! Invariant: a file is written whole or not at all, readable by its owner only unless it is for others, and in the place of nothing but a plain
//! file that was not read for it.

use super::interrupt::while_waiting;
use crate::host::MOST_BYTES;
use crate::host::files::{Destination, Misplaced};
use crate::outcome::{Failure, FailureKind};
use crate::plan::{Input, Plan};
use std::fs::{Metadata, Permissions};
use std::io::{Read, Write};
use std::os::fd::AsFd;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::Path;

/// No bundle's file and no saved plan is larger.
const LARGEST: u64 = 8 << 20;
/// A million memberships, each on a long line of its own, fit.
const LARGEST_MANIFEST: u64 = 128 << 20;
/// A spreadsheet as large as they get has a million rows.
const LARGEST_TABLE: u64 = 64 << 20;
/// A hundred tables of 100,000 rows with 20 columns each are about this.
const LARGEST_LOOK: u64 = 1 << 30;

/// Reads a configuration file that the operator named.
pub fn read_input(path: &Path) -> Result<Input, Failure> {
    let name = path.display().to_string();
    match read_bounded(path, LARGEST) {
        Ok(bytes) => Ok(Input { name, bytes }),
        Err(error) if error.kind() == std::io::ErrorKind::IsADirectory => {
            Err(Failure::new(FailureKind::Invalid, format!("{name} is a folder, not an NGINX file"))
                .with_hint("name the file in it that holds Motion's server blocks"))
        }
        Err(error) => Err(Failure::new(FailureKind::Unavailable, format!("reading {name}: {error}"))),
    }
}

/// Reads a file that may be a configuration: no more than one can have.
pub fn read_config(path: &Path) -> std::io::Result<Vec<u8>> {
    read_bounded(path, MOST_BYTES)
}

/// Reads a saved plan.
pub fn read_plan(path: &Path) -> Result<Plan, Failure> {
    let bytes = read_bounded(path, LARGEST).map_err(|error| {
        Failure::new(FailureKind::Unavailable, format!("reading the plan {}: {error}", path.display()))
    })?;
    Plan::from_json(&bytes).map_err(|error| {
        Failure::new(FailureKind::Invalid, format!("reading the plan {}: {error}", path.display()))
    })
}

/// Reads a script; `-` is standard input.
pub fn read_script(path: &Path) -> Result<Vec<u8>, Failure> {
    let read = if path == Path::new("-") { read_stdin(LARGEST) } else { read_bounded(path, LARGEST) };
    read.map_err(|error| match error.kind() {
        std::io::ErrorKind::IsADirectory => {
            Failure::new(FailureKind::Invalid, format!("{} is a folder, not a script", path.display()))
        }
        _ => Failure::new(FailureKind::Unavailable, format!("reading {}: {error}", path.display())),
    })
}

/// Reads a manifest, or `what` else is written like one, and says what messages call it; `-` is standard input.
pub fn read_manifest(path: &Path, what: &str) -> Result<(String, Vec<u8>), Failure> {
    read_named(path, what, LARGEST_MANIFEST)
}

/// Reads a table of agents and says what messages call it; `-` is standard input.
pub fn read_table(path: &Path) -> Result<(String, Vec<u8>), Failure> {
    read_named(path, "table", LARGEST_TABLE)
}

fn read_named(path: &Path, what: &str, largest: u64) -> Result<(String, Vec<u8>), Failure> {
    let (name, read) = if path == Path::new("-") {
        ("<stdin>".to_owned(), read_stdin(largest))
    } else {
        (path.display().to_string(), read_bounded(path, largest))
    };
    match read {
        Ok(bytes) => Ok((name, bytes)),
        Err(error) => {
            Err(Failure::new(FailureKind::Unavailable, format!("reading the {what} {name}: {error}")))
        }
    }
}

/// Reads another file that was named: settings, a schema map.
pub fn read_operand(path: &Path) -> std::io::Result<Vec<u8>> {
    read_bounded(path, LARGEST)
}

/// Reads what `seed schema learn --begin` has written.
pub fn read_look(path: &Path) -> std::io::Result<Vec<u8>> {
    read_bounded(path, LARGEST_LOOK)
}

/// Writes a file that the operator asked for: whole or not at all, and readable by its owner only. Refused where it is
/// one of the files that were `read` for it.
pub fn write_out(path: &Path, bytes: &[u8], standing: IfExists, read: &[&Path]) -> Result<(), Failure> {
    let there = std::fs::symlink_metadata(path).ok();
    let same = |input: &&Path| match (&there, identity(input)) {
        (Some(there), Ok(input)) => (there.dev(), there.ino()) == (input.dev(), input.ino()),
        _ => false,
    };
    if read.iter().any(same) {
        let message = format!("writing {}: this is the file that was read", path.display());
        return Err(Failure::new(FailureKind::Refused, message).with_hint("--out names another file"));
    }
    write_whole(path, bytes, standing, PRIVATE)
}

/// Writes a file that other programs read: whole or not at all, and readable by everybody.
pub fn write_public(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    write_whole(path, bytes, IfExists::Replace, PUBLIC)
}

const PRIVATE: u32 = 0o600;
const PUBLIC: u32 = 0o644;

/// Which file a path of the command line is; `-` is standard input.
fn identity(path: &Path) -> std::io::Result<Metadata> {
    if path == Path::new("-") {
        let input = std::io::stdin().as_fd().try_clone_to_owned()?;
        return std::fs::File::from(input).metadata();
    }
    std::fs::metadata(path)
}

/// What to do with a file that stands where one is to be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IfExists {
    /// Leave it, and refuse.
    Keep,
    /// Replace it, if it is a plain file: a link, a device or a pipe stands there for somebody else.
    Replace,
}

fn write_whole(path: &Path, bytes: &[u8], standing: IfExists, mode: u32) -> Result<(), Failure> {
    let failed = |error: &dyn std::fmt::Display| {
        Failure::new(FailureKind::Failed, format!("writing {}: {error}", path.display()))
    };
    let place = Destination::find(path).map_err(|misplaced| match misplaced {
        Misplaced::Io(error) => failed(&error),
        Misplaced::Planted(obstacle) => {
            Failure::new(FailureKind::Refused, format!("writing {}: {obstacle}", path.display()))
                .with_hint("name the folder by a way without that link")
        }
    })?;
    let (folder, target) = (place.folder(), place.file());
    if standing == IfExists::Replace
        && let Some(what) =
            std::fs::symlink_metadata(&target).ok().and_then(|there| other_than_a_file(&there))
    {
        let message =
            format!("writing {}: {what} stands there, and only a plain file is replaced", path.display());
        return Err(Failure::new(FailureKind::Refused, message).with_hint("name another file"));
    }
    let mut file =
        tempfile::Builder::new().prefix(".motionctl-").tempfile_in(&folder).map_err(|e| failed(&e))?;
    file.write_all(bytes).map_err(|error| failed(&error))?;
    // The user's mask has no say in who may read it.
    file.as_file().set_permissions(Permissions::from_mode(mode)).map_err(|error| failed(&error))?;
    file.as_file().sync_all().map_err(|error| failed(&error))?;
    let placed = match standing {
        IfExists::Keep => file.persist_noclobber(&target),
        IfExists::Replace => file.persist(&target),
    };
    match placed {
        Ok(_) => {
            std::fs::File::open(&folder).and_then(|folder| folder.sync_all()).map_err(|error| failed(&error))
        }
        Err(refused) if refused.error.kind() == std::io::ErrorKind::AlreadyExists => Err(Failure::new(
            FailureKind::Refused,
            format!("writing {}: there is a file already", path.display()),
        )
        .with_hint("--out names another file, --force replaces this one")),
        Err(refused) => Err(failed(&refused.error)),
    }
}

/// What it is instead.
fn other_than_a_file(there: &Metadata) -> Option<&'static str> {
    let kind = there.file_type();
    match () {
        () if kind.is_file() => None,
        () if kind.is_symlink() => Some("a link"),
        () if kind.is_dir() => Some("a folder"),
        () => Some("a device, a pipe or a socket"),
    }
}

/// Whoever fills a pipe may take his time: nothing was begun before its end, so Ctrl-C ends any command here.
fn read_bounded(path: &Path, largest: u64) -> std::io::Result<Vec<u8>> {
    while_waiting(|| bounded(std::fs::File::open(path)?, largest))
}

fn read_stdin(largest: u64) -> std::io::Result<Vec<u8>> {
    while_waiting(|| bounded(std::io::stdin().lock(), largest))
}

/// Reads a regular file of a usual size; nothing where something else stands there, which is not waited for.
pub fn read_plain(path: &Path) -> std::io::Result<Option<Vec<u8>>> {
    while_waiting(|| {
        let file = std::fs::OpenOptions::new().read(true).custom_flags(nix::libc::O_NONBLOCK).open(path)?;
        if file.metadata()?.is_file() { bounded(file, LARGEST).map(Some) } else { Ok(None) }
    })
}

fn bounded(input: impl Read, largest: u64) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    input.take(largest + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > largest {
        return Err(std::io::Error::other(format!("larger than {} MiB", largest >> 20)));
    }
    Ok(bytes)
}
