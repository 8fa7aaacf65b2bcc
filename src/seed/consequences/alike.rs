//! Names of new rows that look like names that are there.
//!
//! Invariant: rows of one part are compared, which live and which the plan neither deletes nor renames; nothing is read
//! where the plan gives no name.

use super::Look;
use crate::db::{DbError, Value};
use crate::outcome::codes;
use crate::outcome::{Finding, alike};
use crate::seed::manifest::shown_beside;
use crate::seed::map::Part;
use crate::seed::plan::noun;
use crate::seed::snapshot::{Field, Section};
use std::collections::{BTreeMap, BTreeSet};

/// New names of a part, by what they look like.
type New = BTreeMap<Part, BTreeMap<String, Vec<String>>>;

pub(super) fn findings(look: &mut Look<'_>) -> Result<Vec<Finding>, DbError> {
    let mut new = New::new();
    let mut add = |part: Part, name: &str| {
        new.entry(part).or_default().entry(alike(name)).or_default().push(name.to_owned());
    };
    look.plan.insert.iter().for_each(|insert| add(insert.part, &insert.name));
    let mut passed_over: BTreeSet<(Part, i64)> =
        look.plan.delete.iter().map(|delete| (Part::Profiles, delete.id)).collect();
    for update in &look.plan.update {
        if let Some(change) = update.changes.iter().find(|change| change.field == Field::Name) {
            add(update.part, &change.new.display());
            passed_over.insert((update.part, update.id));
        }
    }
    let mut findings = Vec::new();
    for (part, names) in new {
        for (id, there) in live_names(look, part)? {
            let like = names.get(&alike(&there)).into_iter().flatten();
            for name in like.filter(|name| **name != there && !passed_over.contains(&(part, id))) {
                let [name, there] = shown_beside(name, &there);
                let title = "a new name looks like one that the database has";
                findings.push(
                    Finding::new(codes::SEED_NEAR_MISS, title)
                        .evidence(format!("{} {name} looks like {there}, which is there", noun(part)))
                        .advice("spell it as the database does; it is right if both are meant"),
                );
            }
        }
    }
    Ok(findings)
}

/// The rows of a part that live, with their names.
fn live_names(look: &mut Look<'_>, part: Part) -> Result<Vec<(i64, String)>, DbError> {
    let Some(section) = Section::of(look.map, part) else { return Ok(Vec::new()) };
    let (id, name) = (section.id.quoted(), section.name.quoted());
    let mut sql = format!("SELECT {id}, {name} FROM {} WHERE {name} IS NOT NULL", section.table.quoted());
    let mut values: Vec<Value> = Vec::new();
    if let Some((role, agent)) = section.role {
        sql = format!("{sql} AND {} = ?", role.quoted());
        values.push(agent.into());
    }
    if let Some(deleted) = section.deleted {
        sql = format!("{sql} AND {} IS NULL", deleted.quoted());
    }
    let mut found = Vec::new();
    look.conn.each(&sql, &values, &mut |row| {
        found.push((row.int(0)?, row.text(1)?.to_owned()));
        Ok(())
    })?;
    Ok(found)
}
