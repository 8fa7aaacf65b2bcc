//! CHECK constraints: rules of a table in the server's own SQL.
//!
//! Invariant: a rule is kept as the server can read it again; one that is not enforced is none.

use super::model::{Check, Table};
use crate::db::connection::Connection;
use crate::db::error::{DbError, ErrorKind};
use crate::db::model::Engine;
use crate::db::value::Row;
use std::collections::BTreeMap;

/// Adds the rules to their tables. Servers that do not list them (before MySQL 8.0.16 and MariaDB 10.2.22) have none to
/// be seen.
pub(super) fn read(conn: &mut Connection, tables: &mut BTreeMap<String, Table>) -> Result<(), DbError> {
    let engine = conn.engine();
    let sql = match engine {
        // On MariaDB a user who may only read sees no TABLE_CONSTRAINTS, and needs none: each rule names its table.
        Engine::MariaDb => {
            "SELECT TABLE_NAME, CONSTRAINT_NAME, CHECK_CLAUSE FROM information_schema.CHECK_CONSTRAINTS \
             WHERE CONSTRAINT_SCHEMA = ? ORDER BY TABLE_NAME, CONSTRAINT_NAME"
        }
        Engine::MySql | Engine::Sqlite => {
            "SELECT t.TABLE_NAME, c.CONSTRAINT_NAME, c.CHECK_CLAUSE FROM information_schema.CHECK_CONSTRAINTS c \
             JOIN information_schema.TABLE_CONSTRAINTS t ON t.CONSTRAINT_SCHEMA = c.CONSTRAINT_SCHEMA \
             AND t.CONSTRAINT_NAME = c.CONSTRAINT_NAME AND t.CONSTRAINT_TYPE = 'CHECK' AND t.ENFORCED = 'YES' \
             WHERE c.CONSTRAINT_SCHEMA = ? ORDER BY t.TABLE_NAME, c.CONSTRAINT_NAME"
        }
    };
    let schema = conn.server().schema.as_str().into();
    let answer = conn.each(sql, &[schema], &mut |row: Row| {
        let Some(table) = tables.get_mut(row.text(0)?) else { return Ok(()) };
        let clause = match engine {
            Engine::MySql => unescaped(row.text(2)?),
            Engine::MariaDb | Engine::Sqlite => row.text(2)?.to_owned(),
        };
        let columns = columns(&clause);
        table.checks.push(Check { name: row.text(1)?.to_owned(), clause, columns });
        Ok(())
    });
    match answer {
        Err(error) if matches!(error.kind(), ErrorKind::MissingTable | ErrorKind::MissingColumn) => Ok(()),
        answer => answer,
    }
}

/// MySQL shows the text of a rule escaped once more than it stands in SHOW CREATE TABLE: `_utf8mb4\'a\'`.
fn unescaped(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        match (character, characters.clone().next()) {
            ('\\', Some(next)) => {
                characters.next();
                plain.push(match next {
                    '0' => '\0',
                    'n' => '\n',
                    'r' => '\r',
                    't' => '\t',
                    'Z' => '\u{1a}',
                    other => other,
                });
            }
            _ => plain.push(character),
        }
    }
    plain
}

/// What stands in backticks outside of texts, each once.
fn columns(clause: &str) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    let mut characters = clause.chars().peekable();
    while let Some(quote) = characters.next() {
        if !matches!(quote, '\'' | '"' | '`') {
            continue;
        }
        let mut inside = String::new();
        while let Some(character) = characters.next() {
            if character == '\\' && quote != '`' {
                characters.next();
            } else if character != quote {
                inside.push(character);
            } else if characters.next_if_eq(&quote).is_some() {
                inside.push(quote);
            } else {
                break;
            }
        }
        if quote == '`' && !found.contains(&inside) {
            found.push(inside);
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_of_mysql_is_read_as_it_was_written() {
        let check = |shown, expect| assert_eq!(unescaped(shown), expect);
        check(r"(`name` <> _utf8mb4\'it\\\'s\')", r"(`name` <> _utf8mb4'it\'s')");
        check(r"regexp_like(`a`,_utf8mb4\'^[0-9]\\\\.$\')", r"regexp_like(`a`,_utf8mb4'^[0-9]\\.$')");
        check("(`a` > 1)", "(`a` > 1)");
        check(r"a\", r"a\");
    }

    #[test]
    fn columns_are_told_from_texts() {
        let check = |clause, expect: &[&str]| assert_eq!(columns(clause), expect, "{clause}");
        check("`weight` between 0 and 10 and `name` <> 'it\\'s `x`'", &["weight", "name"]);
        check("`a` = 'b' or `a` = \"`c`\" or `d``e` is null", &["a", "d`e"]);
        check("'' = 'it''s' and `f`", &["f"]);
        check("`open", &["open"]);
    }
}
