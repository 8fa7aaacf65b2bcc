//! What came of the cases of a matrix, shown also when the test passes.

use crate::support::depth;
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// How one case ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum End {
    /// The server is as before the command.
    Old,
    /// The command's work is whole.
    New,
    /// The command itself refused before it touched anything.
    Refused,
    /// Neither: never allowed.
    Mixed,
}

/// The rows of one matrix, by scenario.
#[derive(Debug, Default)]
pub struct Table {
    rows: BTreeMap<String, Row>,
    /// Why a case counts as mixed or did not fire.
    pub complaints: Vec<String>,
}

#[derive(Debug, Default)]
struct Row {
    cases: usize,
    fired: usize,
    ends: BTreeMap<End, usize>,
    note: String,
}

impl Table {
    /// Counts a case that was to be run.
    pub fn run(&mut self, row: &str) {
        self.rows.entry(row.to_owned()).or_default().cases += 1;
    }

    /// Counts a case whose kill or fault happened, and how it ended.
    pub fn fired(&mut self, row: &str, end: End) {
        let row = self.rows.entry(row.to_owned()).or_default();
        row.fired += 1;
        *row.ends.entry(end).or_default() += 1;
    }

    /// Something to know about a row.
    pub fn note(&mut self, row: &str, note: String) {
        self.rows.entry(row.to_owned()).or_default().note = note;
    }

    /// Shows the table, then fails if a case was mixed or did not fire.
    pub fn conclude(&self, name: &str) {
        depth::report(name, &self.text());
        assert!(self.complaints.is_empty(), "{} complaints:\n{}", self.complaints.len(), self.first());
        for (name, row) in &self.rows {
            assert_eq!((row.fired, row.ends.get(&End::Mixed)), (row.cases, None), "{name}");
        }
    }

    fn first(&self) -> String {
        self.complaints.iter().take(12).cloned().collect::<Vec<_>>().join("\n")
    }

    fn text(&self) -> String {
        let widest = self.rows.keys().map(|name| name.chars().count()).max().unwrap_or(0);
        let mut text = format!("  {:widest$}  cases  fired   old   new  refused  mixed\n", "");
        for (name, row) in &self.rows {
            let end = |end| row.ends.get(&end).copied().unwrap_or(0);
            let counts = (end(End::Old), end(End::New), end(End::Refused), end(End::Mixed));
            let (old, new, refused, mixed) = counts;
            writeln!(
                text,
                "  {name:widest$}  {:5}  {:5} {old:5} {new:5}  {refused:7}  {mixed:5}  {}",
                row.cases, row.fired, row.note
            )
            .expect("writing to a string");
        }
        text
    }
}
