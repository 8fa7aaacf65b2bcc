//! Reads the manifests that the operator names.
//!
//! Invariant: standard input is called `<stdin>`; a file that is refused is a
//! [`Failure`] with every problem, and warnings become findings.

use crate::cli::args::seed::AsIfArgs;
use crate::cli::files::read_manifest;
use crate::outcome::{Failure, FailureKind, Outcome, counted};
pub use crate::seed::Text;
use crate::seed::manifest::{File, Validated, validate_for, validate_together};
use std::path::Path;

impl Text {
    /// Reads a manifest.
    pub fn read(path: &Path) -> Result<Self, Failure> {
        Self::read_as("manifest", path)
    }

    /// Reads a file like a manifest, which messages call otherwise.
    pub fn read_as(what: &str, path: &Path) -> Result<Self, Failure> {
        let (name, bytes) = read_manifest(path, what)?;
        Ok(Self { name, bytes })
    }

    /// Reads a site's file, where one is named.
    pub fn of_site(path: Option<&Path>) -> Result<Option<Self>, Failure> {
        path.map(|path| Self::read_as("site's file", path)).transpose()
    }

    /// Checks it, with the values of a site; what is wrong with it is in the answer.
    pub fn validated(&self, site: Option<&Self>) -> Validated {
        validate_for(self.file(), site.map(Self::file))
    }

    /// The manifest, without an error in it.
    pub fn valid(&self, site: Option<&Self>) -> Result<Validated, Failure> {
        valid(std::slice::from_ref(self), site)
    }
}

/// The manifest that these files are together, without an error in it.
pub fn valid(files: &[Text], site: Option<&Text>) -> Result<Validated, Failure> {
    let files: Vec<File<'_>> = files.iter().map(Text::file).collect();
    let mut validated = vec![validate_together(&files, site.map(Text::file))];
    match refusal(&validated) {
        Some(failure) => Err(failure),
        None => Ok(validated.remove(0)),
    }
}

/// Says which files an answer is about.
pub fn name_files(validated: &Validated, outcome: &mut Outcome) {
    let names = validated.source.names();
    if names.len() > 1
        && let Some(verdict) = outcome.verdict()
    {
        let verdict = format!("{verdict}; {} are read as one manifest", validated.source.name());
        outcome.set_verdict(verdict);
    }
    outcome.details.add("manifests", names);
}

/// The manifest that an answer is to be as if it had been applied, where one is named, with the values of a site.
pub fn as_if(args: &AsIfArgs) -> Result<Option<Validated>, Failure> {
    let Some(path) = &args.with else { return Ok(None) };
    let site = Text::of_site(args.with_site.as_deref())?;
    Text::read(path)?.valid(site.as_ref()).map(Some)
}

/// What refuses these files, if anything does.
pub fn refusal(files: &[Validated]) -> Option<Failure> {
    let errors = |file: &Validated| file.problems.iter().filter(|problem| problem.is_error()).count();
    let refused: Vec<_> = files.iter().filter(|file| errors(file) > 0).collect();
    if refused.is_empty() {
        return None;
    }
    let sections = refused.iter().flat_map(|file| {
        file.problems.iter().filter(|problem| problem.is_error()).map(|problem| file.source.section(problem))
    });
    let sections: Vec<_> = sections.collect();
    // A site's file has faults of its own.
    let mut names: Vec<&str> = sections.iter().map(|section| section.file.as_str()).collect();
    let mut seen = std::collections::BTreeSet::new();
    names.retain(|name| seen.insert(*name));
    let place = match names.as_slice() {
        [one] => (*one).to_owned(),
        [one, other] if refused.len() == 1 => format!("{one} and {other}"),
        names => counted(names.len(), "file"),
    };
    let message = format!("{} in {place}", counted(sections.len(), "problem"));
    let findings = files.iter().flat_map(Validated::findings).collect();
    let failure = Failure::new(FailureKind::Invalid, message).with_problems(sections);
    Some(failure.with_findings(findings))
}
