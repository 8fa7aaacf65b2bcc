//! What guards today's pages, and what becomes of it on the way to the new client: said, copied, and asked of a real
//! NGINX.
//!
//! Invariant: every tree is one that NGINX accepts; what is said of who gets in is held against NGINX's own answer.

use crate::support::binary::{SITE, Server, codes, finding};
use crate::support::nginx::{Answer, Nginx};
use serde_json::Value;

const PAGE: &str = "/user-ui/login";
const SCRIPT: &str = "/user-ui/main.3f2a9c1b.js";
const CLIENT: &str = "/var/opt/motion2/client-new/dist";

/// Motion's block: `server` in front of its locations, `root` in front of what `location /` does.
fn motion(server: &str, root: &str) -> String {
    format!(
        "server {{ listen 80; server_name cc.example.test;\n{server}\n\
         location /api/ {{ proxy_pass http://127.0.0.1:9000; }}\n\
         location /socket.io/ {{ proxy_pass http://127.0.0.1:9000; }}\n\
         location / {{\n{root}\nproxy_pass http://127.0.0.1:9000; }} }}\n"
    )
}

fn tree(site: &str) -> Server {
    let server = Server::with_site(site);
    // {PLAIN} is no secret: nobody logs in here.
    server.write("etc/nginx/agents.htpasswd", "agent:{PLAIN}x\n");
    server
}

/// A real NGINX that serves the tree's file.
fn serving(server: &Server) -> Nginx {
    let tree = server.path().display().to_string();
    let text = server.read(SITE);
    let text = text.replace("/etc/nginx/", &format!("{tree}/etc/nginx/"));
    let text = text.replace("/var/opt/", &format!("{tree}/var/opt/"));
    Nginx::serving(|place| text.replace("listen 80;", &format!("listen {};", place.listen(0))))
}

fn header<'a>(answer: &'a Answer, name: &str) -> Vec<&'a str> {
    let lines = answer.headers.iter().filter_map(|line| line.split_once(": "));
    lines.filter(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value).collect()
}

fn evidence(document: &Value, code: &str) -> String {
    finding(document, code)["evidence"].to_string()
}

/// Plans and applies with the guards, and serves the result.
fn inherited(server: &Server, case: &str) -> Nginx {
    let applied = server.json(&["apply", "--yes", "--inherit-guards"]);
    assert_eq!(applied["exit_code"], 0, "{case}: {applied:#}");
    assert!(!codes(&applied).contains(&"routes.unguarded".to_owned()), "{case}: {applied:#}");
    let again = server.json(&["plan", "--inherit-guards", "--detailed-exitcode"]);
    assert_eq!(again["exit_code"], 0, "{case}: once is enough: {again:#}");
    serving(server)
}

const BASIC: &str = "auth_basic \"Agents\"; auth_basic_user_file /etc/nginx/agents.htpasswd;";
const GUARDED: &str = "satisfy any;\nallow 192.0.2.0/24;\ndeny all;\nauth_basic \"Agents\";\n\
    auth_basic_user_file /etc/nginx/agents.htpasswd;\n\
    add_header Strict-Transport-Security \"max-age=31536000\" always;\n\
    add_header Content-Security-Policy \"frame-ancestors 'self'\" always;";

#[test]
fn what_decides_who_gets_in_stops_a_change_that_would_not_inherit_it() {
    let server = tree(&motion("", GUARDED));
    for arguments in [&["check"][..], &["apply", "--yes"]] {
        let said = server.json(arguments);
        assert_eq!(said["exit_code"], 3, "{said:#}");
        assert_eq!(finding(&said, "routes.unguarded")["level"], "stop");
        let lines = evidence(&said, "routes.unguarded");
        for rule in
            ["motion.conf:6:1: satisfy any", "7:1: allow 192.0.2.0/24", "8:1: deny all", "9:1: auth_basic "]
        {
            assert!(lines.contains(rule), "{rule}: {lines}");
        }
        let lines = evidence(&said, "routes.guards-differ");
        assert!(
            lines.contains("motion.conf:11:1: add_header Strict") && lines.contains("Content-Security"),
            "{lines}"
        );
        assert_eq!(finding(&said, "routes.guards-differ")["level"], "warn");
    }
    let accepted = server.json(&["apply", "--yes", "--accept", "routes.unguarded"]);
    assert_eq!(accepted["exit_code"], 0, "{accepted:#}");
    assert_eq!(serving(&server).get(PAGE).status, 200, "as it was said");
    // Afterwards it is still said, and stops nothing.
    let checked = server.json(&["check"]);
    assert_eq!(
        (&checked["exit_code"], &finding(&checked, "routes.unguarded")["level"]),
        (&0.into(), &"warn".into())
    );
}

#[test]
fn inherited_guards_hold_for_pages_and_scripts() {
    let nginx = inherited(&tree(&motion("", GUARDED)), "all of them");
    for uri in [PAGE, SCRIPT, "/user-ui/nope.js", "/user-ui/"] {
        let answer = nginx.get(uri);
        assert_eq!(answer.status, 401, "{uri}");
        assert_eq!(header(&answer, "Strict-Transport-Security"), ["max-age=31536000"], "{uri}");
        assert_eq!(header(&answer, "Content-Security-Policy"), ["frame-ancestors 'self'"], "{uri}");
    }
}

#[test]
fn every_kind_of_guard_is_known_and_copied() {
    let authz = |answer: &str| format!("location = /authz {{ internal; {answer} }}");
    for (server, root, status) in [
        ("", BASIC, 401),
        ("", "allow 192.0.2.0/24; deny all;", 403),
        (authz("return 401;").as_str(), "auth_request /authz;", 401),
        (
            authz("return 403;").as_str(),
            "auth_request /authz; auth_request_set $who $upstream_http_x_who;",
            403,
        ),
        ("", "if ($http_x_agent = \"\") { return 403; }", 403),
        ("", "if ($cookie_agent !~ \"^[0-9]+$\") {\n        return 401;\n    }", 401),
        ("", "valid_referers cc.example.test;\nif ($invalid_referer) { return 403; }", 403),
        ("", "include agents.inc;", 401),
        // The server's own set-up is another one, or is replaced.
        ("allow all;", "allow 192.0.2.0/24; deny all;", 403),
        ("auth_basic_user_file /etc/nginx/others.htpasswd;", BASIC, 401),
    ] {
        let case = format!("{server} / {root}");
        let tree = tree(&motion(server, root));
        tree.write("etc/nginx/agents.inc", BASIC);
        let checked = tree.json(&["check"]);
        assert_eq!(checked["exit_code"], 3, "{case}: {checked:#}");
        assert_eq!(finding(&checked, "routes.unguarded")["level"], "stop", "{case}");
        if root.starts_with("include") {
            assert!(
                evidence(&checked, "routes.unguarded").contains("agents.inc:1:1: auth_basic"),
                "{checked:#}"
            );
            continue;
        }
        let nginx = inherited(&tree, &case);
        for uri in [PAGE, SCRIPT] {
            assert_eq!(nginx.get(uri).status, status, "{case}: {uri}");
        }
    }
}

#[test]
fn a_guard_in_an_include_is_copied_as_it_is_written_there() {
    let tree = tree(&motion("", "include agents.inc;"));
    tree.write("etc/nginx/agents.inc", format!("# Agents only.\n{BASIC}\n"));
    let applied = tree.json(&["apply", "--yes", "--inherit-guards"]);
    assert_eq!(applied["exit_code"], 0, "{applied:#}");
    assert_eq!(serving_with(&tree, "agents.inc").get(PAGE).status, 401);
}

/// As [`serving`], with an include of the configuration folder.
fn serving_with(server: &Server, include: &str) -> Nginx {
    server.replace(SITE, &format!("include {include};"), &format!("include /etc/nginx/{include};"));
    let text = server.read(&format!("etc/nginx/{include}"));
    let tree = server.path().display().to_string();
    server.write(&format!("etc/nginx/{include}"), text.replace("/etc/nginx/", &format!("{tree}/etc/nginx/")));
    serving(server)
}

#[test]
fn what_is_inherited_anyway_is_no_finding() {
    for (server, root) in [
        (BASIC, ""),
        ("allow 192.0.2.0/24; deny all;", ""),
        ("satisfy any; deny all; add_header X-Seen 1;", ""),
        // Repeated below, or off, or about caching alone.
        (BASIC, BASIC),
        ("", "auth_basic off; auth_request off;"),
        ("", "allow all;"),
        ("", "add_header Cache-Control \"no-store\";"),
        // It answers before NGINX asks who it is.
        ("if ($http_x_old) { return 403; }", ""),
        ("", "auth_basic_user_file /etc/nginx/agents.htpasswd;"),
    ] {
        let checked = tree(&motion(server, root)).json(&["check"]);
        let found = codes(&checked);
        assert_eq!(checked["exit_code"], 0, "{server} / {root}: {checked:#}");
        assert!(!found.iter().any(|code| code.contains("guard")), "{server} / {root}: {found:?}");
    }
}

#[test]
fn a_guard_of_an_outer_location_or_of_the_fallback_counts() {
    // Motion's routes inside of the location that is guarded.
    let nested = format!(
        "server {{ listen 80; server_name cc.example.test;\nlocation / {{ {BASIC} proxy_pass http://127.0.0.1:9000;\n\
         location /api/ {{ proxy_pass http://127.0.0.1:9000; }}\n\
         location /socket.io/ {{ proxy_pass http://127.0.0.1:9000; }} }} }}\n"
    );
    // `try_files` hands on to a location that asks.
    let fallback = format!(
        "server {{ listen 80; server_name cc.example.test; root /var/www;\nlocation @motion {{ {BASIC} proxy_pass http://127.0.0.1:9000; }}\n\
         location /api/ {{ proxy_pass http://127.0.0.1:9000; }}\nlocation /socket.io/ {{ proxy_pass http://127.0.0.1:9000; }}\n\
         location / {{ try_files $uri @motion; }} }}\n"
    );
    // The location that answers the route today, beside `location /`.
    let today = motion(&format!("location /u {{ {BASIC} proxy_pass http://127.0.0.1:9000; }}"), "");
    for site in [nested, fallback, today] {
        let server = tree(&site);
        assert_eq!(server.json(&["check"])["exit_code"], 3, "{site}");
        let nginx = inherited(&server, &site);
        assert_eq!((nginx.get(PAGE).status, nginx.get(SCRIPT).status), (401, 401), "{site}");
    }
}

#[test]
fn headers_and_limits_are_a_warning() {
    for (server, root, said) in [
        ("", "add_header X-Frame-Options SAMEORIGIN;", "add_header X-Frame-Options"),
        ("add_header X-Seen 1;", "add_header X-Seen 2;", "add_header X-Seen 2"),
        ("", "limit_rate 100k;", "limit_rate 100k"),
        ("", "limit_except GET { deny all; }", "limit_except GET"),
        ("", "if ($http_x_forwarded_proto = http) { return 301 https://$host$request_uri; }", "if ("),
        // Only the new client would be kept behind the server's own.
        (BASIC, "auth_basic off;", "today's pages are without it"),
        ("deny all;", "allow all;", "today's pages are without it"),
    ] {
        let server = tree(&motion(server, root));
        let checked = server.json(&["check"]);
        assert_eq!(checked["exit_code"], 0, "{root}: {checked:#}");
        assert_eq!(finding(&checked, "routes.guards-differ")["level"], "warn");
        assert!(evidence(&checked, "routes.guards-differ").contains(said), "{said}: {checked:#}");
        let nginx = inherited(&server, root);
        if said.contains("without it") {
            assert_eq!(nginx.get(PAGE).status, 200, "{root}");
        }
    }
    // A server's own headers hold where the location has none, and only there.
    let server = tree(&motion("add_header X-Seen 1;", "add_header X-Seen 2;"));
    assert_eq!(header(&inherited(&server, "one header").get(PAGE), "X-Seen"), ["2"]);
}

#[test]
fn what_cannot_be_copied_stays_said() {
    for root in [
        // Without its `set` the condition means nothing.
        "set $in 0; if ($http_x_agent) { set $in 1; } if ($in = 0) { return 403; }",
        "set $out $http_x_out; if ($out) { return 403; }",
    ] {
        let checked = tree(&motion("", root)).json(&["check", "--inherit-guards"]);
        assert_eq!(checked["exit_code"], 3, "{root}: {checked:#}");
        assert!(evidence(&checked, "routes.unguarded").contains("if ("), "{checked:#}");
    }
    // A whole new file has neither the location that is asked nor the zone that counts.
    let site =
        motion("location = /authz { internal; return 401; }", "auth_request /authz; limit_req zone=few;");
    let server = tree(&format!("limit_req_zone $binary_remote_addr zone=few:1m rate=5r/s;\n{site}"));
    let replaced = ["plan", "--strategy", "replace", "--inherit-guards"];
    let planned = server.json(&replaced);
    assert!(evidence(&planned, "routes.unguarded").contains("auth_request /authz"), "{planned:#}");
    assert!(evidence(&planned, "routes.guards-differ").contains("limit_req"), "{planned:#}");
    assert!(!planned["plan"]["diff"]["unified"].to_string().contains("+        auth_request"), "{planned:#}");
}

#[test]
fn a_vendor_s_file_is_held_against_the_same_guards() {
    let own = format!("location /user-ui/ {{ alias {CLIENT}/; try_files $uri /user-ui/index.html; }}");
    let strict = own.replace("{ alias", "{ auth_basic \"Vendor\"; alias");
    for strategy in ["merge", "replace"] {
        for (candidate, copied) in [(&own, true), (&strict, false)] {
            let server = tree(&motion("", GUARDED));
            server.write("old.conf", motion("", ""));
            server.write("new.conf", motion(candidate, if strategy == "merge" { "" } else { GUARDED }));
            let (base, new) = (server.at("old.conf"), server.at("new.conf"));
            let operands =
                ["--base", base.to_str().expect("text"), "--candidate", new.to_str().expect("text")];
            let command = [&["apply", "--yes", "--strategy", strategy][..], &operands].concat();
            let refused = server.json(&command);
            assert_eq!(refused["exit_code"], 3, "{strategy}: {refused:#}");
            let applied = server.json(&[&command[..], &["--inherit-guards"]].concat());
            // The location's own word counts where it has one.
            assert_eq!(
                applied["exit_code"],
                if copied { 0 } else { 3 },
                "{strategy} {candidate}: {applied:#}"
            );
            if copied {
                let nginx = serving(&server);
                assert_eq!((nginx.get(PAGE).status, nginx.get(SCRIPT).status), (401, 401), "{strategy}");
            }
        }
    }
}

#[test]
fn a_vendor_s_file_that_splits_the_block_guards_every_part_of_it() {
    let own = format!("location /user-ui/ {{ alias {CLIENT}/; try_files $uri /user-ui/index.html; }}");
    let live = motion("listen 8080;", BASIC);
    let open = motion(&own, "");
    let closed = motion(&format!("{BASIC}\n{own}"), "").replace("listen 80;", "listen 8080;");
    for parts in [[&open, &closed], [&closed, &open]] {
        let server = tree(&live);
        server.write("new.conf", parts.map(String::as_str).concat());
        let new = server.at("new.conf");
        let operands = ["--strategy", "replace", "--candidate", new.to_str().expect("text")];
        let refused = server.json(&[&["apply", "--yes"][..], &operands].concat());
        assert_eq!(refused["exit_code"], 3, "{refused:#}");
        assert!(evidence(&refused, "routes.unguarded").contains("auth_basic "), "{refused:#}");
        let applied = server.json(&[&["apply", "--yes", "--inherit-guards"][..], &operands].concat());
        assert_eq!(applied["exit_code"], 0, "{applied:#}");
    }
}

#[test]
fn a_saved_plan_is_judged_by_what_it_does_itself() {
    let server = tree(&motion("", GUARDED));
    let saved = server.at("plan.json");
    let saved = saved.to_str().expect("text");
    let planned = server.json(&["plan", "--out", saved]);
    assert_eq!(planned["exit_code"], 0, "{planned:#}");
    let applied = server.json(&["apply", saved, "--yes", "--inherit-guards"]);
    assert_eq!(applied["exit_code"], 3, "the flag changes no saved plan: {applied:#}");
    let planned = server.json(&["plan", "--out", saved, "--inherit-guards"]);
    assert_eq!(planned["exit_code"], 0, "{planned:#}");
    let applied = server.json(&["apply", saved, "--yes"]);
    assert_eq!(applied["exit_code"], 0, "{applied:#}");
    assert_eq!(serving(&server).get(PAGE).status, 401);
}

/// The row of the new client's page after a rehearsal.
fn rehearsed(server: &Server, more: &[&str]) -> (Value, Value) {
    let done = server.json(&[&["rehearse", "--load", "40"][..], more].concat());
    let rows = done["probes"].as_array().cloned().unwrap_or_default();
    let row = rows.into_iter().find(|row| row["uri"] == PAGE);
    (row.unwrap_or_else(|| panic!("{done:#}")), done)
}

#[test]
fn a_route_that_was_guarded_and_is_open_fails_unless_accepted() {
    let server = tree(&motion("", BASIC));
    let (row, done) = rehearsed(&server, &[]);
    assert_eq!((&row["before"], &row["after"], &row["ok"]), (&401.into(), &200.into(), &false.into()));
    assert_eq!(done["exit_code"], 1, "{done:#}");
    assert!(row["note"].as_str().is_some_and(|note| note.contains("open to everybody now")), "{row}");
    let (row, done) = rehearsed(&server, &["--accept", "routes.unguarded"]);
    assert_eq!(done["exit_code"], 0, "{done:#}");
    assert_eq!((&row["ok"], &row["accepted"]), (&false.into(), &true.into()), "{row}");
    assert!(row["note"].as_str().is_some_and(|note| note.starts_with("open now (accepted)")), "{row}");
    let text = server.run(&["rehearse", "--load", "40", "--accept", "routes.unguarded"]).stdout;
    let shown = text.lines().find(|line| line.contains(PAGE) && line.contains("401")).expect("its row");
    assert!(shown.contains("open now (accepted)") && !shown.contains(" ok "), "{shown}");
}

#[test]
fn a_rehearsal_asks_as_somebody_whom_the_copied_guards_let_in() {
    let elsewhere = "auth_basic_user_file /etc/nginx/none/agents.htpasswd;";
    for (server, pages) in [
        ("", BASIC.to_owned()),
        ("", "allow 10.0.0.0/8; deny all;".to_owned()),
        ("", format!("allow 2001:db8::/32; allow 10.0.0.0/8; deny all; {BASIC}")),
        ("", format!("satisfy any; deny all; {BASIC}")),
        ("", GUARDED.lines().take(5).collect::<Vec<_>>().join(" ")),
        ("allow 10.1.2.3; deny all;", BASIC.to_owned()),
        (BASIC, format!("allow 10.0.0.0/8; deny all; {elsewhere}")),
        // A password of the server that today's pages do not ask for.
        (BASIC, "auth_basic off;".to_owned()),
    ] {
        let tree = tree(&motion(server, &pages));
        std::fs::create_dir_all(tree.at("etc/nginx/none")).expect("a folder");
        let users = tree.read("etc/nginx/agents.htpasswd");
        let (row, done) = rehearsed(&tree, &["--inherit-guards"]);
        assert_eq!(
            (&row["after"], &done["exit_code"]),
            (&200.into(), &0.into()),
            "{server} {pages}: {done:#}"
        );
        let is_foreseen = done["findings"]
            .as_array()
            .is_some_and(|found| found.iter().any(|one| one["code"] == "routes.not-asked"));
        assert!(!is_foreseen, "{server} {pages}: {done:#}");
        assert_eq!(tree.read("etc/nginx/agents.htpasswd"), users, "the real passwords are not touched");
    }
    // Nobody is let in: that stays a question.
    let (row, done) = rehearsed(&tree(&motion("", "deny all;")), &["--inherit-guards"]);
    assert_eq!((&row["after"], &done["exit_code"]), (&403.into(), &1.into()), "{done:#}");
}

#[test]
fn the_path_without_its_slash_is_left_to_whom_it_belongs() {
    for (local, level) in [
        ("location = /user-ui { return 301 https://new.example.test/; }", Some("warn")),
        ("location = /user-ui { return 204; }", Some("warn")),
        ("location = /user-ui { return 302 /login; }", Some("warn")),
        ("rewrite ^/user-ui$ https://new.example.test/ permanent;", Some("warn")),
        ("location = /user-ui { return 301 $scheme://$host/user-ui/; }", None),
        ("location = /user-ui { return 307 /user-ui/login; }", None),
        // A page for maintenance answers every route.
        (
            "error_page 503 @m; if (-f /srv/maintenance) { return 503; } location @m { root /srv; try_files /m.html =503; }",
            None,
        ),
        (
            "error_page 503 /m.html; if ($http_x_closed) { return 503; } location = /m.html { internal; root /srv; }",
            None,
        ),
        ("if (-f /srv/maintenance) { rewrite ^ /m.html last; } location = /m.html { root /srv; }", None),
    ] {
        let server = tree(&motion(local, ""));
        let checked = server.json(&["check"]);
        assert_eq!(checked["exit_code"], 0, "{local}: {checked:#}");
        match level {
            Some(level) => {
                let said = finding(&checked, "routes.bare-path");
                assert_eq!(said["level"], level, "{local}");
                assert!(said["evidence"].to_string().contains("motion.conf:2:1: "), "{said}");
            }
            None => {
                assert!(!codes(&checked).contains(&"routes.bare-path".to_owned()), "{local}: {checked:#}")
            }
        }
        let (row, done) = rehearsed(&server, &[]);
        assert_eq!(done["exit_code"], 0, "{local}: {done:#}");
        assert_eq!(row["note"], "legacy page → new client", "{local}");
        assert!(
            server.json(&["plan"])["plan"]["diff"]["unified"]
                .as_str()
                .is_some_and(|diff| !diff.contains("-location"))
        );
    }
}

#[test]
fn a_candidate_without_that_path_is_as_good() {
    for (own, gated) in [
        (format!("location /user-ui/ {{ alias {CLIENT}/; try_files $uri /user-ui/index.html; }}"), true),
        // It may lead there; that depends on the disk.
        (format!("location /user-ui {{ alias {CLIENT}; try_files $uri $uri/ /user-ui/index.html; }}"), false),
    ] {
        let server = tree(&motion("", ""));
        server.write("old.conf", motion("", ""));
        server.write("new.conf", motion(&own, ""));
        let (base, new) = (server.at("old.conf"), server.at("new.conf"));
        let operands = ["--base", base.to_str().expect("text"), "--candidate", new.to_str().expect("text")];
        let (_, done) = rehearsed(&server, &operands);
        assert_eq!(done["exit_code"], 0, "{own}: {done:#}");
        let rows = done["probes"].as_array().expect("rows");
        let bare = rows.iter().find(|row| row["uri"] == "/user-ui").expect("its row");
        assert_eq!((&bare["gated"], &bare["ok"]), (&gated.into(), &true.into()), "{own}: {bare}");
        if gated {
            assert_eq!(finding(&done, "routes.bare-path")["level"], "info", "{done:#}");
        }
    }
}
