//! What a change does, as the templates are given it: steps, directives by block, local changes, what is offered.
//!
//! Invariant: every directive of the difference is in one group, and every local change in one list.

use super::sides::{Sides, sides};
use crate::outcome::{
    DirectiveChange, LocalChange, LocalChanges, OfferKind, Offered, Outcome, PlanSection, StepKind,
    StepSection, counted,
};
use crate::report::blocks::grouped;
use serde::Serialize;

/// The plan.
#[derive(Serialize)]
pub struct Change<'a> {
    plan: &'a PlanSection,
    steps: Vec<Step<'a>>,
    counts: Option<String>,
    blocks: Vec<Block<'a>>,
    local: Option<Local<'a>>,
    guess: Option<Local<'a>>,
    taken: Vec<Offer<'a>>,
    offered: Vec<Offer<'a>>,
}

#[derive(Serialize)]
struct Step<'a> {
    step: &'a StepSection,
    what: &'static str,
}

/// The directives of one block that differ.
#[derive(Serialize)]
struct Block<'a> {
    path: &'a str,
    directives: Vec<Directive<'a>>,
}

#[derive(Serialize)]
struct Directive<'a> {
    sign: &'static str,
    kind: &'static str,
    change: &'a DirectiveChange,
}

/// Four lists of local changes.
#[derive(Serialize)]
struct Local<'a> {
    title: String,
    count: String,
    lists: Vec<LocalList<'a>>,
}

#[derive(Serialize)]
struct LocalList<'a> {
    kind: &'static str,
    meaning: &'static str,
    changes: &'a [LocalChange],
}

#[derive(Serialize)]
struct Offer<'a> {
    sign: &'static str,
    offer: &'a Offered,
}

impl<'a> Change<'a> {
    /// The plan of an answer.
    pub fn of(outcome: &'a Outcome) -> Option<Self> {
        let plan = outcome.plan.as_ref()?;
        let guess = plan
            .differences_from_guess
            .as_ref()
            .and_then(|guess| Local::of(format!("Differences from a guess: {}", guess.base), &guess.lists));
        let counts = outcome.plan_in_counts();
        Some(Self {
            plan,
            steps: plan.steps.iter().map(|step| Step { step, what: what(step) }).collect(),
            counts: (!counts.is_empty()).then(|| counts.join("; ")),
            blocks: blocks(&plan.diff.directives),
            local: Local::of("Local changes".to_owned(), &plan.local_changes),
            guess,
            taken: plan.taken.iter().map(offer).collect(),
            offered: plan.offered.iter().map(offer).collect(),
        })
    }
}

/// The files of an answer that differ, side by side.
pub fn files(outcome: &Outcome) -> Vec<Sides> {
    outcome.comparisons.iter().filter_map(sides).collect()
}

/// What a step does, in a word or two.
fn what(step: &StepSection) -> &'static str {
    match step.kind {
        _ if step.record => "note",
        StepKind::WriteFile => "change",
        StepKind::CreateFile => "new file",
        StepKind::RemoveFile => "remove",
        StepKind::MakeFolder => "new folder",
        StepKind::RemoveFolder => "remove folder",
        StepKind::RestoreTree => "restore",
        StepKind::Reload => "reload",
    }
}

/// Directives that stand in one block come one after the other.
fn blocks(directives: &[DirectiveChange]) -> Vec<Block<'_>> {
    let all = directives.iter().map(|change| {
        let (sign, kind) = match (&change.old, &change.new) {
            (None, _) => ("+", "added"),
            (Some(_), None) => ("−", "removed"),
            (Some(_), Some(_)) => ("~", "changed"),
        };
        (change.path.as_str(), Directive { sign, kind, change })
    });
    grouped(all).into_iter().map(|(path, directives)| Block { path, directives }).collect()
}

impl<'a> Local<'a> {
    fn of(title: String, changes: &'a LocalChanges) -> Option<Self> {
        let LocalChanges { carried, already_present, conflicting, dropped } = changes;
        let all = [
            ("lost", "gone after the change; the text is below, to be put back by hand", dropped),
            ("conflict", "this server and the vendor changed the same directive", conflicting),
            ("kept", "still there after the change", carried),
            ("already there", "the new configuration says the same", already_present),
        ];
        let lists: Vec<_> = all
            .into_iter()
            .filter(|(.., changes)| !changes.is_empty())
            .map(|(kind, meaning, changes)| LocalList { kind, meaning, changes })
            .collect();
        let parts = lists.iter().map(|list| format!("{} {}", list.changes.len(), list.kind));
        let sum: usize = lists.iter().map(|list| list.changes.len()).sum();
        let count = format!("{}: {}", counted(sum, "change"), parts.collect::<Vec<_>>().join(", "));
        (sum > 0).then_some(Self { title, count, lists })
    }
}

fn offer(offer: &Offered) -> Offer<'_> {
    let sign = match offer.kind {
        OfferKind::Unclear => "?",
        OfferKind::Add => "+",
        OfferKind::Remove => "−",
        OfferKind::Change | OfferKind::Order => "~",
    };
    Offer { sign, offer }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn change(path: &str, old: Option<&str>, new: Option<&str>) -> DirectiveChange {
        let text = |text: Option<&str>| text.map(str::to_owned);
        DirectiveChange { path: path.to_owned(), directive: "d".to_owned(), old: text(old), new: text(new) }
    }

    #[test]
    fn each_directive_is_in_the_one_group_of_its_block() {
        let all =
            [change("a", None, Some("1")), change("b", Some("1"), None), change("a", Some("1"), Some("2"))];
        let groups: Vec<_> = blocks(&all)
            .iter()
            .map(|block| {
                (
                    block.path.to_owned(),
                    block.directives.iter().map(|directive| directive.sign).collect::<String>(),
                )
            })
            .collect();
        assert_eq!(groups, [("a".to_owned(), "+~".to_owned()), ("b".to_owned(), "−".to_owned())]);
    }

    #[test]
    fn lists_of_local_changes_are_counted_and_those_that_are_lost_come_first() {
        let lost = LocalChange {
            path: "a".to_owned(),
            directive: "d".to_owned(),
            snippet: None,
            today: None,
            take: None,
        };
        let changes = LocalChanges {
            dropped: vec![lost.clone()],
            carried: vec![lost.clone(), lost],
            ..LocalChanges::default()
        };
        let local = Local::of("Local changes".to_owned(), &changes).expect("lists");
        assert_eq!(local.count, "3 changes: 1 lost, 2 kept");
        assert_eq!(local.lists.iter().map(|list| list.kind).collect::<Vec<_>>(), ["lost", "kept"]);
        assert!(Local::of(String::new(), &LocalChanges::default()).is_none());
    }
}
