//! Tables of a SQLite file, from its pragmas.
//!
//! Invariant: a declared length is read as a server would mean it; SQLite itself enforces none.

use super::model::{Column, ColumnDefault, Covers, ForeignKey, Index, Names, Table, TableKind, Trigger};
use super::server::sql_default;
use crate::db::connection::Connection;
use crate::db::error::DbError;
use std::collections::BTreeMap;

pub(super) fn read(conn: &mut Connection, names: &Names<'_>) -> Result<BTreeMap<String, Table>, DbError> {
    let listed = conn.rows(
        "SELECT name, type, coalesce(sql, '') FROM sqlite_schema \
         WHERE type IN ('table', 'view') AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'",
        &[],
    )?;
    let mut tables = BTreeMap::new();
    for row in listed {
        let name = row.text(0)?.to_owned();
        if !names.has(&name) {
            continue;
        }
        let kind = if row.text(1)? == "view" { TableKind::View } else { TableKind::Table };
        let auto_increment = row.text(2)?.to_ascii_uppercase().contains("AUTOINCREMENT");
        let mut table = Table { name: name.clone(), kind, ..Table::default() };
        columns(conn, &mut table)?;
        indexes(conn, &mut table)?;
        mark_row_id(&mut table, auto_increment);
        foreign_keys(conn, &mut table)?;
        tables.insert(name, table);
    }
    triggers(conn, &mut tables)?;
    complete_references(&mut tables);
    Ok(tables)
}

/// Says who is referred to as the table itself is spelt, and by which column where that was left out.
fn complete_references(tables: &mut BTreeMap<String, Table>) {
    let known: Vec<(String, Vec<String>)> =
        tables.values().map(|table| (table.name.clone(), table.primary_key().to_vec())).collect();
    for key in tables.values_mut().flat_map(|table| &mut table.foreign_keys) {
        let Some((name, primary)) = known.iter().find(|(name, _)| name.eq_ignore_ascii_case(&key.to_table))
        else {
            continue;
        };
        key.to_table.clone_from(name);
        if key.to_columns.iter().all(String::is_empty) && primary.len() == key.columns.len() {
            key.to_columns.clone_from(primary);
        }
    }
}

fn columns(conn: &mut Connection, table: &mut Table) -> Result<(), DbError> {
    let sql =
        "SELECT name, type, \"notnull\", dflt_value, pk, hidden FROM pragma_table_xinfo(?) ORDER BY cid";
    let mut primary = Vec::new();
    for row in conn.rows(sql, &[table.name.as_str().into()])? {
        let full_type = row.text(1)?.to_owned();
        let place = row.int(4)?;
        let name = row.text(0)?.to_owned();
        if place > 0 {
            primary.push((place, name.clone()));
        }
        let nullable = row.int(2)? == 0 && place == 0;
        let default = match row.optional_text(3)? {
            Some(text) => sql_default(text),
            None if nullable => ColumnDefault::Null,
            None => ColumnDefault::None,
        };
        let extra = match row.int(5)? {
            2 => "VIRTUAL GENERATED",
            3 => "STORED GENERATED",
            _ => "",
        };
        let (data_type, length) = taken_apart(&full_type);
        table.columns.push(Column {
            name,
            data_type,
            full_type,
            length,
            charset: None,
            collation: None,
            nullable,
            default,
            extra: extra.to_owned(),
            comment: String::new(),
        });
    }
    if !primary.is_empty() {
        primary.sort();
        let columns = primary.into_iter().map(|(_, name)| name).collect();
        table.indexes.push(Index {
            name: "PRIMARY".to_owned(),
            unique: true,
            columns,
            covers: Covers::Whole,
        });
    }
    Ok(())
}

/// `VARCHAR(255)` is a `varchar` of 255.
fn taken_apart(declared: &str) -> (String, Option<u64>) {
    let (name, rest) = declared.split_once('(').unwrap_or((declared, ""));
    let length = rest.split_once(')').and_then(|(digits, _)| digits.trim().parse().ok());
    (name.trim().to_ascii_lowercase(), length)
}

/// A primary key that is one `INTEGER` is the row's own number, and given by SQLite where none is.
fn mark_row_id(table: &mut Table, auto_increment: bool) {
    let [key] = table.primary_key() else { return };
    let key = key.clone();
    if let Some(column) = table.columns.iter_mut().find(|column| column.name == key)
        && (auto_increment || column.data_type == "integer")
    {
        column.extra = "auto_increment".to_owned();
    }
}

fn indexes(conn: &mut Connection, table: &mut Table) -> Result<(), DbError> {
    let sql = "SELECT name, \"unique\", origin, partial FROM pragma_index_list(?) ORDER BY name";
    for row in conn.rows(sql, &[table.name.as_str().into()])? {
        if row.text(2)? == "pk" {
            continue;
        }
        let name = row.text(0)?.to_owned();
        let parts =
            conn.rows("SELECT name FROM pragma_index_info(?) ORDER BY seqno", &[name.clone().into()])?;
        let columns = parts
            .iter()
            .map(|part| part.optional_text(0).map(|name| name.unwrap_or_default().to_owned()))
            .collect::<Result<_, _>>()?;
        let covers = if row.int(3)? == 0 { Covers::Whole } else { Covers::SomeRows };
        table.indexes.push(Index { name, unique: row.int(1)? != 0, columns, covers });
    }
    Ok(())
}

fn foreign_keys(conn: &mut Connection, table: &mut Table) -> Result<(), DbError> {
    let sql = "SELECT id, \"table\", \"from\", coalesce(\"to\", ''), on_delete, on_update \
               FROM pragma_foreign_key_list(?) ORDER BY id, seq";
    let mut last = None;
    for row in conn.rows(sql, &[table.name.as_str().into()])? {
        let id = row.int(0)?;
        if last.replace(id) != Some(id) {
            table.foreign_keys.push(ForeignKey {
                name: id.to_string(),
                columns: Vec::new(),
                to_schema: None,
                to_table: row.text(1)?.to_owned(),
                to_columns: Vec::new(),
                on_delete: row.text(4)?.to_owned(),
                on_update: row.text(5)?.to_owned(),
            });
        }
        if let Some(key) = table.foreign_keys.last_mut() {
            key.columns.push(row.text(2)?.to_owned());
            key.to_columns.push(row.text(3)?.to_owned());
        }
    }
    Ok(())
}

/// SQLite keeps only a trigger's text.
fn triggers(conn: &mut Connection, tables: &mut BTreeMap<String, Table>) -> Result<(), DbError> {
    let sql = "SELECT name, tbl_name, sql FROM sqlite_schema WHERE type = 'trigger' ORDER BY name";
    for row in conn.rows(sql, &[])? {
        let Some(table) = tables.get_mut(row.text(1)?) else { continue };
        let text = row.text(2)?.to_ascii_uppercase();
        let head = text.split(" BEGIN").next().unwrap_or_default();
        let words: Vec<&str> = head.split_whitespace().collect();
        let find = |known: &[&'static str], otherwise| {
            known.iter().find(|word| words.contains(word)).copied().unwrap_or(otherwise)
        };
        table.triggers.push(Trigger {
            name: row.text(0)?.to_owned(),
            timing: find(&["BEFORE", "AFTER", "INSTEAD"], "BEFORE").to_owned(),
            event: find(&["INSERT", "UPDATE", "DELETE"], "UPDATE").to_owned(),
        });
    }
    Ok(())
}
