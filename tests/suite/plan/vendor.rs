//! Merges with the files that vendors write: they do not know the customer's names, and split HTTP off.
//!
//! Invariant: every tree and every candidate is one that NGINX accepts; what comes of a merge is proven by a
//! rehearsal on a running NGINX, or by its bytes.

use crate::support::binary::{SITE, Server, finding};
use serde_json::Value;
use std::io::Write;

pub(super) const TLS: &str =
    "ssl_certificate /etc/nginx/tls/motion.crt;\n    ssl_certificate_key /etc/nginx/tls/motion.key;";
pub(super) const ROUTE: &str = "location ^~ /user-ui/ { alias /var/opt/motion2/client-new/dist/; \
    try_files $uri /user-ui/index.html; expires -1; }\n    location = /user-ui { return 302 /user-ui/; }\n    ";
pub(super) const BRIDGE: &str = "location /whatsapp/messages { proxy_pass http://127.0.0.1:3434; }\n    ";

/// A server block of Motion's.
pub(super) fn block(listen: &str, name: &str, size: &str, more: &str) -> String {
    let tls = if listen.contains("ssl") { TLS } else { "" };
    format!(
        "server {{\n    listen {listen};\n    server_name {name};\n    {tls}\n    client_max_body_size {size};\n    \
         location /api/ {{ proxy_pass http://127.0.0.1:9000; }}\n    \
         location /socket.io/ {{ proxy_pass http://127.0.0.1:9000; proxy_http_version 1.1; \
         proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection \"upgrade\"; }}\n    \
         {more}location / {{ proxy_pass http://127.0.0.1:9000; }}\n}}\n"
    )
}

pub(super) fn redirect(name: &str) -> String {
    format!(
        "server {{\n    listen 80;\n    server_name {name};\n    return 301 https://$host$request_uri;\n}}\n"
    )
}

/// A tree with its own file, the vendor's old one and the new one.
pub(super) struct Files {
    pub(super) server: Server,
    base: tempfile::NamedTempFile,
    candidate: tempfile::NamedTempFile,
}

impl Files {
    pub(super) fn new(live: &str, base: &str, candidate: &str) -> Self {
        let server = Server::with_site(live);
        // A file that only the candidate names; what the live file names has a stand-in where it is missing.
        let made = rcgen::generate_simple_self_signed(["cc.example.test".to_owned()]).expect("a certificate");
        std::fs::create_dir_all(server.at("etc/nginx/tls")).expect("a folder");
        server.write("etc/nginx/tls/motion.crt", made.cert.pem());
        server.write("etc/nginx/tls/motion.key", made.signing_key.serialize_pem());
        let file = |text: &str| {
            let mut file = tempfile::NamedTempFile::new().expect("a file");
            file.write_all(text.as_bytes()).expect("writing");
            file
        };
        Self { server, base: file(base), candidate: file(candidate) }
    }

    pub(super) fn run(&self, command: &[&str], more: &[&str]) -> Value {
        let (base, candidate) =
            (self.base.path().display().to_string(), self.candidate.path().display().to_string());
        let files = ["--candidate", &candidate, "--base", &base];
        self.server.json(&[command, &files, more].concat())
    }

    pub(super) fn plan(&self, more: &[&str]) -> Value {
        self.run(&["plan"], more)
    }
}

/// `PATH / DIRECTIVE` of each local change in a list, shortened to the directive's first words.
pub(super) fn list(planned: &Value, name: &str) -> Vec<String> {
    let rows = planned["plan"]["local_changes"][name].as_array().expect("a list");
    rows.iter().map(|row| row["directive"].as_str().expect("a text").to_owned()).collect()
}

#[test]
fn a_vendors_file_does_not_know_the_customers_names() {
    let names = "cc.example.test agents.example.test";
    let live = block("443 ssl", names, "100m", BRIDGE);
    let named = format!("server_name {names}");
    let candidates =
        [("_", "_"), ("_", names), ("motion.example.com", "motion.example.com"), ("old.example.org", "_")];
    for (old, new) in candidates {
        let files =
            Files::new(&live, &block("443 ssl", old, "20m", ""), &block("443 ssl", new, "20m", ROUTE));
        let planned = files.plan(&[]);
        assert_eq!(planned["exit_code"], 0, "{old}, {new}: {planned:#}");
        let (carried, present) = (list(&planned, "carried"), list(&planned, "already_present"));
        for change in ["client_max_body_size 100m", "location /whatsapp/messages"] {
            assert!(carried.iter().any(|row| row == change), "{old}, {new}: {carried:?}");
        }
        assert!(carried.iter().chain(&present).any(|row| *row == named), "{old}, {new}: {carried:?}");
        assert_eq!(list(&planned, "dropped"), Vec::<String>::new(), "{old}, {new}");
        let diff = planned["plan"]["diff"]["unified"].as_str().expect("a text");
        let changed: Vec<_> =
            diff.lines().filter(|line| line.starts_with(['+', '-']) && !line.starts_with("+++")).collect();
        let only_the_route = changed.iter().skip(1).all(|line| line.contains("/user-ui"));
        assert!(only_the_route && changed.len() == 3, "{old}, {new}: {diff}");
    }
}

#[test]
fn what_was_merged_under_another_name_serves_the_new_client() {
    let files = Files::new(
        &(block("443 ssl", "cc.example.test", "100m", BRIDGE)
            + "server {\n    if ($host = cc.example.test) { return 301 https://$host$request_uri; }\n    \
               listen 80;\n    server_name cc.example.test;\n    return 404;\n}\n"),
        &block("80; listen 443 ssl", "_", "20m", ""),
        &(redirect("_") + &block("443 ssl", "_", "20m", ROUTE)),
    );
    let rehearsed = files.run(&["rehearse"], &[]);
    assert_eq!(rehearsed["exit_code"], 0, "{rehearsed:#}");
    assert_eq!(files.run(&["apply", "--yes"], &[])["outcome"], "applied");
    let site = files.server.read(SITE);
    // The customer's own redirect does what the vendor's would: there is one.
    assert_eq!(site.matches("listen 80").count(), 1, "{site}");
    assert!(site.contains("location ^~ /user-ui/") && site.contains("/whatsapp/messages"), "{site}");
    assert_eq!(files.run(&["apply", "--yes"], &[])["outcome"], "up-to-date");
}

#[test]
fn a_block_that_could_be_several_is_not_guessed() {
    let tenants = |second: &str| {
        block("443 ssl", "a.example.test", "20m", BRIDGE) + &block("443 ssl", "b.example.test", "20m", second)
    };
    let files = |live: &str| {
        Files::new(live, &block("443 ssl", "_", "20m", ""), &block("443 ssl", "_", "20m", ROUTE))
    };
    let refused = files(&tenants("")).plan(&[]);
    assert_eq!((&refused["exit_code"], &refused["outcome"]), (&3.into(), &"refused".into()), "{refused:#}");
    let evidence = finding(&refused, "merge.ambiguous")["evidence"].to_string();
    for part in
        ["server _:443 of the base", "server a.example.test:443 (line 1)", "server b.example.test:443"]
    {
        assert!(evidence.contains(part), "{part}: {evidence}");
    }
    for (name, other) in [("a", "b"), ("b", "a")] {
        let chosen = files(&tenants("")).plan(&["--server", &format!("{name}.example.test:443")]);
        assert_eq!(chosen["exit_code"], 0, "{chosen:#}");
        let carried = list(&chosen, "carried");
        assert!(carried.contains(&format!("server {other}.example.test:443")), "{name}: {carried:?}");
        assert!(carried.contains(&format!("server_name {name}.example.test")), "{name}: {carried:?}");
    }
    // Another application in the file is no candidate.
    let other = "server {\n    listen 443 ssl;\n    server_name shop.example.test;\n    ".to_owned()
        + TLS
        + "\n    location /cart/ { proxy_pass http://127.0.0.1:3000; }\n    location / { root /srv/shop; }\n}\n";
    let beside = files(&(other.clone() + &block("443 ssl", "cc.example.test", "20m", BRIDGE)));
    let planned = beside.plan(&[]);
    assert_eq!(planned["exit_code"], 0, "{planned:#}");
    assert_eq!(
        list(&planned, "carried"),
        ["server shop.example.test:443", "server_name cc.example.test", "location /whatsapp/messages"]
    );
}

#[test]
fn local_locations_follow_motion_into_the_block_that_serves_it() {
    let live = block("80", "cc.example.test", "100m", BRIDGE);
    for name in ["cc.example.test", "_"] {
        let files = Files::new(
            &live,
            &block("80", name, "20m", ""),
            &(redirect(name) + &block("443 ssl", name, "20m", ROUTE)),
        );
        let planned = files.plan(&[]);
        let found = finding(&planned, "routes.to-https");
        assert_eq!((&found["level"], &planned["exit_code"]), (&"stop".into(), &0.into()), "{planned:#}");
        let evidence = found["evidence"].to_string();
        assert!(evidence.contains("http://cc.example.test:80 leads to https, port 443"), "{evidence}");
        let refused = files.run(&["apply", "--yes"], &[]);
        assert_eq!(refused["exit_code"], 3, "{refused:#}");
        assert_eq!(files.server.read(SITE), live, "a refusal changes nothing");

        let accepted = ["--accept", "routes.to-https"];
        let rehearsed = files.run(&["rehearse"], &accepted);
        assert_eq!(rehearsed["exit_code"], 0, "{rehearsed:#}");
        let rows = rehearsed["probes"].as_array().expect("rows");
        let row = |server: &str, uri: &str| {
            let found = rows.iter().find(|row| row["server"] == server && row["uri"] == uri);
            found.unwrap_or_else(|| panic!("{server} {uri}: {rehearsed:#}"))
        };
        for uri in ["/login", "/whatsapp/messages", "/user-ui/login"] {
            assert_eq!(row("cc.example.test:80", uri)["after"], 301, "{uri}");
        }
        assert_eq!(row("cc.example.test:443", "/user-ui/login")["after"], 200);
        assert_eq!(files.run(&["apply", "--yes"], &accepted)["outcome"], "applied");
        let site = files.server.read(SITE);
        let (before, after) = site.split_once("listen 443 ssl").expect("the block that serves");
        assert!(after.contains("/whatsapp/messages") && after.contains("100m"), "{site}");
        assert!(!before.contains("location") && before.contains("server_name cc.example.test"), "{site}");
    }
}

#[test]
fn a_local_location_that_would_be_dead_is_a_conflict() {
    for dead in ["return 301 https://$host$request_uri;", "rewrite ^ https://$host$request_uri permanent;"] {
        let files = Files::new(
            &(block("80", "cc.example.test", "20m", BRIDGE)
                + &block("443 ssl", "cc.example.test", "20m", "")),
            &(block("80", "cc.example.test", "20m", "") + &block("443 ssl", "cc.example.test", "20m", "")),
            &(redirect("cc.example.test").replace("return 301 https://$host$request_uri;", dead)
                + &block("443 ssl", "cc.example.test", "20m", ROUTE)),
        );
        let refused = files.plan(&[]);
        assert_eq!(refused["exit_code"], 3, "{refused:#}");
        let evidence = finding(&refused, "merge.conflict")["evidence"].to_string();
        assert!(evidence.contains("location /whatsapp/messages: it would never be reached"), "{evidence}");
        assert!(evidence.contains(dead), "{evidence}");
        let path = "server cc.example.test:80 / location /whatsapp/messages";
        for (choice, stays) in [("ours", true), ("theirs", false)] {
            let decided = files.plan(&["--resolve", &format!("{path}={choice}")]);
            assert_eq!(decided["exit_code"], 0, "{decided:#}");
            let diff = decided["plan"]["diff"]["unified"].as_str().expect("a text");
            assert_eq!(diff.contains("-    location /whatsapp/messages"), !stays, "{diff}");
        }
    }
}

#[test]
fn any_directive_can_be_decided_by_its_path() {
    let live = block("443 ssl", "cc.example.test", "20m", BRIDGE).replace(
        "    location /api/",
        "    add_header X-A a;\n    allow 10.0.0.1;\n    deny all;\n    location /api/",
    );
    let candidate = block("443 ssl", "_", "64m", ROUTE).replace(
        "    location /api/",
        "    add_header X-B b;\n    allow 10.0.0.2;\n    deny 10.0.0.3;\n    location /api/",
    );
    let files = Files::new(&live, &block("443 ssl", "_", "20m", ""), &candidate);
    let server = "server cc.example.test:443";
    let resolve = |part: &str| ["--resolve".to_owned(), format!("{server} / {part}")];
    let refused = files.plan(&[]);
    let evidence = finding(&refused, "merge.conflict")["evidence"].to_string();
    assert!(evidence.contains("server cc.example.test:443 / order of allow and deny"), "{evidence}");
    let decided: Vec<String> = [
        "order of allow and deny=ours",
        "deny all=theirs",
        "allow 10.0.0.2=ours",
        "add_header X-A=theirs",
        "add_header X-B=ours",
        "client_max_body_size=ours",
        "location /whatsapp/messages=theirs",
    ]
    .iter()
    .flat_map(|part| resolve(part))
    .collect();
    let decided: Vec<&str> = decided.iter().map(String::as_str).collect();
    let planned = files.plan(&decided);
    assert_eq!(planned["exit_code"], 0, "{planned:#}");
    assert!(planned["findings"].to_string().find("merge.unused-resolution").is_none(), "{planned:#}");
    assert_eq!(
        list(&planned, "dropped"),
        ["add_header X-A a", "deny all", "location /whatsapp/messages"],
        "{planned:#}"
    );
    // Without `deny all` everybody gets in.
    assert_eq!(files.run(&["apply", "--yes"], &decided)["exit_code"], 3);
    let applied = files.run(&["apply", "--yes", "--accept", "routes.unguarded"], &decided);
    assert_eq!(applied["outcome"], "applied", "{applied:#}");
    let site = files.server.read(SITE);
    let has = |part: &str| site.contains(part);
    assert!(has("client_max_body_size 20m") && has("allow 10.0.0.1") && has("deny 10.0.0.3"), "{site}");
    for gone in ["X-A", "X-B", "deny all", "10.0.0.2", "/whatsapp"] {
        assert!(!has(gone), "{gone}: {site}");
    }
}

#[test]
fn where_motion_listens_is_asked_for_before_it_listens_nowhere() {
    // TLS ends at a proxy in front, so that this server gave up port 443; the vendor gives up port 80.
    let both = "80; listen 443 ssl";
    let live = block("80", "cc.example.test", "20m", BRIDGE);
    for more in ["", &redirect("_")] {
        let candidate = more.to_owned() + &block("443 ssl", "_", "20m", ROUTE);
        let files = Files::new(&live, &block(both, "_", "20m", ""), &candidate);
        let refused = files.plan(&[]);
        assert_eq!(refused["exit_code"], 3, "{refused:#}");
        let evidence = finding(&refused, "merge.conflict")["evidence"].to_string();
        assert!(evidence.contains("server cc.example.test:80 / listen"), "{evidence}");
        let ours = ["--resolve", "server cc.example.test:80 / listen=ours"];
        let rehearsed = files.run(&["rehearse"], &ours);
        assert_eq!(rehearsed["exit_code"], 0, "{rehearsed:#}");
        let applied = files.run(&["apply", "--yes"], &ours);
        assert_eq!(applied["outcome"], "applied", "{applied:#}");
        let site = files.server.read(SITE);
        assert_eq!((site.matches("listen").count(), site.matches("listen 80;").count()), (1, 1), "{site}");
    }
}

#[test]
fn who_is_sent_to_https_by_another_name_or_by_the_address_is_told() {
    let two = "cc.example.test phones.example.test";
    let live = block("80", two, "20m", "");
    let default = "server {\n    listen 80 default_server;\n    server_name _;\n    return 301 https://$host$request_uri;\n}\n";
    let by_address = "by the server's address, or by any name that no block has, leads to https, port 443";
    for (candidate, lines) in [
        // Motion's own name goes on being served; only who types the address is sent away.
        (default.to_owned() + &block("80; listen 443 ssl", two, "20m", ROUTE), vec![by_address]),
        // One of its names is.
        (
            redirect("phones.example.test") + &block("80; listen 443 ssl", "cc.example.test", "20m", ROUTE),
            vec!["http://phones.example.test:80 leads to https, port 443", by_address],
        ),
    ] {
        let files = Files::new(&live, &block("80", two, "20m", ""), &candidate);
        let planned = files.plan(&["--strategy", "replace"]);
        let found = finding(&planned, "routes.to-https");
        let evidence = found["evidence"].as_array().expect("lines").clone();
        assert_eq!(evidence.len(), lines.len(), "{found:#}");
        for line in lines {
            let says = |one: &Value| one.as_str().is_some_and(|one| one.contains(line));
            assert!(evidence.iter().any(says), "{line}: {found:#}");
        }
        let accepted = ["--strategy", "replace", "--accept", "routes.to-https"];
        let rehearsed = files.run(&["rehearse"], &accepted);
        assert_eq!(rehearsed["exit_code"], 0, "{rehearsed:#}");
    }
    // A default server that redirected before changes nothing.
    let live = default.to_owned() + &live;
    let candidate = default.to_owned() + &block("80; listen 443 ssl", two, "20m", ROUTE);
    let planned =
        Files::new(&live, &candidate.replace(ROUTE, ""), &candidate).plan(&["--strategy", "replace"]);
    assert_eq!(planned["exit_code"], 0, "{planned:#}");
    let codes: Vec<_> =
        planned["findings"].as_array().expect("findings").iter().map(|one| &one["code"]).collect();
    assert!(!codes.contains(&&Value::from("routes.to-https")), "{planned:#}");
}
