//! A schema map held against the live database, before anything is read by it or written.
//!
//! Invariant: pure; what a command relies on must match, the rest is only said. A difference names
//! the place, what the map expects and what was found. It must never fix a map.

mod column;
mod definition;
mod deleted;
mod difference;
mod family;
mod meaning;
mod opposite;
mod references;
mod shape;
mod spelling;

use crate::db::catalog::{Table, TableKind};
use crate::db::{Catalog, Engine};
use crate::outcome::{Finding, codes};
use crate::seed::map::{Ident, Map, Needs, Part, Use};
pub use column::is_own_in_each_row;
pub use definition::{describe, differences as changes};
pub use deleted::{covering, may_mark_deleted};
pub use difference::{Difference, Since};
pub use family::{Family, members};
pub use meaning::unnamed_columns;
pub use references::{Reference, references_to};
pub(in crate::seed) use shape::{Kind, Shape};
pub(in crate::seed) use spelling::{charset, words};
use std::collections::{BTreeMap, BTreeSet};

/// What a map and a database have to say to each other.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Verification {
    /// What differs in the parts relied on.
    pub mismatches: Vec<Difference>,
    pub differences: Vec<Difference>,
    /// What runs when a table is written: table, trigger, when.
    pub triggers: BTreeSet<String>,
    /// Columns whose names say the opposite of what the map takes them for.
    pub opposites: BTreeSet<String>,
    /// Columns that the database demands of new rows and a manifest may leave out.
    pub demanded: BTreeMap<Part, BTreeSet<Ident>>,
    /// The parts whose names a unique index covers, deleted rows included.
    pub unique_names: BTreeSet<Part>,
}

/// Holds a map against a database. The catalog must hold every table that the map names; the part
/// of the map that is not in `needs` is looked at as if it were read.
#[must_use]
pub fn verify(map: &Map, catalog: &Catalog, engine: Engine, needs: &Needs) -> Verification {
    let mut found = Verification { opposites: opposite::opposites(map, needs), ..Verification::default() };
    let look = Verifier { map, catalog, engine };
    for (part, for_what) in needs.iter() {
        let differences = look.part(part, for_what, &mut found);
        found.mismatches.extend(differences);
    }
    for (part, _) in Needs::all(map).iter().filter(|(part, _)| needs.of(*part).is_none()) {
        let differences = look.part(part, Use::Read, &mut Verification::default());
        found.differences.extend(differences);
    }
    look.recorded(needs, &mut found);
    for list in [&mut found.mismatches, &mut found.differences] {
        list.sort();
        list.dedup();
    }
    found.differences.retain(|difference| !found.mismatches.contains(difference));
    found
}

/// The tables, and columns of other tables, that are needed and that the catalog does not have.
#[must_use]
pub fn unseen<'a>(
    map: &'a Map,
    catalog: &Catalog,
    needs: &Needs,
) -> BTreeSet<(&'a Ident, Option<&'a Ident>)> {
    let mut unseen = BTreeSet::new();
    for shape in needs.iter().flat_map(|(part, _)| Shape::of(map, part)) {
        match catalog.table(shape.table.as_str()) {
            None => drop(unseen.insert((shape.table, None))),
            Some(table) => {
                let columns = shape.wants.iter().map(|want| want.column);
                let missing = columns.filter(|column| table.column(column.as_str()).is_none());
                unseen.extend(missing.map(|column| (shape.table, Some(column))));
            }
        }
    }
    unseen
}

/// A map that nobody has signed, where a server's database would be written by it.
#[must_use]
pub fn unreviewed(map: &Map, engine: Engine) -> Option<Finding> {
    let needed = matches!(engine, Engine::MariaDb | Engine::MySql) && !map.is_reviewed();
    needed.then(|| {
        Finding::new(codes::SEED_MAP_UNREVIEWED, "nobody has reviewed the schema map")
            .evidence("reviewed_by is empty")
            .advice("compare each line with the database, then put your name into reviewed_by")
    })
}

impl Verification {
    /// What to do about mismatches: where only what was recorded has changed, the map itself is right.
    fn advice(&self) -> &'static str {
        if self.mismatches.iter().all(|difference| difference.since == Since::Signed) {
            "compare what has changed; `motionctl seed schema discover --map FILE` records it for you to sign again"
        } else {
            "correct the map, or let `motionctl seed schema discover` propose a new one"
        }
    }

    /// What it means for a plan: a stop for mismatches, warnings for the rest.
    #[must_use]
    pub fn findings(&self) -> Vec<Finding> {
        let with = |finding: Finding, lines: Vec<String>| finding.evidence_lines(lines);
        let lines = |list: &[Difference]| list.iter().map(ToString::to_string).collect::<Vec<_>>();
        let mut findings = Vec::new();
        if !self.mismatches.is_empty() {
            let finding = Finding::new(
                codes::SEED_MAP_MISMATCH,
                "the schema map does not fit the database; nothing is written by it",
            )
            .advice(self.advice());
            findings.push(with(finding, lines(&self.mismatches)));
        }
        if !self.differences.is_empty() {
            let title = "parts of the schema map that this command does not use do not fit the database";
            let finding =
                Finding::new(codes::SEED_MAP_DIFFERS, title).advice("correct them before they are needed");
            findings.push(with(finding, lines(&self.differences)));
        }
        if !self.opposites.is_empty() {
            let title = "the schema map takes columns for the opposite of what their names say";
            let finding = Finding::new(codes::SEED_MAP_OPPOSITE, title)
                .advice("look at rows that you know: what is written there turns around what Motion shows");
            findings.push(with(finding, self.opposites.iter().cloned().collect()));
        }
        if !self.triggers.is_empty() {
            let finding = Finding::new(codes::SEED_TRIGGER, "triggers run when these tables are written")
                .advice("read what they do; it happens in the same transaction");
            findings.push(with(finding, self.triggers.iter().cloned().collect()));
        }
        findings
    }
}

struct Verifier<'a> {
    map: &'a Map,
    catalog: &'a Catalog,
    engine: Engine,
}

impl Verifier<'_> {
    fn part(&self, part: Part, for_what: Use, found: &mut Verification) -> Vec<Difference> {
        let difference = |place: String, expected: &str, found: &str| {
            let (expected, found) = (expected.to_owned(), found.to_owned());
            vec![Difference { place, expected, found, since: Since::Ever }]
        };
        let shapes = Shape::of(self.map, part);
        if shapes.is_empty() {
            return difference(format!("{part}"), "a section of the schema map", "none");
        }
        if for_what == Use::Create && !may_create(self.map, part) {
            return difference(format!("{part}.create"), "true, set by a person", "false");
        }
        let mut differences = Vec::new();
        for (index, shape) in shapes.iter().enumerate() {
            // Only the first table of a part is written; others give names.
            let for_what = if index == 0 { for_what } else { Use::Read };
            match self.table(shape) {
                Ok(table) => differences.extend(self.shape(part, shape, table, for_what, found)),
                Err(difference) => differences.push(difference),
            }
        }
        differences
    }

    fn table(&self, shape: &Shape<'_>) -> Result<&Table, Difference> {
        let name = shape.table.as_str();
        if let Some(table) = self.catalog.table(name) {
            return Ok(table);
        }
        let other = self.catalog.tables.keys().find(|other| other.to_lowercase() == name.to_lowercase());
        let found = match other {
            Some(other) => format!("`{other}`: the case of a table's name counts"),
            None if self.catalog.tables.is_empty() => "no table that this user may see".to_owned(),
            None => "none that this user may see".to_owned(),
        };
        Err(Difference { place: shape.place(), expected: "a table".to_owned(), found, since: Since::Ever })
    }

    fn shape(
        &self,
        part: Part,
        shape: &Shape<'_>,
        table: &Table,
        for_what: Use,
        found: &mut Verification,
    ) -> Vec<Difference> {
        let mut differences: Vec<Difference> = shape
            .wants
            .iter()
            .filter_map(|want| column::difference(shape, want, table, self.engine, for_what))
            .collect();
        if shape.name.is_some_and(|name| table.is_unique(&[name.as_str()])) {
            found.unique_names.insert(part);
        }
        if for_what >= Use::Change {
            differences.extend(writable(shape, table));
            found.triggers.extend(table.triggers.iter().map(|trigger| {
                let when = format!("{} {}", trigger.timing, trigger.event).to_lowercase();
                format!("{}: {} ({when})", table.name, trigger.name)
            }));
        }
        if for_what == Use::Create {
            if let Part::Links(kind) = part
                && let Some(link) = self.map.link(kind)
            {
                differences.extend(deleted::cannot_insert(&shape.key, link, table));
            }
            let (missing, demanded) = column::uncovered(shape, table);
            differences.extend(missing);
            if !demanded.is_empty() {
                found.demanded.entry(part).or_default().extend(demanded);
            }
        }
        differences
    }

    /// Tables that were recorded when the map was made, and have changed since. What is missing is
    /// said by the parts that name it.
    fn recorded(&self, needs: &Needs, found: &mut Verification) {
        let all = Needs::all(self.map);
        let shapes = |needs: &Needs| -> Vec<Shape<'_>> {
            needs.iter().flat_map(|(part, _)| Shape::of(self.map, part)).collect()
        };
        let (used, named) = (shapes(needs), shapes(&all));
        for (name, recorded) in &self.map.tables {
            let Some(table) = self.catalog.table(name.as_str()) else { continue };
            for (column, difference) in definition::differences(recorded, table) {
                let names = |shape: &&Shape<'_>| {
                    shape.table == name && column.as_ref().is_none_or(|column| shape.uses(column))
                };
                let is_there = column.as_ref().is_none_or(|column| table.column(column.as_str()).is_some());
                if !is_there && named.iter().any(|shape| names(&shape)) {
                    continue;
                }
                let relied_on = used.iter().any(|shape| names(&shape));
                if relied_on { &mut found.mismatches } else { &mut found.differences }.push(difference);
            }
        }
    }
}

fn may_create(map: &Map, part: Part) -> bool {
    match part {
        Part::Users => map.users.create,
        Part::Queues(channel) => map.queues(channel).is_some_and(|queues| queues.create),
        Part::Profiles | Part::Links(_) | Part::ReportMember | Part::Permissions => true,
    }
}

/// What keeps a table from being written in a transaction.
fn writable(shape: &Shape<'_>, table: &Table) -> Option<Difference> {
    let found = match (table.kind, &table.engine) {
        (TableKind::View, _) => return Some(shape.difference("a table", "a view")),
        (TableKind::Table, _) if table.is_transactional() => return None,
        (TableKind::Table, engine) => engine.as_deref().unwrap_or("none"),
    };
    Some(shape.difference("the engine InnoDB, whose writes can be rolled back", found))
}
