//! Figures for Prometheus in a file that node_exporter reads.

use super::*;
use crate::support::binary::Server;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::process::{Command, Stdio};

#[test]
fn the_file_is_whole_readable_by_everybody_and_says_what_was_seen() {
    let machine = Machine::new("standalone");
    machine.apply(&[]).expect(0, "applied");
    let folder = machine.scratch().join("collector");
    fs::create_dir(&folder).expect("a folder");
    let file = folder.join("motionctl.prom");
    let path = file.display().to_string();
    // A strict mask of root's changes nothing.
    let line = format!("umask 077; {} status --check --textfile {path}", env!("CARGO_BIN_EXE_motionctl"));
    machine.must(&line);
    assert_eq!(fs::metadata(&file).expect("it is there").permissions().mode() & 0o7777, 0o644);
    let text = fs::read_to_string(&file).expect("text");
    for line in [
        "motionctl_route_served 1",
        "motionctl_drifted_files 0",
        "motionctl_unfinished_run 0",
        "motionctl_nginx_running 1",
        "motionctl_check_state{state=\"ok\"} 1",
    ] {
        assert!(text.lines().any(|found| found == line), "{line}: {text}");
    }
    let seconds = |name: &str| {
        let line =
            text.lines().find(|line| line.starts_with(name)).unwrap_or_else(|| panic!("{name}: {text}"));
        line.rsplit(' ').next().expect("a value").parse::<i64>().expect("seconds")
    };
    let (run, check) =
        (seconds("motionctl_last_run_timestamp_seconds{"), seconds("motionctl_check_timestamp_seconds"));
    assert!((0..600).contains(&(check - run)), "{text}");
    judged_by_promtool(&text);

    machine.edit(SITE, |text| text.replace("/user-ui", "/other-ui"));
    let said = machine.motionctl(&["status", "--textfile", &path]);
    assert_eq!(said.code, 0, "{said}");
    let text = fs::read_to_string(&file).expect("text");
    assert!(
        text.contains("motionctl_route_served 0\n") && text.contains("{state=\"critical\"} 1\n"),
        "{text}"
    );
    let names: Vec<_> =
        fs::read_dir(&folder).expect("reading").flatten().map(|entry| entry.file_name()).collect();
    assert_eq!(names, ["motionctl.prom"], "nothing is left beside it");
}

/// Where Prometheus's own checker is installed, it has nothing against it.
fn judged_by_promtool(text: &str) {
    let Ok(mut child) = Command::new("promtool")
        .args(["check", "metrics"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
    else {
        return;
    };
    std::io::Write::write_all(&mut child.stdin.take().expect("piped"), text.as_bytes()).expect("writing");
    let done = child.wait_with_output().expect("it ends");
    assert!(done.status.success(), "{done:?}");
}

#[test]
fn nothing_but_a_plain_file_is_replaced_and_the_check_says_so() {
    let server = Server::copy("already-migrated");
    let target = server.at("target");
    fs::write(&target, "somebody's").expect("writing");
    let link = server.at("motionctl.prom");
    symlink(&target, &link).expect("a link");
    let path = link.display().to_string();
    let said = server.run(&["status", "--check", "--textfile", &path]);
    assert_eq!(said.code, 3, "{said:?}");
    assert!(
        said.stdout.contains("a link stands there") && said.stdout.contains("route is there"),
        "{said:?}"
    );
    assert_eq!(server.json(&["status", "--textfile", &path])["exit_code"], 3);
    assert_eq!(fs::read_to_string(&target).expect("reading"), "somebody's");
    // What cannot be looked at has no sample, and a file all the same.
    let server = Server::copy("no-motion");
    let path = server.at("motionctl.prom").display().to_string();
    assert_eq!(server.run(&["status", "--check", "--textfile", &path]).code, 3);
    let text = server.read("motionctl.prom");
    assert!(text.contains("{state=\"unknown\"} 1\n") && !text.contains("route_served"), "{text}");
}
