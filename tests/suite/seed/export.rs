//! Exports: planned again they change nothing, and an empty database that they are applied to exports the same bytes.

use super::support::{Db, EXAMPLE, finding, manifest, shown};
use motionctl::outcome::FailureKind;
use motionctl::seed::Channel;
use motionctl::seed::export::{Channels, ExportRequest, Extent, Lists};
use motionctl::seed::snapshot::Unnamed;

/// Everything, in plain lists.
pub fn everything() -> ExportRequest {
    ExportRequest { lists: Lists::Merge, extent: Extent::All, channels: Channels::All }
}

/// Everything, in exact lists.
pub fn exact() -> ExportRequest {
    ExportRequest { lists: Lists::Exact, ..everything() }
}

/// The text of an export.
pub fn exported(db: &Db, request: &ExportRequest) -> String {
    db.session().export(request).unwrap_or_else(|failure| panic!("{failure}")).manifest
}

/// Plans what was exported: nothing.
pub fn changes_nothing(db: &Db, text: &str) {
    let planned = db.session().plan(&manifest(text), Unnamed::Go);
    let planned = planned.unwrap_or_else(|failure| panic!("{failure} {:?}\n{text}", failure.problems));
    assert!(planned.plan.is_empty(), "{:#?}\n{text}", shown(&planned));
}

const WHOLE: &str = r#"# yaml-language-server: $schema=./motionctl-manifest.schema.json
version: 1
queues:
  voice:
    - name: Talk Now
      strategy: rrmemory
      type: inbound
      settings:
        dialActive: false
    - name: Tech Hour
      strategy: rrmemory
      type: inbound
      settings:
        dialActive: false
  chat:
    - name: Medical
      strategy: beepall
      timeout: 30
      weight: 0
    - name: Support
      strategy: beepall
      timeout: 30
      weight: 0
  mail:
    - name: Assistance
      strategy: beepall
      timeout: 30
      weight: 0
agents:
  - username: agent1
    fullname: Agent One
    email: agent1@example.test
    internal: "1001"
    personal:
      chat:
        - Support
profiles:
  - name: Profile 1
    enabled: true
    description: Talks and mail
    agents:
      - agent1
    queues:
      voice:
        - { name: Talk Now, penalty: 0 }
      mail:
        - Assistance
  - name: Profile 2
    enabled: true
    description: The technical hour
    agents:
      - agent1
    queues:
      voice:
        - { name: Tech Hour, penalty: 0 }
      chat:
        - Medical
"#;

#[test]
fn the_example_comes_back() {
    let empty = Db::both();
    for (db, second) in Db::both().into_iter().zip(empty) {
        db.apply(EXAMPLE);
        for request in [everything(), exact()] {
            let text = exported(&db, &request);
            changes_nothing(&db, &text);
            if request.lists == Lists::Merge {
                assert_eq!(text, WHOLE);
                second.apply(&text);
            }
            assert_eq!(exported(&second, &request), text);
        }
    }
}

#[test]
fn nothing_is_a_manifest_too() {
    for db in Db::both() {
        for request in [everything(), exact()] {
            let text = exported(&db, &request);
            assert_eq!(text.lines().last(), Some("version: 1"));
            changes_nothing(&db, &text);
        }
    }
}

#[test]
fn an_exact_export_shows_every_drift() {
    for db in Db::staffed(EXAMPLE) {
        let text = exported(&db, &exact());
        let drifts = [
            "profiles: [{ name: Profile 1, queues: { chat: [Support] } }]",
            "profiles: [{ name: Profile 2, queues: { voice: [{ name: Tech Hour, penalty: 5 }] } }]",
            "profiles: [{ name: Profile 2, description: null, enabled: false }]",
            "agents: [{ username: agent1, personal: { mail: [Assistance] } }]",
            "queues: { chat: [{ name: Medical, description: new }] }",
        ];
        for drift in drifts {
            db.apply(drift);
            let planned = db.plan(&text).expect("a plan");
            assert!(!planned.plan.is_empty(), "{drift}");
            db.apply(&text);
            assert_eq!(exported(&db, &exact()), text, "{drift}");
        }
    }
}

/// Names that are not unique, and profiles that are deleted softly.
fn loose(schema: &str) -> String {
    schema.replace(" COLLATE NOCASE UNIQUE", " COLLATE NOCASE").replace(
        "description VARCHAR(255),\n    createdAt",
        "description VARCHAR(255),\n    deletedAt DATETIME,\n    createdAt",
    )
}

fn loose_map(map: &str) -> String {
    let (before, profiles) = map.split_once("[profiles.columns]\n").expect("a section");
    format!("{before}[profiles.columns]\ndeleted = \"deletedAt\"\n{profiles}")
}

#[test]
fn what_cannot_be_named_is_left_out_and_said() {
    for db in Db::both_with(loose, loose_map) {
        db.apply(EXAMPLE);
        db.apply("agents: [{ username: admin2, fullname: Admin, internal: '1' }]");
        let times = "'2026-01-01 00:00:00', '2026-01-01 00:00:00'";
        db.sql(&format!(
            "INSERT INTO chat_queues (name, strategy, timeout, createdAt, updatedAt) VALUES ('MEDICAL', 'x', 1, {times});
             INSERT INTO users (name, fullname, role, createdAt, updatedAt) VALUES ('ADMIN2', 'Root', 'admin', {times});
             INSERT INTO agent_profiles (name, enabled, deletedAt, createdAt, updatedAt)
                 VALUES ('Old Shift', 1, '2026-01-01 00:00:00', {times});
             INSERT INTO agent_profiles (name, enabled, createdAt, updatedAt) VALUES (' ', 1, {times});
             UPDATE users SET email = '' WHERE name = 'agent1'"
        ));
        for request in [everything(), exact()] {
            let export = db.session().export(&request).expect("an export");
            let text = &export.manifest;
            let is_exact = request.lists == Lists::Exact;
            let mut expected = vec![
                "agent `admin2` (id 2): to the database id 3, a user with the role `admin`, has the same name".to_owned(),
                "chat queue `MEDICAL` (id 3): to the database id 2 has the same name".to_owned(),
                "chat queue `Medical` (id 2): to the database id 3 has the same name".to_owned(),
                "profile `Old Shift` (id 3): deleted".to_owned(),
                "profile `\\u{20}` (id 4): its name is blank".to_owned(),
                "agent `agent1`: `email` is blank".to_owned(),
            ];
            let exactness = if is_exact { "; the list is not exact" } else { "" };
            expected.push(format!(
                "profile `Profile 2`, chat queues: 1 link to rows that are not here{exactness}"
            ));
            let mut found = export.left_out.clone();
            found.sort_unstable();
            expected.sort_unstable();
            assert_eq!(found, expected);
            for line in &export.left_out {
                assert!(text.contains(&format!("# - {line}\n")), "{text}");
            }
            assert!(!text.contains("username: admin2") && !text.contains("- Medical"), "{text}");
            assert_eq!((export.queues, export.agents, export.profiles), (4, 1, 2));
            let planned = db.plan(text).expect("a plan");
            assert!(planned.plan.is_empty(), "{:?}\n{text}", shown(&planned));
        }
    }
}

/// The drift gate of docs/seeding.md: what an export could not name is no reason to delete it.
#[test]
fn what_an_export_could_not_name_is_not_pruned() {
    for db in Db::both_with(loose, loose_map) {
        db.apply(EXAMPLE);
        let times = "'2026-01-01 00:00:00', '2026-01-01 00:00:00'";
        let row = |name: &str| format!("('{name}', 1, {times})");
        db.sql(&format!(
            "INSERT INTO agent_profiles (name, enabled, createdAt, updatedAt) VALUES {}, {}, {}",
            row("P1"),
            row("p1"),
            row(" ")
        ));
        let agreed = exported(&db, &exact());
        let planned = db.plan_and_prune(&agreed).expect("a plan");
        assert!(planned.plan.is_empty(), "{:?}", shown(&planned));
        let stop = finding(&planned.findings, "seed.ambiguous-name");
        assert!(stop.stops());
        assert_eq!(
            stop.evidence,
            [
                "profile `P1` (id 3): to the database id 4 has the same name",
                "profile `p1` (id 4): to the database id 3 has the same name",
                "profile `\\u{20}` (id 5): its name is blank",
            ]
        );
        assert!(db.try_apply(&agreed, Unnamed::Go).is_err(), "a stop that is left refuses the apply");
        assert_eq!(db.rows("SELECT COUNT(*) FROM agent_profiles"), ["5"]);
        // One whose name is its own goes, as it did.
        db.sql("UPDATE agent_profiles SET name = 'P2' WHERE id = 4; UPDATE agent_profiles SET name = 'P3' WHERE id = 5");
        let planned = db.plan_and_prune(&agreed).expect("a plan");
        assert_eq!(planned.plan.deletions().unnamed, 3);
        // The tables of queues have the mark, too, and this map names it for profiles alone.
        let codes: Vec<&str> = planned.findings.iter().map(|finding| finding.code.name()).collect();
        assert_eq!(codes, ["seed.deleted-unknown"]);
    }
}

/// Two rows of a name that the manifest uses are judged once, and neither goes.
#[test]
fn two_profiles_of_a_wanted_name_are_not_pruned_either() {
    for db in Db::both_with(loose, loose_map) {
        db.apply("profiles: [{ name: P1 }]");
        db.sql("INSERT INTO agent_profiles (name, enabled, createdAt, updatedAt) SELECT 'p1', 1, createdAt, updatedAt FROM agent_profiles");
        let planned = db.plan_and_prune("profiles: [{ name: P1 }]").expect("a plan");
        assert!(planned.plan.is_empty(), "{:?}", shown(&planned));
        assert_eq!(
            finding(&planned.findings, "seed.ambiguous-name").evidence,
            ["m.yaml:2:20: profile `P1`: ids 1, 2"]
        );
    }
}

#[test]
fn a_part_of_it() {
    for db in Db::staffed(EXAMPLE) {
        let only = |name: &str| Extent::Profiles(vec![name.into()]);
        let one = exported(&db, &ExportRequest { extent: only("profile 2"), ..everything() });
        assert!(one.contains("- name: Profile 2") && !one.contains("Profile 1"), "{one}");
        assert!(!one.contains("agents:\n  - username") && !one.starts_with("queues"), "{one}");
        let chat = Channels::Only([Channel::Chat].into());
        let chat = exported(&db, &ExportRequest { channels: chat, ..exact() });
        assert!(chat.contains("Medical") && !chat.contains("Talk Now") && !chat.contains(" mail:"), "{chat}");
        for text in [&one, &chat] {
            let planned = db.plan(text).expect("a plan");
            assert!(planned.plan.is_empty(), "{:?}", shown(&planned));
        }
        let failure = db.session().export(&ExportRequest { extent: only("Profil 2"), ..everything() });
        let failure = failure.expect_err("no such profile");
        assert_eq!(
            (failure.kind, failure.message.as_str()),
            (FailureKind::Invalid, "there is no profile `Profil 2`")
        );
        let hint = failure.hint.as_deref().unwrap_or_default();
        assert!(hint.starts_with("did you mean `Profile "), "{hint}");
    }
}

#[test]
fn a_channel_that_the_map_does_not_have() {
    let without = |map: &str| {
        let (before, rest) = map.split_once("[queues.fax]").expect("a section");
        let (_, after) = rest.split_once("[queues.whatsapp]").expect("a section");
        let map = format!("{before}[queues.whatsapp]{after}");
        let lines = ["profile_queues", "personal"].map(|kind| format!("[links.{kind}.fax]"));
        lines.iter().fold(map, |map, head| {
            let (before, rest) = map.split_once(head.as_str()).expect("a section");
            let (_, after) = rest.split_once("\n[").expect("a section");
            format!("{before}[{after}")
        })
    };
    for db in Db::both_with(str::to_owned, without) {
        let request = ExportRequest { channels: Channels::Only([Channel::Fax].into()), ..everything() };
        let failure = db.session().export(&request).expect_err("no such channel");
        assert_eq!(failure.message, "the schema map has no section `queues.fax`");
        changes_nothing(&db, &exported(&db, &exact()));
    }
}
