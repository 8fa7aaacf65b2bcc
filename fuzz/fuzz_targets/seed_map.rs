//! Any text as a schema map.
//!
//! Invariant: a map is taken or refused with reasons that name the file; no text makes a name of the database that
//! could leave its quotes.
#![no_main]

use libfuzzer_sys::fuzz_target;
use motionctl::seed::map::Map;

fuzz_target!(|text: &str| {
    match Map::parse("map.toml", text) {
        Ok(map) => {
            let again = Map::parse("map.toml", text).expect("the same text");
            assert_eq!(format!("{map:?}"), format!("{again:?}"));
        }
        Err(error) => {
            assert!(!error.complaints.is_empty());
            assert!(error.complaints.iter().all(|complaint| complaint.starts_with("map.toml:")));
        }
    }
});
