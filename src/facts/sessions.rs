//! Who is logged in, as the database says, with what makes that doubtful.

use serde::Serialize;
use std::collections::BTreeMap;

/// Sessions at one moment.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct SessionFacts {
    /// How many of each role there are, are online, and have a phone registered.
    pub roles: BTreeMap<String, RoleFacts>,
    /// Users whose flag says that they are online, by name; not more than [`SessionFacts::MOST`].
    pub online: Vec<OnlineUser>,
    /// Sessions that were opened and not closed; `None` when they could not be read.
    pub open: Option<OpenSessions>,
    /// Calls in progress, where a table of them is known.
    pub calls: Option<u64>,
    /// What could not be read, and why.
    pub unknown: Vec<String>,
}

/// Users of one role.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct RoleFacts {
    pub users: u64,
    /// With the flag of being logged in.
    pub online: u64,
    /// With a registered phone; `None` when that could not be read.
    pub phones: Option<u64>,
}

/// A user whose flag says that they are online.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct OnlineUser {
    pub name: String,
    pub role: String,
    /// Open sessions, one a channel.
    pub sessions: Vec<OpenSession>,
    /// Seconds since the newest sign of life; below zero when clocks disagree.
    pub idle_seconds: Option<i64>,
}

/// One open session.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct OpenSession {
    /// Channel, where it is known.
    pub channel: Option<String>,
    /// When it began, in UTC as the application wrote it.
    pub entered: Option<String>,
    /// What the columns hold that may name the profile: column and value. All empty is the Personal Profile.
    pub profile: Vec<(String, Option<String>)>,
    /// The profile's name, where the schema map tells how to find it.
    pub profile_name: Option<String>,
}

/// Open sessions of everybody.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct OpenSessions {
    /// How many there are.
    pub count: u64,
    /// How many of them belong to users who are not online.
    pub of_offline: u64,
    /// When the newest began.
    pub newest: Option<String>,
    /// How many seconds ago that is.
    pub newest_age_seconds: Option<i64>,
    /// Only so many of the newest rows were searched; `None` when all open ones were found by an index.
    pub searched: Option<u64>,
}

impl SessionFacts {
    /// No more users are named one by one.
    pub const MOST: u64 = 2_000;

    /// How many users are online.
    #[must_use]
    pub fn online_count(&self) -> u64 {
        self.roles.values().map(|role| role.online).sum()
    }
}
