//! Programs that leave something behind which holds their pipes.
//!
//! Invariant: the limits are far below what is left behind lives; whatever a test starts ends by itself.

use motionctl::host::command::{Privileges, run, tell};
use motionctl::host::daemon::{self, Started};
use motionctl::host::sandbox::Capabilities;
use motionctl::host::trust::Executable;
use std::path::Path;
use std::time::{Duration, Instant};

/// What is left behind lives so many seconds; nobody waits half as long.
const LEFT: u64 = 30;
const SOON: Duration = Duration::from_secs(15);

fn shell() -> Executable {
    Executable::open(Path::new("/bin/sh")).expect("root's own")
}

fn timed<T>(work: impl FnOnce() -> T) -> T {
    let started = Instant::now();
    let done = work();
    assert!(started.elapsed() < SOON, "it waited for what was left behind");
    done
}

#[test]
fn what_a_program_leaves_behind_is_not_waited_for() {
    for left in ["sleep {} &", "sleep {} 2>&- &", "sleep {} >&- &", "setsid sleep {} &", "(sleep {} &) &"] {
        let script = format!("{} echo out; echo err >&2; exit 3", left.replace("{}", &LEFT.to_string()));
        for privileges in [Privileges::Kept, Privileges::Lowered(Capabilities::None)] {
            let printed = timed(|| run(&shell(), &["-c", &script], privileges, SOON)).expect("it ended");
            assert_eq!(printed.status.code(), Some(3), "{script}");
            assert_eq!((printed.stdout.as_str(), printed.stderr.as_str()), ("out\n", "err\n"), "{script}");
        }
    }
}

#[test]
fn all_that_a_program_said_itself_is_heard() {
    let script = "sleep 30 & i=0; while [ $i -lt 20000 ]; do echo 0123456789; i=$((i+1)); done";
    let printed = timed(|| run(&shell(), &["-c", script], Privileges::Kept, SOON)).expect("it ended");
    assert_eq!(printed.stdout.len(), 20_000 * 11);
}

#[test]
fn somebody_who_never_stops_talking_is_not_heard_for_ever() {
    let script = "(timeout 20 yes) & sleep 0.3; echo said";
    let printed = timed(|| run(&shell(), &["-c", script], Privileges::Kept, SOON)).expect("it ended");
    assert!(printed.stdout.len() <= 1 << 20, "{}", printed.stdout.len());
}

#[test]
fn a_limit_of_time_holds_and_ends_the_whole_group() {
    let dir = tempfile::tempdir().expect("a folder");
    let mark = dir.path().join("mark");
    let script = format!("(sleep 3; echo > {}) & sleep {LEFT}", mark.display());
    let limit = Duration::from_millis(500);
    let error =
        timed(|| run(&shell(), &["-c", &script], Privileges::Kept, limit)).expect_err("it is too late");
    assert_eq!(error.kind(), std::io::ErrorKind::TimedOut);
    std::thread::sleep(Duration::from_secs(4));
    assert!(!mark.exists(), "what it had started went on");
}

#[test]
fn input_that_nobody_reads_holds_nobody_up() {
    let input = vec![b'x'; 1 << 20];
    let script = format!("exec 3<&0; sleep {LEFT} <&3 & exit 0");
    let status = timed(|| tell(&shell(), &["-c".to_owned(), script], &[], &input, SOON)).expect("it ended");
    assert_eq!(status.code(), Some(0));
}

#[test]
fn a_server_that_failed_is_told_though_it_left_something_behind() {
    let script = format!("sleep {LEFT} & echo why >&2; exit 1");
    let started = timed(|| daemon::start(&shell(), &["-c".to_owned(), script], Capabilities::None, SOON));
    let Started::Failed(said) = started.expect("it started") else { panic!("it failed") };
    assert_eq!(said, "why\n");
}
