//! The one rule for what may be executed, and which running processes are believed: nothing but what is root's
//! alone, and what is our own where we are not root.
//!
//! Invariant: an [`Executable`] is a descriptor that was opened once, of a file that nobody else can have
//! written; it is executed through that descriptor, so what was judged is what runs. Whatever is started takes
//! an [`Executable`], so nothing is started past the rule, and no flag lifts it. A process's title proves
//! nothing. What a trusted program loads or interprets by itself (libraries, `#!`, modules) is its business.

mod executable;
mod folder;
mod rule;
mod standing;

pub(super) use executable::inherit;
pub use executable::{Distrust, Executable, Found, Running, SEARCH_PATH, find, only_ours};
pub(super) use folder::others_write;
pub(super) use standing::Viewer;
pub use standing::{Space, Untouchable, Why};
