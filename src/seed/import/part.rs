//! The part of a workbook that holds a sheet, as XML: what the library that reads the cells does not tell or does not
//! check.
//!
//! Invariant: hidden rows and columns are said, never left out; a workbook that is laid out otherwise is unknown, not
//! without. A reference that leads out of a sheet is found before the library computes with it.

use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};
use std::collections::BTreeSet;
use std::io::{Cursor, Read};
use std::ops::RangeInclusive;
use zip::ZipArchive;

type Archive<'a> = ZipArchive<Cursor<&'a [u8]>>;

/// What is hidden.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Hidden {
    pub rows: BTreeSet<u32>,
    pub columns: Vec<RangeInclusive<u32>>,
}

/// The text of a sheet's part. The archive must be known to be small when unpacked.
pub(super) fn find(archive: &mut Archive<'_>, sheet: &str) -> Option<String> {
    let mut id = None;
    each(&read(archive, "xl/workbook.xml")?, |element| {
        if is(element, "sheet") && attribute(element, "name").as_deref() == Some(sheet) {
            id = attribute(element, "id");
        }
    })?;
    let id = id?;
    let mut target = None;
    each(&read(archive, "xl/_rels/workbook.xml.rels")?, |element| {
        if is(element, "Relationship") && attribute(element, "Id").as_deref() == Some(&*id) {
            target = attribute(element, "Target");
        }
    })?;
    let target = target?;
    let path = target.strip_prefix('/').map_or_else(|| format!("xl/{target}"), str::to_owned);
    read(archive, &path)
}

/// What is hidden in a sheet; none where its part is not XML.
pub(super) fn hidden(part: &str) -> Option<Hidden> {
    let is_hidden = |element: &BytesStart<'_>| {
        attribute(element, "hidden").is_some_and(|value| value == "1" || value == "true")
    };
    let number = |element: &BytesStart<'_>, key: &str| attribute(element, key)?.parse::<u32>().ok();
    let mut hidden = Hidden { rows: BTreeSet::new(), columns: Vec::new() };
    // A row without a number is the one behind the row before it.
    let mut row: u32 = 0;
    each(part, |element| {
        if is(element, "row") {
            row = number(element, "r").unwrap_or(row.saturating_add(1));
            if is_hidden(element) {
                hidden.rows.insert(row);
            }
        } else if is(element, "col")
            && is_hidden(element)
            && let (Some(first), Some(last)) = (number(element, "min"), number(element, "max"))
        {
            hidden.columns.push(first..=last);
        }
    })?;
    Some(hidden)
}

/// A reference to cells that is none, or leads to where no sheet has cells.
pub(super) fn odd_reference(part: &str) -> Option<String> {
    let mut odd = None;
    each(part, |element| {
        for found in element.attributes().flatten() {
            let value = &*found.value;
            let fine = match (element.local_name().as_ref(), found.key.local_name().as_ref()) {
                ("row", "r") => is_row(value),
                ("c", "r") => is_cell(value),
                ("dimension" | "mergeCell" | "f", "ref") => value.split(':').all(is_cell),
                // Of shared formulas there are no more than cells.
                ("f", "si") => value.parse::<u32>().is_ok_and(|index| index < 5_000_000),
                _ => true,
            };
            if !fine && odd.is_none() {
                odd = Some(value.to_owned());
            }
        }
    });
    odd
}

fn is_cell(text: &str) -> bool {
    let letters = text.bytes().take_while(u8::is_ascii_uppercase).count();
    (1..=3).contains(&letters) && text.get(letters..).is_some_and(is_row)
}

fn is_row(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit())
        && text.parse::<u32>().is_ok_and(|row| (1..=1 << 20).contains(&row))
}

fn read(archive: &mut Archive<'_>, path: &str) -> Option<String> {
    let mut text = String::new();
    archive.by_name(path).ok()?.read_to_string(&mut text).ok()?;
    Some(text)
}

fn is(element: &BytesStart<'_>, name: &str) -> bool {
    element.local_name().as_ref() == name
}

/// Calls `look` with every element; none where the text is not XML.
fn each(text: &str, mut look: impl FnMut(&BytesStart<'_>)) -> Option<()> {
    let mut reader = Reader::from_str(text);
    loop {
        match reader.read_event() {
            Ok(Event::Start(element) | Event::Empty(element)) => look(&element),
            Ok(Event::Eof) => return Some(()),
            Ok(_) => {}
            Err(_) => return None,
        }
    }
}

/// The value of an attribute by its name without a prefix.
fn attribute(element: &BytesStart<'_>, name: &str) -> Option<String> {
    let found = element.attributes().flatten().find(|found| found.key.local_name().as_ref() == name)?;
    found.normalized_value(quick_xml::XmlVersion::Explicit1_0).ok().map(std::borrow::Cow::into_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_lead_to_cells() {
        let check = |part: &str, expect: Option<&str>| assert_eq!(odd_reference(part).as_deref(), expect);
        check("<row r=\"1048576\"><c r=\"XFD1\"/></row><mergeCell ref=\"A1:B2\"/>", None);
        check("<row r=\"1048577\"/>", Some("1048577"));
        check("<c r=\"\"/>", Some(""));
        check("<c r=\"A0\"/>", Some("A0"));
        check("<c r=\"ABCD1\"/>", Some("ABCD1"));
        check("<mergeCell ref=\"A1:\"/>", Some("A1:"));
        check("<f si=\"99999999999\"/>", Some("99999999999"));
    }

    #[test]
    fn a_row_without_a_number_is_the_next_one() {
        let found = hidden(
            "<cols><col min=\"2\" max=\"3\" hidden=\"true\"/></cols><row r=\"4\"/><row hidden=\"1\"/>",
        );
        assert_eq!(found, Some(Hidden { rows: [5].into(), columns: vec![2..=3] }));
    }
}
