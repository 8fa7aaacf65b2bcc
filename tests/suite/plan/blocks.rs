//! Which server blocks get the route, on shapes that real files have, and when the change would not be effective.
//!
//! Invariant: every tree is one that NGINX accepts; what is said is held against the exit code.

use crate::support::binary::{SITE, Server, codes, codes_beside_unknown, finding};
use serde_json::Value;
use std::fs;
use std::os::unix::fs::symlink;

const MOTIONS_ROUTES: &str = "location /api/ { proxy_pass http://127.0.0.1:9000; }\n\
    location /socket.io/ { proxy_pass http://127.0.0.1:9000; }\n\
    location / { proxy_pass http://127.0.0.1:9000; }\n";
const TLS: &str = "ssl_certificate /etc/nginx/tls/motion.crt; ssl_certificate_key /etc/nginx/tls/motion.key;";
const CLIENT: &str = "/var/opt/motion2/client-new/dist";

/// Motion's block, with more in front of its locations.
fn motion(more: &str) -> String {
    format!(
        "server {{ listen 80; listen 443 ssl; server_name cc.example.test; {TLS}\n{more}\n{MOTIONS_ROUTES} }}\n"
    )
}

/// Asserts that the one block of `cc.example.test` gets the route, and no other.
fn gets_the_route(server: &Server, case: &str) {
    let planned = server.json(&["plan", "--strategy", "graft", "--detailed-exitcode"]);
    assert_eq!(planned["exit_code"], 2, "{case}: {planned:#}");
    let stops = planned["findings"].as_array().expect("findings").iter().filter(|one| one["level"] == "stop");
    assert_eq!(stops.count(), 0, "{case}: {planned:#}");
    let rows = planned["plan"]["diff"]["directives"].as_array().expect("a diff");
    assert!(!rows.is_empty(), "{case}");
    for row in rows {
        let path = row["path"].as_str().expect("a path");
        assert!(path.starts_with("server cc.example.test"), "{case}: {path}");
    }
}

/// The evidence of `routes.elsewhere`, which must be of this level.
fn elsewhere(answer: &Value, level: &str) -> String {
    let found = finding(answer, "routes.elsewhere");
    assert_eq!(found["level"], level, "{answer:#}");
    found["evidence"].to_string()
}

#[test]
fn a_condition_that_is_not_known_speaks_against_nobody() {
    for condition in [
        "$scheme != \"https\"",
        "$https = \"\"",
        "$ssl_protocol = \"\"",
        "$server_port = 80",
        "$host != \"cc.example.test\"",
        "$http_user_agent ~* (bot|crawl)",
        "$http_x_forwarded_proto = http",
        "-f /etc/nginx/maintenance.on",
        "!-d $document_root",
    ] {
        for answer in ["return 403;", "return 301 https://$host$request_uri;", "return 444;"] {
            let case = format!("if ({condition}) {{ {answer} }}");
            gets_the_route(&Server::with_site(&motion(&case)), &case);
        }
    }
    // Two of them, and a page for maintenance that every route gets.
    let two = "if (-f $document_root/on) { return 503; } error_page 503 @busy; location @busy { return 503 busy; }\n\
        if ($http_x_old) { set $old 1; } if ($old) { return 410; }";
    gets_the_route(&Server::with_site(&motion(two)), two);
}

#[test]
fn a_regular_expression_of_nginx_s_own_kind_speaks_against_nobody() {
    for case in [
        r"location ~ /\.(?!well-known).* { deny all; }",
        r"rewrite ^(?!/api/)/old/(.*)$ /new/$1 last;",
        r"location ~ ^/(\w)\1\.txt$ { return 204; }",
        r"location ~* ^/a++\.php$ { return 204; }",
        r"location ~ ^\Q/a.b\E$ { return 204; }",
        // What cannot be run here is a question for its own location alone.
        r#"location ~ "^/x{,3}$" { return 204; }"#,
    ] {
        gets_the_route(&Server::with_site(&motion(case)), case);
    }
}

#[test]
fn a_second_application_in_the_same_file_is_left_alone() {
    let wiki = "server { listen 80; server_name wiki.example.test; location / { proxy_pass http://127.0.0.1:8090; } }\n";
    for site in [format!("{}{wiki}", motion("")), format!("{wiki}{}", motion(""))] {
        let server = Server::with_site(&site);
        gets_the_route(&server, "beside a wiki");
        let named = server.json(&["plan", "--strategy", "graft", "--site", &format!("/{SITE}")]);
        assert_eq!(named["plan"]["diff"], server.json(&["plan", "--strategy", "graft"])["plan"]["diff"]);
    }
}

#[test]
fn a_snippet_that_two_sites_include_leads_each_to_its_own_application() {
    let site = |name: &str, port: u16| {
        format!(
            "server {{ listen 80; server_name {name}.example.test; set $port {port}; include snippets/app.conf; }}\n"
        )
    };
    let server = Server::with_site(&site("cc", 9000));
    server.write("etc/nginx/conf.d/wiki.conf", site("wiki", 8090));
    let app = "location /api/ { proxy_pass http://127.0.0.1:$port$request_uri; }\n\
        location /socket.io/ { proxy_pass http://127.0.0.1:$port; }\nlocation / { proxy_pass http://127.0.0.1:$port; }\n";
    server.write("etc/nginx/snippets/app.conf", app);
    gets_the_route(&server, "a shared snippet");
    let found = codes_beside_unknown(&server.json(&["check"]));
    assert!(!found.contains(&"topology.remote-upstream".to_owned()), "{found:?}");
}

#[test]
fn the_site_is_named_by_any_path_that_leads_there() {
    let server = Server::with_site("");
    fs::remove_file(server.at(SITE)).expect("removing");
    server.replace("etc/nginx/nginx.conf", "conf.d/*.conf", "sites-enabled/*");
    server.write("etc/nginx/sites-available/callcentre", motion(""));
    fs::create_dir_all(server.at("etc/nginx/sites-enabled")).expect("a folder");
    symlink("../sites-available/callcentre", server.at("etc/nginx/sites-enabled/callcentre"))
        .expect("a link");
    let by = |path: &str| server.json(&["check", "--site", path]);
    assert_eq!(by("/etc/nginx/sites-enabled/callcentre")["exit_code"], 0);
    assert_eq!(by("/etc/nginx/sites-available/callcentre")["exit_code"], 0);
    let unread = by("/etc/nginx/mime.types.old");
    assert_eq!(unread["exit_code"], 69, "{unread:#}");
    let evidence = finding(&unread, "site.not-found")["evidence"].to_string();
    assert!(evidence.contains("read: /etc/nginx/sites-enabled/callcentre"), "{evidence}");
    // One that NGINX reads and that has no server block: what the others serve is not in question.
    server.write("etc/nginx/conf.d/limits.conf", "client_max_body_size 1m;\n");
    server.replace(
        "etc/nginx/nginx.conf",
        "sites-enabled/*;",
        "sites-enabled/*; include /etc/nginx/conf.d/*.conf;",
    );
    for path in ["/etc/nginx/mime.types", "/etc/nginx/conf.d/limits.conf"] {
        let empty = by(path);
        let found = finding(&empty, "site.not-found");
        assert_eq!(
            (&empty["exit_code"], &found["title"]),
            (&69.into(), &"no server block stands in the file that was named".into()),
            "{empty:#}"
        );
        let evidence = found["evidence"].to_string();
        assert!(
            evidence.contains("callcentre:1:1: server cc.example.test:443")
                && !evidence.contains("something else"),
            "{evidence}"
        );
    }
}

#[test]
fn motion_s_routes_may_stand_inside_of_another_location() {
    let nested = format!(
        "server {{ listen 443 ssl; server_name cc.example.test; {TLS}\n location / {{ proxy_pass http://127.0.0.1:9000;\n\
         location /api/ {{ proxy_pass http://127.0.0.1:9000; }}\n\
         location /socket.io/ {{ proxy_pass http://127.0.0.1:9000; }} }} }}\n"
    );
    gets_the_route(&Server::with_site(&nested), "nested routes");
}

#[test]
fn a_location_that_is_not_made_for_the_new_client_is_not_the_new_client() {
    for other in [
        "location /user { proxy_pass http://127.0.0.1:9002; }",
        "location /u { proxy_pass http://127.0.0.1:9002; }",
        "location ~ ^/user { proxy_pass http://127.0.0.1:9002; }",
        "location ~* ^/(user|queue|report).* { proxy_pass http://127.0.0.1:9002; }",
    ] {
        let server = Server::with_site(&motion(other));
        gets_the_route(&server, other);
        assert!(codes(&server.json(&["check"])).contains(&"routes.missing".to_owned()), "{other}");
    }
    for wrong in [
        "location /user-ui/ { deny all; }",
        "location /user-ui/ { alias /var/opt/gone/; try_files $uri /user-ui/index.html; }",
        "location /user-ui/ { root /var/www; try_files $uri /index.html; }",
        "location /user-ui/ { return 404; }",
    ] {
        let checked = Server::with_site(&motion(wrong)).json(&["check"]);
        assert_eq!(checked["exit_code"], 3, "{wrong}: {checked:#}");
        assert!(elsewhere(&checked, "stop").contains("/etc/nginx/conf.d/motion.conf"), "{wrong}");
        assert!(!codes(&checked).contains(&"routes.migrated".to_owned()), "{wrong}");
    }
}

#[test]
fn what_is_not_in_view_cannot_be_told() {
    let folder = format!("location ^~ /user-ui/ {{ alias {CLIENT}/; try_files $uri /user-ui/index.html; }}");
    let server = Server::with_site(&motion(&folder));
    assert!(codes(&server.json(&["check"])).contains(&"routes.migrated".to_owned()));
    // A status at the end is for when even the page is missing; alone it means that there is no page. Below an
    // `alias` NGINX looks for a name without variables as it is written, the location's own path included.
    for (tries, found) in [("$uri /index.html =404", "routes.migrated"), ("$uri =404", "routes.elsewhere")] {
        let location = format!("location ^~ /user-ui/ {{ alias {CLIENT}/; try_files {tries}; }}");
        let checked = Server::with_site(&motion(&location)).json(&["check"]);
        assert!(codes(&checked).contains(&found.to_owned()), "{tries}: {checked:#}");
    }
    // An archive of /etc/nginx alone.
    fs::remove_dir_all(server.at("var/opt/motion2")).expect("removing");
    let checked = server.json(&["check"]);
    let said = finding(&checked, "routes.cannot-tell");
    assert_eq!(said["level"], "warn");
    assert!(said["evidence"].to_string().contains(CLIENT), "{checked:#}");
    let proxied = "location ^~ /user-ui/ { proxy_pass http://127.0.0.1:9001; }";
    let checked = Server::with_site(&motion(proxied)).json(&["check"]);
    assert!(finding(&checked, "routes.cannot-tell")["evidence"].to_string().contains("127.0.0.1:9001"));
    let named = Server::with_site(&motion(proxied))
        .json(&["check", "--new-client-upstream", "http://127.0.0.1:9001"]);
    assert!(codes(&named).contains(&"routes.migrated".to_owned()), "{named:#}");
}

#[test]
fn what_would_take_the_route_away_is_said_before_the_change() {
    for (taking, line) in [
        ("rewrite ^/user-ui/(.*)$ /app/$1 last;", "rewrite ^/user-ui/(.*)$ /app/$1 last"),
        ("rewrite ^/user-ui(/.*)?$ /login redirect;", "rewrite ^/user-ui(/.*)?$ /login redirect"),
        ("if ($uri ~ ^/user-ui) { return 404; }", "return 404"),
        // It catches our page on its second way through the server's rewrites.
        ("rewrite ^(/.+)\\.html$ $1 permanent;", "rewrite ^(/.+)\\\\.html$ $1 permanent"),
    ] {
        let server = Server::with_site(&motion(taking));
        for arguments in [&["check"][..], &["apply", "--yes"]] {
            let said = server.json(arguments);
            assert_eq!(said["exit_code"], 3, "{taking}: {said:#}");
            let evidence = elsewhere(&said, "stop");
            assert!(evidence.contains(line) && evidence.contains("motion.conf:2:"), "{taking}: {evidence}");
        }
    }
}

#[test]
fn a_regular_expression_that_takes_the_scripts_is_named() {
    let taking = r"location ~* \.(?:js|css)$ { proxy_pass http://127.0.0.1:9000; }";
    let plain = format!("location /user-ui/ {{ alias {CLIENT}/; try_files $uri /user-ui/index.html; }}");
    let migrated = Server::with_site(&motion(&format!("{plain}\n{taking}"))).json(&["check"]);
    assert_eq!(migrated["exit_code"], 0, "{migrated:#}");
    let evidence = elsewhere(&migrated, "warn");
    assert!(
        evidence.contains(".js is answered by") && evidence.contains(".css is answered by"),
        "{evidence}"
    );
    // The same by a candidate of the vendor's: refused before it is made.
    let server = Server::with_site(&motion(taking));
    server.write("old.conf", motion(""));
    server.write("new.conf", motion(&plain));
    let (base, candidate) = (server.at("old.conf"), server.at("new.conf"));
    let operands = ["--base", base.to_str().expect("text"), "--candidate", candidate.to_str().expect("text")];
    let planned = server.json(&[&["apply", "--yes"][..], &operands].concat());
    assert_eq!(planned["exit_code"], 3, "{planned:#}");
    assert!(elsewhere(&planned, "stop").contains("js|css"), "{planned:#}");
    // Nor does it go through as a saved plan.
    let saved = server.at("plan.json");
    let saved = saved.to_str().expect("text");
    let planned = server.json(&[&["plan", "--out", saved][..], &operands].concat());
    assert_eq!(planned["exit_code"], 3, "{planned:#}");
    assert!(elsewhere(&planned, "stop").contains("location /user-ui/"), "both places are named: {planned:#}");
    let applied = server.json(&["apply", saved, "--yes"]);
    assert_eq!(applied["exit_code"], 3, "{applied:#}");
    assert!(elsewhere(&applied, "stop").contains("js|css"), "{applied:#}");
}

#[test]
fn a_change_that_is_no_text_is_refused_and_not_left_out() {
    let server = Server::with_site(&motion(""));
    let latin1 = motion("location ^~ /user-ui/ { return 204; }").replace("server {", "# caf\u{e8}\nserver {");
    let bytes: Vec<u8> = latin1.chars().map(|c| u8::try_from(c).expect("latin1")).collect();
    server.write("new.conf", bytes);
    let candidate = server.at("new.conf");
    let operands = ["plan", "--strategy", "replace", "--candidate", candidate.to_str().expect("text")];
    let planned = server.json(&operands);
    assert_eq!(planned["exit_code"], 65, "{planned:#}");
    assert!(planned["error"].to_string().contains("not UTF-8 text"), "{planned:#}");
}

#[test]
fn a_block_that_nginx_never_asks_is_not_changed_in_vain() {
    let server = Server::with_site(&motion(""));
    server.write("etc/nginx/conf.d/a-test-copy.conf", motion("").replace(":9000", ":9005"));
    let checked = server.json(&["check"]);
    assert_eq!(checked["exit_code"], 3, "{checked:#}");
    let evidence = elsewhere(&checked, "stop");
    assert!(evidence.contains("motion.conf:1:1") && evidence.contains("a-test-copy.conf:1:1"), "{evidence}");
    // Where the copy leads to Motion as well, both get the route, and one is only said to be idle.
    server.write("etc/nginx/conf.d/a-test-copy.conf", motion(""));
    let checked = server.json(&["check"]);
    assert_eq!(checked["exit_code"], 0, "{checked:#}");
    assert_eq!(finding(&checked, "site.duplicate-server")["level"], "warn");
}

/// What stands in `location /` beside Motion's own locations.
fn inside_of_the_root(more: &str) -> Server {
    Server::with_site(&format!(
        "server {{ listen 443 ssl; server_name cc.example.test; {TLS}\n location / {{ proxy_pass http://127.0.0.1:9000;\n\
         location /api/ {{ proxy_pass http://127.0.0.1:9000; }}\n\
         location /socket.io/ {{ proxy_pass http://127.0.0.1:9000; }}\n{more}\n}} }}\n"
    ))
}

#[test]
fn the_new_client_is_there_inside_of_another_location_too() {
    let serves = format!("alias {CLIENT}/; try_files $uri /user-ui/index.html;");
    let there = inside_of_the_root(&format!("location ^~ /user-ui/ {{ {serves} }}"));
    let answer = there.json(&["check"]);
    assert_eq!((&answer["outcome"], &answer["exit_code"]), (&"up-to-date".into(), &0.into()), "{answer:#}");
    // Access rules count from the inside out.
    let open = format!("location /user-ui {{ deny all; location /user-ui/ {{ allow all; {serves} }} }}");
    assert_eq!(inside_of_the_root(&open).json(&["check"])["outcome"], "up-to-date");
    let closed = format!("location ^~ /user-ui/ {{ deny all; {serves} }}");
    elsewhere(&inside_of_the_root(&closed).json(&["check"]), "stop");
    // A pattern beside it, in there, takes scripts from a plain prefix.
    let taken = format!(
        "location /user-ui/ {{ {serves} }} location ~ \\.js$ {{ proxy_pass http://127.0.0.1:9000; }}"
    );
    let taken = elsewhere(&inside_of_the_root(&taken).json(&["check"]), "warn");
    assert!(taken.contains("location ~ \\\\.js$"), "{taken}");
    let page = "location /user-ui/ { alias /var/opt/motion2/client-new/dist/; try_files $uri /index.html; }";
    let page = elsewhere(&inside_of_the_root(page).json(&["check"]), "stop");
    assert!(page.contains("whose page is answered by"), "{page}");
}

#[test]
fn a_table_of_paths_may_turn_the_new_client_away_alone() {
    let serves = format!("location ^~ /user-ui/ {{ alias {CLIENT}/; try_files $uri /user-ui/index.html; }}");
    for (map, condition) in [
        ("map $uri $t { default 0; ~^/user-ui 1; }", "if ($t) { return 404; }"),
        (
            "map $request_uri $a { default 1; ~^/(login|api) 0; } map $a $t { 1 1; }",
            "if ($t = 1) { return 302 /login; }",
        ),
        ("map $uri $a { ~^/user-ui 1; }", "set $t $a; if ($t) { return 403; }"),
    ] {
        let server = Server::with_site(&format!("{map}\n{}", motion(&format!("{condition}\n{serves}"))));
        let answer = server.json(&["check"]);
        assert_eq!(finding(&answer, "routes.cannot-tell")["level"], "warn", "{answer:#}");
        assert_ne!(answer["outcome"], "up-to-date", "{map}");
        // The route itself is missing all the same where it is.
        let without = format!("{map}\n{}", motion(condition));
        gets_the_route(&Server::with_site(&without), map);
    }
    // A table of anything else turns everybody away alike.
    let robots = "map $http_user_agent $t { default 0; ~*bot 1; }";
    let server =
        Server::with_site(&format!("{robots}\n{}", motion(&format!("if ($t) {{ return 403; }}\n{serves}"))));
    assert_eq!(server.json(&["check"])["outcome"], "up-to-date");
}
