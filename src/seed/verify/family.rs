//! Families of column types: what values a column takes, on each engine.
//!
//! Invariant: judged by the type alone; nothing is read from the table.

use crate::db::Engine;
use crate::db::catalog::Column;

/// What kind of values a column takes.
pub struct Family<'a> {
    pub column: &'a Column,
    /// Whose type names they are.
    pub engine: Engine,
}

impl Family<'_> {
    fn is_one_of(&self, types: &[&str]) -> bool {
        types.contains(&self.column.data_type.as_str())
    }

    /// Whole numbers.
    pub fn is_integer(&self) -> bool {
        match self.engine {
            // SQLite's own rule for the affinity of a declared type.
            Engine::Sqlite => self.column.data_type.contains("int"),
            Engine::MariaDb | Engine::MySql => {
                self.is_one_of(&["int", "bigint", "mediumint", "smallint", "tinyint"])
            }
        }
    }

    pub fn is_text(&self) -> bool {
        match self.engine {
            Engine::Sqlite => {
                ["char", "clob", "text"].iter().any(|part| self.column.data_type.contains(part))
            }
            Engine::MariaDb | Engine::MySql => {
                self.is_one_of(&["varchar", "char", "text", "tinytext", "mediumtext", "longtext", "enum"])
            }
        }
    }

    /// True or false.
    pub fn is_flag(&self) -> bool {
        self.is_integer() || self.is_one_of(&["bit", "bool", "boolean"])
    }

    /// Numbers.
    pub fn is_decimal(&self) -> bool {
        self.is_integer() || self.is_one_of(&["decimal", "numeric", "double", "float", "real"])
    }

    /// A date with time.
    pub fn is_time(&self) -> bool {
        self.is_one_of(&["datetime", "timestamp"])
    }

    /// Whether a text can be stored as it is.
    pub fn holds(&self, text: &str) -> bool {
        let fits = self.column.length.is_none_or(|most| text.chars().count() as u64 <= most);
        self.is_text()
            && fits
            && self.members().is_none_or(|members| members.iter().any(|member| member == text))
    }

    /// The members of an ENUM.
    pub fn members(&self) -> Option<Vec<String>> {
        members(self.column)
    }
}

/// The members of a column that is an ENUM.
#[must_use]
pub fn members(column: &Column) -> Option<Vec<String>> {
    (column.data_type == "enum").then(|| enum_members(&column.full_type))
}

/// The members of `enum('a','b')`, without quotes.
fn enum_members(full_type: &str) -> Vec<String> {
    let inside = full_type.split_once('(').map_or("", |(_, rest)| rest);
    let mut members = Vec::new();
    let mut member: Option<String> = None;
    let mut letters = inside.chars().peekable();
    while let Some(letter) = letters.next() {
        match (&mut member, letter) {
            (None, '\'') => member = Some(String::new()),
            (None, _) => {}
            (Some(text), '\'') if letters.peek() == Some(&'\'') => {
                letters.next();
                text.push('\'');
            }
            (Some(_), '\'') => members.extend(member.take()),
            (Some(text), letter) => text.push(letter),
        }
    }
    members
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_of_an_enum_are_read() {
        assert_eq!(enum_members("enum('voice','it''s','a,b)')"), ["voice", "it's", "a,b)"]);
        assert_eq!(enum_members("enum("), [""; 0]);
    }
}
