//! What one run of a command costs: wall time, CPU time of it and its children, its own peak of memory.
//!
//! Invariant: each run has a small process of its own above it, this program once more, which starts the command, waits,
//! and asks the kernel what its children took. The peak is not asked for there: of a child that counts which process started it,
//! and which it started, and an `nginx -t` of 2,000 files takes 100 MiB. So no run sees the memory of another, and neither our start nor the
//! namespaces that the command is started in are part of a figure. A command that does not do its work is no figure: it
//! ends the row.

use crate::support::machine::Machine;
use crate::support::peak::highest_kib;
use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::TimeVal;
use std::env;
use std::ffi::{OsStr, OsString};
use std::fs::{self, File};
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

/// The first argument of this program when it is the process above a command.
pub const HIDDEN: &str = "--measure-one";
/// Between two looks at the memory of a command.
const LOOK: Duration = Duration::from_millis(2);
/// The exit code of that process when it could not start the command.
const NOT_STARTED: u8 = 126;

/// What a run took.
#[derive(Debug, Clone, Default)]
pub struct Run {
    /// Seconds from the start to the end.
    pub wall: f64,
    /// Seconds of CPU, user and system, children included.
    pub cpu: f64,
    /// MiB that it had at once, itself; what it ended within a few milliseconds is not seen.
    pub peak: f64,
    /// What it printed.
    pub said: String,
}

/// A command to be measured.
#[derive(Debug, Clone)]
pub struct Job {
    words: Vec<OsString>,
    stdin: Option<PathBuf>,
    codes: &'static [i32],
}

impl Job {
    /// A command of words.
    pub fn new<W: AsRef<OsStr>>(words: impl IntoIterator<Item = W>) -> Self {
        let words = words.into_iter().map(|word| word.as_ref().to_owned()).collect();
        Self { words, stdin: None, codes: &[0] }
    }

    /// The binary under measure.
    pub fn ours<W: AsRef<OsStr>>(arguments: impl IntoIterator<Item = W>) -> Self {
        let mut job = Self::new([env!("CARGO_BIN_EXE_motionctl")]);
        job.words.extend(arguments.into_iter().map(|word| word.as_ref().to_owned()));
        job
    }

    /// A script, which stops at its first failure.
    pub fn script(text: &str) -> Self {
        Self::new(["/bin/sh", "-euc", text])
    }

    /// One more word.
    pub fn and(mut self, word: impl AsRef<OsStr>) -> Self {
        self.words.push(word.as_ref().to_owned());
        self
    }

    /// Reads from a file.
    pub fn reading(mut self, file: &Path) -> Self {
        self.stdin = Some(file.to_owned());
        self
    }

    /// The exit codes of a run that did its work.
    pub fn ending_with(mut self, codes: &'static [i32]) -> Self {
        self.codes = codes;
        self
    }

    /// Runs it on this machine.
    pub fn run(&self) -> Run {
        let report = report();
        let mut command = Command::new(this_program());
        command.args(self.measured(report.path()));
        self.configure(&mut command);
        let output = command.output().expect("this program starts once more");
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        self.judge(report.path(), output.status.code(), text(&output.stdout), &text(&output.stderr))
    }

    /// Runs it inside of a machine.
    pub fn run_on(&self, machine: &Machine) -> Run {
        let report = report();
        let words = self.measured(report.path());
        let running = machine.command(&this_program().display().to_string(), &[], |command| {
            command.args(words);
            self.configure(command);
        });
        let said = running.finish();
        self.judge(report.path(), Some(said.code), said.stdout, &said.stderr)
    }

    fn measured(&self, report: &Path) -> Vec<OsString> {
        let mut words = vec![OsString::from(HIDDEN), report.into()];
        words.extend(self.words.iter().cloned());
        words
    }

    fn configure(&self, command: &mut Command) {
        let stdin =
            self.stdin.as_ref().map_or_else(Stdio::null, |file| File::open(file).expect("a file").into());
        command.stdin(stdin).env("LC_ALL", "C.UTF-8");
        // Not where this machine's own runs are kept.
        command.env("MOTIONCTL_SEED_RUNS", concat!(env!("CARGO_TARGET_TMPDIR"), "/bench-seed-runs"));
    }

    fn judge(&self, report: &Path, code: Option<i32>, said: String, complaint: &str) -> Run {
        let code = code.unwrap_or(-1);
        let end = |text: &str| {
            text.chars().rev().take(2_000).collect::<Vec<_>>().into_iter().rev().collect::<String>()
        };
        assert!(
            self.codes.contains(&code),
            "{:?} ended with {code}:\n{}\n{}",
            self.words,
            end(&said),
            end(complaint)
        );
        let text = fs::read_to_string(report).expect("the report of the process above it");
        let figures: Vec<f64> = text.split(' ').map(|figure| figure.parse().expect("a figure")).collect();
        let [wall, cpu, peak] = figures[..] else { panic!("three figures: {text}") };
        Run { wall, cpu, peak, said }
    }
}

/// The process above a command: `--measure-one REPORT PROGRAM ARGUMENT…`. Ends as the command does.
pub fn above(arguments: &[OsString]) -> ExitCode {
    let [report, program, rest @ ..] = arguments else { return ExitCode::from(NOT_STARTED) };
    let start = Instant::now();
    let Ok(mut child) = Command::new(program).args(rest).spawn() else { return ExitCode::from(NOT_STARTED) };
    let pid = child.id();
    let has_ended = AtomicBool::new(false);
    let (status, wall, peak) = thread::scope(|scope| {
        let peak = scope.spawn(|| highest(pid, &has_ended));
        let status = child.wait();
        let wall = start.elapsed().as_secs_f64();
        has_ended.store(true, Ordering::Relaxed);
        (status, wall, peak.join().unwrap_or_default())
    });
    let Ok(status) = status else { return ExitCode::from(NOT_STARTED) };
    let usage = getrusage(UsageWho::RUSAGE_CHILDREN).expect("a process may ask for its children's use");
    let cpu = seconds(usage.user_time()) + seconds(usage.system_time());
    fs::write(report, format!("{wall} {cpu} {peak}")).expect("writing the report");
    // As shells say it.
    let code = status.code().unwrap_or_else(|| 128 + status.signal().unwrap_or_default());
    ExitCode::from(u8::try_from(code).unwrap_or(u8::MAX))
}

/// The peak of a process in MiB, as long as it tells one.
fn highest(pid: u32, has_ended: &AtomicBool) -> f64 {
    let mut highest = 0;
    while !has_ended.load(Ordering::Relaxed) {
        highest = highest.max(highest_kib(pid).unwrap_or_default());
        thread::sleep(LOOK);
    }
    highest as f64 / 1024.0
}

/// Both by turns, so that whatever else the machine does meets both; of each figure the median.
pub fn by_turns(times: usize, mut ours: impl FnMut() -> Run, mut peer: impl FnMut() -> Run) -> (Run, Run) {
    let (ours, peer) = (0..times).map(|_| (ours(), peer())).unzip();
    (median_run(ours), median_run(peer))
}

/// Of each figure the median; what was printed is the last run's.
pub fn median_run(mut runs: Vec<Run>) -> Run {
    let of = |figure: fn(&Run) -> f64| median(runs.iter().map(figure).collect());
    let (wall, cpu, peak) = (of(|run| run.wall), of(|run| run.cpu), of(|run| run.peak));
    Run { wall, cpu, peak, said: runs.pop().map(|run| run.said).unwrap_or_default() }
}

/// The one in the middle; of an even number the larger of both.
pub fn median(mut figures: Vec<f64>) -> f64 {
    figures.sort_by(f64::total_cmp);
    figures[figures.len() / 2]
}

fn seconds(time: TimeVal) -> f64 {
    time.tv_sec() as f64 + time.tv_usec() as f64 / 1e6
}

fn report() -> tempfile::NamedTempFile {
    tempfile::Builder::new().prefix("motionctl-bench-").tempfile().expect("a file for the figures")
}

fn this_program() -> PathBuf {
    env::current_exe().expect("this program knows where it lies")
}
