//! Random databases: an export of each is planned to no changes, and an empty database that it is applied to exports
//! the same bytes.

use super::export::{changes_nothing, everything, exact, exported};
use super::support::Db;
use crate::support::depth::generated;
use motionctl::db::{Connection, Value};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use std::collections::BTreeSet;

/// Texts that mean something to readers of YAML, to servers or to terminals.
fn text() -> impl Strategy<Value = String> {
    let words = [
        "NO", "y", "~", "null", "1001", "0123", "1e3", "12:30", "2024-01-31", "a: b", "a #b", "- a", "'",
        "\"", "\\", "Support", "SUPPORT", "Süpport", "support ", " x", "a\nb", "a\tb", "{a}", "[a]", "&a",
        "*a", "!a", "%a", "@a", "😀", "🎉", "Łódź", "\u{1b}[2J", "\u{202e}x", "\u{feff}x", "a,b", "<<", "=",
        "?", "名前",
    ];
    prop_oneof![
        4 => prop::sample::select(words.to_vec()).prop_map(str::to_owned),
        2 => "[a-zA-Z0-9 _.:#-]{1,12}",
        1 => "\\PC{1,8}",
        1 => prop::collection::vec(any::<char>(), 1..6).prop_map(|chars| chars.into_iter().filter(|c| *c != '\0').collect()),
    ]
}

fn name() -> impl Strategy<Value = String> {
    text().prop_filter("names are not blank", |text| !text.trim().is_empty())
}

#[derive(Debug, Clone)]
struct Queue {
    name: String,
    strategy: String,
    description: Option<String>,
    format: Option<String>,
    dial: Option<bool>,
}

#[derive(Debug, Clone)]
struct Random {
    voice: Vec<Queue>,
    chat: Vec<(String, Option<u8>, Option<String>)>,
    agents: Vec<(String, String, Option<String>)>,
    profiles: Vec<(String, bool, Option<String>)>,
    agent_links: BTreeSet<(usize, usize)>,
    voice_links: BTreeSet<(usize, usize)>,
    penalties: Vec<u8>,
    chat_links: BTreeSet<(usize, usize)>,
    personal: BTreeSet<(usize, usize)>,
}

fn random() -> impl Strategy<Value = Random> {
    let queue =
        (name(), name(), prop::option::of(text()), prop::option::of(text()), prop::option::of(any::<bool>()));
    let queue = queue.prop_map(|(name, strategy, description, format, dial)| Queue {
        name,
        strategy,
        description,
        format,
        dial,
    });
    let pairs = || prop::collection::btree_set((0..4_usize, 0..4_usize), 0..10);
    (
        prop::collection::vec(queue, 0..4),
        prop::collection::vec((name(), prop::option::of(any::<u8>()), prop::option::of(text())), 0..4),
        prop::collection::vec(("[a-zA-Z0-9._]{1,6}", name(), prop::option::of(name())), 0..4),
        prop::collection::vec((name(), any::<bool>(), prop::option::of(text())), 0..4),
        (pairs(), pairs(), prop::collection::vec(any::<u8>(), 16), pairs(), pairs()),
    )
        .prop_map(
            |(voice, chat, agents, profiles, (agent_links, voice_links, penalties, chat_links, personal))| {
                Random {
                    voice,
                    chat,
                    agents,
                    profiles,
                    agent_links,
                    voice_links,
                    penalties,
                    chat_links,
                    personal,
                }
            },
        )
}

const TIMES: &str = "createdAt, updatedAt";

/// Inserts a row; one that the server calls a duplicate is left out.
fn insert(conn: &mut Connection, table: &str, columns: &str, mut values: Vec<Value>) {
    values.extend(["2026-01-01 00:00:00", "2026-01-01 00:00:00"].map(Value::from));
    let marks = vec!["?"; values.len()].join(", ");
    drop(conn.change(&format!("INSERT INTO {table} ({columns}, {TIMES}) VALUES ({marks})"), &values));
}

fn fill(db: &Db, random: &Random) {
    let conn = &mut db.connect();
    let text = |text: &Option<String>| Value::from(text.as_deref().map(str::to_owned));
    for (id, queue) in (1_i64..).zip(&random.voice) {
        let values = vec![
            id.into(),
            queue.name.as_str().into(),
            queue.strategy.as_str().into(),
            "inbound".into(),
            text(&queue.description),
            text(&queue.format),
            queue.dial.map(i64::from).into(),
        ];
        insert(
            conn,
            "voice_queues",
            "id, name, strategy, type, description, monitor_format, dialActive",
            values,
        );
    }
    for (id, (name, weight, description)) in (1_i64..).zip(&random.chat) {
        let weight = weight.map_or(0, i64::from);
        let values = vec![
            id.into(),
            name.as_str().into(),
            "beepall".into(),
            30_i64.into(),
            weight.into(),
            text(description),
        ];
        insert(conn, "chat_queues", "id, name, strategy, timeout, weight, description", values);
    }
    for (id, (name, fullname, email)) in (1_i64..).zip(&random.agents) {
        // A full name that is the number is refused in a new agent.
        let internal = format!("x{id}");
        let values = vec![
            id.into(),
            name.as_str().into(),
            fullname.as_str().into(),
            text(email),
            internal.into(),
            "agent".into(),
        ];
        insert(conn, "users", "id, name, fullname, email, internal, role", values);
    }
    for (id, (name, enabled, description)) in (1_i64..).zip(&random.profiles) {
        let values = vec![id.into(), name.as_str().into(), i64::from(*enabled).into(), text(description)];
        insert(conn, "agent_profiles", "id, name, enabled, description", values);
    }
    link(conn, random);
}

fn link(conn: &mut Connection, random: &Random) {
    let pair =
        |(one, other): &(usize, usize)| vec![Value::from(*one as i64 + 1), Value::from(*other as i64 + 1)];
    let links = [
        (&random.agent_links, "agent_profile_has_users", "AgentProfileId, UserId"),
        (&random.chat_links, "agent_profile_has_chat_queues", "AgentProfileId, ChatQueueId"),
        (&random.personal, "user_has_voice_queues", "UserId, VoiceQueueId"),
    ];
    for (pairs, table, columns) in links {
        pairs.iter().for_each(|link| insert(conn, table, columns, pair(link)));
    }
    for (link, penalty) in random.voice_links.iter().zip(&random.penalties) {
        let mut values = pair(link);
        values.push(i64::from(*penalty).into());
        insert(conn, "agent_profile_has_voice_queues", "AgentProfileId, VoiceQueueId, penalty", values);
    }
}

fn empty(db: &Db) {
    let links =
        ["agent_profile_has_users", "agent_profile_has_chat_queues", "agent_profile_has_voice_queues"];
    let rows = ["user_has_voice_queues", "agent_profiles", "users", "voice_queues", "chat_queues"];
    for table in links.iter().chain(&rows) {
        db.sql(&format!("DELETE FROM {table}"));
    }
}

/// Without what was left out, which the second database never had.
fn without_comments(text: &str) -> String {
    text.lines().filter(|line| !line.starts_with('#')).fold(String::new(), |all, line| all + line + "\n")
}

fn check([db, second]: [Db; 2], config: Config) {
    let config = Config { max_shrink_iters: 256, ..config };
    let cases = config.cases;
    let filled = std::cell::Cell::new(0);
    let answer = TestRunner::new(config).run(&random(), |random| {
        empty(&db);
        empty(&second);
        fill(&db, &random);
        let text = exported(&db, &everything());
        changes_nothing(&db, &text);
        second.apply(&text);
        prop_assert_eq!(without_comments(&exported(&second, &everything())), without_comments(&text));
        let text = exported(&db, &exact());
        changes_nothing(&db, &text);
        filled.set(filled.get() + text.matches("penalty").count() + text.matches("username").count());
        Ok(())
    });
    if let Err(error) = answer {
        panic!("{error}");
    }
    assert!(filled.get() > cases as usize, "the databases are empty");
}

fn two(make: impl Fn() -> Db) -> [Db; 2] {
    [make(), make()]
}

#[test]
fn every_sqlite_database_comes_back() {
    check(two(Db::in_file), generated("seed, SQLite and back", 24, 384));
}

#[test]
fn every_mariadb_database_comes_back() {
    check(two(Db::on_server), generated("seed, MariaDB and back", 12, 192));
}
