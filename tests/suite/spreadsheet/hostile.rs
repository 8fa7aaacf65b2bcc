//! Files that somebody made to do harm, or that broke on their way.
//!
//! Invariant: every one ends with an exit code of the contract, in little time and memory.

use super::support::Table;
use rust_xlsxwriter::Workbook;
use std::fs;
use std::io::{Cursor, Write};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

const SHEET: &str = "xl/worksheets/sheet1.xml";

fn small() -> Table {
    Table::sheet(|sheet| {
        sheet.write(0, 0, "username").unwrap();
        sheet.write(1, 0, "a").unwrap();
    })
}

#[test]
fn a_part_that_unpacks_to_too_much_is_refused() {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    let options = SimpleFileOptions::default().compression_method(CompressionMethod::Deflated);
    writer.start_file("xl/workbook.xml", options).unwrap();
    let block = vec![b' '; 1 << 20];
    (0..300).for_each(|_| writer.write_all(&block).unwrap());
    let table = Table::new("team.xlsx", writer.finish().unwrap().into_inner());
    assert!(fs::metadata(&table.path).unwrap().len() < 1 << 20);
    let answer = table.import(&[]);
    assert!(answer.code == 65 && answer.stderr.contains("more than 256 MiB when unpacked"), "{answer:?}");
}

#[test]
fn a_cell_far_away_costs_nothing() {
    let table = Table::sheet(|sheet| {
        sheet.write(0, 0, "username").unwrap();
        sheet.write(1, 0, "a").unwrap();
        sheet.write(1_048_575, 16_383, "far").unwrap();
    });
    let problems = table.problems(&[]);
    assert!(problems[0].starts_with("cell XFD1048576: its column has no header"), "{problems:?}");
}

#[test]
fn what_is_no_workbook_is_said_to_be_none() {
    let empty = ZipWriter::new(Cursor::new(Vec::new())).finish().unwrap().into_inner();
    let mut open_document = ZipWriter::new(Cursor::new(Vec::new()));
    let stored = SimpleFileOptions::default().compression_method(CompressionMethod::Stored);
    open_document.start_file("mimetype", stored).unwrap();
    open_document.write_all(b"application/vnd.oasis.opendocument.spreadsheet").unwrap();
    let open_document = open_document.finish().unwrap().into_inner();
    for (bytes, part) in
        [(empty, "reading"), (open_document, "OpenDocument"), (b"PK\x03\x04".to_vec(), "reading")]
    {
        let answer = Table::new("team.xlsx", &bytes).import(&[]);
        assert!(answer.code == 65 && answer.stderr.contains(part), "{answer:?}");
    }
}

#[test]
fn a_broken_workbook_ends_with_an_exit_code() {
    let mut book = Workbook::new();
    book.add_worksheet().write(0, 0, "username").unwrap();
    let whole = book.save_to_buffer().unwrap();
    for cut in (0..whole.len()).step_by(whole.len() / 12) {
        let answer = Table::new("team.xlsx", &whole[..cut]).import(&[]);
        assert!(answer.code == 65 && !answer.stderr.contains("panicked"), "{cut}: {answer:?}");
    }
}

#[test]
fn xml_that_was_written_to_confuse_ends_with_an_exit_code() {
    let swaps = [
        ("r=\"A2\"", "r=\"ZZZZZZZZZ99999999999\""),
        ("r=\"A2\"", "r=\"\""),
        ("r=\"A2\"", "r=\"A0\""),
        ("s=\"1\"", "s=\"99999999999999999999\""),
        ("<v>1</v>", "<v>99999999</v>"),
        ("<v>1</v>", "<v>-1</v>"),
        ("<v>1</v>", "<f t=\"shared\" si=\"99999999999\"/>"),
        ("<v>1</v>", "<f t=\"shared\" si=\"0\" ref=\"A1:Z9\">&bad;</f>"),
        ("</sheetData>", ""),
        ("</row>", ""),
        ("<row r=\"2\"", "<row r=\"99999999999\""),
        ("<sheetData>", "<!DOCTYPE a [<!ENTITY b \"c\">]><sheetData>"),
    ];
    for (from, to) in swaps {
        let table = Table::new("team.xlsx", fs::read(&small().path).unwrap());
        let is_there = std::cell::Cell::new(true);
        let swap = |text: String| {
            is_there.set(text.contains(from));
            text.replace(from, to) + if text.contains(from) { "" } else { " " }
        };
        let answer = table.with_part(SHEET, swap).import(&[]);
        let fine = matches!(answer.code, 0 | 65) && !answer.stderr.contains("panicked");
        assert!(fine, "{from} → {to}: {answer:?}");
    }
}
