//! A pipeline's road from a tree to its change and back: no terminal, exit codes and JSON alone.
//!
//! Invariant: each decision is taken by an exit code or a field of the document, never by a text for people.

use crate::support::binary::{SITE, Server};
use serde_json::Value;

fn said(document: &Value) -> (u64, &str) {
    (document["exit_code"].as_u64().expect("a code"), document["outcome"].as_str().expect("an outcome"))
}

#[test]
fn a_pipeline_plans_reviews_applies_and_goes_back() {
    let server = Server::copy("standalone");
    let before = server.read(SITE);
    let file = server.at("plan.json").display().to_string();
    assert_eq!(said(&server.json(&["check"])), (0, "changes-pending"));

    // The plan is an artefact of the first job; what a person has to approve is counted in it.
    let plan = server.json(&["plan", "--out", &file, "--detailed-exitcode"]);
    assert_eq!(said(&plan), (2, "changes-pending"));
    assert_eq!((&plan["plan"]["blocked"], &plan["plan"]["counts"]["files"]), (&false.into(), &1.into()));
    assert_eq!(plan["details"]["summary"], "1 NGINX file: 58 lines added, 0 removed");
    let exactly =
        plan["next"].as_array().expect("steps").iter().find(|step| step["why"] == "does exactly this");
    let exactly = exactly.expect("how to do it")["command"].as_str().expect("text");
    assert!(exactly.starts_with("motionctl apply ") && exactly.ends_with(&file), "{exactly}");
    assert_eq!(
        said(&server.json(&["apply", &file, "--dry-run", "--detailed-exitcode"])),
        (2, "changes-pending")
    );
    assert_eq!(server.read(SITE), before);

    // Nobody is asked: without --yes the second job fails as wrong usage, and changes nothing.
    assert_eq!(said(&server.json(&["apply", &file])), (64, "invalid"));
    assert_eq!(server.read(SITE), before);
    let applied = server.json(&["apply", &file, "--yes"]);
    assert_eq!(said(&applied), (0, "applied"));
    assert_eq!(
        applied["details"]["summary"], plan["details"]["summary"],
        "what was approved is what was done"
    );
    assert_eq!(
        applied["details"]["next"],
        serde_json::json!([
            format!("motionctl status --root {}", server.path().display()),
            format!("motionctl rollback --root {}", server.path().display()),
        ])
    );

    // A job that runs twice is refused, and says why; one that only looks finds nothing to do.
    let again = server.json(&["apply", &file, "--yes"]);
    assert_eq!(said(&again), (3, "refused"));
    assert!(again["error"]["message"].to_string().contains("carried out already"), "{again:#}");
    assert_eq!(said(&server.json(&["plan", "--detailed-exitcode"])), (0, "up-to-date"));
    assert_eq!(said(&server.json(&["status", "--detailed-exitcode"])), (0, "up-to-date"));

    assert_eq!(said(&server.json(&["rollback", "--yes"])), (0, "applied"));
    assert_eq!(server.read(SITE), before);
    assert_eq!(said(&server.json(&["plan", "--detailed-exitcode"])), (2, "changes-pending"));

    // A guard says no: the job knows it before it tries.
    server.replace(SITE, "server {", "set_real_ip_from 192.0.2.1;\nserver {");
    assert_eq!(server.json(&["plan"])["plan"]["blocked"], true);
    assert_eq!(said(&server.json(&["apply", "--dry-run", "--detailed-exitcode"])), (3, "refused"));
}
