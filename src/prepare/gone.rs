//! Whether a record of local changes was left once, and which backup still has it.
//!
//! Invariant: told from the journal alone, so that a server on which an older version made the changes, which left no
//! such record, is not said to have lost one.

use crate::apply::History;
use crate::backup::{CONTENT, Entry, Manifest, Store};
use crate::host::Root;
use crate::journal::{Event, JournalStep, RunOutcome, StepVersion};
use crate::plan::RecordPaths;
use crate::values::TextPath;

/// Whether the newest run that is over and touched this file left one there.
pub fn was_left(root: &Root, path: &TextPath) -> bool {
    let Ok(journal) = History::look(root) else { return false };
    let mut left = false;
    let mut steps: &[JournalStep] = &[];
    for record in &journal.records {
        match &record.body {
            Event::Started { steps: started, .. } => steps = started,
            // It stands until it is undone; then its end says so.
            Event::AwaitingConfirmation => left = after(root, path, steps, RunOutcome::Applied, left),
            Event::Finished { outcome } => left = after(root, path, steps, *outcome, left),
            _ => {}
        }
    }
    left
}

/// Whether the file is there after a run with these steps has ended so.
fn after(root: &Root, path: &TextPath, steps: &[JournalStep], outcome: RunOutcome, before: bool) -> bool {
    steps.iter().fold(before, |left, step| match step {
        JournalStep::SetFile { path: touched, from, to } if touched == path => {
            let version = if outcome == RunOutcome::Applied { to } else { from };
            matches!(version, StepVersion::File(_))
        }
        JournalStep::RestoreTree { backup } if outcome == RunOutcome::Applied => {
            let manifest = Store::new(root).open(backup).ok().map(|backup| backup.manifest);
            let covered = manifest.filter(|manifest| manifest.covers(path) || manifest.roots.contains(path));
            covered.map_or(left, |manifest| manifest.entries.contains_key(path.as_path()))
        }
        _ => left,
    })
}

/// How what belongs together comes back from the newest backup that has this file: one command for each.
pub fn held_by(root: &Root, record: &RecordPaths, wanted: &TextPath) -> Vec<String> {
    let store = Store::new(root);
    let content = |manifest: &Manifest, path: &TextPath| match manifest.entries.get(path.as_path()) {
        Some(Entry::File { sha256, .. }) => {
            Some(format!("{}/{CONTENT}/{sha256}", store.path_of(&manifest.id)))
        }
        _ => None,
    };
    let backups = store.list().map(|listing| listing.backups).unwrap_or_default();
    let Some(newest) = backups.iter().find(|backup| content(&backup.manifest, wanted).is_some()) else {
        return Vec::new();
    };
    let found = [&record.patch, &record.base].map(|path| Some((path, content(&newest.manifest, path)?)));
    let copies =
        found.into_iter().flatten().map(|(path, from)| format!("  install -m 600 {from} {}", path.as_str()));
    let said = format!("backup {} has it as it was before that run:", newest.manifest.id);
    std::iter::once(said).chain(copies).collect()
}
