//! Conflicts of a merge, as findings and as a refusal.
//!
//! Invariant: both versions are shown with their places; none is chosen here.

use super::options::Options;
use crate::outcome::{Failure, FailureKind, Finding, codes, excerpt};
use crate::plan::{Conflicts, Migration, Strategy};
use nginx_config::diff::Version;
use nginx_config::merge::{Cause, Choice, Conflict, Doubt, From};

/// Conflicts that nobody decided: there is no plan.
pub fn refused(conflicts: &Conflicts) -> Failure {
    let count = conflicts.conflicts.len();
    let message = match count {
        1 => "1 conflict is not decided".to_owned(),
        count => format!("{count} conflicts are not decided"),
    };
    let path = conflicts.conflicts.first().map_or_else(String::new, |conflict| conflict.path.clone());
    let hint = format!(
        "--resolve '{path}=ours' keeps this server's text there, =theirs takes the vendor's; --accept \
         merge.conflict=ours decides all so; --strategy graft merges nothing"
    );
    let finding = finding(&conflicts.conflicts, "both sides changed the same directives");
    Failure::new(FailureKind::Refused, message).with_hint(hint).with_findings(vec![finding])
}

/// A block of the vendor's could be several of ours: there is no plan.
pub fn ambiguous(doubts: &[Doubt]) -> Failure {
    let lines = doubts.iter().map(|doubt| {
        let file = match doubt.from {
            From::Base => "the base",
            From::Theirs => "the new file",
        };
        let fits = doubt.fits.iter().map(|(block, at)| format!("{block} (line {})", at.line));
        format!("{} of {file} could be {}", doubt.block, fits.collect::<Vec<_>>().join(" or "))
    });
    let finding =
        Finding::new(codes::MERGE_AMBIGUOUS, "a server block of the vendor's file could be several here")
            .advice("choose one with --server NAME[:PORT]")
            .evidence_lines(lines);
    Failure::new(FailureKind::Refused, "it cannot be told which server block the new file is for")
        .with_hint("--server NAME[:PORT] chooses; --strategy graft merges nothing")
        .with_findings(vec![finding])
}

/// Who is sent to HTTPS by the change.
pub fn to_https(migration: &Migration) -> Option<Finding> {
    let title = "the change sends people to HTTPS who are served without it now";
    let finding = Finding::new(codes::ROUTES_TO_HTTPS, title)
        .advice("make sure that all clients can use HTTPS, then --accept routes.to-https");
    let ways = &migration.to_https;
    (!ways.is_empty() && !migration.plan.is_empty())
        .then(|| finding.evidence_lines(ways.iter().map(ToString::to_string)))
}

/// What was decided, and decisions that no conflict asked for.
pub fn merge_findings(migration: &Migration, options: &Options) -> Vec<Finding> {
    let mut findings = Vec::new();
    if !migration.resolved.is_empty() {
        let mut finding = finding(&migration.resolved, "conflicts were resolved as you said");
        finding.accepted = true;
        findings.push(finding);
    }
    if !migration.unused_resolutions.is_empty() {
        findings.push(
            Finding::new(codes::MERGE_UNUSED_RESOLUTION, "a resolution decides nothing")
                .advice("check the path against the conflicts and the diff")
                .evidence_lines(&migration.unused_resolutions),
        );
    }
    if !migration.untaken.is_empty() {
        findings.push(
            Finding::new(codes::MERGE_UNUSED_RESOLUTION, "a path to take fits nothing that is offered")
                .advice("check the path against the list of what is offered")
                .evidence_lines(&migration.untaken),
        );
    }
    if !migration.stays.is_empty() {
        let title = "some local changes cannot move to the local include";
        findings.push(Finding::new(codes::MERGE_STAYS_IN_PLACE, title).evidence_lines(&migration.stays));
    }
    let is_merge = migration.plan.strategy == Strategy::Merge.name();
    if options.candidate.is_some() && is_merge && migration.base.is_none() && !migration.plan.is_empty() {
        findings.push(
            Finding::new(codes::MERGE_BASE_UNKNOWN, "what the live file descends from is not known")
                .advice("name the vendor's file that it was made from with --base FILE; without it whatever differs is a conflict"),
        );
    }
    findings
}

fn finding(conflicts: &[Conflict], title: &str) -> Finding {
    let finding = Finding::new(codes::MERGE_CONFLICT, title).advice(
        "decide each: `--resolve 'PATH=ours'` keeps this server's text, `--resolve 'PATH=theirs'` takes the vendor's; \
         --accept merge.conflict=ours (or theirs) decides all",
    );
    conflicts.iter().fold(finding, |finding, conflict| {
        let shown = |name: &str, version: &Option<Version>| match version {
            Some(version) => {
                format!("{name} (line {}): {}", version.position.line, one_line(&version.text))
            }
            None => format!("{name}: not there"),
        };
        let choice = match conflict.choice {
            Some(Choice::Ours) => ", this server's is taken",
            Some(Choice::Theirs) => ", the vendor's is taken",
            None => "",
        };
        finding
            .evidence(format!("{}: {}{choice}", conflict.path, cause(conflict.cause)))
            .evidence(format!("  {}", shown("this server's", &conflict.ours)))
            .evidence(format!("  {}", shown("the vendor's", &conflict.theirs)))
    })
}

/// A directive on one line; a long block is cut.
pub fn one_line(text: &str) -> String {
    const LONGEST: usize = 160;
    excerpt(text, LONGEST)
}

fn cause(cause: Cause) -> &'static str {
    match cause {
        Cause::BothChanged => "both sides changed it",
        Cause::BothAdded => "both sides added it, differently",
        Cause::RemovedByTheirs => "the new file removes what was changed here",
        Cause::RemovedByOurs => "the new file changes what was removed here",
        Cause::Order => "both sides put something at the same place of an ordered list",
        Cause::Dead => "it would never be reached: the new file answers every request to this block first",
        Cause::UsedByTheirs => "the new file uses what was removed here",
    }
}
