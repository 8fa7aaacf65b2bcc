//! The rows of the report, and whether a stage passes.
//!
//! Invariant: one row a probe in the plan's order at every stage, and a stage
//! fails exactly when a gated row does. Pure: it must not ask any server.

use super::gate::{Judgement, judge, judge_restored, stable};
use super::probe::{Gate, Probe};
use crate::outcome::ProbeRow;

pub use super::gate::{Answer, Baseline, Look};

/// The rows of a stage, and what fails it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Verdict {
    /// One row a probe, in the plan's order.
    pub rows: Vec<ProbeRow>,
    /// `server uri: reason` of every gated row that does not answer as it must.
    pub failures: Vec<String>,
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
        let note = stable(baseline).err().unwrap_or_default();
        let gated = probe.gate.wants_something_new() || (probe.gate == Gate::AsBefore && note.is_empty());
        row(probe, baseline, gated, note)
    });
    Verdict { rows: rows.collect(), failures: Vec::new() }
}

/// The rows after the change.
#[must_use]
pub fn after(probes: &[Probe], baselines: &[Baseline], looks: &[Look]) -> Verdict {
    let mut verdict = Verdict::default();
    for ((probe, baseline), look) in probes.iter().zip(baselines).zip(looks) {
        let judgement = judge(probe, baseline, look);
        let mut row = judged(probe, baseline, judgement, &mut verdict.failures);
        row.after = Some(status(look));
        verdict.rows.push(row);
    }
    verdict
}

/// The rows after the rollback, added to those after the change: every stable
/// route, the new client's among them, must answer as before.
#[must_use]
pub fn restored(probes: &[Probe], baselines: &[Baseline], changed: &Verdict, looks: &[Look]) -> Verdict {
    let mut verdict = Verdict::default();
    for (index, (probe, baseline)) in probes.iter().zip(baselines).enumerate() {
        let look = looks.get(index).unwrap_or(&Look::NotTaken);
        let judgement = judge_restored(probe, baseline, look);
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

fn status(look: &Look) -> u16 {
    match look {
        Look::Answer(answer) => answer.status,
        Look::Silent(_) | Look::NotTaken => 0,
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
    use crate::verify::samples::{answer, probe, said};

    fn of(page: Page) -> Look {
        Look::Answer(Answer { page, ..answer(200) })
    }

    #[test]
    fn a_rollback_must_bring_the_old_answer_back() {
        let probes = [probe(Gate::NewClient), probe(Gate::AsBefore)];
        let baseline = Baseline { first: said(404), second: said(404) };
        let baselines = [baseline.clone(), baseline];
        let changed = after(&probes, &baselines, &[of(Page::NewClient), said(404)]);
        assert!(changed.passed());
        let back = restored(&probes, &baselines, &changed, &[said(404), said(404)]);
        assert!(back.passed());
        assert_eq!(
            (back.rows[0].before, back.rows[0].after, back.rows[0].restored),
            (404, Some(200), Some(404))
        );
        let stuck = restored(&probes, &baselines, &changed, &[of(Page::NewClient), said(404)]);
        assert_eq!(stuck.failures, ["cc.example.test:443 /x: answered 404 before, now 200"]);
        assert!(!stuck.rows[0].ok && stuck.rows[1].ok);
    }
}
