//! What support needs of a server, redacted, and the archive that holds it.
//!
//! Invariant: no secret comes in. A configuration is redacted by directive, of Motion's settings only what NGINX's
//! side needs is taken, and of any other file (a key, a list of passwords, whatever is no configuration) its name, size
//! and hash. The same server gives the same bytes: no time and no order of a disk is in them.

mod package;
mod server;
mod settings;

pub use package::{Content, Item, Package, Written};
pub use server::{Found, server};

/// The folder of the archive that holds what motionctl says; beside it lie the server's own files.
pub const FOLDER: &str = "motionctl";
