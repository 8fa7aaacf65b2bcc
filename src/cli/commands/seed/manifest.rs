//! Reads the manifests that the operator names.
//!
//! Invariant: standard input is called `<stdin>`; a file that is refused is a
//! [`Failure`] with every problem, and warnings become findings.

use crate::cli::files::read_manifest;
use crate::outcome::{Failure, FailureKind};
use crate::seed::manifest::{self, Validated};
use std::path::Path;

/// Reads and checks a file; what is wrong with it is in the answer.
pub fn read(path: &Path) -> Result<Validated, Failure> {
    let (name, bytes) = read_manifest(path)?;
    Ok(manifest::validate(&bytes, &name))
}

/// What refuses these files, if anything does.
pub fn refusal(files: &[Validated]) -> Option<Failure> {
    let errors = |file: &Validated| file.problems.iter().filter(|problem| problem.is_error()).count();
    let refused: Vec<_> = files.iter().filter(|file| errors(file) > 0).collect();
    let count: usize = refused.iter().map(|file| errors(file)).sum();
    let message = match (refused.as_slice(), count) {
        ([], _) => return None,
        ([file], 1) => format!("1 problem in {}", file.source.name()),
        ([file], _) => format!("{count} problems in {}", file.source.name()),
        (files, _) => format!("{count} problems in {} files", files.len()),
    };
    let sections = refused.iter().flat_map(|file| {
        file.problems.iter().filter(|problem| problem.is_error()).map(|problem| file.source.section(problem))
    });
    let findings = files.iter().flat_map(Validated::findings).collect();
    let failure = Failure::new(FailureKind::Invalid, message).with_problems(sections.collect());
    Some(failure.with_findings(findings))
}
