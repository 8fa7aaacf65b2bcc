//! Workbooks as Excel and LibreOffice save them.
//!
//! Invariant: what a cell shows is what is read, or the cell is refused by its name.

use super::support::Table;
use motionctl::seed::manifest::Manifest;
use rust_xlsxwriter::{ExcelDateTime, Format, Formula, Workbook, Worksheet};

const SHEET: &str = "xl/worksheets/sheet1.xml";

fn header(sheet: &mut Worksheet, titles: &[&str]) {
    for (column, title) in (0..).zip(titles) {
        sheet.write(0, column, *title).expect("a header");
    }
}

fn internals(manifest: &Manifest) -> Vec<&str> {
    let internals = manifest.agents.iter().filter_map(|agent| agent.internal.as_ref());
    internals.map(|internal| &*internal.value).collect()
}

#[test]
fn a_typed_number_is_its_digits() {
    let table = Table::sheet(|sheet| {
        header(sheet, &["username", "internal", "fullname"]);
        sheet.write(1, 0, "a").unwrap();
        sheet.write(1, 1, 1001).unwrap();
        sheet.write(1, 2, 7).unwrap();
        sheet.write(2, 0, "b").unwrap();
        sheet.write_with_format(2, 1, 1002, &Format::new().set_num_format("0000")).unwrap();
        sheet.write(3, 0, 33).unwrap();
        sheet.write_with_format(3, 1, 1003, &Format::new().set_num_format("#,##0")).unwrap();
        sheet.write(4, 0, "d").unwrap();
        sheet.write_with_format(4, 1, "0100", &Format::new().set_num_format("@")).unwrap();
        sheet.write(5, 0, "e").unwrap();
        sheet.write_formula(5, 1, Formula::new("=1000+4").set_result("1004")).unwrap();
    });
    let manifest = table.manifest(&[]);
    assert_eq!(internals(&manifest), ["1001", "1002", "1003", "0100", "1004"]);
    assert_eq!(manifest.agents[2].username.value, "33".into());
    assert_eq!(manifest.agents[0].fullname.value().map(|name| &**name), Some("7"));
}

#[test]
fn what_a_spreadsheet_changed_is_refused_by_the_name_of_the_cell() {
    let format = |code: &str| Format::new().set_num_format(code);
    let table = Table::sheet(|sheet| {
        header(sheet, &["username", "internal", "email"]);
        for (row, name) in (1..).zip(["a", "b", "c", "d", "e", "f", "g", "h", "i"]) {
            sheet.write(row, 0, name).unwrap();
        }
        sheet.write_with_format(1, 1, 100, &format("0000")).unwrap();
        let date = ExcelDateTime::parse_from_str("2026-01-31").unwrap();
        sheet.write_with_format(2, 1, &date, &format("yyyy-mm-dd")).unwrap();
        sheet.write(3, 1, true).unwrap();
        sheet.write(4, 1, 1001.5).unwrap();
        sheet.write_with_format(5, 1, 1001, &format("\"ext \"0")).unwrap();
        sheet.write(6, 1, 1_234_567_890_123_456_789_f64).unwrap();
        sheet.write_formula(7, 1, Formula::new("=NA()").set_result("#N/A")).unwrap();
        sheet.write_with_format(8, 1, 0, &format("000")).unwrap();
        sheet.write_formula(9, 2, Formula::new("=A1").set_result("9")).unwrap();
    });
    // As a program leaves it that computes nothing, and as one that was asked not to save values.
    let table = table.with_part(SHEET, |text| text.replace("<f>A1</f><v>9</v>", "<f>A1</f>"));
    let type_again = "format the cell as text and type it again";
    let expect = [
        format!("cell B2: shows 0100 and holds the number 100: its zeros are the format's alone | {type_again}"),
        format!("cell B3: holds a date or a time | {type_again}"),
        format!("cell B4: holds TRUE or FALSE, not text | {type_again}"),
        format!("cell B5: holds the number 1001.5 | {type_again}"),
        format!("cell B6: holds the number 1001 and shows it by the format `\"ext \"0` | {type_again}"),
        format!("cell B7: holds a number of more than 15 digits, the last of which are lost | {type_again}"),
        "cell B8: holds an error | #N/A: correct the formula and save again".to_owned(),
        format!("cell B9: shows 000 and holds the number 0: its zeros are the format's alone | {type_again}"),
        "cell C10: holds a formula whose value was not saved | open the file in a spreadsheet and save it again"
            .to_owned(),
    ];
    assert_eq!(table.problems(&[]), expect);
}

#[test]
fn a_number_beside_texts_with_zeros_may_have_lost_its_own() {
    let table = |number: u32| {
        Table::sheet(|sheet| {
            header(sheet, &["username", "internal"]);
            sheet.write(1, 0, "a").unwrap();
            sheet.write(1, 1, "0100").unwrap();
            sheet.write(2, 0, "b").unwrap();
            sheet.write(2, 1, number).unwrap();
        })
    };
    assert_eq!(internals(&table(1001).manifest(&[])), ["0100", "1001"]);
    let problems = table(101).problems(&[]);
    assert!(problems[0].starts_with("cell B3: holds the number 101, and others"), "{problems:?}");
}

#[test]
fn merged_cells_are_refused_where_they_are_read() {
    let table = |column: u16| {
        Table::sheet(|sheet| {
            sheet.merge_range(0, 0, 0, 2, "Agents of the team", &Format::new()).unwrap();
            for (column, title) in (0..).zip(["username", "profiles"]) {
                sheet.write(2, column, title).unwrap();
            }
            sheet.write(3, 0, "a").unwrap();
            sheet.write(4, 0, "b").unwrap();
            sheet.merge_range(3, column, 4, column, "Morning", &Format::new()).unwrap();
        })
    };
    let problems = table(1).problems(&[]);
    assert_eq!(problems.len(), 1, "{problems:?}");
    assert!(problems[0].starts_with("cell B4: is merged: B4:B5 has one value"), "{problems:?}");
    let beside = table(3).problems(&[]);
    assert!(beside[0].starts_with("cell D4: its column has no header"), "{beside:?}");
}

#[test]
fn hidden_rows_and_columns_are_read_and_named() {
    let table = Table::sheet(|sheet| {
        header(sheet, &["username", "internal", "email"]);
        for row in 1..5 {
            sheet.write(row, 0, format!("agent{row}")).unwrap();
            sheet.write(row, 1, 1000 + row).unwrap();
        }
        sheet.set_row_hidden(2).unwrap();
        sheet.set_row_hidden(4).unwrap();
        sheet.set_row_hidden(9).unwrap();
        sheet.set_column_hidden(1).unwrap();
        sheet.set_column_hidden(7).unwrap();
    });
    assert_eq!(table.manifest(&[]).agents.len(), 4);
    let json = table.import(&["--json"]).document();
    assert_eq!(json["findings"][0]["code"], "seed.import-hidden");
    assert_eq!(
        json["findings"][0]["evidence"],
        serde_json::json!(["the rows 3, 5 are hidden and were read", "the column B is hidden and was read"])
    );
    let text = table.import(&[]);
    assert!(text.stderr.contains("the rows 3, 5 are hidden"), "{text:?}");
    assert!(text.stdout.ends_with("internal: \"1004\"\n"), "{text:?}");
}

#[test]
fn a_sheet_is_named_where_several_are_shown() {
    let book = |names: &[(&str, bool)]| {
        let mut book = Workbook::new();
        for (name, hidden) in names {
            let sheet = book.add_worksheet().set_name(*name).unwrap();
            header(sheet, &["username"]);
            sheet.write(1, 0, format!("of.{name}")).unwrap();
            sheet.set_hidden(*hidden);
        }
        Table::new("team.xlsx", book.save_to_buffer().unwrap())
    };
    let first = |table: &Table, more: &[&str]| table.manifest(more).agents[0].username.value.to_string();
    let two = book(&[("Old", false), ("New & <b>", false)]);
    let json = two.import(&["--json"]).document();
    assert!(json["error"].to_string().contains("several sheets: `Old`, `New & <b>`"), "{json:#}");
    assert_eq!(first(&two, &["--sheet", "New & <b>"]), "of.New & <b>");
    let none = two.import(&["--sheet", "Newer", "--json"]).document();
    assert_eq!((&none["exit_code"], none["error"].to_string().contains("it has `Old`")), (&65.into(), true));
    let hidden = book(&[("New", false), ("Old", true)]);
    assert_eq!(first(&hidden, &[]), "of.New");
    let evidence =
        |more: &[&str]| hidden.import(&[more, &["--json"]].concat()).document()["findings"].to_string();
    assert!(evidence(&[]).contains("the sheet `Old` is hidden and was not read"), "{}", evidence(&[]));
    assert_eq!(first(&hidden, &["--sheet", "Old"]), "of.Old");
    assert!(evidence(&["--sheet", "Old"]).contains("the sheet `Old` is hidden and was read"));
}

#[test]
fn names_with_every_kind_of_mark_survive() {
    let names = [
        "O'Brien", "a \"b\"", "- x", "yes", "0123", "1e3", "{x}", "a: b", "#1", "日本 🙂", "a\u{a0}b", "\\n",
        "=1+1",
    ];
    let table = Table::sheet(|sheet| {
        header(sheet, &["username", "fullname", "profiles", "personal chat"]);
        for (row, name) in (1..).zip(names) {
            sheet.write(row, 0, format!("agent{row}")).unwrap();
            for column in 1..4 {
                sheet.write_string(row, column, name).unwrap();
            }
        }
    });
    let manifest = table.manifest(&[]);
    let read: Vec<_> = manifest.agents.iter().filter_map(|agent| agent.fullname.value()).collect();
    assert_eq!(read.iter().map(|name| &***name).collect::<Vec<_>>(), names);
    let profiles: Vec<_> = manifest.profiles.iter().map(|profile| &*profile.name.value).collect();
    assert_eq!(profiles, names);
}

#[test]
fn a_number_beside_texts_with_zeros_is_refused_in_every_column_of_names() {
    let table = Table::sheet(|sheet| {
        header(sheet, &["username", "profiles"]);
        sheet.write(1, 0, 7).unwrap();
        sheet.write(1, 1, 1).unwrap();
        sheet.write(2, 0, "007").unwrap();
        sheet.write(2, 1, "Day; 01").unwrap();
        // Typed as text: it is what somebody meant.
        sheet.write(3, 0, "8").unwrap();
    });
    let problems = table.problems(&[]);
    let cells: Vec<&str> = problems.iter().filter_map(|problem| problem.split(':').next()).collect();
    assert_eq!(cells, ["cell A2", "cell B2"], "{problems:?}");
}

#[test]
fn what_the_manifest_warns_of_is_said_by_the_name_of_the_cell() {
    let table = Table::sheet(|sheet| {
        header(sheet, &["username", "fullname", "email", "internal"]);
        sheet.write(1, 0, "a").unwrap();
        sheet.write(1, 3, "10a").unwrap();
    });
    let answer = table.import(&[]);
    assert!(answer.code == 0 && answer.stderr.contains("team.xlsx, cell D2"), "{answer:?}");
}
