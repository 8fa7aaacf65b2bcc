//! `learn` after what a tired person did instead of the steps.
//!
//! Invariant: as in [`learn`](super::learn); every refusal says what to do in Motion.

use super::learn::{P, looking, pair};
use super::learn_traps::on_small;
use super::shapes::links;
use super::support::proposed;
use motionctl::seed::Channel::Voice;
use motionctl::seed::learn::{Changes, Lost, Task, compare, lesson};
use motionctl::seed::map::LinkKind::{Personal, ProfileAgents, ProfileQueues};

const TABLES: &str = "\
CREATE TABLE agent_profiles (id INTEGER NOT NULL PRIMARY KEY AUTO_INCREMENT, name VARCHAR(64), enabled TINYINT(1));
CREATE TABLE agent_profile_users (agent_profile_id INTEGER NOT NULL, user_id INTEGER NOT NULL,
  PRIMARY KEY (agent_profile_id, user_id));
CREATE TABLE agent_profile_voice_queues (agent_profile_id INTEGER NOT NULL, voice_queue_id INTEGER NOT NULL, penalty INTEGER,
  PRIMARY KEY (agent_profile_id, voice_queue_id));
CREATE TABLE user_voice_queues (user_id INTEGER NOT NULL, voice_queue_id INTEGER NOT NULL,
  PRIMARY KEY (user_id, voice_queue_id));
";

fn profile(id: i64, name: &str) -> String {
    format!("INSERT INTO agent_profiles VALUES ({id}, '{name}', 1);\n")
}

/// The links, with the queue of the profile and that of the agent.
fn linked(task: &Task, id: i64, (voice, personal): (i64, i64)) -> [String; 3] {
    let a = task.agent.id;
    [
        format!("INSERT INTO user_voice_queues VALUES ({a}, {personal});\n"),
        format!("INSERT INTO agent_profile_voice_queues VALUES ({id}, {voice}, {});\n", task.penalty),
        format!("INSERT INTO agent_profile_users VALUES ({id}, {a});\n"),
    ]
}

fn all_is_learned(act: impl Fn(&Task) -> String) {
    on_small(TABLES, act, |_, played| {
        let expected = [
            (ProfileAgents, "agent_profile_users agent_profile_id>user_id".to_owned()),
            (
                ProfileQueues(Voice),
                "agent_profile_voice_queues agent_profile_id>voice_queue_id +penalty".to_owned(),
            ),
            (Personal(Voice), "user_voice_queues user_id>voice_queue_id".to_owned()),
        ];
        assert_eq!(links(&played.map()), expected, "{}", played.text());
        assert_eq!(played.lesson.notes, [""; 0]);
    });
}

#[test]
fn steps_in_another_order_with_an_agent_who_was_renamed_teach_the_same() {
    all_is_learned(|task| {
        let rename = "UPDATE users SET name = 'anna', fullname = 'Anna' WHERE id = 41;\n".to_owned();
        let [personal, queue, agent] = linked(task, P, pair(task, Voice));
        [personal, rename, profile(P, &task.profile), agent, queue].concat()
    });
}

#[test]
fn of_two_profiles_the_one_with_the_name_teaches() {
    all_is_learned(|task| {
        // A first try under a name with a slip, given up after two steps.
        let [_, queue, agent] = linked(task, 8, pair(task, Voice));
        let right = linked(task, P, pair(task, Voice)).concat();
        [profile(8, "Motionctl lerns 7f3a"), queue, agent, profile(P, &task.profile), right].concat()
    });
}

#[test]
fn queues_that_were_taken_for_each_other_are_said_with_their_steps() {
    let act = |task: &Task| {
        let (voice, personal) = pair(task, Voice);
        profile(P, &task.profile) + &linked(task, P, (personal, voice)).concat()
    };
    on_small(TABLES, act, |_, played| {
        let text = played.text();
        assert!(text.contains("\n# [links.profile_queues.voice]\n"), "{text}");
        assert!(text.contains("\n# [links.personal.voice]\n"), "{text}");
        for note in [
            "links.profile_queues.voice: agent_profile_voice_queues has the queue of step 4 where that of step 2 was to be; \
             give each its own in Motion, and run --end again",
            "links.personal.voice: user_voice_queues has the queue of step 2 where that of step 4 was to be; give each its own \
             in Motion, and run --end again",
        ] {
            assert!(played.lesson.notes.iter().any(|known| known == note), "{:#?}", played.lesson.notes);
        }
    });
}

fn lost(act: impl Fn(&Task) -> String, judge: impl Fn(Lost)) {
    on_small(TABLES, act, |_, played| {
        assert!(played.lesson.sections.is_empty() && played.lesson.found.is_none());
        judge(played.lesson.missing.expect("a reason"));
    });
}

#[test]
fn a_profile_that_is_not_found_is_said_with_what_to_do() {
    let name = "`Motionctl learns 7f3a`";
    lost(
        |_| String::new(),
        |lost| {
            assert_eq!(
                lost.why,
                format!("nothing has changed since the first look, so that no row has the name {name}")
            );
            assert!(lost.advice.starts_with("do the steps that --begin has printed"), "{lost:?}");
        },
    );
    lost(
        |_| "UPDATE users SET online = 1;\n".to_owned() + &profile(8, "Colleagues"),
        |lost| {
            assert_eq!(lost.why, format!("no new row has the name {name}"));
            assert!(lost.advice.starts_with("was it saved in this database"), "{lost:?}");
        },
    );
    for typed in ["motionctl learns 7f3a", "Motionctl leanrs 7f3a", "Motionctl learns"] {
        lost(
            |_| profile(8, "Colleagues") + &profile(P, typed),
            |lost| {
                let nearly = format!("agent_profiles has `{typed}` in name, which is nearly the same");
                assert_eq!(lost.why, format!("no new row has the name {name}; {nearly}"));
                assert!(lost.advice.contains("correct its name in Motion"), "{lost:?}");
            },
        );
    }
    lost(
        |task| profile(P, &task.profile) + &profile(P + 1, &task.profile),
        |lost| {
            assert_eq!(lost.why, "agent_profiles: 2 rows have the name in name, and a profile is one");
            assert!(lost.advice.starts_with("delete all but one of them in Motion"), "{lost:?}");
        },
    );
}

#[test]
fn a_profile_that_was_found_and_is_deleted_is_not_called_one_that_nobody_made() {
    let act = |task: &Task| profile(P, &task.profile) + &linked(task, P, pair(task, Voice)).concat();
    on_small(TABLES, act, |database, mut played| {
        played.picture.found = played.lesson.found.clone();
        for table in
            ["agent_profiles", "agent_profile_users", "agent_profile_voice_queues", "user_voice_queues"]
        {
            database.sql(&format!("DELETE FROM {table};\n"));
        }
        let (before, catalog) = (proposed(&mut database.connection), database.catalog());
        let changes = looking(database, |database| {
            compare(&mut database.connection, &catalog, &played.picture).expect("changes")
        });
        assert!(changes.iter().all(Changes::is_empty), "{changes:?}");
        let lesson = lesson(&catalog, database.engine(), &played.picture, &changes, &before);
        let lost = lesson.missing.expect("a reason");
        let why = "it was found at the last look, and no row has the name `Motionctl learns 7f3a` any more";
        assert_eq!(lost.why, why);
        assert!(lost.advice.contains("`learn --end --deleted` goes on"), "{lost:?}");
    });
}
