//! Plans without the database: against an export, in a database in memory.
//!
//! Invariant: the export is loaded as it is and planned against by the same code as a server. What only the server could
//! say is said to be unknown; a name that may or may not be another one is refused. Nothing made here can be applied:
//! it has no ids.

mod load;
mod names;
mod shared;
mod tables;

use super::manifest::{Manifest, Mode, Problem, Validated};
use super::map::Map;
use super::session::{Session, failure};
use crate::db::{Access, Connection, Engine, Limits, Source};
use crate::outcome::{Failure, FailureKind, Finding, ProblemSection, codes, counted};
use load::Trouble;
use shared::left_out;
use std::collections::BTreeSet;

impl Session {
    /// A database that holds what an export says.
    ///
    /// # Errors
    /// When the export is none, or does not fit the map.
    pub fn offline(export: &Validated, rows: &Manifest, map: &Map, used: MapUsed) -> Result<Self, Failure> {
        let (shared, export) = (shared::extensions(export, rows), rows);
        if let Some(lacking) = no_export(export) {
            return Err(refused(export, vec![lacking]));
        }
        let mut map = map.clone();
        let tables = tables::of(&map);
        // What tables were like was used. Who is logged in is not in an export: the table is there, and empty.
        map.permissions = None;
        map.tables.clear();
        let failed = |error| failure(&error);
        let mut conn = Connection::open(&Source::Memory, &Limits::work()).map_err(failed)?;
        conn.script(&tables.script).map_err(failed)?;
        conn.begin(Access::Write).map_err(failed)?;
        match load::load(&mut conn, &map, export, &shared) {
            Ok(()) => conn.commit().map_err(failed)?,
            Err(Trouble::Database(error)) => return Err(failure(&error)),
            Err(Trouble::Lacking(lacking)) => {
                let problem = Problem::error(lacking.place, lacking.what);
                return Err(refused(export, vec![problem]));
            }
        }
        let rules = match used {
            MapUsed::Named => Engine::MariaDb,
            MapUsed::BuiltIn => Engine::Sqlite,
        };
        Ok(Self::in_memory(conn, map, tables.catalog, rules))
    }
}

/// A plan, unless a name of the manifest may be another one's; what else was refused is said with it.
///
/// # Errors
/// With all of it.
pub fn undoubted<T>(
    manifest: &Manifest,
    export: &Manifest,
    planned: Result<T, Failure>,
) -> Result<T, Failure> {
    let mut doubts = names::doubts(manifest, export);
    doubts.extend(rights(manifest));
    if doubts.is_empty() {
        return planned;
    }
    let mut failure = refused(manifest, doubts);
    if let Err(other) = planned {
        // A name of which nobody knows whether it is there is not said to be missing as well.
        let is_known = |one: &ProblemSection| {
            failure.problems.iter().any(|problem| {
                (&problem.file, problem.line, problem.column) == (&one.file, one.line, one.column)
            })
        };
        let more: Vec<_> = other.problems.into_iter().filter(|one| !is_known(one)).collect();
        failure.problems.extend(more);
        failure.problems.sort_by(|a, b| (&a.file, a.line, a.column).cmp(&(&b.file, b.line, b.column)));
        let count = counted(failure.problems.len(), "problem");
        failure.message = format!("{count} in {}", manifest.source.name());
        failure.findings.extend(other.findings);
    }
    Err(failure)
}

/// Rights: an export does not have them, so that nobody could say which of them are new.
fn rights(manifest: &Manifest) -> Option<Problem> {
    let place = manifest.permissions.first()?.user_profile.place;
    let problem =
        Problem::error(place, "an export says nothing of rights, which cannot be planned against it");
    Some(problem.hint("leave `permissions` out, or plan against the database"))
}

/// What an export never says, where this manifest says it.
fn no_export(export: &Manifest) -> Option<Problem> {
    let hint = "name what `motionctl seed export` wrote";
    for profile in &export.profiles {
        if let Some(place) = profile.absent.or(profile.previous_name.as_ref().map(|name| name.place)) {
            return Some(Problem::error(place, "an export has no such key").hint(hint));
        }
        let lists = profile.agents.iter().chain(profile.queues.values());
        if let Some(list) = lists.into_iter().find(|list| list.mode == Mode::Merge && !list.remove.is_empty())
        {
            return Some(Problem::error(list.place, "an export removes nothing").hint(hint));
        }
    }
    None
}

fn refused(manifest: &Manifest, problems: Vec<Problem>) -> Failure {
    let name = manifest.source.name();
    let message = format!("{} in {name}", counted(problems.len(), "problem"));
    let sections = problems.iter().map(|problem| manifest.source.section(problem)).collect();
    Failure::new(FailureKind::Invalid, message).with_problems(sections)
}

/// Which map a plan against an export was made with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MapUsed {
    /// The server's, which was named.
    Named,
    /// The built-in one, because none was named.
    BuiltIn,
}

/// What only the server could say.
#[must_use]
pub fn unknown(export: &Validated, map: &Map, used: MapUsed) -> Finding {
    let name = export.source.name();
    let mut finding = Finding::new(codes::SEED_OFFLINE, "planned against an export: no database was asked")
        .evidence(format!("{name} is as old as it is; what was changed since is not in it"))
        .evidence(
            "who is logged in and with which profile, what other tables refer to, triggers, CHECK \
             constraints, and whether the server may be written to",
        )
        .evidence("names and internal numbers of users who are no agents, and of deleted rows")
        .advice("plan again against the server before you apply; apply does so, too");
    if used == MapUsed::Named && map.tables.is_empty() {
        finding = finding.evidence(
            "the map has no `[tables]`: what may be created, how long values may be, and which letters their columns \
             hold, is not known",
        );
    } else if used == MapUsed::Named {
        let tables::Open { unrecorded, charsets } = tables::open(map);
        let named = |columns: BTreeSet<String>| columns.into_iter().collect::<Vec<_>>().join(", ");
        if !unrecorded.is_empty() {
            let columns = named(unrecorded);
            finding = finding.evidence(format!(
                "what these columns hold, of which the map's `[tables]` has no line: {columns}"
            ));
        }
        if !charsets.is_empty() {
            finding = finding.evidence(format!(
                "which letters these columns hold, in their character set: {}",
                named(charsets)
            ));
        }
    }
    if used == MapUsed::BuiltIn {
        finding = finding.evidence(
            "no --map was named, so that the built-in one was used: what may be created, how long values may be, \
             and which letters their columns hold, is not known",
        );
    }
    for left_out in left_out(export.source.text()) {
        finding = finding.evidence(format!("left out of the export: {left_out}"));
    }
    finding
}
