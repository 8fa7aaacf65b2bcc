//! Local changes that lead away from Motion's file: into files that it
//! includes, and after an update that leaves it altogether. On copied trees.

use crate::support::binary::{SITE, Server, finding, has, named};

const SNIPPET: &str = "location /snippet/ {\n    proxy_pass http://127.0.0.1:3435/;\n}\n";
const BRIDGE: &str =
    "    location /whatsapp-bridge/ {\n        proxy_pass http://127.0.0.1:3434/;\n    }\n\n";

/// A server with a local location, and the vendor's file that it was made from.
fn customised(local: &str) -> (Server, String) {
    let server = Server::copy("standalone");
    let vendor = server.read(SITE);
    server.replace(SITE, "    location /api/", &format!("{local}    location /api/"));
    (server, vendor)
}

fn apply(server: &Server, more: &[&str]) {
    let applied = server.json(&[&["apply", "--yes"][..], more].concat());
    assert_eq!(applied["outcome"], "applied", "{applied:#}");
    assert_eq!(server.json(&["plan"])["outcome"], "up-to-date", "a second run has nothing to do");
}

#[test]
fn a_local_include_comes_back_after_an_update() {
    let (server, vendor) = customised(BRIDGE);
    let (_file, base) = named(&vendor);
    apply(&server, &["--base", &base, "--local-include", "/etc/nginx/local/ours.conf"]);
    has(&server, &["include /etc/nginx/local/ours.conf;"]);
    let left = server.read(SITE);
    server.write(SITE, vendor.replace("20m", "64m"));
    for command in ["status", "check", "plan"] {
        let seen = server.json(&[command]);
        assert!(seen["error"].is_null(), "{command}: {seen:#}");
    }
    apply(&server, &[]);
    has(&server, &["include /etc/nginx/local/ours.conf;", "64m", "/user-ui/"]);
    // An old copy that includes the same brings it back, too.
    let (_file, old) = named(&left);
    server.write(SITE, &vendor);
    std::fs::remove_dir_all(server.at("etc/motionctl")).expect("the record goes");
    std::fs::remove_dir_all(server.at("var/lib/motionctl")).expect("the state goes");
    apply(&server, &["--carry", &old]);
    has(&server, &["include /etc/nginx/local/ours.conf;", "/user-ui/"]);
}

#[test]
fn includes_of_the_customer_s_come_back_whatever_their_shape() {
    for include in ["/etc/nginx/snip/a.conf", "snip/a.conf", "/etc/nginx/snip/*.conf"] {
        let (server, vendor) = customised(&format!("    include {include};\n"));
        // One file leads to the next.
        server.write("etc/nginx/snip/a.conf", "include /etc/nginx/deeper/b.inc;\n");
        server.write("etc/nginx/deeper/b.inc", SNIPPET);
        apply(&server, &["--strategy", "graft"]);
        server.write(SITE, vendor.replace("120s", "240s"));
        let status = server.json(&["status"]);
        let said = status["details"]["verdict"].as_str().expect("a verdict");
        assert!(said.contains("include "), "{said}");
        apply(&server, &[]);
        has(&server, &[&format!("include {include};"), "/user-ui/"]);
    }
}

#[test]
fn an_included_file_that_is_gone_too_is_named() {
    let (server, vendor) = customised("    include snip/a.conf;\n    include snip/b.conf;\n");
    server.write("etc/nginx/snip/a.conf", SNIPPET);
    server.write("etc/nginx/snip/b.conf", "");
    apply(&server, &["--strategy", "graft"]);
    server.write(SITE, &vendor);
    std::fs::remove_file(server.at("etc/nginx/snip/b.conf")).expect("it was there");
    let refused = server.json(&["apply", "--yes"]);
    assert_eq!(refused["exit_code"], 65, "{refused:#}");
    assert!(refused["error"]["message"].to_string().contains("snip/b.conf"), "{refused:#}");
    assert_eq!(server.read(SITE), vendor);
}

#[test]
fn an_update_under_another_name_never_makes_the_server_up_to_date() {
    for base_is_known in [false, true] {
        let (server, vendor) = customised(BRIDGE);
        let (_file, base) = named(&vendor);
        let how = if base_is_known { ["--base", base.as_str()] } else { ["--strategy", "graft"] };
        apply(&server, &how);
        let left = server.read(SITE);
        std::fs::remove_file(server.at(SITE)).expect("it was there");
        let route = "    location /user-ui/ {\n        alias /var/opt/motion2/client-new/dist/;\n        try_files $uri $uri/ /user-ui/index.html;\n    }\n\n    location /api/";
        server.write("etc/nginx/conf.d/motion2.conf", vendor.replacen("    location /api/", route, 1));
        let record = "/etc/motionctl/local.d/motion.conf.toml";
        let status = server.json(&["status", "--detailed-exitcode"]);
        assert_eq!((&status["exit_code"], &status["details"]["record"]), (&2.into(), &"moved".into()));
        let said = status["details"]["verdict"].as_str().expect("a verdict");
        assert!(said.contains(record) && said.contains("location /whatsapp-bridge/"), "{said}");
        finding(&status, "site.changes-gone");
        for command in ["check", "plan"] {
            let seen = server.json(&[command]);
            assert_ne!(seen["outcome"], "up-to-date", "{command}: {seen:#}");
            finding(&seen, "site.changes-gone");
        }
        assert_eq!(server.json(&["status", "--check"])["details"]["check"]["state"], "CRITICAL");
        let list = server.json(&["local", "list"]);
        assert!(list["error"]["message"].to_string().contains(record), "{list:#}");
        let (_file, old) = named(&left);
        let applied = server.json(&["apply", "--yes", "--carry", &old]);
        assert_eq!(applied["outcome"], "applied", "{applied:#}");
        // Once all of it is there again, nothing has to be said.
        let planned = server.json(&["plan"]);
        assert_eq!(planned["outcome"], "up-to-date", "{planned:#}");
        assert!(server.read("etc/nginx/conf.d/motion2.conf").contains("/whatsapp-bridge/"));
    }
}

#[test]
fn a_record_is_named_where_motion_s_file_is_not_found() {
    for is_removed in [false, true] {
        let (server, _) = customised(BRIDGE);
        apply(&server, &["--strategy", "graft"]);
        if is_removed {
            std::fs::remove_file(server.at(SITE)).expect("it was there");
        } else {
            server.write(SITE, "");
        }
        for command in ["status", "check", "plan", "apply"] {
            let failed = server.json(&[command]);
            assert_eq!(failed["exit_code"], 69, "{command}: {failed:#}");
            let said = finding(&failed, "site.changes-gone")["evidence"].to_string();
            assert!(said.contains("/etc/motionctl/local.d/motion.conf.toml"), "{said}");
        }
    }
}
