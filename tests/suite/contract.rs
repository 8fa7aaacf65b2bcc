//! What scripts rely on: exit codes, the one JSON document, and a terminal
//! that is left alone. Public contract: a change here breaks users.

mod documents;
mod kept;
mod shape;
mod terminal;
mod trees;
mod users;

pub use shape::check as check_shape;
