//! Reads the manifests that the operator names.
//!
//! Invariant: standard input is called `<stdin>`; a file that is refused is a
//! [`Failure`] with every problem, and warnings become findings.

use crate::cli::files::read_manifest;
use crate::outcome::{Failure, FailureKind, counted};
use crate::seed::manifest::{self, Validated};
use std::path::Path;

/// Reads and checks a file; what is wrong with it is in the answer.
pub fn read(path: &Path) -> Result<Validated, Failure> {
    let (name, bytes) = read_manifest(path)?;
    Ok(manifest::validate(&bytes, &name))
}

/// The manifest that an answer is to be as if it had been applied, where one is named.
pub fn as_if(path: Option<&Path>) -> Result<Option<Validated>, Failure> {
    let Some(path) = path else { return Ok(None) };
    let (name, bytes) = read_manifest(path)?;
    valid(&bytes, &name).map(Some)
}

/// The manifest, without an error in it.
pub fn valid(bytes: &[u8], name: &str) -> Result<Validated, Failure> {
    let mut files = vec![manifest::validate(bytes, name)];
    match refusal(&files) {
        Some(failure) => Err(failure),
        None => Ok(files.remove(0)),
    }
}

/// What refuses these files, if anything does.
pub fn refusal(files: &[Validated]) -> Option<Failure> {
    let errors = |file: &Validated| file.problems.iter().filter(|problem| problem.is_error()).count();
    let refused: Vec<_> = files.iter().filter(|file| errors(file) > 0).collect();
    let count: usize = refused.iter().map(|file| errors(file)).sum();
    let message = match (refused.as_slice(), count) {
        ([], _) => return None,
        ([file], _) => format!("{} in {}", counted(count, "problem"), file.source.name()),
        (files, _) => format!("{} in {}", counted(count, "problem"), counted(files.len(), "file")),
    };
    let sections = refused.iter().flat_map(|file| {
        file.problems.iter().filter(|problem| problem.is_error()).map(|problem| file.source.section(problem))
    });
    let findings = files.iter().flat_map(Validated::findings).collect();
    let failure = Failure::new(FailureKind::Invalid, message).with_problems(sections.collect());
    Some(failure.with_findings(findings))
}
