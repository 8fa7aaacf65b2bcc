//! What a plan and an apply say of the running application, and of what to try by hand.
//!
//! Invariant: an effect is told only of what it follows from, with its mark; of what was not done nothing is told.

use super::commands::{file, seed};
use super::people::STAFF;
use super::support::Db;
use crate::support::binary::{Server, motionctl};
use crate::support::said::Said;
use motionctl::seed::map::Map;
use serde_json::{Value, json};

/// The names of the effects of an answer.
fn told(answer: &Said) -> Vec<String> {
    let answer = answer.document();
    let effects = answer["takes_effect"].as_array().into_iter().flatten();
    effects.map(|effect| effect["name"].as_str().unwrap_or_default().to_owned()).collect()
}

#[test]
fn only_effects_of_what_a_plan_changes_are_told() {
    for db in Db::both() {
        let plan = |text: &str| told(&seed(&db, "plan", &file(&db, "m.yaml", text), &["--json"]));
        // What is known better stands first.
        assert_eq!(plan(STAFF), ["next-login", "asterisk-queues", "node-process"]);
        db.apply(STAFF);
        assert_eq!(plan(STAFF), [""; 0], "an empty plan");
        for (text, expected) in [
            (
                "queues: { voice: [{ name: V1, strategy: rrmemory }] }",
                &["asterisk-queues", "node-process"][..],
            ),
            ("queues: { chat: [{ name: C1, timeout: 31 }] }", &["node-process"]),
            ("agents: [{ username: ann, fullname: Ann B }]", &["node-process"]),
            ("profiles: [{ name: Day, description: Early }]", &["next-login", "node-process"]),
            (
                "profiles: [{ name: Day, queues: { voice: [{ name: V1, penalty: 3 }] } }]",
                &["next-login", "node-process"],
            ),
            ("profiles: [{ name: Night, agents: [ann] }]", &["next-login", "node-process"]),
            ("profiles: [{ name: Day, agents: { remove: [ann] } }]", &["next-login", "node-process"]),
            ("profiles: [{ name: Night, absent: true }]", &["next-login", "node-process"]),
        ] {
            assert_eq!(plan(text), expected, "{text}");
        }
    }
}

#[test]
fn an_apply_ends_with_the_effects_and_the_commands_for_a_person() {
    for db in Db::both() {
        let path = file(&db, "m.yaml", STAFF);
        let applied = seed(&db, "apply", &path, &["--yes"]);
        let expected = "Takes effect (motionctl restarts nothing)\n  \
             agents who are logged in keep their queues until their next login or Change Profile (inferred)\n  \
             Asterisk may need to read its queues again (guess)\n    asterisk -rx 'queue reload all'\n  \
             the Node process may hold the old state until it is restarted (guess)\n    pm2 restart motion2\n\n\
             Check by hand\n  log in as ann at https://HOST/user-ui/login: you should see Personal, Day\n\n\
             12 added";
        assert!(applied.stdout.contains(expected), "{}", applied.stdout);
        // What was refused, or was done before, has no effect.
        for (text, code) in [(STAFF, 0), ("profiles: [{ name: Night, absent: true }]", 3)] {
            let answer = seed(&db, "apply", &file(&db, "n.yaml", text), &["--yes", "--json"]);
            assert_eq!((answer.code, told(&answer).len()), (code, 0), "{answer:?}");
            assert_eq!(answer.document()["check_by_hand"], Value::Null);
        }
        let page = db.folder().join("page.html");
        let change = file(&db, "o.yaml", "queues: { voice: [{ name: V1, strategy: rrmemory }] }");
        seed(&db, "plan", &change, &["--html", &page.display().to_string()]);
        let page = std::fs::read_to_string(page).expect("a page");
        assert!(
            page.contains("Asterisk may need to read its queues again (guess)<br><code>asterisk"),
            "{page}"
        );
        assert!(!page.contains("Change Profile"), "{page}");
    }
}

#[test]
fn controls_in_the_texts_of_a_map_are_spelled_out() {
    let [db, _] = Db::both();
    let text = Map::built_in_text()
        .replace("Asterisk may need", "Asterisk\\u001b[2J may need")
        .replace("'queue reload all'", "'queue\\u001b reload all'");
    let map = db.folder().join("other.toml");
    std::fs::write(&map, text).expect("writing");
    let path = file(&db, "m.yaml", STAFF);
    let (url, map, path) = (db.url(), map.display().to_string(), path.display().to_string());
    let plan = motionctl(["seed", "plan", &path, "--db", &url, "--map", &map]);
    assert_eq!(plan.code, 0, "{plan:?}");
    assert!(!plan.stdout.contains('\u{1b}'), "{:?}", plan.stdout);
    assert!(plan.stdout.contains("Asterisk\\u{1b}[2J may need"), "{}", plan.stdout);
    assert!(plan.stdout.contains("'queue\\u{1b} reload all'"), "{}", plan.stdout);
}

#[test]
fn the_check_at_the_login_names_what_one_agent_is_offered() {
    for db in Db::both() {
        let check = |text: &str, more: &[&str]| {
            let all: Vec<&str> = ["--yes", "--json"].iter().chain(more).copied().collect();
            let answer = seed(&db, "apply", &file(&db, "m.yaml", text), &all);
            assert_eq!(answer.code, 0, "{answer:?}");
            answer.document()["check_by_hand"].clone()
        };
        let is = |agent: &str, profiles: &[&str]| json!({ "agent": agent, "profiles": profiles });
        assert_eq!(check(STAFF, &[]), is("ann", &["Personal", "Day"]));
        // Only bob has it, and the other profile, which the manifest does not name.
        assert_eq!(
            check("profiles: [{ name: Night, description: Dark }]", &[]),
            is("bob", &["Personal", "Day", "Night"])
        );
        assert_eq!(
            check("profiles: [{ name: Evening, previous_name: Night }]", &[]),
            is("bob", &["Personal", "Day", "Evening"])
        );
        assert_eq!(
            check("profiles: [{ name: Evening, enabled: false }]", &["--accept", "seed.disable-in-use"]),
            is("bob", &["Personal", "Day"])
        );
        // An admin to whom a link is left over is nobody who could try.
        db.sql("UPDATE users SET role = 'admin' WHERE name = 'ann'");
        assert_eq!(
            check("profiles: [{ name: Day, description: Early }]", &[]),
            is("bob", &["Personal", "Day"])
        );
        // Nobody has the profile; an agent whose row is changed can look.
        let text = "agents: [{ username: bob, fullname: Bobby }]\nprofiles: [{ name: Empty }]";
        assert_eq!(check(text, &[]), is("bob", &["Personal", "Day"]));
        assert_eq!(check("queues: { chat: [{ name: C1, timeout: 31 }] }", &[]), Value::Null);
    }
}

#[test]
fn the_check_names_this_host_where_motion_is_here() {
    let [db, _] = Db::both();
    let server = Server::copy("standalone");
    let root = server.path().display().to_string();
    let applied = seed(&db, "apply", &file(&db, "m.yaml", STAFF), &["--yes", "--json", "--root", &root]);
    assert_eq!(applied.code, 0, "{applied:?}");
    assert_eq!(applied.document()["check_by_hand"]["url"], "https://cc.example.test/user-ui/login");
}
