//! Owns telling what was written: the layers' upper halves against what was there before. Invariant: reads only, follows
//! no link, opens nothing but regular files, and is bounded whatever a program left there.

use crate::host::sandbox::{Layer, Layers};
use crate::values::{Hash, escape};
use nix::libc;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, Metadata, OpenOptions};
use std::io::{self, Read};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{FileTypeExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

/// No more changes are listed.
const MOST: usize = 5_000;
/// Nor more bytes of their paths.
const MOST_TEXT: usize = 4 << 20;
/// No more entries of the upper halves are looked at.
const MOST_ENTRIES: usize = 200_000;
/// Contents of larger files are not kept, only their hash.
const LARGEST: u64 = 256 << 10;
/// Of all contents together.
const BUDGET: usize = 12 << 20;
/// Of what was copied before the program began; a tree's files are in it.
const BUDGET_BEFORE: usize = 64 << 20;

/// What differs at one path.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Change {
    /// The path, as [`escape`] spells it.
    pub path: String,
    /// What was there before.
    pub before: Option<Seen>,
    /// What is there now.
    pub after: Option<Seen>,
}

/// What stands at a path.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Seen {
    pub kind: Kind,
    pub mode: u32,
    pub uid: u32,
    pub gid: u32,
    /// Names of extended attributes that mean something: access lists, capabilities.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub attributes: Vec<String>,
}

/// What kind of thing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Kind {
    File {
        size: u64,
        /// Of its contents; absent where they could not be read.
        sha256: Option<Hash>,
        /// The contents, where they are short, as hexadecimal digits.
        bytes: Option<String>,
    },
    Folder,
    /// A link with this text, as [`escape`] spells it.
    Link(String),
    /// A pipe, a socket, a device.
    Special(String),
}

impl Kind {
    /// The contents, where they were kept.
    #[must_use]
    pub fn contents(&self) -> Option<Vec<u8>> {
        match self {
            Self::File { bytes: Some(bytes), .. } => hex::decode(bytes).ok(),
            _ => None,
        }
    }
}

/// What lay in the upper halves before the program began: a tree's files, files of ours.
#[derive(Debug)]
pub(super) struct Before {
    laid: Vec<BTreeMap<PathBuf, Laid>>,
    whole: bool,
}

#[derive(Debug)]
struct Laid {
    /// Inode and time of the last change of any kind: nothing was done to it while both are the same.
    identity: (u64, i64, i64),
    seen: Seen,
}

impl Before {
    pub(super) fn of(layers: &Layers) -> Self {
        let mut budget = BUDGET_BEFORE;
        let mut whole = true;
        let mut look = |layer: &Layer| {
            let mut all = BTreeMap::new();
            let mut left = MOST_ENTRIES;
            whole &= walk(&layer.upper, &mut left, &mut |below, path, found| {
                if !is_whiteout(found)
                    && let Ok(seen) = seen(path, found, &mut budget)
                {
                    all.insert(below.to_owned(), Laid { identity: identity(found), seen });
                }
            });
            all
        };
        let laid = layers.iter().map(&mut look).collect();
        Self { laid, whole }
    }
}

/// Everything that differs, by path; whether it is all.
pub(super) fn all(layers: &Layers, before: Before) -> (Vec<Change>, bool) {
    let mut found = Found {
        changes: BTreeMap::new(),
        text: MOST_TEXT,
        budget: BUDGET,
        entries: MOST_ENTRIES,
        truncated: !before.whole,
    };
    for (layer, laid) in layers.iter().zip(before.laid) {
        found.layer(layer, &laid);
    }
    (found.changes.into_values().collect(), found.truncated)
}

struct Found {
    changes: BTreeMap<PathBuf, Change>,
    text: usize,
    budget: usize,
    entries: usize,
    truncated: bool,
}

impl Found {
    fn layer(&mut self, layer: &Layer, laid: &BTreeMap<PathBuf, Laid>) {
        let mut visited: BTreeSet<PathBuf> = BTreeSet::new();
        let mut met: Vec<(PathBuf, PathBuf, Metadata)> = Vec::new();
        let whole = walk(&layer.upper, &mut self.entries, &mut |below, path, found| {
            met.push((below.to_owned(), path.to_owned(), found.clone()));
        });
        self.truncated |= !whole;
        for (below, path, found) in met {
            visited.insert(below.clone());
            self.entry(layer, laid, &below, &path, &found);
        }
        // What was laid and has gone leaves no mark where the server has nothing of that name.
        for (below, was) in laid.iter().filter(|(below, _)| !visited.contains(*below)) {
            if laid.keys().any(|other| other != below && below.starts_with(other) && !visited.contains(other))
            {
                continue;
            }
            self.note(layer, below, Some(was.seen.clone()), None);
        }
    }

    fn entry(
        &mut self,
        layer: &Layer,
        laid: &BTreeMap<PathBuf, Laid>,
        below: &Path,
        path: &Path,
        found: &Metadata,
    ) {
        let earlier = laid.get(below);
        if earlier.is_some_and(|laid| laid.identity == identity(found)) && !found.is_dir() {
            return;
        }
        let was = earlier.map(|laid| laid.seen.clone());
        let was = was.or_else(|| lower(layer, below).and_then(|(path, found)| self.seen(&path, &found)));
        if is_whiteout(found) {
            if was.is_some() {
                self.note(layer, below, was, None);
            }
            return;
        }
        if found.is_dir() && is_opaque(path) {
            self.hidden(layer, below, path);
        }
        let now = self.seen(path, found);
        if !same(was.as_ref(), now.as_ref()) {
            self.note(layer, below, was, now);
        }
    }

    /// What a folder hid that was made again in the place of one of the server's.
    fn hidden(&mut self, layer: &Layer, below: &Path, path: &Path) {
        let Some((old, _)) = lower(layer, below) else { return };
        let Ok(list) = fs::read_dir(old) else { return };
        for entry in list.flatten() {
            let name = entry.file_name();
            if fs::symlink_metadata(path.join(&name)).is_err()
                && let Ok(found) = entry.metadata()
            {
                let was = self.seen(&entry.path(), &found);
                self.note(layer, &below.join(name), was, None);
            }
        }
    }

    fn seen(&mut self, path: &Path, found: &Metadata) -> Option<Seen> {
        seen(path, found, &mut self.budget).ok()
    }

    fn note(&mut self, layer: &Layer, below: &Path, before: Option<Seen>, after: Option<Seen>) {
        let at = if below.as_os_str().is_empty() { layer.at.clone() } else { layer.at.join(below) };
        let path = escape(at.as_os_str().as_bytes());
        if self.changes.len() >= MOST || path.len() > self.text {
            self.truncated = true;
            return;
        }
        self.text -= path.len();
        self.changes.insert(at, Change { path, before, after });
    }
}

/// What the server has there, if every folder above it is one of the server's own; no link is followed.
fn lower(layer: &Layer, below: &Path) -> Option<(PathBuf, Metadata)> {
    let mut path = layer.lower()?;
    let mut found = fs::metadata(&path).ok()?;
    for name in below {
        if !found.is_dir() {
            return None;
        }
        path.push(name);
        found = fs::symlink_metadata(&path).ok()?;
    }
    Some((path, found))
}

/// Everything below `top`, and itself. Returns whether that was all: a path can be too long to be followed.
fn walk(top: &Path, left: &mut usize, each: &mut impl FnMut(&Path, &Path, &Metadata)) -> bool {
    let mut whole = true;
    let mut folders = vec![PathBuf::new()];
    match fs::symlink_metadata(top) {
        Ok(found) if found.is_dir() => each(Path::new(""), top, &found),
        // A single file that is seen by itself.
        Ok(found) => {
            each(Path::new(""), top, &found);
            return true;
        }
        Err(_) => return false,
    }
    while let Some(folder) = folders.pop() {
        let Ok(list) = fs::read_dir(top.join(&folder)) else {
            whole = false;
            continue;
        };
        for entry in list {
            let Some((entry, found)) =
                entry.ok().and_then(|entry| entry.metadata().ok().map(|found| (entry, found)))
            else {
                whole = false;
                continue;
            };
            if *left == 0 {
                return false;
            }
            *left -= 1;
            let below = folder.join(entry.file_name());
            each(&below, &entry.path(), &found);
            if found.is_dir() {
                folders.push(below);
            }
        }
    }
    whole
}

fn identity(found: &Metadata) -> (u64, i64, i64) {
    (found.ino(), found.ctime(), found.ctime_nsec())
}

/// An overlay's mark for what is gone.
fn is_whiteout(found: &Metadata) -> bool {
    found.file_type().is_char_device() && found.rdev() == 0
}

/// An overlay's mark for a folder that shows nothing of the one below.
fn is_opaque(path: &Path) -> bool {
    matches!(xattr::get(path, "trusted.overlay.opaque"), Ok(Some(value)) if value == b"y")
}

fn seen(path: &Path, found: &Metadata, budget: &mut usize) -> io::Result<Seen> {
    let kind = found.file_type();
    let kind = if kind.is_file() {
        contents(path, found.len(), budget)?
    } else if kind.is_dir() {
        Kind::Folder
    } else if kind.is_symlink() {
        Kind::Link(escape(fs::read_link(path)?.as_os_str().as_bytes()))
    } else {
        let what = [(kind.is_fifo(), "pipe"), (kind.is_socket(), "socket")];
        Kind::Special(what.iter().find(|(is, _)| *is).map_or("device", |(_, name)| name).to_owned())
    };
    // The mode of a link means nothing.
    let mode = if found.is_symlink() { 0 } else { found.mode() & 0o7777 };
    Ok(Seen { kind, mode, uid: found.uid(), gid: found.gid(), attributes: attributes(path, found) })
}

fn attributes(path: &Path, found: &Metadata) -> Vec<String> {
    if found.is_symlink() {
        return Vec::new();
    }
    let names = xattr::list(path).map(Iterator::collect::<Vec<_>>).unwrap_or_default();
    let names = names.into_iter().map(|name| name.to_string_lossy().into_owned());
    let mut names: Vec<_> = names
        .filter(|name| ["security.capability", "system.posix_acl_access"].contains(&name.as_str()))
        .collect();
    names.sort();
    names
}

/// Whether nothing differs; of contents their hash decides, since not all of them are kept.
fn same(was: Option<&Seen>, now: Option<&Seen>) -> bool {
    let (Some(was), Some(now)) = (was, now) else { return was.is_none() && now.is_none() };
    let contents = match (&was.kind, &now.kind) {
        (Kind::File { sha256: Some(was), .. }, Kind::File { sha256: Some(now), .. }) => was == now,
        (Kind::File { .. }, Kind::File { .. }) => false,
        (was, now) => was == now,
    };
    contents
        && (was.mode, was.uid, was.gid) == (now.mode, now.uid, now.gid)
        && was.attributes == now.attributes
}

/// Reads a file once, however large, and keeps what is short.
fn contents(path: &Path, size: u64, budget: &mut usize) -> io::Result<Kind> {
    let mut options = OpenOptions::new();
    let Ok(mut file) = options.read(true).custom_flags(libc::O_NOFOLLOW | libc::O_NONBLOCK).open(path) else {
        return Ok(Kind::File { size, sha256: None, bytes: None });
    };
    let mut hasher = Sha256::new();
    let mut kept = (size <= LARGEST && size <= *budget as u64).then(Vec::new);
    let mut buffer = [0; 64 << 10];
    loop {
        let count = file.read(&mut buffer)?;
        if count == 0 {
            break;
        }
        hasher.update(&buffer[..count]);
        if let Some(kept) = &mut kept {
            kept.extend_from_slice(&buffer[..count]);
        }
    }
    *budget -= kept.as_ref().map_or(0, |kept| kept.len().min(*budget));
    let sha256 = Hash::finished(hasher);
    Ok(Kind::File { size, sha256: Some(sha256), bytes: kept.map(hex::encode) })
}
