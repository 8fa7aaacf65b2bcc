//! Profiles that look renamed since the manifest was written.

use super::commands::{file, seed};
use super::export::{everything, exported};
use super::support::{Db, codes, finding};

const QUEUES: &str = "
queues:
  voice: [{ name: V1, strategy: ringall, type: inbound }, { name: V2, strategy: ringall, type: inbound }]
  chat: [{ name: C1, strategy: beepall, timeout: 30 }]
agents:
  - { username: ann, fullname: Ann A, internal: '1', personal: { chat: [C1] } }
  - { username: bob, fullname: Bob B, internal: '2', personal: { chat: [C1] } }
  - { username: cid, fullname: Cid C, internal: '3', personal: { chat: [C1] } }
profiles:
  - { name: Morning, agents: [ann, bob], queues: { voice: [V1, V2], chat: [C1] } }
  - { name: Other, agents: [cid], queues: { chat: [C1] } }
";

#[test]
fn an_old_export_after_a_rename_is_said_with_the_line_to_copy() {
    for db in Db::staffed(QUEUES) {
        let old = exported(&db, &everything());
        db.sql("UPDATE agent_profiles SET name = 'Früh: 1' WHERE name = 'Morning'");
        let planned = db.plan(&old).expect("a plan");
        assert_eq!(codes(&planned.findings), ["warn seed.looks-renamed"]);
        let said = &finding(&planned.findings, "seed.looks-renamed").evidence;
        assert_eq!(
            *said,
            [
                "`Morning` shares all 5 agents and queues with `Früh: 1`, which the manifest does not name; if it is the \
              same: `previous_name: \"Früh: 1\"`"
            ]
        );
        // With that line it is a rename, and nothing else.
        let fixed = old.replace("- name: Morning\n", "- name: Morning\n    previous_name: \"Früh: 1\"\n");
        assert_ne!(fixed, old);
        let planned = db.plan(&fixed).expect("a plan");
        assert_eq!((planned.plan.rows(), planned.plan.update.len()), (1, 1));
        assert!(planned.findings.is_empty(), "{:?}", planned.findings);
        // It is said where the old one would be deleted besides, too.
        let pruned = db.plan_and_prune(&old).expect("a plan");
        assert!(
            codes(&pruned.findings).contains(&"warn seed.looks-renamed".to_owned()),
            "{:?}",
            pruned.findings
        );
        let path = file(&db, "old.yaml", &old);
        let answer = seed(&db, "plan", &path, &[]);
        assert_eq!(answer.code, 0, "{answer:?}");
        assert!(answer.stdout.contains("previous_name: \"Früh: 1\""), "{}", answer.stdout);
    }
}

#[test]
fn four_of_five_is_like_it_and_less_or_a_named_one_is_not() {
    for db in Db::staffed(QUEUES) {
        let check = |text: &str, expect: bool| {
            let planned = db.plan(text).expect("a plan");
            let found = codes(&planned.findings).contains(&"warn seed.looks-renamed".to_owned());
            assert_eq!(found, expect, "{text}\n{:?}", planned.findings);
        };
        check("profiles: [{ name: New, agents: [ann, bob], queues: { voice: [V1, V2] } }]", true);
        check(
            "profiles: [{ name: New, agents: [ann, bob, cid], queues: { voice: [V1, V2], chat: [C1] } }]",
            true,
        );
        check("profiles: [{ name: New, agents: [ann], queues: { voice: [V1, V2] } }]", false);
        check("profiles: [{ name: New, agents: [ann, bob] }]", false);
        check("profiles: [{ name: New }]", false);
        let same = "name: New, agents: [ann, bob], queues: { voice: [V1, V2], chat: [C1] }";
        check(&format!("profiles: [{{ {same} }}]"), true);
        check(&format!("profiles: [{{ {same} }}, {{ name: Morning }}]"), false);
        check(&format!("profiles: [{{ {same} }}, {{ name: MORNING, absent: true }}]"), false);
        check(
            &format!("profiles: [{{ {same} }}]\nmove: [{{ from: Morning, to: Other, agents: [ann] }}]"),
            false,
        );
        // A previous name that never was says nothing of this one.
        check(&format!("profiles: [{{ previous_name: Nowhere, {same} }}]"), true);
    }
}
