//! Hours out of sessions.
//!
//! Invariant: sessions come in the order in which they began, or backwards in that in which they ended, so that of each
//! profile and agent the last interval alone must be kept to count what overlaps once.

use super::LeftOut;
use super::known::{Agent, Known, Meaning, Profile};
use super::read::{Left, Order, Seen, UsageRequest};
use crate::seed::manifest::Name;
use jiff::Timestamp;
use std::collections::BTreeMap;

/// More examples of an anomaly are only counted.
pub const EXAMPLES: usize = 5;
/// As many seconds the clocks of this host and of Motion's may differ without being an anomaly.
const SKEW: i64 = 300;

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
    /// Its columns for the profile mean several; the first counts.
    SeveralProfiles,
    /// A time that is missing or none; not counted.
    NoTime,
    /// No user has the agent's name.
    NoSuchAgent,
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
            Self::SeveralProfiles => "several-profiles",
            Self::NoTime => "no-time",
            Self::NoSuchAgent => "no-such-agent",
        }
    }

    /// What it is, for people: of one row, and of several.
    #[must_use]
    pub fn words(self) -> [&'static str; 2] {
        match self {
            Self::TwoOpen => [
                "open session beside another one of the same agent and channel",
                "open sessions beside another one of the same agent and channel",
            ],
            Self::ExitBeforeEnter => [
                "session that ended before it began, not counted",
                "sessions that ended before they began, not counted",
            ],
            Self::InTheFuture => [
                "session that begins in the future, not counted",
                "sessions that begin in the future, not counted",
            ],
            Self::NoSuchProfile => [
                "session whose profile is neither the id nor the name of one",
                "sessions whose profile is neither the id nor the name of one",
            ],
            Self::SeveralProfiles => [
                "session that means several profiles, counted for the first",
                "sessions that mean several profiles, counted for the first",
            ],
            Self::NoTime => [
                "session whose beginning or end is missing or no time, not counted",
                "sessions whose beginning or end is missing or no time, not counted",
            ],
            Self::NoSuchAgent => [
                "session of a name that no user has: renamed or deleted since",
                "sessions of names that no user has: renamed or deleted since",
            ],
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
    pub profile: Name,
    pub agent: Name,
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
    pub profile: Name,
    /// The sum over agents.
    pub seconds: i64,
    pub agents: usize,
}

/// Open sessions of an agent, a channel and a profile.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Now {
    pub agent: Name,
    /// The channel, where the map says.
    pub channel: Name,
    /// The profile's id, where there is such a profile.
    pub id: Option<i64>,
    /// The profile's name, or what the row holds.
    pub profile: Name,
    /// When the last of them began.
    pub since: Timestamp,
    /// Whether the agent is logged in, as the table of users says.
    pub online: bool,
}

/// What is kept of a profile and an agent.
#[derive(Default)]
struct Sum {
    seconds: i64,
    /// Until when time has been counted, on the way that sessions come.
    until: Option<i64>,
    sessions: u64,
    is_open: bool,
}

/// Takes sessions and keeps hours.
pub(super) struct Tally {
    from: i64,
    /// Nothing is counted that lies behind now.
    to: i64,
    now: i64,
    order: Order,
    sums: BTreeMap<Profile, BTreeMap<Name, Sum>>,
    /// How many open sessions, of an agent and a channel.
    open: BTreeMap<(Name, Name), u64>,
    /// When the last began, of an agent, a channel and a profile.
    begun: BTreeMap<(Name, Name, Profile), i64>,
    anomalies: Anomalies,
}

impl Tally {
    pub fn new(request: &UsageRequest, order: Order) -> Self {
        let now = request.now.as_second();
        Self {
            from: request.from.as_second(),
            to: request.to.as_second().min(now),
            now,
            order,
            sums: BTreeMap::new(),
            open: BTreeMap::new(),
            begun: BTreeMap::new(),
            anomalies: Anomalies::new(),
        }
    }

    pub fn take(&mut self, seen: &Seen, known: &Known) {
        let agent = known.agent_of(&seen.agent);
        let Some((entered, left)) = self.times(seen, &agent) else { return };
        let (profile, meaning) = known.profile(&seen.profile);
        let values = || {
            let values: Vec<String> = seen.profile.iter().map(|value| format!("`{value}`")).collect();
            format!("{} of {}", values.join(" and "), agent.name)
        };
        match meaning {
            Meaning::Plain => {}
            Meaning::Unknown => self.note(Anomaly::NoSuchProfile, &values()),
            Meaning::Several => self.note(Anomaly::SeveralProfiles, &values()),
        }
        if !agent.exists {
            self.note(Anomaly::NoSuchAgent, &agent.name);
        }
        if left.is_none() {
            self.opened(seen, &agent, &profile, entered);
        }
        let start = entered.max(self.from);
        let end = left.unwrap_or(self.to).min(self.to);
        if end <= start {
            return;
        }
        // Backwards in time it is the same the other way round.
        let (start, end) = match self.order {
            Order::Began => (start, end),
            Order::EndedBackwards => (-end, -start),
        };
        let sum = self.sums.entry(profile).or_default().entry(agent.name).or_default();
        let counted_to = sum.until.unwrap_or(start);
        sum.seconds += (end - start.max(counted_to)).max(0);
        sum.until = Some(end.max(counted_to));
        sum.sessions += 1;
        sum.is_open |= left.is_none();
    }

    /// When a session began, and when it ended unless it is open; none where that cannot be.
    fn times(&mut self, seen: &Seen, agent: &Agent) -> Option<(i64, Option<i64>)> {
        let left = match seen.left {
            Left::At(second) => Some(second),
            Left::Not => None,
            Left::NoTime => {
                self.note(Anomaly::NoTime, &agent.name);
                return None;
            }
        };
        let Some(entered) = seen.entered else {
            self.note(Anomaly::NoTime, &agent.name);
            return None;
        };
        let odd = match left {
            _ if entered > self.now + SKEW => Anomaly::InTheFuture,
            Some(left) if left < entered => Anomaly::ExitBeforeEnter,
            _ => return Some((entered, left)),
        };
        self.note(odd, &format!("{} at {}", agent.name, moment(entered)));
        None
    }

    fn opened(&mut self, seen: &Seen, agent: &Agent, profile: &Profile, entered: i64) {
        let count = self.open.entry((agent.name.clone(), seen.channel.clone())).or_default();
        *count += 1;
        if *count > 1 {
            let words = [&*agent.name, &*seen.channel, "since"].into_iter().filter(|word| !word.is_empty());
            let words = words.collect::<Vec<_>>().join(" ");
            self.note(Anomaly::TwoOpen, &format!("{words} {}", moment(entered)));
        }
        let key = (agent.name.clone(), seen.channel.clone(), profile.clone());
        let since = self.begun.entry(key).or_insert(entered);
        *since = entered.max(*since);
    }

    fn note(&mut self, anomaly: Anomaly, example: &str) {
        let (count, examples) = self.anomalies.entry(anomaly).or_default();
        *count += 1;
        if examples.len() < EXAMPLES && !examples.iter().any(|known| known == example) {
            examples.push(example.to_owned());
        }
    }

    pub fn finish(self, known: &Known, left_out: Option<LeftOut>) -> Usage {
        let (mut hours, mut profiles) = (Vec::new(), Vec::new());
        for (Profile { id, name: profile }, agents) in self.sums {
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
        let now = self.begun.into_iter().map(|((agent, channel, profile), since)| Now {
            online: known.agent_of(&agent).online,
            agent,
            channel,
            id: profile.id,
            profile: profile.name,
            since: moment(since),
        });
        Usage { hours, profiles, now: now.collect(), anomalies: self.anomalies, left_out }
    }
}

fn moment(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap_or(Timestamp::MAX)
}

/// The answer.
#[derive(Debug, Clone)]
pub struct Usage {
    /// Hours by profile, then by agent.
    pub hours: Vec<Hours>,
    /// The same by profile alone, most hours first.
    pub profiles: Vec<ProfileHours>,
    /// Who has an open session.
    pub now: Vec<Now>,
    /// What is odd about rows.
    pub anomalies: Anomalies,
    /// What was not looked at.
    pub left_out: Option<LeftOut>,
}
