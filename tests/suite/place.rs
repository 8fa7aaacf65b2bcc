//! Which NGINX is this server's, which version of it, and what keeps its files
//! from being changed.
//!
//! Invariant: a refusal leaves the site as it was.

use crate::support::binary::{SITE as TREE_SITE, Server, codes, finding};
use crate::support::machine::{Machine, SITE};
use crate::support::mount::Mount;
use crate::support::wait::eventually;
use std::fs;

/// A root of its own that holds what nginx needs, below `/run/jail`.
const JAIL: &str = "mkdir -p /run/jail && for d in usr lib lib64 bin sbin dev etc var run; do \
    mkdir -p /run/jail/$d; done && for d in usr lib lib64 dev; do mount --rbind /$d /run/jail/$d; done && \
    cp -a /etc/passwd /etc/group /run/jail/etc/ && mkdir -p /run/jail/var/log/nginx /run/jail/var/lib/nginx";

#[test]
fn a_master_in_another_root_is_not_ours() {
    let machine = Machine::stopped("standalone", |_| ());
    machine.must(JAIL);
    // A copy of the configuration, then the very same folder: neither makes it our server.
    for (number, folder) in
        ["cp -a /etc/nginx /run/jail/etc/", "mount --bind /etc/nginx /run/jail/etc/nginx"].iter().enumerate()
    {
        machine.must(folder);
        machine.must("chroot /run/jail /usr/sbin/nginx");
        eventually("it runs", || machine.masters().len() == 1);
        let done = machine.apply(&[]);
        done.expect(3, "refused");
        let said = done.evidence("nginx.other-root");
        assert!(said.contains("root of its own"), "{number}: {done}");
        assert!(!machine.read(SITE).contains("/user-ui/"));
        machine.must("chroot /run/jail /usr/sbin/nginx -s stop");
        eventually("it is gone", || machine.masters().is_empty());
    }
    // Beside our own it is nobody's business.
    machine.start_nginx();
    assert!(machine.motionctl(&["check", "--json"]).finding("nginx.other-root").is_none());
}

/// A machine whose nginx was started from a file that is something else since.
fn upgraded(to: &str) -> Machine {
    let machine = Machine::stopped("standalone", |_| ());
    machine.must("mkdir /var/opt/bin && cp $(command -v nginx) /var/opt/bin/nginx && /var/opt/bin/nginx");
    eventually("it runs", || machine.workers().len() == 2);
    machine.must(&format!("rm /var/opt/bin/nginx && {to}"));
    machine
}

#[test]
fn both_binaries_are_asked_after_an_upgrade() {
    let machine = upgraded("cp $(command -v nginx) /var/opt/bin/nginx");
    let done = machine.motionctl(&["check", "--json"]);
    done.expect(0, "changes-pending");
    assert_eq!(done.finding("nginx.version-skew").expect("the finding")["level"], "warn");
    let said = done.evidence("nginx.version-skew");
    for line in [
        "from a file that was replaced or removed",
        "on disk as /var/opt/bin/nginx",
        "the one on disk accepts the configuration as it is",
        "the one on disk accepts the new configuration",
    ] {
        assert!(said.contains(line), "{line} is not in {said}");
    }
    machine.apply(&[]).expect(0, "applied");
}

/// A binary that says it is nginx 1.25.1 and refuses a configuration that holds `word`.
fn refuses(word: &str) -> String {
    format!(
        "printf '%s\\n' '#!/bin/sh' 'case $1 in -V) exec $(command -v nginx) -V;; esac' \
         'if grep -rq {word} /etc/nginx; then echo \"nginx: [emerg] unknown directive {word}\" >&2; exit 1; fi' \
         'exit 0' >/var/opt/bin/nginx && chmod 755 /var/opt/bin/nginx"
    )
}

#[test]
fn a_change_that_a_restart_would_refuse_is_refused() {
    let machine = upgraded(&refuses("user-ui"));
    let done = machine.apply(&[]);
    done.expect(65, "invalid");
    assert!(done.error().contains("the one on disk refuses the new configuration"), "{done}");
    assert!(!machine.read(SITE).contains("/user-ui/"));
    // What it refused before the change is no fault of the change.
    machine.must(&refuses("socket.io"));
    let done = machine.motionctl(&["check", "--json"]);
    done.expect(0, "changes-pending");
    let said = done.evidence("nginx.version-skew");
    assert!(said.contains("the one on disk refuses the configuration as it is: [emerg] unknown"), "{said}");
    machine.apply(&[]).expect(0, "applied");
}

#[test]
fn a_removed_binary_still_validates() {
    let machine = upgraded("true");
    let done = machine.motionctl(&["check", "--json"]);
    done.expect(0, "changes-pending");
    assert!(done.evidence("nginx.version-skew").contains("replaced or removed"), "{done}");
    machine.apply(&[]).expect(0, "applied");
}

#[test]
fn an_ordinary_user_is_told_what_was_not_seen() {
    use std::os::unix::process::CommandExt;
    let machine = Machine::new("standalone");
    let binary = env!("CARGO_BIN_EXE_motionctl");
    machine.must(&format!("touch /run/motionctl && mount --bind '{binary}' /run/motionctl"));
    let running = machine.command("/run/motionctl", &["check", "--json"], |command| {
        command.uid(65534).gid(65534);
    });
    let done = running.finish();
    let unknown = done.finding("nginx.unknown").unwrap_or_else(|| panic!("{done}"));
    assert_eq!(unknown["level"], "warn");
    assert!(
        done.finding("nginx.other-root").is_none() && done.finding("nginx.not-running").is_none(),
        "{done}"
    );
    // Sizes are to be seen where contents are not.
    assert!(done.finding("host.disk-space").is_none(), "{done}");
}

#[test]
fn a_file_that_another_tool_writes_stops() {
    let server = Server::copy("standalone");
    let site = server.read(TREE_SITE);
    server.write(TREE_SITE, format!("# This file is managed by Puppet.\n# DO NOT EDIT\n{site}"));
    let document = server.json(&["check"]);
    assert_eq!(document["exit_code"], 3, "{document:#}");
    let stop = finding(&document, "site.managed-elsewhere");
    assert_eq!(stop["level"], "stop");
    assert_eq!(stop["evidence"][0], "/etc/nginx/conf.d/motion.conf: # This file is managed by Puppet.");
    assert_eq!(server.json(&["apply", "--yes"])["exit_code"], 3);
    let applied = server.json(&["apply", "--yes", "--accept", "site.managed-elsewhere"]);
    assert_eq!(applied["exit_code"], 0, "{applied:#}");
    // Its business again only when there is something to change.
    assert!(!codes(&server.json(&["check"])).contains(&"site.managed-elsewhere".to_owned()));
}

/// The obstacle is named, an apply is refused, and nobody can accept it.
fn not_replaceable(server: &Server, obstacle: &str) {
    let before = server.read(TREE_SITE);
    for command in [&["check"][..], &["apply", "--yes"]] {
        let document = server.json(command);
        assert_eq!(document["exit_code"], 3, "{document:#}");
        let said = finding(&document, "site.not-replaceable")["evidence"].to_string();
        assert!(said.contains(obstacle), "{obstacle}: {said}");
    }
    assert_eq!(server.run(&["check", "--accept", "site.not-replaceable"]).code, 64);
    assert_eq!(server.read(TREE_SITE), before);
}

#[test]
fn a_hard_link_stops() {
    let server = Server::copy("standalone");
    fs::hard_link(server.at(TREE_SITE), server.at("etc/nginx/conf.d/other-name")).expect("a link");
    not_replaceable(&server, "it has 2 names");
}

#[test]
fn a_mount_of_its_own_stops() {
    let server = Server::copy("standalone");
    let _mount = Mount::bind(&server.at(TREE_SITE), &server.at(TREE_SITE));
    not_replaceable(&server, "bind-mounted");
}

#[test]
fn an_immutable_file_stops() {
    let server = Server::copy("standalone");
    let site = server.at(TREE_SITE);
    let chattr = |flag: &str| std::process::Command::new("chattr").arg(flag).arg(&site).output();
    // Not every file system has the flag, nor every container the right to set it.
    if !chattr("+i").is_ok_and(|done| done.status.success()) {
        return;
    }
    let result = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        not_replaceable(&server, "it is immutable (chattr +i)");
    }));
    assert!(chattr("-i").expect("it ran before").status.success());
    result.unwrap_or_else(|panic| std::panic::resume_unwind(panic));
}

#[test]
fn a_read_only_mount_below_what_is_written_stops() {
    let server = Server::copy("standalone");
    fs::create_dir_all(server.at("var/backups")).expect("a folder");
    let mount = Mount::tmpfs(&server.at("var/backups"), "1m", nix::mount::MsFlags::MS_RDONLY);
    let document = server.json(&["check"]);
    assert_eq!(document["exit_code"], 3, "{document:#}");
    let said = finding(&document, "host.read-only")["evidence"].to_string();
    assert!(said.contains("/var/backups is on a read-only mount"), "{said}");
    drop(mount);
    assert_eq!(server.json(&["check"])["exit_code"], 0);
}

#[test]
fn too_few_bytes_or_inodes_stop() {
    let server = Server::copy("standalone");
    fs::create_dir_all(server.at("var/backups")).expect("a folder");
    for (size, evidence) in
        [("16k", "KiB are free in /var/backups/motionctl"), ("1m,nr_inodes=3", "inodes are free")]
    {
        let mount = Mount::tmpfs(&server.at("var/backups"), size, nix::mount::MsFlags::empty());
        for command in [&["check"][..], &["apply", "--yes"]] {
            let document = server.json(command);
            assert_eq!(document["exit_code"], 3, "{document:#}");
            let said = finding(&document, "host.disk-space");
            assert_eq!(said["level"], "stop");
            assert!(said["evidence"].to_string().contains(evidence), "{said}");
        }
        drop(mount);
    }
    assert_eq!(server.json(&["apply", "--yes"])["exit_code"], 0);
}

#[test]
fn who_else_has_hands_on_the_files_is_told() {
    let server = Server::copy("standalone");
    let renewal = "etc/letsencrypt/renewal/cc.example.test.conf";
    server.write(renewal, "[renewalparams]\nauthenticator = webroot\n");
    server.write("etc/etckeeper/etckeeper.conf", "VCS=git\n");
    server.write("etc/selinux/config", "# SELINUX=disabled\nSELINUX=enforcing\nSELINUXTYPE=targeted\n");
    let document = server.json(&["check"]);
    let level = |code: &str| finding(&document, code)["level"].as_str().map(str::to_owned);
    for code in ["site.certbot", "host.etckeeper", "host.selinux"] {
        assert_eq!(level(code).as_deref(), Some("info"), "{document:#}");
    }
    assert_eq!(finding(&document, "host.selinux")["title"], "SELinux is enforcing");
    assert_eq!(document["exit_code"], 0);
    server.write(renewal, "[renewalparams]\nauthenticator = nginx\n");
    server.write("etc/selinux/config", "SELINUX=disabled\n");
    let document = server.json(&["check"]);
    assert_eq!(finding(&document, "site.certbot")["level"], "warn");
    assert!(!codes(&document).contains(&"host.selinux".to_owned()));
}

#[test]
fn the_version_is_read_from_the_first_source_that_has_one() {
    let server = Server::copy("standalone");
    let version = |server: &Server| server.json(&["check"])["host"]["motion"].clone();
    fs::remove_file(server.at("var/opt/motion2/server/package.json")).expect("removing");
    let document = server.json(&["check"]);
    let unknown = finding(&document, "newclient.version-unknown");
    assert_eq!((&document["host"]["motion"], &unknown["level"]), (&serde_json::Value::Null, &"info".into()));
    let said = unknown["evidence"].to_string();
    for source in ["server/package.json: ", "/motion2/package.json: ", ".env names no version", "/VERSION: "]
    {
        assert!(said.contains(source), "{source} is not in {said}");
    }
    server.write("var/opt/motion2/client/package.json", "{\"version\": \"3.1.0\"}");
    assert_eq!(version(&server), "3.1.0");
    server.write("var/opt/motion2/VERSION", "3.2.0\n");
    assert_eq!(version(&server), "3.2.0");
    server.write("var/opt/motion2/package.json", "{\"version\": 3}");
    let env = server.read("var/opt/motion2/.env");
    server.write("var/opt/motion2/.env", format!("{env}XC_VERSION=\"v3.41.9\"\n"));
    let document = server.json(&["check"]);
    assert_eq!(document["host"]["motion"], "v3.41.9");
    let old = finding(&document, "newclient.version-old");
    assert_eq!(old["level"], "warn");
    assert!(old["evidence"].to_string().contains("v3.41.9 in /var/opt/motion2/.env"), "{old}");
}
