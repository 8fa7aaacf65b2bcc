//! What the page shows, as the templates are given it.
//!
//! Invariant: numbers and words are decided in this room, and templates only place them.

use super::change::{Change, files};
use super::matrix::MatrixView;
use super::past::Past;
use super::rehearsal::Rehearsal;
use super::routing::{Pictured, pictures};
use super::sides::Sides;
use crate::outcome::{
    EffectSection, ErrorSection, Finding, HostSection, Level, NextStep, Outcome, OutcomeKind, ProblemSection,
    Row,
};
use crate::report::human::{database, verdict};
use serde::Serialize;

/// The whole page.
#[derive(Serialize)]
pub struct View<'a> {
    command: &'a str,
    written: Option<&'a str>,
    tone: &'static str,
    verdict: &'a str,
    summary: Option<&'a str>,
    host: Option<&'a HostSection>,
    error: Option<ErrorSection>,
    next: &'a [NextStep],
    findings: Vec<FindingView<'a>>,
    problems: &'a [ProblemSection],
    routing: Vec<Pictured>,
    change: Option<Change<'a>>,
    files: Vec<Sides>,
    matrix: Option<MatrixView<'a>>,
    rows: &'a [Row],
    takes_effect: &'a [EffectSection],
    rehearsal: Option<Rehearsal<'a>>,
    past: Past<'a>,
    environment: Vec<[String; 2]>,
    notes: &'a [String],
    not_seen: &'a [String],
}

#[derive(Serialize)]
struct FindingView<'a> {
    level: &'static str,
    finding: &'a Finding,
    meaning: &'static str,
    looked_for: &'static str,
}

impl<'a> View<'a> {
    /// The page of an answer.
    pub fn of(outcome: &'a Outcome, written: Option<&'a str>) -> Self {
        Self {
            command: outcome.command,
            written,
            tone: tone(outcome),
            verdict: verdict(outcome),
            summary: outcome.summary(),
            host: outcome.host.as_ref(),
            error: error(outcome),
            next: &outcome.next,
            findings: outcome.findings.iter().map(finding).collect(),
            problems: &outcome.problems,
            routing: outcome.routing.as_ref().map(pictures).unwrap_or_default(),
            change: Change::of(outcome),
            files: files(outcome),
            matrix: outcome.matrix.as_ref().map(MatrixView::of),
            rows: outcome.details.rows.as_deref().unwrap_or_default(),
            takes_effect: &outcome.takes_effect,
            rehearsal: Rehearsal::of(outcome),
            past: Past::of(&outcome.details),
            environment: environment(outcome),
            notes: outcome.details.notes.as_deref().unwrap_or_default(),
            not_seen: outcome.details.not_seen.as_deref().unwrap_or_default(),
        }
    }
}

/// `good`, `todo` where something is pending, `warn` where something stops it, `bad`. What a `report` found is what
/// counts, and not that it could be written.
fn tone(outcome: &Outcome) -> &'static str {
    let (kind, code) = match &outcome.details.found {
        Some(found) => (found.outcome, found.exit_code),
        None => (outcome.outcome, outcome.exit_code),
    };
    let pending = kind == OutcomeKind::ChangesPending;
    match code {
        0 | 2 if outcome.findings.iter().any(Finding::stops) => "warn",
        2 => "todo",
        0 if pending => "todo",
        0 => "good",
        3 => "warn",
        _ => "bad",
    }
}

fn error(outcome: &Outcome) -> Option<ErrorSection> {
    let of_report = || {
        let error = outcome.details.found.as_ref()?.error.clone()?;
        Some(ErrorSection { particulars: Vec::new(), causes: Vec::new(), ..error })
    };
    outcome.error.clone().or_else(of_report)
}

fn finding(finding: &Finding) -> FindingView<'_> {
    let level = match finding.level {
        Level::Stop if finding.accepted => "accepted",
        Level::Stop => "stop",
        Level::Warn => "warn",
        Level::Info => "info",
    };
    FindingView { level, finding, meaning: finding.code.meaning(), looked_for: finding.code.looked_for() }
}

/// What the answer was made with and about.
fn environment(outcome: &Outcome) -> Vec<[String; 2]> {
    let row = |name: &str, value: String| [name.to_owned(), value];
    let mut rows = vec![row("motionctl", env!("CARGO_PKG_VERSION").to_owned())];
    if let Some(host) = &outcome.host {
        let or_unknown = |version: &Option<String>| version.clone().unwrap_or_else(|| "not known".to_owned());
        rows.push(row("server", host.name.clone()));
        rows.push(row("operating system", host.os.clone()));
        rows.push(row("NGINX", or_unknown(&host.nginx)));
        rows.push(row("Motion", or_unknown(&host.motion)));
    }
    rows.extend(outcome.database.as_ref().map(|asked| row("database", database(asked))));
    rows.extend(outcome.plan.as_ref().map(|plan| row("Motion's NGINX file", plan.site.clone())));
    rows.extend(outcome.details.environment.iter().flatten().cloned());
    rows
}
