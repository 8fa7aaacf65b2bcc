//! Hours out of sessions.
//!
//! Invariant: sessions come in the order in which they began, so that of each profile and agent the last interval alone
//! must be kept to count what overlaps once.

use super::read::Seen;
use super::{LeftOut, Request, Usage};
use jiff::Timestamp;
use std::collections::BTreeMap;

/// More examples of an anomaly are only counted.
const EXAMPLES: usize = 5;
/// Of a session without a profile.
const NONE: &str = "(none)";

/// Something odd about a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Anomaly {
    /// An agent has two open sessions of one channel.
    TwoOpen,
    /// It ended before it began; not counted.
    ExitBeforeEnter,
    /// It begins later than now; not counted.
    InTheFuture,
    /// What it holds for a profile is neither the id nor the name of one.
    NoSuchProfile,
    /// A time that is none; not counted.
    NoTime,
}

impl Anomaly {
    /// Its name in answers.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::TwoOpen => "two-open",
            Self::ExitBeforeEnter => "exit-before-enter",
            Self::InTheFuture => "enter-in-future",
            Self::NoSuchProfile => "no-such-profile",
            Self::NoTime => "no-time",
        }
    }

    /// What it is, for people.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::TwoOpen => "open sessions beside another one of the same agent and channel",
            Self::ExitBeforeEnter => "sessions that ended before they began, not counted",
            Self::InTheFuture => "sessions that begin in the future, not counted",
            Self::NoSuchProfile => "sessions whose profile is neither the id nor the name of one",
            Self::NoTime => "sessions with a time that cannot be read, not counted",
        }
    }
}

/// How often each was seen, and the first examples.
pub type Anomalies = BTreeMap<Anomaly, (u64, Vec<String>)>;

/// Hours of an agent with a profile.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hours {
    /// The profile's id, where there is such a profile.
    pub id: Option<i64>,
    /// Its name, or what the rows hold.
    pub profile: String,
    /// The agent.
    pub agent: String,
    /// What overlaps counts once.
    pub seconds: i64,
    /// From how many rows.
    pub sessions: u64,
    /// Whether one of them still lasts.
    pub is_open: bool,
}

/// Hours of all agents with a profile.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProfileHours {
    /// The profile's id, where there is such a profile.
    pub id: Option<i64>,
    /// Its name, or what the rows hold.
    pub profile: String,
    /// The sum over agents.
    pub seconds: i64,
    /// How many agents.
    pub agents: usize,
}

/// An open session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Now {
    /// The agent.
    pub agent: String,
    /// The profile's name, or what the row holds.
    pub profile: String,
    /// The channel, where the map says.
    pub channel: String,
    /// Since when.
    pub since: Timestamp,
    /// Whether the agent is logged in, as the table of users says.
    pub online: bool,
}

/// A profile: its id, where it has one, and its name.
type Key = (Option<i64>, String);

/// What is kept of a profile and an agent.
#[derive(Default)]
struct Sum {
    seconds: i64,
    /// Until when time has been counted.
    until: Option<i64>,
    sessions: u64,
    is_open: bool,
}

/// Takes sessions and keeps hours.
pub(super) struct Tally {
    request: Request,
    by_id: BTreeMap<i64, String>,
    by_name: BTreeMap<String, i64>,
    by_lower_name: BTreeMap<String, i64>,
    sums: BTreeMap<Key, BTreeMap<String, Sum>>,
    open: BTreeMap<(String, String), u64>,
    now: Vec<Now>,
    anomalies: Anomalies,
}

impl Tally {
    pub fn new(request: &Request, profiles: Vec<(i64, String)>) -> Self {
        Self {
            request: *request,
            by_name: profiles.iter().map(|(id, name)| (name.clone(), *id)).collect(),
            by_lower_name: profiles.iter().map(|(id, name)| (name.trim_end().to_lowercase(), *id)).collect(),
            by_id: profiles.into_iter().collect(),
            sums: BTreeMap::new(),
            open: BTreeMap::new(),
            now: Vec::new(),
            anomalies: Anomalies::new(),
        }
    }

    pub fn open_members(&self) -> impl Iterator<Item = &str> {
        self.now.iter().map(|now| now.agent.as_str())
    }

    pub fn take(&mut self, seen: Seen) {
        let (Some(entered), Ok(left)) = (seen.entered, seen.left) else {
            return self.note(Anomaly::NoTime, &seen.member);
        };
        if entered > self.request.now {
            return self.note(Anomaly::InTheFuture, &format!("{} at {entered}", seen.member));
        }
        if left.is_some_and(|left| left < entered) {
            return self.note(Anomaly::ExitBeforeEnter, &format!("{} at {entered}", seen.member));
        }
        let key = self.profile(&seen.profile, &seen.member);
        if left.is_none() {
            let count = self.open.entry((seen.member.clone(), seen.channel.clone())).or_default();
            *count += 1;
            if *count > 1 {
                self.note(Anomaly::TwoOpen, &format!("{} {} since {entered}", seen.member, seen.channel));
            }
            self.now.push(Now {
                agent: seen.member.clone(),
                profile: key.1.clone(),
                channel: seen.channel,
                since: entered,
                online: false,
            });
        }
        let start = entered.max(self.request.from).as_second();
        let end = left.unwrap_or(self.request.now).min(self.request.to).min(self.request.now).as_second();
        if end <= start {
            return;
        }
        let sum = self.sums.entry(key).or_default().entry(seen.member).or_default();
        let counted_to = sum.until.unwrap_or(start);
        sum.seconds += (end - start.max(counted_to)).max(0);
        sum.until = Some(end.max(counted_to));
        sum.sessions += 1;
        sum.is_open |= left.is_none();
    }

    /// The profile that the columns mean: the first that holds an id or a name.
    fn profile(&mut self, values: &[String], member: &str) -> Key {
        let meant = values.iter().find_map(|value| {
            let by_id = value.trim().parse().ok().filter(|id| self.by_id.contains_key(id));
            let by_name = || self.by_name.get(value).copied();
            let lower = || self.by_lower_name.get(&value.trim_end().to_lowercase()).copied();
            by_id.or_else(by_name).or_else(lower)
        });
        match (meant, values.first()) {
            (Some(id), _) => (Some(id), self.by_id.get(&id).cloned().unwrap_or_default()),
            (None, None) => (None, NONE.to_owned()),
            (None, Some(value)) => {
                self.note(Anomaly::NoSuchProfile, &format!("{value} of {member}"));
                (None, value.clone())
            }
        }
    }

    fn note(&mut self, anomaly: Anomaly, example: &str) {
        let (count, examples) = self.anomalies.entry(anomaly).or_default();
        *count += 1;
        if examples.len() < EXAMPLES && !examples.iter().any(|known| known == example) {
            examples.push(example.to_owned());
        }
    }

    pub fn finish(self, left_out: Option<LeftOut>) -> Usage {
        let (mut hours, mut profiles) = (Vec::new(), Vec::new());
        for ((id, profile), agents) in self.sums {
            let seconds = agents.values().map(|sum| sum.seconds).sum();
            profiles.push(ProfileHours { id, profile: profile.clone(), seconds, agents: agents.len() });
            hours.extend(agents.into_iter().map(|(agent, sum)| Hours {
                id,
                profile: profile.clone(),
                agent,
                seconds: sum.seconds,
                sessions: sum.sessions,
                is_open: sum.is_open,
            }));
        }
        hours.sort_by(|a, b| (&a.profile, a.id, &a.agent).cmp(&(&b.profile, b.id, &b.agent)));
        profiles.sort_by(|a, b| (b.seconds, &a.profile, a.id).cmp(&(a.seconds, &b.profile, b.id)));
        Usage { hours, profiles, now: self.now, anomalies: self.anomalies, left_out }
    }
}
