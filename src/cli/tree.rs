//! The server that `--root` names: a folder, or an archive of one.
//!
//! Invariant: an archive is only read; what it holds is written to a private folder that goes with the command. A
//! command that changes something gets the very folder that was named, or nothing.

use super::interrupt::while_waiting;
use crate::host::Root;
use crate::host::archive::{self, ArchiveError, Entries, Limits};
use crate::host::unpacked::Unpacked;
use crate::inspect::{Layout, NoLayout, Top};
use crate::outcome::{Failure, FailureKind, Outcome};
use std::path::{Path, PathBuf};

/// `/etc`, the client and the application of a server, without recordings and logs.
const LIMITS: Limits = Limits { entries: 200_000, packed: 1 << 30, unpacked: 4 << 30, kept: 256 << 20 };

/// What a person can ask the customer for instead.
const PACK_AGAIN: &str = "ask for an archive of NGINX's files alone: tar -czf nginx.tar.gz -C / etc/nginx";

/// What a command does to the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Use {
    Looks,
    /// It may change it.
    Changes,
}

/// A server tree, and what it takes to keep it.
pub struct Tree {
    pub root: Root,
    /// How it was understood, for people.
    pub note: Option<String>,
    /// What was unpacked; it goes when this is dropped.
    pub unpacked: Option<Unpacked>,
}

/// Opens what `--root` names.
pub fn open(named: &Path, what_for: Use) -> Result<Tree, Failure> {
    let failed = |error: &dyn std::fmt::Display| {
        Failure::new(FailureKind::Unavailable, format!("reading {}: {error}", named.display()))
    };
    if std::fs::metadata(named).map_err(|error| failed(&error))?.is_dir() {
        return folder(named, what_for, &failed);
    }
    if what_for == Use::Changes {
        let message = format!("{} is an archive, which is looked at and never changed", named.display());
        return Err(Failure::new(FailureKind::Usage, message)
            .with_hint("`motionctl plan` shows the change; unpack the archive to change what it holds"));
    }
    let entries =
        while_waiting(|| archive::read(named, LIMITS, may_matter)).map_err(|e| refused(named, e))?;
    let layout = match Layout::of(entries.keys().map(PathBuf::as_path)) {
        Ok(layout) => layout,
        Err(why) => return Err(nowhere(named, &why)),
    };
    private(named, &entries, &layout)
}

/// Says in an answer how the tree was understood.
pub fn say(note: &str, outcome: &mut Outcome) {
    outcome.details.notes.get_or_insert_default().insert(0, note.to_owned());
}

/// A folder: the server's, or what a person has unpacked it into.
fn folder(
    named: &Path,
    what_for: Use,
    failed: &impl Fn(&dyn std::fmt::Display) -> Failure,
) -> Result<Tree, Failure> {
    let root = Root::at(named).map_err(|error| failed(&error))?;
    let whole = |root: Root| Tree { root, note: None, unpacked: None };
    let Ok(layout) = Layout::of(shallow(&root).iter().map(PathBuf::as_path)) else {
        return Ok(whole(if what_for == Use::Looks { root.in_parts() } else { root }));
    };
    match (layout.is, what_for) {
        (Top::Server, Use::Looks) if layout.top.as_os_str().is_empty() => Ok(whole(root.in_parts())),
        (Top::Server, Use::Changes) if layout.top.as_os_str().is_empty() => Ok(whole(root)),
        (_, Use::Changes) => {
            let message = format!("{} is no server's tree, which a change needs", named.display());
            let hint = match layout.is {
                Top::Server => format!("name it: --root {}", named.join(&layout.top).display()),
                Top::Etc | Top::Nginx => {
                    let (from, to) = (named.join(&layout.top), named.join("etc/nginx"));
                    let from = if layout.is == Top::Etc { from.join("nginx") } else { from };
                    format!("{} looks like /etc/nginx: move it to {}", from.display(), to.display())
                }
            };
            Err(Failure::new(FailureKind::Usage, message).with_hint(hint))
        }
        (Top::Server, Use::Looks) => {
            let root = Root::at(named.join(&layout.top)).map_err(|error| failed(&error))?;
            Ok(Tree { note: note(named, &layout), ..whole(root.in_parts()) })
        }
        (Top::Etc | Top::Nginx, Use::Looks) => {
            let entries = while_waiting(|| archive::read_folder(named, LIMITS, may_matter));
            private(named, &entries.map_err(|error| refused(named, error))?, &layout)
        }
    }
}

/// The main files near the top of a folder, of which a person may have unpacked an archive.
fn shallow(root: &Root) -> Vec<PathBuf> {
    let mains = ["etc/nginx/nginx.conf", "nginx/nginx.conf", "nginx.conf"].map(PathBuf::from);
    let there = |path: &PathBuf| root.metadata(Path::new("/").join(path)).is_ok_and(|found| found.is_file());
    let here: Vec<PathBuf> = mains.iter().filter(|path| there(path)).cloned().collect();
    // What has an `etc` is a server's tree, wherever its main file is; a build from source is found by its own places.
    if root.metadata("/etc").is_ok() || crate::inspect::main_files().any(|main| root.metadata(main).is_ok()) {
        return Vec::new();
    }
    if !here.is_empty() {
        return here;
    }
    let names = root.read_dir("/").unwrap_or_default();
    let below = names.iter().flat_map(|name| mains.iter().map(|main| Path::new(name).join(main)));
    below.filter(there).collect()
}

/// Puts what counts of a copy where it lies on a server, below a private folder.
fn private(named: &Path, entries: &Entries, layout: &Layout) -> Result<Tree, Failure> {
    let placed: Entries =
        entries.iter().filter_map(|(path, entry)| Some((layout.place(path)?, entry.clone()))).collect();
    let unpacked = Unpacked::new(&placed).map_err(|error| refused(named, error))?;
    let root = Root::at(unpacked.path()).map_err(|error| refused(named, ArchiveError::Io(error)))?;
    let root = root.called(named).in_parts();
    Ok(Tree { root, note: note(named, layout), unpacked: Some(unpacked) })
}

fn note(named: &Path, layout: &Layout) -> Option<String> {
    layout.described().map(|what| format!("{}: {what}", named.display()))
}

/// Whether a path may say something about NGINX or Motion. What is only large is not unpacked.
fn may_matter(path: &Path) -> bool {
    const FOLDERS: [&str; 3] = ["node_modules", ".git", "lost+found"];
    const TREES: [&str; 9] =
        ["dev", "proc", "sys", "tmp", "var/cache", "var/log", "var/spool", "var/tmp", "usr/share/doc"];
    const ENDS: [&str; 8] = ["wav", "mp3", "mp4", "gsm", "log", "iso", "sql", "so"];
    let is_large = path.extension().is_some_and(|end| ENDS.iter().any(|other| end == *other));
    let is_other = path.iter().any(|part| FOLDERS.iter().any(|name| part == *name));
    !is_large && !is_other && !TREES.iter().any(|tree| path.starts_with(tree))
}

/// Why an archive is not looked at.
fn refused(named: &Path, error: ArchiveError) -> Failure {
    let kind = if error.is_about_access() { FailureKind::Unavailable } else { FailureKind::Invalid };
    let failure = Failure::new(kind, format!("reading {}: {error}", named.display()));
    match error {
        ArchiveError::Io(_) => failure,
        ArchiveError::Unknown => {
            failure.with_hint(format!("it may be packed in another way, or be no archive; {PACK_AGAIN}"))
        }
        ArchiveError::Climbs(_) | ArchiveError::Broken(_) | ArchiveError::TooMuch(_) => {
            failure.with_hint(format!("nothing of it was used; {PACK_AGAIN}"))
        }
    }
}

/// Where in an archive the server begins is not known.
fn nowhere(named: &Path, why: &NoLayout) -> Failure {
    let (what, hint) = match why {
        NoLayout::NoMainFile => ("there is no nginx.conf in it".to_owned(), PACK_AGAIN.to_owned()),
        NoLayout::Several(tops) => {
            let names: Vec<_> = tops.iter().map(|top| top.display().to_string()).collect();
            (
                format!("it holds several servers: {}", names.join(", ")),
                "unpack it, and name the folder of one with --root".to_owned(),
            )
        }
    };
    Failure::new(FailureKind::Invalid, format!("reading {}: {what}", named.display())).with_hint(hint)
}
