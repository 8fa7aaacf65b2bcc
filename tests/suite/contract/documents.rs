//! Exactly one document on standard output, whatever happened.

use super::shape::check;
use crate::support::binary::{Server, codes, finding, fixture, motionctl};
use serde_json::Value;
use std::fs;

/// A run with `--json`, checked for its shape, its exit code and its outcome.
fn document(arguments: &[&str], command: &str, code: i32, outcome: &str) -> Value {
    let answer = motionctl(arguments.iter().copied().chain(["--json"]));
    assert_eq!(answer.code, code, "{arguments:?}: {answer:?}");
    let document = answer.document();
    check(&document, command);
    assert_eq!(document["outcome"], outcome, "{arguments:?}: {document:#}");
    document
}

#[test]
fn wrong_usage_is_64_with_a_document() {
    let root = fixture("standalone").display().to_string();
    for arguments in [
        vec!["bogus"],
        vec![],
        vec!["plan", "--bogus"],
        vec!["plan", "--strategy", "guess"],
        vec!["plan", "--reload-timeout", "soon"],
        vec!["backups", "prune"],
        vec!["-q", "-v", "plan"],
        vec!["plan", "--new-client-root", "/a", "--new-client-upstream", "http://b"],
    ] {
        let found = document(&arguments, "usage", 64, "invalid");
        assert!(found.get("host").is_none() && found.get("plan").is_none(), "{found:#}");
    }
    let missing = document(&["backups", "prune"], "usage", 64, "invalid");
    assert!(missing["error"]["message"].to_string().contains("--keep"), "{missing:#}");

    let refused = ["plan", "check", "apply", "rehearse", "status"];
    for command in refused {
        for code in ["nginx.port-held", "site.ambiguous", "nonsense", "merge.conflict"] {
            let found = document(&[command, "--root", &root, "--accept", code], command, 64, "invalid");
            assert!(found["error"]["message"].to_string().contains(code), "{found:#}");
        }
    }
    let misspelt = ["check", "--root", &root, "--accept", "topology.behind-prxy"];
    let found = document(&misspelt, "check", 64, "invalid");
    assert!(found["error"]["hint"].to_string().contains("topology.behind-proxy"), "{found:#}");
    let good = "topology.unknown,newclient.version-old,sessions.online,bundle.changed,config.runs-code,site.managed-elsewhere";
    document(&["check", "--root", &root, "--accept", good], "check", 0, "changes-pending");
    document(&["plan", "--root", &root, "--no-sandbox"], "plan", 64, "invalid");
}

#[test]
fn every_command_answers_with_a_document() {
    let server = Server::copy("standalone");
    let root = server.path().display().to_string();
    let at = |arguments: &[&str], command: &str, code: i32, outcome: &str| {
        let arguments: Vec<_> = arguments.iter().copied().chain(["--root", &root]).collect();
        document(&arguments, command, code, outcome)
    };
    at(&["check"], "check", 0, "changes-pending");
    at(&["plan"], "plan", 0, "changes-pending");
    at(&["plan", "--detailed-exitcode"], "plan", 2, "changes-pending");
    at(&["status"], "status", 0, "changes-pending");
    at(&["status", "--detailed-exitcode"], "status", 2, "changes-pending");
    at(&["report"], "report", 0, "ok");
    at(&["apply", "--dry-run"], "apply", 0, "changes-pending");
    at(&["apply"], "apply", 64, "invalid");
    at(&["rollback", "--yes"], "rollback", 0, "up-to-date");
    at(&["recover"], "recover", 0, "up-to-date");
    at(&["backups", "list"], "backups list", 0, "ok");
    let applied = at(&["apply", "--yes"], "apply", 0, "applied");
    let id = applied["backup"]["id"].as_str().expect("a backup");
    at(&["plan", "--detailed-exitcode"], "plan", 0, "up-to-date");
    at(&["status", "--detailed-exitcode"], "status", 0, "up-to-date");
    at(&["check"], "check", 0, "up-to-date");
    at(&["backups", "list"], "backups list", 0, "ok");
    at(&["backups", "show", id], "backups show", 0, "ok");
    at(&["backups", "verify"], "backups verify", 0, "ok");
    at(&["backups", "verify", id], "backups verify", 0, "ok");
    at(&["backups", "diff", id], "backups diff", 2, "changes-pending");
    at(&["backups", "show", "nonsense"], "backups show", 64, "invalid");
    at(&["backups", "show", "20200101T000000Z-00000000"], "backups show", 69, "unavailable");
    at(&["rollback"], "rollback", 64, "invalid");
    at(&["rollback", "--yes"], "rollback", 0, "applied");
    // A folder's time says that something in it was replaced, twice.
    let left = at(&["backups", "diff", id], "backups diff", 2, "changes-pending");
    assert_eq!(left["details"]["rows"], serde_json::json!([["/etc/nginx/conf.d", "time of change"]]));
    at(&["backups", "prune", "--keep", "0"], "backups prune", 0, "up-to-date");
}

#[test]
fn findings_and_exit_codes_are_explained_where_nothing_else_works() {
    let nowhere = ["--root", "/nowhere", "--config", "/nowhere"];
    let explain = |what: &[&str]| {
        let arguments: Vec<_> = ["explain"].iter().chain(what).chain(&nowhere).copied().collect();
        document(&arguments, "explain", 0, "ok")["explanations"].as_array().expect("a list").clone()
    };
    let [conflict] = &explain(&["merge.conflict"])[..] else { panic!("one row") };
    assert_eq!((&conflict["code"], &conflict["exit_code"]), (&"merge.conflict".into(), &3.into()));
    assert_eq!(conflict["accept"], serde_json::json!(["merge.conflict=ours", "merge.conflict=theirs"]));
    let [four] = &explain(&["4"])[..] else { panic!("one row") };
    assert_eq!((&four["kind"], &four["state"]), (&"exit-code".into(), &"as before".into()));
    let area = explain(&["topology"]);
    assert!(area.len() > 5 && area.iter().all(|row| row["code"].as_str().unwrap().starts_with("topology.")));
    assert!(explain(&[]).len() > area.len());

    let unknown = document(&["explain", "topology.behind-prxy"], "explain", 64, "invalid");
    assert!(unknown["error"]["hint"].to_string().contains("topology.behind-proxy"), "{unknown:#}");
    document(&["explain", "7"], "explain", 64, "invalid");
}

#[test]
fn a_root_that_is_missing_is_69_and_settings_that_are_wrong_are_65() {
    let folder = tempfile::tempdir().expect("a folder");
    let nowhere = folder.path().join("nowhere").display().to_string();
    for command in ["check", "plan", "apply", "rehearse", "status", "rollback", "recover"] {
        let found = document(&[command, "--root", &nowhere], command, 69, "unavailable");
        assert!(found["error"]["message"].to_string().contains(&nowhere), "{found:#}");
    }
    let server = Server::copy("standalone");
    let root = server.path().display().to_string();
    server.write("etc/motionctl/config.toml", "strategie = \"graft\"\n");
    let found = document(&["plan", "--root", &root], "plan", 65, "invalid");
    assert!(found["error"]["message"].to_string().contains("strategie"), "{found:#}");

    let settings = folder.path().join("settings.toml");
    let named = settings.display().to_string();
    document(&["plan", "--root", &root, "--config", &named], "plan", 69, "unavailable");
    fs::write(&settings, "strategy = \"replace\"\n").expect("writing");
    let found = document(&["plan", "--root", &root, "--config", &named], "plan", 0, "changes-pending");
    assert_eq!(found["plan"]["strategy"], "replace");
    let flag = ["plan", "--root", &root, "--config", &named, "--strategy", "graft"];
    assert_eq!(document(&flag, "plan", 0, "changes-pending")["plan"]["strategy"], "graft");
    fs::write(&settings, "strategy = \"guess\"\n").expect("writing");
    document(&["plan", "--root", &root, "--config", &named], "plan", 65, "invalid");
}

#[test]
fn global_options_stand_before_or_after_the_command() {
    let root = fixture("standalone").display().to_string();
    let id = |arguments: &[&str]| {
        let document = motionctl(arguments).document();
        document["plan"]["id"].as_str().expect("a plan").to_owned()
    };
    let after = id(&["plan", "--root", &root, "--json", "--color", "never"]);
    assert_eq!(id(&["--root", &root, "--json", "--color", "never", "plan"]), after);
    assert_eq!(id(&["--json", "plan", "--root", &root]), after);
}

#[test]
fn paths_may_be_typed_with_the_root_in_front() {
    let server = Server::copy("standalone");
    let root = server.path().display().to_string();
    let client = "/var/opt/motion2/client-new/dist";
    let plan = |site: &str, client: &str| {
        let arguments = ["plan", "--root", &root, "--site", site, "--new-client-root", client];
        let document = document(&arguments, "plan", 0, "changes-pending");
        assert_eq!(document["plan"]["site"], "/etc/nginx/conf.d/motion.conf");
        document["plan"]["id"].clone()
    };
    let below = plan("/etc/nginx/conf.d/motion.conf", client);
    let typed = plan(&format!("{root}/etc/nginx/conf.d/motion.conf"), &format!("{root}{client}"));
    assert_eq!(below, typed);
    assert_eq!(below, plan("etc/nginx/conf.d/motion.conf", client.trim_start_matches('/')));
}

#[test]
fn diff_is_0_or_2_for_files_and_trees() {
    let (one, other) = (fixture("standalone"), fixture("customised"));
    let path = |root: &std::path::Path, below: &str| root.join(below).display().to_string();
    let site = "etc/nginx/conf.d/motion.conf";
    let (a, b) = (path(&one, site), path(&other, site));
    let found = document(&["diff", &a, &b], "diff", 2, "changes-pending");
    let directives = found["details"]["directives"].as_array().expect("directives");
    let bridge = "server cc.example.test:443 / location /whatsapp-bridge/";
    assert!(directives.iter().any(|change| change["path"] == bridge && change["new"] == "600s"), "{found:#}");
    let found = document(&["diff", "--lines", &a, &b], "diff", 2, "changes-pending");
    assert!(found["details"]["unified"].to_string().contains("whatsapp"), "{found:#}");
    document(&["diff", &a, &a], "diff", 0, "ok");
    document(&["diff", "--lines", &a, &a], "diff", 0, "ok");
    let (a, b) = (path(&one, "etc/nginx"), path(&other, "etc/nginx"));
    document(&["diff", &a, &b], "diff", 2, "changes-pending");
    document(&["diff", &a, &a], "diff", 0, "ok");
    document(&["diff", &a, &path(&one, "nowhere")], "diff", 69, "unavailable");
}

#[test]
fn completions_and_manual_pages_work() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let answer = motionctl(["completions", shell]);
        assert_eq!(answer.code, 0);
        assert!(answer.stdout.contains("rehearse") && answer.stdout.contains("new-client-root"), "{shell}");
    }
    let found = document(&["completions", "bash"], "completions", 0, "ok");
    assert!(found["details"]["script"].to_string().contains("rehearse"));
    let folder = tempfile::tempdir().expect("a folder");
    let dir = folder.path().display().to_string();
    document(&["man", &dir], "man", 0, "ok");
    let page = fs::read_to_string(folder.path().join("motionctl-rehearse.1")).expect("a page");
    assert!(page.contains("\\-\\-new\\-client\\-root") && page.contains(".TH"), "{page}");
    document(&["man", &format!("{dir}/nowhere")], "man", 1, "failed");
}

#[test]
fn saved_plans_are_private_and_run_only_on_the_server_they_were_made_for() {
    use std::os::unix::fs::PermissionsExt;
    let server = Server::copy("regex-assets");
    let folder = tempfile::tempdir().expect("a folder");
    let saved = folder.path().join("plan.json");
    let name = saved.display().to_string();
    let root = server.path().display().to_string();
    let planned = ["plan", "--root", &root, "--strategy", "replace", "--out", &name];
    let planned = document(&planned, "plan", 0, "changes-pending");
    assert_eq!(fs::metadata(&saved).expect("a file").permissions().mode() & 0o7777, 0o600);
    let other = Server::copy("customised").run(&["apply", &name, "--yes", "--json"]).document();
    assert_eq!(other["exit_code"], 3);
    assert!(other["error"]["message"].to_string().contains("stale"), "{other:#}");

    let applied = document(&["apply", &name, "--root", &root, "--yes"], "apply", 0, "applied");
    for part in ["id", "strategy", "site", "steps", "diff"] {
        assert_eq!(applied["plan"][part], planned["plan"][part], "what is shown is what is done: {part}");
    }
    let dropped = |document: &Value| document["plan"]["local_changes"]["dropped"].to_string();
    assert!(dropped(&applied).contains("(js|css)") && dropped(&planned).contains("(js|css)"), "{applied:#}");
    let again = document(&["apply", &name, "--root", &root, "--yes"], "apply", 3, "refused");
    assert!(again["error"]["message"].to_string().contains("stale"), "{again:#}");

    let text = fs::read_to_string(&saved).expect("a plan").replace("motion.conf", "other.conf");
    fs::write(&saved, text).expect("writing");
    document(&["apply", &name, "--root", &root, "--yes"], "apply", 65, "invalid");
    document(&["apply", "/nowhere/plan", "--root", &root, "--yes"], "apply", 69, "unavailable");
}

#[test]
fn findings_tell_what_stops_and_what_does_not() {
    let root = fixture("no-motion").display().to_string();
    let found = document(&["check", "--root", &root], "check", 69, "unavailable");
    assert_eq!(codes(&found), ["newclient.not-found", "site.not-found"]);
    assert_eq!(finding(&found, "site.not-found")["level"], "stop");
    let broken = Server::copy("broken");
    let root = broken.path().display().to_string();
    for command in ["check", "plan", "apply", "rehearse"] {
        let found = document(&[command, "--root", &root], command, 65, "invalid");
        finding(&found, "nginx.config-broken");
    }
}
