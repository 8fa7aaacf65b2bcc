//! What several areas need to run real servers on real file systems.

pub mod mount;
pub mod nginx;
pub mod tree;
