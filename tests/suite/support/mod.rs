//! What several areas need to run real servers.

pub mod nginx;
