//! Links: which agents and queues belong to a profile, and which queues to an agent directly.
//!
//! Invariant: whatever the shape of the tables (one for each channel, one for all channels with a
//! discriminator, personal and profile links in one), a link is an owner column, a member column, the
//! conditions that its rows fulfil, and the values that a new row gets besides.

use super::ident::Ident;
use super::literal::Literal;
use crate::seed::Channel;
use serde::{Deserialize, Serialize, Serializer};
use std::collections::BTreeMap;
use std::fmt;

/// Which links.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LinkKind {
    /// The agents of profiles: owner is the profile, member the agent.
    ProfileAgents,
    /// The queues of profiles: owner is the profile, member the queue.
    ProfileQueues(Channel),
    /// The queues of agents, their Personal Profile: owner is the agent, member the queue.
    Personal(Channel),
}

impl LinkKind {
    /// The channel of the queues.
    #[must_use]
    pub fn channel(self) -> Option<Channel> {
        match self {
            Self::ProfileAgents => None,
            Self::ProfileQueues(channel) | Self::Personal(channel) => Some(channel),
        }
    }
}

/// As the map's key below `links`.
impl fmt::Display for LinkKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ProfileAgents => f.write_str("profile_agents"),
            Self::ProfileQueues(channel) => write!(f, "profile_queues.{channel}"),
            Self::Personal(channel) => write!(f, "personal.{channel}"),
        }
    }
}

impl Serialize for LinkKind {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// Where links of one kind are.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Link {
    pub table: Ident,
    /// The column with the id of the profile, or of the agent of personal links.
    pub owner: Ident,
    /// The column with the id of the queue, or of the agent of a profile.
    pub member: Ident,
    /// What tells rows of this kind from others in the table; all must hold.
    pub conditions: Vec<Condition>,
    /// What a new row holds besides owner, member, penalty and times.
    pub fixed: BTreeMap<Ident, Literal>,
    /// The row's own primary key; without one, owner, member and the conditions name the row.
    pub id: Option<Ident>,
    /// The penalty, on voice queues of profiles.
    pub penalty: Option<Ident>,
    /// When the row was made.
    pub created: Option<Ident>,
    /// When it was last changed.
    pub updated: Option<Ident>,
    /// When it was deleted softly: such rows do not count, and removing a link sets it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deleted: Option<Ident>,
    /// Whether a link that was deleted softly is taken back when it is added again, instead of inserting another row.
    #[serde(skip_serializing_if = "is_usual")]
    pub revive: bool,
    /// Columns that change nothing of what a row means: a person has said so.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub ignored: Vec<Ident>,
}

/// Hashes of maps that say nothing of deleted links stay what they were.
#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks with a reference")]
fn is_usual(revive: &bool) -> bool {
    *revive
}

/// What holds for every row of a kind of links.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub enum Condition {
    /// The column holds this value; a new row gets it.
    Equals(Ident, Literal),
    /// The column holds one of these values, which mean the same; a new row gets the first.
    OneOf(Ident, Vec<Literal>),
    /// The column is NULL; a new row leaves it out.
    IsNull(Ident),
}

impl Condition {
    /// The column that it is about.
    #[must_use]
    pub fn column(&self) -> &Ident {
        match self {
            Self::Equals(column, _) | Self::OneOf(column, _) | Self::IsNull(column) => column,
        }
    }

    /// The values of which the column holds one.
    #[must_use]
    pub fn values(&self) -> &[Literal] {
        match self {
            Self::Equals(_, value) => std::slice::from_ref(value),
            Self::OneOf(_, values) => values,
            Self::IsNull(_) => &[],
        }
    }
}

/// A discriminator: only rows with this value, or one that means the same, are meant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Only {
    pub column: Ident,
    /// Its value, in new rows as well.
    pub value: Literal,
    /// Values of old rows that mean the same.
    #[serde(default)]
    pub also: Vec<Literal>,
}
