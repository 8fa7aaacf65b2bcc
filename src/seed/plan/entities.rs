//! Agents and queues that a manifest declares: created where they are missing, changed where they differ.
//!
//! Invariant: an agent's extension is written when the row is made and never again, because the row is the SIP peer.

use super::column_fit::refusal;
use super::model::{FieldChange, Given, Insert, Origin, RowRef, Update, noun};
use super::planner::{NamedRow, Planner, Unknown, Unusable};
use super::wanted;
use super::wanted::{WantedField, same};
use crate::db::Value;
use crate::db::catalog::Column;
use crate::outcome::Finding;
use crate::outcome::codes;
use crate::seed::Channel;
use crate::seed::manifest::{Agent, Managed, Name, Place, Problem, Queue, Spanned, shown};
use crate::seed::map::Part;
use crate::seed::snapshot::{Field, Record, Section};

/// Plans every queue of the manifest.
pub(super) fn queues(planner: &mut Planner<'_>) {
    let manifest = planner.manifest;
    for queue in &manifest.queues {
        let part = Part::Queues(queue.channel);
        let Some((section, records)) = planner.part(part, queue.name.place) else { continue };
        let name = &queue.name;
        let Some(group) = planner.group(part, records, &name.value, name.place) else { continue };
        let wishes = wanted::of_queue(planner, &section, queue);
        let target = match planner.existing(part, records, group, &name.value, name.place) {
            Ok(Some(record)) => change(planner, &section, record, wishes),
            Ok(None) if section.create => create(planner, &section, name, wishes, &needed_by_queue(queue)),
            Ok(None) => not_created(planner, part, name),
            Err(target) => target,
        };
        planner.declare(part, group, target, &name.value, name.place);
    }
}

/// Plans every agent of the manifest.
pub(super) fn agents(planner: &mut Planner<'_>) {
    let manifest = planner.manifest;
    for agent in &manifest.agents {
        let name = &agent.username;
        let Some((section, records)) = planner.part(Part::Users, name.place) else { continue };
        let Some(group) = planner.group(Part::Users, records, &name.value, name.place) else { continue };
        let mut wishes = wanted::of_agent(planner, &section, agent);
        let target = match planner.existing(Part::Users, records, group, &name.value, name.place) {
            Ok(Some(record)) => {
                same_internal(planner, &section, record, agent);
                change(planner, &section, record, wishes)
            }
            Ok(None) if section.create => {
                wishes.extend(wanted::internal(planner, &section, agent));
                if may_be_created(planner, agent) {
                    create(planner, &section, name, wishes, &[Field::Fullname, Field::Internal])
                } else {
                    NamedRow::Unusable
                }
            }
            Ok(None) => not_created(planner, Part::Users, name),
            Err(target) => target,
        };
        planner.declare(Part::Users, group, target, &name.value, name.place);
    }
}

fn needed_by_queue(queue: &Queue) -> [Field; 2] {
    let second = if queue.channel == Channel::Voice { Field::Kind } else { Field::Timeout };
    [Field::Strategy, second]
}

fn not_created(planner: &mut Planner<'_>, part: Part, name: &Spanned<Name>) -> NamedRow {
    let message = format!(
        "there is no {} {}, and the schema map does not allow to create it",
        noun(part),
        shown(&name.value)
    );
    planner.report(Problem::error(name.place, message).hint(format!(
        "create it in Motion; or, once the map covers every column that Motion fills, set `create = true` under [{part}]"
    )));
    NamedRow::Unusable
}

fn may_be_created(planner: &mut Planner<'_>, agent: &Agent) -> bool {
    let before = planner.problems.len();
    let Spanned { value: name, place } = &agent.username;
    if !agent.username_is_allowed() {
        // What it was meant to be is looked for among the names that there are.
        let (name, place) = (name.clone(), *place);
        planner.unknown.push(Unknown { why: Unusable::NotAllowed, part: Part::Users, name, place });
    }
    if let (true, Managed::Value(fullname)) = (agent.fullname_is_internal(), &agent.fullname) {
        let message = format!("the full name of {} is its internal number", shown(&agent.username.value));
        planner.report(Problem::error(fullname.place, message).hint("the two must differ in a new agent"));
    }
    if let Some(internal) = agent.internal.as_ref().filter(|_| !agent.internal_is_allowed()) {
        let message = format!(
            "{} cannot be created: the internal number {} has blanks, or characters that cannot be seen or are not ASCII",
            shown(&agent.username.value),
            shown(&internal.value)
        );
        planner.report(Problem::error(internal.place, message).hint("write its digits again by hand"));
    }
    if let Some(internal) = &agent.internal
        && let Some(holder) = planner.snapshot.extensions.get(&internal.value).and_then(|all| all.first())
    {
        let message = format!(
            "{} cannot be created: the user {} has the internal number {}",
            shown(&agent.username.value),
            shown(&holder.name),
            shown(&internal.value)
        );
        let problem = Problem::error(internal.place, message);
        planner.report(problem.hint("no two users have the same: give the new agent one that is free"));
    }
    planner.problems.len() == before && agent.username_is_allowed()
}

fn same_internal(planner: &mut Planner<'_>, section: &Section<'_>, record: &Record, agent: &Agent) {
    let Some(wish) = wanted::internal(planner, section, agent) else { return };
    let Some(index) = section.position(&Field::Internal) else { return };
    let found = &record.values[index];
    if same(&section.columns[index], found, &wish.value) {
        return;
    }
    let title = "an agent has another internal number than the manifest says";
    let finding = Finding::new(codes::SEED_INTERNAL_DIFFERS, title)
        .advice("the row is the SIP peer: change the number in Motion, or correct the manifest");
    let evidence = format!(
        "agent {}: {} in the database, {} in the manifest",
        shown(&record.name),
        shown(&found.display()),
        shown(&wish.value.display())
    );
    planner.find(finding, wish.place, &evidence);
}

/// Plans what differs in a row that is there.
pub(super) fn change(
    planner: &mut Planner<'_>,
    section: &Section<'_>,
    record: &Record,
    wishes: Vec<WantedField>,
) -> NamedRow {
    change_and_rename(planner, section, record, wishes, None)
}

/// The same, with another name.
pub(super) fn change_and_rename(
    planner: &mut Planner<'_>,
    section: &Section<'_>,
    record: &Record,
    wishes: Vec<WantedField>,
    rename: Option<&Spanned<Name>>,
) -> NamedRow {
    let mut changes: Vec<FieldChange> = Vec::new();
    if let Some(name) = rename.filter(|name| name.value != record.name) {
        if !name_fits(planner, section, name) {
            return NamedRow::Unusable;
        }
        let [old, new] = [&record.name, &name.value].map(|name| Value::from(&**name));
        changes.push(FieldChange { field: Field::Name, old, new });
    }
    for wish in wishes {
        let Some(index) = section.position(&wish.field) else { continue };
        let old = &record.values[index];
        if !same(&section.columns[index], old, &wish.value) {
            changes.push(FieldChange { field: wish.field, old: old.clone(), new: wish.value });
        }
    }
    if !changes.is_empty() {
        let (part, id, name) = (section.part, record.id, record.name.clone());
        planner.plan.update.push(Update { part, id, name, changes });
    }
    NamedRow::Row(RowRef::Id(record.id))
}

/// Plans a new row, if everything is said that it needs.
pub(super) fn create(
    planner: &mut Planner<'_>,
    section: &Section<'_>,
    name: &Spanned<Name>,
    wishes: Vec<WantedField>,
    needed: &[Field],
) -> NamedRow {
    let before = planner.problems.len();
    for field in needed.iter().filter(|field| section.position(field).is_some()) {
        let said = wishes.iter().find(|wish| wish.field == *field);
        match said {
            Some(wish) if wish.value.is_null() => missing(planner, section, name, field, wish.place),
            Some(_) => {}
            None => missing(planner, section, name, field, name.place),
        }
    }
    let mut values: Vec<Given> = wishes
        .into_iter()
        .map(|wish| Given { field: wish.field, value: wish.value, origin: Origin::Manifest })
        .collect();
    complete(planner, section, name, &mut values, needed);
    name_fits(planner, section, name);
    if planner.problems.len() > before {
        return NamedRow::Unusable;
    }
    NamedRow::Row(planner.insert(Insert { part: section.part, name: name.value.clone(), values }))
}

/// Whether a name is one that a row can get; if not, that is said.
fn name_fits(planner: &mut Planner<'_>, section: &Section<'_>, name: &Spanned<Name>) -> bool {
    let table = planner.catalog.table(section.table.as_str());
    let column = table.and_then(|table| table.column(section.name.as_str()));
    let value = Value::from(&*name.value);
    let refused = column.and_then(|column| refusal(&Field::Name, &value, column));
    let fits = refused.is_none();
    if let Some(message) = refused {
        planner.report(Problem::error(name.place, message));
    }
    fits
}

/// Gives defaults to columns that nobody speaks of; what the database demands besides is a problem.
fn complete(
    planner: &mut Planner<'_>,
    section: &Section<'_>,
    name: &Spanned<Name>,
    values: &mut Vec<Given>,
    needed: &[Field],
) {
    let table = planner.catalog.table(section.table.as_str());
    for column in &section.columns {
        let is_given = values.iter().any(|given| given.field == column.field);
        let is_fixed = section.fixed.keys().any(|fixed| fixed.is_column(column.ident.as_str()));
        if is_given || is_fixed || needed.contains(&column.field) {
            continue;
        }
        let definition = table.and_then(|table| table.column(column.ident.as_str()));
        let nullable = definition.is_none_or(|definition| definition.nullable);
        let default = |value| Given { field: column.field.clone(), value, origin: Origin::Default };
        match column.field {
            Field::Enabled => values.push(default(Value::Int(1))),
            Field::Description if nullable => values.push(default(Value::Null)),
            _ => {
                if definition.is_some_and(Column::is_demanded) {
                    missing(planner, section, name, &column.field, name.place);
                }
            }
        }
    }
}

fn missing(
    planner: &mut Planner<'_>,
    section: &Section<'_>,
    name: &Spanned<Name>,
    field: &Field,
    place: Place,
) {
    let message = format!("the new {} {} needs `{field}`", noun(section.part), shown(&name.value));
    planner
        .report(Problem::error(place, message).hint("it does not exist yet; name it as it is if it should"));
}
