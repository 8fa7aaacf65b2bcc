//! Tables as information_schema and SQLite's pragmas describe them.

use crate::support::database_server::{DatabaseServer, shared};
use crate::support::only_on::{Kind, only_on};
use motionctl::db::catalog::{ColumnDefault, TableKind};
use motionctl::db::{Catalog, Connection, Limits, Source, quoted};

#[test]
fn motions_tables_are_read_from_a_server() {
    let schema = shared().motion();
    schema.sql(
        "CREATE TABLE old_log (id INT PRIMARY KEY, at TIMESTAMP DEFAULT CURRENT_TIMESTAMP, \
           note VARCHAR(20) CHARACTER SET latin1 NOT NULL DEFAULT 'it''s', n INT UNSIGNED AS (id + 1) VIRTUAL) ENGINE=MyISAM; \
         CREATE TABLE Users (id INT PRIMARY KEY); \
         CREATE VIEW names AS SELECT name FROM users; \
         CREATE TRIGGER watch AFTER UPDATE ON users FOR EACH ROW INSERT INTO old_log (id) VALUES (NEW.id)",
    );
    let catalog = Catalog::read(&mut schema.connect()).expect("a catalog");
    let users = catalog.table("users").expect("users");
    assert_eq!(users.primary_key(), ["id"]);
    assert!(users.is_transactional() && users.is_unique(&["NAME"]));
    assert!(users.column("id").expect("id").is_auto_increment());
    let name = users.column("Name").expect("columns are found in any case");
    assert_eq!((name.data_type.as_str(), name.length, name.nullable), ("varchar", Some(255), false));
    assert_eq!((name.charset.as_deref(), &name.default), (Some("utf8mb4"), &ColumnDefault::None));
    assert_eq!(users.column("role").expect("role").default, ColumnDefault::Literal("agent".to_owned()));
    assert_eq!(users.column("email").expect("email").default, ColumnDefault::Null);
    assert_eq!(users.triggers[0].event, "UPDATE");
    assert!(users.is_indexed(&["name"]) && !users.is_indexed(&["fullname"]));

    let old = catalog.table("old_log").expect("old_log");
    assert!(!old.is_transactional());
    assert_eq!(old.column("note").expect("note").default, ColumnDefault::Literal("it's".to_owned()));
    assert!(
        matches!(&old.column("at").expect("at").default, ColumnDefault::Expression(text) if text.to_lowercase().starts_with("current"))
    );
    assert!(old.column("n").expect("n").is_generated());
    assert_eq!(catalog.table("names").expect("a view").kind, TableKind::View);

    // Table names count letter by letter.
    assert_eq!(catalog.table("Users").expect("Users").columns.len(), 1);
    assert!(catalog.table("USERS").is_none());

    let referring: Vec<_> = catalog.references_to("users").collect();
    assert_eq!(referring.len(), 1);
    let (table, key) = referring[0];
    assert_eq!((table.name.as_str(), key.on_delete.as_str()), ("user_has_voice_queues", "CASCADE"));
    assert_eq!((&key.columns[..], &key.to_columns[..]), (&["UserId".to_owned()][..], &["id".to_owned()][..]));
}

/// Otherwise every foreign key would lead into another schema: the server names its own `motion2`.
#[test]
fn a_schema_is_called_as_the_server_calls_it() {
    // MySQL settles this when its data are made.
    if !only_on(Kind::MariaDb, "names of schemas in any case") {
        return;
    }
    let server = DatabaseServer::start(&["--lower-case-table-names=1"]);
    let motion = std::fs::read_to_string(crate::support::database_server::MOTION).expect("the fixture");
    server.sql(&format!("CREATE DATABASE Motion2; USE Motion2; {motion}"));
    for name in ["Motion2", "motion2", "MOTION2"] {
        let mut conn = Connection::open(&server.by_socket(name), &Limits::work()).expect("a connection");
        assert_eq!(conn.server().schema, "motion2");
        let catalog = Catalog::read(&mut conn).expect("a catalog");
        let mut keys = catalog.tables.values().flat_map(|table| &table.foreign_keys).peekable();
        assert!(keys.peek().is_some());
        assert!(keys.all(|key| key.to_schema.is_none()), "{name}");
        assert!(Catalog::elsewhere(&mut conn).expect("an answer").is_empty(), "{name}");
    }
    // Where case counts, two schemas may differ in nothing else.
    let server = shared();
    let schema = server.schema();
    let other = schema.name.to_uppercase();
    server.sql(&format!("CREATE DATABASE {other}"));
    for name in [&schema.name, &other] {
        let conn = Connection::open(&server.by_socket(name), &Limits::work()).expect("a connection");
        assert_eq!(conn.server().schema, *name);
    }
    server.sql(&format!("DROP DATABASE {other}"));
}

#[test]
fn a_few_tables_are_read_by_name() {
    let schema = shared().motion();
    schema.sql("CREATE TABLE `odd``name` (a INT)");
    let catalog =
        Catalog::of(&mut schema.connect(), &["users", "odd`name", "USERS", "missing"]).expect("a catalog");
    assert_eq!(catalog.tables.keys().collect::<Vec<_>>(), ["odd`name", "users"]);
    assert!(Catalog::of(&mut schema.connect(), &[]).expect("nothing").tables.is_empty());
    let rows = schema.connect().rows(&format!("SELECT a FROM {}", quoted("odd`name")), &[]);
    assert!(rows.expect("a quoted name").is_empty());
}

#[test]
fn tables_of_a_sqlite_file_are_read_the_same_way() {
    let mut conn = Connection::open(&Source::Memory, &Limits::work()).expect("a database");
    conn.script(
        "CREATE TABLE users (id INTEGER PRIMARY KEY, name VARCHAR(255) NOT NULL UNIQUE, role TEXT DEFAULT 'agent', \
           createdAt DATETIME NOT NULL);
         CREATE TABLE links (UserId INT NOT NULL REFERENCES users (id) ON DELETE CASCADE, QueueId INT NOT NULL, \
           penalty INT DEFAULT 0, PRIMARY KEY (UserId, QueueId));
         CREATE INDEX by_queue ON links (QueueId);
         CREATE VIEW names AS SELECT name FROM users;
         CREATE TRIGGER watch AFTER INSERT ON links BEGIN SELECT 1; END;",
    )
    .expect("tables");
    let catalog = Catalog::read(&mut conn).expect("a catalog");
    let users = catalog.table("users").expect("users");
    assert!(users.column("id").expect("id").is_auto_increment() && users.is_unique(&["name"]));
    let name = users.column("name").expect("name");
    assert_eq!((name.data_type.as_str(), name.length, name.nullable), ("varchar", Some(255), false));
    assert_eq!(users.column("role").expect("role").default, ColumnDefault::Literal("agent".to_owned()));
    assert_eq!(users.column("createdAt").expect("createdAt").default, ColumnDefault::None);
    let links = catalog.table("links").expect("links");
    assert_eq!(links.primary_key(), ["UserId", "QueueId"]);
    assert!(links.is_indexed(&["QueueId"]) && links.is_transactional());
    assert_eq!(links.foreign_keys[0].on_delete, "CASCADE");
    assert_eq!((links.triggers[0].timing.as_str(), links.triggers[0].event.as_str()), ("AFTER", "INSERT"));
    assert_eq!(catalog.table("names").expect("a view").kind, TableKind::View);
}
