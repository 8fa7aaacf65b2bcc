//! What a session is set to, each setting by itself.
//!
//! Invariant: every setting of the table is refused once, on a server that has the opposite for everybody.

use crate::seed::proxy::{Fate, start};
use crate::support::database_server::programs::{Kind, only_mariadb, programs};
use crate::support::database_server::{DatabaseServer, shared};
use motionctl::db::{
    Access, Connection, DbError, ErrorKind, Limits, Need, SETTINGS, Secret, Setting, Source, Tls, Transport,
};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

/// What the statement of a setting has in it.
fn words(setting: &Setting) -> String {
    match setting.name {
        "names" => "SET NAMES ".to_owned(),
        "isolation level" => "ISOLATION LEVEL ".to_owned(),
        name => format!("SET SESSION {name} "),
    }
}

/// Connects through a proxy that refuses statements with these words, and says how many there were.
fn refusing(
    server: &DatabaseServer,
    user: &str,
    schema: &str,
    words: String,
) -> (Result<Connection, DbError>, u32) {
    let heard = Arc::new(AtomicU32::new(0));
    let counted = Arc::clone(&heard);
    let port = start(server.port, move |statement| {
        if !statement.contains(&words) {
            return Fate::Passes;
        }
        counted.fetch_add(1, Ordering::SeqCst);
        Fate::Refused
    });
    let source = Source::Server {
        transport: Transport::Tcp { host: DatabaseServer::HOST.to_owned(), port, tls: Tls::Off },
        user: user.to_owned(),
        password: Some(Secret::new("pw")),
        schema: schema.to_owned(),
    };
    let answer = Connection::open(&source, &Limits::work());
    (answer, heard.load(Ordering::SeqCst))
}

/// A server that has set for everybody what does harm.
fn contrary() -> DatabaseServer {
    let server = DatabaseServer::start(match programs().kind {
        Kind::MariaDb => &["--skip-character-set-client-handshake", "--character-set-server=latin1"],
        Kind::MySql => &["--character-set-server=latin1"],
    });
    let own = match programs().kind {
        Kind::MariaDb => "GLOBAL tx_isolation = 'READ-COMMITTED', GLOBAL check_constraint_checks = 0",
        Kind::MySql => "GLOBAL transaction_isolation = 'READ-COMMITTED'",
    };
    server.sql(&format!(
        "SET GLOBAL sql_select_limit = 1000, GLOBAL sql_mode = '', GLOBAL autocommit = 0, \
         GLOBAL foreign_key_checks = 0, GLOBAL unique_checks = 0, GLOBAL max_error_count = 0, \
         GLOBAL completion_type = 'CHAIN', {own}"
    ));
    server
}

#[test]
fn a_setting_that_is_refused_takes_no_other_with_it() {
    let server = contrary();
    let schema = server.motion();
    let user = schema.user("pw", "SELECT, INSERT");
    let other = if programs().kind == Kind::MariaDb { "MySQL" } else { "MariaDB" };
    let settings = SETTINGS.iter().filter(|setting| setting.servers() != other);
    assert!(settings.clone().count() > 15);
    for setting in settings {
        let name = setting.name;
        let (answer, heard) = refusing(&server, &user, &schema.name, words(setting));
        assert_eq!(heard, 1, "{name} is set once");
        match (setting.need, answer) {
            (Need::Optional(instead), Ok(mut conn)) => {
                assert!(!instead.is_empty());
                let others =
                    "SELECT @@foreign_key_checks, @@sql_select_limit > 1000, @@character_set_results";
                let row = conn.rows(others, &[]).expect("variables").remove(0);
                assert_eq!((row.int(0), row.int(1), row.text(2)), (Ok(1), Ok(1), Ok("utf8mb4")), "{name}");
                conn.begin(Access::Write).expect("a transaction");
                let insert = "INSERT INTO voice_queues (name, createdAt, updatedAt) VALUES (?, NOW(), NOW())";
                let change = conn.change(insert, &[name.into()]).expect("a change");
                assert_eq!(change.rows, 1, "{name}");
                conn.commit().expect("done");
                // Where COMMIT begins another transaction, rows would stay locked. Only MariaDB says so.
                if programs().kind == Kind::MariaDb {
                    let row = conn.rows("SELECT @@in_transaction", &[]).expect("a variable").remove(0);
                    assert_eq!(row.int(0), Ok(0), "{name}");
                }
            }
            (Need::Required(_), Err(error)) => {
                assert_eq!(error.kind(), ErrorKind::Privilege, "{error}");
                assert!(error.to_string().contains(&format!("setting {name}: Access denied")), "{error}");
                assert!(error.hint().is_some_and(|hint| hint.contains("docs/seeding.md")), "{error:?}");
            }
            (Need::Optional(_), Err(error)) => panic!("{name} is optional: {error}"),
            // MySQL 9 always believes what the driver says of itself first.
            (Need::Required(_), Ok(_)) if name == "names" && programs().kind == Kind::MySql => {}
            (Need::Required(_), Ok(_)) => panic!("{name} is required"),
        }
    }
}

/// A proxy or a DBA may keep sessions from changing what is right already.
#[test]
fn a_setting_that_is_refused_and_right_already_is_no_failure() {
    let schema = shared().motion();
    let user = schema.user("pw", "SELECT");
    for name in ["sql_select_limit", "names", "autocommit", "foreign_key_checks", "unique_checks"] {
        let setting = SETTINGS.iter().find(|setting| setting.name == name).expect("a setting");
        assert!(matches!(setting.need, Need::Required(_)), "{name}");
        let (answer, heard) = refusing(schema.server, &user, &schema.name, words(setting));
        assert_eq!((answer.err(), heard), (None, 1), "{name}");
    }
}

/// What makes up for `max_error_count`, which MySQL lets few accounts set.
#[test]
fn warnings_that_the_list_does_not_hold_are_an_error() {
    let server = contrary();
    let schema = server.schema();
    schema.sql(
        "CREATE TABLE things (id INT PRIMARY KEY AUTO_INCREMENT, name VARCHAR(3) NOT NULL) ENGINE=InnoDB",
    );
    let user = schema.user("pw", "SELECT, INSERT");
    let (answer, _) = refusing(&server, &user, &schema.name, "SET SESSION max_error_count ".to_owned());
    let mut conn = answer.expect("a connection");
    let error = conn.change("INSERT IGNORE INTO things (name) VALUES ('long')", &[]).expect_err("a warning");
    assert_eq!(error.kind(), ErrorKind::Warned, "{error}");
    assert!(error.to_string().contains("does not say of what (1 of 1)"), "{error}");
}

/// Rules that a server does not enforce for others are enforced for what is written here.
#[test]
fn a_rule_that_is_turned_off_for_everybody_holds_in_the_session() {
    if !only_mariadb("check_constraint_checks") {
        return;
    }
    let server = contrary();
    let schema = server.schema();
    schema.sql("CREATE TABLE things (id INT PRIMARY KEY, part INT CHECK (part > 5)) ENGINE=InnoDB");
    let mut conn = schema.connect();
    let error = conn.change("INSERT INTO things VALUES (1, 2)", &[]).expect_err("a rule");
    assert_eq!(error.code(), Some(4025), "{error}");
}
