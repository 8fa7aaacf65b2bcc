//! What the error log says about a reload, held against what the processes show.
//!
//! Invariant: a line is a claim. Only one of the master, or of a worker that came after the signal, can fail a
//! proof, and none that the processes disprove: a client may write whole lines of its own into the log, because
//! NGINX does not escape the line feeds of a path that it names. What a master cannot do with a configuration, and what
//! ends a worker, NGINX writes as `alert` or `emerg`: a line of a lower level is shown, like one of the modules' own
//! code. In doubt a line fails the proof.

use super::error_log::{ErrorLine, LogWatch, MainLog};
use super::goes_on;
use crate::host::Root;
use crate::host::process::{self, ProcessId, Worker};
use crate::outcome::NotedLine;
use nginx_config::redact_text;
use std::collections::{BTreeMap, BTreeSet};

/// What a grave line makes of a reload after which a new generation serves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lines {
    /// It is not proven: something is wrong with the new configuration, and the old one can come back.
    Fail,
    /// They are shown: what was put back is on the disk and serves, and nothing else could come instead.
    AreShown,
}

/// The logs of one reload.
pub(super) struct Testimony {
    master: ProcessId,
    logs: Vec<LogWatch>,
    /// Children of which the master says that they have ended.
    named: BTreeSet<i32>,
}

/// What the processes show.
#[derive(Clone, Copy)]
pub(super) struct Shown<'a> {
    /// Every worker from before a signal of ours.
    pub(super) old: &'a [Worker],
    /// Every worker that appeared since the last signal, also those that are gone.
    pub(super) newcomers: &'a BTreeMap<ProcessId, Worker>,
    /// Whether a new generation came beside the old one: the master took the configuration.
    pub(super) taken: bool,
    /// Whether a worker from before still serves, as all do where the master refused.
    pub(super) old_serve: bool,
}

impl Testimony {
    /// Begins to follow the logs of a master.
    pub(super) fn start(root: &Root, logs: &[MainLog], master: ProcessId) -> Self {
        let start = |log| LogWatch::start(root, log, master.pid, process::standard_error(master));
        Self { master, logs: logs.iter().map(start).collect(), named: BTreeSet::new() }
    }

    pub(super) fn read(&mut self) {
        self.logs.iter_mut().for_each(LogWatch::read);
        let by_master = self.entries().filter(|entry| self.is_from_master(entry));
        self.named = by_master.filter_map(|entry| entry.exited).collect();
    }

    /// What was written so far is about what was before.
    pub(super) fn forget(&mut self) {
        self.read();
        self.logs.iter_mut().for_each(LogWatch::forget);
        self.named.clear();
    }

    /// Whether every log could be read.
    pub(super) fn is_looked_at(&self) -> bool {
        !self.logs.is_empty() && self.logs.iter().all(LogWatch::is_looked_at)
    }

    /// Whether waiting is in vain: the log says so, and the processes do not say otherwise.
    pub(super) fn says_refused(&self, shown: Shown) -> bool {
        // A master that is still at work has not given up. A failed attempt to bind is none: it tries for two and a
        // half seconds, and "still could not bind()" ends them.
        let waits = !shown.taken && process::waits_for_signals(self.master).unwrap_or(true);
        let gave_up = |entry: &ErrorLine| waits && !entry.message.starts_with("bind() to ");
        self.entries().any(|entry| match (self.is_from_master(entry), entry.exited) {
            (true, Some(pid)) => {
                let is_fatal = entry.message.contains("cannot be respawned");
                is_fatal && gave_up(entry) && !self.lives(shown, pid) && !is_old(shown, pid)
            }
            (true, None) => entry.is_emergency && shown.old_serve && gave_up(entry),
            (false, _) => {
                let ends = entry.is_emergency && self.is_from_start(shown, entry);
                ends && gave_up(entry) && !self.lives(shown, entry.pid)
            }
        })
    }

    /// Lines that were written by the master or by a worker of the new configuration, which
    /// may have ended before it was seen: then the master names it.
    pub(super) fn of_start(&self, shown: Shown) -> Vec<String> {
        let of_start = self.entries().filter(|entry| self.is_from_start(shown, entry));
        of_start.map(|entry| entry.line.clone()).collect()
    }

    /// Lines that say that something is wrong with the new configuration.
    pub(super) fn against(&self, shown: Shown) -> Vec<String> {
        let against = self.entries().filter(|entry| self.is_against(shown, entry));
        against.map(|entry| entry.line.clone()).collect()
    }

    /// The other lines of the master and of new workers, redacted, each once; with those against it, where they fail
    /// nothing.
    pub(super) fn noted(&self, shown: Shown, lines: Lines) -> Vec<NotedLine> {
        let is_noted = |entry: &&ErrorLine| lines == Lines::AreShown || !self.is_against(shown, entry);
        let noted = self.entries().filter(|entry| self.is_from_start(shown, entry)).filter(is_noted);
        let mut lines: BTreeMap<&str, NotedLine> = BTreeMap::new();
        for entry in noted {
            let row = goes_on::find(&entry.message);
            let note = || NotedLine {
                line: redact_text(&entry.line),
                means: row.map_or_else(|| self.means(shown, entry), |row| row.means).to_owned(),
                source: row.map(|row| row.source.to_owned()),
            };
            lines.entry(&entry.message).or_insert_with(note);
        }
        lines.into_values().collect()
    }

    /// What a line means that the table does not have.
    fn means(&self, shown: Shown, entry: &ErrorLine) -> &'static str {
        match entry.is_grave {
            true if self.is_against(shown, entry) => UNDONE,
            true => DISPROVED,
            false => LESSER,
        }
    }

    fn is_against(&self, shown: Shown, entry: &ErrorLine) -> bool {
        entry.is_grave
            && self.is_from_start(shown, entry)
            && goes_on::find(&entry.message).is_none()
            && !self.is_disproved(shown, entry)
    }

    /// NGINX gives up what it is at after an emergency, and a worker that ended does not serve.
    fn is_disproved(&self, shown: Shown, entry: &ErrorLine) -> bool {
        match entry.exited {
            Some(pid) => is_old(shown, pid) || self.lives(shown, pid),
            None if self.is_from_master(entry) => entry.is_emergency && shown.taken,
            None => entry.is_emergency && shown.taken && self.lives(shown, entry.pid),
        }
    }

    fn is_from_start(&self, shown: Shown, entry: &ErrorLine) -> bool {
        let seen = || shown.newcomers.keys().any(|worker| worker.pid == entry.pid);
        let named = || self.named.contains(&entry.pid) && !is_old(shown, entry.pid);
        self.is_from_master(entry) || seen() || named()
    }

    fn is_from_master(&self, entry: &ErrorLine) -> bool {
        entry.pid == self.master.pid
    }

    fn lives(&self, shown: Shown, pid: i32) -> bool {
        shown.newcomers.keys().any(|worker| worker.pid == pid && process::is_alive(*worker))
    }

    fn entries(&self) -> impl Iterator<Item = &ErrorLine> {
        self.logs.iter().flat_map(|log| &log.entries)
    }
}

const DISPROVED: &str = "the processes show that NGINX has gone on";
const LESSER: &str = "NGINX goes on after it: what it cannot take is an alert or an emergency";
const UNDONE: &str = "new workers serve what was put back: a line alone does not undo that";

/// A pid that was an old worker's and is a new one's is the new one's.
fn is_old(shown: Shown, pid: i32) -> bool {
    let is_new = || shown.newcomers.keys().any(|worker| worker.pid == pid);
    shown.old.iter().any(|worker| worker.id.pid == pid) && !is_new()
}
