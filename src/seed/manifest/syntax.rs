//! What YAML's own errors mean, in words for the person who wrote the file.
//!
//! Invariant: an error without words of ours keeps the parser's.

use super::place::Place;
use super::problem::Problem;
use super::source::line_starts;
use saphyr_parser::{Marker, ScanError};

/// Part of what the parser says, what it means, and what to do.
const MEANINGS: &[(&str, &str, &str)] = &[
    ("unknown anchor", "no anchor of this name stands above", "an alias `*name` repeats what `&name` marks"),
    ("unexpected end of stream", UNCLOSED, "the file ends inside of a quoted text"),
    ("unexpected document indicator", UNCLOSED, "a document ends inside of a quoted text"),
    ("invalid indentation in quoted", UNCLOSED, "or they go on in a line that is not indented"),
    ("recursion limit", "brackets are nested too deep", "no manifest needs that"),
    ("unexpected character", "a text cannot begin with this character", "put the text in quotes"),
    ("unprintable character", "a byte 0 stands here", "the file may not be text"),
    ("byte order mark", "a byte order mark inside of the file", "remove it; it may come from joined files"),
    ("unknown escape", "no such escape in double quotes", "write `\\\\`, or use single quotes"),
    (
        "mapping values are not allowed",
        "a `:` where no key can stand",
        "put a text that holds `: ` in quotes",
    ),
    ("simple key expect", "a key without its `:`", "here or in the line before; write `key: value`"),
    ("trailing content after", "text behind the closing quote", "put the whole text in quotes"),
    ("expected '-' indicator", MISFIT, "entries of one list begin in one column"),
    ("did not find expected key", MISFIT, "keys of one mapping begin in one column"),
    ("invalid indentation", MISFIT, "entries of one list begin in one column"),
    ("expected ',' or ']'", "`[` is not closed", "items are parted by `,` and end with `]`"),
    ("expected ',' or '}'", "`{` is not closed", "keys are parted by `,` and end with `}`"),
    ("misplaced bracket", "a closing bracket that nothing opens", "remove it, or put the text in quotes"),
];

const UNCLOSED: &str = "quotes that are opened are not closed";
const MISFIT: &str = "the indentation fits no list or mapping above";

/// An error of the parser, with its cause where that is known.
pub(super) fn explain(error: &ScanError, text: &str) -> Problem {
    let at = place(*error.marker());
    if let Some(tab) = tab_before(text, at) {
        return Problem::error(tab, "a tab in the indentation")
            .hint("YAML indents with spaces; what follows was not read");
    }
    let said = error.info();
    match MEANINGS.iter().find(|(part, ..)| said.contains(part)) {
        Some((_, message, hint)) => {
            Problem::error(at, *message).hint(format!("{hint}; what follows was not read"))
        }
        None => Problem::error(at, said.trim_end_matches('.').to_lowercase())
            .hint("this is not YAML; what follows was not read"),
    }
}

/// A tab in the white space that begins the line of an error, or the one after
/// it where the parser stopped at a line's end.
fn tab_before(text: &str, at: Place) -> Option<Place> {
    let starts = line_starts(text);
    let lines = starts.iter().enumerate().skip((at.line as usize).saturating_sub(1)).take(2);
    lines.into_iter().find_map(|(index, start)| {
        let line = text.get(*start as usize..).unwrap_or_default();
        let tab = line.chars().take_while(|c| *c == ' ' || *c == '\t').position(|c| c == '\t')?;
        let line = u32::try_from(index + 1).unwrap_or(u32::MAX);
        let column = u32::try_from(tab + 1).unwrap_or(u32::MAX);
        Some(Place { line, column })
    })
}

/// Markers count columns from 0.
pub(super) fn place(marker: Marker) -> Place {
    let number = |value: usize| u32::try_from(value).unwrap_or(u32::MAX);
    Place { line: number(marker.line()), column: number(marker.col()).saturating_add(1) }
}
