//! Where runs are kept: a folder for each, with what it is, its rows, and what became of it.
//!
//! Invariant: a folder has its name only when everything in it is on the disk. It is its user's alone, because what
//! stands there is written into the database again. Two runs never write in the same folder, so that no lock is needed.

use super::head::{Head, Undone};
use super::record::{FORMAT, Labels, Record, RecordWriter, Unit};
use crate::host::{PrivateFolder, Root};
use crate::outcome::{Failure, FailureKind};
use crate::values::{RootPath, RunId};
use jiff::Timestamp;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::fs::File;
use std::io::{self, BufReader, BufWriter, ErrorKind, Write};

/// As many runs are kept; the oldest go.
const KEPT: usize = 200;

const HEAD: &str = "run.json";
const ROWS: &str = "rows.json";
const COMMITTED: &str = "committed.json";
const UNDONE: &str = "undone.json";
/// Behind the name of what is not complete yet.
const UNFINISHED: &str = ".new";

/// The folder of all runs.
#[derive(Debug, Clone)]
pub struct Store {
    path: RootPath,
}

/// A run that is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptRun {
    pub head: Head,
    /// When its COMMIT had succeeded; nothing where nobody saw that.
    pub committed: Option<Timestamp>,
    /// What became of it.
    pub undone: Option<Undone>,
}

/// What in a folder cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("{what}: {why}")]
pub struct Unusable {
    what: String,
    why: io::Error,
}

impl From<Unusable> for Failure {
    fn from(error: Unusable) -> Self {
        let kind = match error.why.kind() {
            // It is somebody else's, no folder, or not what this version writes.
            ErrorKind::PermissionDenied | ErrorKind::InvalidInput | ErrorKind::InvalidData => {
                FailureKind::Refused
            }
            _ => FailureKind::Failed,
        };
        Self::new(kind, format!("the runs of seeding that are kept: {error}"))
    }
}

type Result<T> = std::result::Result<T, Unusable>;

impl Store {
    /// Runs that are kept in this folder, which need not exist.
    #[must_use]
    pub fn at(path: RootPath) -> Self {
        Self { path }
    }

    /// Makes the folder where there is none.
    ///
    /// # Errors
    /// When it cannot be made, or is not this user's.
    pub fn prepare(&self) -> Result<()> {
        let made = PrivateFolder::make_without_lock(&Root::live(), &self.path);
        made.map(|_| ()).map_err(|why| self.unusable("", why))
    }

    fn folder(&self) -> Result<PrivateFolder> {
        PrivateFolder::enter(&Root::live(), &self.path).map_err(|why| self.unusable("", why))
    }

    /// A name that no run has yet, and a place for it: two runs of one second have different ones.
    pub(super) fn reserve(&self, began: Timestamp) -> Result<RunId> {
        let folder = self.folder()?;
        let mut number = 0;
        loop {
            number += 1;
            let id = RunId::new(began, number);
            let place = unfinished(id.as_str());
            let made = folder.make_folder(&place).and_then(|_| match folder.folder(id.as_str()) {
                Err(error) if error.kind() == ErrorKind::NotFound => Ok(true),
                other => other.and_then(|_| folder.remove_folder(&place)).map(|()| false),
            });
            match made {
                Ok(true) => return Ok(id),
                Ok(false) => {}
                Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
                Err(why) => return Err(self.unusable(&place, why)),
            }
        }
    }

    /// Begins to keep a run; what an earlier try of it left is replaced. Its place is never away meanwhile: a name
    /// without one is free to whoever begins in the same second.
    pub(super) fn begin(&self, head: &Head) -> Result<UnfinishedRun<'_>> {
        let folder = self.folder()?;
        let id = head.id.as_str();
        let begin = || -> io::Result<_> {
            let run = match folder.make_folder(unfinished(id)) {
                Err(error) if error.kind() == ErrorKind::AlreadyExists => folder.folder(unfinished(id)),
                made => made,
            }?;
            empty(&run)?;
            clear(&folder, id)?;
            document(&run, HEAD, head)?;
            let rows = RecordWriter::new(BufWriter::new(run.create(ROWS)?));
            Ok((run, rows))
        };
        let (run, rows) = begin().map_err(|why| self.unusable(id, why))?;
        Ok(UnfinishedRun { store: self, id: head.id.clone(), folder, run, rows })
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
        let folder = self.folder()?;
        let write = || -> io::Result<()> {
            let run = folder.folder(id.as_str())?;
            remove(&run, &unfinished(name))?;
            document(&run, &unfinished(name), what)?;
            run.rename(unfinished(name), name)?;
            run.sync()
        };
        write().map_err(|why| self.unusable(&format!("{id}/{name}"), why))
    }

    /// Removes a run that was rolled back, and its place.
    pub(super) fn forget(&self, id: &RunId) -> Result<()> {
        let folder = self.folder()?;
        let cleared = clear(&folder, &unfinished(id.as_str())).and_then(|()| clear(&folder, id.as_str()));
        cleared.map_err(|why| self.unusable(id.as_str(), why))
    }

    /// Every run, the newest first, and what cannot be read.
    ///
    /// # Errors
    /// When the folder cannot be read, or is not this user's. That there is none means that there are no runs.
    pub fn list(&self) -> Result<(Vec<KeptRun>, Vec<Unusable>)> {
        let folder = match self.folder() {
            Err(error) if error.why.kind() == ErrorKind::NotFound => return Ok((Vec::new(), Vec::new())),
            folder => folder?,
        };
        let (mut runs, mut unread) = (Vec::new(), Vec::new());
        for name in folder.names().map_err(|why| self.unusable("", why))? {
            let Some(id) = name.to_str().and_then(|name| name.parse::<RunId>().ok()) else { continue };
            match kept(&folder, &id) {
                Ok(kept) => runs.push(kept),
                // Another run has removed it meanwhile.
                Err(error) if error.kind() == ErrorKind::NotFound => {}
                Err(why) => unread.push(self.unusable(id.as_str(), why)),
            }
        }
        runs.sort_by(|a, b| (b.head.began, b.head.id.as_str()).cmp(&(a.head.began, a.head.id.as_str())));
        Ok((runs, unread))
    }

    /// The rows of a run.
    ///
    /// # Errors
    /// When they cannot be read.
    pub fn record(&self, id: &RunId) -> Result<Record> {
        let record = self.folder()?.folder(id.as_str()).and_then(|run| read(&run, ROWS));
        record.map_err(|why| self.unusable(id.as_str(), why))
    }

    /// The oldest go where there are too many. What cannot be removed stays: nothing depends on it.
    fn prune(&self) {
        let (Ok((runs, _)), Ok(folder)) = (self.list(), self.folder()) else { return };
        for run in runs.iter().skip(KEPT) {
            self.forget(&run.head.id).ok();
        }
        // Places of runs that were killed before they wrote anything, or while they did.
        let Some(oldest) = runs.get(KEPT - 1).map(|run| run.head.id.as_str()) else { return };
        let names = folder.names().unwrap_or_default().into_iter().filter_map(|name| name.into_string().ok());
        for name in names.filter(|name| name.ends_with(UNFINISHED) && name.as_str() < oldest) {
            clear(&folder, &name).ok();
        }
    }

    fn unusable(&self, name: &str, why: io::Error) -> Unusable {
        let slash = if name.is_empty() { "" } else { "/" };
        Unusable { what: format!("{}{slash}{name}", self.path), why }
    }
}

/// A run whose rows are being written.
pub(in crate::seed) struct UnfinishedRun<'a> {
    store: &'a Store,
    id: RunId,
    folder: PrivateFolder,
    run: PrivateFolder,
    rows: RecordWriter<BufWriter<File>>,
}

impl UnfinishedRun<'_> {
    /// Begins a table, whose units follow. What cannot be written is told at the end.
    pub(super) fn table(&mut self, place: &str, columns: &[String]) {
        self.rows.table(place, columns);
    }

    pub(super) fn unit(&mut self, unit: &Unit) {
        self.rows.unit(unit);
    }

    /// Ends the rows, and gives the run its name.
    pub(super) fn finish(self, labels: &Labels) -> Result<()> {
        let Self { store, id, folder, run, rows } = self;
        let id = id.as_str();
        let finish = || -> io::Result<()> {
            rows.finish(labels)?.into_inner()?.sync_all()?;
            run.sync()?;
            folder.rename(unfinished(id), id)?;
            folder.sync()
        };
        finish().map_err(|why| store.unusable(id, why))
    }
}

fn unfinished(name: &str) -> String {
    format!("{name}{UNFINISHED}")
}

fn kept(folder: &PrivateFolder, id: &RunId) -> io::Result<KeptRun> {
    let run = folder.folder(id.as_str())?;
    let head: Head = read(&run, HEAD)?;
    if head.format != FORMAT || head.id != *id {
        let why = format!("this motionctl reads format {FORMAT} of {id}, not {} of {}", head.format, head.id);
        return Err(io::Error::new(ErrorKind::InvalidData, why));
    }
    Ok(KeptRun { head, committed: read_if_any(&run, COMMITTED)?, undone: read_if_any(&run, UNDONE)? })
}

fn document(folder: &PrivateFolder, name: &str, what: &impl Serialize) -> io::Result<()> {
    let mut file = BufWriter::new(folder.create(name)?);
    serde_json::to_writer(&mut file, what)?;
    file.write_all(b"\n")?;
    file.into_inner()?.sync_all()
}

fn read<T: DeserializeOwned>(folder: &PrivateFolder, name: &str) -> io::Result<T> {
    let file = BufReader::new(folder.open(name)?);
    serde_json::from_reader(file).map_err(|error| io::Error::new(ErrorKind::InvalidData, error))
}

fn read_if_any<T: DeserializeOwned>(folder: &PrivateFolder, name: &str) -> io::Result<Option<T>> {
    match read(folder, name) {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        answer => answer.map(Some),
    }
}

/// Removes a file that need not exist.
fn remove(folder: &PrivateFolder, name: &str) -> io::Result<()> {
    match folder.remove_file(name) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// Removes a run's folder, which need not exist, and the files in it.
fn clear(folder: &PrivateFolder, name: &str) -> io::Result<()> {
    let run = match folder.folder(name) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        run => run?,
    };
    empty(&run)?;
    folder.remove_folder(name)
}

/// Removes the files of a folder.
fn empty(folder: &PrivateFolder) -> io::Result<()> {
    folder.names()?.into_iter().try_for_each(|file| folder.remove_file(file))
}

#[cfg(test)]
mod tests {
    use super::super::head::Identity;
    use super::*;

    fn store(folder: &tempfile::TempDir) -> Store {
        let store = at_path(&folder.path().join("seed"));
        store.prepare().expect("a folder");
        store
    }

    fn at_path(path: &std::path::Path) -> Store {
        Store::at(RootPath::new(path).expect("an absolute path"))
    }

    /// Keeps a run that wrote nothing.
    fn keep(store: &Store, id: &RunId, began: Timestamp) {
        let run = store.begin(&head(id.clone(), began)).expect("a folder");
        run.finish(&Labels::new()).expect("written");
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
            keep(&store, &id, began);
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
    fn runs_that_begin_in_one_second_never_share_a_name() {
        let folder = tempfile::tempdir().expect("a folder");
        let store = store(&folder);
        let run = || {
            let id = store.reserve(at(0)).expect("a name");
            keep(&store, &id, at(0));
            id
        };
        let ids: Vec<RunId> = std::thread::scope(|scope| {
            let workers: Vec<_> =
                (0..4).map(|_| scope.spawn(|| (0..8).map(|_| run()).collect::<Vec<_>>())).collect();
            workers.into_iter().flat_map(|worker| worker.join().expect("no panic")).collect()
        });
        let distinct: std::collections::BTreeSet<_> = ids.iter().map(RunId::as_str).collect();
        assert_eq!(distinct.len(), 32);
    }

    #[test]
    fn the_oldest_go_where_there_are_too_many() {
        let folder = tempfile::tempdir().expect("a folder");
        let store = store(&folder);
        for second in 0..=KEPT as i64 {
            let id = store.reserve(at(second)).expect("a name");
            keep(&store, &id, at(second));
            store.committed(&id, at(second)).expect("a mark");
        }
        let (runs, _) = store.list().expect("a list");
        assert_eq!((runs.len(), runs[KEPT - 1].head.began), (KEPT, at(1)));
    }

    #[test]
    fn what_is_not_complete_is_no_run() {
        let folder = tempfile::tempdir().expect("a folder");
        let store = store(&folder);
        let id = store.reserve(at(0)).expect("a name");
        assert_eq!(store.list().expect("a list").0, []);
        // And does not stand in the way of one.
        keep(&store, &id, at(0));
        let (runs, unread) = store.list().expect("a list");
        assert_eq!((runs.len(), unread.len()), (1, 0));
    }
}
