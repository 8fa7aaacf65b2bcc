//! Plans: changes of rows, in the order in which they are made.
//!
//! Invariant: a plan leaves no choices and holds no name of a table or column; what is to be changed is named by part,
//! field and id. A pair of owner and member is never both unlinked and linked.

use crate::db::Value;
use crate::seed::manifest::{Name, Right};
use crate::seed::map::{LinkKind, Part};
use crate::seed::snapshot::{Field, LinkRow};
use std::collections::{BTreeMap, BTreeSet};

/// Changes of rows.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Plan {
    /// Links that go, first of all.
    pub unlink: BTreeMap<LinkKind, Vec<LinkRow>>,
    /// Rows that go, after their links.
    pub delete: Vec<Delete>,
    /// Rows of which columns change.
    pub update: Vec<Update>,
    pub insert: Vec<Insert>,
    /// Links whose penalty changes.
    pub weigh: BTreeMap<LinkKind, Vec<Weigh>>,
    /// Links that come, last of all.
    pub link: BTreeMap<LinkKind, Vec<NewLink>>,
    /// Rights of user profiles that change.
    pub rights: Vec<RightsChange>,
    /// Which of the links that go are of agents who move, by profile and agent, and the profile that these get.
    pub moved: BTreeMap<(i64, i64), RowRef>,
    /// What the rows that links are about are called.
    pub labels: BTreeMap<(Part, i64), Name>,
    /// Names that look like another one: people get them spelled out.
    pub mistakable: BTreeSet<(Part, Name)>,
}

/// A row: one that is there, or one that the plan inserts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RowRef {
    /// It has this id.
    Id(i64),
    /// It is the insert at this index.
    New(u32),
}

/// A row that goes: a profile, or where a run is undone any row that it made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delete {
    pub part: Part,
    pub id: i64,
    pub name: Name,
    pub why: Why,
}

/// Why a row goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Why {
    /// The manifest says `absent: true`.
    Absent,
    /// The manifest does not name it, and `--prune profiles` was said.
    Unnamed,
    /// The run that made it is undone.
    Undone,
}

/// A row of which columns change.
#[derive(Debug, Clone, PartialEq)]
pub struct Update {
    pub part: Part,
    pub id: i64,
    pub name: Name,
    /// Its columns, each once.
    pub changes: Vec<FieldChange>,
}

/// A column that changes.
#[derive(Debug, Clone, PartialEq)]
pub struct FieldChange {
    pub field: Field,
    pub old: Value,
    /// What it shall hold.
    pub new: Value,
}

/// A row that comes.
#[derive(Debug, Clone, PartialEq)]
pub struct Insert {
    pub part: Part,
    pub name: Name,
    /// Its other columns, each once.
    pub values: Vec<Given>,
}

/// A column of a new row.
#[derive(Debug, Clone, PartialEq)]
pub struct Given {
    pub field: Field,
    /// What it shall hold.
    pub value: Value,
    pub origin: Origin,
}

/// Who says what a column of a new row holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    Manifest,
    /// Nobody; it is the default.
    Default,
}

/// A link whose penalty changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Weigh {
    /// The link as it is.
    pub link: LinkRow,
    /// The penalty that it shall have.
    pub penalty: i32,
}

/// A link that comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NewLink {
    /// The profile, or the agent of personal links.
    pub owner: RowRef,
    /// The agent or queue.
    pub member: RowRef,
    /// Its penalty, where such links have one.
    pub penalty: Option<i32>,
    pub origin: Origin,
}

/// The rights of a user profile on agent profiles, all four of which are written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RightsChange {
    /// The user profile's id.
    pub user_profile: i64,
    pub name: Name,
    /// Whether it has no row yet, which is the same as one without any right.
    pub is_new: bool,
    /// The rights that it has.
    pub old: BTreeSet<Right>,
    /// The rights that it shall have, other ones than before.
    pub new: BTreeSet<Right>,
}

impl RightsChange {
    /// The rights that it loses.
    pub fn revoked(&self) -> impl Iterator<Item = Right> {
        self.old.difference(&self.new).copied()
    }

    /// The rights that it gets.
    pub fn granted(&self) -> impl Iterator<Item = Right> {
        self.new.difference(&self.old).copied()
    }
}

/// How many rows a plan writes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Rows and links that come.
    pub add: u64,
    /// Rows and links of which columns change, those among them that only lose rights.
    pub change: u64,
    /// Rows and links that go, those marked as deleted among them.
    pub remove: u64,
}

/// How many rows go, and how many rights.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Deletions {
    /// Links of profiles and agents that stay.
    pub memberships: u64,
    /// Links of agents who move to another profile.
    pub moved: u64,
    /// Profiles that `absent: true` names.
    pub absent: u64,
    /// Profiles that no entry names.
    pub unnamed: u64,
    /// Links of profiles that go.
    pub dependent: u64,
    /// Rows that an earlier run made, which is undone.
    pub undone: u64,
    /// Rights that user profiles lose, in rows that stay.
    pub revoked: u64,
}

impl Deletions {
    /// Every row and every right: what must be allowed.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.rows() + self.revoked
    }

    /// Every row.
    #[must_use]
    pub fn rows(&self) -> u64 {
        self.memberships + self.moved + self.absent + self.unnamed + self.dependent + self.undone
    }
}

impl Plan {
    /// Whether nothing is to be done.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rows() == 0
    }

    /// How many rows are written.
    #[must_use]
    pub fn rows(&self) -> u64 {
        let Counts { add, change, remove } = self.counts();
        add + change + remove
    }

    /// How many rows come, change and go.
    #[must_use]
    pub fn counts(&self) -> Counts {
        let new_rights = self.rights.iter().filter(|change| change.is_new).count();
        let come = self.insert.len() + self.link.values().map(Vec::len).sum::<usize>() + new_rights;
        let change = self.update.len() + self.weigh.values().map(Vec::len).sum::<usize>();
        let change = change + self.rights.len() - new_rights;
        let go = self.delete.len() + self.unlink.values().map(Vec::len).sum::<usize>();
        let [add, change, remove] = [come, change, go].map(|count| count as u64);
        Counts { add, change, remove }
    }

    /// How many rows go.
    #[must_use]
    pub fn deletions(&self) -> Deletions {
        let gone: BTreeSet<i64> = self.deleted(Part::Profiles).collect();
        let mut count = Deletions::default();
        for (kind, links) in &self.unlink {
            let of_profiles = !matches!(kind, LinkKind::Personal(_));
            for link in links {
                let is_move =
                    *kind == LinkKind::ProfileAgents && self.moved.contains_key(&(link.owner, link.member));
                let counted = match (of_profiles && gone.contains(&link.owner), is_move) {
                    (true, _) => &mut count.dependent,
                    (false, true) => &mut count.moved,
                    (false, false) => &mut count.memberships,
                };
                *counted += 1;
            }
        }
        let because = |why| self.delete.iter().filter(|delete| delete.why == why).count() as u64;
        count.absent = because(Why::Absent);
        count.unnamed = because(Why::Unnamed);
        count.undone = because(Why::Undone);
        count.revoked = self.rights.iter().flat_map(RightsChange::revoked).count() as u64;
        count
    }

    /// The ids of the rows of a part that go.
    pub fn deleted(&self, part: Part) -> impl Iterator<Item = i64> {
        self.delete.iter().filter(move |delete| delete.part == part).map(|delete| delete.id)
    }

    /// Whether the same goes as by another plan: profiles, pairs that are unlinked, and rights.
    #[must_use]
    pub fn deletes_the_same(&self, other: &Self) -> bool {
        let pairs = |plan: &Self| -> BTreeSet<(LinkKind, i64, i64)> {
            let all =
                plan.unlink.iter().flat_map(|(kind, links)| links.iter().map(move |link| (*kind, link)));
            all.map(|(kind, link)| (kind, link.owner, link.member)).collect()
        };
        let rights = |plan: &Self| -> BTreeSet<(i64, Right)> {
            let of_each = |change: &RightsChange| {
                let user_profile = change.user_profile;
                change.revoked().map(move |right| (user_profile, right)).collect::<Vec<_>>()
            };
            plan.rights.iter().flat_map(of_each).collect()
        };
        self.delete == other.delete && pairs(self) == pairs(other) && rights(self) == rights(other)
    }

    /// What a row is called.
    #[must_use]
    pub fn label(&self, part: Part, row: RowRef) -> Name {
        match row {
            RowRef::Id(id) => {
                self.labels.get(&(part, id)).cloned().unwrap_or_else(|| format!("id {id}").into())
            }
            RowRef::New(index) => {
                self.insert.get(index as usize).map_or_else(|| "?".into(), |insert| insert.name.clone())
            }
        }
    }
}

/// The parts of the rows at both ends of a kind of links.
#[must_use]
pub fn ends(kind: LinkKind) -> (Part, Part) {
    match kind {
        LinkKind::ProfileAgents => (Part::Profiles, Part::Users),
        LinkKind::ProfileQueues(channel) => (Part::Profiles, Part::Queues(channel)),
        LinkKind::Personal(channel) => (Part::Users, Part::Queues(channel)),
    }
}

/// What one row of a part is called in messages.
#[must_use]
pub fn noun(part: Part) -> String {
    match part {
        Part::Users => "agent".to_owned(),
        Part::Queues(channel) => format!("{channel} queue"),
        Part::Profiles => "profile".to_owned(),
        Part::Permissions => "User Profile".to_owned(),
        other => other.to_string(),
    }
}
