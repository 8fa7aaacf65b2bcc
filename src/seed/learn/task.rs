//! What the person is asked to do: an agent and queues that are there, and a name that is not.
//!
//! Invariant: the ids of the task differ from each other wherever the database has enough rows, because a link is
//! known by the ids that it holds. An agent who is not logged in is preferred: nobody's work is touched.

use super::distinct::distinct;
use super::picture::{Known, Pair, Task};
use crate::db::{Connection, DbError, Value, quoted};
use crate::outcome::{Failure, FailureKind};
use crate::seed::Channel;
use crate::seed::discover::{Note, NoteKind, Proposal, ProposalLine};
use crate::seed::manifest::shown;
use crate::seed::map::LinkKind;
use crate::seed::session::failure;
use std::collections::BTreeMap;

/// So many queues of a channel are considered, the newest first.
const MOST: usize = 200;
/// So many agents are considered.
const AGENTS: usize = 4;
/// Penalties that are considered; one is taken that is no id of the task.
const PENALTIES: [i64; 6] = [7, 8, 9, 6, 5, 4];

/// Who and what the person wants to be taken.
#[derive(Debug, Clone, Default)]
pub struct Choice {
    pub agent: Option<String>,
    /// Queues of channels: the first for the profile, the second for the agent.
    pub queues: BTreeMap<Channel, Vec<String>>,
}

/// Chooses agent and queues; `suffix` makes the profile's name one that nobody has.
///
/// # Errors
/// When the tables of agents and queues are not known, or lack what was named.
pub fn choose(
    conn: &mut Connection,
    proposal: &Proposal,
    choice: &Choice,
    suffix: &str,
) -> Result<Task, Failure> {
    // The profile gets the next number of its table, or one that is not much higher.
    let next: Vec<i64> =
        next_profile(conn, proposal).into_iter().flat_map(|id| id..id.saturating_add(3)).collect();
    let mut best: Option<(usize, Task)> = None;
    for agent in agents(conn, proposal, choice.agent.as_deref())? {
        let is_as_profile = next.contains(&agent.id);
        let task = with_agent(conn, proposal, choice, suffix, agent, &next)?;
        let doubts = task.doubts().len() + usize::from(is_as_profile);
        if best.as_ref().is_none_or(|(fewest, _)| doubts < *fewest) {
            best = Some((doubts, task));
        }
        if doubts == 0 {
            break;
        }
    }
    best.map(|(_, task)| task).ok_or_else(|| {
        Failure::new(FailureKind::Refused, "there is no agent who could be put into a profile")
            .with_hint("make one in Motion first")
    })
}

/// What is asked of a person with this agent; `next` are the ids that the profile may get.
fn with_agent(
    conn: &mut Connection,
    proposal: &Proposal,
    choice: &Choice,
    suffix: &str,
    agent: Known,
    next: &[i64],
) -> Result<Task, Failure> {
    let mut taken = vec![agent.id];
    taken.extend(next);
    let mut offers = Vec::new();
    for channel in Channel::ALL {
        let named = choice.queues.get(&channel).map_or(&[][..], Vec::as_slice);
        if let Some(offer) = offer(conn, proposal, channel, named, &agent)? {
            offers.push((channel, offer));
        }
    }
    let queues = pairs(&offers, &taken);
    if queues.is_empty() {
        return Err(Failure::new(
            FailureKind::Refused,
            "no queue was found that could be put into a profile",
        )
        .with_hint("make one in Motion first; `motionctl seed schema discover` says which tables it knows"));
    }
    taken.extend(queues.values().flat_map(Pair::both).map(|known| known.id));
    let penalty = PENALTIES.into_iter().find(|penalty| !taken.contains(penalty)).unwrap_or(PENALTIES[0]);
    let (profile, description) = (format!("Motionctl learns {suffix}"), format!("To be deleted ({suffix})"));
    Ok(Task { profile, description, agent, penalty, queues, left_out: Vec::new() })
}

impl Task {
    /// The number of the step that makes a link of this kind.
    #[must_use]
    pub fn step_of(&self, kind: LinkKind) -> Option<usize> {
        let channels = self.queues.len();
        match kind {
            LinkKind::ProfileQueues(channel) => {
                self.queues.keys().position(|its| *its == channel).map(|at| at + 2)
            }
            LinkKind::ProfileAgents => Some(channels + 2),
            LinkKind::Personal(channel) => {
                let mut personal = self.queues.iter().filter(|(_, pair)| pair.personal.is_some());
                personal.position(|(its, _)| *its == channel).map(|at| at + channels + 3)
            }
        }
    }

    /// Queues and the agent where they have one id, so that a row may be about either.
    #[must_use]
    pub fn doubts(&self) -> Vec<String> {
        let mut by_id: BTreeMap<i64, Vec<String>> = BTreeMap::new();
        for (channel, pair) in &self.queues {
            for queue in pair.both() {
                let names = by_id.entry(queue.id).or_default();
                let name = format!("the {channel} queue {}", shown(&queue.name));
                // Where a channel has one queue, it is given to both.
                if !names.contains(&name) {
                    names.push(name);
                }
            }
        }
        let agent = || format!("the agent {}", shown(&self.agent.name));
        by_id.entry(self.agent.id).and_modify(|names| names.push(agent()));
        let doubts = by_id.into_iter().filter(|(_, names)| names.len() > 1);
        doubts
            .map(|(id, names)| {
                format!(
                    "{} have the same id {id}, so that a new row may be about any of them; surer: name others with --queue \
                     or --agent (make them in Motion where there are none), and begin again",
                    names.join(" and ")
                )
            })
            .collect()
    }

    /// Notes the steps that a person left out; the first one makes the profile.
    ///
    /// # Errors
    /// When one of them cannot be left out.
    pub fn leave_out(&mut self, steps: &[usize]) -> Result<(), Failure> {
        let last = self.steps().len();
        if let Some(step) = steps.iter().find(|step| !(2..=last).contains(*step)) {
            let message = format!("--left-out {step}: the steps that may be left out are 2 to {last}");
            return Err(Failure::new(FailureKind::Usage, message));
        }
        self.left_out = steps.to_vec();
        Ok(())
    }

    /// Whether the person says that the step was left out.
    #[must_use]
    pub fn is_left_out(&self, kind: LinkKind) -> bool {
        self.step_of(kind).is_some_and(|step| self.left_out.contains(&step))
    }

    /// What to do in Motion, step by step.
    #[must_use]
    pub fn steps(&self) -> Vec<String> {
        let mut steps = vec![format!(
            "make one agent profile called {}, enabled, with the description {}",
            shown(&self.profile),
            shown(&self.description)
        )];
        for (channel, pair) in &self.queues {
            let penalty = match channel {
                Channel::Voice => format!(", with the penalty {} if Motion asks for one", self.penalty),
                _ => String::new(),
            };
            steps.push(format!(
                "give the profile the {channel} queue {}{penalty}",
                shown(&pair.of_profile.name)
            ));
        }
        steps.push(format!("give the profile the agent {}, and save it", shown(&self.agent.name)));
        for (channel, pair) in &self.queues {
            if let Some(queue) = &pair.personal {
                steps.push(format!(
                    "give the agent {} the {channel} queue {} directly (Personal Profile)",
                    shown(&self.agent.name),
                    shown(&queue.name)
                ));
            }
        }
        steps
    }
}

/// Why there is no step for a channel: its table is a view, its key a UUID. That Motion lacks a channel says nothing.
pub fn without_step(proposal: Proposal) -> impl Iterator<Item = String> {
    let of_ends = |note: &Note| note.about == "users" || note.about.starts_with("queues");
    let notes = proposal.notes.into_iter().filter(of_ends);
    notes.filter(|note| note.kind != NoteKind::Absent).map(|note| note.to_string())
}

/// The agents that may be taken, the best first: those who are not logged in, where there are any.
fn agents(conn: &mut Connection, proposal: &Proposal, named: Option<&str>) -> Result<Vec<Known>, Failure> {
    let users = |key| said(proposal, "users.columns", key);
    let known =
        (said(proposal, "users", "table"), users("id"), users("name"), users("role"), users("online"));
    if let (Some(table), None, ..) = &known {
        let message =
            format!("{table} has no key called `id` that is a whole number, so that no map can name agents");
        return Err(Failure::new(FailureKind::Refused, message).with_hint(
            "UUIDs and other texts as keys cannot be mapped; this Motion cannot be seeded by motionctl",
        ));
    }
    let (Some(table), Some(id), Some(name), Some(role), online) = known else {
        let message = "the table of agents was not found, with a whole number as its key, a name and a role";
        return Err(Failure::new(FailureKind::Refused, message)
            .with_hint("`motionctl seed schema discover` says what it found instead"));
    };
    let wanted = said(proposal, "users", "agent_role").unwrap_or_else(|| "agent".to_owned());
    let (id, name, role) = (quoted(&id), quoted(&name), quoted(&role));
    let is_named = if named.is_some() { format!(" AND {name} = ?") } else { String::new() };
    let online = online.map_or_else(|| "0".to_owned(), |online| format!("coalesce({}, 0)", quoted(&online)));
    let sql = format!(
        "SELECT {id}, {name}, {online} FROM {} WHERE {role} = ?{is_named} ORDER BY 3, {id} DESC LIMIT {AGENTS}",
        quoted(&table)
    );
    let values: Vec<Value> = [wanted].into_iter().chain(named.map(str::to_owned)).map(Value::from).collect();
    let rows = conn.rows(&sql, &values).map_err(|error| failure(&error))?;
    let Some(state) = rows.first().map(|row| &row.values()[2]) else {
        let unknown = |name| Failure::new(FailureKind::Invalid, format!("there is no agent {}", shown(name)));
        return named.map_or_else(|| Ok(Vec::new()), |name| Err(unknown(name)));
    };
    let alike = rows.iter().filter(|row| row.values()[2] == *state);
    alike.map(known_row).collect::<Result<_, _>>().map_err(|error| failure(&error))
}

fn known_row(row: &crate::db::Row) -> Result<Known, DbError> {
    Ok(Known { id: row.int(0)?, name: row.text(1)?.to_owned() })
}

/// The queues of a channel that may be taken, the best first.
struct Offer {
    of_profile: Vec<Known>,
    personal: Vec<Known>,
}

/// A queue for the profile and one for the agent in each channel, with ids that differ where that can be.
fn pairs(offers: &[(Channel, Offer)], taken: &[i64]) -> BTreeMap<Channel, Pair> {
    let ids = |queues: &[Known]| queues.iter().map(|queue| queue.id).collect();
    let places: Vec<Vec<i64>> =
        offers.iter().flat_map(|(_, offer)| [ids(&offer.of_profile), ids(&offer.personal)]).collect();
    let chosen = distinct(&places, taken);
    let mut pairs = BTreeMap::new();
    for ((channel, offer), chosen) in offers.iter().zip(chosen.chunks(2)) {
        let Some(of_profile) = offer.of_profile.get(chosen[0].unwrap_or(0)) else { continue };
        // Within a channel two queues have two ids, whatever others have.
        let other = || offer.personal.iter().find(|queue| queue.id != of_profile.id);
        let personal =
            chosen[1].and_then(|at| offer.personal.get(at)).filter(|queue| queue.id != of_profile.id);
        let personal = personal.or_else(other).or(offer.personal.first()).cloned();
        pairs.insert(*channel, Pair { of_profile: of_profile.clone(), personal });
    }
    pairs
}

/// The number that the next profile gets, as far as `discover` knows where profiles are.
fn next_profile(conn: &mut Connection, proposal: &Proposal) -> Option<i64> {
    let (table, id) = (said(proposal, "profiles", "table")?, said(proposal, "profiles.columns", "id")?);
    let sql = format!("SELECT MAX({}) FROM {}", quoted(&id), quoted(&table));
    let rows = conn.rows(&sql, &[]).ok()?;
    Some(rows.first()?.optional_int(0).ok()?.unwrap_or(0).saturating_add(1))
}

/// The queues of a channel; none where no table or no queue is known.
fn offer(
    conn: &mut Connection,
    proposal: &Proposal,
    channel: Channel,
    named: &[String],
    agent: &Known,
) -> Result<Option<Offer>, Failure> {
    let section = format!("queues.{channel}");
    let columns = |key| said(proposal, &format!("{section}.columns"), key);
    let (Some(table), Some(id), Some(name)) =
        (said(proposal, &section, "table"), columns("id"), columns("name"))
    else {
        if named.is_empty() {
            return Ok(None);
        }
        let message = format!("the table of {channel} queues was not found, with a whole number as its key");
        return Err(Failure::new(FailureKind::Refused, message));
    };
    let sql = format!(
        "SELECT {id}, {name} FROM {} ORDER BY {id} DESC LIMIT {MOST}",
        quoted(&table),
        id = quoted(&id),
        name = quoted(&name)
    );
    let mut queues = Vec::new();
    for row in conn.rows(&sql, &[]).map_err(|error| failure(&error))? {
        queues.push(known_row(&row).map_err(|error| failure(&error))?);
    }
    for wanted in named {
        if !queues.iter().any(|queue| queue.name == *wanted) {
            let message = format!("there is no {channel} queue {} among the newest {MOST}", shown(wanted));
            return Err(Failure::new(FailureKind::Invalid, message));
        }
    }
    if !named.is_empty() {
        queues.retain(|queue| named.contains(&queue.name));
        queues.sort_by_key(|queue| named.iter().position(|name| *name == queue.name));
    }
    // A queue that the agent has already cannot be given again; and one of its own tells the two rows apart.
    let mut personal = Vec::new();
    for queue in &queues {
        if !has(conn, proposal, channel, agent.id, queue.id) {
            personal.push(queue.clone());
        }
    }
    // What a person names is taken in that order, whatever ids it has.
    if !named.is_empty() {
        queues.truncate(1);
        personal.retain(|queue| named.len() < 2 || named[1] == queue.name);
    }
    Ok((!queues.is_empty()).then_some(Offer { of_profile: queues, personal }))
}

/// Whether the agent seems to have the queue already, as far as `discover` knows where that would stand.
fn has(conn: &mut Connection, proposal: &Proposal, channel: Channel, agent: i64, queue: i64) -> bool {
    let section = format!("links.personal.{channel}");
    let columns = |key| said(proposal, &format!("{section}.columns"), key);
    let (Some(table), Some(owner), Some(member)) =
        (said(proposal, &section, "table"), columns("agent"), columns("queue"))
    else {
        return false;
    };
    let sql = format!(
        "SELECT 1 FROM {} WHERE {} = ? AND {} = ? LIMIT 1",
        quoted(&table),
        quoted(&owner),
        quoted(&member)
    );
    conn.rows(&sql, &[agent.into(), queue.into()]).is_ok_and(|rows| !rows.is_empty())
}

/// What a proposal says in a line whose value is a text.
pub fn said(proposal: &Proposal, section: &str, key: &str) -> Option<String> {
    let section = proposal.sections.iter().find(|known| known.key == section)?;
    section.entries.iter().find_map(|entry| match entry {
        ProposalLine::Line(its, value, ..) if its == key => {
            let line: toml::Table = toml::from_str(&format!("v = {value}")).ok()?;
            line.get("v")?.as_str().map(str::to_owned)
        }
        _ => None,
    })
}
