//! `learn` where the rows contradict what one would conclude: steps without a trace, several rows of one step,
//! deletions that no map can say.
//!
//! Invariant: as in [`learn`](super::learn); what is in doubt is a comment, and the reason is said.

use super::learn::{P, Played, T, looking, merged, pair};
use super::learn_traps::on_small;
use super::shapes::links;
use super::support::{Database, proposed};
use motionctl::seed::Channel::{Chat, Voice};
use motionctl::seed::learn::{Task, after_deletion, lesson};
use motionctl::seed::map::LinkKind::{Personal, ProfileAgents, ProfileQueues};

/// A table that `discover` takes for the links, and that the application leaves empty.
const EMPTY: &str = "\
CREATE TABLE agent_profile_voice_queues (agent_profile_id INTEGER NOT NULL, voice_queue_id INTEGER NOT NULL,
  PRIMARY KEY (agent_profile_id, voice_queue_id), FOREIGN KEY (agent_profile_id) REFERENCES agent_profiles (id),
  FOREIGN KEY (voice_queue_id) REFERENCES voice_queues (id));
";

const TABLES: &str = "\
CREATE TABLE agent_profiles (id INTEGER NOT NULL PRIMARY KEY AUTO_INCREMENT, name VARCHAR(64), enabled TINYINT(1));
CREATE TABLE agent_profile_users (agent_profile_id INTEGER NOT NULL, user_id INTEGER NOT NULL, role VARCHAR(16) NOT NULL,
  PRIMARY KEY (agent_profile_id, user_id, role));
CREATE TABLE user_voice_queues (user_id INTEGER NOT NULL, voice_queue_id INTEGER NOT NULL, source VARCHAR(16) NOT NULL,
  enabled TINYINT(1) DEFAULT 1, PRIMARY KEY (user_id, voice_queue_id, source));
CREATE TABLE agent_profile_voice_queue_overflow (agent_profile_id INTEGER NOT NULL, voice_queue_id INTEGER NOT NULL,
  weekday INTEGER NOT NULL, PRIMARY KEY (agent_profile_id, voice_queue_id, weekday));
CREATE TABLE agent_profile_queues_json (agent_profile_id INTEGER NOT NULL PRIMARY KEY, queues TEXT);
";

fn made(task: &Task, more: &[String]) -> String {
    let profile = format!(
        "INSERT INTO agent_profiles (id, name, enabled) VALUES ({P}, '{}', 1);\n\
         INSERT INTO agent_profile_users VALUES ({P}, {}, 'member');\n",
        task.profile, task.agent.id
    );
    profile + &more.concat()
}

fn is_comment(text: &str, part: &str) -> bool {
    text.contains(&format!("\n# [links.{part}]\n")) && !text.contains(&format!("\n[links.{part}"))
}

fn has_note(played: &Played, note: &str) {
    let notes = &played.lesson.notes;
    assert!(notes.iter().any(|known| known == note), "no {note} in {notes:#?}");
}

#[test]
fn after_a_step_without_a_trace_what_is_concluded_is_a_comment_unless_the_step_was_left_out() {
    let act = |task: &Task| {
        let (queue, personal) = pair(task, Voice);
        made(
            task,
            &[
                format!("INSERT INTO agent_profile_queues_json VALUES ({P}, '{{\"voice\":[{queue}]}}');\n"),
                format!("INSERT INTO user_voice_queues VALUES ({}, {personal}, 'own', 1);\n", task.agent.id),
            ],
        )
    };
    on_small(&(TABLES.to_owned() + EMPTY), act, |database, mut played| {
        assert!(is_comment(&played.text(), "profile_queues.voice"), "{}", played.text());
        has_note(
            &played,
            "links.profile_queues.voice: no new row has both ids, so what discover concludes is only a comment; if step 2 \
             was left out, say so with `--left-out 2`",
        );
        has_note(
            &played,
            "agent_profile_queues_json: queues lists within a text (at `voice`) exactly the id of the voice queue `V2`; \
             such links cannot be mapped",
        );
        played.picture.task.left_out = vec![2];
        let before = proposed(&mut database.connection);
        let catalog = database.catalog();
        played.lesson = lesson(&catalog, database.engine(), &played.picture, &played.changes, &before);
        played.proposal = merged(database, &catalog, &played.lesson);
        let table = "\n[links.profile_queues.voice]\ntable = \"agent_profile_voice_queues\"  # ";
        assert!(played.text().contains(table), "{}", played.text());
        has_note(
            &played,
            "links.profile_queues.voice: step 2 was left out; what discover concludes stands in its place",
        );
    });
}

#[test]
fn several_rows_of_one_step_are_told_apart_by_one_value_or_not_at_all() {
    let act = |task: &Task| {
        let (queue, personal) = pair(task, Voice);
        let agent = task.agent.id;
        made(
            task,
            &[
                format!("INSERT INTO agent_profile_users VALUES ({P}, 43, 'supervisor');\n"),
                format!("INSERT INTO user_voice_queues VALUES ({agent}, {personal}, 'own', 1);\n"),
                format!("INSERT INTO user_voice_queues VALUES ({agent}, {queue}, 'profile', 1);\n"),
                (1..=3)
                    .map(|day| {
                        format!(
                            "INSERT INTO agent_profile_voice_queue_overflow VALUES ({P}, {queue}, {day});\n"
                        )
                    })
                    .collect(),
            ],
        )
    };
    on_small(TABLES, act, |_, played| {
        let text = played.text();
        assert!(is_comment(&text, "profile_queues.voice"), "{text}");
        has_note(
            &played,
            "links.profile_queues.voice: this step made 3 rows, which differ in weekday; nothing tells for certain which of \
             them is the link, so this is a comment",
        );
        has_note(
            &played,
            "links.profile_agents: this step made 2 rows, which differ in role; `only` takes those whose role is member",
        );
        let only = "\nonly = { column = \"source\", value = \"own\" }  # learned";
        assert!(text.contains(only), "{text}");
        let both = |kind| links(&played.map()).iter().any(|(known, _)| *known == kind);
        assert!(both(ProfileAgents) && both(Personal(Voice)) && !both(ProfileQueues(Voice)), "{text}");
    });
    let twice = |task: &Task| {
        let (personal, agent) = (pair(task, Voice).1, task.agent.id);
        let row =
            |source| format!("INSERT INTO user_voice_queues VALUES ({agent}, {personal}, '{source}', 1);\n");
        made(task, &[row("own"), row("profile")])
    };
    on_small(TABLES, twice, |_, played| {
        assert!(is_comment(&played.text(), "personal.voice"), "{}", played.text());
        assert!(!is_comment(&played.text(), "profile_agents"), "one row is no riddle");
    });
}

#[test]
fn a_deletion_that_changes_more_than_a_time_makes_the_part_a_comment() {
    let act = |task: &Task| {
        let (queue, personal) = pair(task, Voice);
        made(
            task,
            &[
                format!("INSERT INTO agent_profile_voice_queue_overflow VALUES ({P}, {queue}, 1);\n"),
                format!("INSERT INTO user_voice_queues VALUES ({}, {personal}, 'own', 1);\n", task.agent.id),
            ],
        )
    };
    on_small(TABLES, act, |database: &mut Database, mut played| {
        database.sql(
            "DELETE FROM agent_profiles;\nDELETE FROM agent_profile_users;\n\
             UPDATE agent_profile_voice_queue_overflow SET weekday = 0;\nUPDATE user_voice_queues SET enabled = 0;\n",
        );
        let catalog = database.catalog();
        let found = played.lesson.found.clone().expect("the profile");
        let learned = looking(database, |database| {
            after_deletion(&mut database.connection, &catalog, &played.picture, &found).expect("a look")
        });
        let fates: Vec<_> = learned.fates.iter().map(|(part, fate)| format!("{part}: {fate}")).collect();
        assert_eq!(
            fates,
            [
                "profiles: the row is gone",
                "links.profile_agents: the row is gone",
                "links.profile_queues.voice: the row is there; weekday changed",
                "links.personal.voice: the row is there; enabled changed",
            ]
        );
        assert!(
            learned.notes[1]
                .contains("when the queue was taken from the agent the row stayed, and enabled changed")
        );
        played.lesson.sections = learned.found.sections;
        played.proposal = merged(database, &catalog, &played.lesson);
        let text = played.text();
        assert!(is_comment(&text, "profile_queues.voice") && is_comment(&text, "personal.voice"), "{text}");
        assert!(!is_comment(&text, "profile_agents"), "{text}");
    });
}

/// What becomes of an agent's queue, by what a deletion writes, and the notes of it.
fn after(deletion: &str, judge: impl Fn(String, &[String], &str)) {
    let tables = "CREATE TABLE agent_profiles (id INTEGER NOT NULL PRIMARY KEY AUTO_INCREMENT, name VARCHAR(64), enabled TINYINT(1));\n\
         CREATE TABLE user_voice_queues (user_id INTEGER NOT NULL, voice_queue_id INTEGER NOT NULL, updatedAt DATETIME, \
         deletedAt DATETIME, seenAt DATETIME, status VARCHAR(16) DEFAULT 'active', PRIMARY KEY (user_id, voice_queue_id));\n";
    let act = |task: &Task| {
        let (agent, personal) = (task.agent.id, pair(task, Voice).1);
        format!(
            "INSERT INTO agent_profiles VALUES ({P}, '{}', 1);\n\
             INSERT INTO user_voice_queues (user_id, voice_queue_id) VALUES ({agent}, {personal});\n",
            task.profile
        )
    };
    on_small(tables, act, |database, mut played| {
        database.sql(&format!(
            "DELETE FROM agent_profiles;\nUPDATE user_voice_queues SET updatedAt = {T}{deletion};\n"
        ));
        let catalog = database.catalog();
        let found = played.lesson.found.clone().expect("the profile");
        let learned = looking(database, |database| {
            after_deletion(&mut database.connection, &catalog, &played.picture, &found).expect("a look")
        });
        let fate = learned.fates.iter().find(|(part, _)| part == "links.personal.voice").expect("a row");
        let fate = fate.1.to_string();
        played.lesson.sections = learned.found.sections;
        played.proposal = merged(database, &catalog, &played.lesson);
        judge(fate, &learned.notes, &played.text());
    });
}

#[test]
fn only_a_time_alone_is_the_mark_of_a_deletion() {
    let is_marked = |text: &str| text.contains("\ndeleted = \"deletedAt\"  # learned: Motion set it");
    after(&format!(", deletedAt = {T}"), |fate, notes, text| {
        assert_eq!((fate.as_str(), notes), ("the row is marked in deletedAt", &[][..]));
        assert!(is_marked(text), "{text}");
    });
    after(&format!(", deletedAt = {T}, status = 'gone'"), |fate, notes, text| {
        assert_eq!(fate, "the row is marked in deletedAt, and status changed, too");
        let note = "links.personal.voice: learned: when the queue was taken from the agent the row stayed, deletedAt got a \
                    time, and status changed, too; motionctl would only set deletedAt, and no map can say more; so it is a \
                    comment, and must be settled";
        assert_eq!(notes, [note]);
        assert!(is_comment(text, "personal.voice") && !is_marked(text), "{text}");
    });
    after(&format!(", deletedAt = {T}, seenAt = {T}"), |fate, _, text| {
        assert_eq!(fate, "the row is there; deletedAt, seenAt changed");
        assert!(is_comment(text, "personal.voice") && !is_marked(text), "{text}");
    });
    after("", |fate, notes, text| {
        assert_eq!((fate.as_str(), notes), ("the row is there; updatedAt changed", &[][..]));
        assert!(!is_comment(text, "personal.voice") && !is_marked(text), "{text}");
    });
}

#[test]
fn rows_that_are_told_apart_by_two_columns_are_a_comment() {
    let tables = "CREATE TABLE chat_queues (id INTEGER NOT NULL PRIMARY KEY AUTO_INCREMENT, name VARCHAR(64) NOT NULL, \
         strategy VARCHAR(16));\n\
         INSERT INTO chat_queues (id, name) VALUES (21, 'C1'), (22, 'C2');\n\
         CREATE TABLE agent_profiles (id INTEGER NOT NULL PRIMARY KEY AUTO_INCREMENT, name VARCHAR(64), enabled TINYINT(1));\n\
         CREATE TABLE agent_queues (user_id INTEGER NOT NULL, queue_id INTEGER NOT NULL, channel VARCHAR(16) NOT NULL, \
         source VARCHAR(16) NOT NULL, PRIMARY KEY (user_id, queue_id, channel, source));\n";
    let act = |twice: bool| {
        move |task: &Task| {
            let a = task.agent.id;
            let profile = format!(
                "INSERT INTO agent_profiles (id, name, enabled) VALUES ({P}, '{}', 1);\n",
                task.profile
            );
            let row = |channel, source| {
                let queue = pair(task, channel).1;
                format!("INSERT INTO agent_queues VALUES ({a}, {queue}, '{channel}', '{source}');\n")
            };
            let sources = if twice { &["own", "profile"][..] } else { &["own"] };
            profile
                + &sources.iter().map(|source| row(Voice, source) + &row(Chat, source)).collect::<String>()
        }
    };
    on_small(tables, act(false), |_, played| {
        let of = |channel: &str| format!("agent_queues user_id>queue_id channel=\"{channel}\"");
        assert_eq!(links(&played.map()), [(Personal(Voice), of("voice")), (Personal(Chat), of("chat"))]);
    });
    on_small(tables, act(true), |_, played| {
        let text = played.text();
        assert!(is_comment(&text, "personal.voice") && is_comment(&text, "personal.chat"), "{text}");
        for channel in ["voice", "chat"] {
            let told = "rows that are told apart by two columns cannot be mapped, so this is a comment";
            let is_told = |note: &String| {
                note.starts_with(&format!("links.personal.{channel}: ")) && note.ends_with(told)
            };
            assert!(played.lesson.notes.iter().any(is_told), "{:#?}", played.lesson.notes);
        }
    });
}
