//! What the login offers, narrowed to profiles and queues, for two thousand agents, and in a spreadsheet.

use super::access::lines;
use super::commands::file;
use super::suggestions::questions;
use super::support::Db;
use crate::support::binary::motionctl;
use crate::support::said::Said;
use motionctl::outcome::FailureKind;
use motionctl::seed::access::{Asked, State};
use serde_json::json;
use std::fmt::Write;

const STAFF: &str = "
queues:
  voice: [{ name: Support, strategy: ringall, type: inbound }, { name: Sales, strategy: ringall, type: inbound }]
  chat: [{ name: Support, strategy: beepall, timeout: 30 }]
agents:
  - { username: ann, fullname: Ann A, internal: '1', personal: { chat: [Support] } }
  - { username: bob, fullname: Bob B, internal: '2' }
  - { username: cid, fullname: Cid C, internal: '3' }
profiles:
  - { name: Day, agents: [ann, bob], queues: { voice: [{ name: Support, penalty: 2 }, Sales] } }
  - { name: Night, enabled: false, agents: [bob], queues: { voice: [Support] } }
  - { name: Quiet, agents: [ann, cid] }
";
/// More agents than anybody names one by one.
const MANY: usize = 2_000;

fn asked(agents: &[&str], profiles: &[&str], queues: &[&str]) -> Asked {
    let names = |names: &[&str]| names.iter().map(|name| (*name).into()).collect();
    Asked { agents: names(agents), profiles: names(profiles), queues: names(queues) }
}

fn answer(db: &Db, asked: &Asked) -> Vec<String> {
    let found = db.session().access(asked, State::Present);
    lines(&found.unwrap_or_else(|failure| panic!("{failure}")).agents)
}

fn command(db: &Db, more: &[&str]) -> Said {
    let mut arguments = ["seed", "access", "--db", &db.url()].map(str::to_owned).to_vec();
    if db.is_server() {
        arguments.extend(["--map".to_owned(), db.map_file().display().to_string()]);
    }
    arguments.extend(more.iter().map(ToString::to_string));
    motionctl(arguments)
}

#[test]
fn names_of_profiles_and_queues_narrow_the_answer_together() {
    for db in Db::staffed(STAFF) {
        let check = |of: [&[&str]; 3], expect: &[&str]| {
            let asked = asked(of[0], of[1], of[2]);
            assert_eq!(answer(&db, &asked), expect, "{asked:?}");
        };
        let day_of_ann = "ann: Day → Sales, Support, Support";
        check([&[], &["day"], &[]], &[day_of_ann, "bob: Day → Sales, Support"]);
        check([&["ann"], &["Day"], &[]], &[day_of_ann]);
        check([&["cid"], &["Day"], &[]], &[]);
        check([&[], &["Night"], &[]], &["bob: not Night"]);
        // What is disabled serves no queue; what is personal is served in every profile.
        check([&[], &["Night"], &["Support"]], &[]);
        check([&[], &["Quiet"], &["Support"]], &["ann: Quiet → Support"]);
        check([&[], &[], &["SALES"]], &["ann: Day → Sales", "bob: Day → Sales"]);
        check(
            [&[], &[], &["Support"]],
            &[
                "ann: Personal → Support",
                "ann: Day → Support, Support",
                "ann: Quiet → Support",
                "bob: Day → Support",
            ],
        );
        check(
            [&[], &["Day", "Quiet"], &["Sales", "Support"]],
            &[day_of_ann, "ann: Quiet → Support", "bob: Day → Sales, Support"],
        );
    }
}

#[test]
fn the_answer_says_what_it_was_narrowed_to() {
    for db in Db::staffed(STAFF) {
        let check = |more: &[&str], verdict: &str| {
            let answer = command(&db, more);
            assert_eq!(answer.code, 0, "{answer:?}");
            let first = answer.stdout.lines().next().unwrap_or_default();
            assert_eq!(first, format!("seed access: {verdict}"));
        };
        check(&[], "3 agents");
        check(&["--profile", "Quiet"], "2 agents, only the profile `Quiet`");
        check(
            &["--profile", "Quiet", "--profile", "Day", "--queue", "Sales"],
            "2 agents, only the profiles `Quiet`, `Day`, only the queue `Sales`",
        );
        check(&["cid", "--queue", "Sales"], "no agents, only the queue `Sales`");
        let document = command(&db, &["--queue", "Sales", "--json"]).document();
        let (details, queues) = (
            &document["details"],
            json!([{ "channel": "voice", "name": "Sales", "inherited": false, "penalty": 0 }]),
        );
        assert_eq!(details["only"], json!({ "profiles": [], "queues": ["Sales"] }));
        let profiles = json!([{ "name": "Day", "personal": false, "queues": queues }]);
        assert_eq!(details["agents"][0], json!({ "agent": "ann", "profiles": profiles, "disabled": [] }));
        assert_eq!(command(&db, &["--json"]).document()["details"].get("only"), None);
    }
}

#[test]
fn a_name_that_no_profile_or_queue_has_is_65_with_what_was_meant() {
    for db in Db::staffed(STAFF) {
        let check = |asked: Asked, message: &str, hint: &str| {
            let failure = db.session().access(&asked, State::Present).expect_err("an unknown name");
            assert_eq!(failure.kind, FailureKind::Invalid);
            assert_eq!(
                (failure.message.as_str(), failure.hint.as_deref().unwrap_or_default()),
                (message, hint)
            );
        };
        check(asked(&[], &["Nightx"], &[]), "there is no profile `Nightx`", "did you mean `Night`?");
        check(asked(&[], &[], &["Suport"]), "there is no queue `Suport`", "did you mean `Support`?");
        check(asked(&[], &["Day"], &["Sale"]), "there is no queue `Sale`", "did you mean `Sales`?");
        check(asked(&["an"], &["Day"], &[]), "there is no agent `an`", "did you mean `ann`?");
        let lists = "`motionctl seed export` lists all that there are";
        check(asked(&[], &["ann"], &[]), "there is no profile `ann`", lists);
        assert_eq!(command(&db, &["--profile", "Nightx"]).code, 65);
        // What a manifest makes or takes away is there or not.
        let next =
            file(&db, "next.yaml", "profiles: [{ name: Late, agents: [cid] }, { name: Day, absent: true }]");
        let with = ["--with", next.to_str().expect("text")];
        assert_eq!(command(&db, &[&["--profile", "Late"], &with[..]].concat()).code, 0);
        let gone = command(&db, &[&["--profile", "Day"], &with[..]].concat());
        assert_eq!(gone.code, 65, "{gone:?}");
        assert!(format!("{gone:?}").contains("were applied"), "{gone:?}");
    }
}

#[test]
fn the_table_has_a_row_for_each_agent_profile_and_queue() {
    for db in Db::staffed(STAFF) {
        db.sql("UPDATE agent_profiles SET name = '=Day' WHERE name = 'Day'; UPDATE users SET name = '@cid' WHERE name = 'cid'");
        let answer = command(&db, &["--csv"]);
        assert_eq!(answer.code, 0, "{answer:?}");
        let expect = [
            "agent,profile,personal,offered,channel,queue,penalty,inherited",
            "'@cid,Personal,yes,yes,,,,",
            "'@cid,Quiet,no,yes,,,,",
            "ann,Personal,yes,yes,chat,Support,,no",
            "ann,'=Day,no,yes,voice,Sales,0,no",
            "ann,'=Day,no,yes,voice,Support,2,no",
            "ann,'=Day,no,yes,chat,Support,,yes",
            "ann,Quiet,no,yes,chat,Support,,yes",
            "bob,Personal,yes,yes,,,,",
            "bob,'=Day,no,yes,voice,Sales,0,no",
            "bob,'=Day,no,yes,voice,Support,2,no",
            "bob,Night,no,no,,,,",
        ];
        assert_eq!(answer.stdout.lines().collect::<Vec<_>>(), expect);
        assert!(answer.stdout.lines().count() == answer.stdout.matches("\r\n").count(), "{answer:?}");
        assert!(answer.stderr.contains("3 agents"), "{answer:?}");
        let narrow = command(&db, &["--csv", "--queue", "Support", "--profile", "Quiet"]);
        assert_eq!(narrow.stdout.lines().skip(1).collect::<Vec<_>>(), [expect[7]]);
        assert!(command(&db, &["--csv", "--json"]).document()["details"]["text"].is_string());
    }
}

/// Agents with three of forty profiles each, five of twenty queues in each of these, and one of their own.
fn crowd(db: &Db, count: usize) {
    let insert = |table: &str, columns: &str, rows: &mut dyn Iterator<Item = String>| {
        let rows: Vec<String> = rows.collect();
        for chunk in rows.chunks(500) {
            db.sql(&format!("INSERT INTO {table} ({columns}) VALUES {}", chunk.join(", ")));
        }
    };
    let (time, times) = ("'2026-01-01', '2026-01-01'", "createdAt, updatedAt");
    let agent = |id| format!("({id}, 'agent{id}', 'Agent {id}', '{id}', 'agent', {time})");
    insert("users", &format!("id, name, fullname, internal, role, {times}"), &mut (1..=count).map(agent));
    let profile = |id| format!("({id}, 'Profile {id}', 1, {time})");
    insert("agent_profiles", &format!("id, name, enabled, {times}"), &mut (1..=40).map(profile));
    let queue = |id| format!("({id}, 'Queue {id}', 'beepall', 30, {time})");
    insert("chat_queues", &format!("id, name, strategy, timeout, {times}"), &mut (1..=20).map(queue));
    let pair = |one: usize, other: usize| format!("({one}, {other}, {time})");
    let has = |columns: &str| format!("{columns}, {times}");
    let mut of_agents = (1..=count).flat_map(|id| (0..3).map(move |n| pair(1 + (id + n * 7) % 40, id)));
    insert("agent_profile_has_users", &has("AgentProfileId, UserId"), &mut of_agents);
    let mut of_queues = (1..=40).flat_map(|id| (0..5).map(move |n| pair(id, 1 + (id + n * 3) % 20)));
    insert("agent_profile_has_chat_queues", &has("AgentProfileId, ChatQueueId"), &mut of_queues);
    let mut own = (1..=count).map(|id| pair(id, 1 + id % 20));
    insert("user_has_chat_queues", &has("UserId, ChatQueueId"), &mut own);
}

#[test]
fn two_thousand_agents_cost_no_statement_each() {
    for db in Db::both() {
        crowd(&db, MANY);
        let everybody = command(&db, &["--csv"]);
        assert_eq!(everybody.code, 0, "{}", everybody.stderr);
        // The Personal Profile with its queue, and three profiles with five and what is inherited.
        let rows = everybody.stdout.lines().count() - 1;
        assert!((MANY * 16..=MANY * 19).contains(&rows), "{rows} rows");
        let mut names = String::new();
        (1..=MANY).for_each(|id| write!(names, "agent{id} ").expect("a string"));
        let of_profile = asked(&[], &["Profile 8"], &["Queue 9", "Queue 12"]);
        assert_eq!(
            db.session().access(&of_profile, State::Present).expect("an answer").agents.len(),
            MANY * 3 / 40
        );
        let named = asked(&names.split_whitespace().collect::<Vec<_>>(), &[], &[]);
        assert_eq!(db.session().access(&named, State::Present).expect("an answer").agents.len(), MANY);
        if db.is_server() {
            let cost = |asked: &Asked| {
                questions(&mut db.session(), |session| {
                    drop(session.access(asked, State::Present).expect("an answer"))
                })
            };
            let all = cost(&Asked::default());
            // Names are looked up by the hundred.
            assert!(cost(&named) <= all + 30, "{} and {all}", cost(&named));
            let links = ["agent_profile_has_users", "user_has_chat_queues"];
            links.iter().for_each(|table| db.sql(&format!("DELETE FROM {table} WHERE UserId > 20")));
            db.sql("DELETE FROM users WHERE id > 20");
            assert_eq!(cost(&Asked::default()), all, "as many for twenty agents as for two thousand");
        }
    }
}
