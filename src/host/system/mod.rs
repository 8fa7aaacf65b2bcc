//! The machine itself: its clocks and timers, its services, its terminals, its users.
//!
//! Invariant: what cannot be asked is an error, never a default.

pub(super) mod accounts;
pub mod clock;
pub mod daemon;
pub(super) mod hidden;
pub mod machine;
pub mod mounts;
pub mod origin;
pub mod random;
pub mod services;
pub mod syslog;
pub mod terminals;
pub mod timers;
pub(super) mod uptime;
