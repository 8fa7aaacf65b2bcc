//! Whether the journal claims what the disk lacks.
//!
//! Invariant: only what the command itself recorded is held against the disk; what an administrator did to an older
//! run's files is no fault.

use super::super::scenario::run;
use motionctl::apply::History;
use motionctl::host::Root;
use motionctl::journal::{Event, JournalStep, StepVersion};
use motionctl::values::{Hash, TextPath};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// What the journal said before the command.
pub struct Claims {
    records: usize,
    files: BTreeMap<PathBuf, Vec<u8>>,
}

/// What is to be at a path.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Claim {
    File(StepVersion),
    Folder(bool),
}

impl Claims {
    pub fn new(start: &Path) -> Self {
        Self { records: records(start).expect("a sound journal").len(), files: files(start) }
    }

    /// Holds the journal and the backups against the disk.
    pub fn hold(&self, tree: &Path) -> Result<(), String> {
        let (mut steps, mut claims): (Vec<JournalStep>, BTreeMap<TextPath, Claim>) = Default::default();
        let records = records(tree)?;
        if records.len() < self.records {
            return Err(format!("{} records, and {} were there before", records.len(), self.records));
        }
        for event in &records[self.records..] {
            match event {
                Event::Started { steps: next, .. } => {
                    (steps, claims) = (next.clone(), BTreeMap::new());
                }
                Event::Recovering { steps: next, .. } => steps.clone_from(next),
                Event::Intent { step } => match steps.get(*step) {
                    // On its way: nothing is claimed of it.
                    Some(JournalStep::RestoreTree { .. }) => claims.clear(),
                    Some(step) => drop(claim(step).map(|(path, _)| claims.remove(&path))),
                    None => {}
                },
                Event::Done { step } => claims.extend(steps.get(*step).and_then(claim)),
                _ => {}
            }
        }
        for (path, claim) in &claims {
            let at = tree.join(path.as_str().trim_start_matches('/'));
            let there = match claim {
                Claim::File(_) => Claim::File(
                    fs::read(&at).map_or(StepVersion::Absent, |bytes| StepVersion::File(Hash::of(&bytes))),
                ),
                Claim::Folder(_) => Claim::Folder(at.is_dir()),
            };
            if there != *claim {
                return Err(format!(
                    "the journal claims {claim:?} of {}, and there is {there:?}",
                    path.as_str()
                ));
            }
        }
        self.effects_were_intended(tree, &records)?;
        backups(tree)
    }

    /// After the command: nothing of it is open.
    pub fn are_closed(&self, tree: &Path) -> Result<(), String> {
        let records = records(tree)?;
        match records.last() {
            None | Some(Event::Finished { .. }) if records.len() >= self.records => Ok(()),
            last => Err(format!("the command was over, and the journal ends with {last:?}")),
        }
    }

    /// Whether each file that is another now was to be changed, by what the journal says.
    fn effects_were_intended(&self, tree: &Path, records: &[Event]) -> Result<(), String> {
        let (mut steps, mut intended): (&[JournalStep], Vec<&JournalStep>) = Default::default();
        for event in records {
            match event {
                Event::Started { steps: next, .. } | Event::Recovering { steps: next, .. } => steps = next,
                Event::Intent { step } => intended.extend(steps.get(*step)),
                _ => {}
            }
        }
        let is_intended = |changed: &Path| {
            intended.iter().any(|step| match step {
                JournalStep::SetFile { path, .. } => Path::new(path.as_str()) == Path::new("/").join(changed),
                JournalStep::RestoreTree { .. } => true,
                JournalStep::MakeFolder { .. } | JournalStep::RemoveFolder { .. } | JournalStep::Reload => {
                    false
                }
            })
        };
        let now = files(tree);
        let changed =
            now.iter().filter(|(path, bytes)| self.files.get(*path) != Some(bytes)).map(|(path, _)| path);
        let gone = self.files.keys().filter(|path| !now.contains_key(*path));
        match changed.chain(gone).find(|path| !is_intended(path)) {
            Some(path) => {
                Err(format!("{} is another, and the journal has no intent of that", path.display()))
            }
            None => Ok(()),
        }
    }
}

/// The files of the configuration, but for what waits beside them.
fn files(tree: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let entries = walkdir::WalkDir::new(tree.join("etc")).into_iter().flatten();
    let files = entries.filter(|entry| entry.file_type().is_file());
    let shown = files.filter(|entry| !entry.file_name().as_encoded_bytes().starts_with(b"."));
    let path = |path: &Path| path.strip_prefix(tree).expect("below it").to_owned();
    shown.map(|entry| (path(entry.path()), fs::read(entry.path()).expect("reading"))).collect()
}

fn claim(step: &JournalStep) -> Option<(TextPath, Claim)> {
    Some(match step {
        JournalStep::SetFile { path, to, .. } => (path.clone(), Claim::File(to.clone())),
        JournalStep::MakeFolder { path } => (path.clone(), Claim::Folder(true)),
        JournalStep::RemoveFolder { path } => (path.clone(), Claim::Folder(false)),
        JournalStep::RestoreTree { .. } | JournalStep::Reload => return None,
    })
}

fn records(tree: &Path) -> Result<Vec<Event>, String> {
    let root = Root::at(tree).map_err(|error| error.to_string())?;
    let journal = History::look(&root).map_err(|error| format!("the journal: {error:#}"))?;
    Ok(journal.records.into_iter().map(|record| record.body).collect())
}

/// Every backup with a backup's name is whole, and so is the one that the journal names.
fn backups(tree: &Path) -> Result<(), String> {
    let verified = run(tree, &["backups", "verify"], 0).output;
    if !verified.status.success() {
        return Err(format!("backups verify: {verified:?}"));
    }
    let Some(Event::Started { backup, .. }) =
        records(tree)?.into_iter().rfind(|event| matches!(event, Event::Started { .. }))
    else {
        return Ok(());
    };
    let named = tree.join("var/backups/motionctl").join(backup.as_str());
    if named.is_dir() {
        Ok(())
    } else {
        Err(format!("the journal names the backup {backup}, which is not there"))
    }
}
