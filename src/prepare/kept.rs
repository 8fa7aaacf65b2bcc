//! What the last change kept for the next update, as it stands on the disk.
//!
//! Invariant: reads only. A local patch is believed when nobody but root could
//! have written it; one that cannot be read is said, never passed over.

use super::merge;
use crate::facts::{Facts, FileFacts};
use crate::host::{Root, STATE_FOLDER, machine};
use crate::inspect::file_facts;
use crate::outcome::codes;
use crate::outcome::{Failure, FailureKind, Finding, Level};
use crate::plan::{
    BaseKind, Keeping, Kept, LocalPatch, Memory, Migration, RecordPaths, SiteState, local_patch_path,
};
use crate::values::{Attributes, Hash, TextPath};
use nginx_config::Tree;
use nginx_config::diff::join;
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

/// What the last change kept; nothing where it cannot be read, which is said: without it a merge would be planned as
/// if there had never been a change.
///
/// # Errors
/// When the local patch is damaged.
pub fn kept(
    root: &Root,
    facts: &Facts,
    findings: &mut Vec<Finding>,
) -> Result<(Option<Memory>, Option<Keeping>), Failure> {
    let paths = record_paths(facts);
    let keeping = match keeping(root, &paths.patch) {
        Ok(keeping) => match keeping.parsed() {
            Ok(keeping) => keeping,
            Err(fault) => return Err(damaged(paths.patch.as_str(), &fault.to_string())),
        },
        Err(error) => {
            findings.push(unreadable(&paths.patch, &error));
            return Ok((None, None));
        }
    };
    match memory(root, &paths.base, keeping.patch.as_ref()) {
        Ok(memory) => Ok((Some(memory), Some(keeping))),
        Err(error) => {
            findings.push(unreadable(&paths.base, &error));
            Ok((None, None))
        }
    }
}

/// What the last change left in the file; nothing where the record does not say, which the planner finds too.
pub fn left(keeping: &Keeping, memory: &Memory) -> Option<Tree> {
    let patch = keeping.patch.as_ref()?;
    let base = memory.standing.as_ref().map_or(&[][..], |(_, bytes)| bytes);
    Kept { patch, base }.with(|_| true).ok()
}

/// What is gone from the file since the last change, and what an update has otherwise.
pub fn standing_findings(migration: &Migration) -> Vec<Finding> {
    let standing = &migration.standing;
    let gone = standing.lacks_changes();
    let level = if gone { Level::Warn } else { Level::Info };
    let raised = standing.verdict().and_then(|title| match standing.state {
        SiteState::NoRecord => None,
        SiteState::Moved => Some(Finding::new(codes::SITE_CHANGES_GONE, title).advice(
            "`motionctl plan --carry OLD` shows what a copy of the old file brings back; a record that nobody needs any \
             more can be moved away",
        )),
        SiteState::Overwritten => Some(
            Finding::graded(codes::SITE_OVERWRITTEN, level, title)
                .advice(if standing.no_removals {
                    "`motionctl apply` puts both together; what you had removed is there again: it cannot be known"
                } else {
                    "`motionctl apply` puts local changes and the vendor's new text together"
                }),
        ),
        SiteState::VendorOnRequest => {
            Some(Finding::new(codes::SITE_VENDOR_TEXT, title).advice("`motionctl apply` ends that"))
        }
        SiteState::AsLeft | SiteState::Edited => Some(Finding::new(codes::SITE_CHANGES_GONE, title).advice(
            "`motionctl apply` brings them back; `motionctl local drop PATH` forgets what is not wanted",
        )),
    });
    let names = standing.missing.iter().map(|change| join(&change.block, &change.directive));
    let raised = raised.map(|finding| names.fold(finding, Finding::evidence));
    raised.into_iter().chain(kept_ours(migration)).chain(kept_update(migration)).collect()
}

/// Facts of today, where the update has another than there was before.
fn kept_update(migration: &Migration) -> Option<Finding> {
    let updated = &migration.standing.updated;
    let title = "certificates or addresses of Motion are the update's now";
    let finding = Finding::new(codes::MERGE_KEPT_UPDATE, title)
        .advice("put back by hand what is not right, and keep it with `motionctl local add`");
    (!updated.is_empty()).then(|| updated.iter().cloned().fold(finding, Finding::evidence))
}

fn kept_ours(migration: &Migration) -> Option<Finding> {
    let title = "the update has other values than this server, and this server's are kept";
    let finding = Finding::new(codes::MERGE_KEPT_OURS, title)
        .advice("--resolve 'PATH=theirs' takes the update's value");
    let said = |version: &Option<nginx_config::diff::Version>| {
        version.as_ref().map_or_else(|| "nothing".to_owned(), |one| merge::one_line(&one.text))
    };
    let lines = migration.kept_ours.iter().map(|conflict| {
        format!("{}: {}, the update has {}", conflict.path, said(&conflict.ours), said(&conflict.theirs))
    });
    (lines.len() > 0).then(|| lines.fold(finding, Finding::evidence))
}

/// The local patch cannot be used.
pub fn damaged(path: &str, reason: &str) -> Failure {
    let place = reason.strip_prefix("line ").and_then(|rest| {
        let (line, rest) = rest.split_once(", column ")?;
        let (column, rest) = rest.split_once(": ")?;
        Some(format!("{path}:{line}:{column}: {rest}"))
    });
    let message = place.unwrap_or_else(|| format!("{path}: {reason}"));
    Failure::new(FailureKind::Invalid, nginx_config::redact_text(&message))
        .with_hint("fix the file, or move it away: then it is not known which changes are local")
}

fn unreadable(path: &TextPath, error: &io::Error) -> Finding {
    // An ordinary user may not read it; whoever may has to know why it cannot be read.
    let may_read = machine::is_superuser() || error.kind() != io::ErrorKind::PermissionDenied;
    let level = if may_read { Level::Stop } else { Level::Warn };
    Finding::graded(codes::SITE_BASE_UNREADABLE, level, "what the last change left behind cannot be read")
        .evidence(format!("{}: {error}", path.as_str()))
        .advice("fix the file, or remove it: then the next change is planned without it")
}

/// The file of the local changes, not yet understood.
struct Found {
    path: TextPath,
    existing: Option<(FileFacts, Vec<u8>)>,
    missing_folders: Vec<TextPath>,
    attributes: Attributes,
}

impl Found {
    fn parsed(self) -> Result<Keeping, crate::plan::PatchFault> {
        let patch = self.existing.as_ref().map(|(_, bytes)| LocalPatch::parse(bytes)).transpose()?;
        let Self { path, existing, missing_folders, attributes } = self;
        Ok(Keeping { path, existing, patch, missing_folders, attributes })
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
            Some((facts, root.read_at_most(path, LARGEST_PATCH)?))
        }
        None => None,
    };
    let missing = path.folders_above().into_iter().filter(|folder| root.metadata(folder).is_err());
    let missing_folders = missing.collect();
    Ok(Found { path: path.clone(), existing, missing_folders, attributes: new_file(root, path, 0o600) })
}

fn memory(root: &Root, path: &TextPath, patch: Option<&LocalPatch>) -> io::Result<Memory> {
    let standing = match file_facts(root, path)? {
        Some(facts) => Some((facts, root.read(path)?)),
        None => None,
    };
    let is_vendors = patch.is_none_or(|patch| patch.base == BaseKind::Vendor);
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
