//! What the page shows, as the templates are given it.
//!
//! Invariant: numbers and words are decided here, and templates only place them.

use crate::outcome::{Finding, HostSection, Level, Outcome};
use serde::Serialize;

/// The whole page.
#[derive(Serialize)]
pub struct View<'a> {
    tool: &'static str,
    command: &'a str,
    written: Option<&'a str>,
    verdict: &'a str,
    host: Option<&'a HostSection>,
    findings: Vec<FindingView<'a>>,
}

#[derive(Serialize)]
struct FindingView<'a> {
    level: &'static str,
    finding: &'a Finding,
    meaning: &'static str,
}

impl<'a> View<'a> {
    /// The page of an answer.
    pub fn of(outcome: &'a Outcome, written: Option<&'a str>) -> Self {
        Self {
            tool: concat!("motionctl ", env!("CARGO_PKG_VERSION")),
            command: outcome.command,
            written,
            verdict: outcome.details.get("verdict").and_then(|text| text.as_str()).unwrap_or_default(),
            host: outcome.host.as_ref(),
            findings: outcome.findings.iter().map(finding).collect(),
        }
    }
}

fn finding(finding: &Finding) -> FindingView<'_> {
    let level = match finding.level {
        Level::Stop if finding.accepted => "accepted",
        Level::Stop => "stop",
        Level::Warn => "warn",
        Level::Info => "info",
    };
    FindingView { level, finding, meaning: finding.code.meaning() }
}
