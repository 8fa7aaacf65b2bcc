//! What a tried script did, as text for people: what it changes, what it asks, what it fetches, what held it.

use super::style::{Detail, Style};
use super::table;
use crate::outcome::{Outcome, TriedEdition, TriedFetch, TrySection};

/// Lines of the script's output that are shown without `--verbose`.
const FEW: usize = 20;
/// Rows of a list that are shown without `--verbose`.
const MANY: usize = 60;

/// A title and its lines, in order.
pub(super) fn sections(outcome: &Outcome, style: Style) -> Vec<(String, Vec<String>)> {
    let Some(value) = outcome.details.get("try") else { return Vec::new() };
    let Ok(tried) = serde_json::from_value::<TrySection>(value.clone()) else { return Vec::new() };
    let mut all = vec![
        (format!("What it would change ({})", tried.changes.len()), changes(&tried, style)),
        ("What it asks for".to_owned(), asked(&tried, style)),
        ("What it fetches".to_owned(), fetches(&tried.fetches, style)),
        ("What it leaves running".to_owned(), tried.left_running.clone()),
    ];
    all.extend(tried.edition.as_ref().map(|edition| (title(edition), this_edition(edition, style))));
    all.push(("What it says".to_owned(), output(&tried, style)));
    all.push(("What held it".to_owned(), tried.containment));
    all
}

fn few(mut rows: Vec<Vec<String>>, style: Style) -> Vec<String> {
    let more = rows.len().saturating_sub(MANY);
    if style.detail < Detail::Verbose && more > 0 {
        rows.truncate(MANY);
        let mut lines = table::columns(&rows);
        lines.push(format!("… and {more} more (-v shows them)"));
        return lines;
    }
    table::columns(&rows)
}

fn changes(tried: &TrySection, style: Style) -> Vec<String> {
    let rows = tried.changes.iter().map(|change| {
        let mark = match change.change.as_str() {
            "created" => style.good("+"),
            "removed" => style.bad("-"),
            _ => style.warn("~"),
        };
        vec![mark, change.path.clone(), change.area.clone(), change.note.clone()]
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
            "refused" => style.bad("refused"),
            "run" => style.good("run in the copy"),
            _ => style.dim("recorded"),
        };
        vec![how, request.command.clone(), request.note.clone()]
    });
    few(rows.collect(), style)
}

fn fetches(fetches: &[TriedFetch], style: Style) -> Vec<String> {
    let rows = fetches.iter().map(|fetch| {
        let state = match (&fetch.served, fetch.sends) {
            (Some(name), _) => style.good(&format!("handed out {name}")),
            (None, true) => style.warn("not sent"),
            (None, false) => style.warn("missing"),
        };
        let mut words = Vec::new();
        if fetch.credentials {
            words.push("with credentials");
        }
        if fetch.unchecked {
            words.push("an error page would be taken for the file (no --fail)");
        }
        vec![state, format!("{} {}", fetch.by, fetch.url), words.join("; ")]
    });
    few(rows.collect(), style)
}

fn title(edition: &TriedEdition) -> String {
    format!("Since the edition {:.12} of {:.10}", edition.earlier, edition.tried)
}

fn this_edition(edition: &TriedEdition, style: Style) -> Vec<String> {
    let rows = |mark: String, list: &[String]| {
        list.iter().map(|act| vec![mark.clone(), act.clone()]).collect::<Vec<_>>()
    };
    let mut all = rows(style.good("also"), &edition.new);
    all.extend(rows(style.bad("no more"), &edition.gone));
    all.extend(rows(style.warn("otherwise"), &edition.otherwise));
    if all.is_empty() {
        return vec!["it does the same".to_owned()];
    }
    few(all, style)
}

fn output(tried: &TrySection, style: Style) -> Vec<String> {
    let more = tried.output.len().saturating_sub(FEW);
    if style.detail == Detail::Verbose || more == 0 {
        return tried.output.clone();
    }
    let mut lines = vec![format!("… {more} lines before (-v shows them)")];
    lines.extend_from_slice(&tried.output[more..]);
    lines
}
