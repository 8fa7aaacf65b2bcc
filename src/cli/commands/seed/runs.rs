//! Where seeding keeps what it needs later.
//!
//! Invariant: root's things lie where root alone writes, whatever the environment says about homes; a folder that is
//! named for this has the last word.

use crate::cli::manual::{HOME, SEED_RUNS, STATE_HOME, Variable};
use crate::host::STATE_FOLDER;
use crate::outcome::{Failure, FailureKind};
use crate::seed::undo::Store;
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
