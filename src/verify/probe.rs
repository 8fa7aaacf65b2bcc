//! Asks every route of the plan, before and after a change.
//!
//! Invariant: a round of probes ends within [`ROUND_LIMIT`], whatever the
//! servers do, and keeps no body. Harmless requests only: GETs without
//! credentials and WebSocket handshakes. It must not judge; `compare` does.

use super::assets::media_type;
use super::compare::Verdict;
use super::model::{Answer, Baseline, Gate, Judgement, Kind, Probe, ProbeResult};
use super::timeless::is_timeless;
use super::{compare, gate, new_client, patience};
use crate::host::clock;
use crate::host::http::{BodyEnd, Client, Handshake, ProbeError, Reuse, websocket_handshake};
use crate::motion::page::Page;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

/// The longest that one round over all probes may take.
pub const ROUND_LIMIT: Duration = Duration::from_secs(60);

/// Two looks before the change are at least this far apart where a page may
/// hold a clock of seconds, so that it is seen to be unstable.
const BASELINE_GAP: Duration = Duration::from_millis(1_050);

/// A route that looks wrong is asked once more after this pause: one lost
/// request is no reason to undo a migration.
const SECOND_LOOK: Duration = Duration::from_millis(300);

/// Requests under way at once.
const PARALLEL: usize = 6;

/// The longest that one page and what it loads may take.
const PAGE_LIMIT: Duration = Duration::from_secs(15);

/// Every route to ask, in the order of the report.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ProbePlan {
    pub rows: Vec<Probe>,
}

impl ProbePlan {
    /// Looks twice before the change; takes a second where an answer may hold a clock.
    #[must_use]
    pub fn observe_before(&self) -> Vec<Baseline> {
        if self.rows.is_empty() {
            return Vec::new();
        }
        let started = Instant::now();
        let first = self.observe();
        if first.iter().any(may_hold_a_clock) {
            thread::sleep(BASELINE_GAP.saturating_sub(started.elapsed()));
        }
        let second = self.observe();
        first.into_iter().zip(second).map(|(first, second)| Baseline { first, second }).collect()
    }

    /// Looks once at every route.
    #[must_use]
    pub fn observe(&self) -> Vec<ProbeResult> {
        observe(&self.rows.iter().collect::<Vec<_>>())
    }

    /// Looks at every route after the change, and once more at those that fail.
    #[must_use]
    pub fn verify_after(&self, baselines: &[Baseline]) -> Verdict {
        let mut looks = self.observe();
        self.look_again(&mut looks, |index, look| {
            let judgement = gate::judge(&self.rows[index], &baselines[index], look);
            matches!(judgement, Judgement::Fails(_))
        });
        compare::after(&self.rows, baselines, &looks)
    }

    /// Looks at every route after the rollback, and once more at those that fail.
    #[must_use]
    pub fn verify_restored(&self, baselines: &[Baseline], changed: &Verdict) -> Verdict {
        let mut looks = self.observe();
        self.look_again(&mut looks, |index, look| {
            let judgement = gate::judge_restored(&self.rows[index], &baselines[index], look);
            matches!(judgement, Judgement::Fails(_))
        });
        compare::restored(&self.rows, baselines, changed, &looks)
    }

    fn look_again(&self, looks: &mut [ProbeResult], fails: impl Fn(usize, &ProbeResult) -> bool) {
        let wrong: Vec<usize> = (0..looks.len()).filter(|&index| fails(index, &looks[index])).collect();
        if wrong.is_empty() {
            return;
        }
        thread::sleep(SECOND_LOOK);
        let again: Vec<&Probe> = wrong.iter().map(|&index| &self.rows[index]).collect();
        for (index, look) in wrong.into_iter().zip(observe(&again)) {
            looks[index] = look;
        }
    }
}

/// Asks all `probes`, a few at a time, and answers in their order.
fn observe(probes: &[&Probe]) -> Vec<ProbeResult> {
    let deadline = Instant::now() + ROUND_LIMIT;
    let next = AtomicUsize::new(0);
    let looks = Mutex::new(vec![ProbeResult::NotTaken; probes.len()]);
    thread::scope(|scope| {
        for _ in 0..PARALLEL.min(probes.len()) {
            scope.spawn(|| {
                while let Some((index, probe)) = take(&next, probes) {
                    if Instant::now() >= deadline {
                        break;
                    }
                    let look = ask(probe, deadline);
                    looks.lock().expect("no holder of this lock panics")[index] = look;
                }
            });
        }
    });
    let mut looks = looks.into_inner().expect("no holder of this lock panics");
    ask_limited_again(probes, &mut looks, deadline);
    looks
}

/// Asks once more, one after the other and at the pace of the limit, where a
/// limit of requests may have answered: several probes at once are more than
/// one visitor asks. A pass that lets nobody through is the last.
fn ask_limited_again(probes: &[&Probe], looks: &mut [ProbeResult], deadline: Instant) {
    let deadline = deadline.min(Instant::now() + patience::PATIENCE);
    let pause = |index: usize, looks: &[ProbeResult]| {
        let limits = &probes[index].limits;
        patience::in_the_way(limits, &looks[index]).and_then(|_| patience::pause(limits))
    };
    loop {
        let waiting: Vec<_> =
            (0..probes.len()).filter_map(|index| Some((index, pause(index, looks)?))).collect();
        for &(index, pause) in &waiting {
            if Instant::now() + pause >= deadline {
                return;
            }
            thread::sleep(pause);
            looks[index] = ask(probes[index], deadline);
        }
        if waiting.iter().all(|&(index, _)| pause(index, looks).is_some()) {
            return;
        }
    }
}

/// Whether what will be compared may change by itself from one second to the next.
fn may_hold_a_clock(look: &ProbeResult) -> bool {
    matches!(look, ProbeResult::Answer(answer) if answer.sha256.is_some() && !answer.timeless)
}

fn take<'a>(next: &AtomicUsize, probes: &[&'a Probe]) -> Option<(usize, &'a Probe)> {
    let index = next.fetch_add(1, Ordering::Relaxed);
    probes.get(index).map(|probe| (index, *probe))
}

fn ask(probe: &Probe, deadline: Instant) -> ProbeResult {
    let answer = match probe.kind {
        Kind::Get => ask_page(probe, deadline),
        Kind::WebSocket => ask_websocket(probe, deadline),
    };
    answer.map_or_else(ProbeResult::Silent, ProbeResult::Answer)
}

fn ask_websocket(probe: &Probe, deadline: Instant) -> Result<Answer, ProbeError> {
    Ok(match websocket_handshake(&probe.target, &probe.uri, deadline)? {
        Handshake::Accepted => bare(101, None, None),
        Handshake::Mismatched => return Err(ProbeError::Handshake),
        Handshake::Refused { status, content_type, location } => bare(status, content_type, location),
    })
}

fn bare(status: u16, content_type: Option<String>, location: Option<String>) -> Answer {
    let media_type = content_type.as_deref().map(media_type).unwrap_or_default();
    Answer {
        status,
        media_type,
        location: location.unwrap_or_default(),
        sha256: None,
        timeless: true,
        page: Page::Other,
        fault: None,
        loaded: Vec::new(),
    }
}

fn ask_page(probe: &Probe, deadline: Instant) -> Result<Answer, ProbeError> {
    let deadline = deadline.min(Instant::now() + PAGE_LIMIT);
    let client = Client::new(&probe.target, Reuse::KeepAlive);
    let (response, page, fault, loaded) = match &probe.gate {
        Gate::NewClient | Gate::NewClientOpened => {
            let seen = new_client::look(&client, probe, deadline)?;
            (seen.response, seen.page, seen.fault, seen.loaded)
        }
        gate => {
            let response = client.get(&probe.uri, deadline)?;
            let fault = match gate {
                Gate::Stated(_, text) => missing_text(&response.body, text),
                _ => None,
            };
            (response, Page::Other, fault, Vec::new())
        }
    };
    let whole = response.body_end != BodyEnd::TimedOut;
    let is_redirect = (300..400).contains(&response.status);
    Ok(Answer {
        // Nobody reads the body of a redirect; where it leads is compared.
        sha256: (whole && !is_redirect).then_some(response.body_sha256),
        timeless: is_timeless(&response, clock::now()),
        page,
        fault,
        loaded,
        ..bare(response.status, response.content_type, response.location)
    })
}

/// What a page lacks that the operator wants to see in it. The text itself is
/// the operator's and may be a secret; the message leaves it out.
fn missing_text(body: &[u8], text: &str) -> Option<String> {
    let found = text.is_empty() || body.windows(text.len()).any(|window| window == text.as_bytes());
    (!found).then(|| "the answer does not contain the text asked for".to_owned())
}
