//! What goes wrong with databases, sorted by what a caller does about it.
//!
//! Invariant: a message is one line, bounded in length, and never holds a password.

use std::fmt;

/// The longest message that is passed on; servers quote statements in theirs.
const LONGEST: usize = 300;

/// What went wrong, as far as callers branch on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorKind {
    /// Nobody answers there, or the file is missing.
    Unreachable,
    /// The server answers and refuses this user, password or schema.
    Credentials,
    Tls,
    /// No answer within the limit; whether a write took effect is not known.
    Timeout,
    /// The user may not do this.
    Privilege,
    /// The server or the transaction is read-only.
    ReadOnly,
    /// A table that was named does not exist.
    MissingTable,
    /// A column that was named does not exist.
    MissingColumn,
    /// A lock was not given in time, or given up for somebody else: the whole transaction may be tried again.
    Locked,
    /// The connection ended; whether a commit took effect is not known.
    Lost,
    /// A unique key is taken.
    Duplicate,
    /// A foreign key is in the way.
    Referenced,
    /// The server warned after a write, so the value that was stored may not be the one that was given.
    Warned,
    /// Not a database of this kind.
    NotADatabase,
    Other,
}

/// The number of "lock wait timeout exceeded", for rows and for tables.
pub const LOCK_WAIT: u32 = 1205;

/// An error of a database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DbError {
    kind: ErrorKind,
    code: Option<u32>,
    message: String,
    hint: Option<String>,
}

impl DbError {
    /// An error of this kind.
    #[must_use]
    pub fn new(kind: ErrorKind, message: impl AsRef<str>) -> Self {
        Self { kind, code: None, message: one_line(message.as_ref()), hint: None }
    }

    /// The same with the number that the server gave it.
    #[must_use]
    pub fn with_code(mut self, code: u32) -> Self {
        self.code = Some(code);
        self
    }

    /// The same after saying what was being done.
    #[must_use]
    pub fn during(mut self, what: &str) -> Self {
        self.message = format!("{what}: {}", self.message);
        self
    }

    /// The same with the table that was waited for, where it was a lock that somebody else holds.
    #[must_use]
    pub fn waiting_for(self, table: &str) -> Self {
        if self.code == Some(LOCK_WAIT) {
            self.during(&format!("waiting for the table {table}"))
        } else {
            self
        }
    }

    /// The same with what would help.
    #[must_use]
    pub fn with_hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// The same as another kind, because of what was being done.
    #[must_use]
    pub fn as_kind(mut self, kind: ErrorKind) -> Self {
        self.kind = kind;
        self
    }

    /// What would help, where that is known.
    #[must_use]
    pub fn hint(&self) -> Option<&str> {
        self.hint.as_deref()
    }

    /// What went wrong.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.kind
    }

    /// The server's own number, such as 1227.
    #[must_use]
    pub fn code(&self) -> Option<u32> {
        self.code
    }

    /// Whether the whole transaction may simply be tried again.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        self.kind == ErrorKind::Locked
    }

    /// The kind for an error number of MySQL and MariaDB.
    ///
    /// Numbers: MySQL 8.4 Error Message Reference; MariaDB Error Code Reference.
    pub(super) fn kind_of_code(code: u16) -> ErrorKind {
        match code {
            1045 | 1049 | 1129 | 1130 | 1251 | 1524 | 1698 | 1820 | 1862 | 3118 | 3955 | 4151 => {
                ErrorKind::Credentials
            }
            1044 | 1142 | 1143 | 1227 | 1370 | 3619 => ErrorKind::Privilege,
            1290 | 1792 | 1836 | 1874 | 1881 | 3100 | 3989 => ErrorKind::ReadOnly,
            1051 | 1146 | 1109 => ErrorKind::MissingTable,
            1054 | 1072 => ErrorKind::MissingColumn,
            1020 | 1205 | 1213 | 3572 => ErrorKind::Locked,
            1040 | 1047 | 1184 | 1203 | 1226 | 3032 => ErrorKind::Unreachable,
            1317 | 1969 | 3024 => ErrorKind::Timeout,
            3159 => ErrorKind::Tls,
            1053 | 1927 | 2006 | 2013 | 4031 => ErrorKind::Lost,
            1062 | 1586 => ErrorKind::Duplicate,
            1451 | 1452 => ErrorKind::Referenced,
            _ => ErrorKind::Other,
        }
    }
}

impl fmt::Display for DbError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.code {
            Some(code) => write!(f, "{} (error {code})", self.message),
            None => f.write_str(&self.message),
        }
    }
}

impl std::error::Error for DbError {}

/// One line of printable text: what a server sends may be anything.
pub(super) fn one_line(text: &str) -> String {
    let mut line: String = text
        .trim()
        .chars()
        .map(|c| if c.is_control() || is_invisible(c) { ' ' } else { c })
        .take(LONGEST + 1)
        .collect();
    if line.chars().count() > LONGEST {
        line = line.chars().take(LONGEST).chain(['…']).collect();
    }
    line
}

/// Characters that turn or hide text on a terminal.
fn is_invisible(c: char) -> bool {
    matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_one_bounded_line() {
        let error = DbError::new(ErrorKind::Other, "a\nb\u{1b}[31m\u{202e}c");
        assert_eq!(error.to_string(), "a b [31m c");
        let long = DbError::new(ErrorKind::Other, "x".repeat(1_000)).with_code(1064).to_string();
        assert_eq!(long.chars().count(), LONGEST + 1 + " (error 1064)".len());
    }

    #[test]
    fn numbers_are_sorted_by_what_is_done_about_them() {
        let check = |code, kind| assert_eq!(DbError::kind_of_code(code), kind, "{code}");
        check(1227, ErrorKind::Privilege);
        check(1205, ErrorKind::Locked);
        check(1146, ErrorKind::MissingTable);
        check(1045, ErrorKind::Credentials);
        check(9_999, ErrorKind::Other);
        assert!(DbError::new(ErrorKind::Locked, "").is_retryable());
        assert!(!DbError::new(ErrorKind::Timeout, "").is_retryable());
    }
}
