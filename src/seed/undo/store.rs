//! Where runs are kept: a folder for each, with what it is, its rows, and what became of it.
//!
//! Invariant: a folder has its name only when everything in it is on the disk. It is its user's alone, because what
//! stands there is written into the database again.

use super::head::{Head, Undone};
use super::record::{FORMAT, Record};
use crate::outcome::{Failure, FailureKind};
use crate::values::RunId;
use jiff::Timestamp;
use nix::unistd::geteuid;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{self, BufReader, BufWriter, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

/// As many runs are kept; the oldest go.
const KEPT: usize = 200;

const HEAD: &str = "run.json";
const ROWS: &str = "rows.json";
const COMMITTED: &str = "committed.json";
const UNDONE: &str = "undone.json";
/// Behind the name of a folder that is not complete yet.
const UNFINISHED: &str = ".new";

/// The folder of all runs.
#[derive(Debug, Clone)]
pub struct Store {
    folder: PathBuf,
}

/// A run that is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept {
    /// What it is.
    pub head: Head,
    /// When its COMMIT had succeeded; nothing where nobody saw that.
    pub committed: Option<Timestamp>,
    /// What became of it.
    pub undone: Option<Undone>,
}

/// Why a folder is not used.
#[derive(Debug, thiserror::Error)]
pub enum Unusable {
    /// It cannot be read or written.
    #[error("{}: {}", .0.display(), .1)]
    Io(PathBuf, io::Error),
    /// Others could write there what would then be written into the database.
    #[error("{} is not a folder of this user alone", .0.display())]
    NotPrivate(PathBuf),
    /// A file there is not what this version writes.
    #[error("{}: {}", .0.display(), .1)]
    Unread(PathBuf, String),
}

impl From<Unusable> for Failure {
    fn from(why: Unusable) -> Self {
        let message = format!("the folder of the runs of seeding: {why}");
        match why {
            Unusable::Io(..) => Self::new(FailureKind::Failed, message),
            Unusable::NotPrivate(_) => Self::new(FailureKind::Refused, message)
                .with_hint("look who owns it, and what is in it, before you change that"),
            Unusable::Unread(..) => Self::new(FailureKind::Refused, message),
        }
    }
}

type Result<T> = std::result::Result<T, Unusable>;

impl Store {
    /// Runs that are kept in this folder, which need not exist.
    #[must_use]
    pub fn at(folder: PathBuf) -> Self {
        Self { folder }
    }

    /// Makes the folder where there is none.
    ///
    /// # Errors
    /// When it cannot be made, or is not this user's alone.
    pub fn prepare(&self) -> Result<()> {
        let made = DirBuilder::new().recursive(true).mode(0o700).create(&self.folder);
        made.map_err(|error| self.io(&self.folder, error))?;
        self.check()
    }

    fn check(&self) -> Result<()> {
        let metadata = self.folder.symlink_metadata().map_err(|error| self.io(&self.folder, error))?;
        let is_private =
            metadata.is_dir() && metadata.uid() == geteuid().as_raw() && metadata.mode() & 0o022 == 0;
        if is_private { Ok(()) } else { Err(Unusable::NotPrivate(self.folder.clone())) }
    }

    /// A name that no run has yet, and a place for it: two runs of one second have different ones.
    pub(super) fn reserve(&self, began: Timestamp) -> Result<RunId> {
        let mut number = 0;
        loop {
            number += 1;
            let id = RunId::new(began, number);
            let unfinished = self.unfinished(&id);
            match DirBuilder::new().mode(0o700).create(&unfinished) {
                Ok(()) if self.path(&id).exists() => self.clear(&unfinished)?,
                Ok(()) => return Ok(id),
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(self.io(&unfinished, error)),
            }
        }
    }

    /// Keeps a run; one of the same name is replaced.
    pub(super) fn write(&self, head: &Head, record: &Record) -> Result<()> {
        self.check()?;
        let unfinished = self.unfinished(&head.id);
        // What an earlier try left.
        self.clear(&unfinished)?;
        self.clear(&self.path(&head.id))?;
        let made = DirBuilder::new().mode(0o700).create(&unfinished);
        made.map_err(|error| self.io(&unfinished, error))?;
        self.document(&unfinished.join(HEAD), head)?;
        self.document(&unfinished.join(ROWS), record)?;
        self.sync(&unfinished)?;
        let path = self.path(&head.id);
        std::fs::rename(&unfinished, &path).map_err(|error| self.io(&path, error))?;
        self.sync(&self.folder)
    }

    /// Notes that COMMIT has succeeded.
    pub(super) fn committed(&self, id: &RunId, at: Timestamp) -> Result<()> {
        self.mark(id, COMMITTED, &at)?;
        self.prune();
        Ok(())
    }

    /// Notes that a run was undone.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn undone(&self, id: &RunId, undone: &Undone) -> Result<()> {
        self.mark(id, UNDONE, undone)
    }

    fn mark(&self, id: &RunId, name: &str, what: &impl Serialize) -> Result<()> {
        let folder = self.path(id);
        let unfinished = folder.join(format!("{name}{UNFINISHED}"));
        std::fs::remove_file(&unfinished).ok();
        self.document(&unfinished, what)?;
        std::fs::rename(&unfinished, folder.join(name)).map_err(|error| self.io(&unfinished, error))?;
        self.sync(&folder)
    }

    /// Removes a run that was rolled back, if it was kept.
    pub(super) fn forget(&self, id: &RunId) -> Result<()> {
        self.clear(&self.unfinished(id))?;
        self.clear(&self.path(id))
    }

    /// Every run, the newest first; those that cannot be read are said.
    ///
    /// # Errors
    /// When the folder cannot be read, or is not this user's alone. That there is none means that there are no runs.
    pub fn list(&self) -> Result<(Vec<Kept>, Vec<Unusable>)> {
        let entries = match std::fs::read_dir(&self.folder) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok((Vec::new(), Vec::new())),
            entries => entries.map_err(|error| self.io(&self.folder, error))?,
        };
        self.check()?;
        let (mut runs, mut unread) = (Vec::new(), Vec::new());
        for entry in entries {
            let entry = entry.map_err(|error| self.io(&self.folder, error))?;
            let Some(id) = entry.file_name().to_str().and_then(|name| name.parse::<RunId>().ok()) else {
                continue;
            };
            match self.kept(&id) {
                Ok(kept) => runs.push(kept),
                Err(why) => unread.push(why),
            }
        }
        runs.sort_by(|a, b| (b.head.began, b.head.id.as_str()).cmp(&(a.head.began, a.head.id.as_str())));
        Ok((runs, unread))
    }

    fn kept(&self, id: &RunId) -> Result<Kept> {
        let folder = self.path(id);
        let head: Head = self.read(&folder.join(HEAD))?;
        if head.format != FORMAT || head.id != *id {
            let why = format!(
                "this motionctl reads format {FORMAT} of run {id}, not {} of {}",
                head.format, head.id
            );
            return Err(Unusable::Unread(folder, why));
        }
        Ok(Kept {
            head,
            committed: self.read_if_any(&folder.join(COMMITTED))?,
            undone: self.read_if_any(&folder.join(UNDONE))?,
        })
    }

    /// The rows of a run.
    ///
    /// # Errors
    /// When they cannot be read.
    pub fn record(&self, id: &RunId) -> Result<Record> {
        self.read(&self.path(id).join(ROWS))
    }

    fn path(&self, id: &RunId) -> PathBuf {
        self.folder.join(id.as_str())
    }

    fn unfinished(&self, id: &RunId) -> PathBuf {
        self.folder.join(format!("{id}{UNFINISHED}"))
    }

    /// The oldest go where there are too many. What cannot be removed stays: nothing depends on it.
    fn prune(&self) {
        let Ok((runs, _)) = self.list() else { return };
        for run in runs.iter().skip(KEPT) {
            self.forget(&run.head.id).ok();
        }
        // Places of runs that were killed before they wrote anything, or while they did.
        let Some(oldest) = runs.get(KEPT - 1).map(|run| run.head.id.as_str()) else { return };
        let Ok(entries) = std::fs::read_dir(&self.folder) else { return };
        let names = entries.flatten().filter_map(|entry| entry.file_name().into_string().ok());
        for name in names.filter(|name| name.ends_with(UNFINISHED) && name.as_str() < oldest) {
            self.clear(&self.folder.join(name)).ok();
        }
    }

    fn document(&self, path: &Path, what: &impl Serialize) -> Result<()> {
        let write = || -> io::Result<()> {
            let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
            let mut file = BufWriter::new(file);
            serde_json::to_writer(&mut file, what)?;
            file.write_all(b"\n")?;
            file.into_inner()?.sync_all()
        };
        write().map_err(|error| self.io(path, error))
    }

    fn read<T: DeserializeOwned>(&self, path: &Path) -> Result<T> {
        let file = File::open(path).map_err(|error| self.io(path, error))?;
        serde_json::from_reader(BufReader::new(file))
            .map_err(|error| Unusable::Unread(path.to_owned(), error.to_string()))
    }

    fn read_if_any<T: DeserializeOwned>(&self, path: &Path) -> Result<Option<T>> {
        match self.read(path) {
            Err(Unusable::Io(_, error)) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            answer => answer.map(Some),
        }
    }

    /// Removes a folder that need not exist.
    fn clear(&self, path: &Path) -> Result<()> {
        match std::fs::remove_dir_all(path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(self.io(path, error)),
            _ => Ok(()),
        }
    }

    fn sync(&self, folder: &Path) -> Result<()> {
        File::open(folder).and_then(|file| file.sync_all()).map_err(|error| self.io(folder, error))
    }

    fn io(&self, path: &Path, error: io::Error) -> Unusable {
        Unusable::Io(path.to_owned(), error)
    }
}

#[cfg(test)]
mod tests {
    use super::super::head::Identity;
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    fn store(folder: &tempfile::TempDir) -> Store {
        let store = Store::at(folder.path().join("seed"));
        store.prepare().expect("a folder");
        store
    }

    fn head(id: RunId, began: Timestamp) -> Head {
        Head {
            format: FORMAT,
            id,
            began,
            actor: "uid 0".to_owned(),
            manifest: "m.yaml".to_owned(),
            host: "db".to_owned(),
            schema: "motion2".to_owned(),
            database: Identity::of("x"),
            map: String::new(),
            add: 1,
            change: 0,
            remove: 0,
        }
    }

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + second).expect("a time")
    }

    #[test]
    fn runs_are_listed_from_the_newest_with_what_became_of_them() {
        let folder = tempfile::tempdir().expect("a folder");
        let store = store(&folder);
        let ids = [at(0), at(0), at(9)].map(|began| {
            let id = store.reserve(began).expect("a name");
            store.write(&head(id.clone(), began), &Record::default()).expect("written");
            id
        });
        assert_ne!(ids[0], ids[1], "two runs of one second");
        store.committed(&ids[0], at(1)).expect("a mark");
        store.undone(&ids[0], &Undone { at: at(2), actor: "uid 7".to_owned() }).expect("a mark");
        store.forget(&ids[1]).expect("gone");
        let (runs, unread) = store.list().expect("a list");
        assert!(unread.is_empty());
        assert_eq!(runs.iter().map(|run| &run.head.id).collect::<Vec<_>>(), [&ids[2], &ids[0]]);
        assert_eq!((runs[0].committed, runs[0].undone.is_some()), (None, false));
        assert_eq!((runs[1].committed, runs[1].undone.is_some()), (Some(at(1)), true));
        assert_eq!(store.record(&ids[2]).expect("rows"), Record::default());
    }

    #[test]
    fn the_oldest_go_where_there_are_too_many() {
        let folder = tempfile::tempdir().expect("a folder");
        let store = store(&folder);
        for second in 0..=KEPT as i64 {
            let id = store.reserve(at(second)).expect("a name");
            store.write(&head(id.clone(), at(second)), &Record::default()).expect("written");
            store.committed(&id, at(second)).expect("a mark");
        }
        let (runs, _) = store.list().expect("a list");
        assert_eq!((runs.len(), runs[KEPT - 1].head.began), (KEPT, at(1)));
    }

    #[test]
    fn a_folder_that_others_write_to_is_not_used() {
        let folder = tempfile::tempdir().expect("a folder");
        let store = store(&folder);
        std::fs::set_permissions(&store.folder, std::fs::Permissions::from_mode(0o770)).expect("a mode");
        assert!(matches!(store.list(), Err(Unusable::NotPrivate(_))));
        assert!(matches!(store.prepare(), Err(Unusable::NotPrivate(_))));
        let elsewhere = Store::at(folder.path().join("link"));
        std::os::unix::fs::symlink(&store.folder, &elsewhere.folder).expect("a link");
        assert!(matches!(elsewhere.prepare(), Err(Unusable::NotPrivate(_))));
    }

    #[test]
    fn what_is_not_complete_is_no_run() {
        let folder = tempfile::tempdir().expect("a folder");
        let store = store(&folder);
        let id = store.reserve(at(0)).expect("a name");
        assert_eq!(store.list().expect("a list").0, []);
        // And does not stand in the way of one.
        store.write(&head(id, at(0)), &Record::default()).expect("written");
        let (runs, unread) = store.list().expect("a list");
        assert_eq!((runs.len(), unread.len()), (1, 0));
    }
}
