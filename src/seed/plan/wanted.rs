//! What a manifest says about the columns of one row, in one form for agents, queues and profiles.
//!
//! Invariant: pure; what a column cannot hold is a problem with its place.

use super::column_fit::refusal;
use super::planner::Planner;
use crate::db::Value;
use crate::db::catalog;
use crate::seed::manifest::{
    Agent, Managed, Name, Place, Problem, Profile, Queue, Setting, SettingValue, shown, suggest,
};
use crate::seed::snapshot::{Column, Field, Kind, Section};
use crate::seed::verify::charset;

/// A value that a column shall have.
pub(super) struct WantedField {
    pub field: Field,
    /// What it shall hold.
    pub value: Value,
    /// Where the manifest says so.
    pub place: Place,
}

/// What an agent's entry says; its extension is not among it.
pub(super) fn of_agent(planner: &mut Planner<'_>, section: &Section<'_>, agent: &Agent) -> Vec<WantedField> {
    let texts = [(Field::Fullname, &agent.fullname), (Field::Email, &agent.email)];
    let mut wishes = Vec::new();
    for (field, managed) in texts {
        wishes.extend(text(planner, section, field, managed));
    }
    wishes
}

/// The extension, which is written into new rows only.
pub(super) fn internal(
    planner: &mut Planner<'_>,
    section: &Section<'_>,
    agent: &Agent,
) -> Option<WantedField> {
    let internal = agent.internal.as_ref()?;
    checked(planner, section, Field::Internal, Value::from(&*internal.value), internal.place)
}

/// What a queue's entry says.
pub(super) fn of_queue(planner: &mut Planner<'_>, section: &Section<'_>, queue: &Queue) -> Vec<WantedField> {
    let texts = [
        (Field::Strategy, &queue.strategy),
        (Field::Kind, &queue.kind),
        (Field::Description, &queue.description),
    ];
    let mut wishes = Vec::new();
    for (field, managed) in texts {
        wishes.extend(text(planner, section, field, managed));
    }
    for (field, managed) in [(Field::Timeout, &queue.timeout), (Field::Weight, &queue.weight)] {
        wishes.extend(match managed {
            Managed::Absent => None,
            Managed::Null(place) => checked(planner, section, field, Value::Null, *place),
            Managed::Value(number) => {
                checked(planner, section, field, i64::from(number.value).into(), number.place)
            }
        });
    }
    for setting in &queue.settings {
        wishes.extend(self::setting(planner, section, setting));
    }
    wishes
}

/// What a profile's entry says.
pub(super) fn of_profile(
    planner: &mut Planner<'_>,
    section: &Section<'_>,
    profile: &Profile,
) -> Vec<WantedField> {
    let mut wishes = Vec::new();
    if let Some(enabled) = &profile.enabled {
        let value = i64::from(enabled.value).into();
        wishes.extend(checked(planner, section, Field::Enabled, value, enabled.place));
    }
    wishes.extend(text(planner, section, Field::Description, &profile.description));
    wishes
}

fn text(
    planner: &mut Planner<'_>,
    section: &Section<'_>,
    field: Field,
    managed: &Managed<Name>,
) -> Option<WantedField> {
    match managed {
        Managed::Absent => None,
        Managed::Null(place) => checked(planner, section, field, Value::Null, *place),
        Managed::Value(text) => checked(planner, section, field, Value::from(&*text.value), text.place),
    }
}

fn setting(planner: &mut Planner<'_>, section: &Section<'_>, setting: &Setting) -> Option<WantedField> {
    let settable = section.columns.iter().filter_map(|column| match &column.field {
        Field::Setting(name) => Some((name, column)),
        _ => None,
    });
    let settable: Vec<_> = settable.collect();
    let named = &setting.column.value;
    let Some((_, column)) = settable.iter().find(|(name, _)| crate::seed::map::same_column(name, named))
    else {
        let names: Vec<&str> = settable.iter().map(|(name, _)| &***name).collect();
        let message = format!("{} is no column that the schema map lists as settable", shown(named));
        let problem = Problem::error(setting.column.place, message);
        planner.report(match suggest(named, names.iter().copied()) {
            Some(meant) => problem.did_you_mean(Some(meant)),
            None if names.is_empty() => problem.hint(format!("{}.settings is empty", section.part)),
            None => problem.hint(format!("settable are {}", names.join(", "))),
        });
        return None;
    };
    let place = setting.value.place;
    match converted(column.kind, &setting.value.value) {
        Ok(value) => checked(planner, section, column.field.clone(), value, place),
        Err(expected) => {
            planner.report(Problem::error(place, format!("`{}` is {expected}", column.ident)));
            None
        }
    }
}

fn converted(kind: Kind, value: &SettingValue) -> Result<Value, &'static str> {
    match (kind, value) {
        (_, SettingValue::Null) => Ok(Value::Null),
        (Kind::Text, SettingValue::Text(text)) => Ok(Value::from(&**text)),
        (Kind::Text, SettingValue::Integer(number)) => Ok(number.to_string().into()),
        (Kind::Text, SettingValue::Bool(_)) => Err("text; quote it"),
        (Kind::Integer, SettingValue::Integer(number)) => Ok((*number).into()),
        (Kind::Integer, _) => Err("a whole number"),
        (Kind::Decimal, SettingValue::Integer(number)) => Ok((*number).into()),
        (Kind::Decimal, SettingValue::Text(text)) if text.parse::<f64>().is_ok_and(f64::is_finite) => {
            Ok(Value::from(&**text))
        }
        (Kind::Decimal, _) => Err("a number"),
        (Kind::Flag, SettingValue::Bool(flag)) => Ok(i64::from(*flag).into()),
        (Kind::Flag, SettingValue::Integer(number @ (0 | 1))) => Ok((*number).into()),
        (Kind::Flag, _) => Err("true or false"),
    }
}

/// A wish; what the column cannot hold, as far as its definition and the server say, is a problem.
fn checked(
    planner: &mut Planner<'_>,
    section: &Section<'_>,
    field: Field,
    value: Value,
    place: Place,
) -> Option<WantedField> {
    let Some(ident) = section.ident(&field) else {
        let message = format!("the schema map names no column for `{field}` of {}", section.part);
        planner.report(Problem::error(place, message).hint("leave it out, or complete the map"));
        return None;
    };
    let table = planner.catalog.table(section.table.as_str());
    let column = table.and_then(|table| table.column(ident.as_str()));
    let refused = column.and_then(|column| {
        refusal(&field, &value, column).or_else(|| {
            let Value::Text(text) = &value else { return None };
            lost(planner, section, &field, text, column)
        })
    });
    if let Some(message) = refused {
        planner.report(Problem::error(place, message));
        // Something was said, so that it is not missing as well; with a problem there is no plan.
        return Some(WantedField { field, value, place }).filter(|wish| !wish.value.is_null());
    }
    Some(WantedField { field, value, place })
}

/// The character that a column's character set has no place for, in the words of a problem.
fn lost(
    planner: &Planner<'_>,
    section: &Section<'_>,
    field: &Field,
    text: &str,
    column: &catalog::Column,
) -> Option<String> {
    let lost = planner.snapshot.unholdable.lost(section.part, field, text)?;
    Some(format!(
        "`{field}` has the character {}, which the column {} ({}) cannot hold",
        shown(&lost.to_string()),
        column.name,
        column.charset.as_deref().map_or_else(|| "its character set".to_owned(), charset)
    ))
}

/// Whether two values of a column are the same to people and to the application: text byte by byte, numbers by value.
pub(super) fn same(column: &Column<'_>, one: &Value, other: &Value) -> bool {
    match (column.kind, one, other) {
        (_, Value::Null, Value::Null) => true,
        (_, Value::Null, _) | (_, _, Value::Null) => false,
        (Kind::Text, ..) => one.display() == other.display(),
        (Kind::Flag, ..) => is_set(one) == is_set(other),
        (Kind::Integer | Kind::Decimal, ..) => match (number(one), number(other)) {
            (Some(one), Some(other)) => one.total_cmp(&other).is_eq(),
            _ => one == other,
        },
    }
}

/// Whether a flag is set.
pub fn is_set(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::Bytes(bytes) => bytes.iter().any(|byte| *byte != 0),
        other => number(other).is_some_and(|number| number != 0.0),
    }
}

fn number(value: &Value) -> Option<f64> {
    match value {
        Value::Null | Value::Bytes(_) => None,
        other => other.display().parse().ok(),
    }
}
