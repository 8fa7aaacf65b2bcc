//! The process is killed at every place that matters, and the disk fails
//! there; then `recover`, and the server is as before or as wanted.
//!
//! Invariant: each case says on the real binary's own tree what came of it;
//! a case whose kill or fault did not happen fails the test.

mod calls;
mod judge;
mod live;
mod points;
mod power;
pub mod scenario;
mod signals;
mod table;
mod trace;

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use table::Table;

/// For whoever looks into one row: only those whose names contain this are run.
const ONLY: &str = "CRASH_ONLY";

/// Whether a row is to be run.
fn is_wanted(name: &str) -> bool {
    std::env::var(ONLY).map_or(true, |wanted| name.contains(&wanted))
}

/// How many cases run at a time: they wait for the disk more than they compute.
const THREADS: usize = 3;

/// Runs every case, some at a time, and gives the table back.
fn in_parallel<C: Sync>(
    threads: usize,
    cases: &[C],
    table: Table,
    run: impl Fn(&C, &Mutex<Table>) + Sync,
) -> Table {
    let (next, table) = (AtomicUsize::new(0), Mutex::new(table));
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                while let Some(case) = cases.get(next.fetch_add(1, Ordering::SeqCst)) {
                    run(case, &table);
                }
            });
        }
    });
    table.into_inner().expect("nobody panics")
}
