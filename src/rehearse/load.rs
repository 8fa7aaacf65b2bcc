//! A steady load of requests while NGINX reloads.
//!
//! Invariant: every request that was begun is counted once, as answered or as
//! failed; a request is late rather than sent in a burst. It must not decide
//! how many failures are too many.

use crate::facts::LimitFacts;
use crate::host::http::{Address, Client, PROBE_LIMIT, ProbeError, Reuse, Sender, Target};
use crate::outcome::{LoadCount, LoadOverTime, LoadReload, LoadSection};
use crate::verify::limited;
use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

/// The requests asked for are spread over this time: what goes before a reload, and a usual reload. A longer one gets
/// more requests at the same pace.
const SPREAD: Duration = Duration::from_millis(600);

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

/// Addresses that one worker asks one route from, in turn.
const VISITORS: u8 = 8;

/// Milliseconds of a span of time of which requests are counted together, and at most so many spans.
const SPAN: u64 = 20;
const MOST_SPANS: u64 = 250;

/// Threads of each kind of connection.
const WORKERS: u32 = 2;

/// One route under load.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Route {
    pub target: Target,
    /// What to ask for.
    pub uri: String,
    /// What may turn it away.
    pub limits: Vec<LimitFacts>,
}

/// Who seems to send a load.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum From {
    /// Whoever the kernel says.
    Here,
    /// Many visitors, none of whom has the address of a probe. Only where every address is this
    /// machine's, as in a rehearsal.
    ManyAddresses,
}

/// How much load.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LoadOptions {
    /// Requests to send at least; half on fresh and half on kept connections.
    pub requests: u64,
    /// Who seems to send them.
    pub from: From,
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
    ended: Ended,
}

/// What became of a request.
#[derive(Debug, Clone)]
enum Ended {
    Answered,
    /// By a limit of requests, perhaps; that is no loss.
    Limited,
    Failed(ProbeError),
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
    let clients: Vec<Vec<Client>> = shared
        .routes
        .iter()
        .map(|route| clients(&route.target, shared.options.from, reuse, offset))
        .collect();
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
        let Route { uri, limits, .. } = &shared.routes[route];
        let visitor = turn / clients.len() % clients[route].len();
        let answer = clients[route][visitor].get(uri, began + PROBE_LIMIT);
        let limited = limited(limits, &answer).is_some();
        let ended = match answer {
            _ if limited => Ended::Limited,
            Ok(_) => Ended::Answered,
            Err(error) => Ended::Failed(error),
        };
        records.push(Record { began, ended });
        next = (next + step).max(Instant::now());
    }
    records
}

/// The visitors of one worker at one route.
fn clients(target: &Target, from: From, reuse: Reuse, worker: usize) -> Vec<Client> {
    let Address::Tcp(address) = &target.address else { return vec![Client::new(target, reuse)] };
    match from {
        From::Here => vec![Client::new(target, reuse)],
        From::ManyAddresses => (0..VISITORS)
            .map(|visitor| {
                let source = Some(visitor_address(address.ip(), worker, visitor));
                let sender = Sender { source, ..target.sender };
                Client::new(&Target { sender, ..target.clone() }, reuse)
            })
            .collect(),
    }
}

/// An address of no probe, and of the same kind as theirs: rules for the loopback network hold for
/// it as well. The others are those that are kept for measurements (RFC 2544, RFC 5180).
fn visitor_address(to: IpAddr, worker: usize, visitor: u8) -> IpAddr {
    let worker = u8::try_from(worker).unwrap_or(u8::MAX);
    match to {
        IpAddr::V4(ip) if ip.is_loopback() => Ipv4Addr::new(127, 100, worker, 1 + visitor).into(),
        IpAddr::V4(_) => Ipv4Addr::new(198, 18, worker, 1 + visitor).into(),
        IpAddr::V6(_) => Ipv6Addr::new(0x2001, 2, 0, 0, 0, 0, worker.into(), 1 + u16::from(visitor)).into(),
    }
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
    pub fn section(&self, windows: &[Window], origin: Instant) -> LoadSection {
        let within = |record: &&Record| {
            windows.iter().any(|window| window.from <= record.began && record.began <= window.to)
        };
        LoadSection {
            fresh: count(&self.fresh),
            keepalive: count(&self.keepalive),
            during_reload: self.fresh.iter().chain(&self.keepalive).filter(within).count() as u64,
            over_time: self.over_time(windows, origin),
        }
    }

    /// The requests one span of time after the other.
    fn over_time(&self, windows: &[Window], origin: Instant) -> Option<LoadOverTime> {
        let all = || self.fresh.iter().chain(&self.keepalive);
        let first = all().map(|record| record.began).min()?;
        let since = |earlier: Instant, later: Instant| {
            u64::try_from(later.saturating_duration_since(earlier).as_millis()).unwrap_or(u64::MAX)
        };
        let whole = all().map(|record| since(first, record.began)).max()?;
        let span = SPAN.max(whole / MOST_SPANS + 1);
        let spans = usize::try_from(whole / span).unwrap_or_default() + 1;
        let (mut sent, mut failed) = (vec![0; spans], vec![0; spans]);
        for record in all() {
            let index = usize::try_from(since(first, record.began) / span).unwrap_or_default();
            sent[index] += 1;
            failed[index] += u64::from(matches!(record.ended, Ended::Failed(_)));
        }
        let reload =
            |window: &Window| LoadReload { from: since(first, window.from), to: since(first, window.to) };
        let reloads = windows.iter().map(reload).collect();
        Some(LoadOverTime { at: since(origin, first), span, sent, failed, reloads })
    }

    /// How often each kind of failure came, fresh and kept connections apart.
    #[must_use]
    pub fn failures(&self) -> BTreeMap<String, u64> {
        let mut failures = BTreeMap::new();
        for (kind, records) in [("fresh", &self.fresh), ("keepalive", &self.keepalive)] {
            for record in records {
                let Ended::Failed(failure) = &record.ended else { continue };
                *failures.entry(format!("{kind}: {failure}")).or_default() += 1;
            }
        }
        failures
    }
}

fn count(records: &[Record]) -> LoadCount {
    let count = |ended: fn(&Ended) -> bool| records.iter().filter(|record| ended(&record.ended)).count();
    LoadCount {
        sent: records.len() as u64,
        failed: count(|ended| matches!(ended, Ended::Failed(_))) as u64,
        limited: count(|ended| matches!(ended, Ended::Limited)) as u64,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pace_spreads_what_was_asked_for() {
        let check = |requests, pace| {
            assert_eq!(LoadOptions { requests, from: From::Here }.pace(), pace, "{requests}")
        };
        check(0, SLOWEST);
        check(10, SLOWEST);
        check(300, Duration::from_millis(2));
        check(u64::MAX, FASTEST);
        assert_eq!(LoadOptions { requests: u64::MAX, from: From::Here }.bound(), u64::MAX);
        assert_eq!(LoadOptions { requests: 1, from: From::Here }.bound(), BOUND_FLOOR);
    }

    #[test]
    fn requests_are_counted_by_kind_and_window() {
        let start = Instant::now();
        let at = |millis| start + Duration::from_millis(millis);
        let record = |millis, ended| Record { began: at(millis), ended };
        let failed = Ended::Failed;
        let log = LoadLog {
            fresh: vec![record(0, Ended::Answered), record(50, failed(ProbeError::Closed))],
            keepalive: vec![
                record(60, Ended::Answered),
                record(99, Ended::Limited),
                record(200, failed(ProbeError::Timeout)),
            ],
        };
        let section = log.section(&[Window { from: at(50), to: at(100) }], start);
        assert_eq!(section.fresh, LoadCount { sent: 2, failed: 1, limited: 0 });
        assert_eq!(section.keepalive, LoadCount { sent: 3, failed: 1, limited: 1 });
        assert_eq!(section.during_reload, 3);
        let over_time = section.over_time.expect("requests were sent");
        assert_eq!(over_time.sent, [1, 0, 1, 1, 1, 0, 0, 0, 0, 0, 1], "spans of 20 ms");
        assert_eq!(over_time.failed, [0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 1]);
        assert_eq!(over_time.reloads, [LoadReload { from: 50, to: 100 }]);
        assert_eq!(log.section(&[], start).during_reload, 0);
        assert_eq!(log.failures().len(), 2);
    }

    #[test]
    fn without_routes_nothing_is_sent() {
        let log = Load::start(Vec::new(), LoadOptions { requests: 100, from: From::Here }).stop();
        assert_eq!(log.section(&[], Instant::now()), LoadSection::default());
    }
}
