//! Other users of the machine: what they plant, write or listen on decides nothing.
//!
//! Invariant: what is planted is planted by another user's hand or with his number; each refusal names what it is about
//! and changes nothing.

mod links;
mod outputs;
mod saved_plans;
mod trusted;

use crate::support::binary::Server;
use crate::support::tree_state::State;
use std::path::Path;

/// What can be seen of a tree, but for its folder and `/var`, where the lock is made.
fn others(server: &Server) -> State {
    server.state().only(|path| !path.starts_with("var") && path != Path::new(""))
}
