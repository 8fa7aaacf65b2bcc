//! What the person is asked to do: an agent and queues that are there, and a name that is not.
//!
//! Invariant: the ids of the task differ from each other wherever the database has enough rows, because a link is
//! known by the ids that it holds. An agent who is not logged in is preferred: nobody's work is touched.

use super::picture::{Known, Pair, Task};
use crate::db::{Connection, DbError, Value, quoted};
use crate::outcome::{Failure, FailureKind};
use crate::seed::Channel;
use crate::seed::discover::{Entry, Proposal};
use crate::seed::manifest::shown;
use crate::seed::map::LinkKind;
use crate::seed::session::failure;
use std::collections::BTreeMap;

/// So many queues of a channel are considered, the newest first.
const MOST: usize = 200;
/// Penalties that are considered; one is taken that is no id of the task.
const PENALTIES: [i64; 6] = [7, 8, 9, 6, 5, 4];

/// Who and what the person wants to be taken.
#[derive(Debug, Clone, Default)]
pub struct Choice {
    /// The agent.
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
    let agent = agent(conn, proposal, choice.agent.as_deref())?;
    let mut taken = vec![agent.id];
    let mut queues = BTreeMap::new();
    for channel in Channel::ALL {
        let named = choice.queues.get(&channel).map_or(&[][..], Vec::as_slice);
        if let Some(pair) = pair(conn, proposal, channel, named, &agent, &mut taken)? {
            queues.insert(channel, pair);
        }
    }
    if queues.is_empty() {
        return Err(Failure::new(
            FailureKind::Refused,
            "no queue was found that could be put into a profile",
        )
        .with_hint("make one in Motion first; `motionctl seed schema discover` says which tables it knows"));
    }
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

fn agent(conn: &mut Connection, proposal: &Proposal, named: Option<&str>) -> Result<Known, Failure> {
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
    let offline = online.map_or_else(String::new, |online| format!("coalesce({}, 0), ", quoted(&online)));
    let sql = format!(
        "SELECT {id}, {name} FROM {} WHERE {role} = ?{is_named} ORDER BY {offline}{id} DESC LIMIT 1",
        quoted(&table)
    );
    let values: Vec<Value> = [wanted].into_iter().chain(named.map(str::to_owned)).map(Value::from).collect();
    let rows = conn.rows(&sql, &values).map_err(|error| failure(&error))?;
    match (rows.first(), named) {
        (Some(row), _) => known_row(row).map_err(|error| failure(&error)),
        (None, Some(named)) => {
            Err(Failure::new(FailureKind::Invalid, format!("there is no agent {}", shown(named))))
        }
        (None, None) => {
            Err(Failure::new(FailureKind::Refused, "there is no agent who could be put into a profile")
                .with_hint("make one in Motion first"))
        }
    }
}

fn known_row(row: &crate::db::Row) -> Result<Known, DbError> {
    Ok(Known { id: row.int(0)?, name: row.text(1)?.to_owned() })
}

/// The queues of a channel; none where no table or no queue is known.
fn pair(
    conn: &mut Connection,
    proposal: &Proposal,
    channel: Channel,
    named: &[String],
    agent: &Known,
    taken: &mut Vec<i64>,
) -> Result<Option<Pair>, Failure> {
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
    let Some(of_profile) = take(&queues, taken, |_| true) else { return Ok(None) };
    // A queue that the agent has already cannot be given again; and one of its own tells the two rows apart.
    let mut free = Vec::new();
    for queue in &queues {
        if !has(conn, proposal, channel, agent.id, queue.id) {
            free.push(queue.clone());
        }
    }
    let personal = take(&free, taken, |queue| queue.id != of_profile.id).or_else(|| free.into_iter().next());
    Ok(Some(Pair { of_profile, personal }))
}

/// The first that may be taken, of those with an id that nothing else in the task has if there is one.
fn take(queues: &[Known], taken: &mut Vec<i64>, may: impl Fn(&Known) -> bool) -> Option<Known> {
    let found =
        queues.iter().filter(|queue| may(queue)).min_by_key(|queue| taken.contains(&queue.id))?.clone();
    taken.push(found.id);
    Some(found)
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
        Entry::Line(its, value, ..) if its == key => {
            let line: toml::Table = toml::from_str(&format!("v = {value}")).ok()?;
            line.get("v")?.as_str().map(str::to_owned)
        }
        _ => None,
    })
}
