//! `learn` beside tables that keep a record of every step under a name that does not say so.
//!
//! Invariant: as in [`learn`](super::learn); no name here is one of a journal, so that only the rows tell.

use super::learn::{P, pair};
use super::learn_traps::{PROFILES, in_cfg, on_small};
use super::shapes::links;
use motionctl::seed::Channel::Voice;
use motionctl::seed::discover::Grade;
use motionctl::seed::learn::Task;
use motionctl::seed::map::LinkKind::{Personal, ProfileAgents, ProfileQueues};

#[test]
fn a_column_with_ids_of_two_things_speaks_against_a_table() {
    let tables = PROFILES.to_owned()
        + "CREATE TABLE cfg_10 (id INTEGER NOT NULL PRIMARY KEY AUTO_INCREMENT, a INTEGER NOT NULL, b INTEGER NOT NULL);\n\
           CREATE TABLE cfg_11 (a INTEGER NOT NULL, b INTEGER NOT NULL, w INTEGER);\n\
           CREATE TABLE cfg_12 (a INTEGER NOT NULL, b INTEGER NOT NULL);\n\
           CREATE TABLE cfg_13 (id INTEGER NOT NULL PRIMARY KEY AUTO_INCREMENT, who INTEGER, a INTEGER, b INTEGER);\n";
    let act = |task: &Task| {
        let ((voice, personal), a) = (pair(task, Voice), task.agent.id);
        format!(
            "{}INSERT INTO cfg_10 (a, b) VALUES ({a}, {P});\nINSERT INTO cfg_11 VALUES ({P}, {voice}, {});\n\
             INSERT INTO cfg_12 VALUES ({personal}, {a});\n\
             INSERT INTO cfg_13 (who, a, b) VALUES (1, {P}, {a}), (1, {P}, {voice}), (1, {a}, {personal});\n",
            in_cfg(task),
            task.penalty
        )
    };
    on_small(&tables, act, |_, played| {
        let expected = [
            (ProfileAgents, "cfg_10 b>a".to_owned()),
            (ProfileQueues(Voice), "cfg_11 a>b +w".to_owned()),
            (Personal(Voice), "cfg_12 b>a".to_owned()),
        ];
        assert_eq!(links(&played.map()), expected, "{}", played.text());
    });
}

#[test]
fn of_tables_that_look_alike_the_one_that_got_rows_for_every_step_is_the_record() {
    let tables = PROFILES.to_owned()
        + "CREATE TABLE prof_agents (profile_id INTEGER NOT NULL, user_id INTEGER NOT NULL);\n\
           CREATE TABLE prof_queues (profile_id INTEGER NOT NULL, queue_id INTEGER NOT NULL);\n\
           CREATE TABLE usr_queues (user_id INTEGER NOT NULL, queue_id INTEGER NOT NULL);\n\
           CREATE TABLE made (profile_id INTEGER, user_id INTEGER, queue_id INTEGER);\n";
    let act = |task: &Task| {
        let ((voice, personal), a) = (pair(task, Voice), task.agent.id);
        format!(
            "{}INSERT INTO prof_agents VALUES ({P}, {a});\nINSERT INTO prof_queues VALUES ({P}, {voice});\n\
             INSERT INTO usr_queues VALUES ({a}, {personal});\n\
             INSERT INTO made VALUES ({P}, {a}, NULL), ({P}, NULL, {voice}), (NULL, {a}, {personal});\n",
            in_cfg(task)
        )
    };
    on_small(&tables, act, |_, played| {
        let expected = [
            (ProfileAgents, "prof_agents profile_id>user_id".to_owned()),
            (ProfileQueues(Voice), "prof_queues profile_id>queue_id".to_owned()),
            (Personal(Voice), "usr_queues user_id>queue_id".to_owned()),
        ];
        assert_eq!(links(&played.map()), expected, "{}", played.text());
        assert!(
            played.text().contains("; made got such a row, too, with less that speaks for it"),
            "{}",
            played.text()
        );
    });
}

#[test]
fn a_column_for_the_other_owner_that_motion_left_empty_speaks_for_a_table() {
    let tables = PROFILES.to_owned()
        + "CREATE TABLE prof_agents (profile_id INTEGER NOT NULL, user_id INTEGER NOT NULL);\n\
           CREATE TABLE all_queues (profile_id INTEGER, user_id INTEGER, queue_id INTEGER NOT NULL);\n\
           CREATE TABLE seen_queues (user_id INTEGER NOT NULL, queue_id INTEGER NOT NULL);\n";
    let act = |task: &Task| {
        let ((voice, personal), a) = (pair(task, Voice), task.agent.id);
        format!(
            "{}INSERT INTO prof_agents VALUES ({P}, {a});\n\
             INSERT INTO all_queues VALUES ({P}, NULL, {voice}), (NULL, {a}, {personal});\n\
             INSERT INTO seen_queues VALUES ({a}, {personal});\n",
            in_cfg(task)
        )
    };
    on_small(&tables, act, |_, played| {
        let expected = [
            (ProfileAgents, "prof_agents profile_id>user_id".to_owned()),
            (ProfileQueues(Voice), "all_queues profile_id>queue_id user_id=NULL".to_owned()),
            (Personal(Voice), "all_queues user_id>queue_id profile_id=NULL".to_owned()),
        ];
        assert_eq!(links(&played.map()), expected, "{}", played.text());
        assert_eq!(played.grade("links.personal.voice"), Grade::Likely, "{}", played.text());
        assert_eq!(played.grade("links.profile_agents"), Grade::Learned, "{}", played.text());
    });
}

#[test]
fn where_all_links_are_in_one_table_it_is_taken_though_a_column_holds_two_things() {
    let tables = PROFILES.to_owned()
        + "CREATE TABLE ties (kind CHAR(2) NOT NULL, holder INTEGER NOT NULL, item INTEGER NOT NULL, \
           PRIMARY KEY (kind, holder, item));\n";
    let act = |task: &Task| {
        let ((voice, personal), a) = (pair(task, Voice), task.agent.id);
        format!(
            "{}INSERT INTO ties VALUES ('pa', {P}, {a}), ('pq', {P}, {voice}), ('uq', {a}, {personal});\n",
            in_cfg(task)
        )
    };
    on_small(&tables, act, |_, played| {
        let expected = [
            (ProfileAgents, "ties holder>item kind=\"pa\"".to_owned()),
            (ProfileQueues(Voice), "ties holder>item kind=\"pq\"".to_owned()),
            (Personal(Voice), "ties holder>item kind=\"uq\"".to_owned()),
        ];
        assert_eq!(links(&played.map()), expected, "{}", played.text());
    });
}
