//! Other users of the machine: what they plant, write or listen on decides nothing.
//!
//! Invariant: what is planted is planted by another user's hand or with his number; each refusal names what it is about
//! and changes nothing.

mod links;
mod outputs;
mod saved_plans;
mod trusted;

use crate::support::binary::Server;
use std::collections::BTreeMap;
use std::path::PathBuf;

/// What can be seen of a tree, but for its folder and `/var`, where the lock is made.
fn others(server: &Server) -> BTreeMap<PathBuf, String> {
    let mut state = server.state();
    let inside = |path: &PathBuf| path.strip_prefix(server.path()).expect("below the tree").to_owned();
    state.retain(|path, _| !inside(path).starts_with("var") && inside(path) != PathBuf::new());
    state
}
