//! What a session is set to before anything is asked: one table, of which the documentation is made, too.
//!
//! Invariant: each setting is set by itself, so that one that is refused takes no other with it. Whether a server may
//! be written to is no setting: what a DBA has turned off stays off.

use super::errors::translated;
use crate::db::error::{DbError, ErrorKind};
use crate::db::model::{Engine, Limits};
use mysql::prelude::Queryable;
use mysql::{Conn, Error};

/// One thing that a session is set to.
#[derive(Debug, Clone, Copy)]
pub struct Setting {
    /// What it is called.
    pub name: &'static str,
    /// The statement that sets it.
    statement: fn(&Limits) -> String,
    /// Which servers have it; both where that is `None`.
    only: Option<Engine>,
    /// Why it is set.
    pub why: &'static str,
    /// What follows where a server refuses it.
    pub need: Need,
}

/// What follows where a server refuses a setting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Need {
    /// Nothing makes up for it: the connection is of no use, unless this condition says that it is so already.
    Required(&'static str),
    /// This makes up for it.
    Optional(&'static str),
}

/// Every setting, in the order in which they are made.
pub const SETTINGS: &[Setting] = &[
    Setting {
        name: "sql_select_limit",
        // First of all: a limit would cut the answers that follow, too.
        statement: |_| format!("SET SESSION sql_select_limit = {}", u64::MAX),
        only: None,
        why: "a server's own limit would cut every answer short, and a row that is not seen is inserted again",
        need: Need::Required("@@SESSION.sql_select_limit >= 18446744073709551615"),
    },
    Setting {
        name: "names",
        statement: |_| "SET NAMES utf8mb4".to_owned(),
        only: None,
        why: "names go and come back as they are, whatever the server's own character set",
        need: Need::Required(
            "@@SESSION.character_set_client = 'utf8mb4' AND @@SESSION.character_set_connection = 'utf8mb4' \
             AND @@SESSION.character_set_results = 'utf8mb4'",
        ),
    },
    Setting {
        name: "sql_mode",
        statement: |_| {
            "SET SESSION sql_mode = 'STRICT_ALL_TABLES,STRICT_TRANS_TABLES,NO_ZERO_IN_DATE,NO_ZERO_DATE,\
             ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION'"
                .to_owned()
        },
        only: None,
        why: "strict: a value that does not fit is an error and not cut; quotes mean what they usually mean",
        need: Need::Required(
            "FIND_IN_SET('STRICT_ALL_TABLES', @@SESSION.sql_mode) > 0 \
             AND FIND_IN_SET('ANSI_QUOTES', @@SESSION.sql_mode) = 0",
        ),
    },
    Setting {
        name: "time_zone",
        statement: |_| "SET SESSION time_zone = '+00:00'".to_owned(),
        only: None,
        why: "times are written in UTC, also into columns that the server converts",
        need: Need::Required("@@SESSION.time_zone = '+00:00'"),
    },
    Setting {
        name: "autocommit",
        statement: |_| "SET SESSION autocommit = 1".to_owned(),
        only: None,
        why: "a question outside a transaction sees what is there now",
        need: Need::Required("@@SESSION.autocommit = 1"),
    },
    Setting {
        name: "foreign_key_checks",
        statement: |_| "SET SESSION foreign_key_checks = 1".to_owned(),
        only: None,
        why: "a server may have turned off for everybody that links lead to rows",
        need: Need::Required("@@SESSION.foreign_key_checks = 1"),
    },
    Setting {
        name: "unique_checks",
        statement: |_| "SET SESSION unique_checks = 1".to_owned(),
        only: None,
        why: "the same for names and numbers that are there once",
        need: Need::Required("@@SESSION.unique_checks = 1"),
    },
    Setting {
        name: "isolation level",
        statement: |_| "SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ".to_owned(),
        only: None,
        why: "a plan is made from one view of all tables",
        // The variable's name differs between servers; the word of any other level would do harm.
        need: Need::Required("FALSE"),
    },
    Setting {
        name: "check_constraint_checks",
        statement: |_| "SET SESSION check_constraint_checks = 1".to_owned(),
        only: Some(Engine::MariaDb),
        why: "the same for CHECK constraints, which MySQL cannot turn off",
        need: Need::Optional("a plan holds its values against them itself"),
    },
    Setting {
        name: "max_error_count",
        statement: |_| "SET SESSION max_error_count = 65535".to_owned(),
        only: None,
        why: "warnings after a write are read, and a short list hides the one that counts. MySQL lets few accounts set it",
        need: Need::Optional("a write with more warnings than the list holds is an error"),
    },
    Setting {
        name: "sql_safe_updates",
        statement: |_| "SET SESSION sql_safe_updates = 0".to_owned(),
        only: None,
        why: "links are searched by their two ends, which need not be a key",
        need: Need::Optional("a write that is refused for it (1175) takes all back"),
    },
    Setting {
        name: "sql_big_selects",
        statement: |_| "SET SESSION sql_big_selects = 1".to_owned(),
        only: None,
        why: "an export reads whole tables",
        need: Need::Optional(
            "a question that is refused for it (1104) ends the command, and nothing was written",
        ),
    },
    Setting {
        name: "completion_type",
        statement: |_| "SET SESSION completion_type = 0".to_owned(),
        only: None,
        why: "COMMIT only commits",
        need: Need::Optional("COMMIT and ROLLBACK say `AND NO CHAIN NO RELEASE` themselves"),
    },
    Setting {
        name: "wait_timeout",
        statement: |_| "SET SESSION wait_timeout = 30".to_owned(),
        only: None,
        why: "the locks of a client that hangs are let go after 30 seconds",
        need: Need::Optional("the server lets them go when the connection is closed, or after its own time"),
    },
    Setting {
        name: "lock_wait_timeout",
        statement: |limits| format!("SET SESSION lock_wait_timeout = {}", lock(limits)),
        only: None,
        why: "nobody waits for long behind somebody who changes a table",
        need: Need::Optional("a statement's answer is waited for only so long"),
    },
    Setting {
        name: "innodb_lock_wait_timeout",
        statement: |limits| format!("SET SESSION innodb_lock_wait_timeout = {}", lock(limits)),
        only: None,
        why: "the same for locks of rows, so that it can be tried again",
        need: Need::Optional("the same"),
    },
    Setting {
        name: "max_statement_time",
        statement: |limits| format!("SET SESSION max_statement_time = {}", limits.query.as_secs_f64()),
        only: Some(Engine::MariaDb),
        why: "the server ends a statement that takes too long",
        need: Need::Optional("the same; the server may work on for a while"),
    },
    Setting {
        name: "max_execution_time",
        statement: |limits| format!("SET SESSION max_execution_time = {}", limits.query.as_millis()),
        only: Some(Engine::MySql),
        why: "the server ends a question that takes too long",
        need: Need::Optional("the same; the server may work on for a while"),
    },
];

/// Servers count whole seconds.
fn lock(limits: &Limits) -> u64 {
    limits.lock.as_secs().max(1)
}

impl Setting {
    /// Which servers have it, in words.
    #[must_use]
    pub fn servers(&self) -> &'static str {
        match self.only {
            None => "both",
            Some(Engine::MariaDb) => "MariaDB",
            Some(Engine::MySql | Engine::Sqlite) => "MySQL",
        }
    }
}

/// What a server says of itself when a session is set up.
pub(super) struct Opened {
    pub version: String,
    /// The schema as the server has it: with `lower_case_table_names` it takes `Motion2` for `motion2`, and names it so
    /// in everything that it tells.
    pub schema: Option<String>,
}

/// Sets a session up; gives the server's version and schema.
///
/// # Errors
/// When the connection is lost, or a setting is refused that is required.
pub(super) fn set_up(conn: &mut Conn, limits: &Limits) -> Result<Opened, DbError> {
    let (limit, others) = SETTINGS.split_first().expect("the table is not empty");
    set(conn, limit, limits)?;
    let version: Option<String> = conn.query_first("SELECT VERSION()").map_err(|error| translated(&error))?;
    let version = version.unwrap_or_default();
    let engine = engine(&version);
    for setting in others.iter().filter(|setting| setting.only.is_none_or(|only| only == engine)) {
        set(conn, setting, limits)?;
    }
    let schema = schema(conn)?;
    Ok(Opened { version, schema })
}

/// The name of the schema in use as it is stored, which need not be as it was typed.
fn schema(conn: &mut Conn) -> Result<Option<String>, DbError> {
    let mut ask = |sql: &str| match conn.query::<Option<String>, _>(sql) {
        Ok(names) => Ok(names.into_iter().flatten().collect()),
        Err(error) if is_refusal(&error) => Ok(Vec::new()),
        Err(error) => Err(translated(&error)),
    };
    let in_use = ask("SELECT DATABASE()")?.pop();
    // The comparison may follow a collation, and there may be another schema that differs only in case.
    let stored = ask("SELECT SCHEMA_NAME FROM information_schema.SCHEMATA WHERE SCHEMA_NAME = DATABASE()")?;
    let is_there = in_use.as_ref().is_some_and(|name| stored.contains(name));
    Ok(if is_there { in_use } else { stored.into_iter().next().or(in_use) })
}

/// Which of the two a version is of.
pub(super) fn engine(version: &str) -> Engine {
    if version.to_ascii_lowercase().contains("mariadb") { Engine::MariaDb } else { Engine::MySql }
}

fn set(conn: &mut Conn, setting: &Setting, limits: &Limits) -> Result<(), DbError> {
    let Err(error) = conn.query_drop((setting.statement)(limits)) else { return Ok(()) };
    let refused = is_refusal(&error);
    let error = translated(&error).during(&format!("setting {}", setting.name));
    match setting.need {
        Need::Optional(_) if refused => Ok(()),
        Need::Required(holds) if refused && holds_already(conn, holds)? => Ok(()),
        Need::Required(_) if refused => {
            let hint = "the session must be set up so: docs/seeding.md says why, under Session";
            Err(error.as_kind(ErrorKind::Privilege).with_hint(hint))
        }
        _ => Err(error),
    }
}

/// Whether it is the server's answer, after which the connection is as it was: not allowed (1227), not known to this
/// version (1193), not of this value (1231), or another of the many numbers for it.
fn is_refusal(error: &Error) -> bool {
    let Error::MySqlError(answer) = error else { return false };
    !matches!(
        DbError::kind_of_code(answer.code),
        ErrorKind::Lost | ErrorKind::Unreachable | ErrorKind::Timeout
    )
}

fn holds_already(conn: &mut Conn, condition: &str) -> Result<bool, DbError> {
    match conn.query_first::<Option<i64>, _>(format!("SELECT {condition}")) {
        Ok(answer) => Ok(answer.flatten() == Some(1)),
        Err(error) if is_refusal(&error) => Ok(false),
        Err(error) => Err(translated(&error)),
    }
}
