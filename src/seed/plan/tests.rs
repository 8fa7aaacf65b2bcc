//! What a manifest means for rows that are there, as a table: rows, manifest, and how many rows of each kind are added,
//! changed and removed. Invariant: what a plan does is named by the kinds of `by_kind`, so that a case reads as a sentence.

use super::{Draft, Input, by_kind, draft};
use crate::db::{Catalog, Connection, Limits, Source};
use crate::outcome::codes;
use crate::seed::embedded::create;
use crate::seed::manifest::validate;
use crate::seed::map::Map;
use crate::seed::snapshot::{Scope, Unnamed, read};

const ROWS: &str = "
    INSERT INTO users (id, name, fullname, role, createdAt, updatedAt) VALUES
        (1, 'ann', 'Ann', 'agent', 0, 0), (2, 'bob', 'Bob', 'agent', 0, 0), (3, 'root', 'Root', 'admin', 0, 0);
    INSERT INTO voice_queues (id, name, strategy, type, createdAt, updatedAt) VALUES
        (1, 'Sales', 'ringall', 'inbound', 0, 0), (2, 'Help', 'ringall', 'inbound', 0, 0);
    INSERT INTO agent_profiles (id, name, enabled, createdAt, updatedAt) VALUES (1, 'Day', 1, 0, 0);
    INSERT INTO agent_profile_has_users (AgentProfileId, UserId, createdAt, updatedAt) VALUES (1, 1, 0, 0);
    INSERT INTO agent_profile_has_voice_queues (AgentProfileId, VoiceQueueId, penalty, createdAt, updatedAt)
        VALUES (1, 1, 2, 0, 0);";

fn planned(manifest: &str, unnamed: Unnamed) -> Draft {
    let mut conn = Connection::open(&Source::Memory, &Limits::work()).expect("memory");
    create(&mut conn).expect("a schema");
    conn.script(ROWS).expect("rows");
    let catalog = Catalog::read(&mut conn).expect("a catalog");
    let map = Map::built_in();
    let read_manifest = validate(format!("version: 1\n{manifest}\n").as_bytes(), "x.yaml");
    let manifest = read_manifest.manifest.unwrap_or_else(|| panic!("{:?}", read_manifest.problems));
    let snapshot = read(&mut conn, &map, &catalog, &Scope::of(&manifest, &map, unnamed)).expect("a snapshot");
    draft(&Input { manifest: &manifest, map: &map, catalog: &catalog, snapshot: &snapshot, unnamed })
}

/// What a plan does, as `kind +added ~changed -removed`.
fn done(draft: &Draft) -> Vec<String> {
    let kinds = by_kind(&draft.plan).into_iter();
    kinds.map(|(kind, count)| format!("{kind} +{} ~{} -{}", count.add, count.change, count.remove)).collect()
}

#[test]
fn a_manifest_changes_what_it_says_and_nothing_else() {
    for (manifest, expect) in [
        ("agents: [{ username: ann, fullname: Ann }]", &[][..]),
        ("profiles: [{ name: Day }]", &[]),
        ("agents: [{ username: ann, fullname: Anna }]", &["agents +0 ~1 -0"]),
        ("queues: { voice: [{ name: Sales, strategy: rrmemory }] }", &["queues +0 ~1 -0"]),
        ("profiles: [{ name: Day, enabled: false }]", &["profiles +0 ~1 -0"]),
        ("profiles: [{ name: Shift, previous_name: Day }]", &["profiles +0 ~1 -0"]),
        ("profiles: [{ name: Day, agents: [ann] }]", &[]),
        ("profiles: [{ name: Day, agents: [bob] }]", &["agents of profiles +1 ~0 -0"]),
        (
            "profiles: [{ name: Day, agents: { mode: exact, members: [bob] } }]",
            &["agents of profiles +1 ~0 -1"],
        ),
        ("profiles: [{ name: Day, agents: { remove: [ann] } }]", &["agents of profiles +0 ~0 -1"]),
        (
            "profiles: [{ name: Day, queues: { voice: [{ name: Sales, penalty: 5 }] } }]",
            &["queues of profiles +0 ~1 -0"],
        ),
        ("profiles: [{ name: Day, queues: { voice: [Help] } }]", &["queues of profiles +1 ~0 -0"]),
        ("agents: [{ username: bob, personal: { voice: [Help] } }]", &["personal queues +1 ~0 -0"]),
        (
            "profiles: [{ name: Night, agents: [bob], queues: { voice: [Help] } }]",
            &["agents of profiles +1 ~0 -0", "profiles +1 ~0 -0", "queues of profiles +1 ~0 -0"],
        ),
    ] {
        let draft = planned(manifest, Unnamed::Stay);
        assert_eq!((&draft.problems, &draft.unknown), (&Vec::new(), &Vec::new()), "{manifest}");
        assert_eq!(done(&draft), expect, "{manifest}");
    }
}

#[test]
fn a_name_that_means_nothing_is_said_and_nothing_is_planned_for_it() {
    for manifest in [
        "profiles: [{ name: Day, agents: [nobody] }]",
        "profiles: [{ name: Day, queues: { voice: [Nowhere] } }]",
        "permissions: [{ user_profile: Nobodys, agent_profiles: [view] }]",
    ] {
        let draft = planned(manifest, Unnamed::Stay);
        assert_eq!(draft.unknown.len(), 1, "{manifest}: {:?}", draft.unknown);
        assert_eq!(done(&draft), [""; 0], "{manifest}");
    }
    // An administrator is no agent, whatever he is called.
    let draft = planned("profiles: [{ name: Day, agents: [root] }]", Unnamed::Stay);
    let [finding] = &draft.findings[..] else { panic!("{:?}", draft.findings) };
    assert_eq!((finding.code, done(&draft)), (codes::SEED_NAME_OF_OTHER_ROLE, Vec::new()));
}
