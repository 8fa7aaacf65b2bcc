//! What a schema has that no map can be made of, or only with a person's help: it is named as the reason.
//!
//! Invariant: nothing is taken in the place of a table that cannot be taken without saying why that one was not.

use super::choices::CORE;
use super::support::{Database, lines};
use motionctl::seed::discover::Proposal;
use motionctl::seed::map::{LinkKind, Map};

fn note(proposal: &Proposal, start: &str) -> String {
    let found = proposal.said().into_iter().find(|note| note.starts_with(start));
    found.unwrap_or_else(|| panic!("no {start} in {:#?}", proposal.said()))
}

#[test]
fn a_view_is_named_and_a_backup_is_not_taken_for_it() {
    for mut database in Database::both() {
        let sql = CORE.replace("TABLE voice_queues", "TABLE vq_base");
        let backup = sql.split("CREATE TABLE vq_base").nth(1).and_then(|rest| rest.split(';').next());
        let backup = format!("CREATE TABLE voice_queues_backup{};", backup.expect("the queues"));
        database.sql(&format!("{sql}{backup}\nCREATE VIEW voice_queues AS SELECT * FROM vq_base;\n"));
        let proposal = database.discover();
        assert_eq!(
            note(&proposal, "queues.voice"),
            "queues.voice: no table found; voice_queues is a view: a map needs the tables behind it, with their keys; \
             voice_queues_backup is not taken, because of `backup` in its name"
        );
        // Where foreign keys lead somewhere, the table behind the view is named.
        database.sql(
            "CREATE TABLE user_has_voice_queues (UserId INTEGER, VoiceQueueId INTEGER, \
             FOREIGN KEY (VoiceQueueId) REFERENCES vq_base (id)) ENGINE=InnoDB;\n",
        );
        let proposal = database.discover();
        let said = note(&proposal, "queues.voice");
        let behind = "user_has_voice_queues.VoiceQueueId refers to vq_base, which may be the table behind it";
        assert!(said.contains(behind), "{said}");
        let map = Map::parse("proposal", &proposal.to_toml("a test")).expect("a map");
        assert!(map.queues.keys().all(|channel| channel.name() != "voice"));
    }
}

#[test]
fn links_and_profiles_behind_views_are_named_too() {
    for mut database in Database::both() {
        database.sql(CORE);
        database.sql(
            "CREATE TABLE apu (a INTEGER, b INTEGER) ENGINE=InnoDB;\n\
             CREATE VIEW agent_profile_users AS SELECT a AS AgentProfileId, b AS UserId FROM apu;\n",
        );
        let proposal = database.discover();
        let said = note(&proposal, "links.profile_agents");
        assert!(said.ends_with("agent_profile_users has its columns, but is a view"), "{said}");
    }
    for mut database in Database::both() {
        database.sql(&CORE.replace("TABLE agent_profiles", "TABLE ap_base"));
        database.sql("CREATE VIEW agent_profiles AS SELECT * FROM ap_base;\n");
        let proposal = database.discover();
        let said = note(&proposal, "profiles");
        assert!(said.starts_with("profiles: no table found; agent_profiles is a view"), "{said}");
    }
}

#[test]
fn the_table_behind_a_view_of_users_is_not_proposed_without_a_word() {
    for mut database in Database::both() {
        database.sql(&CORE.replace("TABLE users", "TABLE u_base"));
        database.sql("CREATE VIEW users AS SELECT * FROM u_base;\n");
        let text = database.discover().to_toml("a test");
        let line = text
            .lines()
            .find(|line| line.starts_with("table = \"u_base\""))
            .unwrap_or_else(|| panic!("{text}"));
        assert!(line.contains("# guess: ") && line.contains("; users is a view: "), "{line}");
    }
}

#[test]
fn a_key_that_nobody_fills_is_never_to_be_fixed() {
    for key in [
        "id CHAR(36) NOT NULL PRIMARY KEY",
        "id INT NOT NULL PRIMARY KEY",
        "code VARCHAR(40) NOT NULL UNIQUE",
    ] {
        for mut database in Database::both() {
            database.sql(&format!(
                "{CORE}CREATE TABLE agent_profile_users ({key}, AgentProfileId INTEGER NOT NULL, UserId INTEGER NOT NULL, \
                 UNIQUE (AgentProfileId, UserId)) ENGINE=InnoDB;\n"
            ));
            let text = database.discover().to_toml("a test");
            // `INT` is no alias of SQLite's row number, so that it must be filled there, too.
            assert!(text.contains("so that no new row can be added"), "{key}: {text}");
            assert!(!text.contains("[links.profile_agents.fixed]"), "{text}");
            // The links' own number is named by the map already, and cannot be fixed besides.
            if key.contains("INT ") {
                continue;
            }
            assert!(text.contains("such links cannot be added by motionctl"), "{key}: {text}");
            let column = key.split(' ').next().expect("a name");
            let signed = text.replace("reviewed_by = \"\"", "reviewed_by = \"Ann\"").replace(
                "[links.profile_agents.columns]",
                &format!("[links.profile_agents.fixed]\n{column} = \"7\"\n[links.profile_agents.columns]"),
            );
            let found = match Map::parse("test", &signed) {
                Ok(map) => lines(&database.verify(&map).mismatches).join("\n"),
                Err(error) => panic!("{error}"),
            };
            assert!(
                found.contains("which is unique: a second row with this value is refused"),
                "{key}: {found}"
            );
        }
    }
}

#[test]
fn keys_that_are_no_numbers_are_the_reason() {
    for mut database in Database::both() {
        database.sql(
            &CORE.replace("INTEGER NOT NULL PRIMARY KEY AUTO_INCREMENT", "CHAR(36) NOT NULL PRIMARY KEY"),
        );
        let proposal = database.discover();
        for table in ["voice_queues", "chat_queues", "agent_profiles"] {
            let part = match table {
                "agent_profiles" => "profiles".to_owned(),
                other => format!("queues.{}", other.split('_').next().unwrap_or_default()),
            };
            let said = note(&proposal, &part);
            assert!(said.contains(&format!("{table} is called so, but `id` is char(36)")), "{said}");
            assert!(said.ends_with("; only whole-number keys are supported"), "{said}");
        }
        let text = proposal.to_toml("a test");
        assert!(text.contains("# id = \"\"  # not found: `id` is char(36)"), "{text}");
        note(&proposal, "links of profiles: not looked for");
    }
}

#[test]
fn only_columns_that_nobody_fills_are_asked_for() {
    let links = "CREATE TABLE agent_profile_has_users (linkId INTEGER NOT NULL PRIMARY KEY AUTO_INCREMENT, \
                 AgentProfileId INTEGER NOT NULL, UserId INTEGER NOT NULL, addedBy INTEGER NOT NULL, \
                 kind INTEGER NOT NULL DEFAULT 1, note VARCHAR(9), twice INTEGER GENERATED ALWAYS AS (UserId * 2) VIRTUAL, \
                 UNIQUE (AgentProfileId, UserId)) ENGINE=InnoDB;\n";
    for mut database in Database::both() {
        database.sql(&format!("{CORE}{links}"));
        let proposal = database.discover();
        let text = proposal.to_toml("a test");
        let asked: Vec<&str> = text.lines().filter(|line| line.starts_with("# new rows need")).collect();
        assert_eq!(asked.len(), 1, "{asked:?}");
        assert!(asked[0].contains("addedBy = …"), "{asked:?}");
        // What `check` will refuse is said beforehand.
        let settled = note(&proposal, "to be settled");
        let map = database.map();
        let found = lines(&database.verify(&map).mismatches);
        assert_eq!(found.len(), 1);
        assert_eq!(settled, format!("to be settled: {}", found[0]));
        assert_eq!(
            map.link(LinkKind::ProfileAgents)
                .and_then(|link| link.id.clone())
                .map(|id| id.to_string())
                .as_deref(),
            Some("linkId")
        );
    }
}

#[test]
fn a_key_that_the_server_made_and_hides_is_no_part_of_a_map() {
    let [_, mut database] = Database::both();
    database.sql(&format!(
        "{CORE}CREATE TABLE agent_profile_has_users (my_row_id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT INVISIBLE PRIMARY KEY, \
         AgentProfileId INTEGER NOT NULL, UserId INTEGER NOT NULL, UNIQUE (AgentProfileId, UserId)) ENGINE=InnoDB;\n"
    ));
    let text = database.discover().to_toml("a test");
    assert!(!text.contains("my_row_id"), "{text}");
    let map = database.map();
    assert_eq!(lines(&database.verify(&map).mismatches), [""; 0]);
}

#[test]
fn a_queue_of_no_known_channel_is_named() {
    for mut database in Database::both() {
        database.sql(&format!(
            "{CORE}CREATE TABLE agent_queues (UserId INTEGER NOT NULL, QueueId INTEGER NOT NULL, channel INTEGER NOT NULL, \
             PRIMARY KEY (UserId, channel, QueueId)) ENGINE=InnoDB;\n"
        ));
        let said = note(&database.discover(), "agent_queues").to_owned();
        assert!(said.contains("no text column says of which channel the queue in QueueId is"), "{said}");
    }
}

#[test]
fn two_tables_of_users_that_are_as_good_are_both_named() {
    for mut database in Database::both() {
        let users =
            |name: &str| CORE.split("CREATE TABLE voice").next().expect("users").replace("users", name);
        let rest = CORE.split_once("CREATE TABLE voice").map(|(_, rest)| format!("CREATE TABLE voice{rest}"));
        database.sql(&format!(
            "{}{}{}{}",
            users("a_users"),
            users("b_users"),
            users("a_users_log"),
            rest.expect("the rest")
        ));
        let proposal = database.discover();
        assert_eq!(note(&proposal, "users"), "users: not told which of a_users and b_users it is");
        assert!(proposal.missing().contains(&"users.table".to_owned()));
    }
}

#[test]
fn one_table_with_the_queues_of_every_channel_is_the_reason() {
    for mut database in Database::both() {
        let sql = CORE.replace("voice_queues", "queues").replace("strategy", "channel VARCHAR(9), strategy");
        database.sql(&sql.replace("TABLE chat_queues", "TABLE chat_lists"));
        let proposal = database.discover();
        assert_eq!(
            note(&proposal, "queues:"),
            "queues: queues holds those of every channel; a map needs a table for each"
        );
    }
}

#[test]
fn the_moment_of_a_link_is_no_value_to_be_fixed() {
    for mut database in Database::both() {
        database.sql(&format!(
            "{CORE}CREATE TABLE agent_profile_users (AgentProfileId INTEGER NOT NULL, UserId INTEGER NOT NULL, \
             assignedAt DATETIME NOT NULL, PRIMARY KEY (AgentProfileId, UserId)) ENGINE=InnoDB;\n"
        ));
        let map = database.map();
        let link = map.link(LinkKind::ProfileAgents).expect("links");
        assert_eq!(link.created.as_ref().map(|column| column.as_str()), Some("assignedAt"));
        assert_eq!(lines(&database.verify(&map).mismatches), [""; 0]);
    }
}
