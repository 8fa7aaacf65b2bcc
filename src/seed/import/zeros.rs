//! Zeros in front that a spreadsheet has taken away.
//!
//! Invariant: pure. Where a column has digits that begin with a zero, fewer digits beside them may have lost theirs;
//! only what a workbook holds as text was typed so.

use super::cells::{Cell, Grid, items};
use super::header::Column;
use super::model::{Fault, Kind};
use std::collections::BTreeMap;

/// How long the longest digits with a zero in front are, by column.
#[derive(Debug)]
pub(super) struct Zeros {
    kind: Kind,
    longest: BTreeMap<u32, usize>,
}

impl Zeros {
    /// Looks at every column of names and extensions below the header.
    pub fn of(grid: &Grid, header: u32, columns: &BTreeMap<u32, Column>) -> Self {
        let mut longest: BTreeMap<u32, usize> = BTreeMap::new();
        let cells = grid.lines.range(header + 1..).flat_map(|(_, cells)| cells);
        for (index, cell) in cells {
            let is_list = match columns.get(index) {
                Some(Column::Username | Column::Internal) => false,
                Some(Column::Profiles | Column::Personal(_)) => true,
                _ => continue,
            };
            let Cell::Text(text) = cell else { continue };
            let found: Vec<&str> = if is_list { items(text).collect() } else { vec![text] };
            for digits in found.into_iter().filter(|text| text.starts_with('0') && is_digits(text)) {
                let known = longest.entry(*index).or_default();
                *known = digits.len().max(*known);
            }
        }
        Self { kind: grid.kind, longest }
    }

    /// What is wrong with digits of a cell, if their zeros may be lost.
    pub fn lost(&self, column: u32, digits: &str, cell: &Cell) -> Option<Fault> {
        let may_be_number = matches!(cell, Cell::Number { .. }) || self.kind == Kind::Csv;
        let is_short = self.longest.get(&column).is_some_and(|longest| digits.len() < *longest);
        if !may_be_number || !is_short || !is_digits(digits) {
            return None;
        }
        let message = format!("holds the number {digits}, and others of this column begin with 0");
        let hint = match self.kind {
            Kind::Csv => {
                "its zeros may be lost: format the column as text and type it again; if it is meant so, save the \
                 table as .xlsx"
            }
            Kind::Sheet => "its zeros may be lost: format the cell as text and type it again",
        };
        Some(Fault::new(message, hint))
    }
}

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}
