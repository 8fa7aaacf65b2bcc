//! What a pipeline asks before a change: whether there is something to do, whether it would be refused, where.
//!
//! Invariant: the exit code of a dry run is what the change itself would come to, and a dry run changes nothing.

use crate::support::binary::{SITE, Server, finding, motionctl};
use crate::support::machine::Machine;
use crate::support::systemd::Systemd;
use serde_json::{Value, json};
use std::fs;

const GATE: [&str; 3] = ["apply", "--dry-run", "--detailed-exitcode"];

fn gate(server: &Server, more: &[&str]) -> Value {
    let before = server.state();
    let found = server.json(&[&GATE, more].concat());
    assert!(before == server.state(), "a dry run changed something: {found:#}");
    found
}

fn refuse(server: &Server) {
    server.write(SITE, format!("# Ansible managed\n{}", server.read(SITE)));
}

#[test]
fn a_dry_run_tells_nothing_to_do_from_a_change_and_from_a_refusal() {
    let check = |server: &Server, code: u8, outcome: &str| {
        let found = gate(server, &[]);
        assert_eq!((&found["exit_code"], &found["outcome"]), (&code.into(), &outcome.into()), "{found:#}");
        // Without the flag only a refusal is no success, as ever.
        let plain = server.json(&["apply", "--dry-run"]);
        assert_eq!(plain["exit_code"], if code == 2 { 0 } else { code }, "{plain:#}");
        found
    };
    let server = Server::copy("standalone");
    let found = check(&server, 2, "changes-pending");
    assert_eq!(found["plan"]["blocked"], false);
    refuse(&server);
    let found = check(&server, 3, "refused");
    assert_eq!(found["plan"]["blocked"], true);
    let accepted = gate(&server, &["--accept", "site.managed-elsewhere"]);
    assert_eq!((&accepted["exit_code"], &accepted["plan"]["blocked"]), (&2.into(), &false.into()));
    let done = server.json(&["apply", "--yes", "--accept", "site.managed-elsewhere"]);
    assert_eq!(done["outcome"], "applied", "{done:#}");
    check(&server, 0, "up-to-date");
    check(&Server::copy("already-migrated"), 0, "up-to-date");
    check(&Server::copy("broken"), 65, "invalid");
    check(&Server::copy("no-motion"), 69, "unavailable");
}

#[test]
fn the_flag_belongs_to_a_dry_run() {
    let server = Server::copy("standalone");
    let before = server.state();
    let answer = server.run(&["apply", "--detailed-exitcode", "--yes"]);
    assert_eq!(answer.code, 64, "{answer:?}");
    assert!(answer.stderr.contains("--dry-run"), "{answer:?}");
    assert!(before == server.state());
}

#[test]
fn a_saved_plan_is_asked_in_the_same_way() {
    let server = Server::copy("standalone");
    let folder = tempfile::tempdir().unwrap();
    let plan = folder.path().join("plan.json").display().to_string();
    assert_eq!(server.json(&["plan", "--out", &plan])["exit_code"], 0);
    let found = gate(&server, &[&plan]);
    assert_eq!((&found["exit_code"], &found["plan"]["blocked"]), (&2.into(), &false.into()), "{found:#}");
    server.write(SITE, server.read(SITE) + "# a hand\n");
    let stale = gate(&server, &[&plan]);
    assert_eq!((&stale["exit_code"], &stale["outcome"]), (&3.into(), &"refused".into()), "{stale:#}");
    fs::write(&plan, "{}").unwrap();
    assert_eq!(gate(&server, &[&plan])["exit_code"], 65);
}

#[test]
fn a_change_that_waits_blocks_the_next_one_in_a_dry_run_as_well() {
    let machine = Machine::new("standalone");
    let _systemd = Systemd::start(&machine);
    machine.apply(&["--confirm-within", "10m"]).expect(0, "awaiting-confirmation");
    let found = machine.motionctl(&[&GATE[..], &["--json"]].concat());
    found.expect(3, "refused");
    assert!(found.error().contains("waits for its confirmation"), "{found:?}");
    machine.motionctl(&["confirm", "--json"]).expect(0, "ok");
    machine.motionctl(&[&GATE[..], &["--json"]].concat()).expect(0, "up-to-date");
}

#[test]
fn a_change_of_the_database_is_asked_in_the_same_way() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name).display().to_string();
    let (manifest, db) = (at("team.yaml"), format!("sqlite:{}", at("motion.db")));
    let write =
        |profiles: &str| fs::write(&manifest, format!("version: 1\nprofiles: [{profiles}]\n")).unwrap();
    let run = |words: &[&str]| motionctl([&["seed", "apply", &manifest, "--db", &db], words].concat());
    let ask = || run(&["--dry-run", "--detailed-exitcode", "--json"]).document();
    let code = |document: &Value| document["exit_code"].as_u64();
    write("{ name: A }");
    run(&["--yes"]);
    assert_eq!(code(&ask()), Some(0));
    write("{ name: A }, { name: B }");
    assert_eq!(code(&ask()), Some(2));
    assert_eq!(run(&["--dry-run"]).code, 0);
    write("{ name: A, absent: true }");
    assert_eq!(code(&ask()), Some(3), "{:#}", ask());
    assert_eq!(run(&["--detailed-exitcode", "--yes"]).code, 64);
}

#[test]
fn a_plan_is_counted_and_says_whether_it_would_be_refused() {
    let server = Server::copy("standalone");
    let plan = &server.json(&["plan"])["plan"];
    assert_eq!((&plan["counts"]["files"], &plan["blocked"]), (&1.into(), &false.into()), "{plan:#}");
    let directives = plan["diff"]["directives"].as_array().expect("directives");
    assert!(!directives.is_empty() && directives.iter().all(|one| one["old"].is_null()), "{plan:#}");
    let grafted = json!({ "files": 1, "add": directives.len(), "change": 0, "remove": 0 });
    assert_eq!(plan["counts"], grafted);
    refuse(&server);
    let refused = server.json(&["plan", "--detailed-exitcode"]);
    assert_eq!((&refused["exit_code"], &refused["plan"]["blocked"]), (&2.into(), &true.into()));
    // One that drops local changes removes and changes as well.
    let counts =
        Server::copy("customised").json(&["plan", "--strategy", "replace"])["plan"]["counts"].clone();
    assert!(["add", "change", "remove"].iter().all(|kind| counts[kind].as_u64() > Some(0)), "{counts:#}");
}

#[test]
fn a_finding_says_its_file_and_line_in_fields_of_their_own() {
    let check = |document: &Value, code: &str, file: &str, line: Option<u64>| {
        let found = finding(document, code);
        assert_eq!((found["file"].as_str(), found["line"].as_u64()), (Some(file), line), "{found:#}");
        found.clone()
    };
    let twice = Server::copy("duplicate-server").json(&["check"]);
    let found = finding(&twice, "site.duplicate-server").clone();
    let place = format!("{}:{}:", found["file"].as_str().expect("a file"), found["line"]);
    assert!(found["evidence"][0].to_string().contains(&place), "{found:#}");
    let server = Server::copy("standalone");
    refuse(&server);
    let site = format!("/{SITE}");
    check(&server.json(&["check"]), "site.managed-elsewhere", &site, None);
    // NGINX's own words have a place, too, and what is about no file has none.
    let unknown = finding(&twice, "topology.unknown").clone();
    assert!(unknown.get("file").is_none() && unknown.get("line").is_none(), "{unknown:#}");
    let folder = tempfile::tempdir().unwrap();
    let manifest = folder.path().join("team.yaml");
    let text = "version: 1\nagents:\n  - { username: anna-b, fullname: A, internal: '1' }\n";
    fs::write(&manifest, text).unwrap();
    let name = manifest.display().to_string();
    check(&motionctl(["seed", "validate", &name, "--json"]).document(), "seed.username", &name, Some(3));
}
