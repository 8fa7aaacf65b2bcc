//! What can go wrong on a server, each with the exit code of the contract, a
//! message that claims only what was observed, and the way out.

mod disk;
mod harmless;
mod names;
mod obstacles;
mod recovery;
mod server;
