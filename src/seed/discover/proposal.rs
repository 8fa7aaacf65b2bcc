//! A proposed map: lines with a grade and a reason, and their text.
//!
//! Invariant: each line that a person must judge says how sure it is and why. Nobody is named as a
//! reviewer, and nothing may be created: a person says that.

use crate::seed::map::Map;
use serde::{Deserialize, Serialize};
use std::fmt::{self, Write};

/// How sure a line is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Grade {
    /// It might be; compare it with care.
    Guess,
    /// The names and types agree with the conventions.
    Likely,
    /// It is documented, or the database itself says it.
    Certain,
    /// A profile that a person made in Motion's own interface shows it.
    Learned,
}

impl Grade {
    /// Its word in the file.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Guess => "guess",
            Self::Likely => "likely",
            Self::Certain => "certain",
            Self::Learned => "learned",
        }
    }
}

/// A proposed map.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Proposal {
    /// Its tables, in order.
    pub sections: Vec<Section>,
    /// What was seen while it was learned; it comes before the notes.
    pub remarks: Vec<String>,
    /// What could not be found or told.
    pub notes: Vec<Note>,
}

/// What could not be found or told of one part.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    /// The part's key, a table, or what a check says of both.
    pub about: String,
    pub says: String,
    pub kind: NoteKind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoteKind {
    Open,
    /// Nothing looks like it, and that is all.
    Absent,
    /// What a check of the map would refuse.
    ToBeSettled,
}

impl Note {
    pub fn open(about: impl Into<String>, says: impl Into<String>) -> Self {
        Self { about: about.into(), says: says.into(), kind: NoteKind::Open }
    }

    /// That there is no table for a part; and what looks like one and is none.
    pub fn absent(about: impl Into<String>, besides: Vec<String>) -> Self {
        let kind = if besides.is_empty() { NoteKind::Absent } else { NoteKind::Open };
        Self { kind, ..Self::open(about, and("no table found", besides)) }
    }
}

/// A reason, and what else there is to know about it.
pub fn and(reason: &str, more: Vec<String>) -> String {
    std::iter::once(reason.to_owned()).chain(more).collect::<Vec<_>>().join("; ")
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.about, self.says)
    }
}

/// One table of the file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Section {
    /// Its key, such as `users.columns`.
    pub key: String,
    pub entries: Vec<ProposalLine>,
    /// Whether somebody must choose it first: then all of it is a comment.
    pub is_open: bool,
}

/// One line of the file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum ProposalLine {
    /// A key, its value as TOML, how sure that is and why.
    Line(String, String, Grade, String),
    /// A key that is needed and was not found, and what was looked for.
    Missing(String, String),
    /// What is recorded, and not to be judged.
    Recorded(String, String),
    Remark(String),
}

impl Section {
    /// A section without lines.
    pub fn new(key: impl Into<String>) -> Self {
        Self { key: key.into(), entries: Vec::new(), is_open: false }
    }

    /// The same as one of several that could be it.
    #[must_use]
    pub fn left_open(self) -> Self {
        Self { is_open: true, ..self }
    }

    /// Adds a line whose value is a text.
    pub fn text(&mut self, key: &str, value: &str, grade: Grade, reason: impl Into<String>) {
        self.entries.push(ProposalLine::Line(key.to_owned(), quoted(value), grade, reason.into()));
    }
}

impl Proposal {
    /// How many lines have this grade.
    #[must_use]
    pub fn count(&self, grade: Grade) -> usize {
        self.entries()
            .filter(|entry| matches!(entry, ProposalLine::Line(_, _, its, _) if *its == grade))
            .count()
    }

    /// The keys that are needed and were not found.
    #[must_use]
    pub fn missing(&self) -> Vec<String> {
        let of = |section: &Section, entry: &ProposalLine| match entry {
            ProposalLine::Missing(key, _) => Some(format!("{}.{key}", section.key)),
            _ => None,
        };
        let missing = |section| {
            let section: &Section = section;
            section.entries.iter().filter_map(|entry| of(section, entry)).collect::<Vec<_>>()
        };
        self.decided().flat_map(missing).collect()
    }

    /// Its remarks and notes, as people read them.
    #[must_use]
    pub fn said(&self) -> Vec<String> {
        self.remarks.iter().cloned().chain(self.notes.iter().map(Note::to_string)).collect()
    }

    /// The file: what is described goes into its head.
    #[must_use]
    pub fn to_toml(&self, of_what: &str) -> String {
        let mut text = format!(
            "# Schema map proposed by `motionctl seed schema {}` for {}.\n{HEAD}",
            if self.count(Grade::Learned) > 0 { "learn" } else { "discover" },
            of_what.replace(char::is_control, " ")
        );
        for note in self.said() {
            comment(&mut text, &note);
        }
        let _ = write!(text, "\nformat = 1\nname = {}\n{REVIEW}", quoted(of_what));
        for section in &self.sections {
            let mut lines = format!("[{}]\n", section.key);
            for entry in &section.entries {
                entry_text(&mut lines, entry);
            }
            text.push('\n');
            for line in lines.lines() {
                let mark = if section.is_open && !line.starts_with('#') { "# " } else { "" };
                let _ = writeln!(text, "{mark}{line}");
            }
        }
        text.push('\n');
        text.push_str(effects());
        text
    }

    fn entries(&self) -> impl Iterator<Item = &ProposalLine> {
        self.decided().flat_map(|section| &section.entries)
    }

    /// The sections that are part of the map.
    fn decided(&self) -> impl Iterator<Item = &Section> {
        self.sections.iter().filter(|section| !section.is_open)
    }
}

const HEAD: &str = "\
# Nothing here is known before a person has compared it with the database. Each line says how sure it is and why:
#   learned  a profile that was made by hand in Motion's own interface shows it
#   certain  documented, or the database itself says so
#   likely   names and types agree with the conventions
#   guess    compare it with care
# What to do: docs/seeding.md, \"Schema map: from discover to a reviewed map\". Surer than any other witness is one profile
# that is made by hand in Motion: `motionctl seed schema learn --begin`.
";

const REVIEW: &str = "\
# Your name, once you have compared every line. While it is empty, nothing is written to MySQL or MariaDB.
reviewed_by = \"\"
";

fn entry_text(text: &mut String, entry: &ProposalLine) {
    let _ = match entry {
        ProposalLine::Line(key, value, grade, reason) => {
            writeln!(text, "{key} = {value}  # {}: {}", grade.word(), one_line(reason))
        }
        ProposalLine::Missing(key, reason) => {
            writeln!(text, "# {key} = \"\"  # not found: {}", one_line(reason))
        }
        ProposalLine::Recorded(key, value) => writeln!(text, "{key} = {value}"),
        ProposalLine::Remark(remark) => {
            comment(text, remark);
            Ok(())
        }
    };
}

fn comment(text: &mut String, remark: &str) {
    let _ = writeln!(text, "# {}", one_line(remark));
}

/// Names of a database may hold anything; a comment ends at a line's end.
fn one_line(text: &str) -> String {
    text.replace(char::is_control, " ")
}

/// What the application notices of a change is the same on every server, as far as it is known.
fn effects() -> &'static str {
    let built_in = Map::built_in_text();
    built_in.find("# What the running application").map_or("", |start| &built_in[start..])
}

/// A text as TOML writes it.
pub fn quoted(text: &str) -> String {
    toml::Value::String(text.to_owned()).to_string()
}

/// A key as TOML writes it.
pub fn key(name: &str) -> String {
    let bare = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    if !name.is_empty() && name.chars().all(bare) { name.to_owned() } else { quoted(name) }
}
