//! Strategies end to end on copied trees: merges with a candidate, decisions,
//! what is remembered, the local include, and drift.

use crate::support::binary::{Server, finding};
use serde_json::Value;
use std::fs;

const SITE: &str = "etc/nginx/conf.d/motion.conf";
const BRIDGE: &str = "
    # Our bridge.
    location /whatsapp-bridge/ {
        proxy_pass http://127.0.0.1:3434/;
    }

    location /api/";

/// A server with a local location, and what a vendor's new file could be.
fn server_and_candidate() -> (Server, tempfile::NamedTempFile) {
    let server = Server::copy("standalone");
    let vendor = server.read("etc/nginx/conf.d/motion.conf");
    server.replace(SITE, "    location /api/", BRIDGE.trim_start_matches('\n'));
    let migrated = Server::copy("standalone");
    assert_eq!(migrated.json(&["apply", "--yes", "--strategy", "graft"])["exit_code"], 0);
    let candidate = migrated.read(SITE).replace("client_max_body_size 20m", "client_max_body_size 64m");
    assert_ne!(candidate, vendor);
    let file = tempfile::NamedTempFile::new().expect("a file");
    std::fs::write(file.path(), candidate).expect("writing");
    (server, file)
}

fn path(file: &tempfile::NamedTempFile) -> String {
    file.path().display().to_string()
}

fn directives(list: &Value) -> Vec<&str> {
    list.as_array().expect("a list").iter().filter_map(|change| change["directive"].as_str()).collect()
}

#[test]
fn a_candidate_is_merged_with_the_local_changes_and_remembered() {
    let (server, candidate) = server_and_candidate();
    let base = tempfile::NamedTempFile::new().expect("a file");
    std::fs::write(base.path(), Server::copy("standalone").read(SITE)).expect("writing");
    let change = ["--candidate", &path(&candidate), "--base", &path(&base)];
    let planned = server.json(&[&["plan"][..], &change].concat());
    assert_eq!(planned["plan"]["strategy"], "merge", "{planned:#}");
    assert_eq!(directives(&planned["plan"]["local_changes"]["carried"]), ["location /whatsapp-bridge/"]);
    let applied = server.json(&[&["apply", "--yes"][..], &change].concat());
    assert_eq!(applied["outcome"], "applied", "{applied:#}");
    let merged = server.read(SITE);
    for part in ["location /whatsapp-bridge/", "client_max_body_size 64m", "location ^~ /user-ui/"] {
        assert!(merged.contains(part), "{part} is not in {merged}");
    }
    // The same candidate again changes nothing, also without being told the base.
    let again = server.json(&["apply", "--yes", "--candidate", &path(&candidate)]);
    assert_eq!(again["outcome"], "up-to-date", "{again:#}");
    // The next one merges from what is remembered.
    let next = std::fs::read_to_string(candidate.path()).expect("reading").replace("64m", "80m");
    std::fs::write(candidate.path(), next).expect("writing");
    let applied = server.json(&["apply", "--yes", "--candidate", &path(&candidate)]);
    assert_eq!(applied["outcome"], "applied", "{applied:#}");
    assert_eq!(applied["plan"]["base"], "what the last change was made with");
    let merged = server.read(SITE);
    assert!(merged.contains("80m") && merged.contains("/whatsapp-bridge/"), "{merged}");
}

#[test]
fn a_candidate_without_the_route_is_refused() {
    let (server, candidate) = server_and_candidate();
    let old = Server::copy("standalone").read(SITE);
    std::fs::write(candidate.path(), old).expect("writing");
    let before = server.state();
    let refused = server.json(&["apply", "--yes", "--candidate", &path(&candidate)]);
    assert_eq!(refused["exit_code"], 65, "{refused:#}");
    finding(&refused, "candidate.lacks-route");
    std::fs::write(candidate.path(), "server {").expect("writing");
    assert_eq!(server.json(&["plan", "--candidate", &path(&candidate)])["exit_code"], 65);
    assert!(
        before == server.state() || server.state().paths().len() >= before.paths().len(),
        "the tree lost files"
    );
}

#[test]
fn a_conflict_is_refused_until_it_is_decided() {
    let (server, candidate) = server_and_candidate();
    let base = tempfile::NamedTempFile::new().expect("a file");
    std::fs::write(base.path(), Server::copy("standalone").read(SITE)).expect("writing");
    server.replace(SITE, "client_max_body_size 20m", "client_max_body_size 500m");
    let (candidate, base) = (path(&candidate), path(&base));
    let plan = |more: &[&str]| {
        server.json(&[&["plan", "--candidate", &candidate, "--base", &base][..], more].concat())
    };
    let refused = plan(&[]);
    assert_eq!((&refused["exit_code"], &refused["outcome"]), (&3.into(), &"refused".into()), "{refused:#}");
    let evidence = finding(&refused, "merge.conflict")["evidence"].to_string();
    assert!(evidence.contains("500m") && evidence.contains("64m") && evidence.contains("line"), "{evidence}");
    let decided = "server cc.example.test:443 / client_max_body_size=theirs";
    for (more, wanted) in [
        (["--accept", "merge.conflict=ours"], "500m"),
        (["--accept", "merge.conflict=theirs"], "64m"),
        (["--resolve", decided], "64m"),
    ] {
        let found = plan(&more);
        assert_eq!(found["exit_code"], 0, "{more:?}: {found:#}");
        let text = found["plan"]["diff"]["directives"].to_string();
        assert_eq!(text.contains("64m"), wanted == "64m", "{more:?}: {text}");
    }
    assert_eq!(plan(&["--resolve", "nowhere=perhaps"])["exit_code"], 64);
    finding(&plan(&["--resolve", decided, "--resolve", "nowhere=ours"]), "merge.unused-resolution");
}

#[test]
fn a_known_base_merges_by_default_and_a_guessed_or_unknown_one_only_grafts() {
    for name in ["standalone", "variables"] {
        let planned = Server::copy(name).json(&["plan"]);
        assert_eq!(planned["plan"]["strategy"], "graft", "{name}");
        assert_eq!(planned["plan"]["base"], Value::Null, "{name}");
        assert_eq!(planned["plan"]["local_changes"], no_changes(), "{name}");
    }
    let server = Server::copy("standalone");
    let base = server.at(SITE).display().to_string();
    let planned = server.json(&["plan", "--base", &base]);
    assert_eq!((&planned["plan"]["strategy"], &planned["plan"]["base"]), (&"merge".into(), &base.into()));
}

#[test]
fn what_differs_from_a_guess_is_never_called_a_local_change() {
    let (server, _) = server_and_candidate();
    let planned = server.json(&["plan", "--strategy", "merge"]);
    assert_eq!(planned["plan"]["strategy"], "merge");
    assert_eq!((&planned["plan"]["base"], &planned["plan"]["local_changes"]), (&Value::Null, &no_changes()));
    let guess = &planned["plan"]["differences_from_guess"];
    assert!(guess["base"].to_string().contains("separate-locations"), "{planned:#}");
    assert!(directives(&guess["carried"]).contains(&"location /whatsapp-bridge/"), "{guess:#}");
    let text = server.run(&["plan", "--strategy", "merge"]).stdout;
    assert!(
        text.contains("Differences from a guess: the legacy template") && !text.contains("Local changes")
    );
    // What a replacement takes away is lost, whoever wrote it.
    let planned = server.json(&["plan", "--strategy", "replace"]);
    assert!(planned["plan"].get("differences_from_guess").is_none(), "{planned:#}");
    let dropped = directives(&planned["plan"]["local_changes"]["dropped"]);
    assert!(dropped.contains(&"location /whatsapp-bridge/"), "{planned:#}");
}

/// Lists in which nothing is anybody's change.
fn no_changes() -> Value {
    serde_json::json!({ "carried": [], "already_present": [], "conflicting": [], "dropped": [] })
}

/// The vendor's file that `standalone` was made from, beside the tree's own files.
fn vendor_s(server: &Server) -> String {
    server.write("vendor.conf", Server::copy("standalone").read(SITE));
    server.at("vendor.conf").display().to_string()
}

#[test]
fn local_locations_move_to_the_customer_s_own_file_once() {
    let (server, _) = server_and_candidate();
    let base = vendor_s(&server);
    let before = server.state();
    let change = ["apply", "--yes", "--base", &base, "--local-include", "/etc/nginx/motion.d/local.conf"];
    let applied = server.json(&change);
    assert_eq!(applied["outcome"], "applied", "{applied:#}");
    let (site, own) = (server.read(SITE), server.read("etc/nginx/motion.d/local.conf"));
    assert!(
        !site.contains("whatsapp") && site.matches("include /etc/nginx/motion.d/local.conf;").count() == 1
    );
    assert_eq!(
        own,
        "# Our bridge.\nlocation /whatsapp-bridge/ {\n    proxy_pass http://127.0.0.1:3434/;\n}\n"
    );
    let again = server.json(&change);
    assert_eq!(again["outcome"], "up-to-date", "{again:#}");
    assert_eq!(server.json(&["rollback", "--yes"])["exit_code"], 0);
    let after = server.state();
    let [before, after] = [before, after].map(|state| state.only(|path| path.starts_with("etc/nginx")));
    assert_eq!(before.paths(), after.paths(), "the folder and the file are gone again");
}

#[test]
fn local_locations_move_on_a_migrated_server_where_it_is_known_which_they_are() {
    const OWN: [&str; 2] = ["--local-include", "/etc/nginx/motion.d/local.conf"];
    let moved = |server: &Server, more: &[&str]| {
        let applied = server.json(&[&["apply", "--yes"][..], &OWN, more].concat());
        assert_eq!(applied["outcome"], "applied", "{applied:#}");
        assert!(!server.read(SITE).contains("whatsapp") && server.read(SITE).contains("^~ /user-ui/"));
        assert!(server.read("etc/nginx/motion.d/local.conf").contains("location /whatsapp-bridge/"));
        let again = server.json(&[&["apply", "--yes"][..], &OWN, more].concat());
        assert_eq!(again["outcome"], "up-to-date", "{again:#}");
    };
    // Known by name.
    let (server, _) = server_and_candidate();
    assert_eq!(server.json(&["apply", "--yes"])["outcome"], "applied");
    let nothing = server.json(&[&["plan"][..], &OWN].concat());
    let said = finding(&nothing, "merge.stays-in-place")["evidence"].to_string();
    assert!(said.contains("--base FILE") && nothing["outcome"] == "up-to-date", "{nothing:#}");
    let base = vendor_s(&server);
    moved(&server, &["--base", &base]);
    // What came since the first change is known to be local, and no more is.
    let (server, _) = server_and_candidate();
    assert_eq!(server.json(&["apply", "--yes"])["outcome"], "applied");
    server.replace(SITE, "    location /api/", "    location /later/ { return 204; }\n    location /api/");
    let applied = server.json(&[&["apply", "--yes"][..], &OWN].concat());
    assert_eq!(applied["outcome"], "applied", "{applied:#}");
    let said = finding(&applied, "merge.stays-in-place")["evidence"].to_string();
    assert!(said.contains("before the first change"), "{said}");
    let own = server.read("etc/nginx/motion.d/local.conf");
    assert!(own.contains("/later/") && !own.contains("whatsapp"), "{own}");
    // Known by what the last change was made with.
    let (server, candidate) = server_and_candidate();
    let (base, candidate) = (vendor_s(&server), path(&candidate));
    let applied = server.json(&["apply", "--yes", "--base", &base, "--candidate", &candidate]);
    assert_eq!(applied["outcome"], "applied", "{applied:#}");
    moved(&server, &[]);
}

#[test]
fn a_saved_plan_adds_to_a_file_of_the_customer_s_that_nothing_includes_yet() {
    let (server, _) = server_and_candidate();
    let own = "/etc/nginx/motion.d/local.conf";
    fs::create_dir_all(server.path().join("etc/nginx/motion.d")).expect("a folder");
    server.write(&own[1..], "# Mine.\n");
    let saved = server.path().join("plan.json").display().to_string();
    let base = vendor_s(&server);
    let planned = server.json(&["plan", "--base", &base, "--local-include", own, "--out", &saved]);
    assert_eq!(planned["outcome"], "changes-pending", "{planned:#}");
    let applied = server.json(&["apply", &saved, "--yes"]);
    assert_eq!(applied["outcome"], "applied", "{applied:#}");
    let now = server.read(&own[1..]);
    assert!(now.starts_with("# Mine.\n") && now.contains("whatsapp-bridge"), "{now}");
}

#[test]
fn status_tells_an_edit_from_an_update() {
    let server = Server::copy("standalone");
    let old = server.read(SITE);
    assert_eq!(server.json(&["apply", "--yes"])["outcome"], "applied");
    assert_eq!(server.json(&["status"])["details"]["drift"], "none");
    server.replace(SITE, "client_max_body_size 20m", "client_max_body_size 21m");
    assert_eq!(server.json(&["status"])["details"]["drift"], "local");
    server.write(SITE, old);
    let status = server.json(&["status", "--detailed-exitcode"]);
    assert_eq!(
        (&status["details"]["drift"], &status["exit_code"]),
        (&"vendor".into(), &2.into()),
        "{status:#}"
    );
}

#[test]
fn a_replacement_gives_back_what_it_drops() {
    let (server, _) = server_and_candidate();
    let planned = server.json(&["plan", "--strategy", "replace"]);
    let dropped = planned["plan"]["local_changes"]["dropped"].as_array().expect("a list");
    let bridge =
        dropped.iter().find(|change| change["directive"] == "location /whatsapp-bridge/").expect("listed");
    assert!(
        bridge["snippet"].as_str().expect("a text").contains("proxy_pass http://127.0.0.1:3434/;"),
        "{bridge:#}"
    );
}

#[test]
fn a_customer_s_listen_in_other_words_is_no_conflict_with_our_own_template() {
    let server = Server::copy("standalone");
    let vendor = server.read(SITE);
    // As people write them: options in any order, an address in full, a word in quotes.
    let listens = [
        (
            "listen 80;",
            "listen 0.0.0.0:80 default_server;\n    listen \"[::]:80\" ipv6only=on default_server;",
        ),
        (
            "listen 443 ssl;",
            "listen *:443 default_server ssl backlog=512;\n    listen [::]:443 ssl default_server;",
        ),
    ];
    for (old, new) in listens {
        server.replace(SITE, old, new);
    }
    let live = server.read(SITE);
    let base = tempfile::NamedTempFile::new().expect("a file");
    // The base has one of them itself, in its own order.
    fs::write(base.path(), vendor.replace("listen 443 ssl;", "listen 443 ssl default_server;"))
        .expect("writing");
    let planned = server.json(&["plan", "--base", &path(&base)]);
    assert_eq!(planned["outcome"], "changes-pending", "{planned:#}");
    assert_eq!(planned["plan"]["strategy"], "merge", "{planned:#}");
    let applied = server.json(&["apply", "--yes", "--base", &path(&base)]);
    assert_eq!(applied["outcome"], "applied", "{applied:#}");
    for (_, new) in listens {
        assert!(server.read(SITE).contains(new), "what the customer wrote stays: {}", server.read(SITE));
    }
    assert_eq!(live.matches("listen ").count(), server.read(SITE).matches("listen ").count());
    assert_eq!(server.json(&["plan"])["outcome"], "up-to-date");
}
