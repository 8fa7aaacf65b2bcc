//! The system calls of a run, as strace shows them.
//!
//! Invariant: strace counts `when=K` for each process and each call by itself,
//! so a call is named by its name and its number among all calls of that name
//! of one process, those that change nothing included.

use super::scenario::Scenario;
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::{Command, Output};

/// Everything by which files, folders and their attributes change.
const CALLS: &str = "write,pwrite64,writev,pwritev,pwritev2,open,openat,creat,rename,renameat,renameat2,\
    unlink,unlinkat,rmdir,mkdir,mkdirat,link,linkat,symlink,symlinkat,truncate,ftruncate,fallocate,fsync,\
    fdatasync,sync_file_range,syncfs,chmod,fchmod,fchmodat,chown,fchown,lchown,fchownat,utimensat,\
    setxattr,lsetxattr,fsetxattr,removexattr,lremovexattr,fremovexattr,copy_file_range,sendfile,mknodat";

/// Which processes are watched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Watched {
    /// Ours alone: a fault strikes nobody else.
    Ours,
    /// The children in the sandbox as well.
    Family,
}

/// One call of one process.
#[derive(Debug, Clone)]
pub struct Call {
    /// `openat`.
    pub name: String,
    /// Its number among the calls of that name of its process, from 1.
    pub number: usize,
    /// The line that strace wrote, without what differs from run to run.
    pub line: String,
}

impl Call {
    /// Whether it changes something below the tree.
    pub fn changes_the_tree(&self) -> bool {
        let opens = ["open", "openat"].contains(&self.name.as_str());
        let writes = ["O_CREAT", "O_TRUNC", "O_WRONLY", "O_RDWR"].iter().any(|flag| self.line.contains(flag));
        self.line.contains("TREE") && (!opens || writes)
    }

    /// Whether it strikes what NGINX reads, or the journal.
    pub fn is_at_what_matters(&self) -> bool {
        self.line.contains("TREE/etc") || self.line.contains("TREE/var/lib/motionctl")
    }

    /// What it does to what, whichever file of many it is.
    pub fn kind(&self) -> String {
        let (call, result) = self.line.split_once(" = ").unwrap_or((&self.line, ""));
        let numbers = |text: &str| -> String {
            text.chars().map(|c| if c.is_ascii_digit() { '#' } else { c }).collect()
        };
        format!("{} {}", numbers(call), result.starts_with('-'))
    }
}

/// Runs the scenario's command below strace; what it said, and strace's log.
fn strace(scenario: &Scenario, tree: &Path, watched: Watched, more: &[String]) -> (Output, String) {
    let log = tempfile::NamedTempFile::new().expect("a file");
    let mut command = Command::new("strace");
    if watched == Watched::Family {
        command.arg("-f");
    }
    command.args(["-y", "-s", "0", "-o"]).arg(log.path()).arg(format!("--trace={CALLS}")).args(more);
    command.arg(env!("CARGO_BIN_EXE_motionctl")).args(scenario.command).args(["--json", "--root"]).arg(tree);
    let output = command.stdin(std::process::Stdio::null()).output().expect("strace is installed");
    let text = fs::read(log.path()).expect("its log");
    (output, String::from_utf8_lossy(&text).replace(&tree.display().to_string(), "TREE"))
}

/// Runs the command where these calls say that they worked and do nothing.
pub fn without(scenario: &Scenario, tree: &Path, calls: &str) -> Output {
    strace(scenario, tree, Watched::Ours, &[format!("--inject={calls}:retval=0")]).0
}

/// Every call of an undisturbed run, by process in the order of their start; ours is the first.
pub fn calls(scenario: &Scenario, tree: &Path, watched: Watched) -> Vec<Vec<Call>> {
    let (output, log) = strace(scenario, tree, watched, &[]);
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(
        !said.contains("PTRACE_"),
        "this machine forbids ptrace, without which no fault is injected: {said}"
    );
    assert!(output.status.success(), "{}: {output:?}", scenario.name);
    let mut order: Vec<&str> = Vec::new();
    let mut counts: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    let mut found: BTreeMap<&str, Vec<Call>> = BTreeMap::new();
    for line in log.lines() {
        let (process, line) = match watched {
            Watched::Ours => ("", line),
            Watched::Family => line.split_once(' ').expect("a pid"),
        };
        let Some((name, _)) = line.trim_start().split_once('(') else { continue };
        if !CALLS.split(',').any(|call| call == name) {
            continue;
        }
        if !order.contains(&process) {
            order.push(process);
        }
        let number = counts.entry((process, name)).or_default();
        *number += 1;
        let call = Call { name: name.to_owned(), number: *number, line: steady(line.trim_start()) };
        found.entry(process).or_default().push(call);
    }
    order.iter().map(|process| found.remove(process).unwrap_or_default()).collect()
}

/// A run with a fault injected.
pub struct Struck {
    pub output: Output,
    /// The line of the call that was struck; `None` when none was.
    pub at: Option<String>,
}

/// Runs the command with `fault` (`signal=KILL`, `error=EIO`) at a call.
pub fn strike(scenario: &Scenario, tree: &Path, watched: Watched, call: &Call, fault: &str) -> Struck {
    let inject = format!("--inject={}:{fault}:when={}", call.name, call.number);
    let (output, log) = strace(scenario, tree, watched, &[inject]);
    let lines: Vec<&str> = log.lines().collect();
    let at = if fault.starts_with("signal") {
        // A call that the signal kept from happening has no result.
        lines.iter().position(|line| line.contains("+++ killed by SIGKILL")).and_then(|end| {
            let process = lines[end].split("+++").next().unwrap_or_default().trim();
            let start = format!("{process} ");
            let its = |line: &&&str| process.is_empty() || line.starts_with(&start);
            lines[..end].iter().filter(its).rfind(|line| line.contains(&format!("{}(", call.name)))
        })
    } else {
        lines.iter().find(|line| line.contains("(INJECTED)"))
    };
    let at = at.map(|line| {
        let line = line.trim_start_matches(|c: char| c.is_ascii_digit() || c == ' ');
        steady(line)
    });
    Struck { output, at }
}

/// A line without descriptors, results and names that differ from run to run.
fn steady(line: &str) -> String {
    let is_random = |word: &str| word.len() >= 8 && word.bytes().all(|byte| byte.is_ascii_hexdigit());
    let mut text = String::new();
    let mut word = String::new();
    for c in line.chars().chain([' ']) {
        if c.is_ascii_alphanumeric() {
            word.push(c);
            continue;
        }
        let is_time = word.len() == 16 && word.ends_with('Z') && word.contains('T');
        text.push_str(if is_random(&word) || is_time { "*" } else { &word });
        text.push(c);
        word.clear();
    }
    text.trim_end().to_owned()
}
