//! What a change does to Motion's blocks, as findings.
//!
//! Invariant: each server block is named, and what is not alike stands there with its place; a change of nothing says
//! nothing.

use super::merge::to_https;
use crate::facts::Facts;
use crate::motion::{Bare, MadeForIt};
use crate::outcome::codes;
use crate::outcome::{Finding, Level};
use crate::plan::{BlockEffect, Migration};

/// What a change would do that people should know before it.
#[must_use]
pub fn effect_findings(facts: &Facts, migration: &Migration) -> Vec<Finding> {
    if migration.plan.is_empty() {
        return Vec::new();
    }
    let mut findings: Vec<Finding> = not_effective(migration)
        .into_iter()
        .chain(others_lost(migration))
        .chain(to_https(migration))
        .collect();
    for server in &facts.site.servers {
        if let Some(block) = migration.effect.blocks.get(&server.node) {
            findings.extend(unguarded(&server.label, block));
            findings.extend(differs(&server.label, block));
            findings.extend(bare(&server.label, block));
        }
    }
    findings
}

/// What would keep the new client from answering after the change.
fn not_effective(migration: &Migration) -> Option<Finding> {
    let title = "the new client would not be what answers after the change";
    let finding = Finding::graded(codes::ROUTES_ELSEWHERE, Level::Stop, title)
        .advice("remove what the evidence names, or let it serve the new client");
    let lines = migration.effect.not_effective.iter().cloned();
    (lines.len() > 0).then(|| finding.evidence_lines(lines))
}

/// What the change would take from other applications.
fn others_lost(migration: &Migration) -> Option<Finding> {
    let finding = Finding::new(codes::SITE_OTHERS_LOST, "other applications would not be reached any more")
        .advice("move their server blocks into files of their own, or take another --strategy");
    let lines = migration.effect.others_lost.iter().cloned();
    (lines.len() > 0).then(|| finding.evidence_lines(lines))
}

fn unguarded(label: &str, block: &BlockEffect) -> Option<Finding> {
    let title = "what decides who gets in today would not guard the new client";
    let finding = Finding::graded(codes::ROUTES_UNGUARDED, Level::Stop, title).advice(
        "copy it with --inherit-guards; where everybody may load the new client: --accept routes.unguarded",
    );
    listed(finding, label, &block.opened)
}

fn differs(label: &str, block: &BlockEffect) -> Option<Finding> {
    let title = "headers, limits or access rules of today's pages would not be those of the new client";
    let finding = Finding::new(codes::ROUTES_GUARDS_DIFFER, title)
        .advice("copy them with --inherit-guards, or set them in the server block");
    listed(finding, label, &block.differs)
}

fn listed(finding: Finding, label: &str, lines: &[String]) -> Option<Finding> {
    let lines = lines.iter().map(|line| format!("server {label}: {line}"));
    (lines.len() > 0).then(|| finding.evidence_lines(lines))
}

fn bare(label: &str, block: &BlockEffect) -> Option<Finding> {
    let Bare::Elsewhere(answered) = &block.bare else { return None };
    let level = match answered.made_for_it {
        MadeForIt::Yes => Level::Warn,
        MadeForIt::No => Level::Info,
    };
    let title = "/user-ui without its slash does not lead to the new client";
    Some(
        Finding::graded(codes::ROUTES_BARE_PATH, level, title)
            .evidence(format!("server {label}: /user-ui is answered by {}", answered.by))
            .advice("/user-ui/ and what is below it are served; let that location redirect to /user-ui/ if people type the path"),
    )
}
