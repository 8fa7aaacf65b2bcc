//! Exit 5: what is on the disk, what serves, and the next command.
//!
//! Invariant: each of them is looked at once the command is over, whatever road led here, and none follows from
//! what the command believes to have done; what could not be looked at is said. No command is named twice.

use crate::apply::{History, is_damage};
use crate::backup::Store;
use crate::cli::context::Context;
use crate::host::STATE_FOLDER;
use crate::journal::Status;
use crate::outcome::{CommandName, Failure, FailureKind, NextStep, Outcome, StateSection, in_words};
use crate::prepare::state::{changed, on_disk, serving, test};

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
        let disk =
            status.map_or_else(|error| unreadable(error, &said), |status| on_disk(&context.root, status));
        let tested = match ask {
            Ask::Nginx => {
                test(&context.root, &context.launcher, &context.bare_options(changed.clone())).in_words()
            }
            Ask::Nobody => "not asked while the machine starts".to_owned(),
        };
        let nginx = context.bare_options(Vec::new()).nginx;
        let serving = serving(&context.root, nginx.as_deref(), &changed, outcome.reload.as_ref());
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
