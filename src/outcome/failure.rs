//! Typed failures: the variant says what state the server is in.

use super::{Finding, ProblemSection};
use std::fmt;

/// Why a run did not do what was asked, and what that leaves on the server.
#[derive(Debug)]
pub struct Failure {
    /// The state the server is in, and with it the exit code.
    pub kind: FailureKind,
    /// Operation, path and cause; lower case, no full stop.
    pub message: String,
    /// What the reader can do about it, apart from the message.
    pub hint: Option<String>,
    /// What only few want to know of it, such as hashes; behind a pointer, as failures are passed on by value.
    pub particulars: Option<Box<Particulars>>,
    /// Findings gathered before the failure.
    pub findings: Vec<Finding>,
    /// What is wrong with a file that the operator wrote.
    pub problems: Vec<ProblemSection>,
    /// The error that it comes from, as it was. It is not `source()` of the standard library: the message says all of it
    /// in words, and would say it twice.
    pub source: Option<anyhow::Error>,
}

/// Lines of a failure that only few want to read.
#[derive(Debug)]
pub struct Particulars(pub Vec<String>);

/// The state that a [`Failure`] leaves behind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FailureKind {
    /// Nothing was changed (exit 1).
    Failed,
    /// A person said no, or ended it before anything was changed (exit 1).
    Cancelled,
    /// A guard, a conflict, a stale plan or the lock said no (exit 3).
    Refused,
    /// The change failed; the old state is back and proven (exit 4).
    RolledBack,
    /// A person must look; disk and server may disagree (exit 5).
    NeedsOperator,
    /// The command line makes no sense (exit 64).
    Usage,
    /// Input does not parse or validate (exit 65).
    Invalid,
    /// Something that had to be looked at could not be (exit 69).
    Unavailable,
}

impl FailureKind {
    /// The exit code of the contract.
    #[must_use]
    pub fn exit_code(self) -> u8 {
        match self {
            Self::Failed | Self::Cancelled => 1,
            Self::Refused => 3,
            Self::RolledBack => 4,
            Self::NeedsOperator => 5,
            Self::Usage => 64,
            Self::Invalid => 65,
            Self::Unavailable => 69,
        }
    }
}

impl Failure {
    /// A failure of `kind` with its message.
    pub fn new(kind: FailureKind, message: impl Into<String>) -> Self {
        Self {
            kind,
            message: message.into(),
            hint: None,
            particulars: None,
            findings: Vec::new(),
            problems: Vec::new(),
            source: None,
        }
    }

    /// A failure of `kind` from an error, its chain in words.
    #[must_use]
    pub fn from_error(kind: FailureKind, error: impl Into<anyhow::Error>) -> Self {
        let error = error.into();
        let message = in_words(&error);
        Self { source: Some(error), ..Self::new(kind, message) }
    }

    /// The error that it comes from and what caused that one, each alone.
    #[must_use]
    pub fn causes(&self) -> Vec<String> {
        self.source.iter().flat_map(|error| error.chain()).map(ToString::to_string).collect()
    }

    /// The same failure with advice.
    #[must_use]
    pub fn with_hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// The same failure with what only few want to know.
    #[must_use]
    pub fn with_particulars(mut self, lines: Vec<String>) -> Self {
        self.particulars = Some(Box::new(Particulars(lines)));
        self
    }

    /// The same failure with what is wrong in a file, place by place.
    #[must_use]
    pub fn with_problems(mut self, problems: Vec<ProblemSection>) -> Self {
        self.problems = problems;
        self
    }

    /// The same failure with the findings that led to it.
    #[must_use]
    pub fn with_findings(mut self, findings: Vec<Finding>) -> Self {
        self.findings = findings;
        self
    }
}

/// The chain of an error, joined by colons. A cause that the error before it has said already is not said again.
#[must_use]
pub fn in_words(error: &anyhow::Error) -> String {
    let mut words = String::new();
    for cause in error.chain().map(ToString::to_string) {
        if words.is_empty() {
            words = cause;
        } else if !words.ends_with(&cause) {
            words = format!("{words}: {cause}");
        }
    }
    words
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Failure {}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("opening `/x`: {source}")]
    struct Opening {
        source: std::io::Error,
    }

    #[test]
    fn a_cause_that_was_said_is_not_said_again() {
        let opening = || Opening { source: std::io::Error::other("no room") };
        for (error, words) in [
            (anyhow::Error::from(opening()), "opening `/x`: no room"),
            (anyhow::Error::from(opening()).context("backing up"), "backing up: opening `/x`: no room"),
            (anyhow::anyhow!("no room").context("writing"), "writing: no room"),
            (anyhow::anyhow!("no room"), "no room"),
        ] {
            assert_eq!(in_words(&error), words);
        }
    }
}
