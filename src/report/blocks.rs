//! Lists of directives, by the block that they stand in: its path once, and below it what is said of each.
//!
//! Invariant: blocks stand in the order in which they are first named, and directives in theirs; nothing is cut, for a
//! difference may be anywhere in a value.

use super::fold::folded_text;
use super::style::{Style, Tone};
use super::table::{self, Cell};
use std::collections::BTreeMap;

/// How far directives stand behind their block.
const INDENT: usize = 2;
/// What a file is called outside of all blocks, where there is no path.
const TOP: &str = "top level";

/// What is said of one directive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DirectiveNote {
    /// `+`, `-`, `~` or a word; nothing where all of a list are alike.
    pub sign: String,
    /// The path of the block.
    pub block: String,
    pub directive: String,
    /// Its value, or what is to be said.
    pub text: String,
}

impl DirectiveNote {
    /// An entry of a row that has these four; another row has none.
    pub fn of_row(cells: Vec<String>) -> Option<Self> {
        let [sign, block, directive, text] = cells.try_into().ok()?;
        Some(Self { sign, block, directive, text })
    }
}

/// The lines of a list.
#[must_use]
pub fn by_block(entries: &[DirectiveNote], style: Style) -> Vec<String> {
    let blocks = grouped(entries.iter().map(|entry| (entry.block.as_str(), row(entry))));
    blocks.iter().flat_map(|(block, rows)| lines(block, rows, style)).collect()
}

/// What belongs to each block, in the order in which blocks are first named.
pub fn grouped<'a, T>(all: impl Iterator<Item = (&'a str, T)>) -> Vec<(&'a str, Vec<T>)> {
    let mut places: BTreeMap<&str, usize> = BTreeMap::new();
    let mut blocks: Vec<(&str, Vec<T>)> = Vec::new();
    for (block, one) in all {
        let place = *places.entry(block).or_insert_with(|| {
            blocks.push((block, Vec::new()));
            blocks.len() - 1
        });
        blocks[place].1.push(one);
    }
    blocks
}

fn row(entry: &DirectiveNote) -> Vec<Cell> {
    let tone = tone(&entry.sign);
    if entry.text.is_empty() {
        let cells = [&entry.sign, &entry.directive].map(|text| Cell::in_full(text).toned(tone));
        return cells.into_iter().skip(usize::from(entry.sign.is_empty())).collect();
    }
    let cells = [&entry.sign, &entry.directive, &entry.text].map(|text| Cell::in_full(text).toned(tone));
    cells.into_iter().skip(usize::from(entry.sign.is_empty())).collect()
}

/// The colour of a row that begins with the sign of a difference.
pub fn tone(sign: &str) -> Tone {
    match sign {
        "+" => Tone::Good,
        "-" => Tone::Bad,
        "~" => Tone::Warn,
        _ => Tone::Plain,
    }
}

fn lines(block: &str, rows: &[Vec<Cell>], style: Style) -> Vec<String> {
    let block = if block.is_empty() { TOP } else { block };
    let heading = folded_text(block, style.width).into_iter();
    let below = table::columns(rows, style.inside(INDENT));
    let below = below.into_iter().map(|line| format!("{}{line}", " ".repeat(INDENT)));
    heading.map(|line| style.bold(line.trim_end())).chain(below).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(sign: &str, block: &str, directive: &str, text: &str) -> DirectiveNote {
        let [sign, block, directive, text] = [sign, block, directive, text].map(str::to_owned);
        DirectiveNote { sign, block, directive, text }
    }

    #[test]
    fn a_path_stands_once_and_its_directives_below() {
        let regex = format!("server a:443 / location ~ \"\\.(?:{})$\"", ["woff2"; 12].join("|"));
        let entries = [
            entry("-", "server a:443", "gzip", "on"),
            entry("+", &regex, "expires", "1y"),
            entry("~", "server a:443", "client_max_body_size", "10m → 20m"),
            entry("+", "", "worker_processes", "auto"),
        ];
        assert_eq!(
            by_block(&entries, Style::plain(60)),
            [
                "server a:443",
                "  -  gzip                  on",
                "  ~  client_max_body_size  10m → 20m",
                "server a:443 / location ~ \"\\.(?:woff2|woff2|woff2|woff2|",
                "    woff2|woff2|woff2|woff2|woff2|woff2|woff2|woff2)$\"",
                "  +  expires  1y",
                "top level",
                "  +  worker_processes  auto",
            ]
        );
    }

    #[test]
    fn a_long_value_goes_on_below_itself_and_loses_nothing() {
        let value = ["a-rather-long-word"; 6].join(" ");
        let word = "x".repeat(70);
        let entries = [entry("-", "http", "add_header", &value), entry("+", "http", "if", &word)];
        let lines = by_block(&entries, Style::plain(50));
        assert_eq!(lines[1], "  -  add_header  a-rather-long-word");
        assert!(lines.iter().all(|line| line.len() <= 50), "{lines:#?}");
        assert_eq!(lines.concat().matches('x').count(), 70, "{lines:#?}");
    }

    #[test]
    fn a_list_of_one_kind_has_no_signs() {
        assert_eq!(by_block(&[entry("", "http", "gzip", "on")], Style::plain(40)), ["http", "  gzip  on"]);
    }
}
