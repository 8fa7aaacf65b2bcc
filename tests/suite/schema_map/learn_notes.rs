//! What `learn` says besides: discover's other candidates, and what its lines say of rows that are marked as deleted.
//!
//! Invariant: as in [`learn`](super::learn).

use super::learn::{P, pair};
use super::learn_traps::on_small;
use motionctl::seed::Channel::Voice;
use motionctl::seed::learn::Task;

const SAYS: &str = "discover, which knows names and keys alone, says: ";

#[test]
fn what_discover_says_of_a_learned_part_is_said_too() {
    let ends =
        "user_id INTEGER NOT NULL, voice_queue_id INTEGER NOT NULL, PRIMARY KEY (user_id, voice_queue_id)";
    let tables = format!(
        "CREATE TABLE shifts (id INTEGER NOT NULL PRIMARY KEY AUTO_INCREMENT, title VARCHAR(64), enabled TINYINT(1));\n\
         CREATE TABLE agent_profiles (id CHAR(36) NOT NULL PRIMARY KEY, name VARCHAR(64), enabled TINYINT(1));\n\
         CREATE VIEW chat_queues AS SELECT id, name, strategy FROM voice_queues;\n\
         CREATE TABLE user_has_voice_queues ({ends});\nCREATE TABLE user_requested_voice_queues ({ends});\n\
         CREATE TABLE shift_has_voice_queues (shift_id INTEGER NOT NULL, voice_queue_id INTEGER NOT NULL, \
         PRIMARY KEY (shift_id, voice_queue_id));\n\
         CREATE TABLE cfg_7 (s INTEGER NOT NULL, q INTEGER NOT NULL, PRIMARY KEY (s, q));\n"
    );
    let act = |task: &Task| {
        let ((voice, personal), a) = (pair(task, Voice), task.agent.id);
        format!(
            "INSERT INTO shifts VALUES ({P}, '{}', 1);\nINSERT INTO cfg_7 VALUES ({P}, {voice});\n\
             INSERT INTO user_has_voice_queues VALUES ({a}, {personal});\n",
            task.profile
        )
    };
    on_small(&tables, act, |_, played| {
        let notes = played.proposal.said();
        let has = |about: &str, what: &str| {
            notes.iter().any(|note| note.starts_with(&format!("{about}: ")) && note.contains(what))
        };
        assert!(has("profiles", SAYS) && has("profiles", "agent_profiles"), "{notes:#?}");
        assert!(has("queues.chat", "chat_queues is a view"), "{notes:#?}");
        let rival = format!("{SAYS}user_has_voice_queues is proposed, and not user_requested_voice_queues (");
        assert!(has("links.personal.voice", &rival), "{notes:#?}");
        let other = format!("it was learned in cfg_7; {SAYS}shift_has_voice_queues (it has ");
        assert!(has("links.profile_queues.voice", &other), "{notes:#?}");
        // Nothing is said twice, and nothing of a part where both agree.
        let of = |about: &str| notes.iter().filter(|note| note.starts_with(&format!("{about}: "))).count();
        assert_eq!((of("profiles"), of("links.personal.voice")), (1, 1), "{notes:#?}");
        // It is a part of the file that is signed.
        assert!(played.text().lines().any(|line| line.starts_with("# links.personal.voice: ")));
    });
}

#[test]
fn a_unique_index_with_a_column_that_is_null_does_not_make_a_link_be_revived() {
    let tables = |unique: &str| {
        format!(
            "CREATE TABLE agent_profiles (id INTEGER NOT NULL PRIMARY KEY AUTO_INCREMENT, name VARCHAR(64), enabled TINYINT(1));\n\
             CREATE TABLE user_has_queues (id INTEGER NOT NULL PRIMARY KEY AUTO_INCREMENT, user_id INTEGER, \
             agent_profile_id INTEGER, queue_id INTEGER NOT NULL, deletedAt DATETIME, UNIQUE ({unique}));\n"
        )
    };
    let act = |task: &Task| {
        let ((voice, personal), a) = (pair(task, Voice), task.agent.id);
        format!(
            "INSERT INTO agent_profiles VALUES ({P}, '{}', 1);\n\
             INSERT INTO user_has_queues (user_id, agent_profile_id, queue_id) VALUES ({a}, NULL, {personal}), \
             (NULL, {P}, {voice});\n",
            task.profile
        )
    };
    for (unique, personal, of_profile) in [
        ("user_id, agent_profile_id, queue_id", "false", "false"),
        ("user_id, queue_id", "true", "false"),
        ("agent_profile_id, queue_id", "false", "true"),
    ] {
        on_small(&tables(unique), act, |_, played| {
            let text = played.text();
            for (part, expected) in [("personal", personal), ("profile_queues", of_profile)] {
                let section = text.split(&format!("\n[links.{part}.voice]\n")).nth(1).unwrap_or_default();
                let section = section.split("\n[").next().unwrap_or_default();
                assert!(section.contains(&format!("revive = {expected}  #")), "{unique}: {part}\n{text}");
            }
        });
    }
}
