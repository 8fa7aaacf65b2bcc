//! All profiles, with who and what belongs to them.
//!
//! Invariant: read in one view of the database; rows that were deleted softly do not exist here. Sorted by name.

use super::consequences::{InUse, open_sessions, twice};
use super::manifest::Name;
use super::map::{LinkKind, Part, Use};
use super::plan::is_set;
use super::session::{Session, failure};
use super::snapshot::{Field, LinkRow, Record, Records, RowState, Scope, Section, Snapshot};
use crate::db::DbError;
use crate::outcome::{Failure, Finding};
use crate::seed::Channel;
use std::collections::{BTreeMap, BTreeSet};

/// A profile and what belongs to it.
#[derive(Debug, Clone, PartialEq)]
pub struct ListedProfile {
    pub id: i64,
    pub name: Name,
    /// Whether agents can choose it.
    pub enabled: bool,
    pub description: Option<Name>,
    /// When it was made, where the map says.
    pub created: Option<Name>,
    /// When it was last changed, where the map says.
    pub updated: Option<Name>,
    /// Who may choose it.
    pub agents: Vec<Name>,
    /// Its queues, with what their rows have for a penalty.
    pub queues: BTreeMap<Channel, Vec<(Name, Penalties)>>,
    /// Whether somebody works with it.
    pub in_use: InUse,
}

/// The penalties of a link, lowest first: one, unless it stands in several rows that differ.
pub type Penalties = Vec<Option<i32>>;

/// What there is.
#[derive(Debug, Clone, PartialEq)]
pub struct Listing {
    /// The profiles, by name.
    pub profiles: Vec<ListedProfile>,
    /// What a reader should know.
    pub findings: Vec<Finding>,
}

impl Session {
    /// Every profile.
    ///
    /// # Errors
    /// When the map does not fit, or the database fails.
    pub fn list(&mut self) -> Result<Listing, Failure> {
        let mut scope = Scope::everything(&self.map);
        scope.links.retain(|kind, _| !matches!(kind, LinkKind::Personal(_)));
        let mut needs = scope.needs();
        if self.map.report_member.is_some() {
            needs.add(Part::ReportMember, Use::Read);
        }
        self.reading(&needs, |session| {
            let snapshot = session.snapshot(&scope)?;
            let (conn, map, catalog) = session.parts();
            let failed = |error: DbError| failure(&error);
            let sessions = open_sessions(conn, map, catalog).map_err(failed)?;
            let mentions = sessions.mentions(conn, map, catalog).map_err(failed)?;
            let Some(section) = Section::of(&session.map, Part::Profiles) else {
                return Ok(Listing { profiles: Vec::new(), findings: Vec::new() });
            };
            let profiles = snapshot.profiles().into_iter().flat_map(Records::live);
            let mut listed: Vec<ListedProfile> = profiles
                .map(|record| {
                    let mentioned = mentions.get(&record.id).into_iter().flatten();
                    listed(&section, &snapshot, record, sessions.in_use(mentioned))
                })
                .collect();
            listed.sort_by(|one, other| (&one.name, one.id).cmp(&(&other.name, other.id)));
            let mut findings = session.unnamed_columns();
            findings.extend(twice(&snapshot, session.telling));
            Ok(Listing { profiles: listed, findings })
        })
    }
}

fn listed(section: &Section<'_>, snapshot: &Snapshot, record: &Record, in_use: InUse) -> ListedProfile {
    let value = |field: &Field| section.position(field).map(|index| &record.values[index]);
    let [created, updated] = record.times.clone();
    let queues = Channel::ALL.into_iter().map(|channel| {
        let links = snapshot.links(LinkKind::ProfileQueues(channel), record.id);
        (channel, members(snapshot.queues(channel), links))
    });
    let agents = members(snapshot.agents(), snapshot.links(LinkKind::ProfileAgents, record.id));
    ListedProfile {
        id: record.id,
        name: record.name.clone(),
        enabled: value(&Field::Enabled).is_some_and(is_set),
        description: value(&Field::Description)
            .filter(|value| !value.is_null())
            .map(|value| value.display().into()),
        created,
        updated,
        agents: agents.into_iter().map(|(name, _)| name).collect(),
        queues: queues.filter(|(_, members)| !members.is_empty()).collect(),
        in_use,
    }
}

/// The names at the other end of links, sorted, each once; what is not there any more is left out.
fn members(records: Option<&Records>, links: &[LinkRow]) -> Vec<(Name, Penalties)> {
    let Some(records) = records else { return Vec::new() };
    let mut penalties: BTreeMap<i64, BTreeSet<Option<i32>>> = BTreeMap::new();
    for link in links {
        penalties.entry(link.member).or_default().insert(link.penalty);
    }
    let named = |(member, penalties): (i64, BTreeSet<Option<i32>>)| {
        let record = records.rows.get(&member).filter(|record| record.standing == RowState::Live)?;
        Some((record.name.clone(), penalties.into_iter().collect()))
    };
    let mut members: Vec<_> = penalties.into_iter().filter_map(named).collect();
    members.sort_unstable();
    members
}
