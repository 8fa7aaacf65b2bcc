//! Random databases and random manifests: after an apply nothing is left to do, and what is there is what a simple
//! model says; after its undo all rows are as before it.

use super::support::{Db, manifest, shown};
use crate::support::depth::generated;
use motionctl::outcome::Failure;
use motionctl::seed::apply::Advisory;
use motionctl::seed::snapshot::Unnamed;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

const AGENTS: [&str; 5] = ["ann", "bob", "cid", "dan", "eve"];
const QUEUES: [&str; 4] = ["V0", "V1", "V2", "V3"];
const PROFILES: [&str; 5] = ["P0", "P1", "P2", "P3", "P4"];

/// One list of links: members with a penalty or none, and those removed.
#[derive(Debug, Clone)]
struct List {
    exact: bool,
    members: BTreeMap<usize, Option<u32>>,
    remove: BTreeSet<usize>,
}

#[derive(Debug, Clone)]
struct Wish {
    previous: Option<usize>,
    absent: bool,
    enabled: Option<bool>,
    agents: Option<List>,
    voice: Option<List>,
}

/// A profile as it should be.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Profile {
    enabled: bool,
    agents: BTreeSet<usize>,
    voice: BTreeMap<usize, u32>,
}

type Model = BTreeMap<usize, Profile>;

fn list(most: usize) -> impl Strategy<Value = Option<List>> {
    let members = proptest::collection::btree_map(0..most, proptest::option::of(0..3_u32), 0..=most);
    let remove = proptest::collection::btree_set(0..most, 0..=2);
    proptest::option::of((any::<bool>(), members, remove).prop_map(|(exact, members, mut remove)| {
        remove.retain(|index| !exact && !members.contains_key(index));
        List { exact, members, remove }
    }))
}

fn wishes() -> impl Strategy<Value = BTreeMap<usize, Wish>> {
    let wish = (
        proptest::option::weighted(0.3, 0..PROFILES.len()),
        proptest::bool::weighted(0.15),
        proptest::option::of(any::<bool>()),
        list(AGENTS.len()),
        list(QUEUES.len()),
    );
    let wish = wish.prop_map(|(previous, absent, enabled, agents, voice)| Wish {
        previous,
        absent,
        enabled,
        agents,
        voice,
    });
    proptest::collection::btree_map(0..PROFILES.len(), wish, 0..=PROFILES.len())
}

/// Without renames that the rules forbid, or that the state makes a stop.
fn sensible(mut wishes: BTreeMap<usize, Wish>, model: &Model) -> BTreeMap<usize, Wish> {
    let names: BTreeSet<usize> = wishes.keys().copied().collect();
    let mut taken = BTreeSet::new();
    for (name, wish) in &mut wishes {
        wish.previous = wish.previous.filter(|previous| {
            let both = model.contains_key(previous) && model.contains_key(name);
            let forbidden = names.contains(previous) || wish.absent || both;
            !forbidden && taken.insert(*previous)
        });
    }
    wishes
}

fn text(wishes: &BTreeMap<usize, Wish>) -> String {
    let mut text = String::from("profiles:");
    for (name, wish) in wishes {
        write!(text, "\n  - name: {}", PROFILES[*name]).unwrap();
        if wish.absent {
            text.push_str("\n    absent: true");
            continue;
        }
        if let Some(previous) = wish.previous {
            write!(text, "\n    previous_name: {}", PROFILES[previous]).unwrap();
        }
        if let Some(enabled) = wish.enabled {
            write!(text, "\n    enabled: {enabled}").unwrap();
        }
        if let Some(agents) = &wish.agents {
            write!(text, "\n    agents: {}", list_text(agents, &AGENTS, false)).unwrap();
        }
        if let Some(voice) = &wish.voice {
            write!(text, "\n    queues: {{ voice: {} }}", list_text(voice, &QUEUES, true)).unwrap();
        }
    }
    if wishes.is_empty() { "profiles: []".to_owned() } else { text }
}

fn list_text(list: &List, names: &[&str], penalties: bool) -> String {
    let member = |(index, penalty): (&usize, &Option<u32>)| match penalty.filter(|_| penalties) {
        Some(penalty) => format!("{{ name: {}, penalty: {penalty} }}", names[*index]),
        None => names[*index].to_owned(),
    };
    let members = list.members.iter().map(member).collect::<Vec<_>>().join(", ");
    let remove = list.remove.iter().map(|index| names[*index]).collect::<Vec<_>>().join(", ");
    if list.exact {
        format!("{{ mode: exact, members: [{members}], allow_empty: true }}")
    } else {
        format!("{{ members: [{members}], remove: [{remove}] }}")
    }
}

/// The rules again, in the plainest words.
fn expected(mut model: Model, wishes: &BTreeMap<usize, Wish>, unnamed: Unnamed) -> Model {
    if unnamed == Unnamed::Go {
        model.retain(|name, _| {
            wishes.contains_key(name) || wishes.values().any(|wish| wish.previous == Some(*name))
        });
    }
    for (name, wish) in wishes {
        if wish.absent {
            model.remove(name);
            continue;
        }
        if let Some(old) = wish.previous.and_then(|previous| model.remove(&previous)) {
            model.insert(*name, old);
        }
        let new = || Profile { enabled: true, agents: BTreeSet::new(), voice: BTreeMap::new() };
        let profile = model.entry(*name).or_insert_with(new);
        profile.enabled = wish.enabled.unwrap_or(profile.enabled);
        if let Some(list) = &wish.agents {
            if list.exact {
                profile.agents.clear();
            }
            profile.agents.extend(list.members.keys());
            profile.agents.retain(|agent| !list.remove.contains(agent));
        }
        if let Some(list) = &wish.voice {
            let before = profile.voice.clone();
            if list.exact {
                profile.voice.clear();
            }
            for (queue, penalty) in &list.members {
                let penalty = penalty.or_else(|| before.get(queue).copied()).unwrap_or(0);
                profile.voice.insert(*queue, penalty);
            }
            profile.voice.retain(|queue, _| !list.remove.contains(queue));
        }
    }
    model
}

fn dump(model: &Model) -> Vec<String> {
    let mut lines = Vec::new();
    for (name, profile) in model {
        lines.push(format!("profile {}|{}", PROFILES[*name], u8::from(profile.enabled)));
    }
    for (name, profile) in model {
        lines.extend(
            profile.agents.iter().map(|agent| format!("agent {}|{}", PROFILES[*name], AGENTS[*agent])),
        );
    }
    for (name, profile) in model {
        let queues = profile.voice.iter();
        lines.extend(
            queues.map(|(queue, penalty)| format!("queue {}|{}|{penalty}", PROFILES[*name], QUEUES[*queue])),
        );
    }
    lines
}

/// Where a database has what the model speaks of.
pub struct Tables {
    /// Names of profiles, and whether they are enabled.
    pub profiles: &'static str,
    /// Names of profiles and their agents.
    pub agents: &'static str,
    /// Names of profiles and their voice queues, with the penalty.
    pub queues: &'static str,
    /// Removes all of these.
    pub clear: &'static str,
    /// What no manifest here speaks of.
    pub others: &'static str,
}

/// The embedded schema.
const EMBEDDED: Tables = Tables {
    profiles: "SELECT name, enabled FROM agent_profiles ORDER BY name",
    agents: "SELECT p.name, u.name FROM agent_profile_has_users l JOIN agent_profiles p ON p.id = AgentProfileId JOIN users u ON u.id = UserId ORDER BY p.name, u.name",
    queues: "SELECT p.name, q.name, penalty FROM agent_profile_has_voice_queues l JOIN agent_profiles p ON p.id = AgentProfileId JOIN voice_queues q ON q.id = VoiceQueueId ORDER BY p.name, q.name",
    clear: "DELETE FROM agent_profile_has_users; DELETE FROM agent_profile_has_voice_queues; DELETE FROM agent_profiles",
    others: "SELECT UserId, VoiceQueueId, 'voice', createdAt, updatedAt FROM user_has_voice_queues UNION ALL \
             SELECT UserId, ChatQueueId, 'chat', createdAt, updatedAt FROM user_has_chat_queues ORDER BY 3, 1, 2",
};

fn found(db: &Db, tables: &Tables) -> Vec<String> {
    let Tables { profiles, agents, queues, .. } = tables;
    let all = [("profile", profiles), ("agent", agents), ("queue", queues)];
    let rows =
        all.iter().flat_map(|(what, sql)| db.rows(sql).into_iter().map(move |row| format!("{what} {row}")));
    rows.collect()
}

/// Agents with each queue as a personal one, and queues of two channels: their ids are the same.
fn staff() -> String {
    let mut text = String::from("queues:");
    let voice = QUEUES.map(|name| format!("{{ name: {name}, strategy: linear, type: inbound }}")).join(", ");
    let chat = QUEUES.map(|name| format!("{{ name: {name}, strategy: beepall, timeout: 30 }}")).join(", ");
    write!(text, "\n  voice: [{voice}]\n  chat: [{chat}]\nagents:").unwrap();
    let queues = QUEUES.join(", ");
    for (index, agent) in AGENTS.iter().enumerate() {
        write!(text, "\n  - {{ username: {agent}, fullname: Agent {agent}, internal: '{index}', ").unwrap();
        write!(text, "personal: {{ voice: [{queues}], chat: [{queues}] }} }}").unwrap();
    }
    text
}

/// Runs generated cases in a database without profiles.
pub fn check(db: &Db, tables: &Tables, config: Config) {
    db.apply(&staff());
    let others = db.rows(tables.others);
    assert_eq!(others.len(), 2 * AGENTS.len() * QUEUES.len());
    let config = Config { max_shrink_iters: 64, ..config };
    let runs = proptest::collection::vec((wishes(), any::<bool>()), 1..4);
    let answer = TestRunner::new(config).run(&runs, |runs| {
        db.sql(tables.clear);
        let mut model = Model::new();
        for (wishes, prune) in runs {
            let unnamed = if prune { Unnamed::Go } else { Unnamed::Stay };
            let wishes = sensible(wishes, &model);
            let text = text(&wishes);
            model = expected(model, &wishes, unnamed);
            let wanted = manifest(&text);
            let planned = db.session().plan(&wanted, unnamed).map_err(|failure| failed(&failure, &text))?;
            let before = db.everything();
            let run = db.apply_and_keep(&text, unnamed).map_err(|failure| failed(&failure, &text))?;
            db.undo(&run).map_err(|failure| failed(&failure, &format!("undo of\n{text}")))?;
            prop_assert_eq!(db.everything(), before, "after the undo of\n{}", text);
            let applied = db.carry_out(&wanted, unnamed, &planned, Advisory::Left, &mut |_| Ok(()));
            applied.map_err(|failure| failed(&Failure::from(failure), &text))?;
            prop_assert_eq!(found(db, tables), dump(&model), "after\n{}", text);
            prop_assert_eq!(&db.rows(tables.others), &others, "after\n{}", text);
            let again = db.session().plan(&wanted, unnamed).map_err(|failure| failed(&failure, &text))?;
            prop_assert!(again.plan.is_empty(), "{:?} after\n{}", shown(&again), text);
        }
        Ok(())
    });
    if let Err(error) = answer {
        panic!("{error}");
    }
}

fn failed(failure: &Failure, text: &str) -> TestCaseError {
    TestCaseError::fail(format!("{failure}: {:?}\n{text}", failure.problems))
}

#[test]
fn after_an_apply_nothing_is_left_on_sqlite() {
    check(&Db::in_file(), &EMBEDDED, generated("seed, applies to SQLite", 16, 256));
}

#[test]
fn after_an_apply_nothing_is_left_on_mariadb() {
    check(&Db::on_server(), &EMBEDDED, generated("seed, applies to MariaDB", 12, 192));
}
