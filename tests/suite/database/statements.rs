//! What goes in and comes out: values, warnings, transactions and limits, on both engines.

use crate::support::database_server::programs::{Kind, programs};
use crate::support::database_server::{DatabaseServer, shared};
use motionctl::db::{Access, Connection, Engine, ErrorKind, FileAccess, Limits, Source, Tls, Value};
use std::time::{Duration, Instant};

const TABLE: &str = "CREATE TABLE things (id INTEGER PRIMARY KEY AUTO_INCREMENT, name VARCHAR(10) UNIQUE NOT NULL, \
                     big BIGINT UNSIGNED, part DOUBLE, raw VARBINARY(10), at DATETIME(3), flag TINYINT(1)) ENGINE=InnoDB";

fn sqlite() -> Connection {
    let mut conn = Connection::open(&Source::Memory, &Limits::work()).expect("a database");
    let table = "CREATE TABLE things (id INTEGER PRIMARY KEY, name VARCHAR(10) UNIQUE NOT NULL, big BIGINT, \
                 part DOUBLE, raw BLOB, at DATETIME, flag TINYINT(1))";
    conn.script(table).expect("a table");
    conn
}

/// Runs a test on MariaDB and on SQLite.
fn on_both(test: fn(&mut Connection)) {
    let schema = shared().schema();
    schema.sql(TABLE);
    test(&mut schema.connect());
    test(&mut sqlite());
}

#[test]
fn values_come_back_as_they_went_in() {
    on_both(|conn| {
        let values = [
            "Ł😀".into(),
            Value::Int(i64::MAX),
            Value::Float(0.5),
            Value::Bytes(vec![0, 255]),
            "2026-11-22 14:00:00.125".into(),
            Value::Null,
        ];
        let insert = "INSERT INTO things (name, big, part, raw, at, flag) VALUES (?, ?, ?, ?, ?, ?)";
        let change = conn.change(insert, &values).expect("an insert");
        assert_eq!((change.rows, change.last_id), (1, Some(1)));
        let select = "SELECT name, big, part, raw, at, flag FROM things";
        let prepared = conn.rows(&format!("{select} WHERE id = ?"), &[Value::Int(1)]).expect("a row");
        assert_eq!(prepared[0].values(), values);
        // Without values the server answers in its other protocol.
        assert_eq!(conn.rows(select, &[]).expect("a row")[0].values(), values);
        assert_eq!(prepared[0].named("NAME"), Some(&values[0]));
    });
}

#[test]
fn numbers_beyond_the_signed_range_survive() {
    let schema = shared().schema();
    schema.sql(TABLE);
    let mut conn = schema.connect();
    let insert = "INSERT INTO things (name, big) VALUES (?, ?)";
    conn.change(insert, &["a".into(), Value::UInt(u64::MAX)]).expect("an insert");
    let both =
        [("SELECT big FROM things", vec![]), ("SELECT big FROM things WHERE id = ?", vec![Value::Int(1)])];
    for (select, values) in both {
        assert_eq!(conn.rows(select, &values).expect("a row")[0].value(0), &Value::UInt(u64::MAX));
    }
}

#[test]
fn a_change_tells_what_it_did() {
    on_both(|conn| {
        let change = conn
            .change("INSERT INTO things (name) VALUES (?), (?), (?)", &["a".into(), "b".into(), "c".into()]);
        let change = change.expect("an insert");
        assert_eq!((change.rows, change.last_id), (3, Some(1)));
        // Rows that match count, also where nothing differs: both engines agree.
        let change =
            conn.change("UPDATE things SET name = ? WHERE id = 1", &["a".into()]).expect("an update");
        assert_eq!(change.rows, 1);
        let error = conn.change("INSERT INTO things (name) VALUES (?)", &["a".into()]).expect_err("taken");
        assert_eq!(error.kind(), ErrorKind::Duplicate, "{error}");
        assert_eq!(
            conn.rows("SELECT nope FROM things", &[]).expect_err("no column").kind(),
            ErrorKind::MissingColumn
        );
        assert_eq!(
            conn.rows("SELECT 1 FROM nope", &[]).expect_err("no table").kind(),
            ErrorKind::MissingTable
        );
        assert_eq!(conn.rows("SELECT count(*) FROM things", &[]).expect("in step")[0].int(0), Ok(3));
    });
}

#[test]
fn a_warning_after_a_write_is_a_failure_and_a_note_is_not() {
    let schema = shared().schema();
    schema.sql(TABLE);
    schema.sql("CREATE TABLE latin (name VARCHAR(20) CHARACTER SET latin1, part DECIMAL(4,1)) ENGINE=InnoDB");
    let mut conn = schema.connect();
    // Strict mode refuses what is too long, also where the server's own mode would cut it.
    let error =
        conn.change("INSERT INTO things (name) VALUES (?)", &["x".repeat(11).into()]).expect_err("too long");
    assert_eq!(error.code(), Some(1406), "{error}");
    let name = format!("{}   ", "x".repeat(10));
    let error = conn.change("INSERT INTO things (name) VALUES (?)", &[name.into()]);
    let change = error.expect("blanks at the end are cut with a note only");
    assert!(change.notes[0].contains("1265"), "{:?}", change.notes);
    conn.change("INSERT INTO latin (name) VALUES (?)", &["a".into()]).expect("an insert");
    let error = conn.change("UPDATE latin SET part = ?", &[Value::Text("1.25".to_owned())]);
    assert!(error.expect("a note").notes[0].contains("1265"));
    let ignoring = "INSERT IGNORE INTO things (name) VALUES (?)";
    let error = conn.change(ignoring, &["y".repeat(11).into()]).expect_err("a warning");
    assert_eq!(error.kind(), ErrorKind::Warned, "{error}");
}

#[test]
fn the_session_is_strict_utc_and_impatient() {
    let schema = shared().schema();
    let mut conn = schema.connect();
    // Seconds in the one, milliseconds in the other, which newer versions of both call the isolation otherwise.
    let (limit, isolation) = match (programs().kind, programs().version) {
        (Kind::MariaDb, _) => ("ROUND(@@max_statement_time)", "@@tx_isolation"),
        (Kind::MySql, (8.., _)) => ("@@max_execution_time DIV 1000", "@@transaction_isolation"),
        // It has none, and is given up by the socket.
        (Kind::MySql, _) => ("20", "@@tx_isolation"),
    };
    let row = conn
        .rows(
            &format!(
                "SELECT @@sql_mode, @@time_zone, @@character_set_client, @@innodb_lock_wait_timeout, \
               @@lock_wait_timeout, @@wait_timeout, {limit}, {isolation}, @@character_set_results"
            ),
            &[],
        )
        .expect("variables")
        .remove(0);
    assert!(row.text(0).expect("text").contains("STRICT_ALL_TABLES"));
    let others: Vec<String> = row.values()[1..].iter().map(Value::display).collect();
    assert_eq!(others, ["+00:00", "utf8mb4", "5", "5", "30", "20", "REPEATABLE-READ", "utf8mb4"]);
}

/// A server may have set anything for everybody; the session is the same on each.
#[test]
fn what_a_server_sets_for_everybody_does_not_count() {
    let server = DatabaseServer::start(&[]);
    let schema = server.motion();
    schema.sql("CREATE TABLE things (id INT PRIMARY KEY, name VARCHAR(3) NOT NULL) ENGINE=InnoDB");
    server.sql(
        "SET GLOBAL sql_select_limit = 1, GLOBAL foreign_key_checks = 0, GLOBAL unique_checks = 0, \
         GLOBAL sql_safe_updates = 1, GLOBAL completion_type = 'CHAIN', GLOBAL max_error_count = 0, \
         GLOBAL autocommit = 0",
    );
    let mut conn = schema.connect();
    let variables = "SELECT @@foreign_key_checks, @@unique_checks, @@sql_safe_updates, @@completion_type, \
                     @@max_error_count, @@autocommit";
    let row = conn.rows(variables, &[]).expect("variables").remove(0);
    let found: Vec<String> = row.values().iter().map(Value::display).collect();
    assert_eq!(found, ["1", "1", "0", "NO_CHAIN", "65535", "1"]);
    conn.change("INSERT INTO things VALUES (1, 'a'), (2, 'b')", &[]).expect("an insert");
    assert_eq!(conn.rows("SELECT id FROM things", &[]).expect("rows").len(), 2);
    assert_eq!(conn.change("UPDATE things SET name = 'c'", &[]).expect("an update").rows, 2);
    let error = conn.change("INSERT IGNORE INTO things VALUES (3, 'long')", &[]).expect_err("a warning");
    assert_eq!((error.kind(), error.code()), (ErrorKind::Warned, Some(1265)), "{error}");
}

#[test]
fn a_warning_that_cannot_be_read_is_a_failure() {
    let schema = shared().schema();
    schema.sql("CREATE TABLE things (id INT PRIMARY KEY, name VARCHAR(3) NOT NULL) ENGINE=InnoDB");
    let mut conn = schema.connect();
    let insert = "INSERT IGNORE INTO things VALUES (1, 'long'), (2, 'short')";
    for (most, code) in [(0, None), (1, Some(1265))] {
        conn.script(&format!("SET SESSION max_error_count = {most}")).expect("set");
        let error = conn.change(insert, &[]).expect_err("a warning");
        assert_eq!((error.kind(), error.code()), (ErrorKind::Warned, code), "{error}");
        conn.change("DELETE FROM things", &[]).expect("empty again");
    }
    // Of two notes, only one can be read.
    conn.script("SET SESSION max_error_count = 1").expect("set");
    let insert = "INSERT INTO things VALUES (1, 'abc  '), (2, 'abc  ')";
    let error = conn.change(insert, &[]).expect_err("unread");
    assert_eq!(error.kind(), ErrorKind::Warned, "{error}");
    conn.script("SET SESSION max_error_count = 64; DELETE FROM things").expect("set");
    assert_eq!(conn.change(insert, &[]).expect("an insert").notes.len(), 2);
}

#[test]
fn a_snapshot_does_not_move_and_cannot_write() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = Source::File { path: folder.path().join("a.db"), access: FileAccess::Create };
    let schema = shared().schema();
    schema.sql(TABLE);
    let open = |source: &Source| Connection::open(source, &Limits::work()).expect("a connection");
    let mut first = open(&file);
    first
        .script("PRAGMA journal_mode = WAL; CREATE TABLE things (id INTEGER PRIMARY KEY, name TEXT)")
        .expect("a table");
    for (mut reader, mut writer) in [(schema.connect(), schema.connect()), (first, open(&file))] {
        reader.begin(Access::ReadOnlySnapshot).expect("begins");
        writer.change("INSERT INTO things (name) VALUES ('a')", &[]).expect("an insert");
        assert_eq!(reader.rows("SELECT count(*) FROM things", &[]).expect("a count")[0].int(0), Ok(0));
        let error = reader.change("INSERT INTO things (name) VALUES ('b')", &[]).expect_err("read only");
        assert_eq!(error.kind(), ErrorKind::ReadOnly, "{error}");
        reader.rollback().expect("ends");
        reader.begin(Access::Write).expect("begins");
        reader.change("INSERT INTO things (name) VALUES ('b')", &[]).expect("an insert");
        reader.rollback().expect("ends");
        assert_eq!(reader.rows("SELECT count(*) FROM things", &[]).expect("a count")[0].int(0), Ok(1));
    }
}

#[test]
fn statements_and_locks_end_at_their_limit() {
    let limits = Limits { query: Duration::from_millis(400), lock: Duration::from_secs(1), ..Limits::work() };
    let schema = shared().schema();
    schema.sql(&format!("{TABLE}; INSERT INTO things (name) VALUES ('a'); CREATE TABLE ten (i INT)"));
    schema.sql("INSERT INTO ten VALUES (0), (1), (2), (3), (4), (5), (6), (7), (8), (9)");
    let mut conn = Connection::open(&schema.server.by_socket(&schema.name), &limits).expect("a connection");
    let started = Instant::now();
    let many: Vec<_> = (0..15).map(|n| format!("ten t{n}")).collect();
    let error = conn.rows(&format!("SELECT sum(t0.i) FROM {}", many.join(", ")), &[]).expect_err("endless");
    assert_eq!(error.kind(), ErrorKind::Timeout, "{error}");
    assert!(started.elapsed() < Duration::from_secs(3), "{:?}", started.elapsed());
    assert_eq!(conn.rows("SELECT 1", &[]).expect("the server's own limit keeps in step")[0].int(0), Ok(1));

    let mut sqlite = Connection::open(&Source::Memory, &limits).expect("a database");
    let endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n";
    assert_eq!(sqlite.rows(endless, &[]).expect_err("endless").kind(), ErrorKind::Timeout);
    assert_eq!(sqlite.rows("SELECT 1", &[]).expect("usable")[0].int(0), Ok(1));

    let patient = Limits { query: Duration::from_secs(10), ..limits };
    let mut waiting =
        Connection::open(&schema.server.by_socket(&schema.name), &patient).expect("a connection");
    let mut holder = schema.connect();
    holder.begin(Access::Write).expect("begins");
    holder.change("UPDATE things SET flag = 1 WHERE id = 1", &[]).expect("an update");
    let error = waiting.change("UPDATE things SET flag = 2 WHERE id = 1", &[]).expect_err("locked");
    assert!(error.is_retryable(), "{error}");
}

#[test]
fn what_a_user_may_not_do_is_a_kind_of_its_own() {
    let schema = shared().motion();
    let user = schema.user("pw", "SELECT");
    let source = schema.server.by_tcp(&user, "pw", &schema.name, Tls::Off);
    let mut conn = Connection::open(&source, &Limits::work()).expect("a connection");
    assert_eq!(conn.change("DELETE FROM users", &[]).expect_err("denied").kind(), ErrorKind::Privilege);
    let words = if programs().kind == Kind::MySql { "SHOW REPLICA STATUS" } else { "SHOW SLAVE STATUS" };
    assert_eq!(conn.rows(words, &[]).expect_err("denied").code(), Some(1227));
    let row = conn.rows("SELECT count(*) FROM users", &[]).expect("allowed");
    assert_eq!(row[0].int(0), Ok(0));
}

#[test]
fn a_server_that_is_read_only_says_so() {
    let server = DatabaseServer::start(&["--read-only"]);
    let schema = server.motion();
    let user = schema.user("pw", "SELECT, INSERT");
    let source = server.by_tcp(&user, "pw", &schema.name, Tls::Off);
    let mut conn = Connection::open(&source, &Limits::work()).expect("a connection");
    let insert = "INSERT INTO voice_queues (name, createdAt, updatedAt) VALUES ('a', NOW(), NOW())";
    assert_eq!(conn.change(insert, &[]).expect_err("read only").kind(), ErrorKind::ReadOnly);
}

#[test]
fn a_sqlite_file_is_made_only_on_demand_and_for_its_owner() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("new/motion.db");
    let open = |access| Connection::open(&Source::File { path: path.clone(), access }, &Limits::work());
    for access in [FileAccess::Read, FileAccess::Write] {
        assert_eq!(open(access).err().expect("missing").kind(), ErrorKind::Unreachable);
        assert!(!path.exists());
    }
    let mut conn = open(FileAccess::Create).expect("made");
    conn.script("CREATE TABLE a (b TEXT)").expect("a table");
    assert_eq!(conn.engine(), Engine::Sqlite);
    assert_eq!(path.metadata().expect("a file").permissions().mode() & 0o777, 0o600);
    let mut reader = open(FileAccess::Read).expect("there");
    assert_eq!(
        reader.change("INSERT INTO a VALUES ('x')", &[]).expect_err("read only").kind(),
        ErrorKind::ReadOnly
    );
    std::fs::write(&path, "x".repeat(4096)).expect("writing");
    assert_eq!(open(FileAccess::Read).err().expect("no database").kind(), ErrorKind::NotADatabase);
}

#[test]
fn a_sqlite_file_that_cannot_be_looked_at_is_not_a_missing_one() {
    let folder = tempfile::tempdir().expect("a folder");
    let (file, circle) = (folder.path().join("file"), folder.path().join("circle"));
    std::fs::write(&file, "text").expect("writing");
    std::os::unix::fs::symlink(&circle, &circle).expect("a link to itself");
    for path in [file.join("motion.db"), circle] {
        let source = Source::File { path, access: FileAccess::Read };
        let error = Connection::open(&source, &Limits::work()).err().expect("nothing to open");
        assert_eq!(error.kind(), ErrorKind::NotADatabase, "{error}");
    }
}
