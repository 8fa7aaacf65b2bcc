//! Who works with which profile, and for how long: the answer of `seed usage`.
//!
//! Invariant: as of all sections, field names are public contract. Times are UTC.

use schemars::JsonSchema;
use serde::Serialize;

/// The hours of a period, and who is on which profile now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct UsageSection {
    /// From when hours count.
    pub from: String,
    /// Until when.
    pub to: String,
    /// Hours by profile, most first.
    pub profiles: Vec<ProfileUsage>,
    /// Hours by profile and agent.
    pub hours: Vec<AgentUsage>,
    /// Who has an open session.
    pub now: Vec<OpenUsage>,
    /// What is odd about sessions.
    pub anomalies: Vec<UsageAnomaly>,
    /// What was not looked at; absent where all was.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub left_out: Option<UsageLeftOut>,
}

/// The hours of a profile.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct ProfileUsage {
    /// The profile's id; null where no profile is meant.
    pub profile_id: Option<i64>,
    /// Its name as it is now, or what the sessions hold.
    pub profile: String,
    /// The sum over agents.
    pub seconds: i64,
    /// How many agents.
    pub agents: usize,
}

/// The hours of an agent with a profile.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct AgentUsage {
    /// The profile's id; null where no profile is meant.
    pub profile_id: Option<i64>,
    /// Its name as it is now, or what the sessions hold.
    pub profile: String,
    /// The agent's username.
    pub agent: String,
    /// Of sessions that overlap each moment counts once.
    pub seconds: i64,
    /// How many sessions.
    pub sessions: u64,
    /// Whether one of them still lasts: it counts until now.
    pub open: bool,
}

/// An open session: of several of one agent, channel and profile the last.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct OpenUsage {
    /// The agent's username.
    pub agent: String,
    /// The channel; empty where the schema map does not say.
    pub channel: String,
    /// The profile's id; null where no profile is meant.
    pub profile_id: Option<i64>,
    /// Its name as it is now, or what the session holds.
    pub profile: String,
    /// When it began.
    pub since: String,
    /// Whether the agent is logged in, as the table of users says.
    pub online: bool,
}

/// Something odd about sessions.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct UsageAnomaly {
    /// `two-open`, `exit-before-enter`, `enter-in-future`, `no-such-profile`, `several-profiles`, `no-time` or
    /// `no-such-agent`.
    pub kind: String,
    /// How many sessions.
    pub count: u64,
    /// A few of them.
    pub examples: Vec<String>,
}

/// Sessions that were not looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct UsageLeftOut {
    /// Why.
    pub why: String,
    /// Sessions that began earlier are not counted; absent where that is not known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub since: Option<String>,
}
