//! What a column is, in one line: as `discover` records it and `verify` finds it.
//!
//! Invariant: two columns have the same line exactly if type, length, character set, nullability,
//! default, automatic values and foreign key are the same. Lines are compared by what they mean (`spelling`), because a
//! server's next version spells the same column otherwise.

use super::difference::{Difference, Since};
use super::spelling::{charset, meaning};
use crate::db::catalog::{Column, ColumnDefault, Table};
use crate::seed::map::{Ident, TableDefinition};

/// The line of a column.
#[must_use]
pub fn describe(table: &Table, column: &Column) -> String {
    let mut words = vec![type_of(column)];
    words.extend(column.charset.iter().map(|name| format!("charset {}", charset(name))));
    words.push(if column.nullable { "null" } else { "not null" }.to_owned());
    match &column.default {
        ColumnDefault::None | ColumnDefault::Null => {}
        ColumnDefault::Literal(text) => words.push(format!("default '{}'", text.replace('\'', "''"))),
        ColumnDefault::Expression(text) => words.push(format!("default {}", text.to_lowercase())),
    }
    if column.is_auto_increment() {
        words.push("auto_increment".to_owned());
    } else if column.is_generated() {
        words.push("generated".to_owned());
    }
    for key in &table.foreign_keys {
        if let [from] = key.columns.as_slice()
            && from.eq_ignore_ascii_case(&column.name)
        {
            let schema = key.to_schema.as_ref().map_or_else(String::new, |schema| format!("{schema}."));
            words.push(format!("references {schema}{}({})", key.to_table, key.to_columns.join(", ")));
        }
    }
    words.join(" ")
}

/// What has changed since a table was recorded; with the column, unless it is the table itself.
pub fn differences(recorded: &TableDefinition, table: &Table) -> Vec<(Option<Ident>, Difference)> {
    let mut found = Vec::new();
    let changed = |place: String, expected: &str, found: String| {
        let since = Since::Signed;
        Difference { place, expected: expected.to_owned(), found, since }
    };
    if let Some(engine) = &recorded.engine {
        let live = table.engine.as_deref().unwrap_or("none");
        if !live.eq_ignore_ascii_case(engine) {
            let live = format!("the engine {live}");
            found.push((None, changed(table.name.clone(), &format!("the engine {engine}"), live)));
        }
    }
    for (name, line) in &recorded.columns {
        let live = table.column(name.as_str()).map(|column| describe(table, column));
        let live = live.unwrap_or_else(|| "no such column".to_owned());
        if meaning(line) != meaning(&live) {
            found.push((Some(name.clone()), changed(format!("{}.{name}", table.name), line, live)));
        }
    }
    found
}

/// The type without a number's width on the screen; `tinyint(1)` is how booleans are told.
fn type_of(column: &Column) -> String {
    // Members of an ENUM keep their case.
    if ["enum", "set"].contains(&column.data_type.as_str()) {
        return column.full_type.clone();
    }
    let full = column.full_type.to_lowercase();
    let is_integer =
        ["int", "bigint", "mediumint", "smallint", "tinyint"].contains(&column.data_type.as_str());
    match (full.split_once('('), full.split_once(')')) {
        (Some((name, _)), Some((_, rest))) if is_integer && !full.starts_with("tinyint(1)") => {
            format!("{name}{rest}")
        }
        _ => full,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::db::catalog::ForeignKey;

    fn column(full_type: &str) -> Column {
        Column { nullable: true, ..Column::bare("a", full_type) }
    }

    #[test]
    fn a_column_is_one_line() {
        let check = |column: &Column, table: &Table, line: &str| assert_eq!(describe(table, column), line);
        let plain = Table::default();
        check(&column("int(11)"), &plain, "int null");
        check(&column("int(10) unsigned"), &plain, "int unsigned null");
        check(&column("tinyint(1)"), &plain, "tinyint(1) null");
        check(&column("enum('Voice','b(1)')"), &plain, "enum('Voice','b(1)') null");
        let mut name = column("VARCHAR(255)");
        name.charset = Some("latin1".to_owned());
        name.nullable = false;
        name.default = ColumnDefault::Literal("it's".to_owned());
        check(&name, &plain, "varchar(255) charset latin1 not null default 'it''s'");
        let key = ForeignKey {
            name: "k".to_owned(),
            columns: vec!["A".to_owned()],
            to_schema: None,
            to_table: "users".to_owned(),
            to_columns: vec!["id".to_owned()],
            on_delete: String::new(),
            on_update: String::new(),
        };
        check(
            &column("bigint(20)"),
            &Table { foreign_keys: vec![key], ..Table::default() },
            "bigint null references users(id)",
        );
    }
}
