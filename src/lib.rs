//! Moves an XCALLY Motion server's NGINX configuration to the new client.
//!
//! One direction: `inspect` reads the host into `facts`; `plan` turns facts
//! into a plan without choices; `apply` runs it; `report` shows the outcome.

pub mod backup;
pub mod host;
pub mod outcome;
pub mod verify;
