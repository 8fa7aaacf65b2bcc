//! What a way back means for people: the lines that change, the routes that go, and who is at work meanwhile.
//!
//! Invariant: looks only, and refuses nothing: who has to go back goes back.

use super::super::backups::{failure, lines};
use super::super::sessions::{Asked, Watch, is_about_sessions};
use super::planning::is_record_at;
use crate::backup::Backup;
use crate::cli::args::DatabaseArgs;
use crate::cli::context::Context;
use crate::host::Root;
use crate::outcome::codes::SESSIONS_ONLINE;
use crate::outcome::{DirectiveChange, Failure, Level, Outcome, PlanCounts, sort_findings};
use crate::plan::{directive_changes, dropped_locations};
use crate::values::RootPath;
use nginx_config::{DirectiveId, Tree};
use std::collections::BTreeSet;

/// So many routes that go are named.
const NAMED: usize = 4;

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
        lines::show(&self.paths, &live, &kept, outcome).map_err(failure)?;
        let directives: Vec<DirectiveChange> =
            self.trees().iter().flat_map(|(now, then)| directive_changes(now, then)).collect();
        if let Some(plan) = &mut outcome.plan {
            plan.diff.unified = outcome.comparisons.iter().map(crate::outcome::Comparison::unified).collect();
            plan.diff.directives = directives;
            plan.counts = Some(PlanCounts::of(outcome.comparisons.len(), &plan.diff));
        }
        if let Some(loss) = self.loss() {
            outcome.details.insert("loss".to_owned(), loss.clone().into());
            outcome.details.insert("summary".to_owned(), loss.into());
        }
        Ok(())
    }

    /// Paths of locations that only today's files have: what answers there goes with the change that brought it.
    pub fn gone(&self) -> BTreeSet<String> {
        self.trees().iter().flat_map(|(now, then)| dropped_locations(now, then)).collect()
    }

    /// What people will notice; `None` where no route goes.
    pub fn loss(&self) -> Option<String> {
        let trees = self.trees();
        let gone: BTreeSet<String> =
            trees.iter().flat_map(|(now, then)| &outermost(now, None) - &outermost(then, None)).collect();
        let is_new_clients = |uri: &&String| uri.starts_with("/user-ui");
        let others: Vec<&str> = gone.iter().filter(|uri| !is_new_clients(uri)).map(String::as_str).collect();
        let others = match others.len() {
            0 => None,
            count if count <= NAMED => Some(others.join(", ")),
            count => Some(format!("{} and {} more", others[..NAMED].join(", "), count - NAMED)),
        };
        match (gone.iter().any(|uri| is_new_clients(&uri)), others) {
            (true, None) => Some("the new client's route (/user-ui/) goes away again".to_owned()),
            (true, Some(others)) => {
                Some(format!("the new client's route (/user-ui/) goes away again, and {others}"))
            }
            (false, Some(others)) => Some(format!("these locations go: {others}")),
            (false, None) => None,
        }
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
pub fn look_at_sessions(
    context: &Context,
    args: &DatabaseArgs,
    outcome: &mut Outcome,
) -> Result<(), Failure> {
    let asked = Watch::new(context, args)?.ask(context);
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
