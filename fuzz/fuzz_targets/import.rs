//! Any bytes as a table of agents, CSV or workbook.
//!
//! Invariant: a table that is taken becomes a manifest without an error, which says the same when it is read again; a
//! table is read the same each time.
#![no_main]

use libfuzzer_sys::fuzz_target;
use motionctl::seed::import::{ImportRequest, import};
use motionctl::seed::manifest::{Problem, validate};

fuzz_target!(|bytes: &[u8]| {
    let request = ImportRequest { name: "agents.csv", bytes, sheet: None, ignored: &[] };
    let (first, second) = (import(&request), import(&request));
    assert_eq!(first.is_ok(), second.is_ok());
    let (Ok(first), Ok(second)) = (first, second) else { return };
    assert_eq!(first.text, second.text);
    assert!(!first.validated.problems.iter().any(Problem::is_error));
    let read = validate(first.text.as_bytes(), "manifest.yaml");
    let (Some(ours), Some(read)) = (&first.validated.manifest, &read.manifest) else {
        panic!("an imported manifest has no error: {}", first.text)
    };
    assert_eq!(ours.agents, read.agents);
    assert_eq!(ours.profiles, read.profiles);
    assert!(read.queues.is_empty() && read.moves.is_empty() && read.permissions.is_empty());
});
