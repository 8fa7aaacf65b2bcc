//! A manifest out of a table of agents: a CSV file or a workbook (.xlsx).
//!
//! Invariant: pure, and no database is asked. Every fault is said at once with its cell; what a spreadsheet may have
//! changed (zeros in front, dates, formulas without a value) is refused, never guessed. A manifest that is returned was
//! read back and says what the table says.

mod agents;
mod cells;
mod header;
mod model;
mod number;
mod part;
mod template;
mod text;
mod typed;
mod workbook;
mod write;
mod zeros;

use super::manifest::Validated;
use crate::outcome::{Failure, FailureKind, Finding, codes, counted};
pub use template::{csv, workbook};

/// A table, and how it is to be read.
#[derive(Debug, Clone, Copy)]
pub struct ImportRequest<'a> {
    /// What the file is called.
    pub name: &'a str,
    /// What is in it.
    pub bytes: &'a [u8],
    /// Which sheet of a workbook.
    pub sheet: Option<&'a str>,
    /// Columns that are left out, by their headers.
    pub ignored: &'a [String],
}

/// What came of a table.
#[derive(Debug, Clone)]
pub struct Imported {
    pub text: String,
    /// The same, as it is read.
    pub validated: Validated,
    /// What a person should know.
    pub findings: Vec<Finding>,
}

/// Reads a table.
///
/// # Errors
/// When it is none, or with all that is wrong in it.
pub fn import(request: &ImportRequest<'_>) -> Result<Imported, Failure> {
    let grid = match format(request.bytes) {
        Format::Workbook => workbook::read(request.bytes, request.name, request.sheet)?,
        Format::Text => text::read(request.bytes, request.name)?,
        Format::Other(what) => {
            let message = format!("reading {}: it is {what}, which is not read", request.name);
            return Err(Failure::new(FailureKind::Invalid, message)
                .with_hint("save it as .xlsx without a password, or as CSV in UTF-8"));
        }
    };
    if let (Some(sheet), model::Kind::Csv) = (request.sheet, grid.kind) {
        let message = format!("{} is CSV and has no sheet {sheet}", request.name);
        return Err(Failure::new(FailureKind::Usage, message).with_hint("leave --sheet out"));
    }
    let (table, mut faults) = agents::read(request.name, &grid, request.ignored);
    let problems = faults.take_problems();
    let findings = hidden_finding(&grid.hidden);
    if !problems.is_empty() {
        let message = format!("{} in {}", counted(problems.len(), "problem"), request.name);
        let failure = Failure::new(FailureKind::Invalid, message).with_problems(problems);
        return Err(failure.with_findings(findings));
    }
    let (text, validated) = write::manifest(&table, &faults, request.name).map_err(|read| {
        let problems = read.problems.iter().filter(|problem| problem.is_error());
        let problems = problems.map(|problem| read.source.section(problem)).collect();
        let message = format!("{} cannot be written as a manifest that says the same", request.name);
        Failure::new(FailureKind::Invalid, message).with_problems(problems)
    })?;
    Ok(Imported { text, validated, findings })
}

/// What is hidden, as one finding.
fn hidden_finding(hidden: &[String]) -> Vec<Finding> {
    if hidden.is_empty() {
        return Vec::new();
    }
    let finding = Finding::new(codes::SEED_IMPORT_HIDDEN, "parts of the table are hidden")
        .advice("look at them in the spreadsheet; delete what is not meant");
    vec![finding.evidence_lines(hidden)]
}

/// What a file is, by its first bytes; its name may be wrong.
enum Format {
    Workbook,
    Text,
    Other(&'static str),
}

fn format(bytes: &[u8]) -> Format {
    // What a zip archive begins with; those of OpenDocument name their kind in the first part, without packing it.
    const OPEN_DOCUMENT: &[u8] = b"mimetypeapplication/vnd.oasis";
    let head = bytes.get(..256).unwrap_or(bytes);
    match bytes {
        [b'P', b'K', 3 | 5, ..] if head.windows(OPEN_DOCUMENT.len()).any(|part| part == OPEN_DOCUMENT) => {
            Format::Other("an OpenDocument file")
        }
        [b'P', b'K', 3 | 5, ..] => Format::Workbook,
        [0xd0, 0xcf, 0x11, 0xe0, ..] => Format::Other("an old .xls file, or one with a password"),
        [b'%', b'P', b'D', b'F', ..] => Format::Other("a PDF file"),
        _ => Format::Text,
    }
}
