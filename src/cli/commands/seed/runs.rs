//! Where seeding keeps what it needs later.
//!
//! Invariant: root's things lie where root alone writes, whatever the environment says about homes; a folder that is
//! named for this has the last word.

use crate::cli::manual::{HOME, SEED_RUNS, STATE_HOME, Variable};
use crate::host::STATE_FOLDER;
use crate::outcome::{Failure, FailureKind, Outcome};
use crate::seed::Session;
use crate::seed::undo::{KeptRun, Store};
use crate::values::RootPath;
use std::path::PathBuf;

/// Where runs are kept for their undo.
pub fn store() -> Result<Store, Failure> {
    let named = folder(SEED_RUNS).or_else(|| state().map(|state| state.join("seed")));
    let path = named.and_then(|path| RootPath::new(path).ok());
    path.map(Store::at).ok_or_else(|| {
        Failure::new(FailureKind::Usage, "there is no home to keep in what would undo this")
            .with_hint("MOTIONCTL_SEED_RUNS names a folder")
    })
}

/// The runs of a database that are kept, the newest first; what cannot be read is among the answer's notes.
pub fn of(store: &Store, session: &Session, outcome: &mut Outcome) -> Result<Vec<KeptRun>, Failure> {
    let (mut runs, unread) = store.list()?;
    runs.retain(|kept| session.is_of(kept));
    let notes = unread.iter().map(|why| format!("a run that is kept cannot be read: {why}"));
    outcome.details.set_notes(notes.collect());
    Ok(runs)
}

/// Our folder: root's below `/var/lib`, anybody else's below the home.
pub fn state() -> Option<PathBuf> {
    if nix::unistd::geteuid().is_root() {
        return Some(PathBuf::from(STATE_FOLDER));
    }
    let state = folder(STATE_HOME).or_else(|| folder(HOME).map(|home| home.join(".local/state")))?;
    Some(state.join("motionctl"))
}

fn folder(variable: Variable) -> Option<PathBuf> {
    variable.value().map(PathBuf::from).filter(|path| path.is_absolute())
}
