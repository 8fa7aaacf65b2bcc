//! The texts that rows hold, each kept once, and what they mean to the server: profiles and agents.
//!
//! Invariant: a text is looked up once, by the rules by which a profile counts as in use. As many texts for profiles are kept
//! as a list of profiles may have and no more, whatever the rows hold in these columns.

use crate::db::{Catalog, Connection, DbError};
use crate::seed::consequences::meant;
use crate::seed::manifest::Name;
use crate::seed::map::{Map, Part};
use crate::seed::snapshot::{RowState, Section, Wanted, records};
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// More different texts in the columns for the profile are not told apart: then they hold something else.
const VALUES: usize = 10_000;
/// All those that are not told apart.
const OTHERS: &str = "(others)";
/// Of a session without a profile.
const NONE: &str = "(none)";

/// What a session's columns for the profile come to.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Profile {
    /// Its id, where there is such a profile.
    pub id: Option<i64>,
    /// Its name as it is now, or what the row holds.
    pub name: Name,
}

/// How sure it is which profile is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Meaning {
    /// One, or none at all.
    Plain,
    /// Something is there that means no profile.
    Unknown,
    /// Several; the first counts.
    Several,
}

/// A user as the table has it.
#[derive(Debug, Clone)]
pub(super) struct Agent {
    /// The name as it is spelled there, or in the sessions.
    pub name: Name,
    /// Whether there is such a user.
    pub exists: bool,
    /// Whether the user is logged in.
    pub online: bool,
}

/// What is known of texts.
pub(super) struct Known {
    /// Names of profiles, and whether they were deleted softly: their hours were worked all the same.
    profiles: BTreeMap<i64, (Name, bool)>,
    /// Which profiles a text means, the first of which counts; `None` until it is looked up.
    values: HashMap<Name, Option<Vec<i64>>>,
    agents: HashMap<Name, Option<Agent>>,
    channels: BTreeSet<Name>,
    others: Name,
}

impl Known {
    /// All profiles, whose ids and names are kept first.
    pub fn of(conn: &mut Connection, map: &Map) -> Result<Self, DbError> {
        let mut known = Self {
            profiles: BTreeMap::new(),
            values: HashMap::new(),
            agents: HashMap::new(),
            channels: BTreeSet::new(),
            others: OTHERS.into(),
        };
        let Some(section) = Section::of(map, Part::Profiles) else { return Ok(known) };
        let (id, name) = (section.id.quoted(), section.name.quoted());
        let deleted = section
            .deleted
            .map_or_else(|| "0".to_owned(), |column| format!("{} IS NOT NULL", column.quoted()));
        let sql = format!("SELECT {id}, {name}, {deleted} FROM {}", section.table.quoted());
        conn.each(&sql, &[], &mut |row| {
            let name: Name = row.value(1).display().into();
            known.values.insert(row.int(0)?.to_string().into(), None);
            known.values.insert(name.clone(), None);
            known.profiles.insert(row.int(0)?, (name, row.int(2)? != 0));
            Ok(())
        })?;
        Ok(known)
    }

    /// A text of a column for the profile.
    pub fn value(&mut self, text: &str) -> Name {
        match self.values.get_key_value(text) {
            Some((known, _)) => known.clone(),
            None if self.values.len() >= VALUES + 2 * self.profiles.len() => self.others.clone(),
            None => {
                let name = Name::from(text);
                self.values.insert(name.clone(), None);
                name
            }
        }
    }

    /// An agent's name.
    pub fn agent(&mut self, text: &str) -> Name {
        if let Some((known, _)) = self.agents.get_key_value(text) {
            return known.clone();
        }
        let name = Name::from(text);
        self.agents.insert(name.clone(), None);
        name
    }

    /// The name of a channel.
    pub fn channel(&mut self, text: &str) -> Name {
        if let Some(known) = self.channels.get(text) {
            return known.clone();
        }
        let name = Name::from(text);
        self.channels.insert(name.clone());
        name
    }

    /// Asks the server about the texts that are new.
    pub fn look_up(&mut self, conn: &mut Connection, map: &Map, catalog: &Catalog) -> Result<(), DbError> {
        let new = |(name, known): (&Name, bool)| (!known).then(|| name.clone());
        let values =
            self.values.iter().map(|(name, meant)| (name, meant.is_some())).filter_map(new).collect();
        for (value, ids) in meant(conn, map, catalog, values)? {
            let there: Vec<i64> = ids.into_iter().filter(|id| self.profiles.contains_key(id)).collect();
            let is_live = |id: &i64| self.profiles.get(id).is_some_and(|(_, deleted)| !deleted);
            // A name that was given again is that of the profile that lives.
            let live: Vec<i64> = there.iter().copied().filter(is_live).collect();
            self.values.insert(value, Some(if live.is_empty() { there } else { live }));
        }
        let names: BTreeSet<Name> =
            self.agents.iter().map(|(name, agent)| (name, agent.is_some())).filter_map(new).collect();
        let Some(section) = Section::of(map, Part::Users).filter(|_| !names.is_empty()) else {
            return Ok(());
        };
        let wanted = Wanted { names, ..Wanted::default() };
        let found = records(conn, catalog, &section, &wanted)?;
        for name in wanted.names {
            let group = found.names.group(&name);
            let rows = group.into_iter().flat_map(|group| found.of_group(group));
            let mut there = rows.filter(|record| record.standing != RowState::Deleted);
            let agent = match there.next() {
                Some(record) => Agent { name: record.name.clone(), exists: true, online: record.online },
                None => Agent { name: name.clone(), exists: false, online: false },
            };
            self.agents.insert(name, Some(agent));
        }
        Ok(())
    }

    /// The agent of this name.
    pub fn agent_of(&self, name: &Name) -> Agent {
        let known = self.agents.get(name).and_then(Clone::clone);
        known.unwrap_or_else(|| Agent { name: name.clone(), exists: false, online: false })
    }

    /// The profile that the columns of a session mean, the first column first.
    pub fn profile(&self, values: &[Name]) -> (Profile, Meaning) {
        let mut ids = values.iter().filter_map(|value| self.values.get(value)?.as_ref()).flatten();
        match (ids.next(), values.first()) {
            (Some(id), _) => {
                let name =
                    self.profiles.get(id).map_or_else(|| self.others.clone(), |(name, _)| name.clone());
                let meaning = if ids.all(|other| other == id) { Meaning::Plain } else { Meaning::Several };
                (Profile { id: Some(*id), name }, meaning)
            }
            (None, None) => (Profile { id: None, name: NONE.into() }, Meaning::Plain),
            (None, Some(value)) => (Profile { id: None, name: value.clone() }, Meaning::Unknown),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn more_values_than_there_can_be_profiles_are_not_told_apart() {
        let mut known = Known {
            profiles: BTreeMap::new(),
            values: HashMap::new(),
            agents: HashMap::new(),
            channels: BTreeSet::new(),
            others: OTHERS.into(),
        };
        let values: Vec<Name> = (0..VALUES + 5).map(|number| known.value(&number.to_string())).collect();
        assert_eq!(known.values.len(), VALUES);
        assert_eq!([&*values[7], &*values[VALUES - 1]], ["7".to_owned(), (VALUES - 1).to_string()]);
        assert!(values[VALUES..].iter().all(|value| &**value == OTHERS) && *known.value("7") == *"7");
        let (profile, meaning) = known.profile(&values[VALUES..]);
        assert_eq!((profile.id, &*profile.name, meaning), (None, OTHERS, Meaning::Unknown));
    }
}
