//! What the login offers, and the list of profiles.

use super::support::{Db, EXAMPLE, manifest};
use motionctl::outcome::FailureKind;
use motionctl::seed::access::{Access, Asked, Served, State};
use motionctl::seed::consequences::InUse;

fn names(queues: &[Served]) -> String {
    queues.iter().map(|queue| &*queue.name).collect::<Vec<_>>().join(", ")
}

/// As people read it.
pub fn lines(accesses: &[Access]) -> Vec<String> {
    let mut lines = Vec::new();
    for access in accesses {
        let personal = access.personal.iter();
        lines.extend(personal.map(|own| format!("{}: Personal → {}", access.agent, names(own))));
        let profiles = access.profiles.iter();
        lines.extend(profiles.map(|p| format!("{}: {} → {}", access.agent, p.name, names(&p.queues))));
        lines.extend(access.disabled.iter().map(|name| format!("{}: not {name}", access.agent)));
    }
    lines
}

/// What the login offers these agents, all where none is named.
pub fn asked(db: &Db, agents: &[&str], state: State<'_>) -> Vec<String> {
    let asked = Asked::about(agents.iter().map(|name| (*name).into()).collect());
    lines(&db.session().access(&asked, state).unwrap_or_else(|failure| panic!("{failure}")).agents)
}

#[test]
fn the_example_is_what_the_document_says() {
    for db in Db::staffed(EXAMPLE) {
        let expected = [
            "agent1: Personal → Support",
            "agent1: Profile 1 → Talk Now, Assistance, Support",
            "agent1: Profile 2 → Tech Hour, Medical, Support",
        ];
        assert_eq!(asked(&db, &["agent1"], State::Present), expected);
        assert_eq!(asked(&db, &["AGENT1"], State::Present), expected);
        assert_eq!(asked(&db, &[], State::Present), expected);
    }
}

#[test]
fn what_cannot_be_chosen_is_not_offered() {
    for db in Db::staffed(EXAMPLE) {
        db.apply(
            "agents: [{ username: zoe, fullname: Zoe, internal: '2' }]\nprofiles:\n  \
             - { name: Profile 1, enabled: false }\n  \
             - { name: Profile 2, agents: [zoe], queues: { chat: [Support] } }",
        );
        let expected = [
            "agent1: Personal → Support",
            "agent1: Profile 2 → Tech Hour, Medical, Support",
            "agent1: not Profile 1",
            "zoe: Personal → ",
            "zoe: Profile 2 → Tech Hour, Medical, Support",
        ];
        assert_eq!(asked(&db, &["zoe", "agent1"], State::Present), expected);
    }
}

#[test]
fn a_manifest_is_asked_about_without_being_applied() {
    for db in Db::both() {
        let example = manifest(EXAMPLE);
        assert_eq!(asked(&db, &["agent1"], State::After(&example)).len(), 3);
        assert_eq!(db.dump(), [""; 0]);
        db.apply(EXAMPLE);
        let next = manifest(
            "queues: { sms: [{ name: Texts, strategy: beepall, timeout: 5 }] }\n\
             agents: [{ username: agent1, personal: { chat: { remove: [Support] }, sms: [Texts] } }]\n\
             profiles:\n  - { name: Profile 2, absent: true }\n  \
             - { name: Morning, previous_name: Profile 1, queues: { voice: { mode: exact, members: [{ name: Tech Hour, penalty: 3 }] } } }\n  \
             - { name: New, agents: [agent1] }",
        );
        let before = db.dump();
        let found = db
            .session()
            .access(&Asked::about(vec!["agent1".into()]), State::After(&next))
            .expect("an answer");
        let expected = [
            "agent1: Personal → Texts",
            "agent1: Morning → Tech Hour, Assistance, Texts",
            "agent1: New → Texts",
        ];
        assert_eq!(lines(&found.agents), expected);
        assert_eq!(found.agents[0].profiles[0].queues[0].penalty, Some(3));
        assert_eq!(db.dump(), before);
        let unknown = manifest("profiles: [{ name: New, agents: [agent2] }]");
        let failure =
            db.session().access(&Asked::default(), State::After(&unknown)).expect_err("no such agent");
        assert_eq!((failure.kind, failure.problems.len()), (FailureKind::Invalid, 1));
    }
}

#[test]
fn names_that_are_no_agents() {
    for db in Db::staffed(EXAMPLE) {
        db.sql("INSERT INTO users (name, fullname, role, createdAt, updatedAt) VALUES ('root', 'Root', 'admin', '2026-01-01 00:00:00', '2026-01-01 00:00:00')");
        let refused = |name: &str| {
            let asked = Asked::about(vec![name.into()]);
            let failure = db.session().access(&asked, State::Present).expect_err("no agent");
            assert_eq!(failure.kind, FailureKind::Invalid);
            (failure.message, failure.hint.unwrap_or_default())
        };
        assert_eq!(
            refused("agent2"),
            ("there is no agent `agent2`".to_owned(), "did you mean `agent1`?".to_owned())
        );
        assert_eq!(refused("root").0, "`root` is no agent but a user with the role `admin`");
    }
}

#[test]
fn profiles_are_listed_with_all_that_belongs_to_them() {
    for db in Db::both() {
        assert_eq!(db.session().list().expect("a list").profiles, []);
        db.apply(EXAMPLE);
        db.apply("profiles: [{ name: Unused, enabled: false }, { name: Profile 2, queues: { voice: [{ name: Tech Hour, penalty: 4 }] } }]");
        let profiles = db.session().list().expect("a list").profiles;
        let seen = profiles.iter().map(|profile| {
            let queues: Vec<_> = profile
                .queues
                .iter()
                .flat_map(|(channel, queues)| {
                    queues.iter().map(move |(name, penalty)| format!("{channel} {name} {penalty:?}"))
                })
                .collect();
            let (created, updated) = (profile.created.is_some(), profile.updated.is_some());
            assert!(created && updated, "{profile:?}");
            format!(
                "{} {} {:?} {:?} {queues:?}",
                profile.name, profile.enabled, profile.description, profile.agents
            )
        });
        assert_eq!(
            seen.collect::<Vec<_>>(),
            [
                r#"Profile 1 true Some("Talks and mail") ["agent1"] ["voice Talk Now [Some(0)]", "mail Assistance [None]"]"#,
                r#"Profile 2 true Some("The technical hour") ["agent1"] ["voice Tech Hour [Some(4)]", "chat Medical [None]"]"#,
                r#"Unused false None [] []"#,
            ]
        );
    }
}

#[test]
fn who_is_logged_in_is_told_by_id_or_name_in_either_column() {
    let session = |db: &Db, column: &str, value: &str, left: &str| {
        db.sql(&format!(
            "INSERT INTO report_member (membername, type, {column}, enterAt, exitAt, createdAt, updatedAt) VALUES \
             ('agent1', 'LOGIN', '{value}', '2026-01-01 00:00:00', {left}, '2026-01-01 00:00:00', '2026-01-01 00:00:00')"
        ));
    };
    for db in Db::staffed(EXAMPLE) {
        let in_use = || {
            let profiles = db.session().list().expect("a list").profiles;
            profiles.into_iter().map(|profile| profile.in_use).collect::<Vec<_>>()
        };
        session(&db, "data4", "Profile 1", "'2026-01-01 01:00:00'");
        assert_eq!(in_use(), [InUse::No, InUse::No]);
        let id = db.rows("SELECT id FROM agent_profiles WHERE name = 'Profile 2'").remove(0);
        for (column, value) in [("data3", id.as_str()), ("data4", id.as_str()), ("data3", "profile 2")] {
            session(&db, column, value, "NULL");
            let maybe = InUse::Maybe("agent1 has an open session with it and is not online".to_owned());
            assert_eq!(in_use(), [InUse::No, maybe], "{column} {value}");
            db.sql("UPDATE users SET online = 1");
            assert_eq!(in_use(), [InUse::No, InUse::Yes(vec!["agent1".to_owned()])], "{column} {value}");
            db.sql("UPDATE users SET online = 0; DELETE FROM report_member WHERE exitAt IS NULL");
        }
    }
}
