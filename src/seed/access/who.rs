//! Who uses a queue or has a profile, and through what.
//!
//! Invariant: what the login offers, asked from its other end: an agent has a queue by a personal link, or by a profile
//! that is the agent's. A road through a disabled profile is told, and marked. Every queue of the name is answered for,
//! whatever its channel.

use super::narrow::{Narrow, State};
use super::served::{From as Origin, Served, served};
use super::view::{View, position_of_enabled, rows};
use crate::outcome::{Failure, FailureKind, Finding};
use crate::seed::Channel;
use crate::seed::manifest::{Name, shown};
use crate::seed::map::{LinkKind, Part};
use crate::seed::plan::RowRef;
use crate::seed::reading::unknown_among;
use crate::seed::session::{Session, failure};
use crate::seed::snapshot::{Scope, Unnamed};
use std::collections::{BTreeMap, BTreeSet};

/// Who uses what has a name.
#[derive(Debug, Clone, Default)]
pub struct Uses {
    /// Queues of this name, by channel.
    pub queues: Vec<QueueUse>,
    /// Profiles of this name.
    pub profiles: Vec<ProfileUse>,
    /// What would stop the manifest from being applied, or should be known.
    pub findings: Vec<Finding>,
}

/// Who uses a queue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueueUse {
    pub channel: Channel,
    pub name: Name,
    /// The profiles that have it, by name.
    pub profiles: Vec<ThroughProfile>,
    /// The agents who have it, by username.
    pub agents: Vec<AgentUse>,
}

/// A profile that has a queue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ThroughProfile {
    pub name: Name,
    /// Whether it can be chosen.
    pub enabled: bool,
    /// The penalty of its link.
    pub penalty: Option<i32>,
    /// How many agents it has.
    pub agents: usize,
}

/// An agent, and the roads to a queue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AgentUse {
    pub agent: Name,
    /// Each way in which the agent has the queue, the personal one first.
    pub roads: Vec<Road>,
}

/// How an agent has a queue.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Road {
    /// By a link of the agent's own, with whichever profile.
    Personal,
    Profile {
        name: Name,
        /// Whether it can be chosen.
        enabled: bool,
        /// The penalty of its link.
        penalty: Option<i32>,
    },
}

/// Who has a profile.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProfileUse {
    pub name: Name,
    /// Whether it can be chosen.
    pub enabled: bool,
    /// Who may choose it, by username.
    pub agents: Vec<Name>,
    /// Its queues, by channel and name.
    pub queues: Vec<Served>,
}

impl Session {
    /// Who uses the queues and profiles of a name.
    ///
    /// # Errors
    /// When the map does not fit, nothing has the name, the manifest names what does not exist, or the database fails.
    pub fn who(&mut self, name: &Name, state: State<'_>) -> Result<Uses, Failure> {
        let mut scope = Scope::everything(&self.map);
        if let State::After(manifest) = state {
            scope = scope.and(Scope::of(manifest, &self.map, Unnamed::Stay));
        }
        for wanted in scope.parts.values_mut() {
            wanted.names.insert(name.clone());
        }
        self.reading(&scope.needs(), |session| {
            let snapshot = session.snapshot(&scope)?;
            let mut view = View::of(&snapshot, |part| position_of_enabled(&session.map, part));
            let mut uses = Uses::default();
            if let State::After(manifest) = state {
                let draft = session.wanted(manifest, &snapshot)?;
                view = view.after(&draft.plan);
                uses.findings = draft.findings;
            }
            for channel in Channel::ALL {
                for queue in rows(&view, &snapshot, Part::Queues(channel), name) {
                    uses.queues.extend(queue_use(&view, channel, queue));
                }
            }
            for profile in rows(&view, &snapshot, Part::Profiles, name) {
                uses.profiles.extend(profile_use(&view, profile));
            }
            if uses.queues.is_empty() && uses.profiles.is_empty() {
                let agent = rows(&view, &snapshot, Part::Users, name).first().copied();
                return Err(match agent.and_then(|agent| view.row(Part::Users, agent)) {
                    Some(agent) => state.absence(is_agent(name, &agent.name)),
                    None => match session.nothing_called(name) {
                        Ok(nothing) => state.absence(nothing),
                        Err(error) => failure(&error),
                    },
                });
            }
            Ok(uses)
        })
    }

    fn nothing_called(&mut self, name: &Name) -> Result<Failure, crate::db::DbError> {
        let mut known = Vec::new();
        for part in Channel::ALL.map(Part::Queues).into_iter().chain([Part::Profiles]) {
            known.extend(self.names(part)?);
        }
        Ok(unknown_among("queue and no profile", name, known.iter().map(String::as_str)))
    }
}

/// The answer to an agent's name, with the command that was meant.
fn is_agent(name: &str, agent: &str) -> Failure {
    let message = format!("there is no queue and no profile {}", shown(name));
    let agent = if agent.contains([' ', '\'', '"', '\\', '$']) { "…" } else { agent };
    Failure::new(FailureKind::Invalid, message)
        .with_hint(format!("that is an agent: `motionctl seed access {agent}`"))
}

fn queue_use(view: &View, channel: Channel, queue: RowRef) -> Option<QueueUse> {
    let row = view.row(Part::Queues(channel), queue)?;
    let mut roads: BTreeMap<RowRef, BTreeSet<Road>> = BTreeMap::new();
    let mut profiles = Vec::new();
    for (profile, penalty) in view.owners(LinkKind::ProfileQueues(channel), queue) {
        let Some(owner) = view.row(Part::Profiles, profile) else { continue };
        let (name, enabled) = (owner.name.clone(), owner.enabled);
        let agents: Vec<RowRef> = agents(view, profile).map(|(agent, _)| agent).collect();
        for agent in &agents {
            let road = Road::Profile { name: name.clone(), enabled, penalty };
            roads.entry(*agent).or_default().insert(road);
        }
        profiles.push(ThroughProfile { name, enabled, penalty, agents: agents.len() });
    }
    for (agent, _) in view.owners(LinkKind::Personal(channel), queue) {
        roads.entry(agent).or_default().insert(Road::Personal);
    }
    let called = roads.into_iter().filter_map(|(agent, roads)| {
        let agent = view.row(Part::Users, agent)?.name.clone();
        Some(AgentUse { agent, roads: roads.into_iter().collect() })
    });
    let mut agents: Vec<AgentUse> = called.collect();
    agents.sort_by(|one, other| one.agent.cmp(&other.agent));
    profiles.sort_by(|one, other| one.name.cmp(&other.name));
    Some(QueueUse { channel, name: row.name.clone(), profiles, agents })
}

fn profile_use(view: &View, profile: RowRef) -> Option<ProfileUse> {
    let row = view.row(Part::Profiles, profile)?;
    let mut agents: Vec<Name> = agents(view, profile).map(|(_, name)| name).collect();
    agents.sort_unstable();
    let queues = served(view, profile, LinkKind::ProfileQueues, Origin::Profile, &Narrow::default());
    Some(ProfileUse { name: row.name.clone(), enabled: row.enabled, agents, queues })
}

/// The agents of a profile who are there.
fn agents(view: &View, profile: RowRef) -> impl Iterator<Item = (RowRef, Name)> {
    let members = view.members(LinkKind::ProfileAgents, profile);
    members.filter_map(|(agent, _)| Some((agent, view.row(Part::Users, agent)?.name.clone())))
}
