//! A planned migration, and what a strategy makes of the site's file on the way to it.
//!
//! Invariant: data alone; the planners fill it.

use super::draft::Draft;
use super::effect::Effect;
use super::input::PlanInput;
use super::model::Plan;
use super::standing::Standing;
use super::to_https::ToHttps;
use crate::outcome::{Comparison, DiffSection, DirectiveChange, GuessSection, LocalChanges, Offered};
use crate::values::Hash;
use nginx_config::merge::{Conflict, Lists};
use std::collections::BTreeSet;

/// A plan with what people want to see of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Migration {
    pub plan: Plan,
    /// What the live file descends from, for people; `None` when unknown.
    pub base: Option<String>,
    /// What a merge made of a base that is only guessed.
    pub guess: Option<GuessSection>,
    /// What the candidate has otherwise, and is left out.
    pub offered: Vec<Offered>,
    /// What of it was named, and is taken.
    pub taken: Vec<Offered>,
    /// Paths of things to take that nothing fits.
    pub untaken: Vec<String>,
    /// What happens to the customer's own directives.
    pub local_changes: LocalChanges,
    /// Conflicts that were resolved as the operator said.
    pub resolved: Vec<Conflict>,
    /// Paths of resolutions that no conflict asked for.
    pub unused_resolutions: Vec<String>,
    /// How the site's file stands against what the last change left.
    pub standing: Standing,
    /// What an update has otherwise and a local change keeps, because it is not known whose that was.
    pub kept_ours: Vec<Conflict>,
    /// Local changes that `--local-include` leaves where they are, and why.
    pub stays: Vec<String>,
    /// Paths of locations that are gone afterwards: only a replacement drops
    /// any, and their routes cannot answer as before.
    pub dropped_routes: BTreeSet<String>,
    /// What it does to the blocks that serve Motion.
    pub effect: Effect,
    /// Where clients are sent to HTTPS after the change and were served before.
    pub to_https: Vec<ToHttps>,
    pub diff: DiffSection,
    /// Each changed file before and after, redacted.
    pub previews: Vec<Comparison>,
}

/// What a strategy makes of the site's file.
pub(super) struct Made {
    pub draft: Draft,
    /// The vendor's text that the next merge starts from.
    pub vendor: Option<Vec<u8>>,
    /// Whether the whole file is that text.
    pub is_whole: bool,
    /// Whether local changes are brought back that were gone.
    pub is_return: bool,
    /// What the run itself adds, by the words of each change.
    pub own: BTreeSet<Hash>,
    /// The site's file before and after its blocks got what they lacked of routes.
    pub routes: Option<[Vec<u8>; 2]>,
    /// What an update has otherwise and ours keeps.
    pub kept_ours: Vec<Conflict>,
    pub lists: Option<Lists>,
    pub resolved: Vec<Conflict>,
    pub unused: Vec<String>,
    /// The customer's own file, when local blocks moved there.
    pub include: Option<Vec<u8>>,
    pub stays: Vec<String>,
    /// What became of what an old copy has.
    pub carried: Option<LocalChanges>,
    pub offered: Vec<Offered>,
    pub taken: Vec<Offered>,
    pub untaken: Vec<String>,
}

impl Made {
    /// No change, where nothing is offered that could be taken.
    pub(super) fn taking_nothing(wanted: &PlanInput) -> Self {
        Self { untaken: wanted.take.clone(), ..Self::nothing() }
    }

    pub(super) fn nothing() -> Self {
        Self {
            draft: Draft::new(),
            vendor: None,
            is_whole: false,
            is_return: false,
            own: BTreeSet::new(),
            routes: None,
            kept_ours: Vec::new(),
            lists: None,
            resolved: Vec::new(),
            unused: Vec::new(),
            include: None,
            stays: Vec::new(),
            carried: None,
            offered: Vec::new(),
            taken: Vec::new(),
            untaken: Vec::new(),
        }
    }
}

impl Migration {
    /// A plan of which no more is known than what it changes.
    pub(super) fn showing(plan: Plan, directives: Vec<DirectiveChange>, previews: Vec<Comparison>) -> Self {
        Self {
            plan,
            base: None,
            guess: None,
            offered: Vec::new(),
            taken: Vec::new(),
            untaken: Vec::new(),
            local_changes: LocalChanges::default(),
            resolved: Vec::new(),
            unused_resolutions: Vec::new(),
            standing: Standing::default(),
            kept_ours: Vec::new(),
            stays: Vec::new(),
            dropped_routes: BTreeSet::new(),
            effect: Effect::default(),
            to_https: Vec::new(),
            diff: DiffSection { directives, unified: previews.iter().map(Comparison::unified).collect() },
            previews,
        }
    }
}
