//! A run that is held up at a moment, for whatever is to happen to it there.
//!
//! Invariant: a request of the run waits in the upstream, and goes on by itself
//! after a while, so that a failed test ends.

use super::machine::{Machine, Running};
use super::upstream::Upstream;
use std::fs;
use std::net::TcpListener;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Duration;

/// What Motion's stand-in answers meanwhile.
pub const LEGACY: &str = "<html ng-app=\"motion\"><title>Motion</title></html>";

/// A machine whose upstream stops the run at a moment: requests wait there.
pub struct Paused {
    pub machine: Machine,
    _upstream: Upstream,
    waiting: Receiver<()>,
    go_on: Vec<Sender<()>>,
}

/// When requests of the run are held up.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Moment {
    /// Before anything was changed.
    ProbesBefore,
    /// When the new configuration serves, and is not proven yet.
    ProbesAfter,
}

/// A machine on which the first request of a run's moment waits until it is told to go on.
pub fn paused_at(moment: Moment) -> Paused {
    let machine = Machine::without_motion("standalone", |_| ());
    let listener = machine.inside(|| TcpListener::bind("127.0.0.1:9000").expect("the port is free"));
    let journal = machine.path("/var/lib/motionctl/journal");
    let (tell, waiting) = channel();
    let (release, held) = channel();
    let (tell, held) = (std::sync::Mutex::new(tell), std::sync::Mutex::new(Some(held)));
    let seen = Arc::new(AtomicUsize::new(0));
    let upstream = Upstream::start(listener, move |_| {
        // The journal's first record is written between the probes before and those after.
        let begun = fs::metadata(&journal).is_ok_and(|journal| journal.len() > 0);
        let now = if begun { Moment::ProbesAfter } else { Moment::ProbesBefore };
        if now == moment && seen.fetch_add(1, Ordering::SeqCst) == 0 {
            let held: Receiver<()> = held.lock().expect("nobody panics").take().expect("once");
            tell.lock().expect("nobody panics").send(()).expect("the test waits");
            let _released = held.recv_timeout(Duration::from_secs(4));
        }
        LEGACY.to_owned()
    });
    machine.start_nginx();
    Paused { machine, _upstream: upstream, waiting, go_on: vec![release] }
}

impl Paused {
    /// Starts an apply with these arguments and returns when it waits.
    pub fn apply(&self, more: &[&str]) -> Running<'_> {
        let running = self.machine.spawn(&[&["apply", "--yes", "--json"], more].concat());
        self.waiting.recv_timeout(Duration::from_secs(20)).expect("the run gets that far");
        running
    }

    /// Lets it go on.
    pub fn go_on(&self) {
        self.go_on[0].send(()).expect("it waits");
    }
}
