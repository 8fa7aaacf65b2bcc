//! What a run is asked for, and what it did and saw.
//!
//! Invariant: a request leaves nothing to choose; what a run saw is kept also when it fails.

use super::confirmation::Confirmation;
use super::executor::InstalledLog;
use super::pending::Pending;
use crate::backup::Progress;
use crate::facts::Facts;
use crate::host::sandbox::Launcher;
use crate::host::trust::Executable;
use crate::host::{Root, WriteLock, clock};
use crate::outcome::{BackupSection, DurationSection, ProbeRow, ReloadSection};
use crate::plan::Plan;
use crate::values::BackupId;
use crate::verify::ReloadProof;
use crate::verify::compare::{Baseline, Verdict};
use crate::verify::probe::ProbePlan;
use crate::verify::tested::AcceptedStates;
use serde::{Deserialize, Serialize};
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

/// Everything a run needs; nothing in it is left to choose.
pub struct RunRequest<'a> {
    pub root: &'a Root,
    /// The right to write.
    pub lock: &'a WriteLock,
    /// How sandboxes are started.
    pub launcher: &'a Launcher,
    /// The facts that the plan was made from.
    pub facts: &'a Facts,
    /// NGINX's program, which tests the change.
    pub program: &'a Executable,
    pub plan: &'a Plan,
    /// The backup that a rollback takes its contents from.
    pub source: Option<BackupId>,
    /// What NGINX accepted already, where the plan was tested when it was made.
    pub tested: Option<&'a AcceptedStates>,
    /// The routes to hold against each other before and after.
    pub probes: &'a ProbePlan,
    /// Whether a sandbox is demanded.
    pub sandbox: SandboxChoice,
    /// Whether somebody has to confirm it.
    pub confirmation: Confirmation,
    /// Finds the main error log of what is installed.
    pub installed_log: InstalledLog,
    /// How long a reload may take.
    pub reload_timeout: Duration,
    /// Set when a signal asks to stop.
    pub stop: &'a AtomicBool,
    pub actor: String,
    /// With which command line, redacted.
    pub command: String,
}

/// Whether the gate before the change needs a sandbox.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SandboxChoice {
    /// Without one nothing is changed.
    Required,
    /// The operator accepts a test after the change instead.
    AfterInstall,
}

/// What happens, for whoever shows it.
#[derive(Debug, Clone, Copy)]
pub enum RunEvent {
    Stage(&'static str),
    Backup(Progress),
}

/// What a run did and saw.
#[derive(Debug, Default)]
pub struct Run {
    /// The backup that was made.
    pub backup: Option<BackupSection>,
    /// The backup that holds what the steps replace, once it is known.
    pub kept_in: Option<BackupId>,
    pub reload: Option<ReloadSection>,
    /// What the routes answered.
    pub probes: Vec<ProbeRow>,
    /// How long each part took.
    pub durations: Vec<DurationSection>,
    /// When each proven reload was signalled and when the old workers had gone.
    pub windows: Vec<(Instant, Instant)>,
    /// Old workers that still finish connections.
    pub lingering: Vec<i32>,
    /// What the routes answered before, for a later comparison.
    pub baselines: Vec<Baseline>,
    /// The judgement of the newest comparison.
    pub verdict: Verdict,
    /// Until when it waits for a confirmation, where one was demanded.
    pub pending: Option<Pending>,
    /// What could not be tidied up, for people.
    pub notes: Vec<String>,
}

impl Run {
    /// Notes a reload that was proven.
    pub(super) fn note_proof(&mut self, proof: Option<ReloadProof>) {
        if let Some(proof) = proof {
            self.windows.push((proof.signalled, proof.retired));
            self.lingering = proof.lingering;
            self.reload = Some(proof.section);
        }
    }

    /// Runs one part, notes how long it took, and says that it began.
    pub(super) fn timed<T, E>(
        &mut self,
        events: &mut dyn FnMut(RunEvent),
        name: &'static str,
        part: impl FnOnce(&mut Self, &mut dyn FnMut(RunEvent)) -> Result<T, E>,
    ) -> Result<T, E> {
        events(RunEvent::Stage(name));
        let started = clock::monotonic();
        let result = part(self, events);
        let millis = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.durations.push(DurationSection { step: name.to_owned(), millis, at: None });
        result
    }
}
