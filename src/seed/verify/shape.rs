//! What each part of a map expects of its table.
//!
//! Invariant: every column that is read or written by a part is among its wants, with the kind of
//! value that it must take.

use super::difference::{Difference, Since};
use crate::seed::Channel;
use crate::seed::map::{
    Condition, Ident, Link, LinkEnds, LinkKind, Literal, Map, Part, Permissions, Profiles, Queues,
    ReportMember, SettingType, Users,
};
use std::collections::BTreeMap;

/// What is expected of one table.
pub struct Shape<'a> {
    pub key: String,
    pub table: &'a Ident,
    pub wants: Vec<Want<'a>>,
    pub name: Option<&'a Ident>,
}

/// What is expected of one column.
pub struct Want<'a> {
    pub column: &'a Ident,
    /// What it must take.
    pub kind: Kind<'a>,
    /// Who gives it a value in a new row.
    pub filled: Filled,
}

/// What a column must take.
#[derive(Debug, Clone, Copy)]
pub enum Kind<'a> {
    /// Numbers that name rows.
    Key,
    /// The key of another table.
    Reference(&'a Ident, &'a Ident),
    Text,
    /// Text or whole numbers: an extension is either.
    TextOrInteger,
    Flag,
    Integer,
    Decimal,
    Time,
    /// A moment, or NULL: what the row means depends on which.
    TimeOrNull,
    Holds(&'a Literal),
    /// This text, among others.
    Says(&'a str),
    Anything,
    /// NULL in rows of this kind.
    Null,
}

/// Who gives a column its value in a new row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Filled {
    Never,
    /// The manifest, where it says something.
    Sometimes,
    Always,
}

impl<'a> Shape<'a> {
    /// What a part expects: the table that it is about, then tables that give names. Empty when the
    /// map does not have the part.
    pub fn of(map: &'a Map, part: Part) -> Vec<Self> {
        match part {
            Part::Users => vec![users(&map.users)],
            Part::Queues(channel) => map.queues(channel).map(|q| queues(channel, q)).into_iter().collect(),
            Part::Profiles => map.profiles.as_ref().map(profiles).into_iter().collect(),
            Part::Links(kind) => match (map.link(kind), map.ends(kind)) {
                (Some(found), Some(ends)) => vec![link(kind, found, ends)],
                _ => Vec::new(),
            },
            Part::ReportMember => map.report_member.as_ref().map(report_member).into_iter().collect(),
            Part::Permissions => map.permissions.as_ref().map_or_else(Vec::new, permissions),
        }
    }

    /// Where it is, for people.
    pub fn place(&self) -> String {
        format!("{} ({})", self.table, self.key)
    }

    /// A difference of the table itself.
    pub fn difference(&self, expected: &str, found: &str) -> Difference {
        let (expected, found) = (expected.to_owned(), found.to_owned());
        Difference { place: self.place(), expected, found, since: Since::Ever }
    }

    /// Whether it wants this column.
    pub fn uses(&self, column: &Ident) -> bool {
        self.wants.iter().any(|want| want.column.is_column(column.as_str()))
    }
}

/// Wants put together column by column.
struct Wants<'a>(Vec<Want<'a>>);

impl<'a> Wants<'a> {
    fn new() -> Self {
        Self(Vec::new())
    }

    fn with(mut self, column: &'a Ident, kind: Kind<'a>, filled: Filled) -> Self {
        self.0.push(Want { column, kind, filled });
        self
    }

    fn maybe(self, column: Option<&'a Ident>, kind: Kind<'a>, filled: Filled) -> Self {
        match column {
            Some(column) => self.with(column, kind, filled),
            None => self,
        }
    }

    /// The times that every row has.
    fn times(self, created: Option<&'a Ident>, updated: Option<&'a Ident>) -> Self {
        self.maybe(created, Kind::Time, Filled::Always).maybe(updated, Kind::Time, Filled::Always)
    }

    fn fixed(self, fixed: &'a BTreeMap<Ident, Literal>) -> Self {
        fixed
            .iter()
            .fold(self, |wants, (column, value)| wants.with(column, Kind::Holds(value), Filled::Always))
    }
}

fn users(users: &Users) -> Shape<'_> {
    let c = &users.columns;
    let wants = Wants::new()
        .with(&c.id, Kind::Key, Filled::Never)
        .with(&c.name, Kind::Text, Filled::Always)
        .with(&c.fullname, Kind::Text, Filled::Always)
        .with(&c.email, Kind::Text, Filled::Sometimes)
        .with(&c.internal, Kind::TextOrInteger, Filled::Always)
        .with(&c.role, Kind::Says(&users.agent_role), Filled::Always)
        .with(&c.online, Kind::Flag, Filled::Never)
        .times(c.created.as_ref(), c.updated.as_ref())
        .maybe(c.deleted.as_ref(), Kind::TimeOrNull, Filled::Never)
        .fixed(&users.fixed);
    Shape { key: "users".to_owned(), table: &users.table, wants: wants.0, name: Some(&c.name) }
}

fn queues(channel: Channel, queues: &Queues) -> Shape<'_> {
    let c = &queues.columns;
    let mut wants = Wants::new()
        .with(&c.id, Kind::Key, Filled::Never)
        .with(&c.name, Kind::Text, Filled::Always)
        .maybe(c.strategy.as_ref(), Kind::Text, Filled::Always)
        .maybe(c.kind.as_ref(), Kind::Text, Filled::Always)
        .maybe(c.timeout.as_ref(), Kind::Integer, Filled::Always)
        .maybe(c.weight.as_ref(), Kind::Integer, Filled::Sometimes)
        .maybe(c.description.as_ref(), Kind::Text, Filled::Sometimes)
        .times(c.created.as_ref(), c.updated.as_ref())
        .maybe(c.deleted.as_ref(), Kind::TimeOrNull, Filled::Never)
        .fixed(&queues.fixed);
    for (column, kind) in &queues.settings {
        let kind = match kind {
            SettingType::Text => Kind::Text,
            SettingType::Integer => Kind::Integer,
            SettingType::Decimal => Kind::Decimal,
            SettingType::Boolean => Kind::Flag,
        };
        wants = wants.with(column, kind, Filled::Sometimes);
    }
    Shape { key: format!("queues.{channel}"), table: &queues.table, wants: wants.0, name: Some(&c.name) }
}

fn profiles(profiles: &Profiles) -> Shape<'_> {
    let c = &profiles.columns;
    let wants = Wants::new()
        .with(&c.id, Kind::Key, Filled::Never)
        .with(&c.name, Kind::Text, Filled::Always)
        .with(&c.enabled, Kind::Flag, Filled::Always)
        .maybe(c.description.as_ref(), Kind::Text, Filled::Sometimes)
        .times(c.created.as_ref(), c.updated.as_ref())
        .maybe(c.deleted.as_ref(), Kind::TimeOrNull, Filled::Never)
        .fixed(&profiles.fixed);
    Shape { key: "profiles".to_owned(), table: &profiles.table, wants: wants.0, name: Some(&c.name) }
}

fn link<'a>(kind: LinkKind, link: &'a Link, ends: LinkEnds<'a>) -> Shape<'a> {
    let reference = |(table, key): (&'a Ident, &'a Ident)| Kind::Reference(table, key);
    // Where channels share a table and tell their rows by a value, the queue's key is of no one table.
    let of_one_table = link.conditions.iter().all(|condition| condition.values().is_empty());
    let member = if of_one_table { reference(ends.member) } else { Kind::Integer };
    let mut wants = Wants::new()
        .with(&link.owner, reference(ends.owner), Filled::Always)
        .with(&link.member, member, Filled::Always)
        .maybe(link.id.as_ref(), Kind::Key, Filled::Never)
        .maybe(link.penalty.as_ref(), Kind::Integer, Filled::Always)
        .times(link.created.as_ref(), link.updated.as_ref())
        .maybe(link.deleted.as_ref(), Kind::TimeOrNull, Filled::Never)
        .fixed(&link.fixed);
    for condition in &link.conditions {
        for value in condition.values() {
            wants = wants.with(condition.column(), Kind::Holds(value), Filled::Always);
        }
        if let Condition::IsNull(column) = condition {
            wants = wants.with(column, Kind::Null, Filled::Always);
        }
    }
    Shape { key: format!("links.{kind}"), table: &link.table, wants: wants.0, name: None }
}

fn report_member(report: &ReportMember) -> Shape<'_> {
    let c = &report.columns;
    let mut wants = Wants::new()
        // Only read, by a range of ids: a table that is partitioned by time cannot make them unique by themselves.
        .with(&c.id, Kind::Integer, Filled::Never)
        .with(&c.member, Kind::Text, Filled::Never)
        .maybe(c.channel.as_ref(), Kind::Text, Filled::Never)
        .maybe(c.kind.as_ref(), Kind::Text, Filled::Never)
        .with(&c.entered, Kind::Time, Filled::Never)
        .with(&c.left, Kind::TimeOrNull, Filled::Never);
    for column in &c.profile {
        wants = wants.with(column, Kind::Anything, Filled::Never);
    }
    Shape { key: "report_member".to_owned(), table: &report.table, wants: wants.0, name: None }
}

fn permissions(permissions: &Permissions) -> Vec<Shape<'_>> {
    let c = &permissions.columns;
    let names = &permissions.user_profiles;
    let mut wants = Wants::new()
        .maybe(c.id.as_ref(), Kind::Key, Filled::Never)
        .with(&c.user_profile, Kind::Reference(&names.table, &names.id), Filled::Always)
        .with(&c.section, Kind::Says(&permissions.section), Filled::Always)
        .times(c.created.as_ref(), c.updated.as_ref())
        .fixed(&permissions.fixed);
    for column in [&c.view, &c.read, &c.edit, &c.delete] {
        wants = wants.with(column, Kind::Flag, Filled::Always);
    }
    let named =
        Wants::new().with(&names.id, Kind::Key, Filled::Never).with(&names.name, Kind::Text, Filled::Never);
    let key = || "permissions".to_owned();
    vec![
        Shape { key: key(), table: &permissions.table, wants: wants.0, name: None },
        Shape { key: key(), table: &names.table, wants: named.0, name: Some(&names.name) },
    ]
}
