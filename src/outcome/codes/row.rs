//! A row of the table of findings, and the code that stands for it.
//!
//! Invariant: a code is one of the table's rows; there is no other way to get one.

use super::family::{Accept, Family};
use crate::outcome::Level;
use schemars::JsonSchema;
use serde::{Serialize, Serializer};
use std::cmp::Ordering;
use std::fmt;

/// What stops an apply refuses it with this exit code unless the row says otherwise.
const REFUSED: u8 = 3;

/// A finding's code: a row of the table.
#[derive(Clone, Copy)]
pub struct Code(&'static Row);

/// What is known of a code.
#[derive(Debug)]
pub struct Row {
    name: &'static str,
    grades: &'static [Grade],
    exit: u8,
    accept: Accept,
    meaning: &'static str,
    looked_for: &'static str,
    advice: &'static str,
    remedy: Option<Remedy>,
}

/// What is typed to settle what a finding is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Remedy {
    /// Options of the same command, or another command.
    pub typed: Typed,
    /// What it does, in a few words.
    pub why: &'static str,
}

/// Where the words of a remedy belong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Typed {
    /// Behind the command that was stopped.
    Behind(&'static str),
    /// Instead of it: a command of motionctl's.
    Instead(&'static str),
}

/// A level that a finding may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Grade {
    /// How much it matters.
    pub level: Level,
    /// When it is of this level; empty for the usual one.
    #[serde(skip_serializing_if = "str::is_empty")]
    pub when: &'static str,
}

pub(super) const fn stop(name: &'static str) -> Row {
    graded(name, &[Grade { level: Level::Stop, when: "" }])
}

pub(super) const fn warn(name: &'static str) -> Row {
    graded(name, &[Grade { level: Level::Warn, when: "" }])
}

pub(super) const fn info(name: &'static str) -> Row {
    graded(name, &[Grade { level: Level::Info, when: "" }])
}

/// A code of several levels, the usual one first.
pub(super) const fn graded(name: &'static str, grades: &'static [Grade]) -> Row {
    let none = "";
    Row {
        name,
        grades,
        exit: REFUSED,
        accept: Accept::Never,
        meaning: none,
        looked_for: none,
        advice: none,
        remedy: None,
    }
}

pub(super) const fn usual(level: Level) -> Grade {
    Grade { level, when: "" }
}

pub(super) const fn when(level: Level, when: &'static str) -> Grade {
    Grade { level, when }
}

impl Row {
    pub(super) const fn exits(self, exit: u8) -> Self {
        Self { exit, ..self }
    }

    pub(super) const fn accepted_by(self, family: Family) -> Self {
        Self { accept: Accept::ByName(family), ..self }
    }

    pub(super) const fn decided_by(self, family: Family) -> Self {
        Self { accept: Accept::BySide(family), ..self }
    }

    pub(super) const fn means(self, meaning: &'static str) -> Self {
        Self { meaning, ..self }
    }

    pub(super) const fn looked_for(self, looked_for: &'static str) -> Self {
        Self { looked_for, ..self }
    }

    pub(super) const fn settled_with(self, options: &'static str, why: &'static str) -> Self {
        Self { remedy: Some(Remedy { typed: Typed::Behind(options), why }), ..self }
    }

    pub(super) const fn settled_by(self, command: &'static str, why: &'static str) -> Self {
        Self { remedy: Some(Remedy { typed: Typed::Instead(command), why }), ..self }
    }

    pub(super) const fn advises(self, advice: &'static str) -> Self {
        Self { advice, ..self }
    }
}

impl Code {
    pub(super) const fn of(row: &'static Row) -> Self {
        Self(row)
    }

    /// Its name, such as `site.ambiguous`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        self.0.name
    }

    /// What it is about: the word before the point.
    #[must_use]
    pub fn area(self) -> &'static str {
        self.name().split('.').next().unwrap_or_default()
    }

    /// Where `docs/findings.md` speaks of it: the end of a link. A heading's anchor has no points.
    #[must_use]
    pub fn anchor(self) -> String {
        format!("findings.md#{}", self.name().replace('.', ""))
    }

    /// Its levels, the usual one first.
    #[must_use]
    pub const fn grades(self) -> &'static [Grade] {
        self.0.grades
    }

    /// Whether a finding of this code may have the level.
    #[must_use]
    pub fn has(self, level: Level) -> bool {
        self.grades().iter().any(|grade| grade.level == level)
    }

    /// With which exit code it refuses an apply; `None` where it never does.
    #[must_use]
    pub fn exit_code(self) -> Option<u8> {
        self.has(Level::Stop).then_some(self.0.exit)
    }

    /// Whether and how `--accept` takes it.
    #[must_use]
    pub const fn accept(self) -> Accept {
        self.0.accept
    }

    /// What it says about the server, in one line.
    #[must_use]
    pub const fn meaning(self) -> &'static str {
        self.0.meaning
    }

    /// How it is looked for.
    #[must_use]
    pub const fn looked_for(self) -> &'static str {
        self.0.looked_for
    }

    /// What to do about it.
    #[must_use]
    pub const fn advice(self) -> &'static str {
        self.0.advice
    }

    /// What is typed to settle it, where one command does.
    #[must_use]
    pub const fn remedy(self) -> Option<Remedy> {
        self.0.remedy
    }
}

impl PartialEq for Code {
    fn eq(&self, other: &Self) -> bool {
        self.name() == other.name()
    }
}

impl Eq for Code {}

impl PartialOrd for Code {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Code {
    fn cmp(&self, other: &Self) -> Ordering {
        self.name().cmp(other.name())
    }
}

impl fmt::Debug for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl Serialize for Code {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}
