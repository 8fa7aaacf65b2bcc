//! What a plan means for people at work and for other tables: read beside it, in the same transaction.
//!
//! Invariant: nothing here changes a plan, and nothing is read when there is nothing to do. What could not be looked at
//! is said; it is never taken for a no.

mod alike;
mod emptied;
mod in_use;
mod login;
mod look;
mod outside;
mod people;
mod renamed;
mod server;
mod sessions;
mod twice;

use super::map::Map;
use super::plan::{Plan, ends};
use super::snapshot::Section;
use crate::db::{Connection, DbError};
use crate::outcome::Finding;
pub(in crate::seed) use alike::alike;
pub use login::Login;
pub(in crate::seed) use login::login;
pub(in crate::seed) use look::PlanContext;
use look::names;
pub use server::standing;
pub use sessions::InUse;
pub(in crate::seed) use sessions::{NEWEST, meant, open_sessions};
use std::collections::{BTreeMap, BTreeSet};
pub(in crate::seed) use twice::twice;
pub use twice::twice_anywhere;

/// Everything that a person should know before a plan is carried out; `named` are the ids of the profiles that its
/// manifest names.
///
/// # Errors
/// When the database fails.
pub(super) fn findings(look: &mut PlanContext<'_>, named: &BTreeSet<i64>) -> Result<Vec<Finding>, DbError> {
    if look.plan.is_empty() {
        return Ok(Vec::new());
    }
    let mut findings = guards(look)?;
    findings.extend(people::findings(look)?);
    findings.extend(emptied::findings(look)?);
    findings.extend(renamed::findings(look, named)?);
    Ok(findings)
}

/// Those findings that refuse a plan for what is not in it: people at work, and rows of other tables. They are looked
/// for again just before it is carried out.
///
/// # Errors
/// When the database fails.
pub(super) fn guards(look: &mut PlanContext<'_>) -> Result<Vec<Finding>, DbError> {
    let mut findings = in_use::findings(look)?;
    findings.extend(outside::findings(look)?);
    Ok(findings)
}

/// Agents who are logged in and whom a plan concerns, by name: those who keep what it takes, and those who work with a
/// profile that it deletes, disables or renames.
///
/// # Errors
/// When the database fails.
pub(super) fn logged_in(look: &mut PlanContext<'_>) -> Result<BTreeSet<String>, DbError> {
    let mut agents: BTreeSet<String> = people::logged_in(look)?.into_iter().collect();
    agents.extend(in_use::logged_in(look)?);
    Ok(agents)
}

/// Names the rows at the ends of links that the plan did not have to read.
///
/// # Errors
/// When the database fails.
pub(super) fn label(conn: &mut Connection, map: &Map, plan: &mut Plan) -> Result<(), DbError> {
    let mut wanted: BTreeMap<_, BTreeSet<i64>> = BTreeMap::new();
    for (kind, links) in &plan.unlink {
        let (owners, members) = ends(*kind);
        for link in links {
            for (part, id) in [(owners, link.owner), (members, link.member)] {
                if !plan.labels.contains_key(&(part, id)) {
                    wanted.entry(part).or_default().insert(id);
                }
            }
        }
    }
    for (part, ids) in wanted {
        let Some(section) = Section::of(map, part) else { continue };
        for (id, name) in names(conn, &section, &ids)? {
            plan.labels.insert((part, id), name.into());
        }
    }
    Ok(())
}
