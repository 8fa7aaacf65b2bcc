//! Tables that are opened in a spreadsheet.
//!
//! Invariant: CSV by RFC 4180; of a text that somebody typed no spreadsheet makes a formula.

use crate::outcome::{Failure, FailureKind};

/// What stands in a cell.
pub enum Cell<'a> {
    /// A text that somebody typed into the database.
    Typed(&'a str),
    /// A word or number of ours.
    Ours(String),
}

/// A table: its head, and its rows.
pub fn csv<'a, R>(head: &[&str], rows: impl IntoIterator<Item = R>) -> Result<String, Failure>
where
    R: IntoIterator<Item = Cell<'a>>,
{
    let failed = |error: String| Failure::new(FailureKind::Failed, format!("writing the table: {error}"));
    let mut writer = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(Vec::new());
    writer.write_record(head).map_err(|error| failed(error.to_string()))?;
    for row in rows {
        let cells = row.into_iter().map(|cell| match cell {
            Cell::Typed(text) => harmless(text),
            Cell::Ours(text) => text,
        });
        writer.write_record(cells.map(String::into_bytes)).map_err(|error| failed(error.to_string()))?;
    }
    let bytes = writer.into_inner().map_err(|error| failed(error.to_string()))?;
    String::from_utf8(bytes).map_err(|error| failed(error.to_string()))
}

/// A text that a spreadsheet takes for nothing but text, also where it looks past blanks or takes wide signs for the usual.
fn harmless(text: &str) -> String {
    let is_formula =
        text.trim_start().starts_with(['=', '+', '-', '@', '\u{ff1d}', '\u{ff0b}', '\u{ff0d}', '\u{ff20}'])
            || text.starts_with(['\t', '\r', '\n']);
    if is_formula { format!("'{text}") } else { text.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_was_typed_is_made_harmless() {
        for begin in ["=", "+", "-", "@", "  =", "\t", "\r", "\n", "\u{ff1d}"] {
            assert_eq!(harmless(&format!("{begin}1")), format!("'{begin}1"));
        }
        for text in ["", "1=1", "Anna-Lena", "'=1"] {
            assert_eq!(harmless(text), text);
        }
        let row = [Cell::Typed("-1"), Cell::Ours("-1".to_owned()), Cell::Typed("a \"b\", c")];
        let table = csv(&["one", "two", "three"], [row]).expect("a table");
        assert_eq!(table, "one,two,three\r\n'-1,-1,\"a \"\"b\"\", c\"\r\n");
    }
}
