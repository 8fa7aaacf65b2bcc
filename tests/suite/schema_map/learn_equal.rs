//! `learn` where ids are the same in every table, as on a small site: they start at 1 everywhere.
//!
//! Invariant: as in [`learn`](super::learn); a row is never taken for the link of another channel.

use super::learn::{P, played};
use super::learn_traps::small;
use super::shapes::links;
use super::support::Database;
use motionctl::seed::Channel::{Chat, Voice};
use motionctl::seed::learn::Task;
use motionctl::seed::map::LinkKind::{Personal, ProfileAgents, ProfileQueues};

const TABLES: &str = "\
CREATE TABLE chat_queues (id INTEGER NOT NULL PRIMARY KEY AUTO_INCREMENT, name VARCHAR(64) NOT NULL, strategy VARCHAR(16));
CREATE TABLE agent_profiles (id INTEGER NOT NULL PRIMARY KEY AUTO_INCREMENT, name VARCHAR(64), enabled TINYINT(1));
CREATE TABLE ap_members (id INTEGER NOT NULL PRIMARY KEY AUTO_INCREMENT, ap INTEGER NOT NULL, member INTEGER NOT NULL,
  invited_by INTEGER);
CREATE TABLE ap_queues (id INTEGER NOT NULL PRIMARY KEY AUTO_INCREMENT, ap INTEGER, usr INTEGER, q INTEGER NOT NULL,
  kind CHAR(1) NOT NULL, pen INTEGER NOT NULL DEFAULT 0);
CREATE TABLE activities (id INTEGER NOT NULL PRIMARY KEY AUTO_INCREMENT, actor INTEGER NOT NULL, entity INTEGER NOT NULL,
  target INTEGER NOT NULL);
";

/// Four rows of links, with the values that tell voice and chat apart; and what an audit keeps of them.
fn made(task: &Task, [voice, chat]: [&str; 2]) -> String {
    let agent = task.agent.id;
    let mut text = format!(
        "INSERT INTO agent_profiles (id, name, enabled) VALUES ({P}, '{}', 1);\n\
         INSERT INTO ap_members (ap, member, invited_by) VALUES ({P}, {agent}, 11);\n",
        task.profile
    );
    for (channel, kind, penalty) in [(Voice, voice, task.penalty), (Chat, chat, 0)] {
        let pair = &task.queues[&channel];
        let (queue, personal) = (pair.of_profile.id, pair.personal.as_ref().expect("a free queue").id);
        text += &format!(
            "INSERT INTO ap_queues (ap, usr, q, kind, pen) VALUES ({P}, NULL, {queue}, '{kind}', {penalty}), \
             (NULL, {agent}, {personal}, '{kind}', 0);\n\
             INSERT INTO activities (actor, entity, target) VALUES (1, {P}, {queue}), (1, {agent}, {personal});\n"
        );
    }
    text
}

#[test]
fn rows_with_equal_ids_are_told_apart_by_what_they_hold_or_are_not_taken() {
    let equal = "INSERT INTO chat_queues (id, name) VALUES (11, 'C1'), (12, 'C2');\n";
    for mut database in Database::both() {
        database.sql(&(small(TABLES) + equal));
        let played = played(&mut database, |task| made(task, ["V", "C"]));
        let doubts = played.picture.task.doubts();
        assert_eq!(doubts.len(), 2, "{doubts:?}");
        assert!(doubts[0].contains("have the same id 11"), "{doubts:?}");
        let text = played.text();
        for (part, kind) in [
            ("profile_queues.voice", "V"),
            ("profile_queues.chat", "C"),
            ("personal.voice", "V"),
            ("personal.chat", "C"),
        ] {
            let head = format!("\n[links.{part}]\ntable = \"ap_queues\"");
            let rest = text.split_once(&head).unwrap_or_else(|| panic!("{part}\n{text}")).1;
            let only = format!("only = {{ column = \"kind\", value = \"{kind}\" }}");
            assert_eq!(rest.lines().nth(1).map(|line| line.starts_with(&only)), Some(true), "{part}\n{text}");
        }
    }
    for mut database in Database::both() {
        database.sql(&(small(TABLES) + equal));
        let played = played(&mut database, |task| made(task, ["1", "2"]));
        let parts: Vec<&str> = played.lesson.parts.iter().map(|(part, _)| part.as_str()).collect();
        let expected =
            ["profiles", "links.profile_agents", "links.profile_queues.voice", "links.profile_queues.chat"];
        assert_eq!(
            parts, expected,
            "the typed penalty tells the profile's rows apart, and nothing those of the agent"
        );
        let note = "links.personal.chat: ids are the same in several channels, and nothing says which new row of ap_queues \
                    is about this one: begin again with other queues";
        assert!(played.lesson.notes.iter().any(|known| known == note), "{:#?}", played.lesson.notes);
    }
}

#[test]
fn queues_are_chosen_whose_ids_differ_where_there_are_any() {
    let more = "INSERT INTO chat_queues (id, name) VALUES (12, 'C1'), (11, 'C2');\n\
                INSERT INTO voice_queues (id, name) VALUES (9, 'V3'), (8, 'V4');\n";
    for mut database in Database::both() {
        database.sql(&(small(TABLES) + more));
        let played = played(&mut database, |task| made(task, ["1", "2"]));
        assert_eq!(played.picture.task.doubts(), [""; 0], "{:?}", played.picture.task);
        let found: Vec<_> = links(&played.map()).into_iter().map(|(kind, _)| kind).collect();
        let expected =
            [ProfileAgents, ProfileQueues(Voice), ProfileQueues(Chat), Personal(Voice), Personal(Chat)];
        assert_eq!(found, expected, "{}", played.text());
    }
}
