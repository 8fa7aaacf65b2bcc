//! CSV files: which separator, which encoding, which cells.
//!
//! Invariant: a file in another encoding than UTF-8 is refused with what to do; the separator is the one by which the
//! header means something.

use super::cells::{Cell, Grid};
use super::header::column;
use super::model::Kind;
use crate::outcome::{Failure, FailureKind};

/// More lines than a spreadsheet has.
const MOST_LINES: usize = 1 << 20;
const SAVE: &str = "in the spreadsheet: Save As, \"CSV UTF-8\"";
const SEPARATORS: [u8; 3] = *b",;\t";

/// Reads a file.
pub(super) fn read(bytes: &[u8], name: &str) -> Result<Grid, Failure> {
    let text = decode(bytes, name)?;
    let (separator, text, skipped) = separator(text);
    if text.bytes().filter(|byte| *byte == b'"').count() % 2 != 0 {
        let invalid = invalid(name, "a quote `\"` is opened and not closed, so that its cell has no end");
        return Err(invalid.with_hint("a quote inside of a quoted cell is written twice: \"\""));
    }
    let mut reader = csv::ReaderBuilder::new()
        .delimiter(separator)
        .has_headers(false)
        .flexible(true)
        .from_reader(text.as_bytes());
    let mut grid = Grid::new(Kind::Csv);
    let mut record = csv::StringRecord::new();
    let mut lines = Lines { text, at: 0, line: 1 + skipped };
    loop {
        match reader.read_record(&mut record) {
            Ok(true) => {}
            Ok(false) => return Ok(grid),
            Err(error) => return Err(invalid(name, &error.to_string())),
        }
        if grid.lines.len() == MOST_LINES {
            return Err(invalid(name, "more lines than a spreadsheet has"));
        }
        let line = lines.of(record.position().map_or(0, csv::Position::byte));
        let cells = (1..).zip(record.iter().map(Cell::text_of));
        let cells: super::cells::Cells = cells.filter_map(|(column, cell)| Some((column, cell?))).collect();
        if !cells.is_empty() {
            grid.lines.insert(line, cells);
        }
    }
}

/// Counts lines up to a record. The library's own count is one too low behind lines that end in CR LF.
struct Lines<'a> {
    text: &'a str,
    at: usize,
    line: u32,
}

impl Lines<'_> {
    /// The line on which the record at this byte begins: blank lines before it are not part of it.
    fn of(&mut self, byte: u64) -> u32 {
        let bytes = self.text.as_bytes();
        let end = usize::try_from(byte).unwrap_or(bytes.len());
        while let Some(byte) = bytes.get(self.at) {
            let ends = *byte == b'\n' || (*byte == b'\r' && bytes.get(self.at + 1) != Some(&b'\n'));
            if self.at >= end && !matches!(byte, b'\r' | b'\n') {
                break;
            }
            self.line += u32::from(ends);
            self.at += 1;
        }
        self.line
    }
}

fn invalid(name: &str, why: &str) -> Failure {
    Failure::new(FailureKind::Invalid, format!("reading {name}: {why}"))
}

/// UTF-8, with or without the mark that spreadsheets put before it.
fn decode<'a>(bytes: &'a [u8], name: &str) -> Result<&'a str, Failure> {
    if bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff]) {
        return Err(invalid(name, "it is UTF-16, not UTF-8").with_hint(SAVE));
    }
    if bytes.contains(&0) {
        return Err(invalid(name, "it is no text: it holds a byte 0")
            .with_hint("a CSV file in UTF-8 is read, and .xlsx; save other spreadsheets as one of them"));
    }
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    std::str::from_utf8(bytes).map_err(|error| {
        let before = bytes.get(..error.valid_up_to()).unwrap_or_default();
        let line = before.iter().filter(|byte| **byte == b'\n').count() + 1;
        invalid(name, &format!("line {line} is not UTF-8")).with_hint(SAVE)
    })
}

/// The separator, the text behind a line that names it, and how many lines that took. Excel begins a file with `sep=;`
/// where it was told to; else the header is read with each separator, and the one that makes most of it wins.
fn separator(text: &str) -> (u8, &str, u32) {
    let mut lines = text.split(['\n', '\r']);
    let first = lines.next().unwrap_or_default();
    if let Some([separator]) = first.strip_prefix("sep=").map(str::as_bytes)
        && SEPARATORS.contains(separator)
    {
        let rest = text.get(first.len()..).unwrap_or_default();
        let rest = rest.strip_prefix('\r').unwrap_or(rest);
        return (*separator, rest.strip_prefix('\n').unwrap_or(rest), 1);
    }
    let header = std::iter::once(first).chain(lines).find(|line| !line.trim().is_empty()).unwrap_or_default();
    let known = |separator: u8| {
        let parts = header.split(char::from(separator));
        let known = parts.clone().filter(|part| column(part.trim().trim_matches('"')).is_some()).count();
        (known, parts.count())
    };
    // The last of equals is taken, and a comma is what CSV says.
    let best = SEPARATORS.into_iter().rev().max_by_key(|separator| known(*separator));
    (best.unwrap_or(b','), text, 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_separator_is_the_one_by_which_the_header_means_something() {
        let check = |text: &str, expect: u8| assert_eq!(separator(text).0, expect, "{text}");
        check("username,internal", b',');
        check("username;internal", b';');
        check("username\tinternal", b'\t');
        check("\n\"username\";\"internal\"", b';');
        check("username;no, really;internal", b';');
        check("usrname,internalx,x;y", b',');
        check("username", b',');
        assert_eq!(separator("sep=;\r\nusername;x"), (b';', "username;x", 1));
    }

    #[test]
    fn lines_keep_their_numbers() {
        let text = "sep=;\nusername;profiles\n\n\"a\";\"x\ny\"\nb;\n";
        for text in [text.to_owned(), text.replace('\n', "\r\n"), text.replace('\n', "\r")] {
            let grid = read(text.as_bytes(), "f").expect("a table");
            assert_eq!(grid.lines.keys().copied().collect::<Vec<_>>(), [2, 4, 6], "{text:?}");
        }
    }
}
