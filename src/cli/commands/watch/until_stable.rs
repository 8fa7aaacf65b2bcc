//! Waiting until nobody writes any more: an update writes its file several times, and half of it is no verdict.
//!
//! Invariant: a verdict that is new was seen twice, with the same files on both sides of a pause; a change that is
//! being made is waited for. The wait has an end.

use super::options::{WatchOptions, once};
use crate::cli::args::WatchArgs;
use crate::cli::commands::status::ServerState;
use crate::cli::context::Context;
use crate::host::clock;
use crate::journal::JournalStep;
use crate::values::RootPath;
use crate::watch::{Memory, RunState, judge};
use std::collections::{BTreeMap, BTreeSet};
use std::os::unix::fs::MetadataExt;
use std::sync::atomic::Ordering;
use std::time::Duration;

/// The longest wait, but for a long pause between two looks.
const LONGEST: Duration = Duration::from_secs(120);
/// Between two looks whether somebody asked to stop.
const TICK: Duration = Duration::from_millis(50);

/// Looks until what is seen has settled.
pub fn look(
    context: &Context,
    args: &WatchArgs,
    options: &WatchOptions,
    memory: Option<&Memory>,
) -> ServerState {
    let deadline = clock::monotonic() + LONGEST.max(options.settle.saturating_mul(10));
    let mut look = once(context, args);
    let mut stamp = Stamp::of(context, &look);
    let is_told = |look: &ServerState| memory.is_some_and(|memory| !memory.is_news(&judge(&look.seen)));
    if is_told(&look) && !is_under_way(&look) && stamp.is_older_than(options.settle) {
        return look;
    }
    while !context.stop.load(Ordering::SeqCst) && clock::monotonic() < deadline {
        pause(context, options.settle);
        let again = once(context, args);
        let now = Stamp::of(context, &again);
        let same = judge(&look.seen).fingerprint() == judge(&again.seen).fingerprint() && stamp == now;
        (look, stamp) = (again, now);
        if same && !is_under_way(&look) {
            break;
        }
    }
    look
}

fn is_under_way(look: &ServerState) -> bool {
    matches!(look.seen.run, RunState::UnderWay(_))
}

fn pause(context: &Context, duration: Duration) {
    let end = clock::monotonic() + duration;
    while !context.stop.load(Ordering::SeqCst) {
        let left = end.saturating_duration_since(clock::monotonic());
        if left.is_zero() {
            return;
        }
        clock::pause(left.min(TICK));
    }
}

/// What the file system says of every file that a look depends on: enough to see that one was written.
#[derive(PartialEq, Eq)]
pub struct Stamp(BTreeMap<RootPath, Option<Trace>>);

#[derive(PartialEq, Eq)]
struct Trace {
    inode: u64,
    size: u64,
    written: (i64, i64),
    changed: (i64, i64),
}

impl Stamp {
    /// Now.
    pub fn of(context: &Context, look: &ServerState) -> Self {
        let mut files: BTreeSet<RootPath> = look.files.iter().cloned().collect();
        let known = look.past.as_ref().and_then(|past| past.known());
        // A site that cannot be read as NGINX reads it is known from the run that changed it.
        let newest = known.and_then(|known| known.journal.status.newest());
        let steps = newest.map(|run| run.steps).unwrap_or_default();
        files.extend(steps.iter().filter_map(|step| match step {
            JournalStep::SetFile { path, .. } => Some(RootPath::clone(path)),
            _ => None,
        }));
        let trace = |path: &RootPath| {
            let found = context.root.metadata(path).ok()?;
            Some(Trace {
                inode: found.ino(),
                size: found.size(),
                written: (found.mtime(), found.mtime_nsec()),
                changed: (found.ctime(), found.ctime_nsec()),
            })
        };
        Self(files.into_iter().map(|path| (path.clone(), trace(&path))).collect())
    }

    /// Whether nobody has written to any of them for so long. A clock that was set back says no, and costs a second
    /// look.
    fn is_older_than(&self, age: Duration) -> bool {
        let now = clock::now().as_duration().as_millis();
        self.0.values().flatten().all(|trace| {
            let (seconds, nanos) = trace.changed;
            let changed = i128::from(seconds) * 1000 + i128::from(nanos / 1_000_000);
            now - changed >= i128::try_from(age.as_millis()).unwrap_or(i128::MAX)
        })
    }
}
