//! Profiles: created, changed, renamed, deleted.
//!
//! Invariant: two entries never mean the same row, and a row is either deleted or changed.

use super::entities::{change_and_rename, create};
use super::model::{Delete, RowRef, Why};
use super::nameable::nameable;
use super::planner::{NamedRow, Planner};
use super::wanted;
use crate::outcome::Finding;
use crate::outcome::codes;
use crate::seed::manifest::{Place, Problem, Profile, shown};
use crate::seed::map::{LinkKind, Part};
use crate::seed::snapshot::{Group, Record, Records, RowState, Section, Unnamed};
use std::collections::HashMap;

/// Plans every profile of the manifest, and with [`Unnamed::Go`] those that it does not name.
pub(super) fn profiles(planner: &mut Planner<'_>) {
    let manifest = planner.manifest;
    let mut meant: HashMap<i64, Place> = HashMap::new();
    for profile in &manifest.profiles {
        let place = profile.name.place;
        let Some((section, records)) = planner.part(Part::Profiles, place) else { return };
        let Some(group) = planner.group(Part::Profiles, records, &profile.name.value, place) else {
            continue;
        };
        let target = if profile.absent.is_some() {
            absent(planner, records, group, profile)
        } else {
            present(planner, &section, records, group, profile)
        };
        if let NamedRow::Row(RowRef::Id(id)) = target
            && let Some(first) = meant.insert(id, place)
        {
            let first = planner.source().in_words(first, place);
            let message = format!("{} means the same profile as {first}", shown(&profile.name.value));
            planner.report(Problem::error(place, message).hint("to the database the names are the same"));
        }
        planner.declare(Part::Profiles, group, target, &profile.name.value, place);
    }
    if planner.unnamed == Unnamed::Go {
        moved(planner, &mut meant);
        unnamed(planner, &meant);
    }
}

/// A profile that agents leave or get is named by the manifest, too.
fn moved(planner: &Planner<'_>, meant: &mut HashMap<i64, Place>) {
    let Some(records) = planner.snapshot.profiles() else { return };
    for name in planner.manifest.moves.iter().flat_map(|moved| [&moved.from, &moved.to]) {
        let rows = records.names.group(&name.value).map_or(&[][..], |group| records.names.rows(group));
        meant.extend(rows.iter().map(|id| (*id, name.place)));
    }
}

/// Plans that profiles go which no entry means; one that no entry can mean stays, and stops the plan.
fn unnamed(planner: &mut Planner<'_>, meant: &HashMap<i64, Place>) {
    let Some(records) = planner.snapshot.profiles() else { return };
    let mut unnameable = Vec::new();
    for record in records.live().filter(|record| !meant.contains_key(&record.id)) {
        match nameable(Part::Profiles, records, record) {
            Ok(()) => delete(planner, record, Why::Unnamed),
            Err(why) => {
                let group = records.names.group(&record.name);
                // What the manifest says of this name has been judged, and refused, already.
                if group.is_none_or(|group| !planner.is_declared(Part::Profiles, group)) {
                    unnameable.extend(why);
                }
            }
        }
    }
    if !unnameable.is_empty() {
        let title =
            "profiles that no manifest can name would have to go, because this one does not name them";
        let finding = Finding::new(codes::SEED_AMBIGUOUS_NAME, title)
            .advice("give each a name of its own in Motion, or delete it there");
        planner.findings.push(finding.evidence_lines(unnameable));
    }
}

fn absent<'a>(planner: &mut Planner<'a>, records: &'a Records, group: Group, profile: &Profile) -> NamedRow {
    let live = records.of_group(group).any(|record| record.standing == RowState::Live);
    // A deleted row is absent already.
    if !live {
        return NamedRow::Unusable;
    }
    let name = &profile.name;
    match planner.existing(Part::Profiles, records, group, &name.value, name.place) {
        Ok(Some(record)) => {
            delete(planner, record, Why::Absent);
            NamedRow::Row(RowRef::Id(record.id))
        }
        Ok(None) | Err(_) => NamedRow::Unusable,
    }
}

fn present<'a>(
    planner: &mut Planner<'a>,
    section: &Section<'a>,
    records: &'a Records,
    group: Group,
    profile: &Profile,
) -> NamedRow {
    let name = &profile.name;
    let wishes = wanted::of_profile(planner, section, profile);
    let Some(previous) = &profile.previous_name else {
        return match planner.existing(Part::Profiles, records, group, &name.value, name.place) {
            Ok(Some(record)) => change_and_rename(planner, section, record, wishes, None),
            Ok(None) => create(planner, section, name, wishes, &[]),
            Err(target) => target,
        };
    };
    let Some(old_group) = planner.group(Part::Profiles, records, &previous.value, previous.place) else {
        return NamedRow::Unusable;
    };
    // The same to the server, as after a change of case: the row keeps its key and gets the new spelling.
    if old_group == group {
        let mut live = records.of_group(group).filter(|record| record.standing == RowState::Live);
        return match (live.next(), live.next()) {
            (Some(record), None) => change_and_rename(planner, section, record, wishes, Some(name)),
            (None, _) => create_renamed(planner, section, profile, wishes),
            _ => match planner.existing(Part::Profiles, records, group, &name.value, name.place) {
                Ok(_) => NamedRow::Unusable,
                Err(target) => target,
            },
        };
    }
    let is_live = |group| records.of_group(group).any(|record| record.standing == RowState::Live);
    match (is_live(old_group), is_live(group)) {
        (true, false) => {
            // Says so if a deleted row is in the way of the new name.
            if let Err(target) = planner.existing(Part::Profiles, records, group, &name.value, name.place) {
                return target;
            }
            match planner.existing(Part::Profiles, records, old_group, &previous.value, previous.place) {
                Ok(Some(record)) => change_and_rename(planner, section, record, wishes, Some(name)),
                Ok(None) => NamedRow::Unusable,
                Err(target) => target,
            }
        }
        (false, true) => match planner.existing(Part::Profiles, records, group, &name.value, name.place) {
            Ok(Some(record)) => change_and_rename(planner, section, record, wishes, None),
            Ok(None) => NamedRow::Unusable,
            Err(target) => target,
        },
        (true, true) => {
            let title = "a profile is to be renamed to a name that another one has";
            let finding = Finding::new(codes::SEED_RENAME_CONFLICT, title)
                .advice("delete or rename one of them first, or leave `previous_name` out");
            let evidence = format!("both {} and {} exist", shown(&previous.value), shown(&name.value));
            planner.find(finding, previous.place, &evidence);
            NamedRow::Unusable
        }
        (false, false) => create_renamed(planner, section, profile, wishes),
    }
}

/// Neither name is there: created, which a person should know.
fn create_renamed(
    planner: &mut Planner<'_>,
    section: &Section<'_>,
    profile: &Profile,
    wishes: Vec<wanted::WantedField>,
) -> NamedRow {
    if let Some(previous) = &profile.previous_name {
        let title = "a profile to be renamed does not exist under either name; it is created";
        let finding = Finding::new(codes::SEED_RENAME_MISSING, title)
            .advice("leave `previous_name` out if it is new; correct it if it is not");
        let evidence =
            format!("neither {} nor {} exists", shown(&previous.value), shown(&profile.name.value));
        planner.find(finding, previous.place, &evidence);
    }
    create(planner, section, &profile.name, wishes, &[])
}

/// Plans that a profile goes, its links first.
fn delete(planner: &mut Planner<'_>, record: &Record, why: Why) {
    let kinds = planner.map.links.keys().filter(|kind| !matches!(kind, LinkKind::Personal(_)));
    for kind in kinds {
        let links = planner.snapshot.links(*kind, record.id);
        if !links.is_empty() {
            planner.plan.unlink.entry(*kind).or_default().extend_from_slice(links);
        }
    }
    planner.plan.delete.push(Delete { part: Part::Profiles, id: record.id, name: record.name.clone(), why });
}
