//! Ctrl-C while a command reads, computes, waits or rehearses.
//!
//! Invariant: each command is really at work when it is signalled, and its end is timed.

use crate::support::binary::{SITE, Server, binary};
use crate::support::said::{Said, answer};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

/// A second, and what a very busy machine takes to run a process at all; without the signal each takes minutes.
const SOON: Duration = Duration::from_secs(10);

fn start(arguments: &[String]) -> Child {
    let mut command = binary();
    command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command.spawn().expect("the binary starts")
}

/// Waits until the process sleeps in a read, or has used so much time of a processor that it is at work.
fn at_work(child: &Child) {
    let stat = format!("/proc/{}/stat", child.id());
    let started = Instant::now();
    while started.elapsed() < Duration::from_secs(60) {
        let text = std::fs::read_to_string(&stat).expect("it runs");
        let fields: Vec<&str> = text.rsplit_once(") ").expect("a state").1.split(' ').collect();
        let used: u64 = fields[11].parse::<u64>().unwrap_or(0) + fields[12].parse::<u64>().unwrap_or(0);
        let threads: u64 = fields[17].parse().unwrap_or(0);
        // The second thread listens for signals.
        if threads >= 2 && (used >= 20 || started.elapsed() > Duration::from_secs(3)) {
            return;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    panic!("it did not come to work");
}

fn ends_at(signal: Signal, mut child: Child) -> Said {
    at_work(&child);
    // Open until the end: waiting for the child would close it, and then it has all its input.
    let _input = child.stdin.take();
    let pid = Pid::from_raw(i32::try_from(child.id()).expect("a pid"));
    let watcher = std::thread::spawn(move || child.wait_with_output());
    let started = Instant::now();
    kill(pid, signal).expect("it runs");
    while !watcher.is_finished() {
        if started.elapsed() > SOON {
            kill(pid, Signal::SIGKILL).expect("it runs");
            panic!("it did not hear the signal");
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    answer(&watcher.join().expect("watched").expect("waited for"))
}

fn was_interrupted(found: &Said) {
    assert_eq!(found.code, 1, "{found:?}");
    assert!(
        [&found.stdout, &found.stderr].iter().any(|text| text.contains("cancelled: nothing was changed")),
        "{found:?}"
    );
}

/// So large that looking at it takes longer than the test waits.
fn slow() -> Server {
    let server = Server::copy("standalone");
    let text = server.read(SITE);
    let many: String =
        (0..60_000).map(|number| format!("    location /{number} {{ return 200; }}\n")).collect();
    server.write(SITE, text.replacen("    location /api/ {", &format!("{many}    location /api/ {{"), 1));
    server
}

#[test]
fn a_command_that_computes_ends_at_once() {
    let server = slow();
    let before = server.state();
    for (command, signal) in [
        ("check", Signal::SIGINT),
        ("plan", Signal::SIGINT),
        ("plan", Signal::SIGTERM),
        ("rehearse", Signal::SIGINT),
    ] {
        was_interrupted(&ends_at(signal, start(&server.arguments(&[command]))));
    }
    assert!(before == server.state());
}

#[test]
fn the_one_answer_is_a_document_where_that_was_asked_for() {
    let server = slow();
    let found = ends_at(Signal::SIGINT, start(&server.arguments(&["plan", "--json"])));
    let document = found.document();
    assert_eq!((&document["command"], &document["exit_code"]), (&"plan".into(), &1.into()), "{document:#}");
    assert!(document["error"].to_string().contains("interrupted"), "{document:#}");
}

#[test]
fn a_rehearsal_under_load_ends_and_leaves_nothing() {
    let server = Server::copy("standalone");
    let before = server.state();
    let child = start(&server.arguments(&["rehearse", "--load", "100000000"]));
    let pid = child.id();
    std::thread::sleep(Duration::from_secs(3));
    let family = crate::support::binary::family(pid);
    was_interrupted(&ends_at(Signal::SIGINT, child));
    let started = Instant::now();
    while family.keys().any(crate::support::binary::runs) {
        assert!(started.elapsed() < SOON, "some of {family:?} outlived it");
        std::thread::sleep(Duration::from_millis(20));
    }
    assert!(before == server.state());
}

/// Reading what a person named: a pipe of which nobody writes the other end.
#[test]
fn a_command_that_waits_for_its_input_ends_at_once() {
    let server = Server::copy("standalone");
    let pipe = server.at("pipe");
    nix::unistd::mkfifo(&pipe, nix::sys::stat::Mode::S_IRUSR).expect("a FIFO");
    let pipe = pipe.display().to_string();
    let site = server.at(SITE).display().to_string();
    server.write("team.yaml", "version: 1\nqueues:\n  chat:\n    - { name: Support }\n");
    let manifest = server.at("team.yaml").display().to_string();
    let roads: [&[&str]; 14] = [
        &["plan", "--candidate", &pipe],
        &["diff", &site, &pipe],
        &["diff", "--lines", &pipe, &site],
        &["try", &pipe],
        &["seed", "validate", "-"],
        &["seed", "plan", &pipe, "--db", "sqlite:/nowhere"],
        // A change has not begun before it has read what it is about.
        &["apply", "--yes", &pipe],
        &["apply", "--yes", "--base", &pipe],
        &["apply", "--yes", "--candidate", &pipe],
        &["apply", "--yes", "--carry", &pipe],
        &["recover", "--config", &pipe],
        &["rollback", "--yes", "--config", &pipe],
        &["seed", "apply", "--yes", &pipe, "--db", "sqlite:/nowhere"],
        &["seed", "apply", "--yes", &manifest, "--map", &pipe, "--db", "mysql://nobody@127.0.0.1:1/motion2"],
    ];
    let before = server.state();
    for road in roads {
        was_interrupted(&ends_at(Signal::SIGINT, start(&server.arguments(road))));
    }
    assert!(before == server.state());
}
