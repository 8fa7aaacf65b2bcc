//! An old copy of Motion's file that the operator names: a file, a folder or an archive of one.
//!
//! Invariant: read into memory and bounded; nothing is unpacked to the disk, and links in a folder or an archive are
//! not followed. Keys and certificates are not read.

use super::files::read_input;
use super::interrupt::while_waiting;
use crate::host::archive::{self, ArchiveEntry, Limits};
use crate::outcome::{Failure, FailureKind};
use crate::prepare::OldCopy;
use std::collections::BTreeMap;
use std::io::Read;
use std::path::Path;
use walkdir::WalkDir;

/// What an old configuration can be: `/etc/nginx` of a large server has some hundred files.
const LIMITS: Limits = Limits { entries: 100_000, packed: 512 << 20, unpacked: 2 << 30, kept: 16 << 20 };
/// A folder deeper than this holds no NGINX configuration that anybody wrote.
const DEEPEST: usize = 16;

/// Folders in which NGINX's files lie.
const FOLDERS: [&str; 7] =
    ["nginx", "conf", "conf.d", "sites-available", "sites-enabled", "snippets", "motion.d"];
/// What lies there besides.
const NOT_READ: [&str; 9] = ["key", "pem", "crt", "csr", "p12", "pfx", "log", "gz", "so"];

/// Reads it.
///
/// # Errors
/// When it cannot be read, is damaged or holds too much.
pub fn read_old_copy(path: &Path) -> Result<OldCopy, Failure> {
    while_waiting(|| read(path))
}

fn read(path: &Path) -> Result<OldCopy, Failure> {
    let name = path.display().to_string();
    let unreadable = |error: &dyn std::fmt::Display| {
        Failure::new(FailureKind::Unavailable, format!("reading {name}: {error}"))
    };
    if path.is_dir() {
        return Ok(OldCopy::Tree { files: folder(path, &name)?, name });
    }
    if !archive::is_archive(path).map_err(|error| unreadable(&error))? {
        return Ok(OldCopy::File(read_input(path)?));
    }
    let entries = archive::read(path, LIMITS, is_wanted).map_err(|error| {
        let kind = if error.is_about_access() { FailureKind::Unavailable } else { FailureKind::Invalid };
        Failure::new(kind, format!("reading {name}: {error}"))
    })?;
    let files = entries.into_iter().filter_map(|(path, entry)| match entry {
        ArchiveEntry::File(bytes) => Some((path.to_str()?.to_owned(), bytes)),
        ArchiveEntry::Link(_) => None,
    });
    Ok(OldCopy::Tree { files: files.collect(), name })
}

fn folder(dir: &Path, name: &str) -> Result<BTreeMap<String, Vec<u8>>, Failure> {
    let too_much = |what: String| {
        Failure::new(
            FailureKind::Invalid,
            format!("reading {name}: the folder holds too much: more than {what}"),
        )
        .with_hint("name the folder of NGINX's files, or the file itself")
    };
    let mut files = BTreeMap::new();
    let mut kept = 0;
    for (seen, entry) in WalkDir::new(dir).follow_links(false).max_depth(DEEPEST).into_iter().enumerate() {
        if seen > LIMITS.entries {
            return Err(too_much(format!("{} entries", LIMITS.entries)));
        }
        let Ok(entry) = entry else { continue };
        let Ok(below) = entry.path().strip_prefix(dir) else { continue };
        if !entry.file_type().is_file() || !(is_wanted(below) || is_plain_name(below)) {
            continue;
        }
        let Some(path) = below.to_str() else { continue };
        let failed = |error: std::io::Error| {
            Failure::new(FailureKind::Unavailable, format!("reading {}: {error}", entry.path().display()))
        };
        let mut bytes = Vec::new();
        let file = std::fs::File::open(entry.path()).map_err(failed)?;
        file.take(LIMITS.kept - kept + 1).read_to_end(&mut bytes).map_err(failed)?;
        kept += bytes.len() as u64;
        if kept > LIMITS.kept {
            return Err(too_much(format!("{} MiB of files that are looked at", LIMITS.kept >> 20)));
        }
        files.insert(path.to_owned(), bytes);
    }
    Ok(files)
}

/// A file of the folder itself, whatever the folder is called.
fn is_plain_name(path: &Path) -> bool {
    path.components().count() == 1 && !has_other_use(path)
}

/// Whether a path may be NGINX's configuration.
fn is_wanted(path: &Path) -> bool {
    let mut folders = path.parent().into_iter().flat_map(Path::components);
    let is_below = folders.any(|part| FOLDERS.iter().any(|name| part.as_os_str() == *name));
    let name = path.file_name().map(|name| name.to_string_lossy()).unwrap_or_default();
    let is_log = path.components().any(|part| part.as_os_str() == "log" || part.as_os_str() == "logs");
    (is_below || name.contains("motion") || name.contains(".conf")) && !is_log && !has_other_use(path)
}

fn has_other_use(path: &Path) -> bool {
    path.extension().is_some_and(|end| NOT_READ.iter().any(|other| end == *other))
}
