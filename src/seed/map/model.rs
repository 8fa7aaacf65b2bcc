//! What a schema map says: which table and column holds what.
//!
//! Invariant: a [`Map`] that exists is consistent in itself (see `rules`); whether the database
//! agrees is another question, answered by `verify`. Nothing here knows a connection.

use super::ident::Ident;
use super::link::{Link, LinkKind};
use super::literal::{Literal, SettingType};
use crate::seed::Channel;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A schema map.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Map {
    /// What it says it describes. Not part of its hash.
    #[serde(skip)]
    pub name: String,
    /// Who compared it with the database; empty until somebody has. Not part of its hash.
    #[serde(skip)]
    pub reviewed_by: String,
    /// Agents, and everybody else who logs in.
    pub users: Users,
    /// The queues of each channel.
    pub queues: BTreeMap<Channel, Queues>,
    pub profiles: Option<Profiles>,
    /// Who and what belongs together.
    pub links: BTreeMap<LinkKind, Link>,
    /// Who is logged in with which profile.
    pub report_member: Option<ReportMember>,
    /// Who may see the profiles.
    pub permissions: Option<Permissions>,
    /// What the running application notices of a change. Not part of its hash.
    #[serde(skip)]
    pub effects: BTreeMap<String, Effect>,
    /// Tables as they were when the map was made.
    pub tables: BTreeMap<Ident, TableDefinition>,
}

/// The table of users.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Users {
    pub table: Ident,
    /// Whether agents may be created; a person says so.
    #[serde(default)]
    pub create: bool,
    /// What the role column holds in an agent's row.
    pub agent_role: String,
    pub columns: UserColumns,
    /// Further columns that a new row needs.
    #[serde(default)]
    pub fixed: BTreeMap<Ident, Literal>,
}

/// Columns of the table of users.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UserColumns {
    pub id: Ident,
    /// Login name, the natural key.
    pub name: Ident,
    pub fullname: Ident,
    pub email: Ident,
    pub internal: Ident,
    pub role: Ident,
    /// Whether the user is logged in.
    pub online: Ident,
    /// When the row was made.
    pub created: Option<Ident>,
    /// When it was last changed.
    pub updated: Option<Ident>,
    /// When it was deleted softly.
    pub deleted: Option<Ident>,
}

/// The table of a channel's queues.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Queues {
    pub table: Ident,
    /// Whether queues may be created; a person says so.
    #[serde(default)]
    pub create: bool,
    pub columns: QueueColumns,
    /// Columns that a manifest may set under `settings`.
    #[serde(default)]
    pub settings: BTreeMap<Ident, SettingType>,
    /// Further columns that a new row needs.
    #[serde(default)]
    pub fixed: BTreeMap<Ident, Literal>,
}

/// Columns of a table of queues.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct QueueColumns {
    pub id: Ident,
    pub name: Ident,
    /// How calls or messages are distributed.
    pub strategy: Option<Ident>,
    /// Inbound or outbound; voice only.
    #[serde(rename = "type")]
    pub kind: Option<Ident>,
    /// Seconds; digital channels only.
    pub timeout: Option<Ident>,
    /// Weight; digital channels only.
    pub weight: Option<Ident>,
    pub description: Option<Ident>,
    /// When the row was made.
    pub created: Option<Ident>,
    /// When it was last changed.
    pub updated: Option<Ident>,
    /// When it was deleted softly.
    pub deleted: Option<Ident>,
}

/// The table of agent profiles.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Profiles {
    pub table: Ident,
    pub columns: ProfileColumns,
    /// Further columns that a new row needs.
    #[serde(default)]
    pub fixed: BTreeMap<Ident, Literal>,
}

/// Columns of the table of agent profiles.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProfileColumns {
    pub id: Ident,
    pub name: Ident,
    /// Whether it can be chosen.
    pub enabled: Ident,
    pub description: Option<Ident>,
    /// When the row was made.
    pub created: Option<Ident>,
    /// When it was last changed.
    pub updated: Option<Ident>,
    /// When it was deleted softly.
    pub deleted: Option<Ident>,
}

/// The table of sessions, read and never written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReportMember {
    pub table: Ident,
    /// What the type column holds in a session's row; every row is one where it is not said.
    pub login: Option<String>,
    pub columns: ReportMemberColumns,
}

/// Columns of the table of sessions.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReportMemberColumns {
    pub id: Ident,
    /// The agent's login name.
    pub member: Ident,
    pub channel: Option<Ident>,
    #[serde(rename = "type")]
    pub kind: Option<Ident>,
    /// When the session began.
    pub entered: Ident,
    /// When it ended; NULL while it lasts.
    pub left: Ident,
    /// Columns that may hold the profile's id or name.
    pub profile: Vec<Ident>,
}

/// Which user profile may do what with agent profiles: one row for each.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Permissions {
    pub table: Ident,
    /// What the section column holds in the rows about agent profiles.
    pub section: String,
    pub columns: PermissionColumns,
    /// Where user profiles have their names.
    pub user_profiles: UserProfiles,
    /// Further columns that a new row needs.
    #[serde(default)]
    pub fixed: BTreeMap<Ident, Literal>,
}

/// Columns of the table of permissions.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PermissionColumns {
    /// Primary key, where there is one of its own.
    pub id: Option<Ident>,
    /// The user profile's id.
    pub user_profile: Ident,
    /// What the row is about.
    pub section: Ident,
    /// Whether the section is shown.
    pub view: Ident,
    /// Whether entries can be opened.
    pub read: Ident,
    /// Whether they can be changed.
    pub edit: Ident,
    /// Whether they can be deleted.
    pub delete: Ident,
    /// When the row was made.
    pub created: Option<Ident>,
    /// When it was last changed.
    pub updated: Option<Ident>,
}

impl PermissionColumns {
    /// The columns of the rights: view, read, edit, delete.
    #[must_use]
    pub fn flags(&self) -> [&Ident; 4] {
        [&self.view, &self.read, &self.edit, &self.delete]
    }
}

/// The table of user profiles, which are never created or deleted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UserProfiles {
    pub table: Ident,
    pub id: Ident,
    pub name: Ident,
}

/// What the running application notices of a change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Effect {
    /// One sentence for people.
    pub text: String,
    /// How well it is known.
    pub mark: Mark,
    /// The changes that it follows from.
    pub after: Vec<Changed>,
    /// What a person can run; the tool never does.
    #[serde(default)]
    pub commands: Vec<String>,
}

/// How well something is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Mark {
    /// The vendor says so.
    Documented,
    /// Real servers behave so.
    Inferred,
    Guess,
}

/// What was changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Changed {
    Agents,
    VoiceQueues,
    /// Queues of other channels.
    DigitalQueues,
    Profiles,
    /// Links of profiles and personal ones.
    Links,
    Permissions,
}

/// A table as it was when the map was made.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TableDefinition {
    pub engine: Option<String>,
    /// What each column is, in the words of `definition`.
    #[serde(default)]
    pub columns: BTreeMap<Ident, String>,
}
