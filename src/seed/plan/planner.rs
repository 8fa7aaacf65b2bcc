//! What the parts of planning share: names to rows, problems and findings.
//!
//! Invariant: each name is judged once, at the first place that uses it, and nothing is left out of what is wrong.

use super::model::{Insert, Plan, RowRef, noun};
use crate::db::Catalog;
use crate::db::catalog::{Covers, Index};
use crate::outcome::codes;
use crate::outcome::{Finding, Level};
use crate::seed::manifest::{Manifest, Name, Place, Problem, Source, shown, shown_beside};
use crate::seed::map::{LinkKind, Map, Part};
use crate::seed::snapshot::{Group, Record, Records, RowState, Section, Snapshot, Unnamed};
use crate::seed::verify::charset as charset_name;
use std::collections::{BTreeMap, HashMap, HashSet};

/// What is planned from.
#[derive(Clone, Copy)]
pub struct Input<'a> {
    /// What a person wants.
    pub manifest: &'a Manifest,
    pub map: &'a Map,
    /// How the tables are made.
    pub catalog: &'a Catalog,
    pub snapshot: &'a Snapshot,
    /// What happens to profiles that the manifest does not name.
    pub unnamed: Unnamed,
}

/// A name that means nothing in the database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unknown {
    /// What is wrong with that.
    pub why: Unusable,
    /// What it should be.
    pub part: Part,
    pub name: Name,
    /// Where it is used first.
    pub place: Place,
}

/// Why a name that no row has is of no use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unusable {
    /// Nothing makes a row of this name.
    Missing,
    /// The row that is to be made may not have it.
    NotAllowed,
}

/// What a name means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NamedRow {
    Row(RowRef),
    /// What is wrong with it was said.
    Unusable,
}

/// The work in progress.
pub(super) struct Planner<'a> {
    pub manifest: &'a Manifest,
    pub map: &'a Map,
    pub catalog: &'a Catalog,
    pub snapshot: &'a Snapshot,
    pub unnamed: Unnamed,
    pub plan: Plan,
    pub problems: Vec<Problem>,
    pub unknown: Vec<Unknown>,
    pub findings: Vec<Finding>,
    /// Where the manifest speaks of a row.
    pub places: BTreeMap<(Part, RowRef), Place>,
    targets: HashMap<(Part, Group), NamedRow>,
    /// Where a group was declared.
    declared: HashMap<(Part, Group), Place>,
    missing: HashSet<(Part, Name)>,
    lacking: BTreeMap<String, Place>,
}

impl<'a> Planner<'a> {
    pub fn new(input: &Input<'a>) -> Self {
        Self {
            manifest: input.manifest,
            map: input.map,
            catalog: input.catalog,
            snapshot: input.snapshot,
            unnamed: input.unnamed,
            plan: Plan::default(),
            problems: Vec::new(),
            unknown: Vec::new(),
            findings: Vec::new(),
            places: BTreeMap::new(),
            targets: HashMap::new(),
            declared: HashMap::new(),
            missing: HashSet::new(),
            lacking: BTreeMap::new(),
        }
    }

    pub fn report(&mut self, problem: Problem) {
        self.problems.push(problem);
    }

    pub fn source(&self) -> &Source {
        &self.manifest.source
    }

    /// Adds a finding about a place of the manifest.
    pub fn find(&mut self, finding: Finding, place: Place, evidence: &str) {
        let finding = self.source().finding(finding, place, evidence);
        self.findings.push(finding);
    }

    /// The section and the rows of a part; where the map has none, that is said once.
    pub fn part(&mut self, part: Part, place: Place) -> Option<(Section<'a>, &'a Records)> {
        let section = Section::of(self.map, part);
        match (section, self.snapshot.part(part)) {
            (Some(section), Some(records)) => Some((section, records)),
            _ => {
                self.lacks(part.to_string(), place);
                None
            }
        }
    }

    /// Whether the map has these links; if not, that is said once.
    pub fn has_links(&mut self, kind: LinkKind, place: Place) -> bool {
        if self.map.link(kind).is_none() {
            self.lacks(format!("links.{kind}"), place);
        }
        self.map.link(kind).is_some()
    }

    fn lacks(&mut self, section: String, place: Place) {
        if self.lacking.insert(section.clone(), place).is_none() {
            let problem = Problem::error(place, format!("the schema map has no section `{section}`"));
            // Which tables hold rights is not public, so that `discover` proposes none.
            self.report(problem.hint(if section == Part::Permissions.to_string() {
                "add `[permissions]` by hand (docs/seeding.md says how), or leave `permissions` out of the manifest"
            } else {
                "complete the map, or leave this out of the manifest"
            }));
        }
    }

    /// The group of a name; a name that the column cannot hold is a problem, said once.
    pub fn group(&mut self, part: Part, records: &Records, name: &Name, place: Place) -> Option<Group> {
        let group = records.names.group(name);
        if group.is_none() && self.missing.insert((part, name.clone())) {
            let charset = Section::of(self.map, part).and_then(|section| {
                let column = self.catalog.table(section.table.as_str())?.column(section.name.as_str())?;
                column.charset.as_deref().map(charset_name)
            });
            let charset = charset.unwrap_or_else(|| "its character set".to_owned());
            let message = format!(
                "{} has a character that the names of the database ({charset}) cannot hold",
                shown(name)
            );
            self.report(Problem::error(place, message));
        }
        group
    }

    /// Declares what a group is; a second declaration is a problem.
    pub fn declare(&mut self, part: Part, group: Group, target: NamedRow, name: &Name, place: Place) {
        if let Some(first) = self.declared.insert((part, group), place) {
            let message = format!(
                "{} is declared twice: to the database it is the name of {}",
                shown(name),
                self.source().in_words(first, place)
            );
            self.report(
                Problem::error(place, message).hint(
                    "the server compares names without regard to case or accents, as its collation says",
                ),
            );
            return;
        }
        if let NamedRow::Row(row) = target {
            self.places.insert((part, row), place);
        }
        self.targets.insert((part, group), target);
    }

    /// Whether an entry of the manifest is about this group.
    pub fn is_declared(&self, part: Part, group: Group) -> bool {
        self.declared.contains_key(&(part, group))
    }

    /// The live row of a group: none, one, or a reason to stop, which is said.
    pub fn existing(
        &mut self,
        part: Part,
        records: &'a Records,
        group: Group,
        name: &Name,
        place: Place,
    ) -> Result<Option<&'a Record>, NamedRow> {
        let standing: Vec<_> = records.of_group(group).collect();
        let (dead, alive): (Vec<_>, Vec<_>) =
            standing.into_iter().partition(|record| record.standing == RowState::Deleted);
        match alive.as_slice() {
            [] => {
                if let Some(dead) = dead.first() {
                    self.soft_deleted(part, dead, name, place);
                }
                Ok(None)
            }
            [one] => match &one.standing {
                RowState::OtherRole(role) => {
                    let title = "a user who is no agent has this name";
                    let finding = Finding::new(codes::SEED_NAME_OF_OTHER_ROLE, title)
                        .advice("choose another username; only agents are managed");
                    let evidence = format!("{} is a user with the role {}", shown(name), shown(role));
                    self.find(finding, place, &evidence);
                    Err(NamedRow::Unusable)
                }
                _ => {
                    self.other_spelling(part, one, name, place);
                    Ok(Some(one))
                }
            },
            several => {
                let title = "several rows have the same name";
                let finding = Finding::new(codes::SEED_AMBIGUOUS_NAME, title)
                    .advice("rename or delete all but one of them in Motion");
                let ids: Vec<_> = several.iter().map(|record| record.id.to_string()).collect();
                let evidence = format!("{} {}: ids {}", noun(part), shown(name), ids.join(", "));
                self.find(finding, place, &evidence);
                Err(NamedRow::Unusable)
            }
        }
    }

    fn soft_deleted(&mut self, part: Part, dead: &Record, name: &Name, place: Place) {
        let Some(section) = Section::of(self.map, part) else { return };
        let table = self.catalog.table(section.table.as_str());
        let unique = table.is_some_and(|table| {
            let covers = |index: &&Index| {
                // An index of some rows is there so that a deleted one is in nobody's way.
                let has_name = matches!(index.columns.as_slice(), [one] if section.name.is_column(one));
                index.unique && index.covers != Covers::SomeRows && has_name
            };
            table.indexes.iter().any(|index| covers(&index))
        });
        let level = if unique { Level::Stop } else { Level::Warn };
        let title = match level {
            Level::Stop => "a deleted row holds a wanted name, and names are unique",
            _ => "a deleted row has a wanted name",
        };
        let finding = Finding::graded(codes::SEED_NAME_SOFT_DELETED, level, title).advice(
            "nothing is restored; restore or rename the deleted row in Motion, or choose another name",
        );
        let evidence = format!("{} {}: deleted row with id {}", noun(part), shown(name), dead.id);
        self.find(finding, place, &evidence);
    }

    /// The same name to the server, and another to a reader.
    fn other_spelling(&mut self, part: Part, record: &Record, name: &Name, place: Place) {
        if record.name == *name || !self.missing.insert((part, name.clone())) {
            return;
        }
        let finding = Finding::new(codes::SEED_NEAR_MISS, "the database spells a name differently")
            .advice("to the server it is the same; spell it as the database does");
        let [here, there] = shown_beside(name, &record.name);
        self.find(finding, place, &format!("{here} is {there} in the database"));
    }

    /// What a name in a list means; what is wrong with it is said once.
    pub fn target(&mut self, part: Part, name: &Name, place: Place) -> Option<(Group, RowRef)> {
        // Not by `part`: there are as many of these as links.
        let records = self.snapshot.part(part)?;
        let group = self.group(part, records, name, place)?;
        if let Some(target) = self.targets.get(&(part, group)) {
            return match target {
                NamedRow::Row(row) => Some((group, *row)),
                NamedRow::Unusable => None,
            };
        }
        let target = match self.existing(part, records, group, name, place) {
            Ok(Some(record)) => NamedRow::Row(RowRef::Id(record.id)),
            Ok(None) => {
                self.unknown.push(Unknown { why: Unusable::Missing, part, name: name.clone(), place });
                NamedRow::Unusable
            }
            Err(target) => target,
        };
        self.targets.insert((part, group), target);
        match target {
            NamedRow::Row(row) => Some((group, row)),
            NamedRow::Unusable => None,
        }
    }

    /// Plans a new row.
    pub fn insert(&mut self, insert: Insert) -> RowRef {
        let index = u32::try_from(self.plan.insert.len()).unwrap_or(u32::MAX);
        self.plan.insert.push(insert);
        RowRef::New(index)
    }
}
