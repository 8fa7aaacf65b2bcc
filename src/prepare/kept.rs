//! What the last change kept for the next update, as it stands on the disk.
//!
//! Invariant: reads only. A local patch is believed when nobody but root could
//! have written it; one that cannot be read is said, never passed over.

use super::gone::{held_by, was_left};
use crate::facts::{Facts, FileFacts};
use crate::host::{Root, STATE_FOLDER, machine};
use crate::inspect::file_facts;
use crate::outcome::codes;
use crate::outcome::{Failure, FailureKind, Finding, Level, is_denied, only_root};
use crate::plan::{BaseKind, Keeping, Kept, LocalPatch, Memory, RecordPaths, local_patch_path};
use crate::values::{Attributes, Hash, TextPath};
use nginx_config::Tree;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

/// A local patch is no larger than this.
pub const LARGEST_PATCH: u64 = 8 << 20;

/// Writable for the group or for others.
const FOREIGN_HANDS: u32 = 0o022;

/// Where the two files are: the base beside the journal, under a name that
/// follows from the site's file, and the local changes where people look.
#[must_use]
pub fn record_paths(facts: &Facts) -> RecordPaths {
    RecordPaths { base: base_path(&facts.site.file), patch: local_patch_path(&facts.site.file) }
}

/// Where the base of a site's file is.
pub fn base_path(site: &Path) -> TextPath {
    let name = Hash::of(site.as_os_str().as_encoded_bytes()).to_string();
    let base = format!("{STATE_FOLDER}/base-{name:.16}.conf");
    TextPath::new(&base).expect("the state's folder is absolute")
}

/// Why what the last change kept cannot be used.
#[derive(Debug)]
pub struct Unreadable {
    path: TextPath,
    why: Why,
    /// Where it can be had from.
    held: Vec<String>,
}

#[derive(Debug)]
enum Why {
    /// Nobody could look at it, or it is not to be believed.
    Unread(io::Error),
    /// It was read, and is no record, or none that fits.
    Damaged(String),
}

/// What the last change kept: both parts, or neither. A half of it would be planned with as if the other had never
/// been.
///
/// # Errors
/// Where one of them cannot be read, or they do not fit each other.
pub fn kept(root: &Root, facts: &Facts) -> Result<(Memory, Keeping), Unreadable> {
    let paths = record_paths(facts);
    let unreadable =
        |path: &TextPath, why: Why| Unreadable { path: path.clone(), why, held: held_by(root, &paths, path) };
    let found = keeping(root, &paths.patch).map_err(|error| unreadable(&paths.patch, Why::Unread(error)))?;
    let damaged = |fault: &dyn std::fmt::Display| unreadable(&paths.patch, Why::Damaged(fault.to_string()));
    let keeping = found.parsed().map_err(|fault| damaged(&fault))?;
    let memory =
        memory(root, &paths.base, &keeping).map_err(|error| unreadable(&paths.base, Why::Unread(error)))?;
    if let Some(patch) = &keeping.patch {
        let base = memory.standing.as_ref().map_or(&[][..], |(_, bytes)| bytes);
        Kept { patch, base }.with(|_| true).map_err(|error| damaged(&error))?;
    }
    Ok((memory, keeping))
}

impl Unreadable {
    /// A record that was read and that nothing can be built on.
    pub fn damaged(root: &Root, facts: &Facts, reason: &str) -> Self {
        let paths = record_paths(facts);
        let held = held_by(root, &paths, &paths.patch);
        Self { path: paths.patch, why: Why::Damaged(reason.to_owned()), held }
    }

    /// For a command that looks or plans: it goes on, and a change is refused.
    pub fn finding(&self) -> Finding {
        let path = self.path.as_str();
        let (level, evidence) = match &self.why {
            Why::Unread(error) if is_hidden(error) => return hidden(path, error),
            Why::Unread(error) => (Level::Stop, format!("{path}: {error}")),
            Why::Damaged(reason) => (Level::Stop, placed(path, reason)),
        };
        let title = "local changes unknown: what the last change left behind cannot be read";
        let finding = Finding::graded(codes::SITE_BASE_UNREADABLE, level, title).evidence(evidence);
        let finding = if finding.file.is_none() { finding.at(path, None) } else { finding };
        let finding = finding.evidence_lines(&self.held);
        finding.advice(
            "fix the file, or put it back from a backup; accepted by name, the change is made without it and the file is \
             left alone; moved away, `motionctl local add` begins a new record",
        )
    }

    /// For a command that is about the record itself.
    pub fn failure(&self) -> Failure {
        match &self.why {
            Why::Unread(error) if is_hidden(error) => only_root(format!(
                "only root may read what the last change left: {}: {error}",
                self.path.as_str()
            )),
            // As where its bytes are damaged.
            Why::Unread(_) => {
                let finding = self.finding();
                Failure::new(FailureKind::Invalid, "what the last change left cannot be read")
                    .with_hint(finding.advice.clone())
                    .with_findings(vec![finding])
            }
            Why::Damaged(reason) => damaged(self.path.as_str(), reason),
        }
    }
}

/// An ordinary user may not read it; whoever may has to know why it cannot be read.
fn is_hidden(error: &io::Error) -> bool {
    !machine::is_superuser() && is_denied(error)
}

/// What is kept for root's eyes is there, perhaps, and whole: nothing is to be fixed, and nothing to be moved away.
fn hidden(path: &str, error: &io::Error) -> Finding {
    let title = "local changes unknown: only root may read what the last change left";
    Finding::graded(codes::SITE_BASE_UNREADABLE, Level::Warn, title)
        .at(path, None)
        .evidence(format!("{path}: {error}"))
        .advice("run it with sudo; nothing has to be done to the file")
}

/// A record that was left and is not there any more.
pub fn gone(root: &Root, facts: &Facts) -> Finding {
    let paths = record_paths(facts);
    let title = "local changes unknown: the record that the last change left is not there any more";
    let finding = Finding::new(codes::SITE_RECORD_GONE, title)
        .at(paths.patch.as_str(), None)
        .evidence(paths.patch.as_str().to_owned());
    let finding = finding.evidence_lines(held_by(root, &paths, &paths.patch));
    finding.advice(
        "put the file back, from a backup where one has it; or begin a new record of what stands in Motion's file now: \
         `motionctl local add`",
    )
}

/// What the last change left in the file; nothing where the record does not say, which the planner finds too.
pub fn left(keeping: &Keeping, memory: &Memory) -> Option<Tree> {
    let patch = keeping.patch.as_ref()?;
    let base = memory.standing.as_ref().map_or(&[][..], |(_, bytes)| bytes);
    Kept { patch, base }.with(|_| true).ok()
}

/// The local patch cannot be used.
pub fn damaged(path: &str, reason: &str) -> Failure {
    Failure::new(FailureKind::Invalid, placed(path, reason))
        .with_hint("fix the file, or move it away: then it is not known which changes are local")
}

/// A fault with its place as editors and compilers write it.
fn placed(path: &str, reason: &str) -> String {
    let place = reason.strip_prefix("line ").and_then(|rest| {
        let (line, rest) = rest.split_once(", column ")?;
        let (column, rest) = rest.split_once(": ")?;
        Some(format!("{path}:{line}:{column}: {rest}"))
    });
    nginx_config::redact_text(&place.unwrap_or_else(|| format!("{path}: {reason}")))
}

/// The file of the local changes, not yet understood.
struct Found {
    path: TextPath,
    existing: Option<(FileFacts, Vec<u8>)>,
    is_gone: bool,
    missing_folders: Vec<TextPath>,
    attributes: Attributes,
}

impl Found {
    fn parsed(self) -> Result<Keeping, crate::plan::PatchFault> {
        let patch = self.existing.as_ref().map(|(_, bytes)| LocalPatch::parse(bytes)).transpose()?;
        let Self { path, existing, is_gone, missing_folders, attributes } = self;
        Ok(Keeping { path, existing, patch, is_gone, missing_folders, attributes })
    }
}

fn keeping(root: &Root, path: &TextPath) -> io::Result<Found> {
    let existing = match file_facts(root, path)? {
        Some(facts) => {
            let is_foreign =
                root.is_live() && facts.attributes.uid != 0 || facts.attributes.mode.0 & FOREIGN_HANDS != 0;
            if is_foreign {
                return Err(io::Error::other("others than root can write it: chown root, chmod 600"));
            }
            Some((facts, root.read_own_at_most(path, LARGEST_PATCH)?))
        }
        None => {
            folder_of(root, path)?;
            None
        }
    };
    let missing = path.folders_above().into_iter().filter(|folder| root.metadata(folder).is_err());
    let missing_folders = missing.collect();
    let is_gone = existing.is_none() && was_left(root, path);
    let attributes = new_file(root, path, 0o600);
    Ok(Found { path: path.clone(), existing, is_gone, missing_folders, attributes })
}

/// Where something else stands in the place of the record's folder, whether there is a record is not known.
fn folder_of(root: &Root, path: &TextPath) -> io::Result<()> {
    for folder in path.folders_above() {
        let is_folder = root.metadata(&folder).map(|found| found.is_dir());
        let stands = root.symlink_metadata(&folder).is_ok();
        if stands && !is_folder.unwrap_or(false) {
            let message = format!("`{}` is no folder", folder.as_str());
            return Err(io::Error::new(io::ErrorKind::InvalidInput, message));
        }
    }
    Ok(())
}

fn memory(root: &Root, path: &TextPath, keeping: &Keeping) -> io::Result<Memory> {
    let standing = match file_facts(root, path)? {
        Some(facts) => Some((facts, root.read_own(path)?)),
        None => None,
    };
    // Before there were patches every base record was the vendor's text; the patch that is gone said what this one is.
    let is_vendors = match &keeping.patch {
        Some(patch) => patch.base == BaseKind::Vendor,
        None => !keeping.is_gone,
    };
    let remembered = standing.clone().filter(|_| is_vendors);
    Ok(Memory { path: path.clone(), standing, remembered, attributes: new_file(root, path, 0o600) })
}

/// What a file of ours is to be: of whoever has the folder that it comes into, so that a plan is the same whoever
/// makes it.
pub fn new_file(root: &Root, path: &TextPath, mode: u32) -> Attributes {
    let folder = path.folders_above().into_iter().rev().find_map(|folder| root.metadata(folder).ok());
    let (uid, gid) = folder.map_or_else(machine::user, |folder| (folder.uid(), folder.gid()));
    Attributes::plain(mode, uid, gid)
}
