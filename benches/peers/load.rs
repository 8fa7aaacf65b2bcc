//! Requests that are lost while a server is changed again and again, beside the same number of plain reloads.
//!
//! Invariant: both meet the same load, TLS and a proxied route, for about as long; every request that is not answered
//! with success counts as lost, whatever the reason.

use crate::Bench;
use crate::live::{RELOAD, Stage};
use crate::support::machine::{Machine, Running};
use crate::table::{Row, Table, Target};
use nix::sys::signal::Signal;
use std::thread;
use std::time::{Duration, Instant};

/// Applies, and as many rollbacks.
const APPLIES: u32 = 10;
/// Clients of each kind: few, so that the load is no measure of the machine.
const CLIENTS: &str = "-c2";

pub fn load(_: &Bench, table: &mut Table) {
    let stage = Stage::new();
    let start = Instant::now();
    let ours = Load::during(&stage.machine, || {
        for _ in 0..APPLIES {
            stage.apply();
            stage.rollback();
        }
    });
    let each = start.elapsed() / (2 * APPLIES);
    let peer = Load::during(&stage.machine, || {
        for _ in 0..2 * APPLIES {
            let next = Instant::now() + each;
            stage.machine.must(RELOAD);
            thread::sleep(next.saturating_duration_since(Instant::now()).min(Duration::from_secs(5)));
        }
    });
    let of = |ours: &Seen, peer: &Seen| {
        format!("of {} (peer: plain reloads, of {})", ours.requests, peer.requests)
    };
    let what = format!("fresh connections failed, 10 applies, {}", of(&ours.fresh, &peer.fresh));
    let none = Target::AtMost(0.0);
    table.add(Row::beside(what, ours.fresh.lost, peer.fresh.lost, none));
    let what = format!("kept connections' requests lost, {}", of(&ours.kept, &peer.kept));
    table.add(Row::beside(what, ours.kept.lost, peer.kept.lost, Target::MoreByAtMost(0.0)));
}

/// What both kinds of clients saw.
struct Load {
    fresh: Seen,
    kept: Seen,
}

struct Seen {
    requests: f64,
    lost: f64,
}

impl Load {
    fn during(machine: &Machine, work: impl FnOnce()) -> Self {
        let client = |more: &[&str]| {
            let usual = ["-t1", CLIENTS, "-d3600s", "--timeout", "20s", "-H", "Host: cc.example.test"];
            machine.command("wrk", &[&usual[..], more, &["https://127.0.0.1/login"]].concat(), |_| ())
        };
        let (fresh, kept) = (client(&["-H", "Connection: close"]), client(&[]));
        // Until they are at work.
        thread::sleep(Duration::from_millis(500));
        work();
        Self { fresh: Seen::at_the_end_of(fresh), kept: Seen::at_the_end_of(kept) }
    }
}

impl Seen {
    fn at_the_end_of(client: Running<'_>) -> Self {
        client.signal(Signal::SIGINT);
        let said = client.finish().ended_well("wrk");
        let number =
            |text: &str| text.trim().split([' ', ',']).next().and_then(|number| number.parse::<f64>().ok());
        let behind = |words: &str| said.split_once(words).and_then(|(_, rest)| number(rest)).unwrap_or(0.0);
        let requests = said.lines().find(|line| line.contains(" requests in ")).and_then(number);
        // Wrk names the two lines only where there is something to say.
        let errors = said.lines().find(|line| line.contains("Socket errors:")).unwrap_or_default();
        let errors: f64 = errors.split([' ', ',']).filter_map(|word| word.parse::<f64>().ok()).sum();
        let requests = requests.unwrap_or_else(|| panic!("wrk does not say how many: {said}"));
        assert!(requests > 0.0, "nothing was asked: {said}");
        Self { requests, lost: errors + behind("Non-2xx or 3xx responses:") }
    }
}
