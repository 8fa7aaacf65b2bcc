//! Names of new rows that look like names that are there.
//!
//! Invariant: rows of one part are compared, which live; those that the plan deletes or renames are spelled out, and no
//! finding. Nothing is read where the plan gives no name.

use super::look::PlanContext;
use crate::db::DbError;
use crate::outcome::{Finding, alike as looks, codes, is_mistaken_for};
use crate::seed::manifest::{Name, shown_beside};
use crate::seed::map::Part;
use crate::seed::plan::noun;
use crate::seed::snapshot::{Field, Section};
use std::collections::{BTreeMap, BTreeSet};

/// New names of a part, by what they look like.
type New = BTreeMap<Part, BTreeMap<String, Vec<Name>>>;

/// What is said of such names, and which they are.
#[derive(Debug, Default)]
pub(in crate::seed) struct Alike {
    pub findings: Vec<Finding>,
    /// New names and those that are there, as far as only spelling out tells them apart.
    pub mistakable: BTreeSet<(Part, Name)>,
}

pub(in crate::seed) fn alike(look: &mut PlanContext<'_>) -> Result<Alike, DbError> {
    let mut new = New::new();
    let mut add = |part: Part, name: &str| {
        new.entry(part).or_default().entry(looks(name)).or_default().push(name.into());
    };
    look.plan.insert.iter().for_each(|insert| add(insert.part, &insert.name));
    let mut passed_over: BTreeSet<(Part, i64)> =
        look.plan.delete.iter().map(|delete| (delete.part, delete.id)).collect();
    for update in &look.plan.update {
        if let Some(change) = update.changes.iter().find(|change| change.field == Field::Name) {
            add(update.part, &change.new.display());
            passed_over.insert((update.part, update.id));
        }
    }
    let mut found = Alike::default();
    for (part, names) in new {
        for like in names.values() {
            for (index, name) in like.iter().enumerate() {
                like[..index].iter().for_each(|other| found.compare(part, name, other));
            }
        }
        for (id, there) in live_names(look, part)? {
            let like = names.get(&looks(&there)).into_iter().flatten();
            for name in like.filter(|name| ***name != *there) {
                found.compare(part, name, &there.as_str().into());
                if passed_over.contains(&(part, id)) {
                    continue;
                }
                let [name, there] = shown_beside(name, &there);
                let title = "a new name looks like one that the database has";
                found.findings.push(
                    Finding::new(codes::SEED_NEAR_MISS, title)
                        .evidence(format!("{} {name} looks like {there}, which is there", noun(part)))
                        .advice("spell it as the database does; it is right if both are meant"),
                );
            }
        }
    }
    Ok(found)
}

impl Alike {
    fn compare(&mut self, part: Part, one: &Name, other: &Name) {
        if is_mistaken_for(one, other) {
            self.mistakable.extend([one, other].map(|name| (part, name.clone())));
        }
    }
}

/// The rows of a part that live, with their names.
fn live_names(look: &mut PlanContext<'_>, part: Part) -> Result<Vec<(i64, String)>, DbError> {
    let Some(section) = Section::of(look.map, part) else { return Ok(Vec::new()) };
    let (id, name) = (section.id.quoted(), section.name.quoted());
    let (role, agent) = section.and_role();
    let wanted = format!("{name} IS NOT NULL{role}{}", section.and_live());
    let sql = format!("SELECT {id}, {name} FROM {} WHERE {wanted}", section.table.quoted());
    let mut found = Vec::new();
    look.conn.each(&sql, agent.as_slice(), &mut |row| {
        found.push((row.int(0)?, row.text(1)?.to_owned()));
        Ok(())
    })?;
    Ok(found)
}
