//! Which answers come from a limit of requests rather than from the route, and how long to wait for the next.
//!
//! Invariant: waiting is bounded, whatever a limit says of itself. An answer with a limit's status may
//! still be the route's own: it is asked for again, never taken for something else.

use super::model::{Probe, ProbeResult};
use super::patience;
use crate::facts::LimitFacts;
use crate::host::http::{Client, ProbeError, Response};
use std::thread;
use std::time::{Duration, Instant};

/// How often one file is asked for where a limit of requests answers.
const TRIES: usize = 4;

/// The longest that one round waits for limits.
pub(super) const PATIENCE: Duration = Duration::from_secs(20);

/// Between two requests where a limit says nothing of time, as those of connections.
const SHORTEST: Duration = Duration::from_millis(100);
/// Nobody waits longer for one answer.
const LONGEST: Duration = Duration::from_secs(5);

/// NGINX's answer for "close the connection, say nothing".
const CLOSE: u16 = 444;

/// The limit that may be what answered.
pub(super) fn turned_away<'l>(limits: &'l [LimitFacts], look: &ProbeResult) -> Option<&'l LimitFacts> {
    let status = match look {
        ProbeResult::Answer(answer) => answer.status,
        ProbeResult::Silent(ProbeError::Closed) => CLOSE,
        ProbeResult::Silent(_) | ProbeResult::NotTaken => return None,
    };
    with_status(limits, status)
}

/// The limit that may be why there is no answer of the route's: it turned the
/// request away, or lets it wait for longer than a probe does.
pub(super) fn in_the_way<'l>(limits: &'l [LimitFacts], look: &ProbeResult) -> Option<&'l LimitFacts> {
    let waits = || limits.iter().find(|limit| limit.interval.is_some());
    match look {
        ProbeResult::Silent(ProbeError::Timeout) => waits(),
        other => turned_away(limits, other),
    }
}

/// The limit that may have turned away what was asked for otherwise.
#[must_use]
pub fn limited<'l>(
    limits: &'l [LimitFacts],
    answer: &Result<Response, ProbeError>,
) -> Option<&'l LimitFacts> {
    match answer {
        Ok(answer) => with_status(limits, answer.status),
        Err(ProbeError::Closed) => with_status(limits, CLOSE),
        Err(_) => None,
    }
}

fn with_status(limits: &[LimitFacts], status: u16) -> Option<&LimitFacts> {
    limits.iter().find(|limit| limit.status == status)
}

/// How long to wait until each of the limits should let one request through;
/// `None` where that is too long.
pub(super) fn pause(limits: &[LimitFacts]) -> Option<Duration> {
    let slowest = limits.iter().filter_map(|limit| limit.interval).max().unwrap_or_default();
    // NGINX counts in whole milliseconds, and the clocks of two processes are read at two moments.
    let pause = (slowest + slowest / 4).max(SHORTEST);
    (pause <= LONGEST).then_some(pause)
}

/// Asks again where a limit of requests may have answered: the page has just used up what it lets through.
pub(super) fn patiently(
    client: &Client,
    probe: &Probe,
    uri: &str,
    deadline: Instant,
) -> Result<Response, ProbeError> {
    let mut answer = client.get(uri, deadline);
    for _ in 1..TRIES {
        let limited = patience::limited(&probe.limits, &answer);
        let Some(pause) = limited.and_then(|_| patience::pause(&probe.limits)) else { break };
        thread::sleep(pause.min(deadline.saturating_duration_since(Instant::now())));
        answer = client.get(uri, deadline);
    }
    answer
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::verify::samples::{limit, said};

    #[test]
    fn an_answer_is_held_against_every_limit() {
        let limits = [limit(503, None), limit(429, None), limit(444, None)];
        let status = |look: ProbeResult| turned_away(&limits, &look).map(|limit| limit.status);
        assert_eq!(status(said(429)), Some(429));
        assert_eq!(status(said(503)), Some(503));
        assert_eq!(status(ProbeResult::Silent(ProbeError::Closed)), Some(444));
        for look in [said(200), said(502), ProbeResult::Silent(ProbeError::Timeout), ProbeResult::NotTaken] {
            assert_eq!(status(look), None);
        }
        assert_eq!(turned_away(&limits[..2], &ProbeResult::Silent(ProbeError::Closed)), None);
        // No answer in time may be a queue of requests, and never one of connections.
        let silent = ProbeResult::Silent(ProbeError::Timeout);
        assert_eq!(in_the_way(&limits, &silent), None);
        assert!(in_the_way(&[limit(503, Some(1_000))], &silent).is_some());
        assert!(in_the_way(&limits, &said(429)).is_some());
    }

    #[test]
    fn the_pause_follows_the_slowest_limit_within_bounds() {
        let check = |intervals: &[Option<u64>], millis: Option<u64>| {
            let limits: Vec<_> = intervals.iter().map(|interval| limit(503, *interval)).collect();
            assert_eq!(pause(&limits), millis.map(Duration::from_millis), "{intervals:?}");
        };
        check(&[], Some(100));
        check(&[None], Some(100));
        check(&[Some(1)], Some(100));
        check(&[Some(200), Some(1_000), None], Some(1_250));
        check(&[Some(200), Some(60_000)], None);
    }
}
