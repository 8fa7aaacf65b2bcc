//! The parts of the one JSON document that every command answers with.
//!
//! Invariant: field names are public contract: they are added to, never renamed.

use super::Offered;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The database that was asked: all that is ever shown of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct DatabaseSection {
    /// `MariaDB`, `MySQL` or `SQLite`.
    pub server: String,
    /// Its version.
    pub version: String,
    /// The user; empty for SQLite.
    pub user: String,
    /// A host, a socket or a file.
    pub host: String,
    /// The schema.
    pub schema: String,
    /// How it was reached.
    pub transport: String,
}

/// Why a run failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct ErrorSection {
    /// Operation, path and cause.
    pub message: String,
    /// What to do about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
    /// What only few want to know of it, such as hashes.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub particulars: Vec<String>,
    /// The error that it comes from and what caused that one, each alone; for people who ask for every detail.
    #[serde(skip)]
    pub causes: Vec<String>,
}

/// One thing that is wrong at a place of a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct ProblemSection {
    /// The file as it was given, or `<stdin>`.
    pub file: String,
    /// Line, from 1; 0 where the file as a whole is meant.
    pub line: u32,
    /// Column in characters, from 1.
    pub column: u32,
    /// What is wrong.
    pub message: String,
    /// What to write instead.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
    /// The line, and below it a mark at the place.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub excerpt: Vec<String>,
}

/// The server that was looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct HostSection {
    /// Host name.
    pub name: String,
    /// Operating system, as `/etc/os-release` names it.
    pub os: String,
    /// NGINX's version.
    pub nginx: Option<String>,
    /// Motion's version.
    pub motion: Option<String>,
}

/// A plan as people and pipelines see it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct PlanSection {
    /// SHA-256 over everything the plan fixes.
    pub id: String,
    /// `graft`, `replace` or `merge`.
    pub strategy: String,
    /// Motion's NGINX file.
    pub site: String,
    /// What the live file descends from; absent when that is not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub base: Option<String>,
    /// Whether an apply would be refused as things are; absent where that is not asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub blocked: Option<bool>,
    /// How much it changes of NGINX's configuration; absent where that is not compared.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub counts: Option<PlanCounts>,
    /// What will be done, in order.
    pub steps: Vec<StepSection>,
    /// What happens to the customer's own changes.
    pub local_changes: LocalChanges,
    /// The same lists, where what the live file descends from is only guessed: they say what differs from the guess,
    /// and not who made it so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub differences_from_guess: Option<GuessSection>,
    /// What the candidate has otherwise, and is left out.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub offered: Vec<Offered>,
    /// What of it the operator named, and is taken.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub taken: Vec<Offered>,
    /// The difference that the steps make.
    pub diff: DiffSection,
}

/// How much a plan changes of NGINX's configuration.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PlanCounts {
    /// Files that are written, made or removed; what is kept for the next update is none of them.
    pub files: usize,
    /// Directives that are new.
    pub add: usize,
    /// Directives that have other arguments.
    pub change: usize,
    /// Directives that are gone.
    pub remove: usize,
}

impl PlanCounts {
    /// Of so many files, and of these directives.
    #[must_use]
    pub fn of(files: usize, diff: &DiffSection) -> Self {
        let mut counts = Self { files, ..Self::default() };
        for DirectiveChange { old, new, .. } in &diff.directives {
            match (old, new) {
                (None, _) => counts.add += 1,
                (Some(_), Some(_)) => counts.change += 1,
                (Some(_), None) => counts.remove += 1,
            }
        }
        counts
    }
}

/// One step of a plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct StepSection {
    /// `write-file`, `create-file`, `remove-file`, `reload`.
    #[schemars(with = "String")]
    pub kind: StepKind,
    /// The file it touches, below the root.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// One line for people.
    pub describe: String,
    /// Whether the file is a record of motionctl's own, which NGINX does not read.
    #[serde(default, skip_serializing_if = "is_false")]
    pub record: bool,
}

/// What a step does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum StepKind {
    /// Writes a file that is there.
    WriteFile,
    CreateFile,
    RemoveFile,
    MakeFolder,
    /// Removes an empty one.
    RemoveFolder,
    /// Puts everything back as a backup has it.
    RestoreTree,
    /// Has NGINX read what is there.
    Reload,
}

impl StepKind {
    /// Whether a file is written, made or removed.
    #[must_use]
    pub fn is_of_a_file(self) -> bool {
        matches!(self, Self::WriteFile | Self::CreateFile | Self::RemoveFile)
    }
}

/// Each local change in exactly one list.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LocalChanges {
    /// Still there after the change.
    pub carried: Vec<LocalChange>,
    /// The new configuration says the same.
    pub already_present: Vec<LocalChange>,
    /// Both sides changed the same directive.
    pub conflicting: Vec<LocalChange>,
    /// Gone after the change.
    pub dropped: Vec<LocalChange>,
}

/// What a merge made of a base that is only guessed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct GuessSection {
    /// The guess.
    pub base: String,
    /// Each difference in exactly one list.
    #[serde(flatten)]
    pub lists: LocalChanges,
}

/// One change that the customer made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LocalChange {
    /// Where it stands: server, location, directive.
    pub path: String,
    /// The directive, redacted.
    pub directive: String,
    /// Its whole text, ready to be put back by hand; redacted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub snippet: Option<String>,
    /// Of an old copy's: what stands in its place today, or why it does not come back; redacted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub today: Option<String>,
    /// Of an old copy's: what `--take` and `--resolve` name it by.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub take: Option<String>,
}

/// What differs between two configurations.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct DiffSection {
    /// By directive.
    pub directives: Vec<DirectiveChange>,
    /// By line, in unified form, redacted.
    pub unified: String,
}

/// One directive that differs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct DirectiveChange {
    /// Block path, such as `server cc.example.test:443 / location /api/`.
    pub path: String,
    /// The directive's name.
    pub directive: String,
    /// Its arguments before; absent when it is new.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub old: Option<String>,
    /// Its arguments after; absent when it is gone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub new: Option<String>,
}

/// A verified snapshot.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct BackupSection {
    /// Its name, sortable by time.
    pub id: String,
    /// Its folder, below the root.
    pub path: String,
    /// How many files it holds.
    pub files: u64,
    /// How many bytes they have.
    pub bytes: u64,
    /// Whether every byte was read again and matched; of a rollback, every byte that goes back.
    pub verified: bool,
}

/// The reload and what proves it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ReloadSection {
    /// Every old worker retired and new ones under the same master.
    pub proven: bool,
    /// Worker pids before the signal.
    pub old_workers: Vec<i32>,
    /// Worker pids that serve now.
    pub new_workers: Vec<i32>,
    /// What the main error log says.
    pub error_log: ErrorLogVerdict,
    /// Error lines of the master and of new workers that NGINX also writes when it has taken the configuration.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub noted: Vec<NotedLine>,
    /// Milliseconds from the signal to the proof.
    pub millis: u64,
}

/// A line of the error log that does not speak against a reload.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct NotedLine {
    /// As NGINX wrote it, redacted.
    pub line: String,
    /// What it means.
    pub means: String,
    /// The function and the file of NGINX's source that write it; absent where the processes disprove the line.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
}

/// What the main error log said about a reload.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ErrorLogVerdict {
    /// Read, and without an error of this reload.
    Clean,
    /// Read, and it names an error of this reload.
    Errors,
    /// It is not a readable file.
    NotLookedAt,
}

/// What one route answered before and after.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ProbeRow {
    /// `name:port` of the server block.
    pub server: String,
    /// The path that was asked for.
    pub uri: String,
    /// Status before the change; 0 when there was no answer.
    pub before: u16,
    /// Status after the change.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub after: Option<u16>,
    /// Status after the rollback.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub restored: Option<u16>,
    /// Whether a difference fails the run.
    pub gated: bool,
    /// Whether it answers as it must.
    pub ok: bool,
    /// It does not, and the operator accepted that: a route that was guarded and is open now.
    #[serde(default, skip_serializing_if = "is_false")]
    pub accepted: bool,
    /// What differs, or which client answers.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub note: String,
}

/// How long one part took.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct DurationSection {
    /// What was done.
    pub step: String,
    /// How long it took.
    pub millis: u64,
    /// Milliseconds from the beginning of the first step to that of this one; absent where only the order is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<u64>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands a reference in")]
fn is_false(value: &bool) -> bool {
    !value
}
