//! `--carry`: a server on which the vendor's script ran long ago, and an old copy of the file from before.
//!
//! Invariant: what comes back passes the real `nginx -t`, and where it matters the real server shows it.

mod copies;
mod forms;
mod live;

use crate::support::binary::{SITE, Server, finding};
use serde_json::Value;

const NODE: &str = "http://127.0.0.1:9000";
const TLS: &str = "ssl_certificate /etc/nginx/tls/motion.crt; ssl_certificate_key /etc/nginx/tls/motion.key;";
const HERE: &str = "server cc.example.test:443";
const CLIENT: &str =
    "location /user-ui/ { alias /var/opt/motion2/client-new/dist/; try_files $uri /user-ui/index.html; }";

/// What the script wrote: the vendor's new text with its own values.
fn new_text(name: &str) -> String {
    format!(
        "server {{ listen 80; server_name {name}; return 301 https://$host$request_uri; }}\nserver {{\n    \
         listen 443 ssl;\n    server_name {name};\n    {TLS}\n    client_max_body_size 64m;\n    {CLIENT}\n    \
         location /api/ {{ proxy_pass {NODE}; proxy_read_timeout 60s; proxy_buffering off; }}\n    \
         location / {{ proxy_pass {NODE}; }}\n}}\n"
    )
}

/// What stood there before: no new client, and the customer's changes.
fn old_text() -> String {
    format!(
        "limit_req_zone $binary_remote_addr zone=hooks:1m rate=5r/s;\nupstream bridge {{ server 127.0.0.1:3434; }}\n\
         server {{ listen 80; server_name cc.example.test agents.example.test; return 301 https://$host$request_uri; }}\n\
         server {{\n    listen 443 ssl;\n    listen 8443 ssl;\n    server_name cc.example.test agents.example.test;\n    \
         ssl_certificate /etc/nginx/tls/old.crt; ssl_certificate_key /etc/nginx/tls/old.key;\n    \
         client_max_body_size 100m;\n    add_header X-Own yes;\n    \
         location /api/ {{ proxy_pass http://127.0.0.1:9009; proxy_read_timeout 600s; }}\n    \
         # Our bridge.\n    location /bridge/ {{ proxy_pass http://bridge/; limit_req zone=hooks burst=5; }}\n    \
         location / {{ proxy_pass {NODE}; }}\n}}\n"
    )
}

/// The server a year after the script.
fn with_new_text() -> Server {
    Server::with_site(&new_text("cc.example.test"))
}

/// The same with the old file beside its own.
fn after_the_script() -> Server {
    let server = with_new_text();
    server.write("motion.conf.old", old_text());
    server
}

fn carry(server: &Server, command: &[&str], more: &[&str]) -> Value {
    let old = server.at("motion.conf.old").display().to_string();
    server.json(&[command, &["--carry", &old], more].concat())
}

/// A list of local changes as `path / directive`.
fn list(document: &Value, name: &str) -> Vec<String> {
    let rows = document["plan"]["local_changes"][name].as_array().expect("a list");
    let row = |one: &Value| format!("{} / {}", one["path"], one["directive"]).replace('"', "");
    rows.iter().map(row).collect()
}

fn has(list: &[String], part: &str) -> bool {
    list.iter().any(|one| one.contains(part))
}

#[test]
fn what_was_lost_comes_back_and_what_is_of_today_stays() {
    let server = after_the_script();
    let planned = carry(&server, &["plan"], &[]);
    assert_eq!(planned["exit_code"], 0, "{planned:#}");
    let carried = list(&planned, "carried");
    for part in [
        "location /bridge/",
        "upstream bridge",
        "limit_req_zone",
        "listen 8443 ssl",
        "server_name agents.example.test",
        "client_max_body_size 100m",
        "add_header X-Own yes",
        "location /api/ / proxy_read_timeout 600s",
    ] {
        assert!(has(&carried, part), "{part} in {carried:#?}");
    }
    let conflicting = list(&planned, "conflicting");
    for part in
        ["ssl_certificate /etc/nginx/tls/old.crt", "ssl_certificate_key", "proxy_pass http://127.0.0.1:9009"]
    {
        assert!(has(&conflicting, part), "{part} in {conflicting:#?}");
    }
    let rows = planned["plan"]["local_changes"]["carried"].as_array().expect("a list");
    let size = rows.iter().find(|row| row["directive"] == "client_max_body_size 100m").expect("listed");
    assert_eq!(size["today"], "64m", "{size:#}");
    let applied = carry(&server, &["apply", "--yes"], &[]);
    assert_eq!(applied["outcome"], "applied", "{applied:#}");
    let text = server.read(SITE);
    for part in
        ["# Our bridge.", "http://bridge/", "listen 8443 ssl", "proxy_buffering off", "motion.crt", CLIENT]
    {
        assert!(text.contains(part), "{part} in {text}");
    }
    assert_eq!(text.matches("server_name cc.example.test agents.example.test;").count(), 2, "{text}");
    assert!(!text.contains("old.crt") && !text.contains("9009"), "{text}");
    // Once more: nothing is lost, and nothing is to be done.
    let again = carry(&server, &["apply", "--yes"], &[]);
    assert_eq!(again["outcome"], "up-to-date", "{again:#}");
    assert_eq!(server.read(SITE), text);
}

#[test]
fn an_old_file_that_lost_nothing_gives_the_empty_plan() {
    let server = after_the_script();
    for text in [new_text("cc.example.test"), new_text("_"), new_text("cc.example.test").replace(CLIENT, "")]
    {
        server.write("motion.conf.old", text);
        let planned = carry(&server, &["plan", "--detailed-exitcode"], &[]);
        assert_eq!(
            (&planned["outcome"], &planned["exit_code"]),
            (&"up-to-date".into(), &0.into()),
            "{planned:#}"
        );
    }
}

#[test]
fn a_person_has_the_last_word_on_each_thing() {
    let server = after_the_script();
    let port = format!("{HERE} / location /api/ / proxy_pass");
    let bridge = format!("{HERE} / location /bridge/=theirs");
    let nowhere = format!("{HERE} / nothing");
    let planned = carry(&server, &["plan"], &["--take", &port, "--resolve", &bridge, "--take", &nowhere]);
    assert_eq!(planned["exit_code"], 0, "{planned:#}");
    let (carried, conflicting) = (list(&planned, "carried"), list(&planned, "conflicting"));
    assert!(
        has(&carried, "proxy_pass http://127.0.0.1:9009") && !has(&carried, "location /bridge/"),
        "{carried:#?}"
    );
    assert!(has(&conflicting, "location /bridge/"), "{conflicting:#?}");
    let said = finding(&planned, "merge.unused-resolution")["evidence"].to_string();
    assert!(said.contains("nothing") && !said.contains("bridge"), "{said}");
    for usage in [&["--strategy", "replace"][..], &["--candidate", "x.conf"]] {
        assert_eq!(carry(&server, &["plan"], usage)["exit_code"], 64, "{usage:?}");
    }
}

#[test]
fn with_the_vendor_s_old_file_it_is_a_true_merge() {
    let server = after_the_script();
    // The vendor's old text: what the customer has otherwise is his, what the new one has otherwise the vendor's.
    let base = old_text()
        .replace(" agents.example.test", "")
        .replace("    listen 8443 ssl;\n", "")
        .replace("    add_header X-Own yes;\n", "")
        .replace("    # Our bridge.\n    location /bridge/ { proxy_pass http://bridge/; limit_req zone=hooks burst=5; }\n", "")
        .replace("client_max_body_size 100m", "client_max_body_size 10m")
        .replace("upstream bridge { server 127.0.0.1:3434; }\n", "")
        .replace("limit_req_zone $binary_remote_addr zone=hooks:1m rate=5r/s;\n", "")
        .replace("old.crt", "vendor.crt");
    server.write("vendor.conf", base);
    let base = server.at("vendor.conf").display().to_string();
    let refused = carry(&server, &["plan"], &["--base", &base]);
    assert_eq!(refused["exit_code"], 3, "{refused:#}");
    let evidence = finding(&refused, "merge.conflict")["evidence"].to_string();
    assert!(evidence.contains("client_max_body_size") && !evidence.contains("ssl_certificate"), "{evidence}");
    let decided = format!("{HERE} / client_max_body_size=ours");
    let change = ["--base", &base, "--resolve", &decided];
    let applied = carry(&server, &["apply", "--yes"], &change);
    assert_eq!(applied["outcome"], "applied", "{applied:#}");
    assert!(has(&list(&applied, "carried"), "location /bridge/"), "{applied:#}");
    let text = server.read(SITE);
    // The customer never touched the timeout and the port: the vendor's new ones stand.
    for part in [
        "location /bridge/",
        "100m",
        "proxy_read_timeout 60s",
        "proxy_pass http://127.0.0.1:9000",
        "motion.crt",
    ] {
        assert!(text.contains(part), "{part} in {text}");
    }
    let again = carry(&server, &["apply", "--yes"], &change);
    assert_eq!(again["outcome"], "up-to-date", "{again:#}");
}

#[test]
fn what_another_block_answers_today_is_not_brought_back_twice() {
    let server = after_the_script();
    // One block for both ports, where the new text has two.
    let old = old_text()
        .replace("server { listen 80; server_name cc.example.test agents.example.test; return 301 https://$host$request_uri; }\n", "")
        .replace("listen 443 ssl;", "listen 80; listen 443 ssl;");
    server.write("motion.conf.old", old);
    let planned = carry(&server, &["plan"], &[]);
    assert!(has(&list(&planned, "conflicting"), "listen 80"), "{planned:#}");
    let applied = carry(&server, &["apply", "--yes"], &[]);
    assert_eq!(applied["outcome"], "applied", "{applied:#}");
    assert!(
        !server.read(SITE).contains("listen 80; listen 443")
            && server.read(SITE).matches("listen 80").count() == 1
    );
}

#[test]
fn mistakes_of_the_old_file_come_back_as_they_are_and_are_said() {
    let server = after_the_script();
    server.write("motion.conf.old", old_text().replace("127.0.0.1:3434", "12.0.0.1:3434"));
    let applied = carry(&server, &["apply", "--yes"], &[]);
    assert_eq!(applied["outcome"], "applied", "{applied:#}");
    assert!(server.read(SITE).contains("12.0.0.1:3434"));
    let checked = server.json(&["check"]);
    assert!(
        finding(&checked, "site.dead-upstream")["evidence"].to_string().contains("12.0.0.1"),
        "{checked:#}"
    );
}

#[test]
fn what_would_take_the_new_client_s_route_is_refused() {
    let server = after_the_script();
    let (before, old) = (server.read(SITE), old_text());
    let stealing = "    rewrite ^/user-ui/(.*)$ /app/$1 last;\n    add_header X-Own yes;\n";
    server.write("motion.conf.old", old.replace("    add_header X-Own yes;\n", stealing));
    let refused = carry(&server, &["apply", "--yes"], &[]);
    assert_eq!((&refused["exit_code"], server.read(SITE)), (&3.into(), before), "{refused:#}");
    finding(&refused, "routes.elsewhere");
    // A location of its own for the new client, from an early trial, is not brought back.
    let trial = "    location ^~ /user-ui/login { return 404; }\n    add_header X-Own yes;\n";
    server.write("motion.conf.old", old.replace("    add_header X-Own yes;\n", trial));
    let applied = carry(&server, &["apply", "--yes"], &[]);
    assert_eq!(applied["outcome"], "applied", "{applied:#}");
    assert!(has(&list(&applied, "conflicting"), "location ^~ /user-ui/login"), "{applied:#}");
}

#[test]
fn a_name_that_nobody_defines_any_more_is_refused_with_the_way_out() {
    let server = after_the_script();
    let zone = "limit_req_zone $binary_remote_addr zone=hooks:1m rate=5r/s;\n";
    server.write("motion.conf.old", old_text().replace(zone, ""));
    let refused = carry(&server, &["plan"], &[]);
    assert_eq!(refused["exit_code"], 65, "{refused:#}");
    assert!(refused["error"].to_string().contains("hooks"), "{refused:#}");
    let without = format!("{HERE} / location /bridge/=theirs");
    assert_eq!(carry(&server, &["plan"], &["--resolve", &without])["exit_code"], 0);
    // Where another file of the server defines it, nothing is missing and nothing is defined twice.
    server.write("etc/nginx/conf.d/zones.conf", zone);
    server.write("motion.conf.old", old_text());
    let applied = carry(&server, &["apply", "--yes"], &[]);
    assert_eq!(applied["outcome"], "applied", "{applied:#}");
    assert!(!server.read(SITE).contains("limit_req_zone"), "{}", server.read(SITE));
}
