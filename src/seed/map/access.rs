//! Asking a map: its hash, its columns, its tables.
//!
//! Invariant: the hash is of what the map means for the database, not of its spelling: comments,
//! order, names and reviewers do not count, so that a plan outlives a signature.

use super::ident::Ident;
use super::link::{Link, LinkKind};
use super::model::{Map, Queues};
use crate::seed::Channel;
use sha2::{Digest, Sha256};
use std::collections::BTreeSet;

/// The map of the embedded schema, an assumption about Motion's own.
const BUILT_IN: &str = include_str!("../../../templates/seed/schema-map.toml");

impl Map {
    /// The map of the embedded schema; for SQLite only.
    #[must_use]
    pub fn built_in() -> Self {
        Self::parse("built-in", BUILT_IN).expect("the built-in map is tested")
    }

    /// The text of the built-in map, with what it says about itself.
    #[must_use]
    pub fn built_in_text() -> &'static str {
        BUILT_IN
    }

    /// SHA-256, in hexadecimal digits, of everything that decides what is read and written.
    #[must_use]
    pub fn hash(&self) -> String {
        let bytes = serde_json::to_vec(self).expect("a map has text keys and no floats");
        hex::encode(Sha256::digest(bytes))
    }

    /// Whether a person has signed it.
    #[must_use]
    pub fn is_reviewed(&self) -> bool {
        !self.reviewed_by.is_empty()
    }

    /// The queues of a channel, where the map has them.
    #[must_use]
    pub fn queues(&self, channel: Channel) -> Option<&Queues> {
        self.queues.get(&channel)
    }

    /// The links of a kind, where the map has them.
    #[must_use]
    pub fn link(&self, kind: LinkKind) -> Option<&Link> {
        self.links.get(&kind)
    }

    /// The table that the owner's or the member's id of these links refers to, and its key.
    #[must_use]
    pub fn ends(&self, kind: LinkKind) -> Option<LinkEnds<'_>> {
        let users = (&self.users.table, &self.users.columns.id);
        let profiles = || self.profiles.as_ref().map(|profiles| (&profiles.table, &profiles.columns.id));
        let queues = |channel| self.queues(channel).map(|queues| (&queues.table, &queues.columns.id));
        Some(match kind {
            LinkKind::ProfileAgents => LinkEnds { owner: profiles()?, member: users },
            LinkKind::ProfileQueues(channel) => LinkEnds { owner: profiles()?, member: queues(channel)? },
            LinkKind::Personal(channel) => LinkEnds { owner: users, member: queues(channel)? },
        })
    }

    /// Every table that the map names, as it spells them.
    #[must_use]
    pub fn table_names(&self) -> BTreeSet<&Ident> {
        let mut names = BTreeSet::from([&self.users.table]);
        names.extend(self.queues.values().map(|queues| &queues.table));
        names.extend(self.profiles.iter().map(|profiles| &profiles.table));
        names.extend(self.links.values().map(|link| &link.table));
        names.extend(self.report_member.iter().map(|report| &report.table));
        if let Some(permissions) = &self.permissions {
            names.extend([&permissions.table, &permissions.user_profiles.table]);
        }
        names
    }

    /// The columns that each part names, by table; a table of several parts comes several times.
    pub fn columns_of_tables(&self) -> impl Iterator<Item = (&Ident, Vec<&Ident>)> {
        self.columns().into_iter().map(|(_, table, columns)| (table, columns))
    }

    /// The table and columns of each part, under the part's key; a column stands once for each use.
    pub(super) fn columns(&self) -> Vec<(String, &Ident, Vec<&Ident>)> {
        let mut all = vec![("users".to_owned(), &self.users.table, self.user_columns())];
        all.extend(
            self.queues
                .iter()
                .map(|(channel, queues)| (format!("queues.{channel}"), &queues.table, queues.all_columns())),
        );
        if let Some(profiles) = &self.profiles {
            let c = &profiles.columns;
            let optional = [&c.description, &c.created, &c.updated, &c.deleted];
            let columns = [&c.id, &c.name, &c.enabled].into_iter().chain(optional.into_iter().flatten());
            all.push((
                "profiles".to_owned(),
                &profiles.table,
                columns.chain(profiles.fixed.keys()).collect(),
            ));
        }
        all.extend(
            self.links.iter().map(|(kind, link)| (format!("links.{kind}"), &link.table, link.all_columns())),
        );
        if let Some(report) = &self.report_member {
            let c = &report.columns;
            let named =
                [&c.id, &c.member, &c.entered, &c.left].into_iter().chain(c.channel.iter().chain(&c.kind));
            all.push(("report_member".to_owned(), &report.table, named.chain(&c.profile).collect()));
        }
        if let Some(permissions) = &self.permissions {
            let c = &permissions.columns;
            let named = [&c.user_profile, &c.section, &c.view, &c.read, &c.edit, &c.delete];
            let optional = [&c.id, &c.created, &c.updated].into_iter().flatten();
            let columns = named.into_iter().chain(optional).chain(permissions.fixed.keys()).collect();
            all.push(("permissions".to_owned(), &permissions.table, columns));
            let names = vec![&permissions.user_profiles.id, &permissions.user_profiles.name];
            all.push(("permissions.user_profiles".to_owned(), &permissions.user_profiles.table, names));
        }
        all
    }

    fn user_columns(&self) -> Vec<&Ident> {
        let c = &self.users.columns;
        let needed = [&c.id, &c.name, &c.fullname, &c.email, &c.internal, &c.role, &c.online];
        let optional = [&c.created, &c.updated, &c.deleted].into_iter().flatten();
        // Online may be fixed for new rows as well: it is read, and never written otherwise.
        let fixed = self.users.fixed.keys().filter(|column| !column.is_column(c.online.as_str()));
        needed.into_iter().chain(optional).chain(fixed).collect()
    }
}

/// What the two columns of a link refer to: a table and its key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LinkEnds<'a> {
    pub owner: (&'a Ident, &'a Ident),
    pub member: (&'a Ident, &'a Ident),
}

impl Queues {
    fn all_columns(&self) -> Vec<&Ident> {
        let c = &self.columns;
        let optional =
            [&c.strategy, &c.kind, &c.timeout, &c.weight, &c.description, &c.created, &c.updated, &c.deleted];
        let named = [&c.id, &c.name].into_iter().chain(optional.into_iter().flatten());
        // A setting may be fixed for new rows as well, where the manifest does not say it.
        let fixed = self.fixed.keys().filter(|column| !self.settings.contains_key(*column));
        named.chain(self.settings.keys()).chain(fixed).collect()
    }
}

impl Link {
    fn all_columns(&self) -> Vec<&Ident> {
        let optional = [&self.id, &self.penalty, &self.created, &self.updated, &self.deleted];
        let optional = optional.into_iter().flatten();
        let conditions = self.conditions.iter().map(super::link::Condition::column);
        let fixed = self.fixed.keys().filter(|column| !self.conditions.iter().any(|c| c.column() == *column));
        let ends = [&self.owner, &self.member].into_iter();
        ends.chain(optional).chain(conditions).chain(fixed).chain(&self.ignored).collect()
    }
}
