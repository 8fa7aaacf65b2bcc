//! The steps a plan is made of, their inverses, and the bytes they leave.
//!
//! Invariant: [`Step`] is closed; describing, running and inverting it match
//! exhaustively, and a step says what it expects to replace.

use super::kept::{LocalRecord, holds_local_changes, holds_records, is_record};
use crate::facts::FileFacts;
use crate::journal::{JournalStep, StepVersion};
use crate::outcome::{StepKind, StepSection, counted};
use crate::values::{Attributes, BackupId, Hash, TextPath};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use thiserror::Error;

/// One effect on the server.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
#[expect(clippy::large_enum_variant, reason = "a plan holds a handful of steps")]
pub enum Step {
    /// Replaces, creates or removes one file, atomically.
    SetFile {
        /// The file below the root, links resolved.
        path: TextPath,
        /// What is expected there.
        from: Version,
        /// What is there afterwards.
        to: Version,
    },
    /// Makes an empty folder in one that is there.
    MakeFolder {
        /// The folder below the root.
        path: TextPath,
    },
    /// Removes an empty folder.
    RemoveFolder {
        /// The folder below the root.
        path: TextPath,
    },
    /// Makes everything that a backup covers what it holds: links and folders
    /// too. Running it again goes on where it stopped.
    RestoreTree {
        /// The backup.
        backup: BackupId,
    },
    /// Tells the running master to read its configuration again.
    Reload,
}

/// The state of one file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Version {
    /// There is no file.
    Absent,
    /// A regular file.
    File {
        /// Of its bytes.
        sha256: Hash,
        /// Owner, mode and extended attributes.
        attributes: Attributes,
        /// Where the contents come from.
        content: Content,
    },
}

/// Where the contents of a version come from. A saved plan never holds what
/// was read from the server, only what is put in between.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Content {
    /// What is on the disk when the plan is made.
    Live,
    /// What is on the disk, with these changes.
    Patched(Vec<Patch>),
    /// The copy in this backup.
    Backup(BackupId),
    /// What stands in this file when the run begins.
    Copied(TextPath),
    /// The local changes, made from the files that stand there when the step is run.
    Local(Box<LocalRecord>),
}

/// One change to a file: a byte range and what replaces it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Patch {
    /// First byte that is replaced.
    pub start: usize,
    /// First byte after them; equal to `start` for an insertion.
    pub end: usize,
    /// The new text.
    pub text: String,
}

/// Patches that do not fit the file.
#[derive(Debug, Error)]
pub enum PatchError {
    /// They overlap or lie outside.
    #[error("change at bytes {start} to {end} does not fit a file of {length} bytes")]
    OutOfRange { start: usize, end: usize, length: usize },
    /// The result is not what the plan promised.
    #[error("the result has the hash {found}, the plan says {expected}")]
    WrongResult {
        found: Hash,
        /// What the plan says.
        expected: Hash,
    },
}

impl Step {
    /// The step that takes this one back, its old contents taken from `backup`.
    #[must_use]
    pub fn inverse(&self, backup: &BackupId) -> Self {
        match self {
            Self::SetFile { path, from, to } => {
                Self::SetFile { path: path.clone(), from: to.clone(), to: from.kept_in(backup) }
            }
            Self::MakeFolder { path } => Self::RemoveFolder { path: path.clone() },
            Self::RemoveFolder { path } => Self::MakeFolder { path: path.clone() },
            // What a whole tree replaced is in the backup that was made before.
            Self::RestoreTree { .. } => Self::RestoreTree { backup: backup.clone() },
            Self::Reload => Self::Reload,
        }
    }

    /// The step as people and pipelines see it.
    #[must_use]
    pub fn describe(&self) -> StepSection {
        match self {
            Self::SetFile { path, from, to } => {
                let (kind, describe) = match (from, to) {
                    (_, Version::Absent) if is_record(path) => {
                        (StepKind::RemoveFile, format!("{}, removed", record(path)))
                    }
                    (Version::Absent, _) if is_record(path) => {
                        (StepKind::CreateFile, record(path).to_owned())
                    }
                    _ if is_record(path) => (StepKind::WriteFile, record(path).to_owned()),
                    (_, Version::Absent) => (StepKind::RemoveFile, "remove the file".to_owned()),
                    (Version::Absent, Version::File { attributes, .. }) => {
                        (StepKind::CreateFile, format!("create the file with mode {:04o}", attributes.mode.0))
                    }
                    (_, Version::File { content: Content::Backup(id), .. }) => {
                        (StepKind::WriteFile, format!("put back the contents of backup {id}"))
                    }
                    (_, Version::File { content, .. }) => (StepKind::WriteFile, content.describe()),
                };
                StepSection { kind, path: Some(path.as_str().to_owned()), describe, record: is_record(path) }
            }
            Self::MakeFolder { path } => folder_section(StepKind::MakeFolder, path, "make the folder"),
            Self::RemoveFolder { path } => {
                folder_section(StepKind::RemoveFolder, path, "remove the empty folder")
            }
            Self::RestoreTree { backup } => StepSection {
                kind: StepKind::RestoreTree,
                path: None,
                describe: format!("put everything back as backup {backup} has it"),
                record: false,
            },
            Self::Reload => StepSection {
                kind: StepKind::Reload,
                path: None,
                describe: "nginx, then check that new workers answer".to_owned(),
                record: false,
            },
        }
    }

    /// The step as the journal records it.
    #[must_use]
    pub fn to_journal(&self) -> JournalStep {
        match self {
            Self::SetFile { path, from, to } => {
                JournalStep::SetFile { path: path.clone(), from: from.to_journal(), to: to.to_journal() }
            }
            Self::MakeFolder { path } => JournalStep::MakeFolder { path: path.clone() },
            Self::RemoveFolder { path } => JournalStep::RemoveFolder { path: path.clone() },
            Self::RestoreTree { backup } => JournalStep::RestoreTree { backup: backup.clone() },
            Self::Reload => JournalStep::Reload,
        }
    }
}

/// What a record of motionctl's own is for.
fn record(path: &TextPath) -> &'static str {
    match holds_local_changes(path) {
        true => "motionctl's own record of this server's changes",
        false => "motionctl's own record of the original",
    }
}

fn folder_section(kind: StepKind, path: &TextPath, describe: &str) -> StepSection {
    StepSection {
        kind,
        path: Some(path.as_str().to_owned()),
        describe: describe.to_owned(),
        record: holds_records(path),
    }
}

impl Version {
    /// The hash of the contents; `None` where there is no file.
    #[must_use]
    pub fn sha256(&self) -> Option<Hash> {
        match self {
            Self::Absent => None,
            Self::File { sha256, .. } => Some(*sha256),
        }
    }

    fn kept_in(&self, backup: &BackupId) -> Self {
        match self {
            Self::Absent => Self::Absent,
            Self::File { sha256, attributes, content: _ } => Self::File {
                sha256: *sha256,
                attributes: attributes.clone(),
                content: Content::Backup(backup.clone()),
            },
        }
    }

    fn to_journal(&self) -> StepVersion {
        match self {
            Self::Absent => StepVersion::Absent,
            Self::File { sha256, .. } => StepVersion::File(*sha256),
        }
    }
}

impl Content {
    fn describe(&self) -> String {
        match self {
            Self::Live => "leave the contents as they are".to_owned(),
            Self::Patched(patches) => {
                let lines: usize = patches.iter().map(|patch| patch.text.lines().count()).sum();
                let removed = patches
                    .iter()
                    .fold(0_usize, |sum, patch| sum.saturating_add(patch.end.saturating_sub(patch.start)));
                match removed {
                    0 => format!("insert {}, remove nothing", counted(lines, "line")),
                    _ => format!("write {} in place of {}", counted(lines, "line"), counted(removed, "byte")),
                }
            }
            Self::Backup(id) => format!("put back the contents of backup {id}"),
            Self::Copied(path) => format!("keep {} as it is", path.as_str()),
            Self::Local(how) => format!("keep the local changes of {}", how.site.as_str()),
        }
    }
}

/// The changes that turn one text into another, whole lines at a time; `None`
/// when a changed line is not UTF-8.
#[must_use]
pub fn line_patches(old: &[u8], new: &[u8]) -> Option<Vec<Patch>> {
    let diff = similar::TextDiff::from_lines(old, new);
    let offsets = |lines: &[&[u8]]| {
        lines
            .iter()
            .scan(0, |end, line| {
                *end += line.len();
                Some(*end)
            })
            .collect::<Vec<_>>()
    };
    let old_lines: Vec<&[u8]> = diff.iter_old_slices().collect();
    let new_lines: Vec<&[u8]> = diff.iter_new_slices().collect();
    let (old_ends, new_ends) = (offsets(&old_lines), offsets(&new_lines));
    let start = |ends: &[usize], line: usize| if line == 0 { 0 } else { ends[line - 1] };
    let mut patches = Vec::new();
    for operation in diff.ops().iter().filter(|operation| operation.tag() != similar::DiffTag::Equal) {
        let (from, to) = (operation.old_range(), operation.new_range());
        let text = &new[start(&new_ends, to.start)..start(&new_ends, to.end)];
        patches.push(Patch {
            start: start(&old_ends, from.start),
            end: start(&old_ends, from.end),
            text: String::from_utf8(text.to_vec()).ok()?,
        });
    }
    Some(patches)
}

/// Whether each patch ends where or after it starts, and starts where or after the one before ended.
#[must_use]
pub fn are_in_order(patches: &[Patch]) -> bool {
    let mut position = 0;
    patches.iter().all(|patch| {
        let fits = position <= patch.start && patch.start <= patch.end;
        position = patch.end;
        fits
    })
}

/// Applies `patches`, given in ascending order, to `source`.
///
/// # Errors
/// When they overlap or do not lie inside the file.
pub fn patch(source: &[u8], patches: &[Patch]) -> Result<Vec<u8>, PatchError> {
    let mut result =
        Vec::with_capacity(source.len() + patches.iter().map(|patch| patch.text.len()).sum::<usize>());
    let mut position = 0;
    for patch in patches {
        if patch.start < position || patch.end < patch.start || patch.end > source.len() {
            return Err(PatchError::OutOfRange { start: patch.start, end: patch.end, length: source.len() });
        }
        result.extend_from_slice(&source[position..patch.start]);
        result.extend_from_slice(patch.text.as_bytes());
        position = patch.end;
    }
    result.extend_from_slice(&source[position..]);
    Ok(result)
}

/// As [`patch`], and the result must have the hash that the plan promised.
///
/// # Errors
/// When the patches do not fit or the result differs.
pub fn patch_to(source: &[u8], patches: &[Patch], expected: Hash) -> Result<Vec<u8>, PatchError> {
    let result = patch(source, patches)?;
    let found = Hash::of(&result);
    if found == expected { Ok(result) } else { Err(PatchError::WrongResult { found, expected }) }
}

/// The step that makes a file of ours say this; `None` when it does.
pub(super) fn write_text(
    path: &TextPath,
    old: Option<&(FileFacts, Vec<u8>)>,
    attributes: &Attributes,
    new: &[u8],
) -> Option<Step> {
    let from = match old {
        None => Version::Absent,
        Some((FileFacts { sha256, attributes }, _)) => {
            Version::File { sha256: *sha256, attributes: attributes.clone(), content: Content::Live }
        }
    };
    let sha256 = Hash::of(new);
    if from.sha256() == Some(sha256) {
        return None;
    }
    let attributes = old.map_or_else(|| attributes.clone(), |(facts, _)| facts.attributes.for_new_bytes());
    let before = old.map_or(&[][..], |(_, bytes)| bytes);
    let content = Content::Patched(line_patches(before, new)?);
    Some(Step::SetFile { path: path.clone(), from, to: Version::File { sha256, attributes, content } })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(patches: &[(usize, usize, &str)], expect: Option<&str>) {
        let patches: Vec<_> = patches
            .iter()
            .map(|(start, end, text)| Patch { start: *start, end: *end, text: (*text).to_owned() })
            .collect();
        let result = patch(b"abcdef", &patches).ok();
        assert_eq!(result.as_deref(), expect.map(str::as_bytes), "{patches:?}");
    }

    #[test]
    fn patches_apply_in_order_or_not_at_all() {
        check(&[], Some("abcdef"));
        check(&[(0, 0, "x"), (6, 6, "y")], Some("xabcdefy"));
        check(&[(1, 3, "-"), (3, 4, "")], Some("a-ef"));
        check(&[(3, 4, ""), (1, 3, "-")], None);
        check(&[(4, 2, "")], None);
        check(&[(5, 7, "")], None);
    }

    #[test]
    fn the_inverse_of_the_inverse_changes_the_same_files() {
        let attributes = Attributes::plain(0o644, 0, 0);
        let step = Step::SetFile {
            path: TextPath::new("/etc/nginx/a").expect("a path"),
            from: Version::File { sha256: Hash::of(b"old"), attributes, content: Content::Live },
            to: Version::Absent,
        };
        let backup = "20261122T101500Z-0a1b2c3d".parse().expect("a backup's name");
        let twice = step.inverse(&backup).inverse(&backup);
        assert_eq!(step.to_journal(), twice.to_journal());
        assert_ne!(step.to_journal(), step.inverse(&backup).to_journal());
    }
}
