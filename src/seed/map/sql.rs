//! Names and values of a map as pieces of SQL.
//!
//! Invariant: text of a statement holds names of the map, quoted here, and `?`; every value is bound.
//! It must not know what a statement is for.

use super::ident::Ident;
use super::link::{Condition, Link};
use super::literal::Literal;
use crate::db::{Value, quoted};

impl Ident {
    /// The name as it stands in a statement, of any engine: SQLite takes the server's quotes, too, and unlike its own
    /// they never turn a column that does not exist into a text.
    #[must_use]
    pub fn quoted(&self) -> String {
        quoted(self.as_str())
    }

    /// The same behind the alias of its table.
    #[must_use]
    pub fn of(&self, alias: &'static str) -> String {
        format!("{alias}.{}", self.quoted())
    }
}

/// Names in a row, as in `SELECT …` or `INSERT INTO t (…)`.
#[must_use]
pub fn list<'a>(names: impl IntoIterator<Item = &'a Ident>) -> String {
    names.into_iter().map(|name| name.quoted()).collect::<Vec<_>>().join(", ")
}

/// `INSERT INTO t (…) VALUES (?, …), …` for this many rows.
#[must_use]
pub fn insert(table: &Ident, columns: &[&Ident], rows: usize) -> String {
    let row = format!("({})", vec!["?"; columns.len()].join(", "));
    let names = list(columns.iter().copied());
    format!("INSERT INTO {} ({names}) VALUES {}", table.quoted(), vec![row; rows].join(", "))
}

impl Link {
    /// What holds for each row of this kind that was not deleted softly, as the text behind `WHERE`; with
    /// [`condition_values`](Self::condition_values) for its `?`.
    #[must_use]
    pub fn where_sql(&self) -> String {
        let live = self.deleted.iter().map(|column| format!("{} IS NULL", column.quoted()));
        self.of_kind().into_iter().chain(live).collect::<Vec<_>>().join(" AND ")
    }

    /// The same for rows that were deleted softly; nothing where the map does not know such.
    #[must_use]
    pub fn where_deleted_sql(&self) -> Option<String> {
        let deleted = self.deleted.iter().map(|column| format!("{} IS NOT NULL", column.quoted()));
        self.deleted.as_ref()?;
        Some(self.of_kind().into_iter().chain(deleted).collect::<Vec<_>>().join(" AND "))
    }

    /// What holds for each row of this kind, whether it was deleted softly or not.
    #[must_use]
    pub fn where_any_sql(&self) -> String {
        self.of_kind().join(" AND ")
    }

    fn of_kind(&self) -> Vec<String> {
        // Channels that share a table may have a queue column each, NULL in the others' rows.
        let ends = [&self.owner, &self.member].map(|column| format!("{} IS NOT NULL", column.quoted()));
        let conditions = self.conditions.iter().map(|condition| match condition {
            Condition::Equals(column, _) => format!("{} = ?", column.quoted()),
            Condition::OneOf(column, values) => {
                format!("{} IN ({})", column.quoted(), vec!["?"; values.len()].join(", "))
            }
            Condition::IsNull(column) => format!("{} IS NULL", column.quoted()),
        });
        ends.into_iter().chain(conditions).collect()
    }

    /// The values of [`where_sql`](Self::where_sql) and of the others, in their order.
    #[must_use]
    pub fn condition_values(&self) -> Vec<Value> {
        self.conditions.iter().flat_map(Condition::values).map(Value::from).collect()
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
        assert_eq!(ident("users").quoted(), "`users`");
        assert_eq!(ident("a` b\"'--").quoted(), "`a`` b\"'--`");
        assert_eq!(ident("id").of("u"), "u.`id`");
    }

    #[test]
    fn rows_of_a_kind_are_told_from_others() {
        let link = Link {
            table: ident("links"),
            owner: ident("p"),
            member: ident("q"),
            conditions: vec![
                Condition::Equals(ident("channel"), Literal::Text("chat".to_owned())),
                Condition::OneOf(ident("kind"), ["x", "X"].map(|it| Literal::Text(it.to_owned())).to_vec()),
                Condition::IsNull(ident("a")),
            ],
            fixed: std::collections::BTreeMap::new(),
            id: None,
            penalty: None,
            created: None,
            updated: None,
            deleted: None,
            revive: true,
            ignored: Vec::new(),
        };
        assert_eq!(link.where_deleted_sql(), None);
        let soft = Link { deleted: Some(ident("d")), ..link.clone() };
        assert!(soft.where_sql().ends_with(" AND `a` IS NULL AND `d` IS NULL"));
        assert!(
            soft.where_deleted_sql().is_some_and(|sql| sql.ends_with(" AND `a` IS NULL AND `d` IS NOT NULL"))
        );
        assert_eq!(soft.condition_values(), link.condition_values());
        let text =
            "`p` IS NOT NULL AND `q` IS NOT NULL AND `channel` = ? AND `kind` IN (?, ?) AND `a` IS NULL";
        assert_eq!(link.where_sql(), text);
        assert_eq!(link.condition_values(), ["chat", "x", "X"].map(|it| Value::Text(it.to_owned())));
        let columns = [&link.owner, &link.member];
        assert_eq!(insert(&link.table, &columns, 2), "INSERT INTO `links` (`p`, `q`) VALUES (?, ?), (?, ?)");
    }
}
