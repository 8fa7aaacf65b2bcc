//! Workbooks (.xlsx): which sheet, which cells, and what is hidden in it.
//!
//! Invariant: nothing is read before it is known to be small enough when unpacked. Cells are read one by one, never as a
//! rectangle: one cell far away would make that as large as the sheet can be.

use super::cells::{At, Cell, Grid, letters};
use super::model::Kind;
use super::part;
use super::part::Hidden;
use crate::outcome::{Failure, FailureKind, first_of};
use crate::seed::manifest::shown;
use calamine::{DataRef, Reader, SheetVisible, Xlsx, XlsxError};
use std::collections::{BTreeMap, BTreeSet};
use std::io::{Cursor, Read};
use zip::ZipArchive;

/// As much as all parts of a workbook may be when unpacked.
const UNPACKED: u64 = 256 << 20;
/// More parts than any workbook has that a person made.
const MOST_PARTS: usize = 10_000;
/// More cells than a table of agents has.
const MOST_CELLS: usize = 5_000_000;
/// So many hidden rows or columns are named.
const MOST_NAMED: usize = 20;

type Book<'a> = Xlsx<Cursor<&'a [u8]>>;

/// Reads a sheet: the one of this name, or the only one that is not hidden.
pub(super) fn read(bytes: &[u8], name: &str, sheet: Option<&str>) -> Result<Grid, Failure> {
    let mut archive = ZipArchive::new(Cursor::new(bytes)).map_err(|error| invalid(name, &error))?;
    small_enough(&mut archive, name)?;
    let mut book: Book<'_> = Xlsx::new(Cursor::new(bytes)).map_err(|error| invalid(name, &error))?;
    let mut grid = Grid::new(Kind::Sheet);
    let sheet = choose(&book, name, sheet, &mut grid.hidden)?;
    let part = part::find(&mut archive, &sheet);
    if let Some(odd) = part.as_deref().and_then(part::odd_reference) {
        return Err(invalid(name, &format!("{} is no reference to cells", shown(&odd))));
    }
    let failed = |error: XlsxError| invalid(name, &error);
    let formats = formats(&mut book, &sheet).map_err(failed)?;
    for region in book.merge_cells_by_sheet_name(&sheet).map_err(failed)? {
        grid.merged.push([region.start.0, region.end.0, region.start.1, region.end.1].map(|index| index + 1));
    }
    let mut reader = book.worksheet_cells_reader(&sheet).map_err(failed)?;
    let mut count = 0;
    while let Some(record) = reader.next_cell_with_formula_metadata().map_err(failed)? {
        let at = At { line: record.pos.0.saturating_add(1), column: record.pos.1.saturating_add(1) };
        let format = formats.get(&at).map_or("", String::as_str);
        let Some(cell) = cell(&record.value, record.formula.is_some(), format) else { continue };
        count += 1;
        if count > MOST_CELLS {
            return Err(invalid(name, &format!("the sheet has more than {MOST_CELLS} cells")));
        }
        grid.lines.entry(at.line).or_default().insert(at.column, cell);
    }
    drop(reader);
    say_hidden(part.as_deref().and_then(part::hidden), &mut grid);
    Ok(grid)
}

fn invalid(name: &str, why: &dyn std::fmt::Display) -> Failure {
    Failure::new(FailureKind::Invalid, format!("reading {name}: {why}"))
        .with_hint("it should be a workbook as Excel or LibreOffice save it (.xlsx)")
}

/// Refuses a workbook that is too large when unpacked, by unpacking it: what an archive says of itself may be wrong.
fn small_enough(archive: &mut ZipArchive<Cursor<&[u8]>>, name: &str) -> Result<(), Failure> {
    if archive.len() > MOST_PARTS {
        return Err(invalid(name, &format!("it has more than {MOST_PARTS} parts")));
    }
    let mut left = UNPACKED;
    for index in 0..archive.len() {
        let mut part = archive.by_index(index).map_err(|error| invalid(name, &error))?;
        let read = std::io::copy(&mut part.by_ref().take(left + 1), &mut std::io::sink());
        let size = read.map_err(|error| invalid(name, &error))?;
        left = left.checked_sub(size).ok_or_else(|| {
            invalid(name, &format!("it holds more than {} MiB when unpacked", UNPACKED >> 20))
        })?;
    }
    Ok(())
}

/// The sheet that is meant; what is hidden is said.
fn choose(
    book: &Book<'_>,
    name: &str,
    wanted: Option<&str>,
    hidden: &mut Vec<String>,
) -> Result<String, Failure> {
    let sheets = book.sheets_metadata();
    let is_shown = |visible: SheetVisible| visible == SheetVisible::Visible;
    let listed = |sheets: &[&str]| sheets.iter().map(|sheet| shown(sheet)).collect::<Vec<_>>().join(", ");
    if let Some(wanted) = wanted {
        let Some(found) = sheets.iter().find(|sheet| sheet.name == wanted) else {
            let all: Vec<&str> = sheets.iter().map(|sheet| sheet.name.as_str()).collect();
            let message = format!("{name} has no sheet {}", shown(wanted));
            return Err(
                Failure::new(FailureKind::Invalid, message).with_hint(format!("it has {}", listed(&all)))
            );
        };
        if !is_shown(found.visible) {
            hidden.push(format!("the sheet {} is hidden and was read", shown(wanted)));
        }
        return Ok(found.name.clone());
    }
    let (visible, unseen): (Vec<_>, Vec<_>) = sheets.iter().partition(|sheet| is_shown(sheet.visible));
    let unseen =
        unseen.iter().map(|sheet| format!("the sheet {} is hidden and was not read", shown(&sheet.name)));
    hidden.extend(unseen);
    match visible.as_slice() {
        [one] => Ok(one.name.clone()),
        [] => Err(Failure::new(FailureKind::Invalid, format!("{name} has no sheet that is shown"))
            .with_hint("--sheet NAME reads a hidden one")),
        several => {
            let names: Vec<&str> = several.iter().map(|sheet| sheet.name.as_str()).collect();
            let message = format!("{name} has several sheets: {}", listed(&names));
            Err(Failure::new(FailureKind::Invalid, message).with_hint("--sheet NAME says which is meant"))
        }
    }
}

/// The number formats of cells that have one.
fn formats(book: &mut Book<'_>, sheet: &str) -> Result<BTreeMap<At, String>, XlsxError> {
    let mut reader = book.worksheet_cells_reader(sheet)?;
    let mut formats = BTreeMap::new();
    while let Some((row, column, style)) = reader.next_style_id()? {
        let style = reader.styles().get(style);
        if let Some(format) = style.and_then(|style| style.number_format.as_ref())
            && format.format_code != "General"
        {
            let at = At { line: row.saturating_add(1), column: column.saturating_add(1) };
            formats.insert(at, format.format_code.clone());
        }
    }
    Ok(formats)
}

/// What a cell holds; none where it is empty.
fn cell(value: &DataRef<'_>, has_formula: bool, format: &str) -> Option<Cell> {
    let number = |value: f64| Some(Cell::Number { value, format: format.to_owned() });
    let unusable = |what, hint: &str| Some(Cell::Unusable(what, hint.to_owned()));
    let type_again = "format the cell as text and type it again";
    match value {
        DataRef::Empty if has_formula => unusable(
            "holds a formula whose value was not saved",
            "open the file in a spreadsheet and save it again",
        ),
        DataRef::Empty => None,
        DataRef::Int(value) => number(*value as f64),
        DataRef::Float(value) => number(*value),
        DataRef::String(text) => Cell::text_of(text),
        DataRef::SharedString(text) => Cell::text_of(text),
        DataRef::Bool(_) => unusable("holds TRUE or FALSE, not text", type_again),
        DataRef::DateTime(_) | DataRef::DateTimeIso(_) | DataRef::DurationIso(_) => {
            unusable("holds a date or a time", type_again)
        }
        DataRef::Error(error) => {
            Some(Cell::Unusable("holds an error", format!("{error}: correct the formula and save again")))
        }
    }
}

/// Hidden rows and columns that hold something: they are read like others.
fn say_hidden(hidden: Option<Hidden>, grid: &mut Grid) {
    let Some(Hidden { rows, columns }) = hidden else {
        grid.hidden.push("which rows and columns are hidden could not be told; all were read".to_owned());
        return;
    };
    let rows: Vec<String> =
        rows.iter().filter(|row| grid.lines.contains_key(row)).map(u32::to_string).collect();
    let used: BTreeSet<u32> = grid.lines.values().flat_map(|cells| cells.keys().copied()).collect();
    let is_hidden = |column: &&u32| columns.iter().any(|range| range.contains(column));
    let columns: Vec<String> = used.iter().filter(is_hidden).map(|column| letters(*column)).collect();
    for (what, several, names) in [("row", "rows", rows), ("column", "columns", columns)] {
        match names.as_slice() {
            [] => {}
            [one] => grid.hidden.push(format!("the {what} {one} is hidden and was read")),
            names => grid
                .hidden
                .push(format!("the {several} {} are hidden and were read", first_of(names, MOST_NAMED))),
        }
    }
}
