//! Further columns of the rows that Motion wrote, and what it put there.
//!
//! Invariant: only values of the profile's own rows, and only such as may be the same in every row: times, keys, ids
//! and what looks like a secret are named, never copied.

use super::changes::Cells;
use super::look::is_secret;
use super::picture::Task;
use crate::db::Value;
use crate::db::catalog::{Column, ColumnDefault, Table};
use crate::seed::discover::{Grade, ProposalLine, Section, key_text, quoted_text};

/// Longer texts are nothing that every row has.
const LONGEST: usize = 64;

/// The lines for what a part's other columns hold, below `PART.fixed`, and remarks on those that cannot be fixed.
pub fn fixed(
    part: &str,
    table: &Table,
    row: &Cells,
    named: &[String],
    task: &Task,
) -> (Section, Vec<ProposalLine>) {
    let mut section = Section::new(format!("{part}.fixed"));
    let mut remarks = Vec::new();
    for (name, value) in row.iter().filter(|(name, _)| !named.contains(name)) {
        let Some(column) = table.column(name) else { continue };
        if value.is_null() || column.is_auto_increment() || column.is_generated() || is_default(column, value)
        {
            continue;
        }
        let demanded = !column.nullable && column.default == ColumnDefault::None;
        match literal(table, column, value, task) {
            Some(value) => {
                let (grade, why) = if demanded {
                    (Grade::Likely, "a new row needs a value, and Motion wrote this one")
                } else {
                    (
                        Grade::Guess,
                        "Motion wrote this and not the default; remove the line if it differs from row to row",
                    )
                };
                section.entries.push(ProposalLine::Line(key_text(name), value, grade, why.to_owned()));
            }
            None if demanded => remarks.push(ProposalLine::Remark(format!(
                "new rows need a value for {name} ({}), and what Motion wrote is nothing that every row has",
                column.full_type
            ))),
            None => {}
        }
    }
    (section, remarks)
}

fn is_default(column: &Column, value: &Value) -> bool {
    match &column.default {
        ColumnDefault::Literal(text) => {
            // A server may answer 0 for a default of '0.00'.
            let same = |one: &str, other: &str| one.parse::<f64>().is_ok_and(|one| other.parse() == Ok(one));
            *text == value.display() || same(text, &value.display())
        }
        ColumnDefault::Expression(_) => true,
        ColumnDefault::None | ColumnDefault::Null => false,
    }
}

/// The value as TOML, where every row may have it.
fn literal(table: &Table, column: &Column, value: &Value, task: &Task) -> Option<String> {
    let is_reference = table.foreign_keys.iter().any(|key| key.columns.contains(&column.name));
    let is_time = ["date", "datetime", "timestamp", "time"].contains(&column.data_type.as_str());
    if is_secret(&column.name) || is_reference || is_time || table.is_unique(&[column.name.as_str()]) {
        return None;
    }
    match value {
        Value::Int(number) => Some(number.to_string()),
        Value::Text(text) => {
            let own = [&task.profile, &task.description, &task.agent.name];
            let is_plain = text.chars().count() <= LONGEST && !text.contains(char::is_control);
            (is_plain && !own.iter().any(|name| text.contains(name.as_str()))).then(|| quoted_text(text))
        }
        Value::Null | Value::UInt(_) | Value::Float(_) | Value::Bytes(_) => None,
    }
}
