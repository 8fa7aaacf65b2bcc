//! No two agents get one extension: the row is the SIP peer.

use super::export::everything;
use super::suggestions::questions;
use super::support::{Db, manifest, problems};
use motionctl::outcome::FailureKind;
use motionctl::seed::apply::{Advisory, NotApplied};
use motionctl::seed::snapshot::Unnamed;
use std::fmt::Write;

/// Databases on which nothing but this tool keeps extensions apart; the first with numbers, as Motion may have them.
fn loose() -> Vec<Db> {
    let text = |schema: &str| schema.replace("internal VARCHAR(255) UNIQUE", "internal VARCHAR(255)");
    let number = |schema: &str| schema.replace("internal VARCHAR(255) UNIQUE", "internal INTEGER");
    let dbs = [Db::both_with(text, str::to_owned), Db::both_with(number, str::to_owned)];
    dbs.into_iter().flatten().collect()
}

/// An agent, an administrator and a name that is no agent's, each with an extension.
fn staffed(db: &Db) {
    db.apply("agents: [{ username: ann, fullname: Ann A, internal: '1' }]");
    db.sql(
        "INSERT INTO users (name, fullname, role, internal, createdAt, updatedAt) \
         SELECT 'root', 'Root', 'admin', '2', createdAt, updatedAt FROM users",
    );
}

#[test]
fn an_extension_that_somebody_has_is_refused_with_its_place() {
    for db in loose().into_iter().chain(Db::both()) {
        staffed(&db);
        let text = "agents:
  - { username: bob, fullname: Bob B, internal: '1' }
  - { username: cid, fullname: Cid C, internal: '2' }
  - { username: dan, fullname: Dan D, internal: '3' }";
        let failure = db.plan(text).expect_err("taken");
        assert_eq!(failure.kind.exit_code(), 65);
        let hint = "no two users have the same: give the new agent one that is free";
        assert_eq!(
            problems(&failure),
            [
                format!("3:49 `bob` cannot be created: the user `ann` has the internal number `1`; {hint}"),
                format!("4:49 `cid` cannot be created: the user `root` has the internal number `2`; {hint}"),
            ]
        );
        let own =
            "agents: [{ username: ann, internal: '1' }, { username: dan, fullname: Dan D, internal: '3' }]";
        assert_eq!(db.apply(own).rows, 1);
        assert!(db.plan(own).expect("a plan").plan.is_empty());
    }
}

/// Who shares one already goes on doing so; it is no new agent.
#[test]
fn agents_who_are_there_are_left_alone() {
    for db in loose() {
        staffed(&db);
        db.sql("UPDATE users SET internal = '1'");
        let planned = db.plan("agents: [{ username: ann, fullname: Anna, internal: '1' }]").expect("a plan");
        assert_eq!(planned.plan.rows(), 1);
        assert!(planned.findings.is_empty(), "{:?}", planned.findings);
    }
}

/// MariaDB's usual collation takes these for the same.
#[test]
fn the_server_says_which_extensions_are_the_same() {
    let db = loose().remove(1);
    assert!(db.is_server());
    db.apply("agents: [{ username: ann, fullname: Ann A, internal: Pfortner }]");
    db.sql("UPDATE users SET internal = 'Pförtner '");
    let failure = db.plan("agents: [{ username: bob, fullname: B, internal: PFORTNER }]").expect_err("taken");
    assert!(problems(&failure)[0].contains("the user `ann` has the internal number"), "{failure:?}");
}

/// What is looked up is relied on: an extension that is taken meanwhile refuses the apply.
#[test]
fn an_extension_that_was_free_is_asked_for_again() {
    for db in loose() {
        staffed(&db);
        let manifest = manifest("agents: [{ username: bob, fullname: Bob B, internal: '3' }]");
        let planned = db.session().plan(&manifest, Unnamed::Stay).expect("a plan");
        db.sql("UPDATE users SET internal = '3' WHERE name = 'root'");
        let answer = db.carry_out(&manifest, Unnamed::Stay, &planned, Advisory::Taken, &mut |_| Ok(()));
        let Err(NotApplied::Moved(failure)) = answer else { panic!("{answer:?}") };
        assert_eq!(failure.kind, FailureKind::Refused);
        assert_eq!(db.rows("SELECT COUNT(*) FROM users"), ["2"]);
    }
}

/// Not a statement for each agent, and none for those who are there.
#[test]
fn extensions_are_looked_up_a_thousand_at_a_time() {
    let mut text = String::from("agents:\n");
    for number in 0..2_100 {
        let name = format!("agent{number}");
        writeln!(text, "  - {{ username: {name}, fullname: A {number}, internal: '{number}' }}")
            .expect("a string");
    }
    let db = Db::on_server();
    let statements = |text: &str| {
        let manifest = manifest(text);
        questions(&mut db.session(), |session| drop(session.plan(&manifest, Unnamed::Stay).expect("a plan")))
    };
    let without: String = text
        .lines()
        .map(|line| match line.find(", internal") {
            Some(at) => format!("{} }}\n", &line[..at]),
            None => format!("{line}\n"),
        })
        .collect();
    let fresh = statements(&text);
    db.apply(&text);
    let there = statements(&text);
    assert_eq!(there, statements(&without), "nothing is asked about agents who are there");
    // One more for names that look like theirs.
    assert!(fresh - there <= 4, "{fresh} statements for new agents, {there} for the same who are there");
}

/// A manifest cannot say it, so that an export leaves it out.
#[test]
fn an_export_of_shared_extensions_can_be_read_again() {
    for db in loose() {
        db.apply(
            "agents: [{ username: ann, fullname: A, internal: '1' }, { username: bob, fullname: B, internal: '2' }, { username: cid, fullname: C, internal: '3' }]",
        );
        db.sql("UPDATE users SET internal = '2' WHERE name = 'ann'");
        let export = db.session().export(&everything()).expect("an export");
        assert_eq!(
            export.left_out,
            [
                "agent `ann`: `internal` is that of another agent, too: \"2\"",
                "agent `bob`: `internal` is that of another agent, too: \"2\"",
            ]
        );
        let again = db.plan(&export.manifest).expect("a plan");
        assert!(again.plan.is_empty() && again.findings.is_empty(), "{}", export.manifest);
        assert!(export.manifest.contains("internal: \"3\""), "{}", export.manifest);
    }
}
