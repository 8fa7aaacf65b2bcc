//! Finding Motion's site and the new client, and saying so when it is not
//! certain.

use crate::support::binary::{SITE, Server, codes, finding};
use serde_json::Value;
use std::fs;
use std::os::unix::fs::PermissionsExt;

const CLIENT: &str = "var/opt/motion2/client-new/dist";

/// The exit code with the findings that stop.
fn stops(document: &Value) -> (u64, Vec<String>) {
    let findings = document["findings"].as_array().expect("findings").iter();
    let stops = findings.filter(|finding| finding["level"] == "stop" && finding["accepted"] == false);
    let codes = stops.map(|finding| finding["code"].as_str().expect("a code").to_owned()).collect();
    (document["exit_code"].as_u64().expect("a number"), codes)
}

fn stopped(code: u64, by: &str) -> (u64, Vec<String>) {
    (code, vec![by.to_owned()])
}

fn free(code: u64) -> (u64, Vec<String>) {
    (code, Vec::new())
}

/// A Node application that hands over everything, as Motion's site might.
fn node_application(name: &str, port: u16, more: &str) -> String {
    format!(
        "server {{ listen 80; server_name {name}.example.test;\n{more}\n\
         location / {{ proxy_pass http://127.0.0.1:{port}; }} }}\n"
    )
}

#[test]
fn an_application_that_merely_hands_over_everything_is_ambiguous() {
    let server = Server::copy("standalone");
    fs::remove_file(server.at(SITE)).expect("removing");
    server.write("etc/nginx/conf.d/app.conf", node_application("app", 3000, ""));
    for command in ["check", "plan", "apply", "rehearse", "status"] {
        let found = server.json(&[command, "--no-input"]);
        assert_eq!(stops(&found), stopped(3, "site.ambiguous"), "{command}: {found:#}");
    }
    let evidence = finding(&server.json(&["check"]), "site.ambiguous")["evidence"].to_string();
    assert!(evidence.contains("app.conf") && evidence.contains("127.0.0.1:3000"), "{evidence}");
    let said = server.json(&["plan", "--site", "/etc/nginx/conf.d/app.conf"]);
    assert_eq!(stops(&said), free(0), "{said:#}");
    assert_eq!(said["plan"]["site"], "/etc/nginx/conf.d/app.conf");
    let wrong = server.json(&["plan", "--site", "/etc/nginx/conf.d/nowhere.conf"]);
    assert_eq!(stops(&wrong), stopped(69, "site.not-found"), "{wrong:#}");
}

#[test]
fn two_applications_with_motion_s_routes_are_ambiguous_unless_one_is_named_for_it() {
    let server = Server::copy("standalone");
    // Where its settings name no port, only the routes and the file's name speak.
    server.replace("var/opt/motion2/.env", "XC_PORT=9000\n", "");
    let api = "location /api/ { proxy_pass http://127.0.0.1:3000; }";
    server.write("etc/nginx/conf.d/other.conf", node_application("other", 3000, api));
    let settled = server.json(&["plan"]);
    assert_eq!((stops(&settled), &settled["plan"]["site"]), (free(0), &format!("/{SITE}").into()));
    fs::rename(server.at(SITE), server.at("etc/nginx/conf.d/one.conf")).expect("renaming");
    assert_eq!(stops(&server.json(&["plan"])), stopped(3, "site.ambiguous"));
    let said = server.json(&["plan", "--site", "/etc/nginx/conf.d/one.conf"]);
    assert_eq!((stops(&said), &said["plan"]["site"]), (free(0), &"/etc/nginx/conf.d/one.conf".into()));
    let diff = said["plan"]["diff"]["unified"].to_string();
    assert!(diff.contains("one.conf") && !diff.contains("other.conf"), "{diff}");
}

#[test]
fn several_new_clients_are_ambiguous_until_one_is_named() {
    let server = Server::copy("standalone");
    let copy = "var/opt/motion2/old-build";
    for name in ["index.html", "main.3f2a9c1b.js"] {
        server.write(&format!("{copy}/{name}"), server.read(&format!("{CLIENT}/{name}")));
    }
    let found = server.json(&["plan"]);
    assert_eq!(stops(&found), stopped(3, "newclient.ambiguous"), "{found:#}");
    let evidence = finding(&found, "newclient.ambiguous")["evidence"].clone();
    assert_eq!(evidence, serde_json::json!([format!("/{CLIENT}"), format!("/{copy}")]));
    assert!(found.get("plan").is_none(), "there is no plan without a client");
    for folder in [CLIENT, copy] {
        let named = server.json(&["plan", "--new-client-root", &format!("/{folder}")]);
        assert_eq!(stops(&named), free(0), "{named:#}");
        assert!(named["plan"]["diff"]["unified"].to_string().contains(&format!("alias /{folder}/")));
    }
}

#[test]
fn a_new_client_that_is_not_found_can_be_named() {
    let server = Server::copy("standalone");
    fs::create_dir_all(server.at("srv/spa")).expect("a folder");
    fs::rename(server.at(CLIENT), server.at("srv/spa/dist")).expect("moving");
    for command in ["check", "plan", "apply", "rehearse"] {
        let found = server.json(&[command, "--no-input"]);
        assert_eq!(stops(&found), stopped(3, "newclient.not-found"), "{command}: {found:#}");
        let accepted = server.json(&[command, "--no-input", "--accept", "newclient.not-found"]);
        assert_eq!(stops(&accepted), free(3), "{command}: accepting it finds no client: {accepted:#}");
    }
    let found = server.json(&["plan", "--new-client-root", "/srv/spa/dist"]);
    assert_eq!(stops(&found), free(0), "{found:#}");
    for wrong in ["/srv/spa", "/srv/nowhere"] {
        let found = server.json(&["plan", "--new-client-root", wrong]);
        assert_eq!(stops(&found), stopped(3, "newclient.not-found"), "{found:#}");
        assert!(finding(&found, "newclient.not-found")["evidence"].to_string().contains(wrong));
    }
    server.write("srv/spa/index.html", "<html><base href=\"/\"></html>");
    let found = server.json(&["plan", "--new-client-root", "/srv/spa"]);
    assert_eq!(stops(&found), stopped(3, "newclient.not-found"), "{found:#}");
    server.write("etc/motionctl/config.toml", "new_client_root = \"/srv/spa/dist\"\n");
    assert_eq!(stops(&server.json(&["plan"])), free(0));
}

/// A host name means nothing on the machine that rehearses.
#[test]
fn a_new_client_behind_a_host_name_is_rehearsed() {
    let server = Server::copy("standalone");
    let arguments = ["--new-client-upstream", "http://spa.example.test:9001"];
    let planned = server.json(&[&["plan"][..], &arguments].concat());
    assert_eq!(stops(&planned), free(0), "{planned:#}");
    let rehearsed = server.json(&[&["rehearse", "--load", "40"][..], &arguments].concat());
    assert_eq!(rehearsed["outcome"], "ok", "{rehearsed:#}");
    for wrong in ["ftp://127.0.0.1", "http://a b", "http://x/;evil", "http://user:pw@127.0.0.1", "x"] {
        let found = server.json(&["plan", "--new-client-upstream", wrong]);
        assert_eq!(found["exit_code"], 64, "{wrong}: {found:#}");
        assert!(!found.to_string().contains(":pw@"), "{found:#}");
    }
    // The settings are a file, and no wrong usage.
    server.write("etc/motionctl/config.toml", "new_client_upstream = \"127.0.0.1:9001\"\n");
    assert_eq!(server.json(&["plan"])["exit_code"], 65);
}

#[test]
fn a_new_client_that_nginx_cannot_read_stops() {
    let server = Server::copy("standalone");
    let group = "www-data:x:33:\n";
    server.write("etc/passwd", "root:x:0:0::/:/bin/sh\nwww-data:x:33:33::/:/bin/false\n");
    server.write("etc/group", group);
    assert_eq!(stops(&server.json(&["plan"])), free(0));
    let closed = server.at("var/opt/motion2/client-new");
    fs::set_permissions(&closed, fs::Permissions::from_mode(0o700)).expect("chmod");
    let found = server.json(&["check"]);
    assert_eq!(stops(&found), stopped(3, "newclient.unreadable"), "{found:#}");
    let evidence = finding(&found, "newclient.unreadable")["evidence"].to_string();
    assert!(evidence.contains("/var/opt/motion2/client-new ") && evidence.contains("www-data"), "{evidence}");
    assert_eq!(server.json(&["plan"])["exit_code"], 0, "a plan is shown all the same");
    assert_eq!(stops(&server.json(&["check", "--accept", "newclient.unreadable"])), free(0));
    assert_eq!(stops(&server.json(&["apply", "--yes"])), stopped(3, "newclient.unreadable"));
    let page = server.at(&format!("{CLIENT}/index.html"));
    fs::set_permissions(&closed, fs::Permissions::from_mode(0o755)).expect("chmod");
    fs::set_permissions(&page, fs::Permissions::from_mode(0o640)).expect("chmod");
    assert_eq!(stops(&server.json(&["check"])), stopped(3, "newclient.unreadable"));
    std::os::unix::fs::chown(&page, None, Some(33)).expect("chown");
    assert_eq!(stops(&server.json(&["check"])), free(0), "its group may read it");
}

#[test]
fn something_else_below_the_route_stops() {
    let server = Server::copy("standalone");
    server.replace(SITE, "    location /api/", "    location /user-ui/ { return 404; }\n    location /api/");
    for command in ["check", "plan", "apply", "rehearse"] {
        let found = server.json(&[command, "--no-input"]);
        assert_eq!(stops(&found), stopped(3, "routes.elsewhere"), "{command}: {found:#}");
        assert!(finding(&found, "routes.elsewhere")["evidence"].to_string().contains("motion.conf:"));
    }
}

#[test]
fn a_file_that_another_tool_manages_needs_consent() {
    for header in [
        "# Ansible managed: do not edit",
        "# This file is managed by Puppet. DO NOT EDIT.",
        "# ansible_managed: motion.conf.j2",
        "# nginx-proxy version : 1.6.0",
        "# DO NOT MODIFY THIS FILE! CHANGES WILL BE LOST WHEN REBUILDING DOMAINS",
    ] {
        let server = Server::copy("standalone");
        server.write(SITE, format!("{header}\n{}", server.read(SITE)));
        let found = server.json(&["apply", "--yes"]);
        assert_eq!(stops(&found), stopped(3, "site.managed-elsewhere"), "{found:#}");
        assert!(found["error"]["hint"].to_string().contains("--accept site.managed-elsewhere"), "{found:#}");
        let accepted = server.json(&["apply", "--yes", "--accept", "site.managed-elsewhere"]);
        assert_eq!(accepted["outcome"], "applied", "{accepted:#}");
        assert_eq!(finding(&accepted, "site.managed-elsewhere")["accepted"], true);
    }
    let innocent = Server::copy("standalone");
    innocent.write(SITE, format!("# The chef likes puppets.\n{}", innocent.read(SITE)));
    assert_eq!(stops(&innocent.json(&["check"])), free(0));
    innocent.replace(SITE, "listen 443 ssl;", "listen 443 ssl; # managed by Certbot");
    assert_eq!(stops(&innocent.json(&["check"])), free(0));
}

#[test]
fn a_file_with_a_second_name_is_not_replaced() {
    let server = Server::copy("standalone");
    fs::hard_link(server.at(SITE), server.at("var/second-name")).expect("linking");
    let found = server.json(&["apply", "--yes"]);
    assert_eq!(stops(&found), stopped(3, "site.not-replaceable"), "{found:#}");
    let accept = server.json(&["apply", "--yes", "--accept", "site.not-replaceable"]);
    assert_eq!(accept["exit_code"], 64, "nobody can accept that");
    fs::remove_file(server.at("var/second-name")).expect("removing");
    assert_eq!(server.json(&["apply", "--yes"])["outcome"], "applied");
}

#[test]
fn versions_before_agent_profiles_are_told() {
    for (version, old) in [("3.41.9", true), ("3.42.0", false), ("2.5.58", true), ("10.0.0", false)] {
        let server = Server::copy("standalone");
        server.write("var/opt/motion2/server/package.json", format!("{{\"version\": \"{version}\"}}"));
        let found = server.json(&["check"]);
        assert_eq!(found["host"]["motion"], version);
        assert_eq!(codes(&found).contains(&"newclient.version-old".to_owned()), old, "{version}: {found:#}");
        assert_eq!(found["exit_code"], 0, "it does not stop");
    }
}

#[test]
fn includes_are_followed_by_the_rules_of_glob() {
    // `[^…]` is glob(3)'s and no other language's negation; `**` is a star.
    for pattern in ["conf.d/[^_]*.conf", "conf.d/[[:alpha:]]*.conf", "conf.d/**.conf", "conf.[a-e]/*"] {
        let server = Server::copy("standalone");
        server.replace("etc/nginx/nginx.conf", "/etc/nginx/conf.d/*.conf", &format!("/etc/nginx/{pattern}"));
        let document = server.json(&["plan", "--strategy", "graft", "--detailed-exitcode"]);
        assert_eq!(document["exit_code"], 2, "{pattern}: {document}");
        assert_eq!(document["plan"]["steps"][0]["path"], "/etc/nginx/conf.d/motion.conf", "{pattern}");
    }
}
