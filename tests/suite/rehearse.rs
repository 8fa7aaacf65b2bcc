//! The whole migration and its way back, on a private copy of every fixture.
//!
//! Invariant: what a rehearsal says is held against what it must see, and the
//! tree, the machine and its processes are as before.

use crate::support::binary::{
    SITE, Server, binary, codes_beside_unknown, family, finding, fixture, motionctl, runs,
};
use crate::support::nginx::signal;
use crate::support::said::Said;
use crate::support::tree_state::{State, untouched};
use crate::support::wait::eventually;
use serde_json::Value;
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Stdio;
use std::thread;
use std::time::Duration;

const LEGACY_TO_NEW: &str = "legacy page → new client";

/// Rehearses a fixture; a short load still covers the reload.
fn rehearse(name: &str, strategy: &str) -> Said {
    let root = fixture(name).display().to_string();
    let decided = ["--accept", "merge.conflict=ours", "--load", "120", "--json"];
    motionctl(["rehearse", "--root", &root, "--strategy", strategy].into_iter().chain(decided))
}

/// The document of a rehearsal that went all the way.
fn whole_road(name: &str, strategy: &str) -> Value {
    let before = untouched(&fixture(name));
    let document = rehearse(name, strategy).document();
    assert_eq!(document["exit_code"], 0, "{name} {strategy}: {document:#}");
    assert_eq!(document["outcome"], "ok", "{name} {strategy}");
    assert_eq!(document["error"], Value::Null);
    assert_eq!(document["plan"]["strategy"], strategy);
    assert_eq!(document["reload"]["proven"], true);
    assert_eq!(document["reload"]["error_log"], "clean");
    assert_eq!(document["backup"]["verified"], true);
    assert_eq!(document["load"]["fresh"]["failed"], 0, "{name} {strategy}: {:#}", document["load"]);
    assert!(document["load"]["fresh"]["sent"].as_u64() >= Some(60), "{:#}", document["load"]);
    assert!(document["load"]["during_reload"].as_u64() > Some(0), "{name}: the load missed the reload");
    check_probes(&document);
    assert!(before == untouched(&fixture(name)), "{name}: the fixture was touched");
    document
}

/// `/user-ui` changes and comes back; every other route never changes.
fn check_probes(document: &Value) {
    let rows = document["probes"].as_array().expect("probes");
    let mut entries = 0;
    for row in rows {
        assert_eq!(row["ok"], true, "{row}");
        assert_eq!(row["gated"], true, "{row}");
        assert_eq!(row["before"], row["restored"], "{row}");
        let serves_motion = row["server"] != "cc.example.test:80";
        match row["uri"].as_str() {
            Some("/user-ui/login") if serves_motion => {
                assert_eq!((&row["before"], &row["after"]), (&200.into(), &200.into()), "{row}");
                assert_eq!(row["note"], LEGACY_TO_NEW, "{row}");
                entries += 1;
            }
            Some("/user-ui") if serves_motion => {
                assert_eq!((&row["before"], &row["after"]), (&200.into(), &302.into()), "{row}");
            }
            Some(uri) => {
                assert_eq!(row["before"], row["after"], "{row}");
                if uri.starts_with("/socket.io/") {
                    assert_eq!(row["before"], 101, "{row}");
                }
            }
            None => panic!("a row without a route: {row}"),
        }
    }
    assert!(entries > 0, "no server block shows the new client");
}

/// Grafting succeeds and drops nothing; `findings` is all there is to say.
fn grafted(name: &str, findings: &[&str]) {
    let document = whole_road(name, "graft");
    assert_eq!(codes_beside_unknown(&document), findings, "{name}");
    assert_eq!(document["plan"]["local_changes"]["dropped"], Value::Array(Vec::new()), "{name}");
    let removed = document["plan"]["diff"]["directives"].as_array().expect("directives");
    assert!(removed.iter().all(|change| change["old"].is_null()), "{name}: {removed:#?}");
}

/// Replacing succeeds; what it drops is listed, among it `dropped`.
fn replaced(name: &str, dropped: &[&str]) {
    check_dropped(name, &whole_road(name, "replace"), dropped);
}

/// Replacing loses routes: they are shown and not held against it, every
/// other one answers as before.
fn replaced_with_losses(name: &str, lost: &[&str], dropped: &[&str]) {
    let before = untouched(&fixture(name));
    let document = rehearse(name, "replace").document();
    assert_eq!(
        (&document["exit_code"], &document["outcome"]),
        (&0.into(), &"ok".into()),
        "{name}: {document:#}"
    );
    check_dropped(name, &document, dropped);
    let rows = document["probes"].as_array().expect("probes");
    let ungated: Vec<_> = rows.iter().filter(|row| row["gated"] == false).collect();
    let uris: Vec<_> = ungated.iter().filter_map(|row| row["uri"].as_str()).collect();
    assert!(lost.iter().all(|uri| uris.contains(uri)), "{name}: {uris:?}");
    assert!(rows.iter().all(|row| row["ok"] == true), "{name}: {rows:#?}");
    assert!(rows.iter().all(|row| row["restored"] == row["before"]), "{name}: not rolled back: {rows:#?}");
    assert!(before == untouched(&fixture(name)), "{name}: the fixture was touched");
}

fn check_dropped(name: &str, document: &Value, dropped: &[&str]) {
    let listed = document["plan"]["local_changes"]["dropped"].as_array().expect("a list");
    let listed: Vec<_> = listed.iter().filter_map(|change| change["directive"].as_str()).collect();
    for directive in dropped {
        assert!(listed.contains(directive), "{name}: `{directive}` is not among {listed:#?}");
    }
}

/// Both strategies at once: a rehearsal mostly waits.
fn both(graft: impl FnOnce() + Send, replace: impl FnOnce()) {
    thread::scope(|scope| {
        let other = scope.spawn(graft);
        replace();
        other.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
    });
}

#[test]
fn standalone() {
    both(|| grafted("standalone", &["routes.missing"]), || replaced("standalone", &[]));
}

#[test]
fn customised() {
    both(
        || grafted("customised", &["routes.missing"]),
        || {
            replaced_with_losses(
                "customised",
                &["/whatsapp-bridge/", "/healthz"],
                &["add_header X-Frame-Options 'SAMEORIGIN'", "location /whatsapp-bridge/"],
            );
        },
    );
}

#[test]
fn proxied_client() {
    // Nobody can ask the address that the settings name on a tree.
    let findings = ["newclient.unusual", "routes.missing"];
    both(|| grafted("proxied-client", &findings), || replaced("proxied-client", &[]));
}

#[test]
fn dead_upstream() {
    both(
        || {
            grafted("dead-upstream", &["site.dead-upstream", "routes.missing", "site.remote-location"]);
        },
        || replaced_with_losses("dead-upstream", &["/whatsapp-bridge/"], &["location /whatsapp-bridge/"]),
    );
}

/// nginx uses the other file's blocks: a new `motion.conf` alone would serve nobody.
#[test]
fn duplicate_server() {
    grafted("duplicate-server", &["site.duplicate-server", "routes.missing"]);
    let replaced = whole_road("duplicate-server", "replace");
    let steps = replaced["plan"]["steps"].to_string();
    assert!(steps.contains("copy-of-motion.conf") && steps.contains("conf.d/motion.conf"), "{steps}");
}

#[test]
fn regex_assets() {
    both(
        || grafted("regex-assets", &["routes.missing"]),
        || replaced("regex-assets", &["location ~* \\.(js|css)$"]),
    );
}

#[test]
fn redirect_in_location() {
    both(
        || grafted("redirect-in-location", &["routes.missing"]),
        || {
            replaced_with_losses(
                "redirect-in-location",
                &["/.well-known/acme-challenge/"],
                &["location ^~ /.well-known/acme-challenge/"],
            )
        },
    );
}

#[test]
fn shared_include() {
    both(
        || grafted("shared-include", &["routes.missing"]),
        || replaced("shared-include", &["include motion.d/locations.conf"]),
    );
}

#[test]
fn variables() {
    both(
        || {
            let root = fixture("variables").display().to_string();
            let document = motionctl(["check", "--root", &root, "--json"]).document();
            let evidence = finding(&document, "site.remote-location")["evidence"].to_string();
            assert!(evidence.contains("wallboard.example.test") && evidence.contains("reports.example.test"));
            grafted("variables", &["routes.missing", "site.remote-location"]);
        },
        || replaced_with_losses("variables", &["/wallboard/", "/reports/"], &["resolver_timeout 5s"]),
    );
}

/// Merging drops nothing: every local route answers as before. Only where no
/// base is near do conflicts need the decision that `rehearse` brings.
#[test]
fn merging_carries_every_local_route() {
    let merged = |name: &str| {
        let plan = &whole_road(name, "merge")["plan"];
        // What differs from a guess is nobody's change, and is carried all the same.
        let lists = plan.get("differences_from_guess").unwrap_or(&plan["local_changes"]);
        assert_eq!(
            (lists["conflicting"].to_string(), lists["dropped"].to_string()),
            ("[]".into(), "[]".into()),
            "{name}"
        );
    };
    let groups = [
        ["standalone", "customised"],
        ["proxied-client", "dead-upstream"],
        ["duplicate-server", "regex-assets"],
    ];
    // No base is near, and what the template brings does not stand beside what
    // is there: locations that an include has already are duplicates.
    let stopped = |name: &str, why: &str| {
        let document = rehearse(name, "merge").document();
        assert_eq!(document["exit_code"], 65, "{name}: {document:#}");
        assert!(document["error"]["message"].to_string().contains(why), "{name}: {document:#}");
    };
    thread::scope(|scope| {
        for group in groups {
            scope.spawn(move || group.into_iter().for_each(merged));
        }
        merged("variables");
        // Its own redirect does what the template's would, and lets the ACME challenge through.
        merged("redirect-in-location");
        stopped("shared-include", "duplicate location");
    });
}

#[test]
fn trees_that_are_migrated_broken_or_no_motion_are_not_rehearsed() {
    for strategy in ["merge", "graft", "replace"] {
        let done = rehearse("already-migrated", strategy).document();
        assert_eq!((&done["exit_code"], &done["outcome"]), (&0.into(), &"up-to-date".into()));
        assert_eq!(codes_beside_unknown(&done), ["routes.migrated"]);

        let broken = rehearse("broken", strategy).document();
        assert_eq!((&broken["exit_code"], &broken["outcome"]), (&65.into(), &"invalid".into()));
        let evidence = finding(&broken, "nginx.config-broken")["evidence"].to_string();
        assert!(evidence.contains("proxy_reed_timeout") && evidence.contains("motion.conf:28"), "{evidence}");

        let other = rehearse("no-motion", strategy).document();
        assert_eq!((&other["exit_code"], &other["outcome"]), (&69.into(), &"unavailable".into()));
        finding(&other, "site.not-found");
        for document in [done, broken, other] {
            assert!(document.get("probes").is_none() && document.get("load").is_none(), "{document:#}");
        }
    }
}

/// Mounts, and what the tool would leave behind if it mistook this machine for
/// the copy.
fn machine() -> Vec<State> {
    ["/var/lib/motionctl", "/var/backups/motionctl", "/etc/motionctl", "/etc/nginx"]
        .map(|folder| untouched(Path::new(folder)))
        .into()
}

fn mounts(of: &str) -> usize {
    fs::read_to_string("/proc/self/mountinfo").expect("mounts").matches(of).count()
}

/// Starts a rehearsal, waits until its private NGINX serves, interrupts it, and
/// waits until nothing of it is left.
fn interrupted(interrupt: impl FnOnce(u32)) -> (Option<i32>, String) {
    let server = Server::copy("standalone");
    let temp = tempfile::tempdir().expect("a folder");
    let machine_before = machine();
    let tree_before = server.state();
    let mut child = binary()
        .args(server.arguments(&["rehearse", "--json", "--load", "2000"]))
        .env("TMPDIR", temp.path())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the binary starts");
    let mut seen = BTreeMap::new();
    eventually("a private worker", || {
        seen.extend(family(child.id()));
        seen.values().any(|title| title.starts_with("nginx: worker"))
    });
    thread::sleep(Duration::from_millis(700));
    seen.extend(family(child.id()));
    interrupt(child.id());
    let mut stdout = child.stdout.take().expect("a pipe");
    let status = child.wait().expect("waiting");
    let mut text = String::new();
    std::io::Read::read_to_string(&mut stdout, &mut text).expect("text");
    eventually("the end of all that a rehearsal started", || !seen.keys().any(runs));
    assert!(seen.len() > 4, "{seen:#?}");
    assert!(tree_before == server.state(), "the tree was touched");
    assert!(machine_before == machine(), "the machine was touched");
    assert_eq!(fs::read_dir(temp.path()).expect("a folder").count(), 0, "temporary files are left");
    assert_eq!(mounts(&server.path().display().to_string()), 0);
    (status.code(), text)
}

#[test]
fn ctrl_c_ends_a_rehearsal_and_leaves_nothing() {
    let (code, text) = interrupted(|pid| signal(i32::try_from(pid).expect("a pid"), "INT"));
    assert_eq!(code, Some(1), "{text}");
    let document: Value = serde_json::from_str(&text).expect("one document");
    assert_eq!((&document["outcome"], &document["exit_code"]), (&"cancelled".into(), &1.into()));
    assert!(document["error"]["message"].to_string().contains("interrupted"), "{document:#}");
}

#[test]
fn a_killed_rehearsal_leaves_nothing() {
    let (code, _) = interrupted(|pid| signal(i32::try_from(pid).expect("a pid"), "KILL"));
    assert_eq!(code, None);
}

#[test]
fn kept_files_are_private_and_hold_the_logs() {
    let folder = tempfile::tempdir().expect("a folder");
    let keep = folder.path().display().to_string();
    let root = fixture("standalone").display().to_string();
    let answer = motionctl(["rehearse", "--root", &root, "--load", "40", "--keep", &keep, "--json"]);
    assert_eq!(answer.code, 0, "{answer:?}");
    let kept = untouched(folder.path());
    let names: Vec<_> = kept.paths().into_iter().filter_map(|path| path.file_name()?.to_str()).collect();
    assert!(names.contains(&"etc_nginx_conf.d_motion.conf"), "{names:?}");
    assert!(names.contains(&"var_log_nginx_access.log"), "{names:?}");
    use std::os::unix::fs::PermissionsExt;
    for entry in fs::read_dir(folder.path()).expect("a folder").flatten() {
        assert_eq!(entry.metadata().expect("a file").permissions().mode() & 0o7777, 0o600, "{entry:?}");
    }
    let changed = fs::read_to_string(folder.path().join("etc_nginx_conf.d_motion.conf")).expect("kept");
    assert!(changed.contains("/user-ui/"), "the file as it was changed, not as it was put back");
    let missing = folder.path().join("nowhere").display().to_string();
    let answer = motionctl(["rehearse", "--root", &root, "--keep", &missing, "--json"]);
    assert_eq!(answer.document()["exit_code"], 64);
}

#[test]
fn a_rehearsal_that_fails_hands_out_what_is_needed_to_see_why() {
    let folder = tempfile::tempdir().expect("a folder");
    let keep = folder.path().display().to_string();
    let server = Server::copy("standalone");
    let vendor = server.read(SITE);
    let (base, candidate) = (server.at("base.conf"), server.at("candidate.conf"));
    let route = "location ^~ /user-ui/ { alias /var/opt/motion2/client-new/dist/; try_files $uri /user-ui/index.html; }\n    \
                 location = /user-ui { return 302 /user-ui/; }\n    location /api/ { return 410; }\n    location /api/x";
    fs::write(&base, &vendor).expect("writing");
    fs::write(&candidate, vendor.replace("location /api/", route)).expect("writing");
    let (base, candidate) = (base.display().to_string(), candidate.display().to_string());
    let files = ["rehearse", "--base", &base, "--candidate", &candidate];
    let answer = server.run(&[&files[..], &["--load", "40", "--keep", &keep]].concat());
    assert_eq!(answer.code, 1, "{answer:?}");
    let kept = untouched(folder.path());
    let names: Vec<_> = kept.paths().into_iter().filter_map(|path| path.file_name()?.to_str()).collect();
    assert!(names.contains(&"etc_nginx_conf.d_motion.conf"), "{names:?}");
    assert!(names.iter().any(|name| name.ends_with(".log")), "{names:?}");
}

#[test]
fn a_syslog_server_that_nobody_reaches_fails_no_rehearsal() {
    // By UDP, by name, on a unix socket that is not there, for errors and for requests.
    let server = Server::copy("standalone");
    server.replace(
        "etc/nginx/nginx.conf",
        "events {",
        "error_log syslog:server=192.0.2.14 notice;\nerror_log syslog:server=unix:/dev/log,tag=nginx info;\nevents {",
    );
    server.replace(
        SITE,
        "server_name",
        "access_log syslog:server=logs.example.test:5514,facility=local7;\n    \
         error_log syslog:server=unix:/run/nowhere/log.sock info;\n    server_name",
    );
    for round in 0..4 {
        let document = server.json(&["rehearse", "--load", "120"]);
        assert_eq!(document["exit_code"], 0, "{round}: {document:#}");
        assert_eq!(document["reload"]["proven"], true, "{round}: {document:#}");
        // Beside them a file is named, too.
        assert_eq!(document["reload"]["error_log"], "clean", "{round}: {document:#}");
        // They are answered: not even a line that fails nothing is written.
        assert_eq!(document["reload"].get("noted"), None, "{round}: {document:#}");
    }
}
