//! What several modules of the suite share.
//!
//! Invariant: whatever is started here ends with the value that stands for it.
//! It must not assert anything about the product.

pub mod binary;
pub mod bundles;
pub mod depth;
pub mod machine;
pub mod mariadb;
pub mod mount;
pub mod nginx;
pub mod paused;
pub mod site;
pub mod systemd;
pub mod tree;
pub mod tree_state;
pub mod upstream;
pub mod wire_address;
pub mod wire_nginx;
