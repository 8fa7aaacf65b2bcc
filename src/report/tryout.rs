//! What a tried script did, as text for people: what it changes, what it asks, what it fetches, what held it.

use super::fold::folded_text;
use super::glyphs::ELLIPSIS;
use super::style::{Detail, Style, Tone};
use super::table::{self, Cell};
use super::wrap::paragraph;
use crate::outcome::{Outcome, TriedEdition, TriedFetch, TrySection};

/// Lines of the script's output that are shown without `--verbose`.
const FEW: usize = 20;
/// Rows of a list that are shown without `--verbose`.
const MANY: usize = 60;

/// A title and its lines, in order.
pub(super) fn sections(outcome: &Outcome, style: Style) -> Vec<(String, Vec<String>)> {
    let Some(tried) = &outcome.details.tried else { return Vec::new() };
    let mut all = vec![
        (format!("What it would change ({})", tried.changes.len()), changes(tried, style)),
        ("What it asks for".to_owned(), asked(tried, style)),
        ("What it fetches".to_owned(), fetches(&tried.fetches, style)),
        ("What it leaves running".to_owned(), in_words(&tried.left_running, style)),
    ];
    all.extend(tried.edition.as_ref().map(|edition| (title(edition), this_edition(edition, style))));
    all.push(("What it says".to_owned(), output(tried, style)));
    all.push(("What held it".to_owned(), in_words(&tried.containment, style)));
    all
}

fn few(mut rows: Vec<Vec<Cell>>, style: Style) -> Vec<String> {
    let more = rows.len().saturating_sub(MANY);
    if style.detail < Detail::Verbose && more > 0 {
        rows.truncate(MANY);
        let mut lines = table::columns(&rows, style);
        lines.push(format!("{} and {more} more (-v shows them)", style.glyphs.of(ELLIPSIS)));
        return lines;
    }
    table::columns(&rows, style)
}

fn changes(tried: &TrySection, style: Style) -> Vec<String> {
    let rows = tried.changes.iter().map(|change| {
        let mark = match change.change.as_str() {
            "created" => Cell::new(Tone::Good, "+"),
            "removed" => Cell::new(Tone::Bad, "-"),
            _ => Cell::new(Tone::Warn, "~"),
        };
        let [path, area, note] =
            [&change.path, &change.area, &change.note].map(|text| Cell::from(text.as_str()));
        vec![mark, path, area, note]
    });
    let mut lines = few(rows.collect(), style);
    if lines.is_empty() {
        lines.push("nothing".to_owned());
    }
    if tried.truncated {
        lines.push("there is more than can be listed".to_owned());
    }
    lines
}

fn asked(tried: &TrySection, style: Style) -> Vec<String> {
    let rows = tried.asked.iter().map(|request| {
        let how = match request.how.as_str() {
            "refused" => Cell::new(Tone::Bad, "refused"),
            "run" => Cell::new(Tone::Good, "run in the copy"),
            _ => Cell::new(Tone::Dim, "recorded"),
        };
        vec![how, request.command.as_str().into(), request.note.as_str().into()]
    });
    few(rows.collect(), style)
}

fn fetches(fetches: &[TriedFetch], style: Style) -> Vec<String> {
    let rows = fetches.iter().map(|fetch| {
        let state = match (&fetch.served, fetch.sends) {
            (Some(name), _) => Cell::new(Tone::Good, format!("handed out {name}")),
            (None, true) => Cell::new(Tone::Warn, "not sent"),
            (None, false) => Cell::new(Tone::Warn, "missing"),
        };
        let mut words = Vec::new();
        if fetch.credentials {
            words.push("with credentials");
        }
        if fetch.unchecked {
            words.push("an error page would be taken for the file (no --fail)");
        }
        vec![state, fetch.by.as_str().into(), Cell::to_copy(&fetch.url), words.join("; ").into()]
    });
    few(rows.collect(), style)
}

fn title(edition: &TriedEdition) -> String {
    format!("Since the edition {:.12} of {:.10}", edition.earlier, edition.tried)
}

fn this_edition(edition: &TriedEdition, style: Style) -> Vec<String> {
    let rows = |tone: Tone, mark: &str, list: &[String]| {
        list.iter().map(|act| vec![Cell::new(tone, mark), act.as_str().into()]).collect::<Vec<_>>()
    };
    let mut all = rows(Tone::Good, "also", &edition.new);
    all.extend(rows(Tone::Bad, "no more", &edition.gone));
    all.extend(rows(Tone::Warn, "otherwise", &edition.otherwise));
    if all.is_empty() {
        return vec!["it does the same".to_owned()];
    }
    few(all, style)
}

fn output(tried: &TrySection, style: Style) -> Vec<String> {
    let more = tried.output.len().saturating_sub(FEW);
    if style.detail >= Detail::Verbose || more == 0 {
        return printed(&tried.output, style);
    }
    let mut lines = vec![format!("{} {more} lines before (-v shows them)", style.glyphs.of(ELLIPSIS))];
    lines.extend(printed(&tried.output[more..], style));
    lines
}

/// What a program printed, its blanks as they are.
fn printed(lines: &[String], style: Style) -> Vec<String> {
    lines.iter().flat_map(|line| folded_text(line, style.width)).collect()
}

fn in_words(lines: &[String], style: Style) -> Vec<String> {
    lines.iter().flat_map(|line| paragraph(line, style.for_reading().width)).collect()
}
