//! What is seen of a server once a run is over that did not go as it should: its files, what NGINX says of them, and
//! what serves.
//!
//! Invariant: none of it follows from what a command believes to have done; what could not be looked at is said.

use super::rollback::BLUR;
use crate::backup::Store;
use crate::host::Root;
use crate::host::process::{self, Census, LonerKind, Master, ProcessId};
use crate::host::sandbox::Launcher;
use crate::host::trust::Executable;
use crate::inspect::{self, Inspection, file_facts, inspect};
use crate::journal::{JournalStep, RunKind, Status};
use crate::outcome::{FailureKind, ReloadSection, counted_as};
use crate::plan::is_record;
use crate::values::{Hash, RootPath, TextPath};
use crate::verify::staged::{self, Changes};
use nginx_config::redact_text;
use std::path::Path;
use std::time::Duration;

/// Each file of the newest run against what the run found and what it was to make of it.
pub fn on_disk(root: &Root, status: &Status) -> Vec<String> {
    let Some(run) = status.newest() else { return vec!["the journal names no change".to_owned()] };
    let run_in_words = match run.kind {
        RunKind::Migrate => "the change",
        RunKind::Rollback => "the rollback",
    };
    let lines: Vec<_> = run
        .steps
        .iter()
        .filter_map(|step| match step {
            JournalStep::SetFile { path, from, to } => {
                let state = file(root, path, from.hash(), to.hash(), run_in_words);
                Some(format!("{}: {state}", path.as_str()))
            }
            JournalStep::RestoreTree { backup } => {
                let store = Store::new(root);
                let differing = store.open(backup).and_then(|open| store.diff_live(&open.manifest));
                Some(match differing {
                    Ok(differing) if differing.is_empty() => format!("as in the backup {backup}"),
                    Ok(differing) => {
                        let files = counted_as(differing.len(), "file is", "files are");
                        format!("{files} not as in the backup {backup}")
                    }
                    Err(error) => format!("not known: {error}"),
                })
            }
            JournalStep::MakeFolder { .. } | JournalStep::RemoveFolder { .. } | JournalStep::Reload => None,
        })
        .collect();
    if lines.is_empty() { vec![format!("{run_in_words} changes no file")] } else { lines }
}

fn file(root: &Root, path: &TextPath, from: Option<Hash>, to: Option<Hash>, run: &str) -> String {
    let now = match file_facts(root, path) {
        Ok(now) => now.map(|file| file.sha256),
        Err(error) => return format!("not known: {error}"),
    };
    let absent = if now.is_none() { " (there is none)" } else { "" };
    match now {
        now if now == from && now == to => format!("as before {run}, which leaves it{absent}"),
        now if now == from => format!("as before {run}{absent}"),
        now if now == to => format!("as {run} makes it{absent}"),
        None => format!("there is none, neither as before {run} nor as it makes it"),
        Some(_) => format!("neither as before {run} nor as it makes it"),
    }
}

/// The files of the newest run, without what is kept for the next update: NGINX reads none of that.
pub fn changed(status: &Status) -> Vec<RootPath> {
    let steps = status.newest().map(|run| run.steps).unwrap_or_default();
    let files = steps.iter().filter_map(JournalStep::file).filter(|path| !is_record(path));
    files.map(|path| RootPath::clone(path)).collect()
}

/// What NGINX says of what is on the disk.
pub enum Tested {
    /// It would start with it.
    Accepted,
    /// It says this against it.
    Refused(String),
    /// It could not be asked, for this reason.
    Not(String),
}

impl Tested {
    /// The same for people.
    #[must_use]
    pub fn in_words(self) -> String {
        match self {
            Self::Accepted => "accepts what is on the disk".to_owned(),
            Self::Refused(errors) => format!("refuses what is on the disk: {errors}"),
            Self::Not(why) => format!("not tested: {why}"),
        }
    }
}

/// Tests the configuration as it lies there.
pub fn test(root: &Root, launcher: &Launcher, options: &inspect::Options) -> Tested {
    let Inspection { facts, programs, .. } = match inspect(root, options) {
        Ok(inspection) => inspection,
        Err(failure) if failure.kind == FailureKind::Invalid => return Tested::Refused(failure.message),
        Err(failure) => return Tested::Not(failure.message),
    };
    if !facts.nginx.runs_code.is_empty() && !root.is_live() {
        return Tested::Not("this tree runs code of its own".to_owned());
    }
    let program = match programs.validating() {
        Ok(program) => program,
        Err(failure) => return Tested::Not(failure.message),
    };
    match staged::test(program, root, launcher, &facts, &Changes::new()) {
        Ok(verdict) if verdict.accepted => Tested::Accepted,
        Ok(verdict) => Tested::Refused(redact_text(&verdict.errors.join("; "))),
        Err(refused) => Tested::Not(refused.to_string()),
    }
}

/// Every process that serves, or seems to.
pub fn serving(
    root: &Root,
    nginx: Option<&Path>,
    changed: &[RootPath],
    reload: Option<&ReloadSection>,
) -> Vec<String> {
    if !root.is_live() {
        return vec!["not asked: a tree below --root is not the server that runs here".to_owned()];
    }
    let named = nginx.and_then(|path| Executable::open(path).ok());
    let Census { masters, strangers, loners } = match process::census(named.as_ref()) {
        Ok(census) => census,
        Err(error) => return vec![format!("not known: {error}")],
    };
    // The newest of the changes.
    let ages = changed.iter().filter_map(|path| root.changed_ago(path));
    let files = ages.min();
    let mut lines: Vec<_> = masters.iter().map(|master| of_master(master, files, reload)).collect();
    lines.extend(loners.iter().map(|loner| match loner.kind {
        LonerKind::Orphan => format!("worker {} without a master: it serves what it read once", loner.id.pid),
        LonerKind::Single => format!("process {} without workers", loner.id.pid),
    }));
    lines.extend(strangers.iter().map(|other| {
        format!("process {} calls itself a master and is not believed ({})", other.id.pid, other.described())
    }));
    if lines.is_empty() {
        lines.push("no process of NGINX was found".to_owned());
    }
    lines
}

fn of_master(master: &Master, files: Option<Duration>, reload: Option<&ReloadSection>) -> String {
    let workers: Vec<ProcessId> = master.serving().map(|worker| worker.id).collect();
    if workers.is_empty() {
        return format!("master {}: no worker serves", master.id.pid);
    }
    let pids: Vec<_> = workers.iter().map(|id| id.pid.to_string()).collect();
    let are = |known: &[i32]| workers.iter().all(|id| known.contains(&id.pid));
    let what = match reload {
        Some(reload) if reload.proven && are(&reload.new_workers) => "from the last reload, which is proven",
        Some(reload) if are(&reload.old_workers) => {
            "from before the last reload: they serve what was read before it"
        }
        Some(_) => "which of them has read what is not known",
        None => by_age(&workers, files),
    };
    format!("master {}, workers {}: {what}", master.id.pid, pids.join(" "))
}

/// Whether workers that this command has not reloaded can have read the files as they are.
fn by_age(workers: &[ProcessId], files: Option<Duration>) -> &'static str {
    let ages: Option<Vec<Duration>> = workers.iter().map(|id| process::age(*id)).collect();
    let (Some(ages), Some(files)) = (ages, files) else { return "what they have read is not known" };
    if ages.iter().all(|age| *age > files + BLUR) {
        "from before the files were changed last: they serve what was read before"
    } else if ages.iter().all(|age| *age + BLUR < files) {
        "from after the files were changed last"
    } else {
        "from about when the files were changed last: what they have read is not known"
    }
}
