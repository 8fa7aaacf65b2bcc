//! Kernels and containers that know less than this machine: every command comes to what it comes to here, or says
//! what is missing.
//!
//! Invariant: what is compared is what a command answers, not which road it took.

mod features;
mod refused;

use crate::seed::support::{Db, EXAMPLE};
use crate::support::depth::is_deep;
use crate::support::machine::Machine;
use crate::support::old_kernel::{KERNELS, Refusal, UNKNOWN_TO_OLD_ENGINES};
use crate::support::said::Said;
use crate::support::systemd::Systemd;
use nix::libc;
use serde_json::{Value, json};
use std::fs;
use std::sync::OnceLock;

const SCRIPT: &str =
    "#!/bin/sh\necho '# by a script' >>/etc/nginx/conf.d/motion.conf && nginx -t && nginx -s reload\n";

/// Runs a command inside with some calls refused to it.
fn run(machine: &Machine, refusal: Option<&Refusal>, arguments: &[&str]) -> Said {
    let bind = |command: &mut std::process::Command| {
        if let Some(refusal) = refusal {
            refusal.bind(command);
        }
    };
    machine.command(env!("CARGO_BIN_EXE_motionctl"), arguments, bind).finish()
}

/// What an answer says, without what is another in each run.
fn told(output: &Said) -> Value {
    let document = &output.json;
    let codes: Vec<_> =
        document["findings"].as_array().into_iter().flatten().map(|one| &one["code"]).collect();
    json!({
        "code": output.code,
        "outcome": document["outcome"],
        "error": document["error"]["message"],
        "findings": codes,
        "steps": document["plan"]["counts"],
        "probes": document["probes"],
        "reload": [document["reload"]["proven"], document["reload"]["error_log"]],
        "verified": document["backup"]["verified"],
        "script": document["details"]["try"]["changes"],
    })
}

/// Every command that reads or changes a server, on a server of its own: what each says.
fn migration(refusal: Option<&Refusal>) -> Vec<(String, Value)> {
    let machine = Machine::new("standalone");
    let script = machine.scratch().join("install.sh");
    fs::write(&script, SCRIPT).expect("writing");
    let script = script.display().to_string();
    let commands: [&[&str]; 17] = [
        &["version"],
        &["check"],
        &["plan", "--detailed-exitcode"],
        &["rehearse", "--load", "60"],
        &["try", &script],
        &["apply", "--yes"],
        &["status", "--detailed-exitcode"],
        &["apply", "--yes"],
        &["routes"],
        &["backups", "verify"],
        &["backups", "diff"],
        &["local", "list"],
        &["history"],
        &["recover"],
        &["rollback", "--yes"],
        &["status"],
        &["report"],
    ];
    let all = commands.iter().map(|arguments| {
        let output = run(&machine, refusal, &[arguments, &["--json"][..]].concat());
        (arguments.join(" ").replace(&script, "SCRIPT"), told(&output))
    });
    all.collect()
}

/// A migration on this kernel.
fn here() -> &'static [(String, Value)] {
    static HERE: OnceLock<Vec<(String, Value)>> = OnceLock::new();
    HERE.get_or_init(|| {
        let here = migration(None);
        let went = |name: &str| {
            here.iter().find(|(arguments, _)| arguments.starts_with(name)).map(|(_, told)| &told["code"])
        };
        for name in ["check", "rehearse", "try", "apply", "rollback"] {
            assert_eq!(went(name), Some(&json!(0)), "{name}: {here:#?}");
        }
        here
    })
}

#[track_caller]
fn goes_as_here(what: &str, refusal: &Refusal) {
    for (here, there) in here().iter().zip(migration(Some(refusal))) {
        assert_eq!(*here, there, "{what}");
    }
}

#[test]
fn a_migration_goes_on_every_old_kernel_as_on_this_one() {
    // What one kernel lacks the older ones lack as well.
    let kernels = if is_deep() { &KERNELS[..] } else { &[KERNELS[0], KERNELS[3]] };
    for &kernel in kernels {
        goes_as_here(&format!("Linux {kernel:?}"), &Refusal::of_kernel(kernel));
    }
}

#[test]
fn a_migration_goes_in_a_container_whose_filter_knows_no_new_calls() {
    let refusal = Refusal::of(UNKNOWN_TO_OLD_ENGINES.iter().copied(), libc::EPERM);
    goes_as_here("EPERM of a filter", &refusal);
}

#[test]
fn a_change_waits_for_its_confirmation_on_the_oldest_kernel() {
    let machine = Machine::new("standalone");
    let systemd = Systemd::start(&machine);
    let oldest = Refusal::of_kernel(KERNELS[0]);
    let done = run(&machine, Some(&oldest), &["apply", "--yes", "--confirm-within", "10m", "--json"]);
    done.expect(0, "awaiting-confirmation");
    assert_eq!(systemd.armed().len(), 2, "{done}");
    let done = run(&machine, Some(&oldest), &["confirm", "--json"]);
    assert_eq!(done.code, 0, "{done}");
    assert!(systemd.armed().is_empty(), "{done}");
    run(&machine, Some(&oldest), &["status", "--json"]).expect(0, "up-to-date");
}

#[test]
fn seeding_goes_on_every_old_kernel_as_on_this_one() {
    let all = |refusal: Option<&Refusal>| -> Vec<Value> {
        let db = Db::in_file();
        let manifest = db.folder().join("m.yaml");
        fs::write(&manifest, EXAMPLE).expect("writing");
        let (manifest, url) = (manifest.display().to_string(), db.url());
        let commands: [&[&str]; 7] = [
            &["seed", "validate", &manifest],
            &["seed", "plan", &manifest, "--detailed-exitcode"],
            &["seed", "apply", &manifest, "--yes"],
            &["seed", "apply", &manifest, "--yes"],
            &["seed", "list"],
            &["seed", "export"],
            &["seed", "access", "agent1"],
        ];
        let said = commands.iter().map(|arguments| {
            let database: &[&str] = if arguments[1] == "validate" { &[] } else { &["--db", &url] };
            let mut command = crate::support::binary::binary();
            command.args([arguments, database, &["--json"]].concat());
            if let Some(refusal) = refusal {
                refusal.bind(&mut command);
            }
            let answer = crate::support::said::answer(&command.output().expect("the binary starts"));
            let document = answer.document();
            json!([
                arguments[1], answer.code, document["outcome"], document["changes"],
                document["error"]["message"]
            ])
        });
        said.collect()
    };
    let here = all(None);
    assert!(here.iter().all(|row| row[1] == 0 || row[0] == "plan"), "{here:#?}");
    for kernel in KERNELS {
        assert_eq!(here, all(Some(&Refusal::of_kernel(kernel))), "Linux {kernel:?}");
    }
}
