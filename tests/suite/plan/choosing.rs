//! Which of several server blocks are Motion's: by where it listens, by what a person names; and the stop where that
//! cannot be told.
//!
//! Invariant: every tree is one that NGINX accepts; what gets the route is read from the plan's own diff.

use crate::support::binary::{SITE, Server, codes, finding};
use serde_json::Value;
use std::collections::BTreeSet;

const ENV: &str = "var/opt/motion2/.env";

/// A block that hands these paths to an address.
fn block(name: &str, to: &str, paths: &[&str]) -> String {
    let location = |path: &&str| format!("location {path} {{ proxy_pass {to}; }}\n");
    let locations: String = paths.iter().map(location).collect();
    format!("server {{ listen 80; server_name {name}.example.test;\n{locations}}}\n")
}

const NODE: [&str; 3] = ["/api/", "/socket.io/", "/"];

/// The standalone server with this in the place of its site, each in a file of its own.
fn server(sites: &[(&str, String)]) -> Server {
    let server = Server::copy("standalone");
    std::fs::remove_file(server.at(SITE)).expect("removing");
    for (file, text) in sites {
        server.write(&format!("etc/nginx/conf.d/{file}"), text);
    }
    server
}

/// The names of the server blocks that a plan changes, once nothing stops it.
fn changed(planned: &Value, case: &str) -> BTreeSet<String> {
    let stops = planned["findings"]
        .as_array()
        .expect("findings")
        .iter()
        .filter(|one| one["level"] == "stop" && one["accepted"] == false);
    assert_eq!(stops.count(), 0, "{case}: {planned:#}");
    assert_eq!(planned["exit_code"], 2, "{case}: {planned:#}");
    let rows = planned["plan"]["diff"]["directives"].as_array().expect("a diff").iter();
    let name = |path: &str| {
        let name = path.strip_prefix("server ").and_then(|rest| rest.split([' ', ':']).next());
        name.unwrap_or_default().trim_end_matches(".example.test").to_owned()
    };
    rows.map(|row| name(row["path"].as_str().expect("a path"))).collect()
}

fn plan(server: &Server, more: &[&str]) -> Value {
    // That Motion may be on another host is for a person to say, and said beside.
    let fixed =
        ["plan", "--strategy", "graft", "--detailed-exitcode", "--accept", "topology.remote-upstream"];
    server.json(&[&fixed[..], more].concat())
}

/// Asserts that exactly these blocks get the route.
fn get_the_route(server: &Server, more: &[&str], names: &[&str], case: &str) {
    let found = changed(&plan(server, more), case);
    assert_eq!(found, names.iter().map(|name| (*name).to_owned()).collect(), "{case}");
}

/// Asserts that the run stops and names the block of `other.conf`; the evidence.
fn stops_at_other(server: &Server, case: &str) -> String {
    for command in ["check", "plan", "apply", "rehearse", "status"] {
        let said = server.json(&[command, "--no-input"]);
        assert_eq!(said["exit_code"], 3, "{case}, {command}: {said:#}");
        assert!(said["error"]["hint"].to_string().contains("--server"), "{case}: {said:#}");
    }
    let said = server.json(&["check"]);
    let evidence = finding(&said, "site.ambiguous")["evidence"].to_string();
    assert!(
        evidence.contains("/etc/nginx/conf.d/other.conf:1:1: server other.example.test:80"),
        "{case}: {evidence}"
    );
    evidence
}

#[test]
fn where_motion_listens_weighs_more_than_what_its_paths_are_called() {
    let other = || ("other.conf", block("other", "http://127.0.0.1:3000", &NODE));
    for (env, to) in [
        ("XC_PORT=9100", "http://127.0.0.1:9100"),
        ("export PORT=\"9100\" # node", "http://localhost:9100"),
        ("XC_HTTP_PORT=9100", "http://[::1]:9100/app/"),
        ("XC_SOCKET=/run/motion/x.sock", "http://unix:/run/motion/x.sock:"),
    ] {
        for paths in [&["/", "/login"][..], &["/cc/"], &["/rest/", "~ ^/ws"]] {
            let to = if paths.contains(&"~ ^/ws") { to.trim_end_matches("/app/") } else { to };
            let motion = ("site.conf", block("cc", to, paths));
            let server = server(&[motion, other()]);
            server.write(ENV, format!("{env}\nXC_REDIS_PORT=3000\n"));
            get_the_route(&server, &[], &["cc"], &format!("{env} {paths:?}"));
        }
    }
    // A port at which NGINX itself answers is not the one behind it.
    let server = server(&[("motion.conf", block("cc", "http://127.0.0.1:9100", &NODE))]);
    server.write(ENV, "XC_PORT=80\n");
    get_the_route(&server, &[], &["cc"], "a public port");
    // V2 has its settings in a script.
    let server = self::server(&[("site.conf", block("cc", "http://127.0.0.1:9100", &["/"])), other()]);
    std::fs::remove_file(server.at(ENV)).expect("removing");
    let script = "module.exports = {\n  port: 9100,\n  redis: {\n    port: 3000\n  }\n};\n";
    server.write("var/opt/motion2/server/config/environment/production.js", script);
    get_the_route(&server, &[], &["cc"], "production.js");
}

#[test]
fn every_block_that_leads_to_motion_gets_the_route_and_no_other() {
    let upstream = "upstream node { server 127.0.0.1:9000; keepalive 8; }\n";
    let server = server(&[
        ("cc.conf", format!("{upstream}{}", block("cc", "http://node", &NODE))),
        ("office.conf", block("office", "http://127.0.0.1:9000", &["/"])),
        // It leads to the same port of another host; to another port; and hands out files.
        ("far.conf", block("far", "http://192.0.2.9:9001", &NODE)),
        ("wiki.conf", block("wiki", "http://127.0.0.1:8090", &NODE)),
        ("files.conf", "server { listen 80; server_name files.example.test; root /srv/files; }\n".to_owned()),
    ]);
    get_the_route(&server, &[], &["cc", "office"], "two of Motion's");
}

#[test]
fn a_block_that_cannot_be_told_stops_the_run_and_a_person_settles_it() {
    let regex = "map $host $app { ~^other 127.0.0.1:9000; default 127.0.0.1:8090; }\n";
    let names = "map $host $app { wiki.example.test 127.0.0.1:8090; default 127.0.0.1:9000; }\n";
    let named_twice = block("other", "http://$app", &["/"])
        .replace("other.example.test", "other.example.test wiki.example.test");
    for (other, seen) in [
        (block("other", "http://$http_x_backend", &["/"]), "$http_x_backend"),
        (block("other", "http://$http_x_backend:9000", &NODE), "$http_x_backend:9000"),
        (block("other", "http://192.0.2.9:9000", &NODE), "192.0.2.9:9000"),
        (block("other", "http://$app", &["/"]) + regex, "127.0.0.1:8090"),
        (named_twice + names, "127.0.0.1:8090"),
        // Another application that hands something on to Motion.
        (
            block("other", "http://127.0.0.1:8090", &["/"])
                .replace("}\n}", "}\nlocation /cc/ { proxy_pass http://127.0.0.1:9000/; } }"),
            "location /cc/",
        ),
    ] {
        let server = server(&[
            ("motion.conf", block("cc", "http://127.0.0.1:9000", &NODE)),
            ("other.conf", other.clone()),
        ]);
        let evidence = stops_at_other(&server, &other);
        assert!(
            evidence.contains(seen) && evidence.contains("XC_PORT in /var/opt/motion2/.env"),
            "{evidence}"
        );
        get_the_route(&server, &["--server", "cc.example.test"], &["cc"], &other);
        get_the_route(&server, &["--server", "other.example.test:80"], &["other"], &other);
        get_the_route(
            &server,
            &["--server", "cc.example.test", "--server", "OTHER.example.test"],
            &["cc", "other"],
            &other,
        );
        get_the_route(&server, &["--site", "/etc/nginx/conf.d/motion.conf"], &["cc"], &other);
    }
}

#[test]
fn what_cannot_lead_to_motion_is_no_question_however_little_is_known_of_it() {
    let motion = ("motion.conf", block("cc", "http://127.0.0.1:9000", &NODE));
    let agents: String =
        (0..8).map(|n| format!("if ($http_user_agent ~ bot{n}) {{ return 403; }}\n")).collect();
    let many =
        block("wiki", "http://127.0.0.1:8090", &["/"]).replace("location /", &format!("{agents}location /"));
    let files = "server { listen 80; server_name files.example.test; root /srv/files;\n\
        if ($http_x_a) { rewrite ^ /$http_x_b last; }\n}\n";
    for other in [many, files.to_owned()] {
        get_the_route(&server(&[motion.clone(), ("other.conf", other.clone())]), &[], &["cc"], &other);
    }
}

#[test]
fn the_file_that_a_person_names_goes_before_where_motion_listens() {
    let server = server(&[
        ("motion.conf", block("cc", "http://127.0.0.1:9000", &NODE)),
        ("other.conf", block("other", "http://127.0.0.1:3000", &NODE)),
    ]);
    let planned = plan(&server, &["--site", "/etc/nginx/conf.d/other.conf"]);
    assert_eq!(changed(&planned, "another file"), BTreeSet::from(["other".to_owned()]));
    let left_out = finding(&planned, "site.left-out")["evidence"].to_string();
    assert!(left_out.contains("server cc.example.test:80"), "{left_out}");
}

#[test]
fn the_public_block_is_not_left_out_beside_an_internal_one() {
    let public = block("other", "http://$node_of_the_day", &NODE);
    let internal = block("internal", "http://127.0.0.1:9000", &["/"]);
    // The variable is set by what nobody can follow from the files.
    let geo = "map $http_x_pool $node_of_the_day { volatile; default $http_x_node; }\n";
    stops_at_other(&server(&[("other.conf", public + geo), ("motion.conf", internal)]), "an internal block");
}

#[test]
fn a_table_by_name_leads_each_block_to_its_own_application() {
    let table = "map $host $app { hostnames; cc.example.test 9000; default 8090; }\n";
    let through = "http://127.0.0.1:$app";
    let sites = [
        ("a.conf", format!("{table}{}", block("cc", through, &NODE))),
        ("b.conf", block("wiki", through, &NODE)),
    ];
    get_the_route(&server(&sites), &[], &["cc"], "a map by $host");
}

#[test]
fn a_block_that_leads_to_motion_for_some_clients_only_stops() {
    let by = |variable: &str| block("cc", &format!("http://127.0.0.1:{variable}"), &NODE);
    let group = "upstream old { server 127.0.0.1:9000; }\nupstream new { server 127.0.0.1:9010; }\n";
    let condition =
        "if ($cookie_beta) { proxy_pass http://127.0.0.1:9010; }\n        proxy_pass http://127.0.0.1:9000";
    let cases = [
        ("map $cookie_beta $app { default 9000; on 9010; }\n".to_owned() + &by("$app"), "a cookie"),
        ("split_clients $remote_addr $app { 10% 9010; * 9000; }\n".to_owned() + &by("$app"), "a part"),
        ("geo $app { default 9010; 192.0.2.0/24 9000; }\n".to_owned() + &by("$app"), "addresses"),
        (
            format!(
                "{group}map $cookie_beta $app {{ default old; on new; }}\n{}",
                block("cc", "http://$app", &NODE)
            ),
            "groups",
        ),
        (
            by("$app").replace(
                "server_name",
                "set $app 9000; if ($cookie_beta) { set $app 9010; }\n    server_name",
            ),
            "a variable that a condition sets",
        ),
        (
            by("9000").replacen("proxy_pass http://127.0.0.1:9000", condition, 3),
            "a condition in the location",
        ),
    ];
    for (site, case) in cases {
        let server = server(&[("a.conf", site.clone())]);
        let said = server.json(&["plan"]);
        assert_eq!(said["exit_code"], 3, "{case}: {said:#}");
        let found = finding(&said, "site.ambiguous");
        let evidence = found["evidence"].to_string();
        assert!(
            found["level"] == "stop" && evidence.contains("127.0.0.1:9010 for others"),
            "{case}: {said:#}"
        );
        assert_eq!(
            changed(&plan(&server, &["--server", "cc.example.test"]), case),
            BTreeSet::from(["cc".to_owned()])
        );
        // Which of them is Motion's is not known without its settings either.
        if !case.contains("location") {
            std::fs::remove_file(server.at("var/opt/motion2/.env")).expect("its settings");
            let said = server.json(&["plan"]);
            assert_eq!(finding(&said, "site.ambiguous")["level"], "stop", "{case}: {said:#}");
        }
    }
    // Several processes of one group are Motion all the same.
    let group = "upstream node { server 127.0.0.1:9000; server 127.0.0.1:9010; }\n";
    let said = server(&[("a.conf", format!("{group}{}", block("cc", "http://node", &NODE)))]).json(&["plan"]);
    assert!(!crate::support::binary::codes(&said).contains(&"site.ambiguous".to_owned()), "{said:#}");
}

#[test]
fn routes_that_lead_to_another_port_than_motion_s_are_no_certainty() {
    let server = server(&[("other.conf", block("other", "http://127.0.0.1:3000", &NODE))]);
    let evidence = stops_at_other(&server, "another port");
    assert!(evidence.contains("Motion listens on port 9000"), "{evidence}");
    get_the_route(&server, &["--site", "/etc/nginx/conf.d/other.conf"], &["other"], "named by its file");
    get_the_route(&server, &["--server", "other.example.test"], &["other"], "named by its block");
}

#[test]
fn a_server_that_is_not_there_is_answered_with_those_that_are() {
    let redirect = "server { listen 8080; server_name old.example.test; return 301 https://cc.example.test$request_uri; }\n";
    let site = block("cc", "http://127.0.0.1:9000", &NODE) + redirect;
    let server =
        server(&[("motion.conf", site), ("other.conf", block("other", "http://127.0.0.1:3000", &NODE))]);
    for (name, why) in [
        ("nobody.example.test", "no server block is called nobody.example.test"),
        ("cc.example.test:8443", "no server block is called cc.example.test:8443"),
        ("old.example.test", "only redirects"),
    ] {
        for command in ["check", "plan", "apply", "rehearse", "status"] {
            let said = server.json(&[command, "--no-input", "--server", name]);
            assert_eq!(said["exit_code"], 69, "{command} {name}: {said:#}");
            let evidence = finding(&said, "site.not-found")["evidence"].to_string();
            assert!(said["error"].to_string().contains(why), "{said:#}");
            assert!(
                evidence.contains("motion.conf:1:1") && evidence.contains("other.conf:1:1"),
                "{evidence}"
            );
        }
    }
    // The file that was named bounds what can be named in it.
    let beside =
        server.json(&["check", "--site", "/etc/nginx/conf.d/other.conf", "--server", "cc.example.test"]);
    assert_eq!(beside["exit_code"], 69, "{beside:#}");
    for wrong in [":80", "cc.example.test:https", ""] {
        assert_eq!(server.json(&["check", "--server", wrong])["exit_code"], 64, "{wrong}");
    }
}

#[test]
fn what_a_person_does_not_name_is_left_out_and_said() {
    let internal = block("internal", "http://127.0.0.1:9000", &["/"]).replace("listen 80", "listen 8080");
    let server = server(&[("motion.conf", block("cc", "http://127.0.0.1:9000", &NODE) + &internal)]);
    get_the_route(&server, &[], &["cc", "internal"], "both");
    let planned = plan(&server, &["--server", "cc.example.test"]);
    assert_eq!(changed(&planned, "one"), BTreeSet::from(["cc".to_owned()]));
    let left_out = finding(&planned, "site.left-out");
    assert_eq!(left_out["level"], "warn");
    assert!(left_out["evidence"].to_string().contains("server internal.example.test:8080"), "{left_out}");
    let applied = server.json(&["apply", "--yes", "--server", "cc.example.test"]);
    assert_eq!(applied["outcome"], "applied", "{applied:#}");
    assert_eq!(server.json(&["status", "--server", "cc.example.test"])["outcome"], "up-to-date");
    assert!(codes(&server.json(&["status"])).contains(&"routes.missing".to_owned()), "the other lacks it");
    let rehearsed = server.json(&["rehearse", "--load", "40", "--server", "internal.example.test:8080"]);
    assert_eq!(rehearsed["outcome"], "ok", "{rehearsed:#}");
}

#[test]
fn a_block_without_a_name_can_be_named_all_the_same() {
    let nameless = |port: u16, to: u16| {
        format!("server {{ listen {port}; location / {{ proxy_pass http://127.0.0.1:{to}; }} }}\n")
    };
    let server = server(&[("sites.conf", nameless(80, 3000) + &nameless(8080, 3001))]);
    server.write(ENV, "XC_LOG_LEVEL=info\n");
    assert_eq!(server.json(&["check"])["exit_code"], 3, "two Node applications");
    let planned = plan(&server, &["--server", "_:8080"]);
    assert_eq!(planned["exit_code"], 2, "{planned:#}");
    let diff = planned["plan"]["diff"]["unified"].to_string();
    assert!(diff.contains("@@ -1 +1") || diff.contains("3001"), "{diff}");
    let applied = server.json(&["apply", "--yes", "--server", "_:8080"]);
    assert_eq!(applied["outcome"], "applied", "{applied:#}");
    let text = server.read("etc/nginx/conf.d/sites.conf");
    let (first, second) = text.split_once("3000").expect("both blocks");
    assert!(!first.contains("user-ui") && second.contains("/user-ui/"), "{text}");
}

#[test]
fn a_block_that_another_one_hides_takes_the_route_from_nobody() {
    // NGINX answers from the first of two blocks with one name; the second may be anything.
    let motion = block("cc", "http://127.0.0.1:9000", &NODE);
    let old = block("cc", "http://127.0.0.1:8090", &["/"]);
    let server = server(&[("motion.conf", motion.clone() + &old)]);
    let applied = server.json(&["apply", "--yes", "--strategy", "graft"]);
    assert_eq!(applied["outcome"], "applied", "{applied:#}");
    let text = server.read(SITE);
    let (first, second) = text.split_once("8090").expect("both blocks");
    assert!(first.contains("/user-ui/") && !second.contains("/user-ui/"), "{text}");
    assert_eq!(server.json(&["check"])["outcome"], "up-to-date");
    // The other way round it would not be asked: the change is refused, and nothing says that all is well.
    let hidden = self::server(&[("motion.conf", old + &motion)]);
    let checked = hidden.json(&["check"]);
    assert_eq!(checked["exit_code"], 3, "{checked:#}");
    assert!(codes(&checked).contains(&"routes.elsewhere".to_owned()), "{checked:#}");
}
