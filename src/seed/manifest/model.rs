//! A manifest as data: what a person wants, each wish with its place.
//!
//! Invariant: what is here is consistent in itself: no name or extension is declared
//! twice, no list names a thing twice, renames are neither chained nor swapped. What
//! the database has, and which keys creating a row needs, is not known here.

use super::place::Place;
use super::source::Source;
use crate::seed::Channel;
use std::collections::BTreeMap;
use std::sync::Arc;

/// A name or another short text; the same text is kept once.
pub type Name = Arc<str>;

/// A value and where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spanned<T> {
    pub value: T,
    pub place: Place,
}

/// What a manifest says about a column.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Managed<T> {
    /// Nothing: the column is left as it is.
    #[default]
    Absent,
    /// `null`: the column is cleared, if it can be.
    Null(Place),
    Value(Spanned<T>),
}

impl<T> Managed<T> {
    /// The value, where there is one.
    pub fn value(&self) -> Option<&T> {
        match self {
            Self::Value(spanned) => Some(&spanned.value),
            Self::Absent | Self::Null(_) => None,
        }
    }

    /// Where the manifest speaks of the column, if it does.
    pub fn place(&self) -> Option<Place> {
        match self {
            Self::Absent => None,
            Self::Null(place) => Some(*place),
            Self::Value(spanned) => Some(spanned.place),
        }
    }
}

/// A whole manifest.
#[derive(Debug, Clone)]
pub struct Manifest {
    /// The file or files, for messages that point into them.
    pub source: Source,
    /// Queues to create or update, in the order of the file.
    pub queues: Vec<Queue>,
    /// Agents to create or update, and their Personal Profiles.
    pub agents: Vec<Agent>,
    pub profiles: Vec<Profile>,
    /// Agents who go from one profile to another.
    pub moves: Vec<Move>,
    /// What User Profiles may do with Agent Profiles.
    pub permissions: Vec<Permission>,
}

impl Manifest {
    /// One that says nothing yet.
    pub(super) fn empty(source: Source) -> Self {
        let (queues, agents, profiles) = (Vec::new(), Vec::new(), Vec::new());
        Self { source, queues, agents, profiles, moves: Vec::new(), permissions: Vec::new() }
    }
}

/// A queue. Which keys a channel's queues have was checked: a voice queue has
/// a `kind` and neither `timeout` nor `weight`, the others the reverse.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Queue {
    pub channel: Channel,
    /// Its key, within the channel.
    pub name: Spanned<Name>,
    /// How waiting work is handed out.
    pub strategy: Managed<Name>,
    /// `type`: inbound or outbound, of voice queues.
    pub kind: Managed<Name>,
    pub timeout: Managed<u32>,
    /// Which queue is served first.
    pub weight: Managed<u32>,
    pub description: Managed<Name>,
    /// Columns by name, each once; which may be set is the schema map's to say.
    pub settings: Vec<Setting>,
}

/// One column of a queue by its name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Setting {
    /// The column as written.
    pub column: Spanned<Name>,
    /// What it is set to.
    pub value: Spanned<SettingValue>,
}

/// A value for a column whose type only the schema map knows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SettingValue {
    Null,
    Bool(bool),
    Integer(i64),
    Text(Name),
}

/// An agent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Agent {
    pub username: Spanned<Name>,
    /// The name that people see.
    pub fullname: Managed<Name>,
    /// For the mail that sets the first password.
    pub email: Managed<Name>,
    /// The extension; written when the row is created and never changed.
    pub internal: Option<Spanned<Name>>,
    /// The Personal Profile: queues linked to the agent directly.
    pub personal: BTreeMap<Channel, Links>,
}

impl Agent {
    /// Whether the username has only the letters, digits, `.` and `_` that the
    /// application accepts in a new one.
    #[must_use]
    pub fn username_is_allowed(&self) -> bool {
        self.username.value.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'.' || byte == b'_')
    }

    /// Whether the full name is the internal number, which the application
    /// refuses in a new agent.
    #[must_use]
    pub fn fullname_is_internal(&self) -> bool {
        self.internal.as_ref().is_some_and(|internal| self.fullname.value() == Some(&internal.value))
    }

    /// Whether the internal number is one that can be told from others and dialled: no blanks, nothing that cannot be
    /// seen, and no digits of other scripts, which people take for the same number and a server does not.
    #[must_use]
    pub fn internal_is_allowed(&self) -> bool {
        self.internal
            .as_ref()
            .is_none_or(|internal| internal.value.bytes().all(|byte| byte.is_ascii_graphic()))
    }
}

/// Agents who go from one profile to another. No profile of it says otherwise of them, and no other move has one of its
/// agents and one of its profiles.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Move {
    /// The profile that they leave.
    pub from: Spanned<Name>,
    /// The profile that they get, another one.
    pub to: Spanned<Name>,
    /// Who, by username; each once.
    pub agents: Vec<Spanned<Name>>,
}

/// An Agent Profile. One that is [`absent`](Self::absent) has nothing else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Profile {
    pub name: Spanned<Name>,
    /// `absent: true`: it is to be deleted.
    pub absent: Option<Place>,
    /// What it was called before; no other profile of the file has this name.
    pub previous_name: Option<Spanned<Name>>,
    /// Whether agents can choose it.
    pub enabled: Option<Spanned<bool>>,
    pub description: Managed<Name>,
    /// Who may choose it, by username.
    pub agents: Option<Links>,
    pub queues: BTreeMap<Channel, Links>,
}

/// A list of links and how it is meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Links {
    /// Where the list stands.
    pub place: Place,
    /// Whether links that it does not name stay.
    pub mode: Mode,
    /// Who or what is linked, each once.
    pub members: Vec<Member>,
    /// Whose link goes, each once and none that is a member; empty with
    /// [`Mode::Exact`].
    pub remove: Vec<Spanned<Name>>,
}

/// Whether links that a list does not name stay. An exact list may be empty
/// only where `allow_empty` said so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    Merge,
    Exact,
}

/// One end of a link.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// A username or a queue's name.
    pub name: Name,
    pub place: Place,
    /// The lower, the earlier served; only of a profile's voice queues. `None`
    /// leaves the penalty of a link that is there.
    pub penalty: Option<u32>,
}

/// What a User Profile may do with Agent Profiles.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Permission {
    /// The User Profile, which must exist.
    pub user_profile: Spanned<Name>,
    /// Exactly the rights that it shall have, each once: what is not among them is taken away.
    pub rights: Vec<Spanned<Right>>,
}

/// A right on the section of Agent Profiles.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Right {
    View,
    /// Look into a profile.
    Read,
    Edit,
    Delete,
}

impl Right {
    /// Every right.
    pub const ALL: [Self; 4] = [Self::View, Self::Read, Self::Edit, Self::Delete];

    /// As a manifest writes it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::View => "view",
            Self::Read => "read",
            Self::Edit => "edit",
            Self::Delete => "delete",
        }
    }
}
