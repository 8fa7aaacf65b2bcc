//! Names and values of a map as pieces of SQL.
//!
//! Invariant: text of a statement holds names of the map, quoted here, and `?`; every value is bound.
//! It must not know what a statement is for.

use super::ident::Ident;
use super::link::{Condition, Link};
use super::literal::Literal;
use crate::db::{Engine, Value};

impl Ident {
    /// The name as it stands in a statement. What would end the quotes is doubled.
    #[must_use]
    pub fn quoted(&self, engine: Engine) -> String {
        let quote = match engine {
            Engine::MariaDb | Engine::MySql | Engine::Sqlite => '`',
        };
        format!("{quote}{}{quote}", self.as_str().replace(quote, &format!("{quote}{quote}")))
    }

    /// `t.column`: the name behind the alias of its table.
    #[must_use]
    pub fn of(&self, alias: &'static str, engine: Engine) -> String {
        format!("{alias}.{}", self.quoted(engine))
    }
}

/// Names in a row, as in `SELECT …` or `INSERT INTO t (…)`.
#[must_use]
pub fn list<'a>(names: impl IntoIterator<Item = &'a Ident>, engine: Engine) -> String {
    names.into_iter().map(|name| name.quoted(engine)).collect::<Vec<_>>().join(", ")
}

/// `INSERT INTO t (…) VALUES (?, …), …` for this many rows.
#[must_use]
pub fn insert(table: &Ident, columns: &[&Ident], rows: usize, engine: Engine) -> String {
    let row = format!("({})", vec!["?"; columns.len()].join(", "));
    let names = list(columns.iter().copied(), engine);
    format!("INSERT INTO {} ({names}) VALUES {}", table.quoted(engine), vec![row; rows].join(", "))
}

impl Link {
    /// What holds for each row of this kind, as the text behind `WHERE`; with
    /// [`condition_values`](Self::condition_values) for its `?`.
    #[must_use]
    pub fn where_sql(&self, engine: Engine) -> String {
        // Channels that share a table may have a queue column each, NULL in the others' rows.
        let ends = [&self.owner, &self.member].map(|column| format!("{} IS NOT NULL", column.quoted(engine)));
        let conditions = self.conditions.iter().map(|condition| match condition {
            Condition::Equals(column, _) => format!("{} = ?", column.quoted(engine)),
            Condition::IsNull(column) => format!("{} IS NULL", column.quoted(engine)),
        });
        ends.into_iter().chain(conditions).collect::<Vec<_>>().join(" AND ")
    }

    /// The values of [`where_sql`](Self::where_sql), in its order.
    #[must_use]
    pub fn condition_values(&self) -> Vec<Value> {
        let value = |condition: &Condition| match condition {
            Condition::Equals(_, value) => Some(value.into()),
            Condition::IsNull(_) => None,
        };
        self.conditions.iter().filter_map(value).collect()
    }
}

impl From<&Literal> for Value {
    fn from(literal: &Literal) -> Self {
        match literal {
            Literal::Text(text) => text.as_str().into(),
            Literal::Integer(number) => (*number).into(),
            Literal::Boolean(flag) => i64::from(*flag).into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ident(name: &str) -> Ident {
        name.parse().expect("a name")
    }

    #[test]
    fn no_name_leaves_its_quotes() {
        for engine in [Engine::MariaDb, Engine::MySql, Engine::Sqlite] {
            assert_eq!(ident("users").quoted(engine), "`users`");
            assert_eq!(ident("a` b\"'--").quoted(engine), "`a`` b\"'--`");
        }
        assert_eq!(ident("id").of("u", Engine::Sqlite), "u.`id`");
    }

    #[test]
    fn rows_of_a_kind_are_told_from_others() {
        let link = Link {
            table: ident("links"),
            owner: ident("p"),
            member: ident("q"),
            conditions: vec![
                Condition::Equals(ident("channel"), Literal::Text("chat".to_owned())),
                Condition::IsNull(ident("a")),
            ],
            fixed: std::collections::BTreeMap::new(),
            id: None,
            penalty: None,
            created: None,
            updated: None,
        };
        assert_eq!(
            link.where_sql(Engine::MariaDb),
            "`p` IS NOT NULL AND `q` IS NOT NULL AND `channel` = ? AND `a` IS NULL"
        );
        assert_eq!(link.condition_values(), [Value::Text("chat".to_owned())]);
        let columns = [&link.owner, &link.member];
        assert_eq!(
            insert(&link.table, &columns, 2, Engine::Sqlite),
            "INSERT INTO `links` (`p`, `q`) VALUES (?, ?), (?, ?)"
        );
    }
}
