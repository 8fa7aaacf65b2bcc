//! `learn` on schemas of which names say nothing, or mislead, and on what no map can say.
//!
//! Invariant: as in [`learn`](super::learn); each schema is as small as its trap.

use super::learn::{P, Played, T, looking, merged, pair, played};
use super::shapes::links;
use super::support::{Database, lines};
use motionctl::db::Catalog;
use motionctl::seed::Channel::Voice;
use motionctl::seed::learn::{Fate, Task, after_deletion};
use motionctl::seed::map::LinkKind::{Personal, ProfileAgents, ProfileQueues};
use motionctl::seed::map::Map;

/// Agents, voice queues and whatever tables a test is about.
pub fn small(tables: &str) -> String {
    format!(
        "CREATE TABLE users (id INTEGER NOT NULL PRIMARY KEY AUTO_INCREMENT, name VARCHAR(64) NOT NULL, \
         fullname VARCHAR(64), email VARCHAR(64), internal INTEGER, role VARCHAR(16), online TINYINT(1));\n\
         CREATE TABLE voice_queues (id INTEGER NOT NULL PRIMARY KEY AUTO_INCREMENT, name VARCHAR(64) NOT NULL, \
         strategy VARCHAR(16), type VARCHAR(16));\n\
         INSERT INTO users (id, name, role) VALUES (41, 'ann', 'agent');\n\
         INSERT INTO voice_queues (id, name) VALUES (11, 'V1'), (12, 'V2');\n{tables}"
    )
}

/// Plays on a schema of a test's own, on both engines.
pub fn on_small(tables: &str, act: impl Fn(&Task) -> String, judge: impl Fn(&mut Database, Played)) {
    for mut database in Database::both() {
        database.sql(&small(tables));
        let played = played(&mut database, &act);
        judge(&mut database, played);
    }
}

pub const PROFILES: &str = "CREATE TABLE cfg_9 (id INTEGER NOT NULL PRIMARY KEY AUTO_INCREMENT, label VARCHAR(64), \
                        is_active TINYINT(1) NOT NULL, note VARCHAR(64), kind VARCHAR(16) NOT NULL);\n";

pub fn in_cfg(task: &Task) -> String {
    format!(
        "INSERT INTO cfg_9 (id, label, is_active, note, kind) VALUES ({P}, '{}', 1, '{}', 'agent');\n",
        task.profile, task.description
    )
}

#[test]
fn names_that_say_nothing_are_no_hindrance() {
    let tables = PROFILES.to_owned()
        + "CREATE TABLE cfg_10 (a INTEGER NOT NULL, b INTEGER NOT NULL, PRIMARY KEY (a, b));\n\
           CREATE TABLE cfg_11 (a INTEGER NOT NULL, b INTEGER NOT NULL, w INTEGER, PRIMARY KEY (a, b));\n\
           CREATE TABLE cfg_12 (a INTEGER NOT NULL, b INTEGER NOT NULL, PRIMARY KEY (a, b));\n";
    let act = |task: &Task| {
        let (voice, personal) = pair(task, Voice);
        let a = task.agent.id;
        format!(
            "{}INSERT INTO cfg_10 VALUES ({a}, {P});\nINSERT INTO cfg_11 VALUES ({P}, {voice}, {});\n\
             INSERT INTO cfg_12 VALUES ({personal}, {a});\n",
            in_cfg(task),
            task.penalty
        )
    };
    on_small(&tables, act, |database, played| {
        let map = played.map();
        let expected = [
            (ProfileAgents, "cfg_10 b>a".to_owned()),
            (ProfileQueues(Voice), "cfg_11 a>b +w".to_owned()),
            (Personal(Voice), "cfg_12 b>a".to_owned()),
        ];
        assert_eq!(links(&map), expected, "{}", played.text());
        let profiles = map.profiles.as_ref().expect("profiles");
        assert_eq!(
            (profiles.columns.name.as_str(), profiles.columns.enabled.as_str()),
            ("label", "is_active")
        );
        assert_eq!(profiles.columns.description.as_ref().map(|column| column.as_str()), Some("note"));
        assert!(
            played.text().contains("kind = \"agent\"  # likely: a new row needs a value"),
            "{}",
            played.text()
        );
        assert_eq!(lines(&database.verify(&map).mismatches), [""; 0]);
    });
}

#[test]
fn of_two_tables_with_the_same_ends_the_one_that_got_the_row_is_taken() {
    let tables = "CREATE TABLE profiles (id INTEGER NOT NULL PRIMARY KEY AUTO_INCREMENT, name VARCHAR(64), enabled TINYINT(1));\n\
         CREATE TABLE profile_members (profile_id INTEGER NOT NULL, user_id INTEGER NOT NULL, PRIMARY KEY (profile_id, user_id));\n\
         CREATE TABLE profile_supervisors (profile_id INTEGER NOT NULL, user_id INTEGER NOT NULL, PRIMARY KEY (profile_id, user_id));\n\
         CREATE TABLE profile_queues (profile_id INTEGER NOT NULL, queue_id INTEGER NOT NULL, PRIMARY KEY (profile_id, queue_id));\n\
         CREATE TABLE profile_blocked_queues (profile_id INTEGER NOT NULL, queue_id INTEGER NOT NULL, PRIMARY KEY (profile_id, queue_id));\n\
         CREATE TABLE user_profiles (id INTEGER NOT NULL PRIMARY KEY AUTO_INCREMENT, name VARCHAR(64), enabled TINYINT(1));\n";
    let act = |task: &Task| {
        format!(
            "INSERT INTO profiles (id, name, enabled) VALUES ({P}, '{}', 1);\n\
             INSERT INTO profile_members VALUES ({P}, {a});\nINSERT INTO profile_queues VALUES ({P}, {});\n\
             INSERT INTO profile_supervisors VALUES (3, {a});\n",
            task.profile,
            pair(task, Voice).0,
            a = task.agent.id,
        )
    };
    on_small(tables, act, |_, played| {
        let found: Vec<_> =
            played.lesson.parts.iter().map(|(part, table)| format!("{part} {table}")).collect();
        assert_eq!(
            found,
            [
                "profiles profiles",
                "links.profile_agents profile_members",
                "links.profile_queues.voice profile_queues"
            ]
        );
        let note = "links.personal.voice: no new row has both ids, so what discover concludes is only a comment; if step 4 was left out, say so with `--left-out 4`";
        assert!(played.lesson.notes.contains(&note.to_owned()), "{:?}", played.lesson.notes);
    });
}

const NUMBERED: &str = "CREATE TABLE profiles (id INTEGER NOT NULL PRIMARY KEY AUTO_INCREMENT, name VARCHAR(64), \
                        enabled TINYINT(1), members VARCHAR(64));\n";

fn in_profiles(task: &Task, members: &str) -> String {
    format!(
        "INSERT INTO profiles (id, name, enabled, members) VALUES ({P}, '{}', 1, {members});\n",
        task.profile
    )
}

/// Plays, and looks for a remark; nothing but the profile may be learned.
fn remarked(tables: &str, act: impl Fn(&Task) -> String, note: &str) {
    on_small(&(NUMBERED.to_owned() + tables), act, |_, played| {
        assert_eq!(played.lesson.parts, [("profiles".to_owned(), "profiles".to_owned())]);
        let notes = &played.lesson.notes;
        assert!(notes.iter().any(|known| known == note), "no {note} in {notes:?}");
    });
}

#[test]
fn what_is_no_number_cannot_be_mapped_and_is_said() {
    let uuid =
        "CREATE TABLE profiles (id CHAR(36) NOT NULL PRIMARY KEY, name VARCHAR(64), enabled TINYINT(1));\n";
    let act = |task: &Task| {
        format!(
            "INSERT INTO profiles VALUES ('0b5c7b1e-0000-4000-8000-000000000001', '{}', 1);\n",
            task.profile
        )
    };
    on_small(uuid, act, |_, played| {
        let why = played.lesson.missing.expect("a reason").why.to_lowercase();
        let expected =
            "its key is id (char(36)): links by anything else than one whole number cannot be mapped";
        assert!(why.ends_with(expected), "{why}");
        assert!(played.lesson.sections.is_empty() && played.lesson.found.is_none());
    });
}

#[test]
fn a_key_of_several_columns_is_no_hindrance_where_one_of_them_is_unique() {
    let tables = "CREATE TABLE profiles (tenant INTEGER NOT NULL, id INTEGER NOT NULL UNIQUE, name VARCHAR(64), \
                  enabled TINYINT(1), PRIMARY KEY (tenant, id));\n\
                  CREATE TABLE profile_users (tenant INTEGER NOT NULL, profile_id INTEGER NOT NULL, user_id INTEGER NOT NULL, \
                  PRIMARY KEY (tenant, profile_id, user_id));\n";
    let act = |task: &Task| {
        format!(
            "INSERT INTO profiles VALUES (1, {P}, '{}', 1);\nINSERT INTO profile_users VALUES (1, {P}, {});\n",
            task.profile, task.agent.id
        )
    };
    on_small(tables, act, |_, played| {
        let map = played.map();
        assert_eq!(links(&map), [(ProfileAgents, "profile_users profile_id>user_id".to_owned())]);
        assert!(played.text().contains("tenant = 1  # likely: a new row needs a value"), "{}", played.text());
    });
}

#[test]
fn what_else_refers_to_the_profile_is_remarked() {
    remarked(
        "CREATE TABLE profile_users (profile VARCHAR(64) NOT NULL, username VARCHAR(64) NOT NULL, PRIMARY KEY (profile, username));\n",
        |task| {
            let (name, agent) = (&task.profile, &task.agent.name);
            in_profiles(task, "NULL") + &format!("INSERT INTO profile_users VALUES ('{name}', '{agent}');\n")
        },
        "profile_users: profile holds the profile's name, not its id; such links cannot be mapped, and rows of a journal \
         are none",
    );
    remarked(
        "CREATE TABLE rights (profile_id INTEGER NOT NULL, agent_id INTEGER NOT NULL, queue_id INTEGER NOT NULL, \
         PRIMARY KEY (profile_id, agent_id, queue_id));\n",
        |task| {
            let (agent, queue) = (task.agent.id, pair(task, Voice).0);
            in_profiles(task, "NULL") + &format!("INSERT INTO rights VALUES ({P}, {agent}, {queue});\n")
        },
        "rights: its rows belong to an agent, the profile and a queue at once; such links cannot be mapped",
    );
    remarked(
        "",
        |task| in_profiles(task, &format!("'[{}]'", task.agent.id)),
        "profiles: members lists within a text exactly the id of the agent `ann`; such links cannot be mapped",
    );
    remarked(
        "ALTER TABLE users ADD COLUMN profileId INTEGER;\n",
        |task| in_profiles(task, "NULL") + &format!("UPDATE users SET profileId = {P} WHERE id = 41;\n"),
        "users: profileId refers to the profile, too, and is none of the links: motionctl will not write it",
    );
    remarked(
        "CREATE TABLE profile_colours (profile_id INTEGER NOT NULL, colour VARCHAR(8) NOT NULL, PRIMARY KEY (profile_id, colour));\n",
        |task| in_profiles(task, "NULL") + &format!("INSERT INTO profile_colours VALUES ({P}, 'red');\n"),
        "profile_colours: profile_id refers to the profile, too, and is none of the links: motionctl will not write it",
    );
}

#[test]
fn ids_that_are_equal_by_chance_are_told_apart_by_names_or_not_at_all() {
    let with = |columns: &str| {
        PROFILES.to_owned() + &format!("CREATE TABLE both_ends ({columns}, PRIMARY KEY (a, b));\n")
    };
    let act = |task: &Task| {
        format!(
            "INSERT INTO cfg_9 (id, label, is_active, note, kind) VALUES ({a}, '{}', 1, 'n', 'k');\nINSERT INTO both_ends VALUES ({a}, {a});\n",
            task.profile,
            a = task.agent.id
        )
    };
    on_small(&with("a INTEGER NOT NULL, b INTEGER NOT NULL"), act, |_, played| {
        assert_eq!(played.lesson.parts.len(), 1, "{:?}", played.lesson.parts);
    });
    let keys = "a INTEGER NOT NULL, b INTEGER NOT NULL, FOREIGN KEY (a) REFERENCES users (id), FOREIGN KEY (b) REFERENCES cfg_9 (id)";
    on_small(&with(keys), act, |_, played| {
        let map = played.map();
        assert_eq!(links(&map), [(ProfileAgents, "both_ends b>a".to_owned())]);
    });
}

/// Two tables of links with marks, and what a deletion does to the rows of a profile.
fn after(deletion: &str, judge: impl Fn(&Map, &str, Vec<(String, Fate)>)) {
    let tables = "CREATE TABLE profiles (id INTEGER NOT NULL PRIMARY KEY AUTO_INCREMENT, name VARCHAR(64), enabled TINYINT(1), \
         gone DATETIME, updatedAt DATETIME);\n\
         CREATE TABLE profile_users (profile_id INTEGER NOT NULL, user_id INTEGER NOT NULL, deletedAt DATETIME, \
         PRIMARY KEY (profile_id, user_id));\n";
    for mut database in Database::both() {
        database.sql(&small(tables));
        let mut played = played(&mut database, |task| {
            format!(
                "INSERT INTO profiles (id, name, enabled) VALUES ({P}, '{}', 1);\nINSERT INTO profile_users VALUES ({P}, {}, NULL);\n",
                task.profile, task.agent.id
            )
        });
        let found = played.lesson.found.clone().expect("the profile");
        let catalog: Catalog = database.catalog();
        let undone = looking(&mut database, |database| {
            after_deletion(&mut database.connection, &catalog, &played.picture, &found).expect("a look")
        });
        assert!(undone.is_undone(), "nobody has deleted it");
        database.sql(deletion);
        let learned = looking(&mut database, |database| {
            after_deletion(&mut database.connection, &catalog, &played.picture, &found).expect("a look")
        });
        assert!(!learned.is_undone());
        played.lesson.sections = learned.found.sections;
        played.proposal = merged(&mut database, &catalog, &played.lesson);
        judge(&played.map(), &played.text(), learned.fates);
    }
}

#[test]
fn what_a_deletion_does_is_learned_from_one() {
    let deleted = |map: &Map| {
        let of_links = map.link(ProfileAgents).and_then(|link| link.deleted.clone());
        let of_profiles = map.profiles.as_ref().and_then(|profiles| profiles.columns.deleted.clone());
        [of_profiles, of_links].map(|column| column.map(|column| column.to_string()))
    };
    let soft = format!(
        "UPDATE profiles SET gone = {T}, updatedAt = {T};\nUPDATE profile_users SET deletedAt = {T};\n"
    );
    after(&soft, |map, text, fates| {
        assert_eq!(deleted(map), [Some("gone".to_owned()), Some("deletedAt".to_owned())], "{text}");
        assert!(
            text.contains("deleted = \"gone\"  # learned: Motion set it when the profile was deleted"),
            "{text}"
        );
        let expected = [Fate::Marked("gone".to_owned()), Fate::Marked("deletedAt".to_owned())];
        assert_eq!(fates.into_iter().map(|(_, fate)| fate).collect::<Vec<_>>(), expected);
    });
    after("DELETE FROM profile_users;\nDELETE FROM profiles;\n", |map, text, fates| {
        assert_eq!(deleted(map), [None, None], "{text}");
        assert!(fates.iter().all(|(_, fate)| *fate == Fate::Gone));
        assert!(!text.contains("\nrevive"), "{text}");
    });
    let mixed = format!("UPDATE profiles SET gone = {T};\nDELETE FROM profile_users;\n");
    after(&mixed, |map, text, _| assert_eq!(deleted(map), [Some("gone".to_owned()), None], "{text}"));
}

#[test]
fn in_a_table_that_is_too_large_new_rows_are_found_by_their_key() {
    let [_, mut database] = Database::both();
    database.sql(&small(
        "CREATE TABLE profiles (id INTEGER NOT NULL PRIMARY KEY AUTO_INCREMENT, name VARCHAR(64), enabled TINYINT(1));\n\
         CREATE TABLE profile_users (id INTEGER NOT NULL PRIMARY KEY AUTO_INCREMENT, profile_id INTEGER, user_id INTEGER);\n\
         CREATE TABLE cdr (a VARCHAR(8), b INTEGER);\n\
         CREATE TABLE digits (n INTEGER NOT NULL PRIMARY KEY);\n\
         INSERT INTO digits VALUES (0), (1), (2), (3), (4), (5), (6), (7), (8), (9);\n\
         INSERT INTO profile_users (profile_id, user_id) \
           SELECT 1, 1000 + a.n FROM digits a, digits b, digits c, digits d, digits e, digits f WHERE f.n < 2;\n\
         INSERT INTO cdr SELECT 'x', user_id FROM profile_users;\n\
         ANALYZE TABLE profile_users, cdr;\n",
    ));
    let played = played(&mut database, |task| {
        format!(
            "INSERT INTO profiles (id, name, enabled) VALUES ({P}, '{}', 1);\n\
             INSERT INTO profile_users (profile_id, user_id) VALUES ({P}, {});\nUPDATE profile_users SET user_id = 1 WHERE id = 1;\n",
            task.profile, task.agent.id
        )
    });
    assert_eq!(
        played.picture.unseen(),
        [
            "cdr: not looked at: it has more than 100000 rows, and no whole number as its key",
            "profile_users: it is large; only rows with a new id will be found, not changed ones",
        ]
    );
    assert_eq!(links(&played.map()), [(ProfileAgents, "profile_users profile_id>user_id".to_owned())]);
    let change = played.changes.iter().find(|change| change.table == "profile_users").expect("a change");
    assert_eq!((change.new, change.changed), (1, 0));
}
