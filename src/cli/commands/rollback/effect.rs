//! What a way back means for people: the lines that change, the routes that go, and who is at work meanwhile.
//!
//! Invariant: looks only, and refuses nothing: who has to go back goes back.

use super::super::backups::lines;
use super::super::sessions::{Asked, Watch};
use crate::backup::Backup;
use crate::cli::args::DatabaseArgs;
use crate::cli::context::Context;
use crate::host::Root;
use crate::outcome::codes::{SESSIONS_ONLINE, SESSIONS_UNKNOWN};
use crate::outcome::{
    DirectiveChange, Failure, FailureKind, Finding, Level, Outcome, PlanCounts, first_of, sort_findings,
};
use crate::plan::{directive_changes, dropped_locations};
use crate::prepare::idle::is_about_sessions;
use crate::prepare::{is_record_at, unusable};
use crate::values::RootPath;
use nginx_config::{DirectiveId, Tree, redact_text};
use std::collections::BTreeSet;

/// So many routes that go are named.
const NAMED: usize = 4;
const NEW_CLIENT: &str = "the new client's route (/user-ui/)";

/// Files that go back to what a backup holds.
pub struct Effect<'a> {
    root: &'a Root,
    backup: &'a Backup,
    paths: Vec<RootPath>,
}

impl<'a> Effect<'a> {
    /// Of these files; what is kept for the next update is nothing that people notice.
    pub fn new(root: &'a Root, backup: &'a Backup, paths: impl IntoIterator<Item = RootPath>) -> Self {
        Self { root, backup, paths: paths.into_iter().filter(|path| !is_record_at(path)).collect() }
    }

    /// Puts the lines, the counts and what is lost into the answer.
    pub fn show(&self, outcome: &mut Outcome) -> Result<(), Failure> {
        let (live, kept) = (
            |path: &RootPath| lines::of_server(self.root, path),
            |path: &RootPath| lines::of_backup(self.backup, path),
        );
        lines::show(&self.paths, &live, &kept, outcome).map_err(unusable)?;
        let trees = self.trees();
        let directives: Vec<DirectiveChange> =
            trees.iter().flat_map(|(now, then)| directive_changes(now, then)).collect();
        if let Some(plan) = &mut outcome.plan {
            plan.diff.unified = outcome.comparisons.iter().map(crate::outcome::Comparison::unified).collect();
            plan.diff.directives = directives;
            plan.counts = Some(PlanCounts::of(outcome.comparisons.len(), &plan.diff));
        }
        if let Some(loss) = loss(&trees) {
            outcome.summarise([format!("this takes away again: {loss}")]);
            outcome.details.loss = Some(loss);
        }
        Ok(())
    }

    /// Paths of locations that only today's files have: what answers there goes with the change that brought it.
    pub fn gone(&self) -> BTreeSet<String> {
        self.trees().iter().flat_map(|(now, then)| dropped_locations(now, then)).collect()
    }

    fn trees(&self) -> Vec<(Tree, Tree)> {
        let tree = |bytes: Option<Vec<u8>>| Tree::parse(bytes.unwrap_or_default()).ok();
        let of_file = |path: &RootPath| {
            let now = tree(lines::of_server(self.root, path).ok()?)?;
            Some((now, tree(lines::of_backup(self.backup, path).ok()?)?))
        };
        self.paths.iter().filter_map(of_file).collect()
    }
}

/// The routes that go, which is what people notice; `None` where none does.
fn loss(trees: &[(Tree, Tree)]) -> Option<String> {
    let gone: BTreeSet<String> =
        trees.iter().flat_map(|(now, then)| &outermost(now, None) - &outermost(then, None)).collect();
    let is_new_clients = |uri: &&String| uri.starts_with("/user-ui");
    let others: Vec<&str> = gone.iter().filter(|uri| !is_new_clients(uri)).map(String::as_str).collect();
    let others = (!others.is_empty()).then(|| first_of(&others, NAMED));
    let new_client = gone.iter().any(|uri| is_new_clients(&uri)).then(|| NEW_CLIENT.to_owned());
    let parts: Vec<String> = new_client.into_iter().chain(others).collect();
    (!parts.is_empty()).then(|| redact_text(&parts.join(", ")))
}

/// Paths of the locations that lie in no other: what lies in one goes with it.
fn outermost(tree: &Tree, block: Option<DirectiveId>) -> BTreeSet<String> {
    let of_child = |id: &DirectiveId| {
        let directive = tree.directive(*id);
        match (directive.is("location"), directive.args.last()) {
            (true, Some(path)) => BTreeSet::from([path.text().into_owned()]),
            (true, None) => BTreeSet::new(),
            (false, _) => outermost(tree, Some(*id)),
        }
    };
    tree.children(block).iter().flat_map(of_child).collect()
}

/// Puts who is at work into the answer. A rollback is not refused for it; whoever makes it has to know.
///
/// # Errors
/// Where what was typed names no database.
pub fn look_at_sessions(
    context: &Context,
    args: &DatabaseArgs,
    outcome: &mut Outcome,
) -> Result<(), Failure> {
    let watch = match Watch::new(context, args) {
        Ok(watch) => watch,
        Err(wrong) if wrong.kind == FailureKind::Usage => return Err(wrong),
        Err(unread) => {
            let finding = Finding::new(SESSIONS_UNKNOWN, "who is logged in is not known");
            outcome.findings.push(finding.evidence(unread.message).advice("make sure of it yourself"));
            return Ok(());
        }
    };
    let asked = watch.ask(context);
    asked.show(outcome);
    let Asked { findings, .. } = asked;
    for mut finding in findings.into_iter().filter(is_about_sessions) {
        if finding.code == SESSIONS_ONLINE {
            finding.regrade(Level::Warn);
            finding.advice = "tell them, or wait until nobody is logged in: the reload cuts nobody off, and whoever works \
                              in the new client has to go back to the old one"
                .to_owned();
        }
        outcome.findings.push(finding);
    }
    sort_findings(&mut outcome.findings);
    Ok(())
}
