//! What the login offers each agent: the profiles that can be chosen, and the queues of each.
//!
//! Invariant: the Personal Profile comes first and every other profile inherits its queues; a disabled profile is not
//! offered. With a manifest the answer is the one after its apply, and nothing is written.

mod narrow;
mod served;
mod view;
mod who;

use super::manifest::{Manifest, Name, shown};
use super::map::{LinkKind, Part};
use super::plan::{Draft, RowRef};
use super::session::{Session, failure};
use super::snapshot::{RowState, Scope, Snapshot, Unnamed};
use crate::outcome::{Failure, FailureKind, Finding};
use narrow::Narrow;
pub use narrow::{Asked, State};
use served::served;
pub use served::{From, Served};
use std::collections::{BTreeMap, BTreeSet};
use view::{View, position_of_enabled};
pub use who::{AgentUse, ProfileUse, QueueUse, Road, ThroughProfile, Uses};

/// What one agent is offered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Access {
    pub agent: Name,
    /// The agent's own queues: the Personal Profile, which is always offered; none where it was not asked about.
    pub personal: Option<Vec<Served>>,
    /// The profiles that can be chosen, by name.
    pub profiles: Vec<Offered>,
    /// The agent's profiles that are disabled.
    pub disabled: Vec<Name>,
}

/// A profile that can be chosen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Offered {
    pub name: Name,
    /// Its own queues and then those of the Personal Profile, each by channel and name.
    pub queues: Vec<Served>,
}

/// What was found.
#[derive(Debug, Clone, Default)]
pub struct Accesses {
    /// By username, as often as it occurs.
    pub agents: Vec<Access>,
    /// What would stop the manifest from being applied, or should be known.
    pub findings: Vec<Finding>,
}

impl Session {
    /// What these agents are offered; all agents where none is named. Agents of whom nothing is left that was asked
    /// about are left out.
    ///
    /// # Errors
    /// When the map does not fit, nothing has a name, the manifest names what does not exist, or the database fails.
    pub fn access(&mut self, asked: &Asked, state: State<'_>) -> Result<Accesses, Failure> {
        let mut scope = Scope::everything(&self.map);
        if let State::After(manifest) = state {
            scope = scope.and(Scope::of(manifest, &self.map, Unnamed::Stay));
        }
        asked.look_up(&mut scope);
        self.reading(&scope.needs(), |session| {
            let snapshot = session.snapshot(&scope)?;
            let mut view = View::of(&snapshot, |part| position_of_enabled(&session.map, part));
            let mut findings = Vec::new();
            if let State::After(manifest) = state {
                let draft = session.wanted(manifest, &snapshot)?;
                view = view.after(&draft.plan);
                findings = draft.findings;
            }
            let chosen = match asked.agents.as_slice() {
                [] => view.rows(Part::Users).map(|(row, _)| row).collect(),
                names => session.chosen(names, state, &snapshot, &view)?,
            };
            let narrow = session.narrowed(asked, state, &snapshot, &view)?;
            Ok(Accesses { agents: accesses(&view, &chosen, &narrow), findings })
        })
    }

    fn wanted(&mut self, manifest: &Manifest, snapshot: &Snapshot) -> Result<Draft, Failure> {
        let draft = self.draft(manifest, Unnamed::Stay, snapshot);
        if draft.problems.is_empty() && draft.unknown.is_empty() {
            return Ok(draft);
        }
        Err(self.refused(manifest, draft).unwrap_or_else(|error| failure(&error)))
    }

    /// The agents of these names, those of the manifest included.
    fn chosen(
        &mut self,
        names: &[Name],
        state: State<'_>,
        snapshot: &Snapshot,
        view: &View,
    ) -> Result<BTreeSet<RowRef>, Failure> {
        let mut chosen = BTreeSet::new();
        let Some(records) = snapshot.agents() else { return Ok(chosen) };
        for name in names {
            let group = records.names.group(name);
            let ids = group.map_or(&[][..], |group| records.names.rows(group));
            let mut found: BTreeSet<RowRef> = ids.iter().map(|id| RowRef::Id(*id)).collect();
            let new = view.rows(Part::Users).filter(|(row, what)| {
                matches!(row, RowRef::New(_)) && group.is_some() && records.names.group(&what.name) == group
            });
            found.extend(new.map(|(row, _)| row));
            found.retain(|row| view.row(Part::Users, *row).is_some());
            if found.is_empty() {
                let other = ids.iter().filter_map(|id| records.rows.get(id)).find_map(|record| match &record
                    .standing
                {
                    RowState::OtherRole(role) => Some(role),
                    RowState::Live | RowState::Deleted => None,
                });
                return Err(match other {
                    Some(role) => {
                        let message =
                            format!("{} is no agent but a user with the role {}", shown(name), shown(role));
                        Failure::new(FailureKind::Invalid, message)
                    }
                    None => match self.unknown_name(Part::Users, name) {
                        Ok(unknown) => state.absence(unknown),
                        Err(error) => failure(&error),
                    },
                });
            }
            chosen.extend(found);
        }
        Ok(chosen)
    }
}

fn accesses(view: &View, chosen: &BTreeSet<RowRef>, narrow: &Narrow) -> Vec<Access> {
    let profiles = view.profiles_of_agents();
    let mut own = BTreeMap::new();
    let mut accesses = Vec::new();
    for agent in chosen {
        let Some(row) = view.row(Part::Users, *agent) else { continue };
        let personal = served(view, *agent, LinkKind::Personal, From::Personal, narrow);
        let (mut offered, mut disabled) = (Vec::new(), Vec::new());
        for profile in profiles.get(agent).into_iter().flatten().filter(|profile| narrow.profile(**profile)) {
            let Some(row) = view.row(Part::Profiles, *profile) else { continue };
            if !row.enabled {
                // No queue is served by it.
                disabled.extend(Some(row.name.clone()).filter(|_| narrow.empty()));
                continue;
            }
            // Many agents share a profile.
            let own = own
                .entry(*profile)
                .or_insert_with(|| served(view, *profile, LinkKind::ProfileQueues, From::Profile, narrow));
            let mut queues = own.clone();
            let inherited = personal.iter().filter(|queue| {
                !own.iter().any(|known| (known.channel, &known.name) == (queue.channel, &queue.name))
            });
            queues.extend(inherited.cloned());
            if narrow.empty() || !queues.is_empty() {
                offered.push(Offered { name: row.name.clone(), queues });
            }
        }
        let personal = Some(personal).filter(|own| narrow.personal() && (narrow.empty() || !own.is_empty()));
        if personal.is_none() && offered.is_empty() && disabled.is_empty() {
            continue;
        }
        offered.sort_by(|one, other| one.name.cmp(&other.name));
        disabled.sort_unstable();
        accesses.push(Access { agent: row.name.clone(), personal, profiles: offered, disabled });
    }
    accesses.sort_by(|one, other| one.agent.cmp(&other.agent));
    accesses
}
