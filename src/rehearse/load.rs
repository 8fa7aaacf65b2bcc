//! A steady load of requests while NGINX reloads.
//!
//! Invariant: every request that was begun is counted once, as answered or as
//! failed; a request is late rather than sent in a burst. It must not decide
//! how many failures are too many.

use crate::host::http::{Client, PROBE_LIMIT, ProbeError, Reuse, Target};
use crate::outcome::{LoadCount, LoadSection};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

/// The requests asked for are spread over this time, which covers a reload.
const SPREAD: Duration = Duration::from_secs(2);

/// The slowest pace: a reload takes some 100 ms and should see a few requests.
const SLOWEST: Duration = Duration::from_millis(10);

/// The fastest pace: beyond it two cores measure themselves.
const FASTEST: Duration = Duration::from_micros(500);

/// A load that is never stopped ends after this many times what was asked for,
const BOUND_FACTOR: u64 = 4;

/// or after this many requests, whichever is more.
const BOUND_FLOOR: u64 = 6_000;

/// How long stopping waits for the requests that are still owed.
const FINISH_LIMIT: Duration = Duration::from_secs(20);

/// Threads of each kind of connection.
const WORKERS: u32 = 2;

/// One route under load.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Route {
    /// Where to ask.
    pub target: Target,
    /// What to ask for.
    pub uri: String,
}

/// How much load.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LoadOptions {
    /// Requests to send at least; half on fresh and half on kept connections.
    pub requests: u64,
}

impl LoadOptions {
    /// Time between the starts of two requests.
    fn pace(self) -> Duration {
        let requests = u32::try_from(self.requests).unwrap_or(u32::MAX).max(1);
        (SPREAD / requests).clamp(FASTEST, SLOWEST)
    }

    fn bound(self) -> u64 {
        self.requests.saturating_mul(BOUND_FACTOR).max(BOUND_FLOOR)
    }
}

/// From a signal to the exit of the old workers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    /// The signal.
    pub from: Instant,
    /// The last old worker's exit.
    pub to: Instant,
}

/// A load under way; dropping it stops it.
#[derive(Debug)]
pub struct Load {
    shared: Arc<Shared>,
    fresh: Vec<JoinHandle<Vec<Record>>>,
    keepalive: Vec<JoinHandle<Vec<Record>>>,
}

#[derive(Debug)]
struct Shared {
    routes: Vec<Route>,
    options: LoadOptions,
    /// Requests begun on fresh and on kept connections: each kind owes its
    /// half, for a handshake is slower and would leave the rest to the other.
    begun: [AtomicU64; 2],
    stop: AtomicBool,
    abandon: AtomicBool,
}

/// One request.
#[derive(Debug, Clone)]
struct Record {
    began: Instant,
    failure: Option<ProbeError>,
}

impl Load {
    /// Starts asking `routes` in turn. Without routes nothing is sent.
    #[must_use]
    pub fn start(routes: Vec<Route>, options: LoadOptions) -> Self {
        let shared = Arc::new(Shared {
            routes,
            options,
            begun: [AtomicU64::new(0), AtomicU64::new(0)],
            stop: AtomicBool::new(false),
            abandon: AtomicBool::new(false),
        });
        let began = Instant::now();
        let spawn = |reuse: Reuse, first: u32| -> Vec<JoinHandle<Vec<Record>>> {
            (0..WORKERS)
                .map(|worker| {
                    let shared = shared.clone();
                    // Workers of both kinds take turns, so that starts are evenly spaced.
                    let phase = shared.options.pace() * (2 * worker + first);
                    thread::spawn(move || run(&shared, reuse, began + phase, (2 * worker + first) as usize))
                })
                .collect()
        };
        let fresh = spawn(Reuse::Never, 0);
        let keepalive = spawn(Reuse::KeepAlive, 1);
        Self { shared, fresh, keepalive }
    }

    /// How many requests have begun.
    #[must_use]
    pub fn begun(&self) -> u64 {
        self.shared.begun.iter().map(|begun| begun.load(Ordering::Relaxed)).sum()
    }

    /// Sends what is still owed, waits for all answers, and hands over the log.
    #[must_use]
    pub fn stop(mut self) -> LoadLog {
        self.shared.stop.store(true, Ordering::Relaxed);
        let limit = Instant::now() + FINISH_LIMIT;
        while Instant::now() < limit && !self.fresh.iter().chain(&self.keepalive).all(JoinHandle::is_finished)
        {
            thread::sleep(Duration::from_millis(2));
        }
        self.shared.abandon.store(true, Ordering::Relaxed);
        LoadLog { fresh: collect(&mut self.fresh), keepalive: collect(&mut self.keepalive) }
    }
}

impl Drop for Load {
    fn drop(&mut self) {
        self.shared.abandon.store(true, Ordering::Relaxed);
        for worker in self.fresh.drain(..).chain(self.keepalive.drain(..)) {
            // A panic of the thread is a defect of its own; stopping must not add one.
            let _ended = worker.join();
        }
    }
}

fn collect(workers: &mut Vec<JoinHandle<Vec<Record>>>) -> Vec<Record> {
    workers.drain(..).flat_map(|worker| worker.join().expect("a load worker does not panic")).collect()
}

/// One worker's requests, at its own share of the pace.
fn run(shared: &Shared, reuse: Reuse, first: Instant, offset: usize) -> Vec<Record> {
    let clients: Vec<Client> = shared.routes.iter().map(|route| Client::new(&route.target, reuse)).collect();
    let step = shared.options.pace() * (2 * WORKERS);
    let mut next = first;
    let mut records = Vec::new();
    for turn in offset.. {
        thread::sleep(next.saturating_duration_since(Instant::now()));
        if clients.is_empty() || over(shared, reuse) {
            break;
        }
        let route = turn % clients.len();
        let began = Instant::now();
        let answer = clients[route].get(&shared.routes[route].uri, began + PROBE_LIMIT);
        records.push(Record { began, failure: answer.err() });
        next = (next + step).max(Instant::now());
    }
    records
}

/// Takes one of the requests that may still be sent; true when there is none.
fn over(shared: &Shared, reuse: Reuse) -> bool {
    if shared.abandon.load(Ordering::Relaxed) {
        return true;
    }
    let limit = match shared.stop.load(Ordering::Relaxed) {
        true => shared.options.requests,
        false => shared.options.bound(),
    };
    let (begun, share) = match reuse {
        Reuse::Never => (&shared.begun[0], limit.div_ceil(2)),
        Reuse::KeepAlive => (&shared.begun[1], limit / 2),
    };
    let take = |begun: u64| (begun < share).then_some(begun + 1);
    begun.fetch_update(Ordering::Relaxed, Ordering::Relaxed, take).is_err()
}

/// Every request of a load.
#[derive(Debug, Clone)]
pub struct LoadLog {
    fresh: Vec<Record>,
    keepalive: Vec<Record>,
}

impl LoadLog {
    /// The counts, and how many requests began within one of `windows`.
    ///
    /// A kept connection that NGINX closes just as a request is on its way is a
    /// failure here: the client cannot know whether it was seen. (With NGINX
    /// before 1.27.4 a few in ten thousand are normal, which is why the two
    /// kinds are counted apart.)
    #[must_use]
    pub fn section(&self, windows: &[Window]) -> LoadSection {
        let within = |record: &&Record| {
            windows.iter().any(|window| window.from <= record.began && record.began <= window.to)
        };
        LoadSection {
            fresh: count(&self.fresh),
            keepalive: count(&self.keepalive),
            during_reload: self.fresh.iter().chain(&self.keepalive).filter(within).count() as u64,
        }
    }

    /// How often each kind of failure came, fresh and kept connections apart.
    #[must_use]
    pub fn failures(&self) -> BTreeMap<String, u64> {
        let mut failures = BTreeMap::new();
        for (kind, records) in [("fresh", &self.fresh), ("keepalive", &self.keepalive)] {
            for failure in records.iter().filter_map(|record| record.failure.as_ref()) {
                *failures.entry(format!("{kind}: {failure}")).or_default() += 1;
            }
        }
        failures
    }
}

fn count(records: &[Record]) -> LoadCount {
    let failed = records.iter().filter(|record| record.failure.is_some()).count();
    LoadCount { sent: records.len() as u64, failed: failed as u64 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pace_spreads_what_was_asked_for() {
        let check = |requests, pace| assert_eq!(LoadOptions { requests }.pace(), pace, "{requests}");
        check(0, SLOWEST);
        check(10, SLOWEST);
        check(1_000, Duration::from_millis(2));
        check(u64::MAX, FASTEST);
        assert_eq!(LoadOptions { requests: u64::MAX }.bound(), u64::MAX);
        assert_eq!(LoadOptions { requests: 1 }.bound(), BOUND_FLOOR);
    }

    #[test]
    fn requests_are_counted_by_kind_and_window() {
        let start = Instant::now();
        let at = |millis| start + Duration::from_millis(millis);
        let record = |millis, failure| Record { began: at(millis), failure };
        let log = LoadLog {
            fresh: vec![record(0, None), record(50, Some(ProbeError::Closed))],
            keepalive: vec![record(60, None), record(99, None), record(200, Some(ProbeError::Timeout))],
        };
        let section = log.section(&[Window { from: at(50), to: at(100) }]);
        assert_eq!(section.fresh, LoadCount { sent: 2, failed: 1 });
        assert_eq!(section.keepalive, LoadCount { sent: 3, failed: 1 });
        assert_eq!(section.during_reload, 3);
        assert_eq!(log.section(&[]).during_reload, 0);
        assert_eq!(log.failures().len(), 2);
    }

    #[test]
    fn without_routes_nothing_is_sent() {
        let log = Load::start(Vec::new(), LoadOptions { requests: 100 }).stop();
        assert_eq!(log.section(&[]), LoadSection::default());
    }
}
