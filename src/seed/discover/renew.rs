//! A signed map brought up to a database that has changed since: only what was recorded of tables, and nothing that a
//! person decided.
//!
//! Invariant: every line that differs is named with its old and its new words, and the signature goes where one does;
//! where none does, the text stays as it is.

use crate::db::Catalog;
use crate::db::catalog::Table;
use crate::seed::map::{Map, same_column};
use crate::seed::verify::{changes, describe};
use std::collections::BTreeMap;
use toml_edit::{DocumentMut, Item, TableLike, Value};

/// A map's text, renewed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Renewal {
    pub text: String,
    /// What has changed, old → new.
    pub changed: Vec<String>,
    /// What was not recorded before.
    pub added: Vec<String>,
}

impl Renewal {
    /// Whether the text is the old one.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.changed.is_empty() && self.added.is_empty()
    }
}

/// Renews a map; `text` is what `map` was read from.
#[must_use]
pub fn renew(text: &str, map: &Map, catalog: &Catalog) -> Renewal {
    let mut document: DocumentMut = text.parse().expect("a map was read from it");
    let mut renewal = Renewal { text: text.to_owned(), changed: Vec::new(), added: Vec::new() };
    for (table, used) in used(map) {
        let Some(table) = catalog.table(table) else { continue };
        of_table(&mut document, map, table, &used, &mut renewal);
    }
    if renewal.is_empty() {
        return renewal;
    }
    if let Some(name) = document.get_mut("reviewed_by").and_then(Item::as_value_mut) {
        replace(name, "");
    }
    renewal.text = document.to_string();
    renewal
}

/// Every table of a map, with the columns that it names.
pub fn used(map: &Map) -> BTreeMap<&str, Vec<&str>> {
    let mut used: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (table, columns) in map.columns_of_tables() {
        let known = used.entry(table.as_str()).or_default();
        for column in columns {
            if !known.iter().any(|known| same_column(known, column.as_str())) {
                known.push(column.as_str());
            }
        }
    }
    used
}

fn of_table(document: &mut DocumentMut, map: &Map, table: &Table, used: &[&str], renewal: &mut Renewal) {
    let recorded = map.tables.iter().find(|(name, _)| name.as_str() == table.name).map(|(_, it)| it);
    let known = |column: &str| {
        let names = recorded.into_iter().flat_map(|recorded| recorded.columns.keys());
        names.into_iter().find(|name| name.is_column(column)).map(|name| name.as_str())
    };
    for (column, difference) in recorded.into_iter().flat_map(|recorded| changes(recorded, table)) {
        let section = section(document, &table.name);
        match &column {
            None => set(
                section,
                "engine",
                table.engine.as_deref().unwrap_or_default(),
                Some(&difference.expected),
            ),
            Some(column) => {
                let section = below(section, "columns");
                match table.column(column.as_str()) {
                    Some(live) => {
                        set(section, column.as_str(), &describe(table, live), Some(&difference.expected))
                    }
                    None => drop(lines(section).remove(column.as_str())),
                }
            }
        }
        renewal.changed.push(difference.to_string());
    }
    let columns =
        table.columns.iter().filter(|column| used.iter().any(|used| same_column(used, &column.name)));
    for column in columns.filter(|column| known(&column.name).is_none()) {
        let line = describe(table, column);
        set(below(section(document, &table.name), "columns"), &column.name, &line, None);
        renewal.added.push(format!("{}.{}: {line}", table.name, column.name));
    }
}

/// The section with what was recorded of a table.
fn section<'a>(document: &'a mut DocumentMut, table: &str) -> &'a mut Item {
    below(below(document.as_item_mut(), "tables"), table)
}

fn below<'a>(parent: &'a mut Item, key: &str) -> &'a mut Item {
    lines(parent).entry(key).or_insert_with(|| {
        let mut table = toml_edit::Table::new();
        // Only those with lines of their own have a head.
        table.set_implicit(true);
        Item::Table(table)
    })
}

fn lines(section: &mut Item) -> &mut dyn TableLike {
    section.as_table_like_mut().expect("the map was read with a table here")
}

/// Sets a line, with the old one beside it.
fn set(section: &mut Item, key: &str, line: &str, old: Option<&str>) {
    // A comment would end a table that is written in one line.
    let old = old.filter(|_| section.is_table());
    let lines = lines(section);
    if let Some(value) = lines.get_mut(key).and_then(Item::as_value_mut) {
        replace(value, line);
    } else {
        lines.insert(key, Item::Value(Value::from(line)));
    }
    if let (Some(value), Some(old)) = (lines.get_mut(key).and_then(Item::as_value_mut), old) {
        value.decor_mut().set_suffix(format!("  # was: {}", old.replace(char::is_control, " ")));
    }
}

/// Another text in the same place, with the comment that stood behind it.
fn replace(value: &mut Value, text: &str) {
    let decor = value.decor().clone();
    *value = Value::from(text);
    *value.decor_mut() = decor;
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::db::catalog::Column;

    const MAP: &str = r#"# A person's words.
format = 1
reviewed_by = "Ann"  # on Monday
[users]
table = "users"
agent_role = "agent"
columns = { id = "id", name = "name", fullname = "f", email = "e", internal = "i", role = "r", online = "o" }

[tables.users]
engine = "InnoDB"
[tables.users.columns]
id = "int(11) not null"    # compared
name = "varchar(255) charset utf8 not null"
"#;

    fn catalog(name_type: &str) -> Catalog {
        let column = |name: &str, full_type: &str| Column {
            charset: full_type.starts_with("varchar").then(|| "utf8mb3".to_owned()),
            ..Column::bare(name, full_type)
        };
        let users = Table {
            name: "users".to_owned(),
            engine: Some("InnoDB".to_owned()),
            columns: vec![column("id", "int"), column("name", name_type)],
            ..Table::default()
        };
        Catalog { tables: [("users".to_owned(), users)].into() }
    }

    #[test]
    fn an_upgrade_that_changed_nothing_leaves_the_text() {
        let map = Map::parse("m", MAP).expect("a map");
        let renewal = renew(MAP, &map, &catalog("varchar(255)"));
        assert!(renewal.is_empty() && renewal.text == MAP, "{renewal:?}");
    }

    #[test]
    fn what_changed_is_replaced_and_the_rest_stays() {
        let map = Map::parse("m", MAP).expect("a map");
        let renewal = renew(MAP, &map, &catalog("varchar(64)"));
        assert_eq!(
            renewal.changed,
            ["users.name: varchar(255) charset utf8 not null → varchar(64) charset utf8mb3 not null"]
        );
        let expected = MAP.replace("\"Ann\"", "\"\"").replace(
            "\"varchar(255) charset utf8 not null\"",
            "\"varchar(64) charset utf8mb3 not null\"  # was: varchar(255) charset utf8 not null",
        );
        assert_eq!(renewal.text, expected);
        let signed = renewal.text.replace("reviewed_by = \"\"", "reviewed_by = \"Ann\"");
        let again = renew(&signed, &Map::parse("m", &signed).expect("a map"), &catalog("varchar(64)"));
        assert!(again.is_empty());
    }

    #[test]
    fn what_was_not_recorded_is_added() {
        let (short, _) = MAP.split_once("[tables.users]").expect("it has one");
        let map = Map::parse("m", short).expect("a map");
        let renewal = renew(short, &map, &catalog("varchar(64)"));
        assert_eq!(renewal.added.len(), 2, "{renewal:?}");
        let map = Map::parse("m", &renewal.text).unwrap_or_else(|error| panic!("{error}\n{}", renewal.text));
        assert_eq!(map.tables.len(), 1);
    }
}
