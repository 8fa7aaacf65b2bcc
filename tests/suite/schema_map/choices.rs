//! Tables with the same two ends, one of which is to be chosen: each case is a small schema around the same core.
//!
//! Invariant: the wrong table would be written by an apply, so each case says what is proposed and who else is named.

use super::support::Database;
use motionctl::seed::Channel::{Chat, Voice};
use motionctl::seed::discover::Proposal;
use motionctl::seed::map::{LinkKind, Map};

/// Users, queues and profiles as everywhere.
pub const CORE: &str = "
CREATE TABLE users (
  id INTEGER NOT NULL PRIMARY KEY AUTO_INCREMENT, name VARCHAR(255) NOT NULL UNIQUE, fullname VARCHAR(255) NOT NULL,
  email VARCHAR(255), internal INTEGER, role VARCHAR(255), online TINYINT(1)
) ENGINE=InnoDB;
CREATE TABLE voice_queues (
  id INTEGER NOT NULL PRIMARY KEY AUTO_INCREMENT, name VARCHAR(128) NOT NULL UNIQUE, strategy VARCHAR(255) NOT NULL
) ENGINE=InnoDB;
CREATE TABLE chat_queues (
  id INTEGER NOT NULL PRIMARY KEY AUTO_INCREMENT, name VARCHAR(128) NOT NULL UNIQUE, strategy VARCHAR(255) NOT NULL
) ENGINE=InnoDB;
CREATE TABLE agent_profiles (
  id INTEGER NOT NULL PRIMARY KEY AUTO_INCREMENT, name VARCHAR(255) NOT NULL, enabled TINYINT(1) NOT NULL DEFAULT 1
) ENGINE=InnoDB;
";

/// A table of links: its name, its two columns, with or without foreign keys, and what else it has.
fn table(name: &str, ends: [&str; 2], keys: bool, more: &str) -> String {
    let target = |column: &str| match column {
        "AgentProfileId" => "agent_profiles",
        "VoiceQueueId" => "voice_queues",
        "ChatQueueId" => "chat_queues",
        _ => "users",
    };
    let [one, other] = ends;
    let keys = if keys {
        let key = |column: &str| format!(", FOREIGN KEY ({column}) REFERENCES {} (id)", target(column));
        key(one) + &key(other)
    } else {
        String::new()
    };
    format!(
        "CREATE TABLE {name} ({one} INTEGER NOT NULL, {other} INTEGER NOT NULL{more}, PRIMARY KEY ({one}, {other}){keys}) \
         ENGINE=InnoDB;\n"
    )
}

const AGENTS: [&str; 2] = ["AgentProfileId", "UserId"];
const VOICE: [&str; 2] = ["AgentProfileId", "VoiceQueueId"];
const PERSONAL: [&str; 2] = ["UserId", "VoiceQueueId"];

/// What is proposed with these tables besides, on each engine.
fn proposals(tables: &str) -> Vec<Proposal> {
    let mut databases = Database::both();
    databases.iter_mut().for_each(|database| database.sql(&format!("{CORE}{tables}")));
    databases.iter_mut().map(Database::discover).collect()
}

/// The line with the table of a kind, and the map.
fn chosen(proposal: &Proposal, kind: LinkKind) -> (Option<String>, String) {
    let text = proposal.to_toml("a test");
    let map = Map::parse("proposal", &text).unwrap_or_else(|error| panic!("{error}\n{text}"));
    let head = format!("\n[links.{kind}]\n");
    let line = text.split_once(&head).and_then(|(_, rest)| rest.lines().next());
    (map.link(kind).map(|link| link.table.to_string()), line.unwrap_or_default().to_owned())
}

#[test]
fn words_that_turn_a_meaning_around_lose_whatever_their_keys_say() {
    let agents = LinkKind::ProfileAgents;
    let voice = LinkKind::ProfileQueues(Voice);
    let personal = LinkKind::Personal(Voice);
    for (kind, ends, right, wrong) in [
        (agents, AGENTS, "agent_profile_members", "agent_profile_supervisors"),
        (agents, AGENTS, "agent_profile_has_users", "user_last_agent_profile"),
        (agents, AGENTS, "agent_profile_agents", "AgentProfileDeniedUsers"),
        (voice, VOICE, "agent_profile_voice_queues", "agent_profile_blocked_voice_queues"),
        (voice, VOICE, "profile_voice", "agent_profile_has_voice_queues_excluded"),
        (personal, PERSONAL, "agent_has_voice_queues", "user_has_voice_queues_requested"),
        (personal, PERSONAL, "user_voice", "userhasvoicequeuespending"),
        // Words that say what a link is anyhow cost nothing.
        (voice, VOICE, "agent_profile_allowed_voice_queues", "agent_profile_denied_voice_queues"),
        (agents, AGENTS, "AgentProfileAssignedUsers", "AgentProfileRequestedUsers"),
        (personal, PERSONAL, "agentassignedvoicequeues", "agentvoicequeuestatuses"),
    ] {
        let more = ", note VARCHAR(9), muted INTEGER NOT NULL DEFAULT 0";
        for proposal in proposals(&(table(right, ends, false, more) + &table(wrong, ends, true, ""))) {
            let (taken, line) = chosen(&proposal, kind);
            assert_eq!(taken.as_deref(), Some(right), "{line}");
            assert!(line.contains("# likely: "), "{line}");
            assert!(
                line.contains(&format!("rather than {wrong} (")) && line.contains("says otherwise"),
                "{line}"
            );
            let note = format!("links.{kind}: {right} is proposed, and not {wrong} (");
            assert!(proposal.said().iter().any(|known| known.starts_with(&note)), "{:?}", proposal.said());
        }
    }
}

#[test]
fn a_table_that_means_something_else_is_not_taken_for_want_of_a_better_one() {
    for wrong in ["agent_profile_supervisors", "agent_profile_users_backup", "agent_profile_users_2023"] {
        for proposal in proposals(&table(wrong, AGENTS, true, "")) {
            assert_eq!(chosen(&proposal, LinkKind::ProfileAgents).0, None);
            let note = format!("links.profile_agents: no table found; {wrong} is not taken, because of `");
            assert!(proposal.said().iter().any(|known| known.starts_with(&note)), "{:?}", proposal.said());
        }
    }
}

#[test]
fn what_a_column_is_called_may_turn_it_around_as_well() {
    let tables = "CREATE TABLE agent_profile_people (AgentProfileId INTEGER NOT NULL, supervisorId INTEGER NOT NULL, \
                  PRIMARY KEY (AgentProfileId, supervisorId), FOREIGN KEY (AgentProfileId) REFERENCES agent_profiles (id), \
                  FOREIGN KEY (supervisorId) REFERENCES users (id)) ENGINE=InnoDB;\n";
    for proposal in proposals(tables) {
        assert_eq!(chosen(&proposal, LinkKind::ProfileAgents).0, None, "{:?}", proposal.said());
    }
    // Who added a link is not whom it is about, and no second owner.
    let tables = "CREATE TABLE agent_profile_voice_queues (addedById INTEGER NOT NULL DEFAULT 1, AgentProfileId INTEGER NOT NULL, \
                  VoiceQueueId INTEGER NOT NULL, PRIMARY KEY (AgentProfileId, VoiceQueueId), \
                  FOREIGN KEY (addedById) REFERENCES users (id)) ENGINE=InnoDB;\n";
    for proposal in proposals(tables) {
        let taken = chosen(&proposal, LinkKind::ProfileQueues(Voice)).0;
        assert_eq!(taken.as_deref(), Some("agent_profile_voice_queues"), "{:?}", proposal.said());
        assert_eq!(chosen(&proposal, LinkKind::Personal(Voice)).0, None);
    }
}

#[test]
fn a_penalty_speaks_for_a_table_and_further_columns_do_not_speak_against_one() {
    let more = ", penalty INTEGER, startsAt TIME, colour VARCHAR(9) NOT NULL DEFAULT 'blue'";
    let tables = table("agent_profile_link_voice_queues", VOICE, true, more)
        + &table("agent_profile_shown_voice_queues", VOICE, true, "");
    for proposal in proposals(&tables) {
        let (taken, line) = chosen(&proposal, LinkKind::ProfileQueues(Voice));
        assert_eq!(taken.as_deref(), Some("agent_profile_link_voice_queues"));
        assert!(
            line.contains("with a penalty") && line.contains("rather than agent_profile_shown_voice_queues")
        );
    }
}

#[test]
fn where_too_little_tells_them_apart_nothing_can_be_used_by_mistake() {
    let names = ["agent_profile_day_users", "agent_profile_night_users"];
    let tables: String = names.iter().map(|name| table(name, AGENTS, true, "")).collect();
    for proposal in proposals(&tables) {
        assert_eq!(chosen(&proposal, LinkKind::ProfileAgents).0, None);
        let note = proposal
            .said()
            .into_iter()
            .find(|note| note.starts_with("links.profile_agents: not told which it is"));
        let note = note.expect("a note");
        let text = proposal.to_toml("a test");
        for name in names {
            assert!(
                note.contains(&format!("{name} (it has AgentProfileId and UserId, foreign keys")),
                "{note}"
            );
            assert!(
                text.contains(&format!("\n# [links.profile_agents]\n# table = \"{name}\"  # guess: ")),
                "{text}"
            );
        }
        // Whoever uncomments one has a map.
        let (before, rest) = text.split_once("\n# [links.profile_agents]").expect("a choice");
        let lines: Vec<&str> = rest.lines().collect();
        let end = lines
            .iter()
            .position(|line| line.starts_with("# [links.profile_agents]"))
            .expect("the other choice");
        let taken: Vec<&str> = lines[1..end].iter().map(|line| line.trim_start_matches("# ")).collect();
        let text =
            format!("{before}\n[links.profile_agents]\n{}\n{}", taken.join("\n"), lines[end..].join("\n"));
        let map = Map::parse("chosen", &text).unwrap_or_else(|error| panic!("{error}\n{text}"));
        assert_eq!(map.link(LinkKind::ProfileAgents).map(|link| link.table.as_str()), Some(names[0]));
    }
}

#[test]
fn keys_alone_are_enough_for_a_guess() {
    let tables = "CREATE TABLE map1 (a INTEGER NOT NULL, b INTEGER NOT NULL, PRIMARY KEY (a, b), \
                  FOREIGN KEY (a) REFERENCES users (id), FOREIGN KEY (b) REFERENCES voice_queues (id)) ENGINE=InnoDB;\n";
    for proposal in proposals(tables) {
        let (taken, line) = chosen(&proposal, LinkKind::Personal(Voice));
        assert_eq!(taken.as_deref(), Some("map1"));
        assert!(line.contains("it has a and b, foreign keys, unique together"), "{line}");
    }
    for proposal in proposals(&table("agent_profile_shift_users", AGENTS, false, "")) {
        // The only one, and what `shift` makes of its rows is not known.
        assert_eq!(chosen(&proposal, LinkKind::ProfileAgents).0, None);
        let text = proposal.to_toml("a test");
        assert!(text.contains("\n# table = \"agent_profile_shift_users\"  # guess: "), "{text}");
    }
}

#[test]
fn the_only_table_is_a_comment_where_a_word_of_its_name_is_not_known() {
    for word in
        ["except", "overflow", "fallback", "cached", "effective", "usage", "metric", "survey", "alert", "acl"]
    {
        let name = format!("agent_profile_{word}_voice_queues");
        for proposal in proposals(&table(&name, VOICE, true, "")) {
            assert_eq!(chosen(&proposal, LinkKind::ProfileQueues(Voice)).0, None, "{word}");
            let note = format!("links.profile_queues.voice: {name} is proposed as a comment: `{word}`");
            assert!(proposal.said().iter().any(|it| it.starts_with(&note)), "{:?}", proposal.said());
            let text = proposal.to_toml("a test");
            assert!(
                text.contains(&format!("\n# [links.profile_queues.voice]\n# table = \"{name}\"")),
                "{text}"
            );
        }
    }
    for word in ["allowed", "assigned", "rel", "has"] {
        let name = format!("agent_profile_{word}_voice_queues");
        for proposal in proposals(&table(&name, VOICE, true, "")) {
            assert_eq!(chosen(&proposal, LinkKind::ProfileQueues(Voice)).0, Some(name.clone()));
        }
    }
}

#[test]
fn what_may_turn_a_link_is_said_with_the_proposal() {
    let tables = "CREATE TABLE agent_profile_users (AgentProfileId INTEGER NOT NULL, UserId INTEGER NOT NULL, \
                  role VARCHAR(16) NOT NULL DEFAULT 'member', PRIMARY KEY (AgentProfileId, UserId, role), \
                  FOREIGN KEY (AgentProfileId) REFERENCES agent_profiles (id), FOREIGN KEY (UserId) REFERENCES users (id)) \
                  ENGINE=InnoDB;\n\
                  CREATE TABLE agent_profile_voice_queues (id INTEGER NOT NULL PRIMARY KEY AUTO_INCREMENT, \
                  AgentProfileId INTEGER NOT NULL, VoiceQueueId INTEGER NOT NULL, \
                  deletedAt DATETIME NOT NULL DEFAULT '1970-01-01 00:00:00', \
                  FOREIGN KEY (AgentProfileId) REFERENCES agent_profiles (id), \
                  FOREIGN KEY (VoiceQueueId) REFERENCES voice_queues (id)) ENGINE=InnoDB;\n";
    for proposal in proposals(tables) {
        for line in [
            "to be settled (seed.link-meaning-unknown): agent_profile_users.role (links.profile_agents): part of the unique \
             key of a pair, so that a pair may stand in several rows",
            "to be settled (seed.deleted-unknown): agent_profile_voice_queues.deletedAt (links.profile_queues.voice)",
        ] {
            assert!(proposal.said().iter().any(|note| note == line), "no {line} in {:?}", proposal.said());
        }
        let text = proposal.to_toml("a test");
        assert!(text.contains("unique together with role"), "{text}");
    }
}

#[test]
fn messages_with_the_same_two_columns_are_no_links() {
    let tables = "CREATE TABLE chat_interactions (id INTEGER NOT NULL PRIMARY KEY AUTO_INCREMENT, UserId INTEGER, \
                  ChatQueueId INTEGER, a TEXT, b TEXT, c TEXT, d TEXT, e TEXT, \
                  FOREIGN KEY (UserId) REFERENCES users (id), FOREIGN KEY (ChatQueueId) REFERENCES chat_queues (id)) \
                  ENGINE=InnoDB;\n";
    for proposal in proposals(tables) {
        assert_eq!(chosen(&proposal, LinkKind::Personal(Chat)).0, None);
        assert!(proposal.said().contains(&"links.personal.chat: no table found".to_owned()));
    }
}

#[test]
fn user_profiles_never_win_against_another_candidate() {
    let profiles = |name: &str, flag: &str| {
        format!(
            "CREATE TABLE {name} (id INTEGER NOT NULL PRIMARY KEY AUTO_INCREMENT, name VARCHAR(255) NOT NULL, \
             {flag} TINYINT(1) NOT NULL DEFAULT 1) ENGINE=InnoDB;\n"
        )
    };
    let core = CORE.split("CREATE TABLE agent_profiles").next().expect("a beginning");
    let linked = |name: &str, key: &str| {
        format!(
            "CREATE TABLE {name}_users ({key} INTEGER NOT NULL, UserId INTEGER NOT NULL, PRIMARY KEY ({key}, UserId), \
             FOREIGN KEY ({key}) REFERENCES {name} (id)) ENGINE=InnoDB;\n\
             CREATE TABLE {name}_voice_queues ({key} INTEGER NOT NULL, VoiceQueueId INTEGER NOT NULL, \
             PRIMARY KEY ({key}, VoiceQueueId), FOREIGN KEY ({key}) REFERENCES {name} (id)) ENGINE=InnoDB;\n"
        )
    };
    for name in ["user_profiles", "UserProfiles", "userprofiles"] {
        let theirs = profiles(name, "enabled") + &linked(name, "UserProfileId");
        let ours = profiles("profiles", "disabled") + &linked("profiles", "ProfileId");
        for mut database in Database::both() {
            database.sql(&format!("{core}{theirs}{ours}"));
            let proposal = database.discover();
            let text = proposal.to_toml("a test");
            assert!(text.contains("\n[profiles]\ntable = \"profiles\"  # likely: "), "{text}");
            assert!(text.contains(&format!("rather than {name} (")), "{text}");
            // The opposite of `enabled` cannot be mapped, and is named.
            assert_eq!(proposal.missing(), ["profiles.columns.enabled"]);
            assert!(text.contains("`disabled` says the opposite"), "{text}");
        }
        for mut database in Database::both() {
            database.sql(&format!("{core}{theirs}"));
            let text = database.discover().to_toml("a test");
            assert!(text.contains(&format!("table = \"{name}\"  # guess: ")), "{text}");
        }
    }
}

/// A table of profiles under this name, and its two tables of links, which refer by names alone.
fn profiles_of(name: &str, id: &str, key: &str) -> String {
    let stem = name.trim_end_matches('s');
    format!(
        "CREATE TABLE {name} (id {id}, name VARCHAR(255) NOT NULL, enabled TINYINT(1) NOT NULL DEFAULT 1) ENGINE=InnoDB;\n\
         CREATE TABLE {stem}_has_users ({key} INTEGER NOT NULL, UserId INTEGER NOT NULL, PRIMARY KEY ({key}, UserId)) \
         ENGINE=InnoDB;\n\
         CREATE TABLE {stem}_has_voice_queues ({key} INTEGER NOT NULL, VoiceQueueId INTEGER NOT NULL, penalty INTEGER, \
         PRIMARY KEY ({key}, VoiceQueueId)) ENGINE=InnoDB;\n"
    )
}

#[test]
fn user_profiles_do_not_win_where_the_other_one_cannot_be_taken_or_is_called_otherwise() {
    let core = CORE.split("CREATE TABLE agent_profiles").next().expect("a beginning");
    let key = "INTEGER NOT NULL PRIMARY KEY AUTO_INCREMENT";
    let theirs = profiles_of("user_profiles", key, "UserProfileId");
    let as_view = |ours: &str| {
        ours.replace("TABLE agent_profiles", "TABLE p_base")
            + "CREATE VIEW agent_profiles AS SELECT * FROM p_base;\n"
    };
    let ours = profiles_of("agent_profiles", key, "AgentProfileId");
    let with_key = ours.replacen(
        "PRIMARY KEY (AgentProfileId",
        "FOREIGN KEY (AgentProfileId) REFERENCES p_base (id), PRIMARY KEY (AgentProfileId",
        1,
    );
    for (ours, said) in [
        (as_view(&ours), "agent_profiles is a view: a map needs the tables behind it"),
        (as_view(&with_key), "agent_profile_has_users.AgentProfileId refers to p_base"),
        (
            profiles_of("profiles", "CHAR(36) NOT NULL PRIMARY KEY", "ProfileId"),
            "profiles is called so, but `id` is char(36)",
        ),
        (
            profiles_of("shifts", key, "ShiftId"),
            "shifts may be it (shift_has_users links it to users, shift_has_voice_queues to queues)",
        ),
        (profiles_of("shifts", "CHAR(36) NOT NULL PRIMARY KEY", "ShiftId"), "shifts may be it"),
    ] {
        for mut database in Database::both() {
            database.sql(&format!("{core}{theirs}{ours}"));
            let proposal = database.discover();
            let text = proposal.to_toml("a test");
            assert!(!text.contains("\n[profiles]"), "{text}");
            let notes: Vec<String> =
                proposal.said().into_iter().filter(|note| note.starts_with("profiles: ")).collect();
            assert!(
                matches!(notes.as_slice(), [note] if note.contains(said) && note.contains("user_profiles")),
                "{notes:?}"
            );
        }
    }
    // What is said between a customer, a user and a queue makes no profile of the customer.
    let contacts = "CREATE TABLE contacts (id INTEGER NOT NULL PRIMARY KEY AUTO_INCREMENT, name VARCHAR(64)) ENGINE=InnoDB;\n\
                    CREATE TABLE calls (ContactId INTEGER, UserId INTEGER, VoiceQueueId INTEGER) ENGINE=InnoDB;\n";
    for mut database in Database::both() {
        database.sql(&format!("{core}{theirs}{contacts}"));
        let text = database.discover().to_toml("a test");
        assert!(text.contains("table = \"user_profiles\"  # guess: "), "{text}");
    }
}
