//! A plan: everything that a run will do, with nothing left to choose.
//!
//! Invariant: the identity is a hash over everything that the plan fixes, so that a changed plan file is noticed.

use super::kept::is_record;
use super::step::{Step, Version};
use crate::facts::{NginxVersion, Scope};
use crate::values::{Hash, LinkText, RootPath, RunId, TextPath, unique};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The newest format that is written and read.
pub const FORMAT: u32 = 3;

/// The format of a plan that says of links or a tree, and nothing of a run before it.
const BOUND: u32 = 2;

/// The format of a plan that says nothing of links and is for the server itself: as older versions wrote it, and read.
pub const OLDEST: u32 = 1;

/// Everything that a run will do, with nothing left to choose.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Plan {
    /// The format of this structure.
    pub format: u32,
    /// SHA-256 over all the rest.
    pub id: Hash,
    /// What the run is for.
    pub kind: PlanKind,
    /// How the new configuration was made.
    pub strategy: String,
    /// Motion's NGINX file as the configuration names it; only shown.
    pub site: String,
    /// The NGINX that the templates were rendered for.
    pub nginx: NginxVersion,
    /// Every configuration file that was read, with its hash: a change to any
    /// of them makes the plan stale.
    #[serde(deserialize_with = "unique")]
    pub relies_on: BTreeMap<TextPath, Hash>,
    /// The links that lead to these files, and what each says: another text
    /// makes the plan stale, too.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty", deserialize_with = "unique")]
    pub links: BTreeMap<RootPath, LinkText>,
    /// Whether it was made from a copied tree, and not on the server itself.
    #[serde(default, skip_serializing_if = "is_false")]
    pub for_tree: bool,
    /// The newest run when it was made, where there was one: the same change planned again after a run is another plan,
    /// so that one that was carried out is known by its identity.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<RunId>,
    /// What will be done, in order.
    pub steps: Vec<Step>,
}

/// What a plan is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum PlanKind {
    /// Brings the new client's routes.
    Migrate,
    /// Brings back a backup.
    Rollback,
}

impl Plan {
    /// A plan of these steps.
    #[must_use]
    pub fn new(
        kind: PlanKind,
        strategy: &str,
        site: String,
        nginx: NginxVersion,
        relies_on: BTreeMap<TextPath, Hash>,
        steps: Vec<Step>,
    ) -> Self {
        let strategy = strategy.to_owned();
        let unnamed = Hash::of(b"");
        let (links, for_tree, after) = (BTreeMap::new(), false, None);
        let format = OLDEST;
        let mut plan = Self {
            format,
            id: unnamed,
            kind,
            strategy,
            site,
            nginx,
            relies_on,
            links,
            for_tree,
            after,
            steps,
        };
        plan.id = plan.computed_id();
        plan
    }

    /// The same plan, for no other server than one of this scope where these links lead as they do.
    #[must_use]
    pub fn bound_to(mut self, links: &BTreeMap<RootPath, LinkText>, scope: &Scope) -> Self {
        self.links.clone_from(links);
        self.for_tree = matches!(scope, Scope::Tree(_));
        self.format = self.needed_format();
        self.id = self.computed_id();
        self
    }

    /// The same plan, made after this run.
    #[must_use]
    pub fn made_after(mut self, newest: Option<&RunId>) -> Self {
        self.after = newest.cloned();
        self.format = self.needed_format();
        self.id = self.computed_id();
        self
    }

    /// As a journal's record, a plan carries the oldest format that knows all that it says.
    pub(super) fn needed_format(&self) -> u32 {
        match (&self.after, self.links.is_empty() && !self.for_tree) {
            (Some(_), _) => FORMAT,
            (None, false) => BOUND,
            (None, true) => OLDEST,
        }
    }

    /// How many files of NGINX's configuration it touches: what is kept for the next update is no part of it.
    #[must_use]
    pub fn configuration_files(&self) -> usize {
        self.files().filter(|(path, ..)| !is_record(path)).count()
    }

    /// Whether there is nothing to do.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.steps.is_empty()
    }

    /// The files that the plan changes, with what is expected before and after.
    pub fn files(&self) -> impl Iterator<Item = (&TextPath, &Version, &Version)> {
        self.steps.iter().filter_map(|step| match step {
            Step::SetFile { path, from, to } => Some((path, from, to)),
            Step::MakeFolder { .. } | Step::RemoveFolder { .. } | Step::RestoreTree { .. } | Step::Reload => {
                None
            }
        })
    }

    /// Whether it changes more than what we keep for the next update.
    #[must_use]
    pub fn changes_configuration(&self) -> bool {
        self.files().any(|(path, ..)| !is_record(path))
    }

    /// Whether it reloads NGINX.
    #[must_use]
    pub fn reloads(&self) -> bool {
        self.steps.contains(&Step::Reload)
    }

    pub(super) fn computed_id(&self) -> Hash {
        let Self { format, id: _, kind, strategy, site, nginx, relies_on, links, for_tree, after, steps } =
            self;
        let (format, kind, nginx, for_tree) = (*format, *kind, *nginx, *for_tree);
        let fixed =
            Fixed { format, id: "", kind, strategy, site, nginx, relies_on, links, for_tree, after, steps };
        Hash::of(serde_json::to_string(&fixed).expect("text and numbers always serialise").as_bytes())
    }
}

/// What the identity is the hash of: the plan as it is written, but for its name.
#[derive(Serialize)]
struct Fixed<'a> {
    format: u32,
    id: &'static str,
    kind: PlanKind,
    strategy: &'a str,
    site: &'a str,
    nginx: NginxVersion,
    relies_on: &'a BTreeMap<TextPath, Hash>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    links: &'a BTreeMap<RootPath, LinkText>,
    #[serde(skip_serializing_if = "is_false")]
    for_tree: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    after: &'a Option<RunId>,
    steps: &'a [Step],
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands over a reference")]
fn is_false(value: &bool) -> bool {
    !value
}
