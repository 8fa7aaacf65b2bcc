//! A table to fill in.
//!
//! Invariant: what is written here is read by the rest of this room, as it is.

use super::header::Column;
use crate::outcome::{Failure, FailureKind};
use rust_xlsxwriter::{Format, Workbook, XlsxError};

/// An agent with all that a row can say, and one with the least.
const ROWS: [[&str; 14]; 2] = [
    [
        "agent1", "Agent One", "agent1@example.test", "1001", "Profile 1; Profile 2", "Profile 1/Talk Now=2",
        "", "Support", "", "", "", "", "", "",
    ],
    ["agent2", "Agent Two", "agent2@example.test", "0100", "Profile 1", "", "", "", "", "", "", "", "", ""],
];
/// As many rows as have cells that keep what is typed.
const PREPARED: u32 = 2_000;

fn titles() -> Vec<String> {
    Column::all().into_iter().map(Column::title).collect()
}

/// As CSV.
#[must_use]
pub fn csv() -> String {
    // Excel takes a file without the mark for another encoding.
    let mut text = String::from("\u{feff}");
    let rows = ROWS.map(|row| row.map(str::to_owned).to_vec());
    for row in std::iter::once(titles()).chain(rows) {
        text.push_str(&row.join(","));
        text.push_str("\r\n");
    }
    text
}

/// As a workbook, the cells of which are formatted as text: what is typed into them keeps its zeros.
///
/// # Errors
/// When it cannot be made.
pub fn workbook() -> Result<Vec<u8>, Failure> {
    made().map_err(|error| Failure::new(FailureKind::Failed, format!("writing a workbook: {error}")))
}

fn made() -> Result<Vec<u8>, XlsxError> {
    let mut book = Workbook::new();
    let text = Format::new().set_num_format("@");
    let bold = Format::new().set_bold().set_num_format("@");
    let sheet = book.add_worksheet().set_name("Agents")?;
    for (column, title) in (0..).zip(titles()) {
        sheet.set_column_format(column, &text)?;
        sheet.set_column_width(column, 20)?;
        sheet.write_with_format(0, column, title, &bold)?;
        // The format of a column alone is not kept by every program for cells that are pasted.
        for row in 1..PREPARED {
            sheet.write_blank(row, column, &text)?;
        }
    }
    for (row, values) in (1..).zip(ROWS) {
        for (column, value) in (0..).zip(values).filter(|(_, value)| !value.is_empty()) {
            sheet.write_with_format(row, column, value, &text)?;
        }
    }
    sheet.set_freeze_panes(1, 1)?;
    book.save_to_buffer()
}
