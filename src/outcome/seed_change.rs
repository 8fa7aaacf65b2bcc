//! One change of a seed's plan, for programs: a row that comes, changes or goes, or who is linked to what.
//!
//! Invariant: as of all sections, field names are public contract.

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;
use std::sync::Arc;

/// One change; a plan has them in the order in which they are made.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
#[serde(tag = "action", rename_all = "lowercase")]
pub enum SeedChange {
    /// A row goes.
    Delete {
        /// What it is.
        kind: RowKind,
        /// Of a queue: its channel.
        #[serde(skip_serializing_if = "Option::is_none")]
        channel: Option<&'static str>,
        /// What it is called.
        name: String,
        /// Why it goes.
        why: WhyDeleted,
    },
    /// Agents or queues leave a profile, or queues an agent.
    Unlink(Memberships),
    /// A User Profile loses rights on Agent Profiles.
    Revoke(Rights),
    /// A row changes and keeps its name.
    Update(RowChange),
    /// A row gets another name, and perhaps other values.
    Rename(RowChange),
    /// A row comes.
    Create(RowCreation),
    /// Memberships get another penalty.
    Penalty(Memberships),
    /// Agents or queues join a profile, or queues an agent.
    Link(Memberships),
    /// A User Profile gets rights on Agent Profiles.
    Grant(Rights),
}

/// What a row is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum RowKind {
    /// A user with the role of an agent.
    Agent,
    /// A queue of a channel.
    Queue,
    /// An agent profile.
    Profile,
}

/// Why a row goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum WhyDeleted {
    /// The manifest says `absent: true`.
    Absent,
    /// A list that is exact does not name it.
    Unnamed,
    /// The run that made it is undone.
    Undone,
}

/// A row with other values than before.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct RowChange {
    /// What it is.
    pub kind: RowKind,
    /// Of a queue: its channel.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub channel: Option<&'static str>,
    /// What it is called before the change.
    pub name: String,
    /// What changes.
    pub fields: Vec<ChangedField>,
}

/// A value that changes.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct ChangedField {
    /// As a manifest calls it.
    pub field: String,
    /// A text, a number, a truth value, or null.
    pub old: Value,
    /// The same afterwards.
    pub new: Value,
}

/// A new row.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct RowCreation {
    /// What it is.
    pub kind: RowKind,
    /// Of a queue: its channel.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub channel: Option<&'static str>,
    /// What it is called.
    pub name: String,
    /// Its values.
    pub fields: Vec<FieldValue>,
}

/// A value of a new row.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct FieldValue {
    /// As a manifest calls it.
    pub field: String,
    /// A text, a number, a truth value, or null.
    pub new: Value,
    /// Whether the manifest leaves it open.
    pub default: bool,
}

/// Members of one agent or profile that change together.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct Memberships {
    /// Always `membership`.
    pub kind: MembershipKind,
    /// Which links, such as `profile.agents` or `personal.chat`.
    pub links: String,
    /// Whose they are, where they are an agent's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub agent: Option<String>,
    /// Whose they are, where they are a profile's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub profile: Option<String>,
    /// Agents or queues.
    pub members: Vec<MemberChange>,
    /// Those of the members who leave for another profile.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub moved: Vec<Move>,
}

/// What all memberships are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum MembershipKind {
    /// A link of two rows.
    Membership,
}

// There may be a million, so that names are those of the plan, not copies.
/// One member.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(untagged)]
pub enum MemberChange {
    /// Nothing but its name counts.
    Name(Arc<str>),
    /// Its penalty changes.
    Penalty {
        /// What it is called.
        name: Arc<str>,
        /// The penalty before, or null.
        old: Option<i32>,
        /// The penalty afterwards, or null.
        new: Option<i32>,
    },
    /// It comes with a penalty.
    Weighed {
        /// What it is called.
        name: Arc<str>,
        /// Its penalty, or null.
        penalty: Option<i32>,
        /// Whether the manifest leaves it open.
        default: bool,
    },
}

/// An agent who leaves a profile for another.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Move {
    /// The agent.
    pub name: String,
    /// The other profile.
    pub to: String,
}

/// Rights of one User Profile that change together.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Rights {
    /// Always `permission`.
    pub kind: RightsKind,
    /// Whose they are.
    pub user_profile: String,
    /// `view`, `read`, `edit` or `delete`.
    pub rights: Vec<&'static str>,
}

/// What all rights are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum RightsKind {
    /// What a User Profile may do.
    Permission,
}
