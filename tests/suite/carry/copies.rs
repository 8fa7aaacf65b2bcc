//! Where `check` looks for older copies of Motion's file, and which of them it believes.

use super::{new_text, old_text, with_new_text};
use crate::support::binary::{SITE, Server, finding};
use serde_json::Value;
use std::fs;
use std::os::unix::fs::{PermissionsExt, chown, symlink};

/// What is said of older copies; nothing where nothing is.
fn said(server: &Server) -> (String, Value) {
    let checked = server.json(&["check"]);
    let found = checked["findings"].as_array().expect("findings").iter();
    let found =
        found.filter(|finding| finding["code"] == "site.older-copy").map(ToString::to_string).collect();
    (found, checked["details"]["notes"].clone())
}

#[test]
fn copies_are_found_where_they_are_kept() {
    for (path, is_found) in [
        ("/etc/nginx/conf.d/motion.conf~", true),
        ("/etc/nginx/conf.d/.motion.conf.save", true),
        ("/etc/nginx/conf.d/motion.conf.20230801", true),
        ("/etc/nginx/conf.d/motion.conf.rpmsave", true),
        ("/etc/nginx/conf.d/motion.conf_backup_1", true),
        ("/etc/nginx/conf.d/motion.bak", true),
        ("/etc/nginx/conf.d/backup/motion.conf", true),
        ("/etc/nginx/backup-2023/conf.d/motion.conf", true),
        ("/etc/nginx.bak-2023/conf.d/motion.conf", true),
        ("/root/nginx-old/motion.conf", true),
        ("/var/backups/nginx/conf.d/motion.conf.dpkg-old", true),
        ("/var/backups/motionctl/x/motion.conf", false),
        ("/tmp/motion.conf.bak", false),
        ("/home/someone/motion.conf.bak", false),
        ("/etc/nginx/conf.d/other.conf.bak", false),
        // It is in use.
        ("/etc/nginx/conf.d/motion-extra.conf", false),
    ] {
        let server = with_new_text();
        let text = if path.contains("extra") {
            "upstream unused { server 127.0.0.1:1; }\n".to_owned()
        } else {
            old_text()
        };
        server.write(path, text);
        let (found, _) = said(&server);
        assert_eq!(found.contains(path), is_found, "{path}: {found}");
        let named = format!("--carry {}", server.at(path).display());
        assert_eq!(found.contains(&named), is_found, "operands are paths of this machine: {found}");
    }
}

#[test]
fn what_others_than_root_could_have_written_is_not_believed() {
    /// What is done to the copy.
    type Spoil<'a> = &'a dyn Fn(&Server);
    let copy = "etc/nginx/conf.d/motion.conf.old";
    let spoilt: [(&str, Spoil<'_>); 4] = [
        ("others than root may write it", &|server| {
            chown(server.at(copy), Some(33), Some(33)).expect("chown")
        }),
        ("others than root may write it", &|server| {
            fs::set_permissions(server.at(copy), fs::Permissions::from_mode(0o666)).expect("chmod");
        }),
        ("", &|server| {
            fs::rename(server.at(copy), server.at("elsewhere")).expect("moving");
            symlink(server.at("elsewhere"), server.at(copy)).expect("a link");
        }),
        ("file too large", &|server| server.write(copy, old_text() + &"# filled\n".repeat(200_000))),
    ];
    for (why, spoil) in spoilt {
        let server = with_new_text();
        server.write(copy, old_text());
        assert!(said(&server).0.contains("location /bridge/"), "it is believed at first");
        spoil(&server);
        let (found, notes) = said(&server);
        assert_eq!(found, "", "{why}");
        assert!(notes.to_string().contains(why), "{why}: {notes}");
    }
}

#[test]
fn a_copy_that_is_not_motion_s_or_lost_nothing_is_not_worth_a_word() {
    for text in [
        "server { listen 80; server_name x; location /bridge/ { proxy_pass http://127.0.0.1:3434; } }"
            .to_owned(),
        "server { listen 80;".to_owned(),
        new_text("cc.example.test"),
        new_text("cc.example.test").replace("64m", "64m; # was 100m"),
    ] {
        let server = with_new_text();
        server.write("etc/nginx/conf.d/motion.conf.bak", &text);
        assert_eq!(said(&server).0, "", "{text}");
    }
}

#[test]
fn before_the_change_a_copy_is_a_note_and_secrets_of_it_are_not_shown() {
    let server = Server::copy("standalone");
    let secret = "    location /hook/ { proxy_pass http://127.0.0.1:3434; proxy_set_header Authorization \"Bearer s3cr3t\"; }\n";
    let old = server.read(SITE).replace("    location /api/", &format!("{secret}    location /api/"));
    server.write("etc/nginx/conf.d/motion.conf.bak", old);
    let checked = server.json(&["check"]);
    let found = finding(&checked, "site.older-copy");
    assert_eq!(found["level"], "info", "{found:#}");
    assert!(found["evidence"].to_string().contains("location /hook/"), "{found:#}");
    assert!(!checked.to_string().contains("s3cr3t"), "{checked:#}");
    let copy = server.at("etc/nginx/conf.d/motion.conf.bak").display().to_string();
    let planned = server.json(&["plan", "--carry", &copy]);
    assert_eq!(planned["exit_code"], 0, "{planned:#}");
    assert!(!planned.to_string().contains("s3cr3t"), "{planned:#}");
    // The route comes with it: the server had none.
    let applied = server.json(&["apply", "--yes", "--carry", &copy]);
    assert_eq!(applied["outcome"], "applied", "{applied:#}");
    assert!(server.read(SITE).contains("location /hook/") && server.read(SITE).contains("^~ /user-ui/"));
}
