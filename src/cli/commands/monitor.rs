//! A monitor's answer: the one line, its exit code, and the text file for Prometheus.
//!
//! Invariant: whatever fails, there is a line, and its exit code is one of the four that monitors know.

use crate::cli::files::write_public;
use crate::host::clock;
use crate::outcome::codes;
use crate::outcome::{CheckReason, CheckSection, Failure, FailureKind, Outcome};
use crate::watch::{Reason, Seen, Verdict, figures, judge};
use std::path::Path;

/// Puts the verdict into the answer.
pub fn answer(outcome: &mut Outcome, verdict: &Verdict) {
    let reason = |reason: &Reason| CheckReason {
        state: reason.grade.word(),
        kind: reason.kind,
        text: reason.text.clone(),
    };
    outcome.exit_code = verdict.grade.exit_code();
    outcome.details.check = Some(CheckSection {
        state: verdict.grade.word(),
        line: verdict.line(),
        reasons: verdict.reasons.iter().map(reason).collect(),
    });
}

/// The line of an answer that has one.
pub fn line(outcome: &Outcome) -> Option<&str> {
    outcome.details.check.as_ref().map(|check| check.line.as_str())
}

/// Gives a check that failed before it could look its line.
pub fn could_not_look(outcome: &mut Outcome) {
    if outcome.details.check.is_some() {
        return;
    }
    let mut seen = Seen::default();
    why_not(&mut seen, outcome);
    answer(outcome, &judge(&seen));
}

/// What a failure to look means for the verdict: a configuration that NGINX refuses is known to be bad; whatever else
/// keeps from looking is not known to be anything.
pub fn why_not(seen: &mut Seen, outcome: &Outcome) {
    let message = outcome.error.as_ref().map_or("could not look", |error| error.message.as_str()).to_owned();
    let broken = outcome.findings.iter().any(|finding| finding.code == codes::NGINX_CONFIG_BROKEN);
    let is = |kind: FailureKind| kind.exit_code() == outcome.exit_code;
    let drifted = seen.drifted.as_ref().is_some_and(|files| !files.is_empty());
    match broken {
        true => seen.broken = Some(message),
        // Files that were changed, and no plan without a decision: whatever is gone does not come back by itself.
        false if is(FailureKind::NeedsOperator) || (is(FailureKind::Refused) && drifted) => {
            seen.faults.push(message)
        }
        false => seen.unknown.push(message),
    }
}

/// Writes the figures for Prometheus.
///
/// # Errors
/// When the file cannot be written.
pub fn write_figures(file: &Path, seen: &Seen) -> Result<(), Failure> {
    let now = clock::now().as_second();
    let text = figures(seen, &judge(seen), env!("CARGO_PKG_VERSION"), now);
    write_public(file, text.as_bytes())
}
