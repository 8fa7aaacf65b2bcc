//! Tables of MySQL and MariaDB, from `information_schema`.
//!
//! Invariant: the schema is named by a value, because servers open every table of every schema otherwise; only
//! [`elsewhere`] has no choice.

use super::model::{
    Column, ColumnDefault, Covers, Elsewhere, ForeignKey, Index, Names, Table, TableKind, Trigger,
};
use crate::db::connection::Connection;
use crate::db::error::DbError;
use crate::db::model::Engine;
use crate::db::value::{Row, Value};
use std::collections::BTreeMap;

type Tables = BTreeMap<String, Table>;

pub(super) fn read(conn: &mut Connection, names: &Names<'_>) -> Result<Tables, DbError> {
    let schema = conn.server().schema.clone();
    let quotes = quotes(conn.engine(), &conn.server().version);
    let ask = Ask { schema, names };
    let mut tables = tables(conn, &ask)?;
    ask.rows(
        conn,
        "SELECT TABLE_NAME, COLUMN_NAME, DATA_TYPE, COLUMN_TYPE, CHARACTER_MAXIMUM_LENGTH, CHARACTER_SET_NAME, \
         COLLATION_NAME, IS_NULLABLE, COLUMN_DEFAULT, EXTRA, COLUMN_COMMENT FROM information_schema.COLUMNS \
         WHERE TABLE_SCHEMA = ?",
        "ORDER BY TABLE_NAME, ORDINAL_POSITION",
        |row| {
            if let Some(table) = tables.get_mut(row.text(0)?) {
                table.columns.push(column(row, quotes, &ask.schema)?);
            }
            Ok(())
        },
    )?;
    indexes(conn, &ask, &mut tables)?;
    foreign_keys(conn, &ask, &mut tables)?;
    triggers(conn, &ask, &mut tables)?;
    super::checks::read(conn, &mut tables)?;
    Ok(tables)
}

/// What every question has in common.
struct Ask<'a> {
    schema: String,
    names: &'a Names<'a>,
}

impl Ask<'_> {
    /// Asks about the wanted tables; the first column is the table's name.
    fn rows(
        &self,
        conn: &mut Connection,
        sql: &str,
        order: &str,
        take: impl FnMut(&Row) -> Result<(), DbError>,
    ) -> Result<(), DbError> {
        self.rows_by(conn, sql, "TABLE_NAME", order, take)
    }

    fn rows_by(
        &self,
        conn: &mut Connection,
        sql: &str,
        table_column: &str,
        order: &str,
        mut take: impl FnMut(&Row) -> Result<(), DbError>,
    ) -> Result<(), DbError> {
        let mut values: Vec<Value> = vec![self.schema.as_str().into()];
        let mut filter = String::new();
        if let Names::Some(names) = self.names {
            let marks = vec!["?"; names.len()].join(", ");
            filter = format!(" AND {table_column} IN ({marks})");
            values.extend(names.iter().map(|name| Value::from(*name)));
        }
        conn.each(&format!("{sql}{filter} {order}"), &values, &mut |row| {
            // The comparison above follows a collation; a name counts letter by letter.
            if self.names.has(row.text(0)?) { take(&row) } else { Ok(()) }
        })
    }
}

fn tables(conn: &mut Connection, ask: &Ask<'_>) -> Result<Tables, DbError> {
    let mut tables = Tables::new();
    ask.rows(
        conn,
        "SELECT TABLE_NAME, TABLE_TYPE, ENGINE, TABLE_COLLATION, TABLE_ROWS FROM information_schema.TABLES \
         WHERE TABLE_SCHEMA = ?",
        "",
        |row| {
            let name = row.text(0)?.to_owned();
            let kind = if row.text(1)?.contains("VIEW") { TableKind::View } else { TableKind::Table };
            let table = Table {
                name: name.clone(),
                kind,
                engine: row.optional_text(2)?.map(str::to_owned),
                collation: row.optional_text(3)?.map(str::to_owned),
                rows: row.optional_int(4)?.and_then(|rows| rows.try_into().ok()),
                ..Table::default()
            };
            tables.insert(name, table);
            Ok(())
        },
    )?;
    Ok(tables)
}

/// How a server shows defaults.
#[derive(Clone, Copy, PartialEq)]
enum Quotes {
    /// As SQL: texts in quotes.
    Sql,
    /// As they are: a text and an expression look alike.
    None,
}

/// MariaDB shows SQL since 10.2.7; before that it did as MySQL does.
fn quotes(engine: Engine, version: &str) -> Quotes {
    let mut numbers = version.split(|c: char| !c.is_ascii_digit()).map(|number| number.parse().unwrap_or(0));
    let mut next = || numbers.next().unwrap_or(0_u32);
    let version = [next(), next(), next()];
    if engine == Engine::MariaDb && version >= [10, 2, 7] { Quotes::Sql } else { Quotes::None }
}

fn column(row: &Row, quotes: Quotes, schema: &str) -> Result<Column, DbError> {
    let optional = |index| row.optional_text(index).map(|text| text.map(str::to_owned));
    let nullable = row.text(7)?.eq_ignore_ascii_case("yes");
    let extra = optional(9)?.unwrap_or_default();
    let data_type = row.text(2)?.to_ascii_lowercase();
    let default = match (optional(8)?, quotes) {
        (None, Quotes::None) if nullable => ColumnDefault::Null,
        (None, _) => ColumnDefault::None,
        (Some(text), Quotes::Sql) => sql_default(&text),
        (Some(text), Quotes::None) => bare_default(text, &data_type, &extra),
    };
    let default = match default {
        ColumnDefault::Expression(text) => ColumnDefault::Expression(own_sequence(text, schema)),
        other => other,
    };
    Ok(Column {
        name: row.text(1)?.to_owned(),
        data_type,
        full_type: row.text(3)?.to_owned(),
        length: row.optional_int(4)?.and_then(|length| length.try_into().ok()),
        charset: optional(5)?,
        collation: optional(6)?,
        nullable,
        default,
        extra,
        comment: optional(10)?.unwrap_or_default(),
    })
}

/// MariaDB names the schema of a sequence even where it is the table's own; under another name the schema is the same.
fn own_sequence(text: String, schema: &str) -> String {
    let own = format!("`{}`.", schema.replace('`', "``"));
    ["nextval(", "lastval(", "setval("]
        .iter()
        .fold(text, |text, function| text.replace(&format!("{function}{own}"), function))
}

/// Without quotes only the type tells what is computed: moments by `CURRENT_TIMESTAMP`, bits as `b'1'`.
fn bare_default(text: String, data_type: &str, extra: &str) -> ColumnDefault {
    let is_now = text.to_ascii_uppercase().starts_with("CURRENT_TIMESTAMP");
    let is_moment = is_now && ["datetime", "timestamp"].contains(&data_type);
    if is_moment || data_type == "bit" || extra.contains("DEFAULT_GENERATED") {
        ColumnDefault::Expression(text)
    } else {
        ColumnDefault::Literal(text)
    }
}

/// MariaDB, since 10.2.7, and SQLite give defaults as SQL text: `'x'`, `NULL`, `current_timestamp()`.
pub(super) fn sql_default(text: &str) -> ColumnDefault {
    if text.eq_ignore_ascii_case("null") {
        return ColumnDefault::Null;
    }
    if let Some(inside) = text.strip_prefix('\'').and_then(|rest| rest.strip_suffix('\'')) {
        return ColumnDefault::Literal(inside.replace("''", "'").replace("\\\\", "\\"));
    }
    let is_number = text.parse::<f64>().is_ok();
    if is_number {
        ColumnDefault::Literal(text.to_owned())
    } else {
        ColumnDefault::Expression(text.to_owned())
    }
}

fn indexes(conn: &mut Connection, ask: &Ask<'_>, tables: &mut Tables) -> Result<(), DbError> {
    ask.rows(
        conn,
        "SELECT TABLE_NAME, INDEX_NAME, NON_UNIQUE, COLUMN_NAME, SUB_PART FROM information_schema.STATISTICS \
         WHERE TABLE_SCHEMA = ?",
        "ORDER BY TABLE_NAME, INDEX_NAME <> 'PRIMARY', INDEX_NAME, SEQ_IN_INDEX",
        |row| {
            let Some(table) = tables.get_mut(row.text(0)?) else { return Ok(()) };
            let name = row.text(1)?;
            if table.indexes.last().is_none_or(|index| index.name != name) {
                let unique = row.int(2)? == 0;
                let name = name.to_owned();
                table.indexes.push(Index { name, unique, columns: Vec::new(), covers: Covers::Whole });
            }
            if let Some(index) = table.indexes.last_mut() {
                index.columns.push(row.optional_text(3)?.unwrap_or_default().to_owned());
                if row.optional_int(4)?.is_some() {
                    index.covers = Covers::Prefix;
                }
            }
            Ok(())
        },
    )
}

fn foreign_keys(conn: &mut Connection, ask: &Ask<'_>, tables: &mut Tables) -> Result<(), DbError> {
    let mut rules = BTreeMap::new();
    ask.rows(
        conn,
        "SELECT TABLE_NAME, CONSTRAINT_NAME, DELETE_RULE, UPDATE_RULE \
         FROM information_schema.REFERENTIAL_CONSTRAINTS WHERE CONSTRAINT_SCHEMA = ?",
        "",
        |row| {
            let key = (row.text(0)?.to_owned(), row.text(1)?.to_owned());
            rules.insert(key, (row.text(2)?.to_owned(), row.text(3)?.to_owned()));
            Ok(())
        },
    )?;
    ask.rows(
        conn,
        "SELECT TABLE_NAME, CONSTRAINT_NAME, COLUMN_NAME, REFERENCED_TABLE_SCHEMA, REFERENCED_TABLE_NAME, \
         REFERENCED_COLUMN_NAME FROM information_schema.KEY_COLUMN_USAGE \
         WHERE TABLE_SCHEMA = ? AND REFERENCED_TABLE_NAME IS NOT NULL",
        "ORDER BY TABLE_NAME, CONSTRAINT_NAME, ORDINAL_POSITION",
        |row| {
            let name = row.text(1)?.to_owned();
            let Some(table) = tables.get_mut(row.text(0)?) else { return Ok(()) };
            if table.foreign_keys.last().is_none_or(|key| key.name != name) {
                let (on_delete, on_update) =
                    rules.get(&(table.name.clone(), name.clone())).cloned().unwrap_or_default();
                let to_schema = row.text(3)?;
                table.foreign_keys.push(ForeignKey {
                    name,
                    columns: Vec::new(),
                    to_schema: Some(to_schema.to_owned()).filter(|schema| *schema != ask.schema),
                    to_table: row.text(4)?.to_owned(),
                    to_columns: Vec::new(),
                    on_delete,
                    on_update,
                });
            }
            if let Some(key) = table.foreign_keys.last_mut() {
                key.columns.push(row.text(2)?.to_owned());
                key.to_columns.push(row.text(5)?.to_owned());
            }
            Ok(())
        },
    )
}

pub(super) fn elsewhere(conn: &mut Connection) -> Result<Vec<Elsewhere>, DbError> {
    let schema = conn.server().schema.clone();
    let rows = conn.rows(
        "SELECT TABLE_SCHEMA, TABLE_NAME, COLUMN_NAME, REFERENCED_TABLE_NAME, REFERENCED_COLUMN_NAME \
         FROM information_schema.KEY_COLUMN_USAGE WHERE REFERENCED_TABLE_SCHEMA = ? AND TABLE_SCHEMA <> ?",
        &[schema.as_str().into(), schema.as_str().into()],
    )?;
    let text = |row: &Row, index| row.text(index).map(str::to_owned);
    rows.iter()
        .map(|row| {
            Ok(Elsewhere {
                schema: text(row, 0)?,
                table: text(row, 1)?,
                column: text(row, 2)?,
                to_table: text(row, 3)?,
                to_column: text(row, 4)?,
            })
        })
        .collect()
}

fn triggers(conn: &mut Connection, ask: &Ask<'_>, tables: &mut Tables) -> Result<(), DbError> {
    ask.rows_by(
        conn,
        "SELECT EVENT_OBJECT_TABLE, TRIGGER_NAME, ACTION_TIMING, EVENT_MANIPULATION \
         FROM information_schema.TRIGGERS WHERE EVENT_OBJECT_SCHEMA = ?",
        "EVENT_OBJECT_TABLE",
        "ORDER BY EVENT_OBJECT_TABLE, TRIGGER_NAME",
        |row| {
            if let Some(table) = tables.get_mut(row.text(0)?) {
                table.triggers.push(Trigger {
                    name: row.text(1)?.to_owned(),
                    timing: row.text(2)?.to_owned(),
                    event: row.text(3)?.to_owned(),
                });
            }
            Ok(())
        },
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn old_servers_show_defaults_without_quotes() {
        for (engine, version, expect) in [
            (Engine::MariaDb, "10.2.7-MariaDB", Quotes::Sql),
            (Engine::MariaDb, "11.8.2-MariaDB-ubu2404", Quotes::Sql),
            (Engine::MariaDb, "10.2.6-MariaDB", Quotes::None),
            (Engine::MariaDb, "5.5.68-MariaDB", Quotes::None),
            (Engine::MySql, "11.0.0", Quotes::None),
        ] {
            assert!(quotes(engine, version) == expect, "{version}");
        }
        let check = |text: &str, kind, extra, expect: ColumnDefault| {
            assert_eq!(bare_default(text.to_owned(), kind, extra), expect, "{text}");
        };
        check("agent", "varchar", "", ColumnDefault::Literal("agent".to_owned()));
        check("CURRENT_TIMESTAMP", "varchar", "", ColumnDefault::Literal("CURRENT_TIMESTAMP".to_owned()));
        check("CURRENT_TIMESTAMP", "datetime", "", ColumnDefault::Expression("CURRENT_TIMESTAMP".to_owned()));
        check("b'1'", "bit", "", ColumnDefault::Expression("b'1'".to_owned()));
        check("uuid()", "char", "DEFAULT_GENERATED", ColumnDefault::Expression("uuid()".to_owned()));
    }

    #[test]
    fn defaults_in_sql_are_told_apart() {
        let check = |text, expect| assert_eq!(sql_default(text), expect, "{text}");
        check("NULL", ColumnDefault::Null);
        check("'it''s'", ColumnDefault::Literal("it's".to_owned()));
        check("''", ColumnDefault::Literal(String::new()));
        check("'NULL'", ColumnDefault::Literal("NULL".to_owned()));
        check("0", ColumnDefault::Literal("0".to_owned()));
        check("current_timestamp()", ColumnDefault::Expression("current_timestamp()".to_owned()));
        check("'", ColumnDefault::Expression("'".to_owned()));
    }
}
