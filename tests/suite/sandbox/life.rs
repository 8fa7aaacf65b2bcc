//! Nothing that runs inside outlives anything outside.

use crate::support::binary::write_program;
use crate::support::site::{launcher, processes, program, shell};
use crate::support::wait::eventually;
use motionctl::host::sandbox::{Ending, Network, Refused, Spec};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

/// A sleep that only one test has.
fn unique(kind: u32) -> String {
    format!("{}.{kind:03}", 100_000_000 + std::process::id())
}

#[test]
fn the_exit_code_and_both_streams_come_back() {
    let done = launcher().run(&Spec::live(), &shell("echo out; echo err >&2; cat; exit 7")).unwrap();
    assert_eq!(done.ending, Ending::Exited(7));
    assert_eq!((done.stdout.as_slice(), done.stderr.as_slice()), (&b"out\n"[..], &b"err\n"[..]));
    let done = launcher().run(&Spec::live(), &shell("kill -9 $$")).unwrap();
    assert_eq!(done.ending, Ending::Killed(9));
}

#[test]
fn much_output_is_cut_and_does_not_block() {
    let done = launcher().run(&Spec::live(), &shell("head -c 9000000 /dev/zero; exit 3")).unwrap();
    assert_eq!((done.ending, done.stdout.len()), (Ending::Exited(3), 1 << 20));
}

#[test]
fn a_program_that_cannot_be_started_is_said() {
    let refused = launcher().run(&Spec::live(), &program("/etc/passwd", [""; 0])).unwrap_err();
    let Refused::Failed(reason) = refused else { panic!("{refused:?}") };
    assert!(reason.contains("starting `/etc/passwd`"), "{reason}");
}

#[test]
fn what_is_held_open_runs_whatever_has_its_name_by_then() {
    // Not below /tmp: whatever lies in a folder that everybody can write is not executed.
    let folder = tempfile::Builder::new().prefix("motionctl-").tempdir_in("/opt").unwrap();
    let path = folder.path().join("program");
    let write = |text: &str| write_program(&path, format!("#!/bin/sh\n{text}\n"));
    fs::set_permissions(folder.path(), Permissions::from_mode(0o755)).unwrap();
    write("exit 3");
    let held = program(path.to_str().unwrap(), [""; 0]);
    fs::remove_file(&path).unwrap();
    write("exit 4");
    assert_eq!(launcher().run(&Spec::live(), &held).unwrap().ending, Ending::Exited(3));
}

#[test]
fn the_deadline_ends_everything_inside() {
    let mut spec = Spec::live();
    spec.deadline = Duration::from_millis(300);
    let started = Instant::now();
    let (a, b) = (unique(1), unique(2));
    // The grandchild leaves its session and its parent.
    let script = format!("trap '' TERM; setsid sleep {a} & echo on; sleep {b}; sleep {b}");
    let done = launcher().run(&spec, &shell(&script)).unwrap();
    assert_eq!((done.ending, done.stdout.as_slice()), (Ending::TimedOut, &b"on\n"[..]));
    assert!(started.elapsed() < Duration::from_secs(2), "{:?}", started.elapsed());
    assert_eq!(processes(&a), [0; 0]);
    assert_eq!(processes(&b), [0; 0]);
}

#[test]
fn an_orphan_dies_with_the_job() {
    let orphan = unique(3);
    let done = launcher().run(&Spec::live(), &shell(&format!("setsid sleep {orphan} & exit 0"))).unwrap();
    assert_eq!(done.ending, Ending::Exited(0));
    assert_eq!(processes(&orphan), [0; 0]);
}

#[test]
fn a_request_to_stop_reaches_the_job() {
    let launcher = launcher();
    let stop = launcher.stop.clone();
    let (a, seen) = (unique(4), unique(4));
    let asker = std::thread::spawn(move || {
        eventually("the job runs", || !processes(&seen).is_empty());
        stop.store(true, Ordering::Relaxed);
    });
    let done = launcher.run(&Spec::live(), &shell(&format!("exec sleep {a}"))).unwrap();
    asker.join().unwrap();
    assert_eq!(done.ending, Ending::Stopped);
    assert_eq!(processes(&a), [0; 0]);
}

#[test]
#[ignore = "a process of its own for the tests below, which kill it"]
fn caller() {
    let word = std::env::var("MOTIONCTL_TEST_SLEEP").unwrap();
    let done = launcher().run(&Spec::live(), &shell(&format!("setsid sleep {word} & exec sleep {word}")));
    println!("the caller heard {done:?}");
}

fn start_caller(word: &str) -> Child {
    let caller = spawn_caller(word);
    // The shell of the job has the word in its command line, too, until exec.
    eventually("both sleeps run", || processes(&format!("sleep {word}")).len() >= 2);
    caller
}

fn spawn_caller(word: &str) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "sandbox::life::caller", "--ignored", "--nocapture"])
        .env("MOTIONCTL_TEST_SLEEP", word)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap()
}

/// Direct children, by `/proc/PID/stat`.
fn children(parent: i32) -> Vec<i32> {
    let stat = |pid: i32| {
        let text = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
        text.rsplit_once(')')?.1.split_whitespace().nth(1)?.parse::<i32>().ok()
    };
    let all = fs::read_dir("/proc").unwrap().flatten();
    all.filter_map(|entry| entry.file_name().to_str()?.parse().ok())
        .filter(|&pid| stat(pid) == Some(parent))
        .collect()
}

#[test]
fn a_killed_caller_leaves_nothing() {
    let word = unique(5);
    let mut caller = start_caller(&word);
    caller.kill().unwrap();
    caller.wait().unwrap();
    eventually("all inside are gone", || processes(&word).is_empty());
}

#[test]
fn a_killed_child_leaves_nothing_and_is_reported() {
    let word = unique(6);
    let caller = start_caller(&word);
    let caller_pid = i32::try_from(caller.id()).unwrap();
    let child = children(caller_pid);
    assert_eq!(child.len(), 1);
    kill(Pid::from_raw(child[0]), Signal::SIGKILL).unwrap();
    let said = caller.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&said.stdout).into_owned();
    assert!(said.contains("the sandbox ended without a word"), "{said}");
    eventually("all inside are gone", || processes(&word).is_empty());
}

#[test]
fn no_mount_is_left_behind() {
    let mounts = || fs::read_to_string("/proc/self/mountinfo").unwrap();
    let before = mounts();
    launcher().run(&Spec::live(), &shell("true")).unwrap();
    assert_eq!(mounts(), before);
    assert!(!std::path::Path::new("/.motionctl-host").exists());
}

/// The binary's function is the rehearsal; what is not an order for one is
/// answered from inside as such.
#[test]
fn a_function_runs_inside_and_answers() {
    let mut spec = Spec::live();
    spec.network = Network::Private;
    let called = launcher().call(&spec, &serde_json::json!({ "any": ["value", 1] })).unwrap();
    assert_eq!(called.ending, Ending::Exited(0));
    let answer: serde_json::Value = serde_json::from_slice(&called.result).unwrap();
    assert!(answer["failure"][1].as_str().unwrap().contains("reading the rehearsal's order"), "{answer}");
}

/// Wherever the caller dies, also while the child is still setting up.
#[test]
fn a_caller_killed_at_any_moment_leaves_nothing() {
    for millis in (0..40).step_by(4) {
        let word = unique(100 + millis);
        let mut caller = spawn_caller(&word);
        let pid = i32::try_from(caller.id()).unwrap();
        eventually("the caller has started the child", || !children(pid).is_empty());
        let child = children(pid);
        std::thread::sleep(Duration::from_millis(millis.into()));
        caller.kill().unwrap();
        caller.wait().unwrap();
        // One that is dead but not reaped has no command line any more.
        let gone = |pid: &i32| fs::read(format!("/proc/{pid}/cmdline")).map_or(true, |line| line.is_empty());
        eventually("the child and all inside are gone", || {
            processes(&word).is_empty() && child.iter().all(gone)
        });
    }
}
