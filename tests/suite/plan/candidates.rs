//! The vendor's own new file as `--candidate`: whether it has the route, what of it is grafted, and what is said of a
//! file that cannot be one.
//!
//! Invariant: what is grafted passes the real `nginx -t`, and where it matters the real server shows it.

use crate::support::binary::{SITE, Server, codes, finding};
use serde_json::Value;

const CLIENT: &str = "/var/opt/motion2/client-new/dist";
const TLS: &str = "ssl_certificate /etc/nginx/tls/motion.crt; ssl_certificate_key /etc/nginx/tls/motion.key;";
const NODE: &str = "http://127.0.0.1:9000";

/// The customer's file: his names, a limit and a location of his own.
fn live(more: &str) -> Server {
    let server = Server::copy("standalone");
    server.write(
        SITE,
        format!(
            "server {{ listen 80; server_name cc.example.test; return 301 https://$host$request_uri; }}\n\
             server {{\n    listen 443 ssl;\n    server_name cc.example.test agents.example.test;\n    {TLS}\n    \
             client_max_body_size 100m;\n{more}    location /api/ {{ proxy_pass {NODE}; }}\n    \
             location /socket.io/ {{ proxy_pass {NODE}; }}\n    location /bridge/ {{ proxy_pass http://127.0.0.1:3434; }}\n    \
             location / {{ proxy_pass {NODE}; }}\n}}\n"
        ),
    );
    server
}

/// The vendor's file: no customer's name, and these lines in Motion's block and in front of it.
fn vendor(above: &str, inside: &str) -> String {
    format!(
        "{above}\nserver {{ listen 80 default_server; server_name _; return 301 https://$host$request_uri; }}\n\
         server {{\n    listen 443 ssl default_server;\n    server_name _;\n    {TLS}\n{inside}\n    \
         location /api/ {{ proxy_pass {NODE}; }}\n    location /socket.io/ {{ proxy_pass {NODE}; }}\n    \
         location / {{ proxy_pass {NODE}; }}\n}}\n"
    )
}

fn plain_route() -> String {
    format!("    location /user-ui/ {{ alias {CLIENT}/; try_files $uri /user-ui/index.html; }}\n")
}

/// A command with this candidate.
fn with(server: &Server, command: &[&str], candidate: impl AsRef<[u8]>) -> Value {
    server.write("vendor.conf", candidate);
    let path = server.at("vendor.conf").display().to_string();
    server.json(&[command, &["--candidate", &path]].concat())
}

fn graft(server: &Server, candidate: impl AsRef<[u8]>) -> Value {
    with(server, &["plan", "--strategy", "graft", "--detailed-exitcode"], candidate)
}

fn error(answer: &Value) -> String {
    answer["error"].to_string()
}

#[test]
fn a_candidate_s_route_is_found_however_it_is_written() {
    let files = format!("{{ alias {CLIENT}; index index.html; try_files $uri $uri/ /user-ui/index.html; }}");
    for route in [
        plain_route(),
        format!("location /user-ui {files}"),
        format!("location ^~ /user-ui {files}"),
        format!(
            "location = /user-ui {{ return 301 /user-ui/; }} location /user-ui/ {{ alias {CLIENT}/; try_files $uri /user-ui/index.html; }}"
        ),
        format!(
            "location ~ ^/user-ui(?:/(?<file>.*))?$ {{ root {CLIENT}; try_files /$file /index.html =404; }}"
        ),
        "include snippets/new-client.conf;".to_owned(),
        "location /user-ui/ { proxy_pass http://127.0.0.1:9001; }".to_owned(),
    ] {
        let server = live("");
        server.write("etc/nginx/snippets/new-client.conf", plain_route());
        let planned = graft(&server, vendor("", &route));
        assert_eq!(planned["exit_code"], 2, "{route}: {planned:#}");
        let rows = planned["plan"]["diff"]["directives"].as_array().expect("a diff");
        assert!(!rows.is_empty(), "{route}");
        for row in rows {
            let path = row["path"].as_str().expect("a path");
            assert!(path.starts_with("server cc.example.test:443"), "{route}: {row}");
            assert!(format!("{path} {}", row["directive"]).contains("location"), "{route}: {row}");
        }
    }
}

#[test]
fn what_a_candidate_includes_is_followed_also_by_a_saved_plan() {
    let server = live("");
    server.write("etc/nginx/snippets/new-client.conf", plain_route());
    let site = server
        .read(SITE)
        .replace("    location /api/", "    include snippets/new-client.conf;\n    location /api/");
    let saved = server.at("plan.json").display().to_string();
    let planned = with(&server, &["plan", "--strategy", "replace", "--out", &saved], site);
    assert_eq!(planned["exit_code"], 0, "{planned:#}");
    let applied = server.json(&["apply", &saved, "--yes"]);
    assert_eq!(applied["outcome"], "applied", "{applied:#}");
    assert!(server.read(SITE).contains("include snippets/new-client.conf;"));
    assert!(codes(&server.json(&["check"])).contains(&"routes.migrated".to_owned()));
}

#[test]
fn a_candidate_that_lacks_the_route_says_what_answers_instead() {
    for (other, seen) in [
        ("", "vendor.conf:10:5: location /"),
        ("    location /user { proxy_pass http://127.0.0.1:9002; }", "location /user"),
        ("    location ~ ^/u { proxy_pass http://127.0.0.1:9002; }", "location ~ ^/u"),
        // The redirect alone leads to nothing.
        ("    location = /user-ui { return 301 /user-ui/; }", "location /"),
    ] {
        for strategy in ["graft", "replace"] {
            let planned = with(&live(""), &["plan", "--strategy", strategy], vendor("", other));
            assert_eq!(planned["exit_code"], 65, "{other}: {planned:#}");
            let evidence = finding(&planned, "candidate.lacks-route")["evidence"].to_string();
            assert!(evidence.contains(seen), "{other} {strategy}: {evidence}");
        }
    }
}

#[test]
fn a_location_brings_along_all_that_it_needs() {
    let above = "log_format client '$remote_addr $request';\n\
        limit_req_zone $binary_remote_addr zone=client:1m rate=100r/s;\n\
        map $http_user_agent $old_browser { default 0; ~MSIE 1; }\n\
        map $old_browser $say { 1 old; default new; }\n\
        upstream client_files { server 127.0.0.1:9001; }\n\
        upstream unused { server 127.0.0.1:9002; }";
    let inside = format!(
        "    root {CLIENT}/..;\n    set $folder {CLIENT};\n    set $unused 1;\n    \
         location /user-ui/ {{\n        alias $folder/;\n        access_log /var/log/nginx/client.log client;\n        \
         limit_req zone=client burst=1000 nodelay;\n        add_header X-Client $say;\n        \
         error_page 502 @busy;\n        error_page 403 /client-error.html;\n        \
         try_files $uri /user-ui/index.html;\n    }}\n    location @busy {{ proxy_pass http://client_files; }}\n    \
         location = /client-error.html {{ internal; }}\n    location @unused {{ return 500; }}"
    );
    let server = live("");
    let planned = graft(&server, vendor(above, &inside));
    assert_eq!(planned["exit_code"], 2, "{planned:#}");
    let added = planned["plan"]["diff"]["unified"].to_string();
    for part in [
        "log_format client",
        "zone=client:1m",
        "map $http_user_agent $old_browser",
        "map $old_browser $say",
        "upstream client_files",
        "set $folder",
        "location /user-ui/",
        "location @busy",
        "location = /client-error.html",
        // The error page is a file below what stands around it in the candidate.
        "root /var/opt/motion2/client-new/dist/..",
    ] {
        assert!(added.contains(&format!("+{part}")) || added.contains(part), "{part}: {added}");
    }
    for part in ["unused", "default_server", "server_name _"] {
        assert!(!added.contains(part), "{part}: {added}");
    }
    let applied = with(&server, &["apply", "--yes", "--strategy", "graft"], vendor(above, &inside));
    assert_eq!(applied["outcome"], "applied", "{applied:#}");
    let again = with(&server, &["apply", "--yes", "--strategy", "graft"], vendor(above, &inside));
    assert_eq!(again["outcome"], "up-to-date", "{again:#}");
    assert!(server.read(SITE).contains("location /bridge/"), "what was local stays");
}

#[test]
fn what_the_live_server_has_with_another_meaning_is_named_and_left() {
    let route = |more: &str| {
        format!("    location /user-ui/ {{ alias {CLIENT}/; try_files $uri /user-ui/index.html; {more} }}\n")
    };
    let map =
        |value: &str| format!("map $http_upgrade $motion_connection {{ default upgrade; '' {value}; }}");
    let uses_map = route("proxy_set_header Connection $motion_connection;");
    for (own_above, own, above, inside, named) in [
        (map("''"), "", map("close"), uses_map.clone(), "map $http_upgrade $motion_connection"),
        (
            "upstream files { server 127.0.0.1:1; }".into(),
            "",
            "upstream files { server 127.0.0.1:2; }".into(),
            route("error_page 502 @f;") + "location @f { proxy_pass http://files; }",
            "upstream files",
        ),
        (
            String::new(),
            "location @f { return 404; }",
            String::new(),
            route("error_page 502 @f;") + "location @f { return 503; }",
            "location @f",
        ),
        (
            String::new(),
            "set $folder /srv;",
            String::new(),
            "    set $folder /opt;\n".to_owned() + &route("add_header X $folder;"),
            "set $folder",
        ),
    ] {
        let server = live(own);
        let site = server.read(SITE);
        server.write(SITE, format!("{own_above}\n{site}"));
        let planned = graft(&server, vendor(&above, &inside));
        assert_eq!(planned["exit_code"], 3, "{named}: {planned:#}");
        let said = error(&planned);
        assert!(said.contains("vendor.conf:") && said.contains("motion.conf:"), "{said}");
        assert_eq!(said.matches(named).count(), 2, "{named}: {said}");
        // The same with the same meaning is no obstacle, and is not added again.
        let site = server.read(SITE);
        let same = if own.is_empty() {
            site.replace(&own_above, &above)
        } else {
            let theirs =
                inside.lines().map(str::trim).find(|line| line.contains(named)).expect("it is there");
            let theirs = &theirs[theirs.find(named).expect("it is there")..];
            site.replace(own, theirs)
        };
        server.write(SITE, same);
        let planned = graft(&server, vendor(&above, &inside));
        assert_eq!(planned["exit_code"], 2, "{named}: {planned:#}");
        let added = planned["plan"]["diff"]["directives"].to_string();
        assert!(!added.contains(named), "{named}: {added}");
    }
}

#[test]
fn a_set_of_the_live_block_is_not_what_the_candidate_s_map_would_say() {
    let route = format!(
        "    location /user-ui/ {{ alias {CLIENT}/; try_files $uri /user-ui/index.html; add_header X $say; }}"
    );
    let planned = graft(&live("    set $say old;\n"), vendor("map $host $say { default new; }", &route));
    assert_eq!(planned["exit_code"], 3, "{planned:#}");
    let said = error(&planned);
    assert!(said.contains("map $host $say") && said.contains("set $say"), "{said}");
}

#[test]
fn two_blocks_of_a_candidate_that_differ_are_told_apart_by_their_ports_or_not_at_all() {
    let other = |port: u16, path: &str| {
        format!(
            "server {{ listen {port}; server_name _; location /api/ {{ proxy_pass {NODE}; }}\n\
             location /user-ui/ {{ alias {path}/; try_files $uri /user-ui/index.html; }}\nlocation / {{ proxy_pass {NODE}; }} }}\n"
        )
    };
    let beside = vendor("", &plain_route()) + &other(8080, "/srv/other");
    let planned = graft(&live(""), beside);
    assert_eq!(planned["exit_code"], 2, "{planned:#}");
    let added = planned["plan"]["diff"]["unified"].to_string();
    assert!(added.contains(CLIENT) && !added.contains("/srv/other"), "{added}");
    let unclear = graft(&live(""), other(8080, "/srv/one") + &other(8081, "/srv/other"));
    assert_eq!(unclear["exit_code"], 3, "{unclear:#}");
    let said = error(&unclear);
    assert!(said.contains("vendor.conf:1:1") && said.contains("vendor.conf:4:1"), "{said}");
}

#[test]
fn a_file_that_cannot_be_motion_s_is_called_what_it_is() {
    let server = live("");
    let page = server.read(&format!("{CLIENT}/index.html"));
    let utf16: Vec<u8> = vendor("", "").encode_utf16().flat_map(u16::to_le_bytes).collect();
    for (bytes, said) in [
        (Vec::new(), "empty"),
        (b"\xEF\xBB\xBFserver { }".to_vec(), "byte order mark"),
        ([&b"\xFF\xFE"[..], &utf16].concat(), "UTF-16"),
        (page.into_bytes(), "web page"),
        (b"\x7FELF\x02\x01\0\0ab\0c".to_vec(), "binary"),
        (server.read("etc/nginx/nginx.conf").into_bytes(), "whole nginx.conf"),
        (plain_route().into_bytes(), "without the server block"),
        (b"upstream node { server 127.0.0.1:9000; }\n".to_vec(), "no server block"),
        (b"server { include gone.conf; }".to_vec(), "gone.conf"),
    ] {
        for strategy in ["merge", "graft", "replace"] {
            let planned = with(&server, &["plan", "--strategy", strategy], &bytes);
            assert_eq!(planned["exit_code"], 65, "{said}: {planned:#}");
            assert!(
                error(&planned).contains(said) && error(&planned).contains("hint"),
                "{said}: {planned:#}"
            );
        }
        let base = server.at("vendor.conf").display().to_string();
        let planned = server.json(&["plan", "--base", &base]);
        // What a base includes is not followed.
        let is_refused = planned["exit_code"] == 65;
        assert_eq!(is_refused, said != "gone.conf", "--base, {said}: {planned:#}");
    }
    for option in ["--candidate", "--base"] {
        let folder = server.at("etc").display().to_string();
        let planned = server.json(&["plan", option, &folder]);
        assert_eq!(planned["exit_code"], 65, "{planned:#}");
        assert!(error(&planned).contains("is a folder"), "{planned:#}");
    }
}

#[test]
fn where_motion_stands_in_nginx_conf_itself_the_whole_file_is_the_candidate() {
    let whole = |inside: &str| format!("events {{ }}\nhttp {{\ninclude mime.types;\n{inside}\n}}\n");
    let server = live("");
    let site = server.read(SITE);
    server.write("etc/nginx/nginx.conf", whole(&site));
    std::fs::remove_file(server.at(SITE)).expect("removing");
    let replaced = with(&server, &["plan", "--strategy", "replace"], whole(&vendor("", &plain_route())));
    assert_eq!(replaced["exit_code"], 0, "{replaced:#}");
    let part = vendor("", &plain_route());
    let refused = with(&server, &["plan", "--strategy", "replace"], &part);
    assert_eq!(refused["exit_code"], 65, "{refused:#}");
    assert!(error(&refused).contains("--strategy graft"), "{refused:#}");
    let planned = graft(&server, &part);
    assert_eq!(planned["exit_code"], 2, "{planned:#}");
    assert!(planned["plan"]["diff"]["unified"].to_string().contains("location /user-ui/"), "{planned:#}");
}

#[test]
fn a_candidate_without_a_redirect_of_the_bare_path_rehearses() {
    let server = live("");
    for (route, met) in [
        (plain_route(), 200),
        // The folder's own location answers it, by a redirect of its own.
        (
            format!(
                "    location ^~ /user-ui {{ alias {CLIENT}; index index.html; try_files $uri $uri/ /user-ui/index.html; }}\n"
            ),
            301,
        ),
    ] {
        let command = ["rehearse", "--strategy", "graft", "--load", "20"];
        let rehearsed = with(&server, &command, vendor("", &route));
        assert_eq!(rehearsed["exit_code"], 0, "{route}: {rehearsed:#}");
        let rows = rehearsed["probes"].as_array().expect("probes");
        let bare = rows.iter().find(|row| row["uri"] == "/user-ui").expect("it is asked");
        assert_eq!(bare["after"], met, "{bare}");
        let says = codes(&rehearsed).contains(&"routes.bare-path".to_owned());
        assert_eq!(says, met == 200, "{route}: {rehearsed:#}");
        let login =
            rows.iter().find(|row| row["uri"] == "/user-ui/login" && row["server"] == "cc.example.test:443");
        let login = login.expect("it is asked");
        assert_eq!((&login["ok"], &login["note"]), (&true.into(), &"legacy page → new client".into()));
    }
}

#[test]
fn a_candidate_whose_scripts_something_else_takes_is_refused_in_the_plan() {
    let taking = "    location ~* \\.(?:js|css|svg)$ { proxy_pass http://127.0.0.1:9000; expires 7d; }\n";
    let server = live(taking);
    let candidate = vendor(
        "",
        &format!("    location /user-ui {{ alias {CLIENT}; try_files $uri $uri/ /user-ui/index.html; }}"),
    );
    for (command, code) in [("plan", 3), ("rehearse", 1)] {
        let said = with(&server, &[command, "--strategy", "graft"], &candidate);
        assert_eq!(said["exit_code"], code, "{command}: {said:#}");
        let evidence = finding(&said, "routes.elsewhere")["evidence"].to_string();
        assert!(evidence.contains("location ~*") && evidence.contains("location /user-ui"), "{evidence}");
    }
    // `^~` keeps the regular expression off.
    let kept = graft(&server, candidate.replace("location /user-ui {", "location ^~ /user-ui {"));
    assert_eq!(kept["exit_code"], 2, "{kept:#}");
}

#[test]
fn certificates_that_only_the_candidate_names_are_looked_for() {
    let new = |inside: &str| vendor("", inside).replace("tls/motion", "tls/vendor");
    let dh = "    ssl_dhparam /etc/nginx/tls/dh.pem; ssl_trusted_certificate tls/chain.pem;\n";
    let planned = with(&live(""), &["plan", "--strategy", "replace"], new(&(plain_route() + dh)));
    assert_eq!(planned["exit_code"], 0, "{planned:#}");
    let said = finding(&planned, "candidate.certificate-missing");
    assert_eq!(said["level"], "warn", "a tree often lacks its keys");
    let evidence = said["evidence"].to_string();
    for file in ["tls/dh.pem", "tls/chain.pem"] {
        assert!(evidence.contains(&format!("/etc/nginx/{file}")), "{file}: {evidence}");
    }
    // A replacement goes on with the certificate that this server has.
    assert!(!evidence.contains("tls/vendor."), "{evidence}");
    // The rest is tested all the same: stand-ins let NGINX go on to what is wrong behind them.
    let broken = with(
        &live(""),
        &["plan", "--strategy", "replace"],
        new(&(plain_route() + "    keepalive_timeout x;\n")),
    );
    assert_eq!(broken["exit_code"], 65, "{broken:#}");
    assert!(error(&broken).contains("keepalive_timeout"), "{broken:#}");
    // A graft takes no certificate, and one that the live file names is nobody's news.
    for (strategy, candidate) in [("graft", new(&plain_route())), ("replace", vendor("", &plain_route()))] {
        let planned = with(&live(""), &["plan", "--strategy", strategy], candidate);
        assert_eq!(planned["exit_code"], 0, "{planned:#}");
        assert!(!codes(&planned).contains(&"candidate.certificate-missing".to_owned()), "{planned:#}");
    }
}
