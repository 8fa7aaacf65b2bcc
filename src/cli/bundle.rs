//! A folder of templates that `--bundle` names: a host path, as given.
//!
//! Invariant: read once, within bounds; what is judged is what is used. Nothing but a plain file is ever waited for.

use super::files::read_plain;
use crate::outcome::codes::Code;
use crate::outcome::{Failure, FailureKind};
use crate::plan::bundle::{Bundle, BundleKey, Folder, Origin};
use crate::prepare::{accept, bundle_finding};
use std::collections::BTreeSet;
use std::fs::FileType;
use std::os::unix::fs::FileTypeExt;
use std::path::Path;

/// A bundle is a manifest and some templates; a folder of other things is not read whole.
const MOST: usize = 256;
/// As many bytes in all.
const LARGEST: usize = 16 << 20;

/// Templates, and where they come from.
pub struct Templates {
    pub bundle: Bundle,
    /// Where they come from.
    pub origin: Origin,
}

impl Templates {
    /// Those that come with motionctl.
    pub fn built_in() -> Self {
        Self { bundle: Bundle::embedded(), origin: Origin::BuiltIn }
    }
}

/// Reads the templates in a folder, for somebody who trusts these keys and accepts these findings.
pub fn read(dir: &Path, keys: &[BundleKey], accepted: &BTreeSet<Code>) -> Result<Templates, Failure> {
    let folder = folder(dir)?;
    let origin = folder.origin(keys);
    match Bundle::from_files(folder.files) {
        Ok(bundle) => Ok(Templates { bundle, origin }),
        // That somebody changed it may be why it cannot be read.
        Err(error) => {
            let mut findings: Vec<_> = bundle_finding(&origin).into_iter().collect();
            accept(&mut findings, accepted);
            Err(Failure::from(error).with_findings(findings))
        }
    }
}

fn folder(dir: &Path) -> Result<Folder, Failure> {
    let failed = |kind: FailureKind, reason: &dyn std::fmt::Display| {
        Failure::new(kind, format!("reading the bundle {}: {reason}", dir.display()))
    };
    let unseen = |error: std::io::Error| failed(FailureKind::Unavailable, &error);
    let (mut folder, mut size) = (Folder::default(), 0);
    for entry in std::fs::read_dir(dir).map_err(unseen)? {
        let entry = entry.map_err(unseen)?;
        let name = entry.file_name();
        if let Some(what) = other_than_a_file(entry.file_type().map_err(unseen)?) {
            folder.others.push((name.to_string_lossy().into_owned(), what));
        } else if name.to_str().is_none() {
            folder.others.push((name.to_string_lossy().into_owned(), "a file whose name is not UTF-8"));
        }
        // What a link leads to is used as well, where nobody signed.
        let (Some(name), true) = (name.to_str(), entry.path().is_file()) else { continue };
        let Some(bytes) = read_plain(&entry.path()).map_err(unseen)? else { continue };
        size += bytes.len();
        if folder.files.len() == MOST || size > LARGEST {
            let reason = format!("more than {MOST} files or {} MiB", LARGEST >> 20);
            return Err(failed(FailureKind::Invalid, &reason));
        }
        folder.files.insert(name.to_owned(), bytes);
    }
    folder.others.sort();
    Ok(folder)
}

/// What stands there instead of a file.
fn other_than_a_file(kind: FileType) -> Option<&'static str> {
    match () {
        () if kind.is_file() => None,
        () if kind.is_symlink() => Some("a link"),
        () if kind.is_dir() => Some("a folder"),
        () if kind.is_fifo() || kind.is_socket() => Some("a pipe or a socket"),
        () => Some("a device"),
    }
}
