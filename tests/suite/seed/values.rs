//! Values that a column cannot hold: refused with their place (65) before anything is written.
//!
//! Invariant: each case would be an error of the server, or another value than the one that was given.

use super::export::{changes_nothing, everything, exported};
use super::support::{Db, problems, shown};
use crate::support::database_server::programs::{Kind, programs};

const STAFF: &str = "
queues:
  voice: [{ name: V, strategy: ringall, type: inbound }]
  chat: [{ name: C, strategy: beepall, timeout: 30 }]
agents: [{ username: ann, fullname: Ann, internal: '1' }]
profiles: [{ name: Day, agents: [ann], queues: { voice: [{ name: V, penalty: 1 }] } }]
";

/// Plans on a database of `schema`; the problems, and that nothing was written by an apply either.
fn refused(db: &Db, text: &str) -> Vec<String> {
    let before = db.dump();
    let failure = db.plan(text).expect_err("it cannot be held");
    assert_eq!(failure.kind.exit_code(), 65, "{failure}");
    let applied = db.try_apply(text, Default::default()).expect_err("it cannot be held");
    assert_eq!(applied.kind.exit_code(), 65, "{applied}");
    assert_eq!(db.dump(), before);
    problems(&failure)
}

#[test]
fn numbers_have_the_range_of_their_column() {
    let narrow = |schema: &str| {
        schema
            .replacen("timeout INTEGER NOT NULL", "timeout TINYINT NOT NULL", 1)
            .replace("penalty INTEGER NOT NULL", "penalty TINYINT NOT NULL")
    };
    for db in Db::both_with(narrow, str::to_owned) {
        db.apply(STAFF);
        let text = "queues: { chat: [{ name: C, timeout: 300 }, { name: New, strategy: beepall, timeout: 128 }] }\n\
                    profiles: [{ name: Day, queues: { voice: [{ name: V, penalty: 300 }] } }]";
        let found = refused(&db, text);
        // Newer MySQLs do not say any more how wide a number is shown.
        let holds = if db.is_server() && programs().kind == Kind::MariaDb {
            "(tinyint(4)) holds"
        } else {
            "(tinyint) holds"
        };
        let line = |place: &str, what: &str, number: u32| {
            format!(
                "{place} `{what}` is `{number}`, and the column {what} {holds} whole numbers from -128 to 127"
            )
        };
        assert_eq!(
            found,
            [line("2:38", "timeout", 300), line("2:86", "timeout", 128), line("3:51", "penalty", 300)]
        );
        db.apply("queues: { chat: [{ name: C, timeout: 127 }] }");
    }
    let unsigned =
        |schema: &str| schema.replace("penalty INTEGER NOT NULL", "penalty TINYINT UNSIGNED NOT NULL");
    let db = Db::mariadb(unsigned, str::to_owned);
    db.apply(STAFF);
    let penalty = |number: u32| {
        format!("profiles: [{{ name: Day, queues: {{ voice: [{{ name: V, penalty: {number} }}] }} }}]")
    };
    db.apply(&penalty(255));
    assert!(refused(&db, &penalty(256))[0].ends_with("whole numbers from 0 to 255"));
}

/// Trap 34, for values: whether a text can be held is the server's word.
#[test]
fn texts_keep_to_the_character_set_of_their_column() {
    let latin = |schema: &str| {
        schema
            .replacen("fullname VARCHAR(255)", "fullname VARCHAR(255) CHARACTER SET latin1", 1)
            .replace("description VARCHAR(255)", "description VARCHAR(255) CHARACTER SET latin2")
            .replace("monitor_format VARCHAR(255)", "monitor_format VARCHAR(255) CHARACTER SET utf8mb3")
    };
    let db = Db::mariadb(latin, str::to_owned);
    db.apply(STAFF);
    let text = "queues: { voice: [{ name: V, settings: { MONITOR_FORMAT: '😀' } }] }
agents: [{ username: ann, fullname: Łódź }, { username: eva, fullname: Łódź, internal: '2' }]
profiles: [{ name: Day, description: Größe ¥ }]";
    assert_eq!(
        refused(&db, text),
        [
            "2:58 `settings.monitor_format` has the character `😀`, which the column monitor_format (utf8mb3) cannot hold",
            "3:37 `fullname` has the character `Ł`, which the column fullname (latin1) cannot hold",
            "3:72 `fullname` has the character `Ł`, which the column fullname (latin1) cannot hold",
            "4:38 `description` has the character `¥`, which the column description (latin2) cannot hold",
        ]
    );
    let good = "agents: [{ username: ann, fullname: Größe € }]\nprofiles: [{ name: Day, description: Łódź }]";
    db.apply(good);
    assert!(db.plan(good).expect("a plan").plan.is_empty());
}

#[test]
fn texts_have_the_length_and_the_words_of_their_column() {
    let odd = |schema: &str| {
        schema.replace("description VARCHAR(255)", "description TINYTEXT").replacen(
            "strategy VARCHAR(255)",
            "strategy ENUM('ringall', 'Linear')",
            1,
        )
    };
    let db = Db::mariadb(odd, str::to_owned);
    db.apply(STAFF);
    let fits = "ü".repeat(127);
    db.apply(&format!("profiles: [{{ name: Day, description: {fits} }}]"));
    let long = format!(
        "queues: {{ voice: [{{ name: V, strategy: linear }}] }}\nprofiles: [{{ name: Day, description: {fits}ü }}]"
    );
    assert_eq!(
        refused(&db, &long),
        [
            "2:40 `strategy` is `linear`, and the column strategy holds only ringall, Linear",
            "3:38 `description` has 256 bytes, and the column description holds 255",
        ]
    );
}

/// A FLOAT says less than its digits: 0.1 is 0.10000000149011612.
#[test]
fn fractions_come_back_as_they_were_written() {
    let settable =
        |map: &str| map.replacen("settings = {", "settings = { ratio = \"decimal\", share = \"decimal\",", 1);
    let columns = |schema: &str| {
        schema.replacen(
            "    type VARCHAR(255) NOT NULL,",
            "    type VARCHAR(255) NOT NULL, ratio FLOAT, share DECIMAL(5,2),",
            1,
        )
    };
    for db in Db::both_with(columns, settable) {
        db.apply(STAFF);
        for ratio in ["0.1", "-3.25", "16777216", "1.5e-7"] {
            let text = format!(
                "queues: {{ voice: [{{ name: V, settings: {{ ratio: '{ratio}', share: '1.10' }} }}] }}"
            );
            db.apply(&text);
            let planned = db.plan(&text).expect("a plan");
            assert!(planned.plan.is_empty(), "{ratio}: {:?}", shown(&planned));
        }
        db.apply("queues: { voice: [{ name: V, settings: { ratio: '0.12345679' } }] }");
        let export = exported(&db, &everything());
        assert!(export.contains("ratio: \"0.12345679\""), "{export}");
        changes_nothing(&db, &export);
        let text = "queues: { voice: [{ name: V, settings: { ratio: '0.123456789', share: '1.125' } }] }";
        assert_eq!(
            refused(&db, text),
            [
                "2:49 `settings.ratio` is `0.123456789`, and the column ratio (float) holds 0.12345679 in its place",
                "2:71 `settings.share` is `1.125`, and the column share (decimal(5,2)) holds 3 digits before the point and 2 behind it",
            ]
        );
    }
}

/// A new name is as long as any other.
#[test]
fn a_profile_is_not_renamed_to_what_its_column_cannot_hold() {
    for db in Db::staffed(STAFF) {
        let name = "n".repeat(256);
        let found = refused(&db, &format!("profiles: [{{ previous_name: Day, name: {name} }}]"));
        assert_eq!(found, ["2:40 `name` has 256 characters, and the column name holds 255"]);
    }
}
