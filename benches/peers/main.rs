//! Everything that is promised of speed and memory, beside the tools that would do the same work: `make bench`.
//!
//! Invariant: a figure is a ratio of two that were measured in this run, by turns, and the median of several; what is
//! printed and what is written to `bench.json` are the same rows. A missed target is a verdict and no error; the exit
//! code is 1 only where a row could not be measured. `docs/speed.md` says what each row's peer does.
//!
//! `BENCH_ROWS="plan diff"` measures some groups, `BENCH_RUNS=N` says how often. This program is the process above each
//! command that it measures, too (`measure`).

#![expect(
    clippy::disallowed_methods,
    reason = "starts servers and peers, and makes the files that they read"
)]
#![expect(clippy::print_stdout, reason = "a benchmark prints its figures")]

mod backup;
mod files;
mod groups;
mod growth;
mod live;
mod load;
mod measure;
mod memory;
mod program;
mod seed_rows;
mod seeding;
mod support;
mod table;
mod trees;

use groups::GROUPS;
use std::any::Any;
use std::env;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use table::Table;

/// Runs of each side, where a row does not say that it takes fewer.
const RUNS: usize = 7;

/// What every row needs.
pub struct Bench {
    /// How often each side runs.
    runs: usize,
    /// The target folder, which lies on a disk; peers that are no packages of the distribution are in `tools` there.
    target: PathBuf,
}

fn main() -> ExitCode {
    let arguments: Vec<_> = env::args_os().skip(1).collect();
    if let [hidden, rest @ ..] = &arguments[..]
        && hidden == measure::HIDDEN
    {
        return measure::above(rest);
    }
    let wanted = env::var("BENCH_ROWS").unwrap_or_default();
    let wanted: Vec<&str> = wanted.split([' ', ',']).filter(|name| !name.is_empty()).collect();
    if let Some(unknown) = wanted.iter().find(|name| !GROUPS.iter().any(|group| group.is_called(name))) {
        let names: Vec<&str> = GROUPS.iter().map(|group| group.name).collect();
        println!("no rows are called {unknown}; there are: {}", names.join(" "));
        return ExitCode::from(64);
    }
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().expect("it lies in the target folder");
    let runs = env::var("BENCH_RUNS").ok().and_then(|runs| runs.parse().ok()).unwrap_or(RUNS);
    let bench = Bench { runs, target: target.to_owned() };
    let mut table = Table::default();
    let is_wanted =
        |group: &&groups::Group| wanted.is_empty() || wanted.iter().any(|name| group.is_called(name));
    for group in GROUPS.iter().filter(is_wanted) {
        println!("{}: {} (about {})", group.name, group.does, group.takes);
        // The helpers of the tests panic where they cannot go on; the other rows go on.
        let done = catch_unwind(AssertUnwindSafe(|| (group.measure)(&bench, &mut table)));
        if let Err(panic) = done {
            table.fail(group.name, &reason(panic.as_ref()));
        }
    }
    table.print();
    let json = Path::new(env!("CARGO_MANIFEST_DIR")).join("bench.json");
    let markdown = target.join("bench.md");
    table.write(&json, &markdown);
    println!("written: {} and, for a document, {}", json.display(), markdown.display());
    if table.is_complete() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// What a panic said.
fn reason(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("a panic without words").to_owned()
}
