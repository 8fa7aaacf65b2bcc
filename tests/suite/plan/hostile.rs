//! Trees that were made to harm: code that would run, files that never end,
//! links that lead out, values that would close a block.
//!
//! Invariant: each ends soon, with an exit code of the contract, and nothing
//! outside the tree is read as its configuration.

use crate::support::binary::{SITE, Server, codes_beside_unknown, finding};
use crate::support::said::Said;
use std::fs;
use std::os::unix::fs::symlink;
use std::process::Command;
use std::time::{Duration, Instant};

/// Longer than any of these may take.
const SOON: Duration = Duration::from_secs(20);

/// Runs a command and looks at the clock.
fn soon(server: &Server, arguments: &[&str]) -> Said {
    let started = Instant::now();
    let answer = server.run(arguments);
    assert!(started.elapsed() < SOON, "{arguments:?} took {:?}", started.elapsed());
    assert!(!answer.stderr.contains("panicked"), "{answer:?}");
    answer
}

/// Broken in a way that names `what`: 65 for every command.
fn broken(server: &Server, what: &str) {
    for command in [&["check"][..], &["plan"], &["apply", "--yes"], &["rehearse"], &["status"]] {
        let answer = soon(server, &[command, &["--json"]].concat());
        let found = answer.document();
        assert_eq!(found["exit_code"], 65, "{command:?}: {found:#}");
        assert!(finding(&found, "nginx.config-broken")["evidence"].to_string().contains(what), "{found:#}");
    }
    assert!(!server.at("var/backups").exists() && server.read(SITE).contains("/api/"));
}

/// A module that nginx loads, and that ends it when it has any capability: it
/// speaks as nginx does, so that what it says is shown.
const MODULE: &str = r#"
    #include <stdio.h>
    #include <stdlib.h>
    #include <string.h>
    #include <unistd.h>
    __attribute__((constructor)) static void loaded(void) {
        char line[256];
        FILE *status = fopen("/proc/self/status", "r");
        while (status && fgets(line, sizeof line, status)) {
            int capable = !strncmp(line, "CapEff:", 7) && strtoull(line + 7, NULL, 16) != 0;
            int free = !strncmp(line, "NoNewPrivs:", 11) && atoi(line + 11) != 1;
            if (capable || free || @LOUD@) {
                fprintf(stderr, "nginx: [emerg] module ran with %s", line);
                if (capable || free) _exit(1);
            }
        }
        if (@LOUD@) _exit(1);
    }
    /* ngx_module_t of a 64-bit build: indexes, name, spares, version, signature, and no hooks. */
    struct module { long ctx_index, index; char *name; long spare[2], version; const char *signature; void *rest[18]; };
    struct module silent = { -1, -1, NULL, { 0, 0 }, @VERSION@, "@SIGNATURE@", { NULL } };
    struct module *ngx_modules[] = { &silent, NULL };
    char *ngx_module_names[] = { "silent", NULL };
    char *ngx_module_order[] = { NULL };
"#;

#[derive(Clone, Copy)]
enum Module {
    /// Says what it runs with, and fails.
    Loud,
    /// Fails only when it has a capability.
    Quiet,
}

fn module(server: &Server, kind: Module) {
    let nginx = fs::read("/usr/sbin/nginx").expect("nginx is installed");
    let find = |pattern: &str| {
        let found =
            regex::bytes::Regex::new(pattern).expect("a pattern").captures(&nginx).expect("nginx's own");
        found
            .iter()
            .skip(1)
            .flatten()
            .map(|part| String::from_utf8_lossy(part.as_bytes()).into_owned())
            .collect::<Vec<_>>()
    };
    let numbers: Vec<u64> =
        find(r"nginx/(\d+)\.(\d+)\.(\d+)").iter().map(|number| number.parse().expect("a number")).collect();
    let version = numbers[0] * 1_000_000 + numbers[1] * 1_000 + numbers[2];
    let loud = if matches!(kind, Module::Loud) { "1" } else { "0" };
    let text = MODULE
        .replace("@LOUD@", loud)
        .replace("@VERSION@", &version.to_string())
        .replace("@SIGNATURE@", &find(r"\x00(\d,\d,\d,[01]{20,})\x00")[0]);
    server.write("module.c", text);
    fs::create_dir_all(server.at("etc/nginx/t")).expect("a folder");
    let compiled = Command::new("cc")
        .args(["-shared", "-fPIC", "-o"])
        .arg(server.at("etc/nginx/t/x.so"))
        .arg(server.at("module.c"))
        .status()
        .expect("cc links this very test");
    assert!(compiled.success());
    let main = server.read("etc/nginx/nginx.conf");
    server.write("etc/nginx/nginx.conf", format!("load_module /etc/nginx/t/x.so;\n{main}"));
}

#[test]
fn a_tree_that_runs_code_is_not_even_tested() {
    let server = Server::copy("standalone");
    module(&server, Module::Loud);
    let before = server.state();
    for (command, code) in [("check", 3), ("plan", 0), ("rehearse", 3)] {
        let answer = soon(&server, &[command, "--json"]);
        let found = answer.document();
        assert_eq!(found["exit_code"], code, "{command}: {found:#}");
        let stop = finding(&found, "config.runs-code");
        assert_eq!((&stop["level"], &stop["accepted"]), (&"stop".into(), &false.into()));
        assert!(stop["evidence"].to_string().contains("nginx.conf:1"), "{stop}");
        assert!(!answer.stdout.contains("module ran") && !answer.stderr.contains("module ran"), "{answer:?}");
    }
    assert!(before == server.state());
    let refused = server.json(&["apply", "--yes"]);
    assert_eq!(refused["exit_code"], 3, "{refused:#}");
    assert!(!server.at("var/backups").exists());
}

#[test]
fn accepted_code_runs_without_any_capability() {
    let server = Server::copy("standalone");
    module(&server, Module::Loud);
    for command in [&["check"][..], &["plan"], &["rehearse"], &["apply", "--yes"]] {
        let found = server.json(&[command, &["--accept", "config.runs-code"]].concat());
        assert_eq!(found["exit_code"], 65, "the module fails: {found:#}");
        let said = finding(&found, "nginx.config-broken")["evidence"].to_string();
        assert!(said.contains("CapEff:\\t0000000000000000"), "{said}");
        assert!(said.contains("NoNewPrivs:\\t1"), "{said}");
        assert_eq!(finding(&found, "config.runs-code")["accepted"], true);
    }
}

/// Inside the rehearsal, too: at every test and while it serves.
#[test]
fn accepted_code_is_rehearsed_without_any_capability() {
    let server = Server::copy("standalone");
    module(&server, Module::Quiet);
    let found = server.json(&["rehearse", "--load", "40", "--accept", "config.runs-code"]);
    assert_eq!((&found["exit_code"], &found["outcome"]), (&0.into(), &"ok".into()), "{found:#}");
    assert_eq!(found["reload"]["proven"], true);
}

#[test]
fn loops_pipes_and_deep_files_end() {
    let server = Server::copy("standalone");
    symlink("loop.conf", server.at("etc/nginx/conf.d/loop.conf")).expect("a link");
    broken(&server, "loop.conf");

    let server = Server::copy("standalone");
    let pipe = server.at("etc/nginx/conf.d/pipe.conf");
    assert!(Command::new("mkfifo").arg(&pipe).status().expect("mkfifo").success());
    broken(&server, "pipe.conf");

    let server = Server::copy("standalone");
    server.write("etc/nginx/conf.d/a.conf", "include /etc/nginx/conf.d/b.inc;\n");
    server.write("etc/nginx/conf.d/b.inc", "include /etc/nginx/conf.d/a.conf;\n");
    broken(&server, "b.inc");

    let server = Server::copy("standalone");
    server.write("etc/nginx/conf.d/deep.conf", "x { ".repeat(300_000));
    broken(&server, "deep.conf");

    let server = Server::copy("standalone");
    fs::create_dir(server.at("etc/nginx/conf.d/folder.conf")).expect("a folder");
    broken(&server, "folder.conf");
}

/// Who only looks goes on without what the link leads to, and says so; who changes the tree takes it for whole.
fn not_followed(server: &Server, link: &str) {
    let planned = server.json(&["plan"]);
    assert_eq!(planned["outcome"], "changes-pending", "{planned:#}");
    assert!(finding(&planned, "nginx.not-copied")["evidence"].to_string().contains(link), "{planned:#}");
    assert!(!planned.to_string().contains("foreign.example.test"), "{planned:#}");
    let applied = server.json(&["apply", "--yes"]);
    assert_eq!(applied["exit_code"], 65, "{applied:#}");
    assert!(applied["error"].to_string().contains(link), "{applied:#}");
}

#[test]
fn links_stay_inside_the_tree() {
    let outside = tempfile::tempdir().expect("a folder");
    let foreign = outside.path().join("foreign.conf");
    fs::write(&foreign, "server { listen 81; server_name foreign.example.test; }\n").expect("writing");
    let server = Server::copy("standalone");
    symlink(&foreign, server.at("etc/nginx/conf.d/out.conf")).expect("a link");
    not_followed(&server, "out.conf");
    fs::remove_file(server.at("etc/nginx/conf.d/out.conf")).expect("removing");

    symlink(
        "../../../../../../../../../..".to_owned() + &foreign.display().to_string(),
        server.at("etc/nginx/conf.d/dots.conf"),
    )
    .expect("a link");
    not_followed(&server, "dots.conf");
    fs::remove_file(server.at("etc/nginx/conf.d/dots.conf")).expect("removing");

    // The site itself, through an absolute link, as `sites-enabled` often has it.
    server.write("etc/nginx/real/motion.conf", server.read(SITE));
    fs::remove_file(server.at(SITE)).expect("removing");
    symlink("/etc/nginx/real/motion.conf", server.at(SITE)).expect("a link");
    let applied = server.json(&["apply", "--yes"]);
    assert_eq!(applied["outcome"], "applied", "{applied:#}");
    assert!(fs::symlink_metadata(server.at(SITE)).expect("a link").is_symlink(), "the link is kept");
    assert!(server.read("etc/nginx/real/motion.conf").contains("/user-ui/"));
}

#[test]
fn values_that_would_close_a_block_are_refused_by_a_template() {
    for name in
        ["\"a{b}.test\"", "\"x; }\"", "\"q\\\"q.test\"", "\"sp ace.test\"", "\"$host\"", "\"{{7*7}}\""]
    {
        let server = Server::copy("standalone");
        server.replace(SITE, "    listen 443 ssl;", &format!("    listen 443 ssl;\n    server_name {name};"));
        let replaced = server.json(&["plan", "--strategy", "replace"]);
        assert_eq!(replaced["exit_code"], 65, "{name}: {replaced:#}");
        assert!(replaced.get("plan").is_none(), "{replaced:#}");
        // Nothing of the old file enters a graft.
        let grafted = server.json(&["plan", "--strategy", "graft"]);
        assert_eq!(grafted["exit_code"], 0, "{name}: {grafted:#}");
    }
}

#[test]
fn bytes_that_are_no_text_survive() {
    let server = Server::copy("standalone");
    let mut bytes = b"# caf\xe9 \xff\xfe\r\n".to_vec();
    bytes.extend(server.read(SITE).into_bytes());
    server.write(SITE, &bytes);
    let planned = server.json(&["plan"]);
    assert_eq!(planned["exit_code"], 0, "{planned:#}");
    assert_eq!(server.json(&["apply", "--yes"])["outcome"], "applied");
    let now = fs::read(server.at(SITE)).expect("readable");
    assert!(now.starts_with(b"# caf\xe9 \xff\xfe\r\n"));
    assert_eq!(server.json(&["rollback", "--yes"])["outcome"], "applied");
    assert_eq!(fs::read(server.at(SITE)).expect("readable"), bytes);
    assert_eq!(codes_beside_unknown(&server.json(&["check"])), ["routes.missing"]);
}
