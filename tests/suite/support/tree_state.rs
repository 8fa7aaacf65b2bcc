//! Everything that can be seen of a folder from outside, to compare with later.
//!
//! Invariant: two equal states mean equal bytes, kinds, links, owners, modes,
//! times of change and extended attributes, of the folder itself as well; two of [`untouched`] also that nobody has
//! written the same again meanwhile.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// A folder as it was at one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct State(BTreeMap<PathBuf, Seen>);

#[derive(Debug, Clone, PartialEq, Eq)]
struct Seen {
    is_folder: bool,
    mode: String,
    owner: (u32, u32),
    mtime: String,
    xattrs: BTreeMap<String, Vec<u8>>,
    content: Vec<u8>,
    /// Which file it is, and when anything of it changed last; of [`untouched`] alone.
    written: Option<(u64, i64, i64)>,
}

/// What a folder holds: the same again after it was changed and set right.
pub fn state(folder: &Path) -> State {
    let mut state = untouched(folder);
    state.0.values_mut().for_each(|seen| seen.written = None);
    state
}

/// What a folder holds, and whether it was written to; nothing where there is none.
pub fn untouched(folder: &Path) -> State {
    let entries = walkdir::WalkDir::new(folder).follow_links(false).into_iter();
    let seen = entries.filter_map(|entry| {
        // Others may remove what was listed.
        let entry = is_there(entry.map_err(std::io::Error::from))?;
        let path = entry.path().strip_prefix(folder).expect("below it").to_owned();
        Some((path, is_there(look(entry.path()))?))
    });
    State(seen.collect())
}

fn is_there<T>(looked: std::io::Result<T>) -> Option<T> {
    match looked {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => None,
        looked => Some(looked.expect("looking")),
    }
}

fn look(path: &Path) -> std::io::Result<Seen> {
    let found = fs::symlink_metadata(path)?;
    let content = if found.is_symlink() {
        fs::read_link(path)?.into_os_string().into_encoded_bytes()
    } else if found.is_file() {
        fs::read(path)?
    } else {
        Vec::new()
    };
    let names = xattr::list(path)?;
    let value = |name: &std::ffi::OsStr| xattr::get(path, name).expect("reading").unwrap_or_default();
    Ok(Seen {
        is_folder: found.is_dir(),
        mode: format!("{:o}", found.mode()),
        owner: (found.uid(), found.gid()),
        mtime: format!("{}.{:09}", found.mtime(), found.mtime_nsec()),
        xattrs: names.map(|name| (name.to_string_lossy().into_owned(), value(&name))).collect(),
        content,
        written: Some((found.ino(), found.ctime(), found.ctime_nsec())),
    })
}

impl State {
    /// All that there is, by its path from the folder.
    pub fn paths(&self) -> Vec<&Path> {
        self.0.keys().map(PathBuf::as_path).collect()
    }

    /// What differs in any way, by its path from the folder.
    pub fn differing(&self, later: &Self) -> Vec<String> {
        let paths: std::collections::BTreeSet<_> = self.0.keys().chain(later.0.keys()).collect();
        let differing = paths.into_iter().filter(|path| self.0.get(*path) != later.0.get(*path));
        differing.map(|path| path.display().to_string()).collect()
    }

    /// The same of some of its paths alone.
    pub fn only(mut self, is_kept: impl Fn(&Path) -> bool) -> Self {
        self.0.retain(|path, _| is_kept(path));
        self
    }

    /// The same without the times of folders: every file that is made in one moves its time.
    pub fn without_folder_times(mut self) -> Self {
        for seen in self.0.values_mut().filter(|seen| seen.is_folder) {
            seen.mtime.clear();
        }
        self
    }

    /// The same without what lies below these folders, and without what holds for one moment only.
    pub fn without(self, folders: &[&str]) -> Self {
        self.only(|path| !folders.iter().any(|folder| path.starts_with(folder)))
    }

    /// The same without those of these folders that hold nothing.
    pub fn without_empty(mut self, folders: &[&str]) -> Self {
        for folder in folders {
            let inside = |path: &PathBuf| path.starts_with(folder) && path != Path::new(folder);
            if !self.0.keys().any(inside) {
                self.0.remove(Path::new(folder));
            }
        }
        self
    }

    /// Every path with its contents, as one text to compare by; names with a leading dot left out.
    pub fn visible_contents(&self) -> String {
        let is_hidden =
            |path: &&PathBuf| path.file_name().is_some_and(|name| name.as_encoded_bytes().starts_with(b"."));
        let shown = self.0.iter().filter(|(path, _)| !is_hidden(path));
        shown.map(|(path, seen)| format!("{} {:?}\n", path.display(), seen.content)).collect()
    }

    /// Every file and link with its bytes.
    pub fn contents(&self) -> BTreeMap<&Path, &[u8]> {
        let files = self.0.iter().filter(|(_, seen)| !seen.is_folder);
        files.map(|(path, seen)| (path.as_path(), &seen.content[..])).collect()
    }

    /// The files and links whose contents differ, or that only one has.
    pub fn changed_since(&self, earlier: &Self) -> std::collections::BTreeSet<PathBuf> {
        let paths: std::collections::BTreeSet<_> = self.0.keys().chain(earlier.0.keys()).collect();
        let content = |state: &Self, path: &PathBuf| state.0.get(path).map(|seen| seen.content.clone());
        let differs = |path: &&&PathBuf| content(self, path) != content(earlier, path);
        paths.iter().filter(differs).map(|path| (*path).clone()).collect()
    }

    /// The same without the times of these files, which were written at another moment.
    pub fn without_times_of(mut self, paths: &std::collections::BTreeSet<PathBuf>) -> Self {
        for (_, seen) in self.0.iter_mut().filter(|(path, _)| paths.contains(*path)) {
            seen.mtime.clear();
        }
        self
    }

    /// Panics with what differs.
    #[track_caller]
    pub fn assert_same(&self, later: &Self) {
        let differences = self.differences(later);
        assert!(differences.is_empty(), "not as before:\n{differences}");
    }

    /// What differs, a line each; empty when nothing does.
    pub fn differences(&self, later: &Self) -> String {
        let mut differences = String::new();
        let paths: std::collections::BTreeSet<_> = self.0.keys().chain(later.0.keys()).collect();
        for path in paths {
            let (old, new) = (self.0.get(path), later.0.get(path));
            if old != new {
                let show = |seen: Option<&Seen>| seen.map_or_else(|| "nothing".to_owned(), shown);
                writeln!(differences, "{}: {} → {}", path.display(), show(old), show(new))
                    .expect("writing to a string");
            }
        }
        differences
    }
}

fn shown(seen: &Seen) -> String {
    let content = String::from_utf8_lossy(&seen.content);
    format!("{} {:?} {} {:?} {content:.400}", seen.mode, seen.owner, seen.mtime, seen.xattrs)
}
