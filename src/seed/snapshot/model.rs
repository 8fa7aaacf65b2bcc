//! What was read of a database: rows by id, what names mean, links.
//!
//! Invariant: exactly what a plan matches or relies on, and compact: a link is four numbers. Nothing here is computed
//! that the database did not say.

use super::names::{Group, Names};
use super::rights::RightsRow;
use super::texts::Unholdable;
use crate::db::Value;
use crate::seed::Channel;
use crate::seed::manifest::Name;
use crate::seed::map::{LinkKind, Part};
use std::collections::BTreeMap;
use std::num::NonZeroI64;

/// What one transaction saw.
#[derive(Debug, Clone, Default)]
pub struct Snapshot {
    /// Agents, queues, profiles, and the user profiles that have rights.
    pub parts: BTreeMap<Part, Records>,
    /// Links of the owners that were asked for.
    pub links: BTreeMap<LinkKind, Links>,
    /// Rights of the user profiles that were asked for, by user profile.
    pub rights: Vec<RightsRow>,
    /// Texts that their columns cannot hold.
    pub unholdable: Unholdable,
    /// Extensions that new agents are to get, and the users who have them already.
    pub extensions: BTreeMap<Name, Vec<Holder>>,
}

/// A user of any role who has an extension.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Holder {
    pub id: i64,
    pub name: Name,
}

/// The rows of a part.
#[derive(Debug, Clone, Default)]
pub struct Records {
    pub rows: BTreeMap<i64, Record>,
    /// What the names that were asked for mean.
    pub names: Names,
}

/// One row that has a name.
#[derive(Debug, Clone, PartialEq)]
pub struct Record {
    pub id: i64,
    /// Its name as it is stored.
    pub name: Name,
    /// Whether it is what its part is about.
    pub standing: RowState,
    /// Whether the user is logged in; never part of a fingerprint.
    pub online: bool,
    /// The managed columns, in the order of the section.
    pub values: Box<[Value]>,
    /// When it was made and last changed, where the map says; never part of a fingerprint.
    pub times: [Option<Name>; 2],
}

/// Whether a row is what its part is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RowState {
    Live,
    /// It was deleted softly.
    Deleted,
    /// A user who is no agent, and what else.
    OtherRole(Name),
}

impl Records {
    /// Rows that are what the part is about.
    pub fn live(&self) -> impl Iterator<Item = &Record> {
        self.rows.values().filter(|record| record.standing == RowState::Live)
    }

    /// The rows of a group that stand so.
    pub fn of_group(&self, group: Group) -> impl Iterator<Item = &Record> {
        self.names.rows(group).iter().filter_map(|id| self.rows.get(id))
    }

    /// The one live row that has this name, if there is exactly one.
    #[must_use]
    pub fn named(&self, name: &Name) -> Option<&Record> {
        let group = self.names.group(name)?;
        let mut live = self.of_group(group).filter(|record| record.standing == RowState::Live);
        live.next().filter(|_| live.next().is_none())
    }
}

impl Snapshot {
    /// The rows of a part.
    #[must_use]
    pub fn part(&self, part: Part) -> Option<&Records> {
        self.parts.get(&part)
    }

    /// Agents.
    #[must_use]
    pub fn agents(&self) -> Option<&Records> {
        self.part(Part::Users)
    }

    /// The queues of a channel.
    #[must_use]
    pub fn queues(&self, channel: Channel) -> Option<&Records> {
        self.part(Part::Queues(channel))
    }

    /// Profiles.
    #[must_use]
    pub fn profiles(&self) -> Option<&Records> {
        self.part(Part::Profiles)
    }

    /// The rows of rights of a user profile.
    pub fn rights(&self, user_profile: i64) -> impl Iterator<Item = &RightsRow> {
        self.rights.iter().filter(move |row| row.user_profile == user_profile)
    }

    /// The links of an owner; empty where they were not asked for.
    #[must_use]
    pub fn links(&self, kind: LinkKind, owner: i64) -> &[LinkRow] {
        self.links.get(&kind).map_or(&[], |links| links.of(owner))
    }
}

/// Links of one kind.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Links {
    rows: Vec<LinkRow>,
}

/// One link.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct LinkRow {
    /// The profile's id, or the agent's of personal links.
    pub owner: i64,
    /// The agent's or queue's id.
    pub member: i64,
    /// The link's own id, where it has one.
    pub row: Option<NonZeroI64>,
    /// Its penalty, where it has one.
    pub penalty: Option<i32>,
}

impl Links {
    /// Links in any order.
    #[must_use]
    pub fn new(mut rows: Vec<LinkRow>) -> Self {
        rows.sort_unstable();
        rows.shrink_to_fit();
        Self { rows }
    }

    /// By owner, then member.
    #[must_use]
    pub fn rows(&self) -> &[LinkRow] {
        &self.rows
    }

    /// The rows of each pair of ends; most have one.
    pub fn pairs(&self) -> impl Iterator<Item = &[LinkRow]> {
        self.rows.chunk_by(|one, other| (one.owner, one.member) == (other.owner, other.member))
    }

    /// The links of one owner.
    #[must_use]
    pub fn of(&self, owner: i64) -> &[LinkRow] {
        let start = self.rows.partition_point(|row| row.owner < owner);
        let rest = &self.rows[start..];
        &rest[..rest.partition_point(|row| row.owner == owner)]
    }
}
