//! What was done and asked, on a time line: the steps, the requests of the load, the answers of the routes.
//!
//! Invariant: a bar stands where its step stood in time, and is never too thin to be seen.

use crate::outcome::{
    BackupSection, DurationSection, LoadCount, LoadOverTime, LoadReload, LoadSection, Outcome, ProbeRow,
    ReloadSection,
};
use crate::report::human::{log_in_words, pids};
use serde::Serialize;

/// No bar is thinner than this, in percent of the whole.
const THINNEST: f64 = 0.6;

/// What was done and asked.
#[derive(Serialize)]
pub struct Rehearsal<'a> {
    bars: Vec<Bar<'a>>,
    requests: Option<Requests>,
    whole: u64,
    reload: Option<Reload<'a>>,
    load: Option<Load>,
    has_restored: bool,
    probes: Vec<Probe<'a>>,
    backup: Option<&'a BackupSection>,
    /// Whether all of it was done on a copy, which is gone.
    on_a_copy: bool,
}

/// A step on the time line; percentages of the whole.
#[derive(Debug, Serialize)]
struct Bar<'a> {
    step: &'a str,
    millis: u64,
    left: String,
    width: String,
}

/// The requests of a load; percentages of the whole, and heights of the busiest span.
#[derive(Debug, Serialize)]
struct Requests {
    span: u64,
    width: String,
    columns: Vec<Column>,
    reloads: Vec<Marked>,
}

#[derive(Debug, Serialize)]
struct Column {
    left: String,
    height: String,
    failed: String,
    sent: u64,
}

#[derive(Debug, Serialize)]
struct Marked {
    left: String,
    width: String,
}

#[derive(Serialize)]
struct Reload<'a> {
    proof: &'a ReloadSection,
    old: String,
    new: String,
    log: &'static str,
}

#[derive(Serialize)]
struct Load {
    rows: [LoadRow; 2],
    during: u64,
}

#[derive(Serialize)]
struct LoadRow {
    name: &'static str,
    count: LoadCount,
}

#[derive(Serialize)]
struct Probe<'a> {
    row: &'a ProbeRow,
    before: String,
    after: String,
    restored: String,
    kind: &'static str,
    verdict: &'static str,
}

impl<'a> Rehearsal<'a> {
    /// Of an answer; `None` where nothing was done.
    pub fn of(outcome: &'a Outcome) -> Option<Self> {
        let is_empty = outcome.durations.is_empty() && outcome.probes.is_empty() && outcome.reload.is_none();
        if is_empty {
            return None;
        }
        let (bars, requests, whole) = bars(outcome);
        Some(Self {
            bars,
            requests,
            whole,
            reload: outcome.reload.as_ref().map(reload),
            load: outcome.load.as_ref().map(load),
            has_restored: outcome.probes.iter().any(|row| row.restored.is_some()),
            probes: outcome.probes.iter().map(probe).collect(),
            backup: outcome.backup.as_ref(),
            on_a_copy: outcome.command == "rehearse",
        })
    }
}

/// The steps where they stood in time, and how long all took. Where only their order is known, each begins where the one
/// before it has ended.
fn bars(outcome: &Outcome) -> (Vec<Bar<'_>>, Option<Requests>, u64) {
    let mut end = 0;
    let placed: Vec<(&DurationSection, u64)> = outcome
        .durations
        .iter()
        .map(|part| {
            let at = part.at.unwrap_or(end);
            end = end.max(at + part.millis);
            (part, at)
        })
        .collect();
    let load = outcome.load.as_ref().and_then(|load| load.over_time.as_ref());
    let last = load.map_or(0, |load| load.at + load.span * load.sent.len() as u64);
    let whole = end.max(last).max(1);
    let bar = |(part, at): (&DurationSection, u64)| {
        let width = percent(part.millis, whole).max(THINNEST);
        let left = percent(at, whole).min(100.0 - width);
        (width, left)
    };
    let bars = placed.iter().map(|(part, at)| {
        let (width, left) = bar((part, *at));
        Bar {
            step: &part.step,
            millis: part.millis,
            left: format!("{left:.2}"),
            width: format!("{width:.2}"),
        }
    });
    (bars.collect(), load.map(|load| requests(load, whole)), whole)
}

/// The requests of a load below the steps, on the same time line.
fn requests(load: &LoadOverTime, whole: u64) -> Requests {
    let most = load.sent.iter().copied().max().unwrap_or(0).max(1);
    let column = |(index, (sent, failed)): (usize, (&u64, &u64))| Column {
        left: format!("{:.2}", percent(load.at + load.span * index as u64, whole)),
        height: format!("{:.1}", percent(*sent, most)),
        failed: format!("{:.1}", percent(*failed, most)),
        sent: *sent,
    };
    let reload = |reload: &LoadReload| Marked {
        left: format!("{:.2}", percent(load.at + reload.from, whole)),
        width: format!("{:.2}", percent(reload.to.saturating_sub(reload.from), whole).max(THINNEST / 2.0)),
    };
    Requests {
        span: load.span,
        width: format!("{:.3}", percent(load.span, whole)),
        columns: load
            .sent
            .iter()
            .zip(&load.failed)
            .enumerate()
            .map(column)
            .filter(|one| one.sent > 0)
            .collect(),
        reloads: load.reloads.iter().map(reload).collect(),
    }
}

fn percent(part: u64, whole: u64) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "a run of 300,000 years is drawn a little wrong")]
    let share = part as f64 / whole.max(1) as f64;
    share * 100.0
}

fn reload(proof: &ReloadSection) -> Reload<'_> {
    let (old, new) = (pids(&proof.old_workers), pids(&proof.new_workers));
    Reload { proof, old, new, log: log_in_words(proof.error_log) }
}

fn load(load: &LoadSection) -> Load {
    let row = |name, count: &LoadCount| LoadRow { name, count: count.clone() };
    let rows = [row("fresh connections", &load.fresh), row("keep-alive requests", &load.keepalive)];
    Load { rows, during: load.during_reload }
}

fn probe(row: &ProbeRow) -> Probe<'_> {
    let status = |status: u16| if status == 0 { "none".to_owned() } else { status.to_string() };
    let later = |code: Option<u16>| code.map_or_else(String::new, status);
    let (kind, verdict) = match (row.ok, row.gated) {
        _ if row.accepted => ("warn", "accepted"),
        (true, true) => ("good", "ok"),
        (true, false) => ("plain", "only looked at"),
        (false, _) => ("bad", "FAILED"),
    };
    Probe {
        row,
        before: status(row.before),
        after: later(row.after),
        restored: later(row.restored),
        kind,
        verdict,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outcome::OutcomeKind;

    #[test]
    fn bars_stand_where_their_steps_stood_and_are_never_too_thin() {
        let part = |step: &str, millis, at| DurationSection { step: step.to_owned(), millis, at };
        let mut outcome = Outcome::new("rehearse", OutcomeKind::Ok);
        outcome.durations = vec![part("a", 100, Some(0)), part("b", 0, Some(300)), part("c", 50, None)];
        let (found, _, whole) = bars(&outcome);
        let told: Vec<_> = found.iter().map(|bar| (bar.left.as_str(), bar.width.as_str())).collect();
        assert_eq!(whole, 350);
        assert_eq!(told, [("0.00", "28.57"), ("85.71", "0.60"), ("85.71", "14.29")]);
    }

    #[test]
    fn requests_stand_on_the_time_line_of_the_steps() {
        let load = LoadOverTime {
            at: 100,
            span: 50,
            sent: vec![4, 0, 2],
            failed: vec![0, 0, 1],
            reloads: vec![LoadReload { from: 100, to: 150 }],
        };
        let found = requests(&load, 1_000);
        let told: Vec<_> = found
            .columns
            .iter()
            .map(|one| (one.left.as_str(), one.height.as_str(), one.failed.as_str()))
            .collect();
        assert_eq!(
            told,
            [("10.00", "100.0", "0.0"), ("20.00", "50.0", "25.0")],
            "nothing stands where none was"
        );
        assert_eq!((found.reloads[0].left.as_str(), found.reloads[0].width.as_str()), ("20.00", "5.00"));
    }
}
