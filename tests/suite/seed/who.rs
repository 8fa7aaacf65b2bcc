//! `seed who`: who uses a queue or has a profile.

use super::commands::file;
use super::support::{Db, manifest};
use crate::support::binary::motionctl;
use crate::support::said::Said;
use motionctl::seed::access::{Road, State};
use serde_json::json;

const STAFF: &str = "
queues:
  voice: [{ name: Support, strategy: ringall, type: inbound }, { name: Unused, strategy: ringall, type: inbound }]
  chat: [{ name: Support, strategy: beepall, timeout: 30 }]
agents:
  - { username: ann, fullname: Ann A, internal: '1', personal: { chat: [Support] } }
  - { username: bob, fullname: Bob B, internal: '2' }
  - { username: cid, fullname: Cid C, internal: '3' }
profiles:
  - { name: Day, agents: [ann, bob], queues: { voice: [{ name: Support, penalty: 2 }], chat: [Support] } }
  - { name: Night, enabled: false, agents: [bob], queues: { voice: [Support] } }
  - { name: Empty, queues: { chat: [Support] } }
";

fn who(db: &Db, name: &str, more: &[&str]) -> Said {
    let mut arguments =
        vec!["seed".to_owned(), "who".to_owned(), name.to_owned(), "--db".to_owned(), db.url()];
    if db.is_server() {
        arguments.extend(["--map".to_owned(), db.map_file().display().to_string()]);
    }
    arguments.extend(more.iter().map(ToString::to_string));
    motionctl(arguments)
}

/// Lines, words parted by one space.
fn lines(answer: &Said) -> Vec<String> {
    let lines = answer.stdout.lines().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" "));
    lines.filter(|line| !line.is_empty() && !line.contains(" · ")).collect()
}

#[test]
fn every_queue_of_a_name_is_answered_for_with_each_road() {
    for db in Db::staffed(STAFF) {
        for name in ["Support", "SUPPORT"] {
            let answer = who(&db, name, &[]);
            assert_eq!(answer.code, 0, "{answer:?}");
            let expect = [
                &format!("seed who: `{name}`, the voice queue: 2 agents; the chat queue: 2 agents"),
                "voice queue Support ann profile Day (penalty 2)",
                "bob profile Day (penalty 2), profile Night (disabled)",
                "chat queue Support ann personal, profile Day",
                "bob profile Day",
                "no agent profile Empty",
            ];
            assert_eq!(lines(&answer), expect);
        }
        let document = who(&db, "Support", &["--json"]).document();
        assert_eq!((&document["command"], &document["exit_code"]), (&json!("seed who"), &json!(0)));
        let uses = document["details"]["uses"].as_array().expect("uses");
        assert_eq!(uses.len(), 2);
        assert_eq!((&uses[0]["kind"], &uses[0]["channel"]), (&json!("queue"), &json!("voice")));
        assert_eq!(
            uses[1]["agents"][0],
            json!({ "agent": "ann", "roads": [
                { "through": "personal" },
                { "through": "profile", "profile": "Day", "enabled": true },
            ]})
        );
        assert_eq!(
            uses[0]["profiles"],
            json!([
                { "name": "Day", "enabled": true, "penalty": 2, "agents": 2 },
                { "name": "Night", "enabled": false, "penalty": 0, "agents": 1 },
            ])
        );
    }
}

#[test]
fn a_profile_is_answered_for_too_and_so_is_what_nobody_uses() {
    for db in Db::staffed(STAFF) {
        let check = |name: &str, expect: &[&str]| assert_eq!(lines(&who(&db, name, &[])), expect, "{name}");
        check(
            "Day",
            &[
                "seed who: `Day`, the profile: 2 agents",
                "profile Day agents ann, bob",
                "queues Support (voice), Support (chat)",
            ],
        );
        check(
            "Empty",
            &[
                "seed who: `Empty`, the profile: 0 agents",
                "profile Empty agents none",
                "queues Support (chat)",
            ],
        );
        check(
            "Night",
            &[
                "seed who: `Night`, the profile: 1 agent",
                "profile Night (disabled) agents bob",
                "queues Support (voice)",
            ],
        );
        check(
            "Unused",
            &[
                "seed who: `Unused`, the voice queue: 0 agents",
                "voice queue Unused no agent no profile has it",
            ],
        );
        db.apply("queues: { mail: [{ name: Day, strategy: beepall, timeout: 30 }] }");
        let both = who(&db, "Day", &["--json"]).document();
        let kinds: Vec<_> =
            both["details"]["uses"].as_array().expect("uses").iter().map(|u| u["kind"].clone()).collect();
        assert_eq!(kinds, [json!("queue"), json!("profile")]);
    }
}

#[test]
fn a_name_that_nothing_has_is_65_with_what_was_meant() {
    for db in Db::staffed(STAFF) {
        let check = |name: &str, expect: &str| {
            let answer = who(&db, name, &[]);
            assert_eq!(answer.code, 65, "{answer:?}");
            assert!(answer.stdout.contains(expect), "{expect}\n{}", answer.stdout);
        };
        check("Suport", "there is no queue and no profile `Suport`\nhint: did you mean `Support`?");
        check("Nightt", "did you mean `Night`?");
        check("Da\u{200b}yy", "there is no queue and no profile `Da\\u{200b}yy`");
        check("nothing at all", "`motionctl seed export` lists all that there are");
        // An agent is neither.
        check("ann", "there is no queue and no profile `ann`");
    }
}

#[test]
fn a_manifest_is_asked_about_without_being_applied() {
    for db in Db::staffed(STAFF) {
        let text = "profiles: [{ name: Late, previous_name: Night, enabled: true }]\nmove: [{ from: Day, to: Late, agents: [ann] }]";
        let path = file(&db, "next.yaml", text);
        let answer = who(&db, "Late", &["--with", path.to_str().expect("text")]);
        assert_eq!(lines(&answer)[1], "profile Late agents ann, bob", "{answer:?}");
        assert_eq!(who(&db, "Night", &["--with", path.to_str().expect("text")]).code, 65);
        assert_eq!(who(&db, "Late", &[]).code, 65, "nothing was written");
        let next = manifest(text);
        let found = db.session().who(&"Support".into(), State::After(&next)).expect("an answer");
        let ann = found.queues[0].agents.iter().find(|agent| &*agent.agent == "ann").expect("she is there");
        assert_eq!(ann.roads, [Road::Profile { name: "Late".into(), enabled: true, penalty: Some(0) }]);
    }
}

#[test]
fn what_is_not_there_is_said_of_the_state_that_was_asked_about() {
    for db in Db::staffed(STAFF) {
        let gone = file(&db, "w.yaml", "profiles: [{ name: Day, absent: true }]");
        let gone = gone.display().to_string();
        let answer = who(&db, "Day", &["--with", &gone]);
        assert_eq!(answer.code, 65, "{answer:?}");
        let said = format!("there is no queue and no profile `Day`, if {gone} were applied");
        let words = |answer: &Said| {
            format!("{} {}", answer.stdout, answer.stderr).split_whitespace().collect::<Vec<_>>().join(" ")
        };
        assert!(words(&answer).contains(&said), "{answer:?}");
        for name in ["ann", "ANN"] {
            let answer = who(&db, name, &[]);
            assert_eq!(answer.code, 65, "{answer:?}");
            assert!(words(&answer).contains("that is an agent: `motionctl seed access ann`"), "{answer:?}");
            assert!(!words(&answer).contains("were applied"), "{answer:?}");
        }
    }
}
