//! Exit 5: what is on the disk, what serves, and the next command.
//!
//! Invariant: each of them is looked at once the command is over, whatever road led here, and none follows from
//! what the command believes to have done; what could not be looked at is said. No command is named twice.

use super::past::change_of;
use crate::apply::{History, is_damage};
use crate::backup::Store;
use crate::cli::context::Context;
use crate::host::STATE_FOLDER;
use crate::host::process::{self, Census, LonerKind, Master, ProcessId};
use crate::host::trust::Executable;
use crate::inspect::{Inspection, file_facts, inspect};
use crate::journal::{JournalStep, RunKind, Status};
use crate::outcome::{
    CommandName, Failure, FailureKind, NextStep, Outcome, ReloadSection, StateSection, counted_as, in_words,
};
use crate::plan::is_record;
use crate::values::{Hash, RootPath, TextPath};
use crate::verify::staged::{self, Changes};
use nginx_config::redact_text;
use std::time::Duration;

/// Closer than this, a file's time and a process's do not say which was first.
const BLUR: Duration = Duration::from_secs(2);

/// Whether NGINX may be asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ask {
    /// It tests what is on the disk.
    Nginx,
    /// The machine starts: nothing that may wait for a network is begun.
    Nobody,
}

/// Adds what is seen to an answer that needs an operator; any other stays as it is.
pub fn observed(
    context: &Context,
    command: CommandName,
    answer: Result<Outcome, Failure>,
    ask: Ask,
) -> Result<Outcome, Failure> {
    let mut outcome = match answer {
        Err(failure) if failure.kind == FailureKind::NeedsOperator => Outcome::failed(command, failure),
        answer => answer?,
    };
    if outcome.exit_code == FailureKind::NeedsOperator.exit_code() {
        let journal = History::look(&context.root);
        let status = journal.as_ref().map(|journal| &journal.status);
        let changed = status.map(changed).unwrap_or_default();
        let said = outcome.error.as_ref().map(|error| error.message.clone()).unwrap_or_default();
        let disk = status.map_or_else(|error| unreadable(error, &said), |status| on_disk(context, status));
        let tested = match ask {
            Ask::Nginx => test(context, changed.clone()).in_words(),
            Ask::Nobody => "not asked while the machine starts".to_owned(),
        };
        let serving = serving(context, &changed, outcome.reload.as_ref());
        outcome.details.state = Some(StateSection { disk, nginx: tested, serving });
        next(context, status, &mut outcome);
    }
    Ok(outcome)
}

/// What was seen, in one line, for who shows nothing else.
pub fn summary(outcome: &Outcome) -> Option<String> {
    let StateSection { disk, serving, .. } = outcome.details.state.as_ref()?;
    Some(format!("on disk: {}; serving: {}", disk.join(", "), serving.join(", ")))
}

/// Why nothing is known of a run; what the message says is not said again.
fn unreadable(why: &anyhow::Error, said: &str) -> Vec<String> {
    let why = in_words(why);
    let why = if said.contains(&why) { "the journal cannot be used".to_owned() } else { why };
    vec![format!("not known: {why}")]
}

/// Each file of the newest run against what the run found and what it was to make of it.
fn on_disk(context: &Context, status: &Status) -> Vec<String> {
    let Some(run) = change_of(status) else { return vec!["the journal names no change".to_owned()] };
    let run_in_words = match run.kind {
        RunKind::Migrate => "the change",
        RunKind::Rollback => "the rollback",
    };
    let lines: Vec<_> = run
        .steps
        .iter()
        .filter_map(|step| match step {
            JournalStep::SetFile { path, from, to } => {
                let state = file(context, path, from.hash(), to.hash(), run_in_words);
                Some(format!("{}: {state}", path.as_str()))
            }
            JournalStep::RestoreTree { backup } => {
                let store = Store::new(&context.root);
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

fn file(context: &Context, path: &TextPath, from: Option<Hash>, to: Option<Hash>, run: &str) -> String {
    let now = match file_facts(&context.root, path) {
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
    let steps = change_of(status).map(|run| run.steps).unwrap_or_default();
    let path = |step: &JournalStep| match step {
        JournalStep::SetFile { path, .. } if !is_record(path) => Some(RootPath::clone(path)),
        _ => None,
    };
    steps.iter().filter_map(path).collect()
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
    fn in_words(self) -> String {
        match self {
            Self::Accepted => "accepts what is on the disk".to_owned(),
            Self::Refused(errors) => format!("refuses what is on the disk: {errors}"),
            Self::Not(why) => format!("not tested: {why}"),
        }
    }
}

/// Tests the configuration as it lies there.
pub fn test(context: &Context, changed: Vec<RootPath>) -> Tested {
    let root = &context.root;
    let Inspection { facts, programs, .. } = match inspect(root, &context.bare_options(changed)) {
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
    match staged::test(program, root, &context.launcher, &facts, &Changes::new()) {
        Ok(verdict) if verdict.accepted => Tested::Accepted,
        Ok(verdict) => Tested::Refused(redact_text(&verdict.errors.join("; "))),
        Err(refused) => Tested::Not(refused.to_string()),
    }
}

/// Every process that serves, or seems to.
fn serving(context: &Context, changed: &[RootPath], reload: Option<&ReloadSection>) -> Vec<String> {
    if !context.root.is_live() {
        return vec!["not asked: a tree below --root is not the server that runs here".to_owned()];
    }
    let named = context.bare_options(Vec::new()).nginx.and_then(|path| Executable::open(&path).ok());
    let Census { masters, strangers, loners } = match process::census(named.as_ref()) {
        Ok(census) => census,
        Err(error) => return vec![format!("not known: {error}")],
    };
    // The newest of the changes.
    let ages = changed.iter().filter_map(|path| context.root.changed_ago(path));
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

/// Whether a worker of this master was certainly started before the files were changed last, so long ago.
pub fn are_older(master: ProcessId, changed: Duration) -> bool {
    let workers = process::workers(master).unwrap_or_default();
    let serving = workers.iter().filter(|worker| worker.role == process::Role::Serving);
    serving.filter_map(|worker| process::age(worker.id)).any(|age| age > changed + BLUR)
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

/// The way out where the journal cannot be used. What it told is gone where its bytes are damaged, and what was kept is
/// not; otherwise it is whole, and the way to it is what a person has to look at.
fn without_journal(context: &Context, is_damaged: bool) -> Vec<NextStep> {
    let root = context.root_argument();
    let below = context.global.root.as_ref().map_or_else(String::new, |dir| dir.display().to_string());
    let journal = format!("{}{STATE_FOLDER}/journal", below.trim_end_matches('/'));
    let backups = step(format!("motionctl backups list{root}"), "what was kept before each change");
    let status = step(format!("motionctl status{root}"), "whether all is well then");
    if !is_damaged {
        let state = format!("{}{STATE_FOLDER}", below.trim_end_matches('/'));
        let way =
            step(format!("ls -ld {state} {state}/*"), "who owns the way to the journal, and who may read it");
        return vec![way, backups, status];
    }
    let newest = Store::new(&context.root).list().ok().and_then(|listing| listing.backups.into_iter().next());
    let diff = newest.map(|backup| {
        let command = format!("motionctl backups diff {}{root}", backup.manifest.id);
        step(command, "what differs from before the newest change")
    });
    let aside =
        step(format!("mv {journal} {journal}.damaged"), "once you know what differs: begins a new journal");
    std::iter::once(backups).chain(diff).chain([aside, status]).collect()
}

fn step(command: String, why: &str) -> NextStep {
    NextStep { command, why: why.to_owned() }
}

/// The next command first; those that the hint names are not said again.
fn next(context: &Context, status: Result<&Status, &anyhow::Error>, outcome: &mut Outcome) {
    let root = context.root_argument();
    let first = match status {
        Ok(Status::Active(_)) => {
            vec![step(format!("motionctl recover{root}"), "ends what was begun, once the cause is removed")]
        }
        Ok(Status::Empty | Status::Quiet(_)) => {
            vec![step(format!("motionctl status{root}"), "what is served now, and what the last run left")]
        }
        Err(why) => without_journal(context, is_damage(why)),
    };
    let hint = outcome.error.as_ref().and_then(|error| error.hint.clone()).unwrap_or_default();
    let is_named = |command: &str| hint.contains(command.trim_end_matches(root.as_str()));
    let had = std::mem::take(&mut outcome.next);
    for NextStep { command, why } in first.into_iter().chain(had).filter(|step| !is_named(&step.command)) {
        outcome.next(command, why);
    }
}
