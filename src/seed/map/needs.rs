//! Which parts of a map a command relies on, and what for.
//!
//! Invariant: a part that is not named here is not relied on; what differs in it is only said.

use super::link::LinkKind;
use super::model::Map;
use crate::seed::Channel;
use std::collections::BTreeMap;
use std::fmt;

/// A part of a map.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Part {
    Users,
    /// The queues of a channel.
    Queues(Channel),
    Profiles,
    /// Links of a kind.
    Links(LinkKind),
    ReportMember,
    /// Permissions, with the names of user profiles.
    Permissions,
}

/// What a part is relied on for; each includes those before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Use {
    /// Its rows are read.
    Read,
    /// Its rows are changed or deleted.
    Change,
    Create,
}

/// Everything that a command relies on.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Needs(BTreeMap<Part, Use>);

impl Needs {
    /// Nothing yet.
    #[must_use]
    pub fn none() -> Self {
        Self::default()
    }

    /// All that a map names, as far as it may be used: links and profiles are written, agents and
    /// queues where the map allows it, sessions only read.
    #[must_use]
    pub fn all(map: &Map) -> Self {
        let mut needs = Self::none();
        let may = |create| if create { Use::Create } else { Use::Read };
        needs.add(Part::Users, may(map.users.create));
        for (channel, queues) in &map.queues {
            needs.add(Part::Queues(*channel), may(queues.create));
        }
        if map.profiles.is_some() {
            needs.add(Part::Profiles, Use::Create);
        }
        for kind in map.links.keys() {
            needs.add(Part::Links(*kind), Use::Create);
        }
        if map.report_member.is_some() {
            needs.add(Part::ReportMember, Use::Read);
        }
        if map.permissions.is_some() {
            needs.add(Part::Permissions, Use::Create);
        }
        needs
    }

    /// Everything that a map names, to be read.
    #[must_use]
    pub fn reading(map: &Map) -> Self {
        Self(Self::all(map).0.into_keys().map(|part| (part, Use::Read)).collect())
    }

    /// Relies on a part for this, too.
    pub fn add(&mut self, part: Part, for_what: Use) {
        let known = self.0.entry(part).or_insert(for_what);
        *known = (*known).max(for_what);
        // Whose ids a link holds must be known as well.
        if let Part::Links(kind) = part {
            let queues = kind.channel().map(Part::Queues);
            let profiles = (!matches!(kind, LinkKind::Personal(_))).then_some(Part::Profiles);
            let users = (!matches!(kind, LinkKind::ProfileQueues(_))).then_some(Part::Users);
            for end in [queues, profiles, users].into_iter().flatten() {
                self.0.entry(end).or_insert(Use::Read);
            }
        }
    }

    /// What a part is relied on for.
    #[must_use]
    pub fn of(&self, part: Part) -> Option<Use> {
        self.0.get(&part).copied()
    }

    /// Each part with its use, in order.
    pub fn iter(&self) -> impl Iterator<Item = (Part, Use)> {
        self.0.iter().map(|(part, for_what)| (*part, *for_what))
    }
}

/// As the map's key.
impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Users => f.write_str("users"),
            Self::Queues(channel) => write!(f, "queues.{channel}"),
            Self::Profiles => f.write_str("profiles"),
            Self::Links(kind) => write!(f, "links.{kind}"),
            Self::ReportMember => f.write_str("report_member"),
            Self::Permissions => f.write_str("permissions"),
        }
    }
}
