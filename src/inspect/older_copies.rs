//! Older copies of Motion's file: what the vendor's script, a package manager, an editor or a person left behind.
//!
//! Invariant: reads a bounded number of small files in places that belong to root, and follows no link. What somebody
//! else could have written is no copy of anything. Our own backups are not looked at.

use crate::facts::Facts;
use crate::host::{Root, is_absent};
use crate::values::TextPath;
use nginx_config::Config;
use std::collections::BTreeSet;
use std::fs::Metadata;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// Motion's file is some hundred lines long.
const MOST_BYTES: u64 = 1 << 20;
/// Copies that are read.
const MOST_COPIES: usize = 64;
/// Names that are looked at in all places together.
const MOST_NAMES: usize = 20_000;

/// Folders in which copies are kept, with how many folders below them are looked into.
const PLACES: [(&str, usize); 3] = [("/root", 2), ("/var/backups", 3), ("/etc", 0)];
/// Where nobody but us, or everybody, writes.
const NOT_LOOKED_AT: [&str; 3] = ["/var/backups/motionctl", "/var/lib/motionctl", "/tmp"];
/// Folders beside NGINX's files, or of the same name, that hold what was.
const MARKS: [&str; 8] = ["backup", "bak", "old", "orig", "save", "copy", "before", "prev"];

/// An older copy.
#[derive(Debug, Clone)]
pub struct OlderCopy {
    /// Where it is, below the root.
    pub path: TextPath,
    /// When it was last written, in seconds since 1970.
    pub modified: i64,
    pub bytes: Vec<u8>,
}

/// What was found, newest first.
#[derive(Debug, Default)]
pub struct OlderCopies {
    /// The copies; not all of them need be NGINX's.
    pub found: Vec<OlderCopy>,
    /// What could not be looked at, for people.
    pub unknown: Vec<String>,
}

/// Looks for copies of the site's file.
#[must_use]
pub fn older_copies(root: &Root, config: &Config, facts: &Facts) -> OlderCopies {
    let site = facts.site.file.as_path();
    let own: BTreeSet<PathBuf> = config
        .files()
        .flat_map(|(_, file)| file.paths().map(Path::to_owned).chain([file.identity.clone()]))
        .collect();
    let identity = config.files().find(|(_, file)| file.path == site).map(|(_, file)| file.identity.clone());
    let owner = if root.is_live() { None } else { root.metadata(site).ok().map(|found| found.uid()) };
    let mut search =
        Search { root, site, own, owner, names: 0, seen: BTreeSet::new(), copies: OlderCopies::default() };
    for file in [Some(site.to_owned()), identity].into_iter().flatten() {
        if let Some(folder) = file.parent() {
            search.beside(folder);
        }
    }
    let prefix = facts.nginx.conf_prefix.as_path();
    let around = prefix.parent().unwrap_or(prefix);
    search.folder(prefix, 0, 3, Within::Nginx);
    if around != Path::new("/etc") {
        search.folder(around, 0, 0, Within::Around);
    }
    for (place, depth) in PLACES {
        let within = if depth == 0 { Within::Around } else { Within::Place };
        search.folder(Path::new(place), 0, depth, within);
    }
    if search.names > MOST_NAMES {
        search.copies.unknown.push(format!("more than {MOST_NAMES} files: not all were looked at"));
    }
    search.copies.found.sort_by(|a, b| b.modified.cmp(&a.modified).then_with(|| a.path.cmp(&b.path)));
    search.copies
}

/// What kind of folder it is, and so which of its folders are looked into.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Within {
    /// NGINX's own: those that are named for a copy.
    Nginx,
    /// That around NGINX's own: those that are named as it is, with something behind.
    Around,
    /// One in which copies are kept, or a part of one: all.
    Place,
}

struct Search<'a> {
    root: &'a Root,
    site: &'a Path,
    /// Files of the configuration: they are in use.
    own: BTreeSet<PathBuf>,
    /// Of a tree, whose copy it is.
    owner: Option<u32>,
    names: usize,
    seen: BTreeSet<PathBuf>,
    copies: OlderCopies,
}

impl Search<'_> {
    /// The folder that the site's file is in, and those in it that are named for copies.
    fn beside(&mut self, folder: &Path) {
        self.folder(folder, 0, 1, Within::Nginx);
    }

    fn folder(&mut self, folder: &Path, depth: usize, deepest: usize, within: Within) {
        if NOT_LOOKED_AT.iter().any(|other| folder.starts_with(other)) {
            return;
        }
        let names = match self.root.read_dir(folder) {
            Ok(names) => names,
            Err(error) if is_absent(&error) => return,
            Err(error) => return self.copies.unknown.push(format!("{}: {error}", folder.display())),
        };
        for name in names {
            self.names += 1;
            if self.names > MOST_NAMES {
                return;
            }
            let path = folder.join(&name);
            let Ok(found) = self.root.symlink_metadata(&path) else { continue };
            let name = name.to_string_lossy();
            if found.is_file() && within != Within::Around {
                self.file(path, &name, &found);
            } else if found.is_dir() && self.is_looked_into(&name, depth, deepest, within) {
                let next = if depth == 0 && within == Within::Around { 3 } else { deepest };
                self.folder(&path, depth + 1, next, Within::Place);
            }
        }
    }

    fn is_looked_into(&self, name: &str, depth: usize, deepest: usize, within: Within) -> bool {
        let lower = name.to_lowercase();
        match within {
            Within::Nginx => MARKS.iter().any(|mark| lower.contains(mark)),
            Within::Around => lower.starts_with("nginx") && MARKS.iter().any(|mark| lower.contains(mark)),
            Within::Place => depth < deepest,
        }
    }

    fn file(&mut self, path: PathBuf, name: &str, found: &Metadata) {
        let is_new = !self.own.contains(&path) && !self.seen.contains(&path);
        if !is_new || !self.is_named_for_it(name) || self.copies.found.len() >= MOST_COPIES {
            return;
        }
        self.seen.insert(path.clone());
        let Ok(text) = TextPath::new(&path.to_string_lossy()) else { return };
        if !self.is_trusted(found) {
            self.copies.unknown.push(format!("{}: others than root may write it", path.display()));
            return;
        }
        match self.root.read_at_most(&path, MOST_BYTES) {
            Ok(bytes) => self.copies.found.push(OlderCopy { path: text, modified: found.mtime(), bytes }),
            Err(error) => self.copies.unknown.push(format!("{}: {error}", path.display())),
        }
    }

    /// `motion.conf`, `motion.conf.bak-2024-01-02`, `motion.conf~`, `motion_old.conf`, `.motion.conf.save`.
    fn is_named_for_it(&self, name: &str) -> bool {
        let own = self.site.file_name().map(|own| own.to_string_lossy().into_owned()).unwrap_or_default();
        let stem = own.strip_suffix(".conf").unwrap_or(&own);
        let name = name.strip_prefix('.').unwrap_or(name);
        !stem.is_empty() && name.starts_with(stem) && !name.starts_with("motionctl")
    }

    fn is_trusted(&self, found: &Metadata) -> bool {
        let others_write = found.mode() & 0o002 != 0 || found.mode() & 0o020 != 0 && found.gid() != 0;
        !others_write && (found.uid() == 0 || self.owner == Some(found.uid()))
    }
}
