//! A candidate and no known base: everything of the live file stays, the new client's routes come, and what else the
//! candidate has otherwise is offered and taken by name.
//!
//! Invariant: what was taken passes the real `nginx -t`; what nobody named is not in the change.

use crate::support::binary::{SITE, Server, finding};
use serde_json::{Value, json};

const NODE: &str = "http://127.0.0.1:9000";
const TLS: &str = "ssl_certificate /etc/nginx/tls/motion.crt; ssl_certificate_key /etc/nginx/tls/motion.key;";
const CLIENT: &str =
    "location /user-ui/ { alias /var/opt/motion2/client-new/dist/; try_files $uri /user-ui/index.html; }";
const HERE: &str = "server cc.example.test:443";

/// A server block of this name, with these lines.
fn block(name: &str, lines: &str) -> String {
    format!(
        "server {{ listen 80; server_name {name}; return 301 https://$host$request_uri; }}\nserver {{\n    \
         listen 443 ssl;\n    server_name {name};\n    {TLS}\n    {lines}\n    \
         location / {{ proxy_pass {NODE}; }}\n}}\n"
    )
}

/// The customer's file: a bridge, a limit, a timeout and a header of his own.
fn live() -> Server {
    let server = Server::copy("standalone");
    let own = "client_max_body_size 100m;\n    add_header X-Own yes;\n    \
               location /api/ { proxy_pass http://127.0.0.1:9000; proxy_read_timeout 120s; }\n    \
               location /bridge/ { proxy_pass http://127.0.0.1:3434; }";
    server.write(SITE, block("cc.example.test", own));
    let theirs = format!(
        "client_max_body_size 64m;\n    gzip on;\n    \
         location /api/ {{ proxy_pass {NODE}; proxy_read_timeout 600s; proxy_buffering off; }}\n    {CLIENT}\n    \
         location /metrics/ {{ proxy_pass http://metrics; limit_req zone=scrape; }}"
    );
    let above = "upstream metrics { server 127.0.0.1:9100; }\n\
                 limit_req_zone $binary_remote_addr zone=scrape:1m rate=1r/s;\n";
    server.write("vendor.conf", above.to_owned() + &block("_", &theirs));
    server
}

fn plan(server: &Server, more: &[&str]) -> Value {
    let candidate = server.at("vendor.conf").display().to_string();
    server.json(&[&["plan", "--candidate", &candidate][..], more].concat())
}

/// The selectors of a list, sorted.
fn selectors(list: &Value) -> Vec<&str> {
    let mut found: Vec<_> =
        list.as_array().into_iter().flatten().filter_map(|one| one["take"].as_str()).collect();
    found.sort_unstable();
    found
}

/// What the plan changes, as `path / directive old → new`.
fn changes(document: &Value) -> Vec<String> {
    let rows = document["plan"]["diff"]["directives"].as_array().expect("a diff");
    rows.iter()
        .map(|row| {
            format!("{} / {} {} → {}", row["path"], row["directive"], row["old"], row["new"]).replace('"', "")
        })
        .collect()
}

#[test]
fn all_of_mine_stays_the_routes_come_and_the_rest_is_offered() {
    let server = live();
    let planned = plan(&server, &[]);
    assert_eq!(
        (&planned["plan"]["strategy"], &planned["exit_code"]),
        (&"graft".into(), &0.into()),
        "{planned:#}"
    );
    for change in changes(&planned) {
        assert!(
            change.starts_with(&format!("{HERE} / location /user-ui/")) && change.contains("null →"),
            "{change}"
        );
    }
    let offered = &planned["plan"]["offered"];
    assert_eq!(
        selectors(offered),
        [
            "limit_req_zone $binary_remote_addr zone=scrape:1m rate=1r/s".to_owned(),
            format!("{HERE} / add_header X-Own"),
            format!("{HERE} / client_max_body_size"),
            format!("{HERE} / gzip"),
            format!("{HERE} / location /api/ / proxy_buffering"),
            format!("{HERE} / location /api/ / proxy_read_timeout"),
            format!("{HERE} / location /bridge/"),
            format!("{HERE} / location /metrics/"),
            "upstream metrics".to_owned(),
        ]
    );
    let size =
        offered.as_array().expect("a list").iter().find(|one| one["directive"] == "client_max_body_size");
    assert_eq!(
        size.expect("listed"),
        &json!({ "kind": "change", "path": HERE, "directive": "client_max_body_size", "old": "100m", "new": "64m",
                 "take": format!("{HERE} / client_max_body_size") })
    );
    let candidate = server.at("vendor.conf").display().to_string();
    let text = server.run(&["plan", "--candidate", &candidate]).stdout;
    assert!(text.contains("Offered, not taken") && text.contains("100m → 64m"), "{text}");
}

#[test]
fn each_kind_is_taken_by_its_path_and_passes_nginx() {
    let changed = format!("{HERE} / client_max_body_size");
    let added = format!("{HERE} / gzip");
    let removed = format!("{HERE} / add_header X-Own");
    let below = format!("{HERE} / location /api/");
    let needy = format!("{HERE} / location /metrics/");
    for (path, expect) in [
        (&changed, vec!["client_max_body_size 100m → 64m"]),
        (&added, vec!["gzip null → on"]),
        (&removed, vec!["add_header X-Own yes → null"]),
        (&below, vec!["proxy_read_timeout 120s → 600s", "proxy_buffering null → off"]),
        // With what it needs.
        (
            &needy,
            vec![
                "upstream metrics / server null → 127.0.0.1:9100",
                "limit_req_zone null →",
                "limit_req null → zone=scrape",
            ],
        ),
    ] {
        let server = live();
        let planned = plan(&server, &["--take", path]);
        assert_eq!(planned["exit_code"], 0, "{path}: {planned:#}");
        let mut found = changes(&planned);
        found.retain(|change| !change.contains("location /user-ui/"));
        for part in &expect {
            assert!(found.iter().any(|change| change.contains(part)), "{path}: {part} in {found:#?}");
        }
        let offered = selectors(&planned["plan"]["offered"]);
        assert!(!offered.iter().any(|one| one.starts_with(path.as_str())), "{path}: {offered:#?}");
        assert!(!selectors(&planned["plan"]["taken"]).is_empty(), "{path}: {planned:#}");
        let candidate = server.at("vendor.conf").display().to_string();
        let change = ["apply", "--yes", "--candidate", &candidate, "--take", path];
        let applied = server.json(&change);
        assert_eq!(applied["outcome"], "applied", "{path}: {applied:#}");
        assert!(server.read(SITE).contains("location /bridge/"), "{path}");
        let again = server.json(&change[..4]);
        assert_eq!(again["outcome"], "up-to-date", "{path}: {again:#}");
        assert!(again["plan"]["offered"].as_array().is_some_and(|list| !list.is_empty()), "{again:#}");
    }
}

#[test]
fn a_path_that_fits_nothing_is_said() {
    let server = live();
    let nowhere = format!("{HERE} / gzip_types");
    for more in [&["--take", &nowhere][..], &["--take", &nowhere, "--strategy", "replace"]] {
        let planned = plan(&server, more);
        assert_eq!(finding(&planned, "merge.unused-resolution")["evidence"], json!([nowhere]), "{planned:#}");
    }
    let planned = server.json(&["plan", "--take", &nowhere]);
    finding(&planned, "merge.unused-resolution");
}

#[test]
fn what_is_taken_goes_through_the_same_gates() {
    let server = live();
    server.replace("vendor.conf", "    gzip on;", "    gzip perhaps;");
    let before = server.read(SITE);
    let candidate = server.at("vendor.conf").display().to_string();
    let taking = |path: &str| server.json(&["apply", "--yes", "--candidate", &candidate, "--take", path]);
    let refused = taking(&format!("{HERE} / gzip"));
    assert_eq!((&refused["exit_code"], &server.read(SITE)), (&65.into(), &before), "{refused:#}");
    // It leads the new client's requests away.
    server.replace("vendor.conf", "    gzip perhaps;", "    rewrite ^/user-ui/(.*)$ /old/$1 last;");
    let refused = taking(&format!("{HERE} / rewrite ^/user-ui/(.*)$"));
    assert_eq!((&refused["exit_code"], &server.read(SITE)), (&3.into(), &before), "{refused:#}");
    finding(&refused, "routes.elsewhere");
}

#[test]
fn a_block_that_could_be_several_is_not_taken_by_guess() {
    let server = live();
    let two = block("a.example.test", "location /a/ { return 204; }")
        + &block("b.example.test", "location /b/ { return 204; }");
    server.write(SITE, two);
    let planned = plan(&server, &[]);
    assert_eq!(planned["exit_code"], 0, "{planned:#}");
    let offered = selectors(&planned["plan"]["offered"]);
    assert!(!offered.iter().any(|one| one.starts_with("server _:443 /")), "{offered:#?}");
    let unclear =
        planned["plan"]["offered"].as_array().expect("a list").iter().find(|one| one["kind"] == "unclear");
    let said = unclear.expect("it is said").to_string();
    assert!(
        said.contains("a.example.test:443 or server b.example.test:443") && said.contains("--server"),
        "{said}"
    );
    let refused = plan(&server, &["--take", "server _:443 / gzip"]);
    assert_eq!(refused["exit_code"], 3, "{refused:#}");
    finding(&refused, "merge.ambiguous");
    let chosen =
        plan(&server, &["--server", "a.example.test:443", "--take", "server a.example.test:443 / gzip"]);
    assert!(changes(&chosen).iter().any(|change| change.contains("gzip null → on")), "{chosen:#}");
}
