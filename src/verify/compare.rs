//! The rows of the report, and whether a stage passes.
//!
//! Invariant: one row a probe in the plan's order at every stage, and a stage
//! fails exactly when a gated row does. Pure: it must not ask any server.

use super::gate::{judge, judge_restored, stable};
pub use super::model::{Answer, Baseline, ProbeResult};
use super::model::{Gate, Judgement, Probe};
use super::patience::{in_the_way, turned_away};
use crate::facts::LimitFacts;
use crate::motion::page::NEW_CLIENT;
use crate::outcome::ProbeRow;

/// The rows of a stage, and what fails it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Verdict {
    /// One row a probe, in the plan's order.
    pub rows: Vec<ProbeRow>,
    /// `server uri: reason` of every gated row that does not answer as it must.
    pub failures: Vec<String>,
    /// Whether a route of the new client was seen to answer as it must.
    pub new_client: Seen,
}

/// Whether something was observed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Seen {
    Yes,
    /// Nobody could ask, or the answer says nothing.
    #[default]
    No,
}

impl Verdict {
    /// Whether every gated row answers as it must.
    #[must_use]
    pub fn passed(&self) -> bool {
        self.failures.is_empty()
    }
}

/// The rows before any change: nothing to fail yet.
#[must_use]
pub fn before(probes: &[Probe], baselines: &[Baseline]) -> Verdict {
    let rows = probes.iter().zip(baselines).map(|(probe, baseline)| {
        let note = stable(baseline).map_or_else(|why| why.to_string(), |_| String::new());
        let gated = probe.gate.wants_something_new() || (probe.gate == Gate::AsBefore && note.is_empty());
        row(probe, baseline, gated, note)
    });
    Verdict { rows: rows.collect(), ..Verdict::default() }
}

/// The rows after the change.
#[must_use]
pub fn after(probes: &[Probe], baselines: &[Baseline], looks: &[ProbeResult]) -> Verdict {
    let mut verdict = Verdict::default();
    for ((probe, baseline), look) in probes.iter().zip(baselines).zip(looks) {
        let judgement = through_limits(probe, baseline, look, judge(probe, baseline, look));
        if shows_the_new_client(probe) && matches!(judgement, Judgement::Holds(_) | Judgement::Accepted(_)) {
            verdict.new_client = Seen::Yes;
        }
        let mut row = judged(probe, baseline, judgement, &mut verdict.failures);
        row.after = Some(status(look));
        verdict.rows.push(row);
    }
    verdict
}

/// The rows after the rollback, added to those after the change: every stable
/// route, the new client's among them, must answer as before.
#[must_use]
pub fn restored(
    probes: &[Probe],
    baselines: &[Baseline],
    changed: &Verdict,
    looks: &[ProbeResult],
) -> Verdict {
    let mut verdict = Verdict::default();
    for (index, (probe, baseline)) in probes.iter().zip(baselines).enumerate() {
        let look = looks.get(index).unwrap_or(&ProbeResult::NotTaken);
        let judgement = judge_restored(probe, baseline, look);
        // The files are back and the reload is proven: a limit in the way says nothing against that.
        let judgement = match (judgement, turned_away(&probe.limits, look)) {
            (Judgement::Fails(reason), Some(limit)) => hidden(&reason, limit),
            (judgement, _) => through_limits(probe, baseline, look, judgement),
        };
        let mut row = judged(probe, baseline, judgement, &mut verdict.failures);
        row.restored = Some(status(look));
        if let Some(changed) = changed.rows.get(index) {
            row.after = changed.after;
            row.accepted = changed.accepted && row.ok;
            row.ok &= changed.ok;
            row.gated |= changed.gated;
            row.note = join(&changed.note, &row.note);
        }
        verdict.rows.push(row);
    }
    verdict
}

/// A person's own probe of the new client counts as much as ours.
fn shows_the_new_client(probe: &Probe) -> bool {
    match probe.gate {
        Gate::NewClient | Gate::NewClientOpened => true,
        Gate::Stated(..) => probe.uri.starts_with(NEW_CLIENT),
        Gate::AsBefore | Gate::NewClientRedirect | Gate::ToHttps | Gate::Informational => false,
    }
}

/// Names the limit that may have answered in the place of the route. What it
/// answered before the change is nothing to be held against.
fn through_limits(probe: &Probe, baseline: &Baseline, look: &ProbeResult, judgement: Judgement) -> Judgement {
    let limited = |look: &ProbeResult| in_the_way(&probe.limits, look);
    let before = limited(&baseline.first).or_else(|| limited(&baseline.second));
    match (judgement, before, limited(look)) {
        (Judgement::Fails(reason), Some(limit), _) if !probe.gate.wants_something_new() => {
            hidden(&reason, limit)
        }
        (Judgement::Fails(reason), _, Some(limit)) => Judgement::Fails(format!("{reason}: perhaps {limit}")),
        (Judgement::Ungated(note), Some(limit), _) if !note.is_empty() => {
            Judgement::Ungated(format!("{note}: perhaps {limit}"))
        }
        (judgement, ..) => judgement,
    }
}

fn hidden(reason: &str, limit: &LimitFacts) -> Judgement {
    Judgement::Ungated(format!("{reason}: perhaps {limit}; cannot be told apart"))
}

fn judged(probe: &Probe, baseline: &Baseline, judgement: Judgement, failures: &mut Vec<String>) -> ProbeRow {
    match judgement {
        Judgement::Holds(note) => row(probe, baseline, true, note),
        Judgement::Ungated(note) => row(probe, baseline, false, note),
        Judgement::Accepted(note) => {
            ProbeRow { ok: false, accepted: true, ..row(probe, baseline, true, note) }
        }
        Judgement::Fails(reason) => {
            failures.push(format!("{} {}: {reason}", probe.server, probe.uri));
            ProbeRow { ok: false, ..row(probe, baseline, true, reason) }
        }
    }
}

fn row(probe: &Probe, baseline: &Baseline, gated: bool, note: String) -> ProbeRow {
    ProbeRow {
        server: probe.server.clone(),
        uri: probe.uri.clone(),
        before: status(&baseline.second),
        after: None,
        restored: None,
        gated,
        ok: true,
        accepted: false,
        note,
    }
}

fn status(look: &ProbeResult) -> u16 {
    match look {
        ProbeResult::Answer(answer) => answer.status,
        ProbeResult::Silent(_) | ProbeResult::NotTaken => 0,
    }
}

fn join(first: &str, second: &str) -> String {
    match (first.is_empty(), second.is_empty() || first == second) {
        (true, _) => second.to_owned(),
        (false, true) => first.to_owned(),
        (false, false) => format!("{first}; after the rollback: {second}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::motion::page::Page;
    use crate::verify::samples::{answer, limit, probe, said};

    fn of(page: Page) -> ProbeResult {
        ProbeResult::Answer(Answer { page, ..answer(200) })
    }

    #[test]
    fn what_a_limit_answers_is_said_to_be_its_own() {
        let limited = |gate| Probe { limits: vec![limit(429, Some(200))], ..probe(gate) };
        let fate = |gate: Gate, before: [ProbeResult; 2], now: ProbeResult| {
            let [first, second] = before;
            let verdict = after(&[limited(gate)], &[Baseline { first, second }], &[now]);
            (verdict.rows[0].gated, verdict.rows[0].ok, verdict.rows[0].note.clone())
        };
        let named = "perhaps limit_req zone=a (5r/s, answers 429) at /n:1:1";
        let now = fate(Gate::AsBefore, [said(200), said(200)], said(429));
        assert_eq!(now, (true, false, format!("answered 200 before, now 429: {named}")));
        let new = fate(Gate::NewClient, [said(404), said(404)], said(429));
        assert_eq!(new, (true, false, format!("the new client answers 429: {named}")));
        let before = fate(Gate::AsBefore, [said(429), said(429)], said(200));
        assert_eq!((before.0, before.1), (false, true));
        assert!(before.2.contains(named), "{before:?}");
        let unsteady = fate(Gate::AsBefore, [said(200), said(429)], said(200));
        assert_eq!(unsteady, (false, true, format!("unstable before the change: {named}")));
        let probes = [limited(Gate::AsBefore)];
        let baselines = [Baseline { first: said(200), second: said(200) }];
        let changed = after(&probes, &baselines, &[said(200)]);
        let back = restored(&probes, &baselines, &changed, &[said(429)]);
        assert!(back.passed() && back.rows[0].note.contains(named), "{:?}", back.rows);
        assert!(!restored(&probes, &baselines, &changed, &[said(404)]).passed());
        // The route's own failures stay failures, and its own answers hold.
        assert!(!fate(Gate::AsBefore, [said(200), said(200)], said(404)).1);
        assert_eq!(fate(Gate::AsBefore, [said(429), said(429)], said(429)), (true, true, String::new()));
    }

    #[test]
    fn only_a_route_that_answered_shows_the_new_client() {
        let seen = |gate: Gate, uri: &str, before: ProbeResult, now: ProbeResult| {
            let probes = [Probe { uri: uri.to_owned(), ..probe(gate) }];
            after(&probes, &[Baseline { first: before.clone(), second: before }], &[now]).new_client
        };
        let login = "/user-ui/login";
        assert_eq!(seen(Gate::NewClient, login, said(404), of(Page::Client)), Seen::Yes);
        assert_eq!(seen(Gate::NewClient, login, said(403), said(403)), Seen::No);
        assert_eq!(seen(Gate::AsBefore, "/login", said(200), said(200)), Seen::No);
        assert_eq!(seen(Gate::Stated(200, String::new()), login, said(403), said(200)), Seen::Yes);
        assert_eq!(seen(Gate::Stated(200, String::new()), "/health", said(200), said(200)), Seen::No);
    }

    #[test]
    fn a_rollback_must_bring_the_old_answer_back() {
        let probes = [probe(Gate::NewClient), probe(Gate::AsBefore)];
        let baseline = Baseline { first: said(404), second: said(404) };
        let baselines = [baseline.clone(), baseline];
        let changed = after(&probes, &baselines, &[of(Page::Client), said(404)]);
        assert!(changed.passed());
        let back = restored(&probes, &baselines, &changed, &[said(404), said(404)]);
        assert!(back.passed());
        assert_eq!(
            (back.rows[0].before, back.rows[0].after, back.rows[0].restored),
            (404, Some(200), Some(404))
        );
        let stuck = restored(&probes, &baselines, &changed, &[of(Page::Client), said(404)]);
        assert_eq!(stuck.failures, ["cc.example.test:443 /x: answered 404 before, now 200"]);
        assert!(!stuck.rows[0].ok && stuck.rows[1].ok);
    }
}
