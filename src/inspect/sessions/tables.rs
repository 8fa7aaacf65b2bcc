//! Which tables and columns tell who is logged in.
//!
//! Invariant: data only; a schema map puts its own names in the place of the documented ones.

/// Tables and columns about sessions. The default is what Motion's vendor documents.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionTables {
    pub users: UserTable,
    /// Who logged in, and out.
    pub sessions: SessionTable,
    /// Names of agent profiles; not public, so only a map knows them.
    pub profiles: Option<ProfileTable>,
    /// Calls in progress; not public either.
    pub calls: Option<CallTable>,
}

/// The table of users.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UserTable {
    pub table: String,
    pub name: String,
    pub role: String,
    /// What the role is for agents.
    pub agent_role: String,
    /// The flag of being logged in.
    pub online: String,
    /// Where the phone is; empty while none is registered.
    pub contact: String,
}

/// The table of sessions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionTable {
    pub table: String,
    /// Login name of the agent.
    pub member: String,
    /// Channel, where there is a column for it.
    pub channel: Option<String>,
    /// Type of the row and what it is for a login; every row is one where nothing is said.
    pub login: Option<(String, String)>,
    pub entered: String,
    /// When it ended; NULL while it lasts.
    pub left: String,
    /// Columns that may hold the profile's id or name.
    pub profile: Vec<String>,
}

/// The table of profiles.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProfileTable {
    pub table: String,
    pub id: String,
    pub name: String,
}

/// A table with a row for each call in progress.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallTable {
    pub table: String,
    /// When the call ended; NULL while it lasts.
    pub ended: String,
}

impl Default for SessionTables {
    fn default() -> Self {
        let text = str::to_owned;
        Self {
            users: UserTable {
                table: text("users"),
                name: text("name"),
                role: text("role"),
                agent_role: text("agent"),
                online: text("online"),
                contact: text("fullcontact"),
            },
            sessions: SessionTable {
                table: text("report_member"),
                member: text("membername"),
                channel: Some(text("channel")),
                login: Some((text("type"), text("LOGIN"))),
                entered: text("enterAt"),
                left: text("exitAt"),
                profile: vec![text("data3"), text("data4")],
            },
            profiles: None,
            calls: None,
        }
    }
}
