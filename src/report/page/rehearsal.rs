//! What was done and asked, on a time line: the steps, the requests of the load, the answers of the routes.
//!
//! Invariant: a bar stands where its step stood in time, and is never too thin to be seen.

use crate::outcome::{
    BackupSection, DurationSection, ErrorLogVerdict, LoadCount, LoadSection, Outcome, ProbeRow, ReloadSection,
};
use serde::Serialize;

/// No bar is thinner than this, in percent of the whole.
const THINNEST: f64 = 0.6;

/// What was done and asked.
#[derive(Serialize)]
pub struct Rehearsal<'a> {
    bars: Vec<Bar<'a>>,
    whole: u64,
    reload: Option<Reload<'a>>,
    load: Option<Load>,
    has_restored: bool,
    probes: Vec<Probe<'a>>,
    backup: Option<&'a BackupSection>,
}

/// A step on the time line; percentages of the whole.
#[derive(Debug, Serialize)]
struct Bar<'a> {
    step: &'a str,
    millis: u64,
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
        let (bars, whole) = bars(&outcome.durations);
        Some(Self {
            bars,
            whole,
            reload: outcome.reload.as_ref().map(reload),
            load: outcome.load.as_ref().map(load),
            has_restored: outcome.probes.iter().any(|row| row.restored.is_some()),
            probes: outcome.probes.iter().map(probe).collect(),
            backup: outcome.backup.as_ref(),
        })
    }
}

/// The steps one after the other, and how long all took.
fn bars(durations: &[DurationSection]) -> (Vec<Bar<'_>>, u64) {
    let whole: u64 = durations.iter().map(|part| part.millis).sum();
    let percent = |millis: u64| {
        #[expect(clippy::cast_precision_loss, reason = "a run of 300,000 years is drawn a little wrong")]
        let share = millis as f64 / whole.max(1) as f64;
        share * 100.0
    };
    let mut began = 0;
    let bars = durations.iter().map(|part| {
        let width = percent(part.millis).max(THINNEST);
        let left = percent(began).min(100.0 - width);
        began += part.millis;
        Bar {
            step: &part.step,
            millis: part.millis,
            left: format!("{left:.2}"),
            width: format!("{width:.2}"),
        }
    });
    (bars.collect(), whole)
}

fn reload(proof: &ReloadSection) -> Reload<'_> {
    let pids = |pids: &[i32]| pids.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ");
    let log = match proof.error_log {
        ErrorLogVerdict::Clean => "clean",
        ErrorLogVerdict::Errors => "names an error of this reload",
        ErrorLogVerdict::NotLookedAt => "not looked at",
    };
    Reload { proof, old: pids(&proof.old_workers), new: pids(&proof.new_workers), log }
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
