//! What a part of the map is when its rows are handled by name: agents, queues and profiles alike.
//!
//! Invariant: a pure view of the map; the order of its columns is the order of a record's values.

use crate::db::Value;
use crate::seed::manifest::Name;
use crate::seed::map::{Ident, Literal, Map, Part, SettingType};
use std::collections::BTreeMap;
use std::fmt;

/// What a manifest manages of a row besides its name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Field {
    Name,
    /// An agent's full name.
    Fullname,
    /// An agent's mail address.
    Email,
    Internal,
    Strategy,
    /// A voice queue's type.
    Kind,
    /// A digital queue's timeout.
    Timeout,
    /// A digital queue's weight.
    Weight,
    Description,
    /// Whether a profile can be chosen.
    Enabled,
    /// A queue's column by its name in the map.
    Setting(Name),
}

/// As a manifest writes it.
impl fmt::Display for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Name => "name",
            Self::Fullname => "fullname",
            Self::Email => "email",
            Self::Internal => "internal",
            Self::Strategy => "strategy",
            Self::Kind => "type",
            Self::Timeout => "timeout",
            Self::Weight => "weight",
            Self::Description => "description",
            Self::Enabled => "enabled",
            Self::Setting(column) => return write!(f, "settings.{column}"),
        })
    }
}

/// What a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Text,
    Integer,
    Decimal,
    Flag,
}

/// A managed column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column<'a> {
    /// What it is for.
    pub field: Field,
    pub ident: &'a Ident,
    pub kind: Kind,
}

/// Rows that have a name.
#[derive(Debug, Clone)]
pub struct Section<'a> {
    pub part: Part,
    pub table: &'a Ident,
    pub id: &'a Ident,
    pub name: &'a Ident,
    /// Managed columns besides the name.
    pub columns: Vec<Column<'a>>,
    /// When a row was made.
    pub created: Option<&'a Ident>,
    /// When it was last changed.
    pub updated: Option<&'a Ident>,
    /// When it was deleted softly.
    pub deleted: Option<&'a Ident>,
    /// The column that says who is an agent, and what it says.
    pub role: Option<(&'a Ident, &'a str)>,
    /// Whether the user is logged in.
    pub online: Option<&'a Ident>,
    /// Further columns of a new row.
    pub fixed: &'a BTreeMap<Ident, Literal>,
    /// Whether rows may be created.
    pub create: bool,
}

impl<'a> Section<'a> {
    /// The view of a part; none where the map does not have it, or its rows have no names of ours.
    #[must_use]
    pub fn of(map: &'a Map, part: Part) -> Option<Self> {
        match part {
            Part::Users => Some(users(map)),
            Part::Queues(_) => queues(map, part),
            Part::Profiles => profiles(map),
            Part::Permissions => user_profiles(map),
            Part::Links(_) | Part::ReportMember => None,
        }
    }

    /// What a condition has behind its own so that only agents count, and the value that it asks for.
    #[must_use]
    pub fn and_role(&self) -> (String, Option<Value>) {
        match self.role {
            Some((column, agent)) => (format!(" AND {} = ?", column.quoted()), Some(agent.into())),
            None => (String::new(), None),
        }
    }

    /// The same so that rows that were deleted softly do not count.
    #[must_use]
    pub fn and_live(&self) -> String {
        self.deleted.map_or_else(String::new, |deleted| format!(" AND {} IS NULL", deleted.quoted()))
    }

    /// Where a field stands among a record's values.
    #[must_use]
    pub fn position(&self, field: &Field) -> Option<usize> {
        self.columns.iter().position(|column| column.field == *field)
    }

    /// The column of a field, the name's included.
    #[must_use]
    pub fn ident(&self, field: &Field) -> Option<&'a Ident> {
        match field {
            Field::Name => Some(self.name),
            field => self.position(field).map(|index| self.columns[index].ident),
        }
    }
}

fn some<'a>(field: Field, ident: Option<&'a Ident>, kind: Kind) -> Option<Column<'a>> {
    ident.map(|ident| Column { field, ident, kind })
}

fn users(map: &Map) -> Section<'_> {
    let users = &map.users;
    let c = &users.columns;
    let columns = [(Field::Fullname, &c.fullname), (Field::Email, &c.email), (Field::Internal, &c.internal)];
    let text = |(field, ident)| Column { field, ident, kind: Kind::Text };
    Section {
        part: Part::Users,
        table: &users.table,
        id: &c.id,
        name: &c.name,
        columns: columns.into_iter().map(text).collect(),
        created: c.created.as_ref(),
        updated: c.updated.as_ref(),
        deleted: c.deleted.as_ref(),
        role: Some((&c.role, &users.agent_role)),
        online: Some(&c.online),
        fixed: &users.fixed,
        create: users.create,
    }
}

fn queues(map: &Map, part: Part) -> Option<Section<'_>> {
    let Part::Queues(channel) = part else { return None };
    let queues = map.queues(channel)?;
    let c = &queues.columns;
    let named = [
        some(Field::Strategy, c.strategy.as_ref(), Kind::Text),
        some(Field::Kind, c.kind.as_ref(), Kind::Text),
        some(Field::Timeout, c.timeout.as_ref(), Kind::Integer),
        some(Field::Weight, c.weight.as_ref(), Kind::Integer),
        some(Field::Description, c.description.as_ref(), Kind::Text),
    ];
    let settings = queues.settings.iter().map(|(ident, kind)| Column {
        field: Field::Setting(ident.as_str().into()),
        ident,
        kind: match kind {
            SettingType::Text => Kind::Text,
            SettingType::Integer => Kind::Integer,
            SettingType::Decimal => Kind::Decimal,
            SettingType::Boolean => Kind::Flag,
        },
    });
    Some(Section {
        part,
        table: &queues.table,
        id: &c.id,
        name: &c.name,
        columns: named.into_iter().flatten().chain(settings).collect(),
        created: c.created.as_ref(),
        updated: c.updated.as_ref(),
        deleted: c.deleted.as_ref(),
        role: None,
        online: None,
        fixed: &queues.fixed,
        create: queues.create,
    })
}

fn profiles(map: &Map) -> Option<Section<'_>> {
    let profiles = map.profiles.as_ref()?;
    let c = &profiles.columns;
    let enabled = Column { field: Field::Enabled, ident: &c.enabled, kind: Kind::Flag };
    let description = some(Field::Description, c.description.as_ref(), Kind::Text);
    Some(Section {
        part: Part::Profiles,
        table: &profiles.table,
        id: &c.id,
        name: &c.name,
        columns: [Some(enabled), description].into_iter().flatten().collect(),
        created: c.created.as_ref(),
        updated: c.updated.as_ref(),
        deleted: c.deleted.as_ref(),
        role: None,
        online: None,
        fixed: &profiles.fixed,
        create: true,
    })
}

/// The user profiles that have rights: only their names are looked up here, and no such row is ever written.
fn user_profiles(map: &Map) -> Option<Section<'_>> {
    let permissions = map.permissions.as_ref()?;
    let profiles = &permissions.user_profiles;
    Some(Section {
        part: Part::Permissions,
        table: &profiles.table,
        id: &profiles.id,
        name: &profiles.name,
        columns: Vec::new(),
        created: None,
        updated: None,
        deleted: None,
        role: None,
        online: None,
        fixed: &permissions.fixed,
        create: false,
    })
}
