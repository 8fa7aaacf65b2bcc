//! What a person names as one server: a tree, a folder of NGINX's, an archive of either, or Motion's file.
//!
//! Invariant: nothing is unpacked. A hostile archive ends the run; an operand without a file of Motion's does not.

use crate::host::Root;
use crate::host::archive::{self, ArchiveError, Limits};
use crate::inspect::{InCopy, may_be_nginx_s, site_alone, site_in_archive, site_in_tree};
use crate::outcome::{Failure, FailureKind};
use std::path::Path;

/// No file of NGINX's is larger.
const LARGEST: u64 = 8 << 20;

/// Opens an operand; `site` is Motion's file in each, when a person named it.
pub fn open(path: &Path, site: Option<&Path>) -> Result<InCopy, Failure> {
    let unreadable = |error: &dyn std::fmt::Display| {
        Failure::new(FailureKind::Unavailable, format!("reading {}: {error}", path.display()))
    };
    let kind = std::fs::metadata(path).map_err(|error| unreadable(&error))?;
    if kind.is_dir() {
        let root = Root::at(path).map_err(|error| unreadable(&error))?;
        return Ok(site_in_tree(&root, site));
    }
    if archive::is_archive(path).map_err(|error| unreadable(&error))? {
        let entries =
            archive::read(path, Limits::default(), may_be_nginx_s).map_err(|error| match error {
                ArchiveError::Io(error) => unreadable(&error),
                error => Failure::new(FailureKind::Invalid, format!("reading {}: {error}", path.display())),
            })?;
        return Ok(site_in_archive(&entries, site));
    }
    if kind.len() > LARGEST {
        let message = format!("reading {}: larger than {} MiB", path.display(), LARGEST >> 20);
        return Err(Failure::new(FailureKind::Invalid, message));
    }
    let bytes = std::fs::read(path).map_err(|error| unreadable(&error))?;
    site_alone(path, bytes).map(|copy| InCopy::Site(Box::new(copy)))
}
