//! Each way in which a database can differ from its map, with the words that say so.
//!
//! Invariant: every case breaks one thing in a database that fits, so that a check that never fails is found.

use super::support::{Database, lines};
use motionctl::seed::Channel::Voice;
use motionctl::seed::map::LinkKind::{Personal, ProfileQueues};
use motionctl::seed::map::{Map, Needs, Part, Use};
use motionctl::seed::verify::{references_to, verify};

const TABLES: &str = "
CREATE TABLE users (
  id INTEGER NOT NULL PRIMARY KEY AUTO_INCREMENT, name VARCHAR(255) NOT NULL UNIQUE, fullname VARCHAR(255),
  email VARCHAR(255), internal VARCHAR(32), role VARCHAR(255) NOT NULL, online TINYINT(1) NOT NULL DEFAULT 0,
  createdAt DATETIME NOT NULL
) ENGINE=InnoDB;
CREATE TABLE voice_queues (
  id INTEGER NOT NULL PRIMARY KEY AUTO_INCREMENT, name VARCHAR(255) NOT NULL UNIQUE, strategy VARCHAR(64) NOT NULL,
  type VARCHAR(64) NOT NULL, musiconhold VARCHAR(255), monitor_format VARCHAR(255)
) ENGINE=InnoDB;
CREATE TABLE profiles (
  id INTEGER NOT NULL PRIMARY KEY AUTO_INCREMENT, name VARCHAR(255) NOT NULL, enabled TINYINT(1) NOT NULL,
  description VARCHAR(255), deletedAt DATETIME
) ENGINE=InnoDB;
CREATE TABLE links (
  id INTEGER NOT NULL PRIMARY KEY AUTO_INCREMENT, kind VARCHAR(16) NOT NULL,
  UserId INTEGER REFERENCES users (id), ProfileId INTEGER REFERENCES profiles (id),
  QueueId INTEGER NOT NULL REFERENCES voice_queues (id), penalty INTEGER
) ENGINE=InnoDB;
";

const MAP: &str = r#"
format = 1
reviewed_by = "Ann"
[users]
table = "users"
create = true
agent_role = "agent"
columns = { id = "id", name = "name", fullname = "fullname", email = "email", internal = "internal", role = "role", online = "online", created = "createdAt" }
[queues.voice]
table = "voice_queues"
create = true
columns = { id = "id", name = "name", strategy = "strategy", type = "type" }
settings = { monitor_format = "text" }
fixed = { musiconhold = "default" }
[profiles]
table = "profiles"
columns = { id = "id", name = "name", enabled = "enabled", description = "description", deleted = "deletedAt" }
[links.profile_queues.voice]
table = "links"
only = { column = "kind", value = "voice" }
columns = { id = "id", profile = "ProfileId", queue = "QueueId", agent = "UserId", penalty = "penalty" }
[links.personal.voice]
table = "links"
only = { column = "kind", value = "voice" }
columns = { id = "id", agent = "UserId", queue = "QueueId", profile = "ProfileId" }
"#;

fn map() -> Map {
    Map::parse("test", MAP).expect("a map")
}

/// What is said after `old` has become `new`, on each engine; where only one line is given it is the same.
fn check(old: &str, new: &str, expected: [&[&str]; 2]) {
    assert!(TABLES.contains(old), "{old}");
    for (mut database, expected) in Database::both().into_iter().zip(expected) {
        database.sql(&TABLES.replace(old, new));
        let found = database.verify(&map());
        assert_eq!(lines(&found.mismatches), expected, "{old} as {new} on {:?}", database.engine());
        assert_eq!(lines(&found.differences), [""; 0]);
    }
}

#[test]
fn nothing_is_said_where_nothing_differs() {
    check("users", "users", [&[], &[]]);
    // Neither the order of columns nor the case of their names counts.
    check(
        "name VARCHAR(255) NOT NULL, enabled TINYINT(1) NOT NULL",
        "ENABLED TINYINT(1) NOT NULL, Name VARCHAR(255) NOT NULL",
        [&[], &[]],
    );
    // References need no foreign keys.
    check("UserId INTEGER REFERENCES users (id)", "UserId BIGINT", [&[], &[]]);
}

#[test]
fn tables_that_are_missing() {
    let none = "found none that this user may see";
    let queue = format!("voice_queues (queues.voice): expected a table, {none}");
    let queue = queue.as_str();
    for mut database in Database::both() {
        database.sql(&TABLES.replace("voice_queues", "VoiceQueues"));
        let found = lines(&database.verify(&map()).mismatches);
        assert!(found.contains(&queue.to_owned()), "{found:?}");
    }
    for mut database in Database::both() {
        database.sql(&TABLES.replace(" users", " Users"));
        let line = "users (users): expected a table, found `Users`: the case of a table's name counts";
        assert!(lines(&database.verify(&map()).mismatches).contains(&line.to_owned()));
    }
    for mut database in Database::both() {
        let line = "profiles (profiles): expected a table, found no table that this user may see";
        assert!(lines(&database.verify(&map()).mismatches).contains(&line.to_owned()));
    }
}

#[test]
fn columns_and_their_types() {
    let missing = "users.email (users): expected text, found no such column";
    check("  email VARCHAR(255),", "", [&[missing], &[missing]]);
    check(
        "enabled TINYINT(1) NOT NULL",
        "enabled VARCHAR(5) NOT NULL",
        [
            &[
                "profiles.enabled (profiles): expected true or false (a small number), found varchar(5) not null",
            ],
            &[
                "profiles.enabled (profiles): expected true or false (a small number), found varchar(5) charset utf8mb4 not null",
            ],
        ],
    );
    let time = "users.createdAt (users): expected a date with time, found date not null";
    check("createdAt DATETIME", "createdAt DATE", [&[time], &[time]]);
    let text = "users.name (users): expected text, found int not null";
    let integer = "users.name (users): expected text, found integer not null";
    check(
        "name VARCHAR(255) NOT NULL UNIQUE, fullname",
        "name INTEGER NOT NULL UNIQUE, fullname",
        [&[integer], &[text]],
    );
    let deleted =
        "profiles.deletedAt (profiles): expected a date with time that may be NULL, found datetime not null";
    check(
        "deletedAt DATETIME",
        "deletedAt DATETIME NOT NULL DEFAULT '2000-01-01'",
        [
            &[&format!("{deleted} default '2000-01-01'")],
            &[&format!("{deleted} default '2000-01-01 00:00:00'")],
        ],
    );
}

#[test]
fn keys_and_references() {
    check(
        "UserId INTEGER REFERENCES users (id)",
        "UserId INTEGER REFERENCES profiles (id)",
        [
            &[
                "links.UserId (links.personal.voice): expected whole numbers that refer to users(id), found integer null references profiles(id)",
            ],
            &[
                "links.UserId (links.personal.voice): expected whole numbers that refer to users(id), found int null references profiles(id)",
            ],
        ],
    );
    let key = |kind: &str, found: &str| {
        format!(
            "links.id (links.{kind}.voice): expected whole numbers that name each row, found {found} not null default '0', which is not unique by itself"
        )
    };
    let lines = |found: &str| ["personal", "profile_queues"].map(|kind| key(kind, found));
    let (file, server) = (lines("integer"), lines("int"));
    check(
        "CREATE TABLE links (\n  id INTEGER NOT NULL PRIMARY KEY AUTO_INCREMENT,",
        "CREATE TABLE links (\n  id INTEGER NOT NULL DEFAULT 0,",
        [&file.each_ref().map(String::as_str), &server.each_ref().map(String::as_str)],
    );
}

#[test]
fn rows_of_two_kinds_need_null() {
    let line = |kind: &str, column: &str| {
        format!("links.{column} (links.{kind}.voice): expected a column that may be NULL in these rows")
    };
    for mut database in Database::both() {
        database.sql(&TABLES.replace("UserId INTEGER", "UserId INTEGER NOT NULL"));
        let found = lines(&database.verify(&map()).mismatches);
        assert!(found.len() == 1 && found[0].starts_with(&line("profile_queues", "UserId")), "{found:?}");
    }
}

#[test]
fn what_new_rows_need() {
    let users =
        "users.password (users): expected a default, NULL, or a value for new rows under users.fixed, found ";
    check(
        "role VARCHAR(255) NOT NULL,",
        "role VARCHAR(255) NOT NULL, password VARCHAR(64) NOT NULL,",
        [
            &[&format!("{users}varchar(64) not null")],
            &[&format!("{users}varchar(64) charset utf8mb4 not null")],
        ],
    );
    check(
        "musiconhold VARCHAR(255)",
        "musiconhold VARCHAR(3)",
        [
            &[
                "voice_queues.musiconhold (queues.voice): expected a column that takes \"default\", found varchar(3) null",
            ],
            &[
                "voice_queues.musiconhold (queues.voice): expected a column that takes \"default\", found varchar(3) charset utf8mb4 null",
            ],
        ],
    );
    // A manifest may leave these out, and the planner must ask for them.
    for mut database in Database::both() {
        database.sql(&TABLES.replace("email VARCHAR(255)", "email VARCHAR(255) NOT NULL"));
        let found = database.verify(&map());
        assert_eq!(lines(&found.mismatches), [""; 0]);
        let demanded: Vec<_> = found.demanded.iter().collect();
        assert!(
            matches!(demanded.as_slice(), [(Part::Users, columns)] if columns.iter().any(|c| c.as_str() == "email"))
        );
        assert_eq!(
            found.unique_names.iter().copied().collect::<Vec<_>>(),
            [Part::Users, Part::Queues(Voice)]
        );
    }
}

#[test]
fn one_value_for_every_new_row_of_a_unique_column_is_refused() {
    let refused = |column: &str, more: &str| {
        format!(
            "voice_queues.{column} (queues.voice): expected a column that takes \"default\", found varchar(255){more}, \
             which is unique: a second row with this value is refused"
        )
    };
    let charset = " charset utf8mb4 null";
    check(
        "musiconhold VARCHAR(255)",
        "musiconhold VARCHAR(255) UNIQUE",
        [&[&refused("musiconhold", " null")], &[&refused("musiconhold", charset)]],
    );
    // With a column that differs from row to row it may be the same in all.
    check(
        "monitor_format VARCHAR(255)",
        "monitor_format VARCHAR(255), UNIQUE (musiconhold, monitor_format)",
        [&[], &[]],
    );
    // What only Motion can fill is not asked for as one value either.
    let own = "users.uuid (users): expected a default or AUTO_INCREMENT: each row has a value of its own, so that no new \
               row can be added, found char(36)";
    check(
        "role VARCHAR(255) NOT NULL,",
        "role VARCHAR(255) NOT NULL, uuid CHAR(36) NOT NULL UNIQUE,",
        [&[&format!("{own} not null")], &[&format!("{own} charset utf8mb4 not null")]],
    );
}

#[test]
fn a_flag_whose_column_is_called_by_the_opposite_is_said() {
    for (key, column, is_said) in [
        ("enabled", "disabled", true),
        ("enabled", "isInactive", true),
        ("enabled", "not_enabled", true),
        ("enabled", "active", false),
        ("online", "offline", true),
    ] {
        for mut database in Database::both() {
            database.sql(&TABLES.replace(&format!("{key} TINYINT"), &format!("{column} TINYINT")));
            let text = MAP.replace(&format!("{key} = \"{key}\""), &format!("{key} = \"{column}\""));
            let found = database.verify(&Map::parse("test", &text).expect("a map"));
            assert_eq!(lines(&found.mismatches), [""; 0], "{column}");
            let said =
                found.findings().into_iter().find(|finding| finding.code.name() == "seed.map-opposite");
            assert_eq!(said.is_some(), is_said, "{column}");
            assert!(said.is_none_or(|finding| finding.evidence[0].contains(column) && !finding.stops()));
        }
    }
}

#[test]
fn values_that_an_enum_does_not_have() {
    let [_, mut database] = Database::both();
    let enums = TABLES
        .replace("role VARCHAR(255) NOT NULL", "role ENUM('admin','Agent') NOT NULL")
        .replace("kind VARCHAR(16) NOT NULL", "kind ENUM('chat') NOT NULL");
    database.sql(&enums);
    let found = lines(&database.verify(&map()).mismatches);
    assert_eq!(
        found,
        [
            "links.kind (links.personal.voice): expected a column that takes \"voice\", found enum('chat') charset utf8mb4 not null",
            "links.kind (links.profile_queues.voice): expected a column that takes \"voice\", found enum('chat') charset utf8mb4 not null",
            "users.role (users): expected a column that takes \"agent\", found enum('admin','Agent') charset utf8mb4 not null",
        ]
    );
}

#[test]
fn tables_that_cannot_be_rolled_back_are_not_written() {
    let [_, mut database] = Database::both();
    database.sql(
        &TABLES
            .replace(
                "  description VARCHAR(255), deletedAt DATETIME\n) ENGINE=InnoDB",
                "  description VARCHAR(255), deletedAt DATETIME\n) ENGINE=MyISAM",
            )
            .replace(" REFERENCES profiles (id)", ""),
    );
    let line =
        "profiles (profiles): expected the engine InnoDB, whose writes can be rolled back, found MyISAM";
    assert_eq!(lines(&database.verify(&map()).mismatches), [line]);
    let reading = verify(&map(), &database.catalog(), database.engine(), &Needs::reading(&map()));
    assert_eq!(lines(&reading.mismatches), [""; 0], "it may be read");
    for mut database in Database::both() {
        database.sql(&TABLES.replace("TABLE links (", "TABLE links_of_old ("));
        database.sql("CREATE VIEW links AS SELECT * FROM links_of_old;");
        let found = lines(&database.verify(&map()).mismatches);
        assert!(found.iter().any(|line| line.ends_with("expected a table, found a view")), "{found:?}");
    }
}

#[test]
fn generated_columns_are_not_written() {
    let [_, mut database] = Database::both();
    database.sql(&TABLES.replace("penalty INTEGER", "penalty INTEGER AS (QueueId) STORED"));
    let line = "links.penalty (links.profile_queues.voice): expected whole numbers, found int null generated";
    assert_eq!(lines(&database.verify(&map()).mismatches), [line]);
}

#[test]
fn triggers_on_written_tables_are_said() {
    for mut database in Database::both() {
        database.sql(TABLES);
        let trigger = if database.is_server() {
            "CREATE TRIGGER watch AFTER UPDATE ON profiles FOR EACH ROW SET @a = 1"
        } else {
            "CREATE TRIGGER watch AFTER UPDATE ON profiles BEGIN SELECT 1; END"
        };
        database.sql(trigger);
        let triggers = database.verify(&map()).triggers;
        assert_eq!(triggers.into_iter().collect::<Vec<_>>(), ["profiles: watch (after update)"]);
        let reading = verify(&map(), &database.catalog(), database.engine(), &Needs::reading(&map()));
        assert!(reading.triggers.is_empty());
    }
}

#[test]
fn only_what_is_relied_on_must_match() {
    for mut database in Database::both() {
        database.sql(&TABLES.replace("strategy VARCHAR(64)", "strategy INTEGER"));
        let catalog = database.catalog();
        let mut needs = Needs::none();
        needs.add(Part::Profiles, Use::Create);
        let found = verify(&map(), &catalog, database.engine(), &needs);
        assert_eq!(lines(&found.mismatches), [""; 0]);
        assert!(
            lines(&found.differences)[0].starts_with("voice_queues.strategy (queues.voice): expected text")
        );
        let findings = found.findings();
        assert_eq!(
            (findings.len(), findings[0].code.name(), findings[0].stops()),
            (1, "seed.map-differs", false)
        );
        // A link relies on both of its ends.
        needs.add(Part::Links(Personal(Voice)), Use::Create);
        assert_eq!(needs.of(Part::Queues(Voice)), Some(Use::Read));
        assert_eq!(verify(&map(), &catalog, database.engine(), &needs).mismatches.len(), 1);
    }
}

#[test]
fn parts_that_the_map_does_not_have_or_allow() {
    for mut database in Database::both() {
        database.sql(TABLES);
        let text = MAP.replacen("create = true", "create = false", 1);
        let map = Map::parse("test", &text).expect("a map");
        let mut needs = Needs::none();
        needs.add(Part::Users, Use::Create);
        needs.add(Part::ReportMember, Use::Read);
        needs.add(Part::Links(ProfileQueues(motionctl::seed::Channel::Fax)), Use::Read);
        let found = verify(&map, &database.catalog(), database.engine(), &needs);
        assert_eq!(
            lines(&found.mismatches),
            [
                "links.profile_queues.fax: expected a section of the schema map, found none",
                "queues.fax: expected a section of the schema map, found none",
                "report_member: expected a section of the schema map, found none",
                "users.create: expected true, set by a person, found false",
            ]
        );
    }
}

#[test]
fn what_was_recorded_is_held_against_what_is() {
    let recorded = format!(
        "{MAP}\n[tables.voice_queues]\nengine = \"Aria\"\n[tables.voice_queues.columns]\nname = \"varchar(64)  charset latin1 not null\"\nmonitor_format = \"varchar(255) charset utf8mb4 null\"\ntype = \"varchar(64) charset utf8mb4 not null default 'inbound'\"\n"
    );
    let map = Map::parse("test", &recorded).expect("a map");
    let [_, mut database] = Database::both();
    database.sql(TABLES);
    assert_eq!(
        lines(&database.verify(&map).mismatches),
        [
            "voice_queues: the engine Aria → the engine InnoDB",
            "voice_queues.name: varchar(64)  charset latin1 not null → varchar(255) charset utf8mb4 not null",
            "voice_queues.type: varchar(64) charset utf8mb4 not null default 'inbound' → varchar(64) charset utf8mb4 not null",
        ]
    );
    let mut needs = Needs::none();
    needs.add(Part::Profiles, Use::Create);
    let found = verify(&map, &database.catalog(), database.engine(), &needs);
    assert_eq!(
        (found.mismatches.len(), found.differences.len()),
        (0, 3),
        "only said where it is not relied on"
    );
}

#[test]
fn who_refers_to_a_table_is_known() {
    for mut database in Database::both() {
        database.sql(TABLES);
        database.sql("CREATE TABLE plugin_shifts (id INTEGER NOT NULL PRIMARY KEY AUTO_INCREMENT, profile INTEGER REFERENCES profiles (id)) ENGINE=InnoDB;");
        let (map, catalog) = (map(), database.catalog());
        let profiles = &map.profiles.as_ref().expect("profiles").table;
        let found = references_to(&catalog, &[], profiles);
        let found: Vec<_> =
            found.iter().map(|one| format!("{}.{} to {}", one.table, one.column, one.to)).collect();
        assert_eq!(found, ["links.ProfileId to id", "plugin_shifts.profile to id"]);
        let users = references_to(&catalog, &[], &map.users.table);
        assert!(matches!(users.as_slice(), [one] if one.table.as_str() == "links"), "{users:?}");
    }
}
