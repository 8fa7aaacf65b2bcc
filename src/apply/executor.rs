//! The one executor: each step's intent, its effect, its end.
//!
//! Invariant: a step changes a file only from what it expects; the old file
//! is kept beside it until the run is over, so that the way back needs no
//! space. This room chooses nothing.

use super::content::{Beside, after};
use super::journal_file::History;
use crate::backup::{Store, restore_tree};
use crate::facts::NginxFacts;
use crate::host::files::{
    Expect, Installed, ReplaceError, UndoableChange, adopt, create, discard, make_folder, put_back, remove,
    remove_folder, replace, set_attributes, sweep,
};
use crate::host::process::{self, ProcessId};
use crate::host::{Root, WriteLock, clock, kill_point, machine};
use crate::journal::Event;
use crate::plan::{Content, Step, Version};
use crate::values::{Attributes, BackupId, RootPath};
use crate::verify::{Lines, MainLog, ReloadProof, ReloadRequest, UnprovenReload, reload};
use anyhow::{Context, Result, anyhow};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use thiserror::Error;

/// Between two looks at a master that is starting.
const PAUSE: Duration = Duration::from_millis(10);

/// Reads from the disk where the installed configuration's main context logs;
/// `None` when that is no file, or cannot be read.
pub type InstalledLog = fn(&Root, &NginxFacts) -> Option<PathBuf>;

/// The master to signal and how to watch it.
#[derive(Debug, Clone)]
pub struct ReloadTarget {
    master: ProcessId,
    /// As it was before the change.
    nginx: NginxFacts,
    installed_log: InstalledLog,
    timeout: Duration,
}

impl ReloadTarget {
    /// The running master of these facts; `None` when none runs.
    #[must_use]
    pub fn of(nginx: &NginxFacts, installed_log: InstalledLog, timeout: Duration) -> Option<Self> {
        let master = nginx.master.as_ref()?;
        Some(Self {
            master: ProcessId { pid: master.pid, start_time: master.start_time },
            nginx: nginx.clone(),
            installed_log,
            timeout,
        })
    }

    /// The main error logs of the configuration from before and of the one that
    /// is installed: a reload that fails is told in the old one, new workers
    /// write to the new one.
    fn logs(&self, root: &Root) -> Vec<MainLog> {
        let log = |path: Option<&PathBuf>| {
            path.and_then(|path| RootPath::new(path).ok()).map_or(MainLog::Elsewhere, MainLog::File)
        };
        let mut logs = vec![log(self.nginx.error_log.as_ref())];
        let installed = log((self.installed_log)(root, &self.nginx).as_ref());
        if !logs.contains(&installed) {
            logs.push(installed);
        }
        logs
    }
}

/// NGINX does not accept what is on the disk, and what it says against it.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct NotAccepted(pub String);

/// Why a step did not take effect.
#[derive(Debug, Error)]
pub enum StepFailure {
    /// The operator or the system asked to stop.
    #[error("interrupted")]
    Interrupted,
    /// The reload is not proven.
    #[error(transparent)]
    Reload(#[from] Box<UnprovenReload>),
    #[error(transparent)]
    Other(#[from] anyhow::Error),
}

/// What the steps of one run need.
pub struct Executor<'a> {
    pub root: &'a Root,
    pub lock: &'a WriteLock,
    pub history: &'a mut History,
    pub reload: Option<ReloadTarget>,
    /// Set when a signal asks to stop; looked at before each step.
    pub stop: &'a AtomicBool,
    /// The old files of this run, oldest first.
    pub kept: Vec<UndoableChange>,
    /// Whether a master was told to read the new files, as far as is known.
    pub told: Told,
}

/// Whether a master was told to read the new files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Told {
    Nobody,
    /// One was, or it is not known.
    Perhaps,
}

/// Whether a run may be stopped between steps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stopping {
    /// A signal stops it before the next step.
    Allowed,
    /// It leads back: it goes on to its end.
    Ignored,
}

impl<'a> Executor<'a> {
    /// One that reloads nothing, for a run that somebody began before: whom that told is not known.
    pub fn of_begun(
        root: &'a Root,
        lock: &'a WriteLock,
        history: &'a mut History,
        stop: &'a AtomicBool,
    ) -> Self {
        Self { root, lock, history, reload: None, stop, kept: Vec::new(), told: Told::Perhaps }
    }

    /// Runs `steps` in order, with a gate between the files and the reload, or
    /// after the files where there is no reload; the proof of the last reload,
    /// if there was one.
    pub fn run_with_gate(
        &mut self,
        steps: &[Step],
        stopping: Stopping,
        gate: &dyn Fn() -> Result<(), NotAccepted>,
    ) -> Result<Option<ReloadProof>, StepFailure> {
        let mut proof = None;
        let beside = Beside::at_the_start(self.root, steps)?;
        let gate_before = steps.iter().position(|step| *step == Step::Reload).unwrap_or(steps.len());
        for (index, step) in steps.iter().enumerate() {
            if stopping == Stopping::Allowed && self.stop.load(Ordering::SeqCst) {
                return Err(StepFailure::Interrupted);
            }
            if index == gate_before {
                gate().map_err(anyhow::Error::from)?;
            }
            self.history.record(Event::Intent { step: index })?;
            kill_point!("step: between its intent and its effect");
            match step {
                Step::SetFile { path, from, to } => self.set_file(path, from, to, &beside)?,
                Step::MakeFolder { path } => self.make_folder(path)?,
                Step::RemoveFolder { path } => self.remove_folder(path)?,
                Step::RestoreTree { backup } => self.restore_tree(backup)?,
                Step::Reload => proof = Some(self.reload(stopping)?),
            }
            kill_point!("step: between its effect and its end");
            self.history.record(Event::Done { step: index })?;
        }
        if gate_before == steps.len() && !steps.is_empty() {
            gate().map_err(anyhow::Error::from)?;
        }
        Ok(proof)
    }

    /// Lets go of the old files: the run stays as it is.
    pub fn settle(&mut self) -> Result<()> {
        for kept in self.kept.drain(..) {
            discard(self.lock, self.root, &kept).context("removing what was replaced")?;
        }
        Ok(())
    }

    fn set_file(
        &mut self,
        path: &RootPath,
        from: &Version,
        to: &Version,
        beside: &Beside,
    ) -> Result<(), StepFailure> {
        let expect = expect(from);
        if let Version::File { content: Content::Backup(_), .. } = to
            && self.put_back(path, from, to)?
        {
            return Ok(());
        }
        let (lock, root) = (self.lock, self.root);
        let installing = || format!("installing {path}");
        let changed = match (from, after(root, path, from, to, beside)?) {
            (_, None) => remove(lock, root, path, &expect),
            (Version::Absent, Some(file)) => create(lock, root, path, &file.bytes, &file.attributes),
            (Version::File { .. }, Some(file)) => {
                replace(lock, root, path, &expect, &file.bytes, &file.attributes)
            }
        };
        match changed {
            Ok(kept) => self.kept.push(kept),
            Err(ReplaceError::Unsettled { kept, path, source }) => {
                self.kept.push(*kept);
                return Err(anyhow!(source).context(format!("making {path} durable")).into());
            }
            Err(error) => return Err(anyhow!(error).context(installing()).into()),
        }
        Ok(())
    }

    /// The old inode itself, where it still waits: that needs no space and has
    /// every attribute.
    fn put_back(&mut self, path: &RootPath, from: &Version, to: &Version) -> Result<bool> {
        let (was, installed) = (expect(to), installed(from));
        let waiting = self.kept.iter().position(|kept| kept.path() == path && *kept.installed() == installed);
        let kept = match (waiting, to) {
            (Some(index), _) => Some(self.kept.remove(index)),
            (None, Version::File { attributes, .. }) => adopt(self.root, path, &was, attributes, &installed)
                .with_context(|| format!("looking for the old {path}"))?,
            (None, Version::Absent) => None,
        };
        let Some(kept) = kept.filter(|kept| kept.hidden().is_some()) else { return Ok(false) };
        put_back(self.lock, self.root, &kept).with_context(|| format!("putting {path} back"))?;
        Ok(true)
    }

    /// Readable for everybody, as the folders beside it are.
    fn make_folder(&self, path: &RootPath) -> Result<(), StepFailure> {
        let (uid, gid) = machine::user();
        make_folder(self.lock, self.root, path)
            .and_then(|()| set_attributes(self.lock, self.root, path, &Attributes::plain(0o755, uid, gid)))
            .with_context(|| format!("making the folder {path}"))?;
        Ok(())
    }

    fn remove_folder(&mut self, path: &RootPath) -> Result<(), StepFailure> {
        // Old files that wait in there are in the backup as well.
        let (inside, rest) = self.kept.drain(..).partition(|kept| kept.path().is_within(path));
        self.kept = rest;
        for kept in Vec::<UndoableChange>::into_iter(inside) {
            discard(self.lock, self.root, &kept).with_context(|| format!("emptying {path}"))?;
        }
        // So is what an interrupted run left in there.
        sweep(self.lock, self.root, path).with_context(|| format!("emptying {path}"))?;
        // What somebody put in there since is not ours to remove.
        if self.root.read_dir(path).is_ok_and(|names| !names.is_empty()) {
            return Ok(());
        }
        remove_folder(self.lock, self.root, path).with_context(|| format!("removing the folder {path}"))?;
        Ok(())
    }

    fn restore_tree(&mut self, id: &BackupId) -> Result<(), StepFailure> {
        let store = Store::new(self.root);
        let backup = store.open(id).context("opening the backup")?;
        restore_tree(self.lock, &store, &backup, &mut |_| ()).context("restoring the backup")?;
        Ok(())
    }

    fn reload(&mut self, stopping: Stopping) -> Result<ReloadProof, StepFailure> {
        let target = self.reload.as_ref().context("NGINX does not run any more")?;
        if !process::is_ours(target.master) {
            return Err(anyhow!("the master {} is gone", target.master.pid).into());
        }
        let master = self.whom(target, stopping)?;
        let patient = AtomicBool::new(false);
        let request = ReloadRequest {
            root: self.root,
            master,
            logs: &target.logs(self.root),
            timeout: target.timeout,
            hurry: if stopping == Stopping::Allowed { self.stop } else { &patient },
            lines: if stopping == Stopping::Allowed { Lines::Fail } else { Lines::AreShown },
        };
        let proof = reload(&request);
        if !matches!(&proof, Err(unproven) if unproven.signalled.is_none()) {
            self.told = Told::Perhaps;
        }
        Ok(proof?)
    }

    /// Whom to tell. Where a binary upgrade began during the run, before anybody was told of its files, the old master
    /// never read them, and would only start workers beside the new one's. The new one may have read them: on the way
    /// back it is told, and then both serve what was there before.
    fn whom(&self, target: &ReloadTarget, stopping: Stopping) -> Result<ProcessId> {
        let old = target.master;
        if stopping == Stopping::Allowed || self.told == Told::Perhaps {
            return Ok(old);
        }
        let end = clock::monotonic() + target.timeout;
        while let Some(next) = process::successor(old).context("looking at the masters")? {
            // Until it serves a signal would end it.
            let workers = process::workers(next).context("looking at the new master's workers")?;
            if workers.iter().any(|worker| worker.role == process::Role::Serving) {
                return Ok(next);
            }
            if clock::monotonic() >= end {
                return Err(anyhow!(
                    "the master that a binary upgrade has started, {}, does not serve",
                    next.pid
                ));
            }
            clock::pause(PAUSE);
        }
        Ok(old)
    }
}

fn expect(version: &Version) -> Expect {
    version.sha256().map_or(Expect::Absent, Expect::File)
}

fn installed(version: &Version) -> Installed {
    version.sha256().map_or(Installed::Nothing, Installed::File)
}
