//! What the live file lost against an older copy of it, as a finding.
//!
//! Invariant: nothing of a copy is taken; only block paths and headings of what is lost are shown, redacted.

use super::candidate::is_motion;
use super::carry::{OldCopy, carry};
use crate::facts::{RouteState, ServerRole};
use crate::host::Root;
use crate::inspect::{self, Inspection, OlderCopy};
use crate::outcome::codes;
use crate::outcome::{Finding, Level, LocalChange, counted_as};
use crate::plan::{Input, lost};
use jiff::Timestamp;

/// Lost things that are named one by one.
const MOST_NAMED: usize = 12;

/// Looks for copies; what could not be looked at goes to the notes.
pub fn older_copies(root: &Root, inspection: &Inspection, notes: &mut Vec<String>) -> Option<Finding> {
    let site = &inspection.facts.site.file;
    let copies = inspect::older_copies(root, &inspection.config, &inspection.facts);
    notes.extend(copies.unknown.iter().map(|line| format!("older copies of {}: {line}", site.display())));
    let mut with_loss = Vec::new();
    for copy in copies.found.iter().filter(|copy| is_motion(root, inspection, &copy.bytes)) {
        let input = Input { name: copy.path.as_str().to_owned(), bytes: copy.bytes.clone() };
        let found = carry(root, inspection, &OldCopy::File(input)).ok();
        let found = found.and_then(|carry| lost(&inspection.facts, &inspection.config, carry).ok());
        with_loss.extend(found.filter(|lost| !lost.is_empty()).map(|lost| (copy, lost)));
    }
    let (best, lost) = with_loss.first()?;
    let others = with_loss[1..].iter();
    let others = others.map(|(copy, lost)| format!("also {}: {}", dated(copy), counted(lost.len())));
    Some(finding(root, inspection, best, lost).evidence_lines(others))
}

fn finding(root: &Root, inspection: &Inspection, best: &OlderCopy, lost: &[LocalChange]) -> Finding {
    let mut serving =
        inspection.facts.site.servers.iter().filter(|server| server.role == ServerRole::ServesMotion);
    let is_served = serving.all(|server| server.new_client != RouteState::Missing);
    let text = String::from_utf8_lossy(&best.bytes);
    // The script brought the route: what the copy has and the live file lacks was lost with it.
    let level = if is_served && !text.contains("/user-ui") { Level::Warn } else { Level::Info };
    let title = "an older copy of Motion's file has what the live one lacks";
    let mut finding = Finding::graded(codes::SITE_OLDER_COPY, level, title)
        .at(best.path.as_str(), None)
        .evidence(format!("{}: {}", dated(best), counted(lost.len())));
    for one in lost.iter().take(MOST_NAMED) {
        let between = if one.path.is_empty() { "" } else { " / " };
        finding = finding.evidence(format!("  {}{between}{}", one.path, one.directive));
    }
    if lost.len() > MOST_NAMED {
        finding = finding.evidence(format!("  and {} more", lost.len() - MOST_NAMED));
    }
    finding.advice(format!("see what comes back with `motionctl plan{}`", arguments(root, best)))
}

/// ` --carry FILE`, with the root where there is one: operands are paths of this machine.
fn arguments(root: &Root, copy: &OlderCopy) -> String {
    let path = copy.path.as_str();
    if root.is_live() {
        return format!(" --carry {}", quoted(path));
    }
    let base = root.name().display().to_string();
    format!(" --root {} --carry {}", quoted(&base), quoted(&format!("{base}{path}")))
}

/// A word as a shell reads it back.
fn quoted(word: &str) -> String {
    let plain = word.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"/._-+~".contains(&byte));
    if plain { word.to_owned() } else { format!("'{}'", word.replace('\'', "'\\''")) }
}

fn dated(copy: &OlderCopy) -> String {
    let date = Timestamp::from_second(copy.modified).map(|time| time.strftime("%F").to_string());
    format!("{} of {}", copy.path.as_str(), date.unwrap_or_else(|_| "an unknown day".to_owned()))
}

fn counted(count: usize) -> String {
    counted_as(count, "thing is lost", "things are lost")
}
