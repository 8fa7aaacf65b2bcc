//! `backups prune`: old backups go, by name.
//!
//! Invariant: what goes was named before, on a terminal with a question; what became old meanwhile stays. The backup
//! that the newest run would need stays in any case.

use crate::apply::{History, distrusted};
use crate::backup::{Retention, Store};
use crate::cli::commands::recover::recover_first;
use crate::cli::context::Context;
use crate::cli::prompt;
use crate::host::clock;
use crate::journal::needed_backups;
use crate::outcome::{Failure, FailureKind, Outcome, OutcomeKind, Row, counted, row};
use crate::prepare::unusable;
use crate::values::BackupId;
use serde_json::Value;
use std::collections::BTreeSet;
use std::time::Duration;

/// Which backups are meant, and how sure the operator is.
#[derive(Debug, Clone, Copy)]
pub struct PruneOptions {
    /// So many of the newest stay.
    pub keep: Option<usize>,
    /// Only older ones go.
    pub older_than: Option<Duration>,
    /// Nothing is to be asked.
    pub yes: bool,
    /// Nothing is to go.
    pub dry_run: bool,
}

/// Names what would go, asks where somebody can be asked, and deletes it.
pub fn prune(
    context: &Context,
    store: &Store,
    options: PruneOptions,
    outcome: &mut Outcome,
) -> Result<(), Failure> {
    if !options.dry_run {
        context.need_root()?;
    }
    let mut keep = retention(context, options)?;
    let named = store.outdated(&keep).map_err(unusable)?;
    outcome.details.rows = Some(rows(store, &named));
    if options.dry_run {
        let verdict = match named.len() {
            0 => "dry run: nothing would be deleted".to_owned(),
            count => format!("dry run: {} would be deleted", counted(count, "backup")),
        };
        outcome.outcome = if named.is_empty() { OutcomeKind::UpToDate } else { OutcomeKind::ChangesPending };
        outcome.set_verdict(verdict);
        outcome.details.add("would_remove", names(&named));
        return Ok(());
    }
    // Before the lock is taken: nobody must wait for an answer. Scripts have named the limits, and are not asked.
    if !options.yes && !named.is_empty() && prompt::can_ask(context) {
        prompt::confirm(context, outcome)?;
    }
    let lock = context.lock()?;
    recover_first(context, &lock)?;
    keep.protected = needed(context)?;
    let late = store.outdated(&keep).map_err(unusable)?.into_iter().filter(|id| !named.contains(id));
    keep.protected.extend(late);
    let removed = store.prune(&lock, &keep).map_err(unusable)?;
    outcome.outcome = if removed.is_empty() { OutcomeKind::UpToDate } else { OutcomeKind::Applied };
    let verdict = match removed.len() {
        0 => "nothing to remove".to_owned(),
        count => format!("{} removed", counted(count, "backup")),
    };
    outcome.set_verdict(verdict);
    outcome.details.add("removed", names(&removed));
    Ok(())
}

fn retention(context: &Context, options: PruneOptions) -> Result<Retention, Failure> {
    // Without a limit there is none, not even now: what goes must not depend on when this is asked.
    let before = options
        .older_than
        .map(|age| clock::now().checked_sub(age))
        .transpose()
        .map_err(|_| Failure::new(FailureKind::Usage, "--older-than is too long"))?;
    Ok(Retention { newest: options.keep.unwrap_or(0), before, protected: needed(context)? })
}

fn needed(context: &Context) -> Result<BTreeSet<BackupId>, Failure> {
    Ok(needed_backups(&History::look(&context.root).map_err(distrusted)?))
}

fn names(backups: &[BackupId]) -> Value {
    backups.iter().map(ToString::to_string).collect()
}

/// Each with its reason; a damaged one says that it is.
fn rows(store: &Store, backups: &[BackupId]) -> Vec<Row> {
    let reason = |id: &BackupId| match store.open(id) {
        Ok(backup) => backup.manifest.reason,
        Err(_) => "cannot be read".to_owned(),
    };
    backups.iter().map(|id| row(&[&"-", id, &reason(id)])).collect()
}
