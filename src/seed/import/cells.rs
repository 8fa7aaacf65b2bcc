//! A table as a spreadsheet or a CSV file holds it, and what is wrong with its cells.
//!
//! Invariant: pure; an empty cell is not there. Nothing is guessed: what a program may have changed is a fault that
//! names the cell.

use super::model::{Fault, Kind, Use};
use super::{number, typed};
use crate::outcome::ProblemSection;
use crate::seed::manifest::shown;
use std::collections::BTreeMap;

/// No person reads more of them.
const MOST_FAULTS: usize = 10_000;

/// What a cell holds.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Cell {
    /// Text, with blanks at its ends taken off.
    Text(String),
    /// A number, and the format by which it is shown.
    Number { value: f64, format: String },
    /// Something that is shown as it is not kept, and what that is: a date, a formula, an error.
    Unusable(&'static str, String),
}

/// The cells of a line that are not empty, by column from 1.
pub(super) type Cells = BTreeMap<u32, Cell>;

/// A table.
#[derive(Debug, Clone)]
pub(super) struct Grid {
    pub kind: Kind,
    /// Lines that hold something, by their number from 1.
    pub lines: BTreeMap<u32, Cells>,
    /// Regions of more than one cell that are shown as one: first and last line, first and last column.
    pub merged: Vec<[u32; 4]>,
    /// What is hidden and was read like the rest, or not read: a line each.
    pub hidden: Vec<String>,
}

impl Grid {
    /// A table without a line.
    pub fn new(kind: Kind) -> Self {
        Self { kind, lines: BTreeMap::new(), merged: Vec::new(), hidden: Vec::new() }
    }
}

/// Where a cell is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub(super) struct At {
    pub line: u32,
    pub column: u32,
}

impl At {
    /// No cell: the table as a whole.
    pub const TABLE: Self = Self { line: 0, column: 0 };

    /// The name of the cell, as spreadsheets have it.
    pub fn name(self) -> String {
        format!("{}{}", letters(self.column), self.line)
    }
}

/// The letters of a column from 1.
pub(super) fn letters(mut column: u32) -> String {
    let mut letters = Vec::new();
    while column > 0 {
        let digit = u8::try_from((column - 1) % 26).unwrap_or(0);
        letters.push(char::from(b'A' + digit));
        column = (column - 1) / 26;
    }
    letters.iter().rev().collect()
}

/// All that is wrong with a table.
pub(super) struct Faults {
    file: String,
    kind: Kind,
    headers: BTreeMap<u32, String>,
    found: Vec<ProblemSection>,
}

impl Faults {
    pub fn new(file: &str, kind: Kind) -> Self {
        Self { file: file.to_owned(), kind, headers: BTreeMap::new(), found: Vec::new() }
    }

    /// What the columns are called from here on.
    pub fn name_columns(&mut self, headers: BTreeMap<u32, String>) {
        self.headers = headers;
    }

    /// Keeps a fault of a cell.
    pub fn push(&mut self, at: At, fault: Fault) {
        if self.found.len() < MOST_FAULTS {
            self.found.push(ProblemSection {
                file: self.file.clone(),
                line: at.line,
                column: at.column,
                message: self.message(at, &fault.message),
                hint: Some(fault.hint),
                excerpt: Vec::new(),
            });
        }
    }

    /// What is wrong with a cell, or with the table as a whole.
    fn message(&self, at: At, message: &str) -> String {
        if at == At::TABLE { message.to_owned() } else { format!("{}: {message}", self.place(at)) }
    }

    /// Whether nothing was wrong so far.
    pub fn is_empty(&self) -> bool {
        self.found.is_empty()
    }

    /// A cell as a person finds it.
    pub fn place(&self, at: At) -> String {
        match (self.kind, self.headers.get(&at.column)) {
            (Kind::Sheet, _) => format!("cell {}", at.name()),
            (Kind::Csv, Some(header)) => format!("line {}, column {}", at.line, shown(header)),
            (Kind::Csv, None) => format!("line {}, column {}", at.line, at.column),
        }
    }

    /// What was found, in the order of the table.
    pub fn take_problems(&mut self) -> Vec<ProblemSection> {
        self.found.sort_by_key(|problem| (problem.line, problem.column));
        std::mem::take(&mut self.found)
    }
}

impl Cell {
    /// Text out of what somebody typed; none where there is nothing but blanks.
    pub fn text_of(text: &str) -> Option<Self> {
        let text = text.trim();
        (!text.is_empty()).then(|| Self::Text(text.to_owned()))
    }

    /// The text that a person sees in it.
    pub fn text(&self, kind: Kind, usage: Use) -> Result<String, Fault> {
        match self {
            Self::Unusable(what, hint) => Err(Fault::new(*what, hint.clone())),
            Self::Number { value, format } => number::as_text(*value, format),
            Self::Text(text) => {
                if let Some(c) = text.chars().find(|c| c.is_control() && *c != '\n' && *c != '\r') {
                    return Err(Fault::new(
                        format!("holds the control character {}", c.escape_default()),
                        "delete it: it cannot be seen",
                    ));
                }
                typed::check(text, kind, usage)?;
                Ok(text.clone())
            }
        }
    }

    /// The same where it is one line.
    pub fn line(&self, kind: Kind, usage: Use) -> Result<String, Fault> {
        let text = self.text(kind, usage)?;
        if text.contains(['\n', '\r']) {
            let hint = match kind {
                Kind::Csv => "a quote `\"` that is opened and not closed takes the lines below into its cell",
                Kind::Sheet => "write it in one line",
            };
            return Err(Fault::new("holds a line break", hint));
        }
        Ok(text)
    }
}

/// The names in a cell, parted by semicolons or lines; where there are none, by commas.
pub(super) fn items(text: &str) -> impl Iterator<Item = &str> {
    let separators: &[char] = if text.contains([';', '\n', '\r']) { &[';', '\n', '\r'] } else { &[','] };
    text.split(separators).map(str::trim).filter(|name| !name.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_have_letters() {
        let check = |column, expect: &str| assert_eq!(letters(column), expect);
        check(1, "A");
        check(26, "Z");
        check(27, "AA");
        check(702, "ZZ");
        check(16_384, "XFD");
    }
}
