//! The way from a name to the file that it means.
//!
//! Invariant: what is said of the links is said of the very walk that found the file, so that a name cannot mean
//! another file by the time its links are judged.

use super::obstacle::{Obstacle, trusted};
use crate::host::files::walk::Last;
use crate::host::root::Root;
use crate::values::{LinkText, RootPath};
use std::io;
use std::path::Path;

/// Where a name leads, and who chose that.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Way {
    /// The file or folder, every link followed.
    pub end: RootPath,
    /// The links that were walked through, in their order, and what each says.
    pub links: Vec<(RootPath, LinkText)>,
    /// Why somebody else could have chosen it.
    pub obstacle: Option<Obstacle>,
}

/// Walks to what `path` means; the file must be there.
///
/// # Errors
/// As [`Root::resolve`].
pub fn way(root: &Root, path: impl AsRef<Path>) -> io::Result<Way> {
    let landing = root.walk(path, Last::Follow)?;
    landing.stat()?;
    Ok(Way { end: landing.path(), obstacle: trusted(&landing).err(), links: landing.links })
}
