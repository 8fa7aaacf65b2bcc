//! Moves an XCALLY Motion server's NGINX configuration to the new client.
//!
//! One direction: `inspect` reads the host into `facts`; `plan` turns facts
//! into a plan without choices; `apply` runs it; `report` shows the outcome.

pub mod apply;
pub mod backup;
pub mod cli;
pub mod collect;
pub mod db;
pub mod facts;
pub mod host;
pub mod inspect;
pub mod journal;
pub mod motion;
pub mod outcome;
pub mod plan;
pub mod prepare;
pub mod rehearse;
pub mod report;
pub mod seed;
pub mod tryout;
pub mod values;
pub mod verify;
pub mod watch;
