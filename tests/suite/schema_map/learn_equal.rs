//! `learn` where ids are the same in every table, as on a small site: they start at 1 everywhere.
//!
//! Invariant: as in [`learn`](super::learn); a row is never taken for the link of another channel.

use super::learn::{P, played};
use super::learn_traps::small;
use super::shapes::links;
use super::support::{Database, proposed};
use motionctl::seed::Channel::{Chat, Voice};
use motionctl::seed::learn::{Choice, Task, choose};
use motionctl::seed::map::LinkKind::{self, Personal, ProfileAgents, ProfileQueues};

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
                INSERT INTO voice_queues (id, name) VALUES (7, 'V3'), (6, 'V4');\n";
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

fn task_of(database: &mut Database, choice: &Choice) -> Task {
    let proposal = proposed(&mut database.connection);
    choose(&mut database.connection, &proposal, choice, "7f3a").expect("a task")
}

#[test]
fn an_agent_is_taken_whose_id_no_queue_and_no_profile_has() {
    let more = "INSERT INTO users (id, name, role) VALUES (3, 'cid', 'agent'), (11, 'dan', 'agent'), (40, 'eve', 'admin');\n\
                DELETE FROM voice_queues WHERE id = 12;\nDELETE FROM users WHERE id = 41;\n\
                INSERT INTO agent_profiles (id, name) VALUES (1, 'Morning');\n";
    for mut database in Database::both() {
        database.sql(&(small(TABLES) + more));
        let task = task_of(&mut database, &Choice::default());
        // Both would do; the next profile gets 2, 3 or 4.
        assert_eq!((task.agent.name.as_str(), task.doubts().len()), ("dan", 1), "{:?}", task.doubts());
        database.sql("INSERT INTO users (id, name, role, online) VALUES (5, 'fay', 'agent', 0);\n");
        let task = task_of(&mut database, &Choice::default());
        assert_eq!((task.agent.name.as_str(), task.doubts()), ("fay", Vec::new()));
        database.sql("UPDATE users SET online = 1 WHERE name = 'fay';\n");
        let task = task_of(&mut database, &Choice::default());
        assert_eq!(task.agent.name, "dan", "nobody who works is disturbed for a better id");
        let named = Choice { agent: Some("cid".to_owned()), ..Choice::default() };
        assert_eq!(task_of(&mut database, &named).agent.name, "cid", "who is named is taken");
    }
}

/// A site where everything is the first of its kind, without any foreign key.
const ONES: &str = "\
CREATE TABLE chat_queues (id INTEGER NOT NULL PRIMARY KEY AUTO_INCREMENT, name VARCHAR(64) NOT NULL, strategy VARCHAR(16));
CREATE TABLE agent_profiles (id INTEGER NOT NULL PRIMARY KEY AUTO_INCREMENT, name VARCHAR(64), enabled TINYINT(1));
INSERT INTO chat_queues (id, name) VALUES (1, 'C1');
";

/// A table of links by the usual names.
fn table(name: &str, columns: &str) -> String {
    format!("CREATE TABLE {name} ({columns});\n")
}

#[test]
fn where_everything_has_the_id_1_names_tell_it() {
    let ends = |one: &str, other: &str| format!("{one} INTEGER NOT NULL, {other} INTEGER NOT NULL");
    let tables = [
        table("user_has_agent_profiles", &ends("UserId", "AgentProfileId")),
        table(
            "agent_profile_has_voice_queues",
            &(ends("AgentProfileId", "VoiceQueueId") + ", penalty INTEGER"),
        ),
        table("agent_profile_has_chat_queues", &ends("AgentProfileId", "ChatQueueId")),
        table("user_has_voice_queues", &ends("UserId", "VoiceQueueId")),
        table("user_has_chat_queues", &ends("UserId", "ChatQueueId")),
    ];
    let expected = [
        (ProfileAgents, "user_has_agent_profiles AgentProfileId>UserId".to_owned()),
        (
            ProfileQueues(Voice),
            "agent_profile_has_voice_queues AgentProfileId>VoiceQueueId +penalty".to_owned(),
        ),
        (ProfileQueues(Chat), "agent_profile_has_chat_queues AgentProfileId>ChatQueueId".to_owned()),
        (Personal(Voice), "user_has_voice_queues UserId>VoiceQueueId".to_owned()),
        (Personal(Chat), "user_has_chat_queues UserId>ChatQueueId".to_owned()),
    ];
    let act = |task: &Task| {
        format!(
            "INSERT INTO agent_profiles (id, name, enabled) VALUES (1, '{}', 1);\n\
             INSERT INTO user_has_agent_profiles VALUES (1, 1);\n\
             INSERT INTO agent_profile_has_voice_queues VALUES (1, 1, {});\n\
             INSERT INTO agent_profile_has_chat_queues VALUES (1, 1);\n\
             INSERT INTO user_has_voice_queues VALUES (1, 1);\nINSERT INTO user_has_chat_queues VALUES (1, 1);\n",
            task.profile, task.penalty
        )
    };
    all_ones(&tables.concat(), act, &expected);
}

#[test]
fn where_everything_has_the_id_1_a_column_for_each_channel_tells_it() {
    let tables = "CREATE TABLE agent_profile_has_users (AgentProfileId INTEGER, UserId INTEGER);\n\
                  CREATE TABLE user_has_queues (UserId INTEGER, AgentProfileId INTEGER, VoiceQueueId INTEGER, \
                  ChatQueueId INTEGER, penalty INTEGER);\n";
    let expected = [
        (ProfileAgents, "agent_profile_has_users AgentProfileId>UserId".to_owned()),
        (
            ProfileQueues(Voice),
            "user_has_queues AgentProfileId>VoiceQueueId UserId=NULL ChatQueueId=NULL +penalty".to_owned(),
        ),
        (
            ProfileQueues(Chat),
            "user_has_queues AgentProfileId>ChatQueueId UserId=NULL VoiceQueueId=NULL".to_owned(),
        ),
        (
            Personal(Voice),
            "user_has_queues UserId>VoiceQueueId AgentProfileId=NULL ChatQueueId=NULL".to_owned(),
        ),
        (
            Personal(Chat),
            "user_has_queues UserId>ChatQueueId AgentProfileId=NULL VoiceQueueId=NULL".to_owned(),
        ),
    ];
    let act = |task: &Task| {
        format!(
            "INSERT INTO agent_profiles (id, name, enabled) VALUES (1, '{}', 1);\n\
             INSERT INTO agent_profile_has_users VALUES (1, 1);\n\
             INSERT INTO user_has_queues VALUES (NULL, 1, 1, NULL, {}), (NULL, 1, NULL, 1, NULL), \
             (1, NULL, 1, NULL, NULL), (1, NULL, NULL, 1, NULL);\n",
            task.profile, task.penalty
        )
    };
    all_ones(tables, act, &expected);
}

fn all_ones(tables: &str, act: impl Fn(&Task) -> String, expected: &[(LinkKind, String)]) {
    let ones = small(&(ONES.to_owned() + tables))
        .replace("(41, 'ann', 'agent')", "(1, 'ann', 'agent')")
        .replace("(11, 'V1'), (12, 'V2')", "(1, 'V1')");
    for mut database in Database::both() {
        database.sql(&ones);
        let played = played(&mut database, &act);
        let doubts = played.picture.task.doubts();
        let all = "the voice queue `V1` and the chat queue `C1` and the agent `ann` have the same id 1, so";
        assert!(doubts.len() == 1 && doubts[0].starts_with(all), "{doubts:?}");
        assert_eq!(links(&played.map()), expected, "{}", played.text());
    }
}
