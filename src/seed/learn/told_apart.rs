//! What tells rows of two kinds in one table apart: a value, or a column that is NULL in one of them.
//!
//! Invariant: it is read off the rows that Motion wrote. Where they do not say it, the map says nothing, and its own
//! rules refuse it with the kinds by name.

use super::changes::Cells;
use super::evidence::value;
use super::model::LinkRow;
use crate::db::Value;
use crate::db::catalog::{Column, Table};
use crate::seed::Channel;
use crate::seed::discover::names::{key, spellings};
use crate::seed::map::LinkKind;

/// What marks the rows of a kind.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Mark {
    /// The column that holds a value, and the value.
    pub only: Option<(String, Value)>,
    /// The other kind's owner, which is NULL.
    pub absent: Option<String>,
}

/// What marks a row among the others that were chosen.
pub fn mark(row: &LinkRow<'_>, chosen: &[LinkRow<'_>]) -> Mark {
    let others: Vec<&LinkRow<'_>> =
        chosen.iter().filter(|other| other.kind != row.kind && other.table.name == row.table.name).collect();
    let absent = others
        .iter()
        .map(|other| match row.kind {
            LinkKind::ProfileAgents => &other.member.column,
            _ => &other.owner.column,
        })
        .find(|column| ![&row.owner.column, &row.member.column].contains(column) && is_null(row.row, column))
        .cloned()
        .or_else(|| unused_owner(row));
    let alike: Vec<&LinkRow<'_>> =
        others.into_iter().filter(|other| !by_columns(row, other, absent.as_ref())).collect();
    let columns = row.table.columns.iter().filter(|column| can_mark(row, column));
    let only = columns
        .filter_map(|column| {
            let its = value(row.row, &column.name).filter(|value| !value.is_null())?;
            let differs = |other: &&LinkRow<'_>| {
                value(other.row, &column.name).is_some_and(|value| !value.is_null() && value != its)
            };
            let says = row.kind.channel().is_some_and(|channel| spells(its, channel));
            let tells = !alike.is_empty() && alike.iter().all(differs);
            let rank = i32::from(says) * 4 + i32::from(tells) * 2 + i32::from(matches!(its, Value::Text(_)));
            (tells || says && alike.is_empty()).then_some((rank, column, its))
        })
        .max_by_key(|(rank, ..)| *rank)
        .map(|(_, column, value)| (column.name.clone(), value.clone()));
    Mark { only, absent }
}

/// Whether the columns that both use tell the rows apart.
fn by_columns(row: &LinkRow<'_>, other: &LinkRow<'_>, absent: Option<&String>) -> bool {
    absent == Some(&other.owner.column)
        || is_null(other.row, &row.owner.column)
        || (row.member.column != other.member.column && is_null(other.row, &row.member.column))
}

/// A profile's column in a table of personal links, or an agent's in one of profiles, that Motion left empty.
pub fn unused_owner(row: &LinkRow<'_>) -> Option<String> {
    let words: &[&str] = match row.kind {
        LinkKind::Personal(_) => super::evidence::PROFILE,
        LinkKind::ProfileQueues(_) => super::evidence::AGENT,
        LinkKind::ProfileAgents => return None,
    };
    let names = row.table.columns.iter().map(|column| &column.name);
    let refers = |name: &&String| {
        crate::seed::discover::names::referred(name)
            .is_some_and(|stem| words.iter().any(|word| stem.ends_with(word)))
    };
    names.filter(refers).find(|name| is_null(row.row, name)).cloned()
}

fn is_null(row: &Cells, column: &str) -> bool {
    value(row, column).is_some_and(Value::is_null)
}

/// Whether a column may say what a row is: no time, no key, no end of the link, and no SET, of which a row may hold several
/// values at once.
pub fn can_mark(row: &LinkRow<'_>, column: &Column) -> bool {
    let kinds = ["date", "datetime", "timestamp", "time", "year", "float", "double", "decimal", "set"];
    ![&row.owner.column, &row.member.column].contains(&&column.name)
        && !kinds.contains(&column.data_type.as_str())
        && !column.is_auto_increment()
        && !column.is_generated()
        && !row.table.is_unique(&[column.name.as_str()])
        && !is_reference(row.table, column)
        && key(&column.name) != "penalty"
}

fn is_reference(table: &Table, column: &Column) -> bool {
    table.foreign_keys.iter().any(|found| found.columns.contains(&column.name))
}

/// `chat`, `CHAT`, `chat_queue`, `ChatQueues`.
fn spells(value: &Value, channel: Channel) -> bool {
    let Value::Text(text) = value else { return false };
    let said = key(text);
    spellings(channel).iter().any(|word| said == *word || said == format!("{word}queue"))
}

/// Whether a value is a channel's name, or the letter that it begins with: a hint, and no more.
pub fn may_be(value: &Value, channel: Channel) -> bool {
    let is_letter = |text: &str| text.len() == 1 && channel.to_string().starts_with(&text.to_lowercase());
    spells(value, channel) || matches!(value, Value::Text(text) if is_letter(text))
}
