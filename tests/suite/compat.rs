//! What older versions wrote is read for ever.
//!
//! Invariant: a sample in `fixtures/compat/` is never changed and never goes;
//! a new format adds samples of its own.

use motionctl::journal::{ActiveRun, FinishedRun, Journal, Status, StepState, encode};
use motionctl::plan::Plan;
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

/// Each journal of format 1: its whole records, its torn bytes, where it stands.
const JOURNALS_1: [(&str, usize, usize, &str); 15] = [
    ("between-two-files", 3, 0, "migrate forward, done pending pending"),
    ("failed", 14, 0, "migrate failed"),
    ("finished", 9, 0, "migrate applied"),
    ("finished-and-rolled-back", 20, 0, "rollback applied"),
    ("intended", 2, 0, "migrate forward, intended pending pending"),
    ("new-folders", 4, 0, "migrate forward, done intended pending pending"),
    ("proven", 8, 0, "migrate proven, done done done, reload"),
    ("recovering", 10, 0, "migrate recovering, done intended pending, reload"),
    ("recovering-twice", 11, 0, "migrate recovering, done pending pending, reload"),
    ("reloading", 6, 0, "migrate forward, done done intended, reload"),
    ("started", 1, 0, "migrate forward, pending pending pending"),
    ("torn", 2, 77, "migrate forward, intended pending pending"),
    ("torn-at-the-checksum", 3, 6, "migrate forward, done pending pending"),
    ("torn-into-zeros", 3, 64, "migrate forward, done pending pending"),
    ("whole-tree", 2, 0, "rollback forward, intended pending"),
];

#[test]
fn journals_of_format_1_are_read() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/compat/journal-1");
    let mut read = BTreeMap::new();
    for entry in fs::read_dir(&folder).expect("the samples").flatten() {
        let bytes = fs::read(entry.path()).expect("a sample");
        let name = entry.file_name().to_string_lossy().into_owned();
        let journal = Journal::decode(&bytes).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(journal.whole + journal.torn, bytes.len(), "{name}");
        let written: Vec<u8> = journal.records.iter().flat_map(encode).collect();
        assert_eq!(written, bytes[..journal.whole], "{name}: written otherwise than it was");
        read.insert(name, (journal.records.len(), journal.torn, stands(&journal.status)));
    }
    let expected =
        JOURNALS_1.map(|(name, records, torn, stands)| (name.to_owned(), (records, torn, stands.to_owned())));
    assert_eq!(read, BTreeMap::from(expected));
}

#[test]
fn saved_plans_of_format_1_are_read_and_written_as_they_were() {
    for (name, steps) in [("graft", 1), ("merge-with-local-include", 4)] {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("fixtures/compat/plan-1/{name}.json"));
        let bytes = fs::read(path).expect("a sample");
        let plan = Plan::from_json(&bytes).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(plan.steps.len(), steps, "{name}");
        assert_eq!(plan.to_json().as_bytes(), bytes, "{name}: written otherwise than it was");
    }
}

fn stands(status: &Status) -> String {
    match status {
        Status::Empty => "empty".to_owned(),
        Status::Active(ActiveRun { kind, phase, progress, reload_intended, .. }) => {
            let steps: Vec<_> = progress.iter().map(|step: &StepState| format!("{step:?}")).collect();
            let reload = if *reload_intended { ", reload" } else { "" };
            format!("{kind:?} {phase:?}, {}{reload}", steps.join(" ")).to_lowercase()
        }
        Status::Quiet(FinishedRun { kind, outcome, .. }) => format!("{kind:?} {outcome:?}").to_lowercase(),
    }
}
