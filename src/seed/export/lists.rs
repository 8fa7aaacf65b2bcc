//! Lists of links.
//!
//! Invariant: a list that is written as exact names every link of its owner; where one leads to a row that a manifest
//! cannot name, the list only adds, so that applying it deletes nothing.

use super::{Lists, Writer};
use crate::outcome::counted;
use crate::seed::Channel;
use crate::seed::manifest::{Name, scalar, shown};
use crate::seed::map::LinkKind;
use crate::seed::plan::{ends, noun};
use crate::seed::snapshot::{LinkRow, Record};
use std::collections::BTreeMap;

/// Members by name, with the penalty where one is to be written.
struct Members {
    named: BTreeMap<Name, Option<i32>>,
    /// How many lead to rows that cannot be named.
    unnamed: usize,
    /// Whose penalty cannot be written.
    odd: Vec<Name>,
}

impl Writer<'_> {
    /// Lists of queues below a key, by channel.
    pub(super) fn by_channel(
        &mut self,
        owner: &Record,
        level: usize,
        key: &str,
        kind: fn(Channel) -> LinkKind,
    ) {
        let snapshot = self.snapshot;
        let mut is_open = false;
        for channel in self.channels.clone() {
            let kind = kind(channel);
            let is_empty = snapshot.links(kind, owner.id).is_empty();
            if !self.has_links(kind) || is_empty && self.lists == Lists::Merge {
                continue;
            }
            let members = self.members(kind, owner);
            if members.named.is_empty() && members.unnamed > 0 {
                self.tell(kind, owner, &members);
                continue;
            }
            if !is_open {
                self.text.open(level, key);
                is_open = true;
            }
            self.put(kind, owner, level + 1, channel.name(), &members);
        }
    }

    /// One list below a key.
    pub(super) fn list(&mut self, owner: &Record, level: usize, key: &str, kind: LinkKind) {
        let members = self.members(kind, owner);
        if members.named.is_empty() && (members.unnamed > 0 || self.lists == Lists::Merge) {
            self.tell(kind, owner, &members);
            return;
        }
        self.put(kind, owner, level, key, &members);
    }

    fn members(&self, kind: LinkKind, owner: &Record) -> Members {
        let (_, part) = ends(kind);
        let links = self.snapshot.links(kind, owner.id);
        let mut members = Members { named: BTreeMap::new(), unnamed: 0, odd: Vec::new() };
        for same in links.chunk_by(|one, other| one.member == other.member) {
            match self.nameable.row(part, same[0].member) {
                None => members.unnamed += same.len(),
                Some(row) => {
                    let penalty = penalty(same);
                    if penalty.is_none() && same.iter().any(|link| link.penalty.is_some()) {
                        members.odd.push(row.name.clone());
                    }
                    members.named.insert(row.name.clone(), penalty);
                }
            }
        }
        members
    }

    fn put(&mut self, kind: LinkKind, owner: &Record, level: usize, key: &str, members: &Members) {
        self.tell(kind, owner, members);
        self.text.open(level, key);
        let mut below = level + 1;
        if self.lists == Lists::Exact && members.unnamed == 0 {
            self.text.line(below, "mode: exact");
            if members.named.is_empty() {
                self.text.line(below, "allow_empty: true");
                self.text.line(below, "members: []");
                return;
            }
            self.text.open(below, "members");
            below += 1;
        }
        for (name, penalty) in &members.named {
            let name = scalar(name);
            match penalty {
                Some(penalty) => {
                    self.text.item(below, &format!("{{ name: {name}, penalty: {penalty} }}"));
                }
                None => self.text.item(below, &name),
            }
        }
        self.export.memberships += members.named.len();
    }

    /// Says what of a list is left out.
    fn tell(&mut self, kind: LinkKind, owner: &Record, members: &Members) {
        let (owners, _) = ends(kind);
        let list = match kind {
            LinkKind::ProfileAgents => "agents".to_owned(),
            LinkKind::ProfileQueues(channel) => format!("{channel} queues"),
            LinkKind::Personal(channel) => format!("personal {channel} queues"),
        };
        let list = format!("{} {}, {list}", noun(owners), shown(&owner.name));
        if members.unnamed > 0 {
            let links = counted(members.unnamed, "link");
            let exact = if self.lists == Lists::Exact { "; the list is not exact" } else { "" };
            self.leave_out(format!("{list}: {links} to rows that are not here{exact}"));
        }
        for name in &members.odd {
            self.leave_out(format!("{list}: the penalty of {}", shown(name)));
        }
    }
}

/// The penalty of a member, if all of its links have the same one and a manifest can say it.
fn penalty(same: &[LinkRow]) -> Option<i32> {
    let penalty = same.first()?.penalty.filter(|penalty| *penalty >= 0)?;
    same.iter().all(|link| link.penalty == Some(penalty)).then_some(penalty)
}
