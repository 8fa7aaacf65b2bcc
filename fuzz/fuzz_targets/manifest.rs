//! Any bytes as a manifest: reading never panics, and what is said about them
//! points into them.
//!
//! Invariant: a manifest comes back exactly where there is no error.
#![no_main]

use libfuzzer_sys::fuzz_target;
use motionctl::seed::manifest::{Problem, validate};

fuzz_target!(|bytes: &[u8]| {
    let file = validate(bytes, "manifest.yaml");
    assert_eq!(file.manifest.is_none(), file.problems.iter().any(Problem::is_error));
    assert!(file.problems.is_sorted_by_key(|problem| problem.place));
    for problem in &file.problems {
        assert!(problem.place.line > 0 && problem.place.column > 0);
        assert_eq!(file.source.excerpt(problem.place).len(), 2);
    }
    let _ = file.findings();
});
