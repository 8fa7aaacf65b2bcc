//! Lines of files on a screen that is narrower than they are.
//!
//! Invariant: nothing is left out and nothing is added but a mark before each further line; where lines are endless, they
//! stay as they are, byte for byte.

use super::style::ENDLESS;
use super::wrap::columns;

/// What stands before a further line in the place of a sign: as in all diffs, it is no line of the file.
pub const GOES_ON: &str = "\\";
/// How far a further line stands behind the first.
const HANG: usize = 4;
/// What a terminal makes of a tab.
const TAB: usize = 8;

/// A part of a line, and whether it is picked out.
pub type Part = (bool, String);

/// The line in pieces of at most `width` columns, broken behind a blank or a sign where there is one.
#[must_use]
pub fn folded(line: &[Part], width: usize) -> Vec<Vec<Part>> {
    if width == ENDLESS {
        return vec![line.to_vec()];
    }
    let letters = without_tabs(line);
    let indent = letters.iter().take_while(|(_, c)| *c == ' ').count();
    let hang = (indent + HANG).min(width / 2);
    let mut rows = Vec::new();
    let mut rest = letters.as_slice();
    while let Some(end) = too_long(rest, if rows.is_empty() { width } else { width - hang }) {
        let (row, more) = rest.split_at(end);
        rows.push(row);
        rest = more;
    }
    rows.push(rest);
    let parts = rows.into_iter().enumerate().map(|(index, row)| {
        let blank = if index > 0 { " ".repeat(hang) } else { String::new() };
        joined(blank, row)
    });
    parts.collect()
}

/// The same of a line of which nothing is picked out.
#[must_use]
pub fn folded_text(line: &str, width: usize) -> Vec<String> {
    let rows = folded(&[(false, line.to_owned())], width);
    rows.into_iter().map(|row| row.into_iter().map(|(_, text)| text).collect()).collect()
}

/// The characters, each tab as the blanks that it is on a screen.
fn without_tabs(line: &[Part]) -> Vec<(bool, char)> {
    let mut letters = Vec::new();
    let mut column = 0;
    for (is_picked, text) in line {
        for c in text.chars() {
            let (c, count) = if c == '\t' { (' ', TAB - column % TAB) } else { (c, 1) };
            letters.extend(std::iter::repeat_n((*is_picked, c), count));
            column += if count > 1 || c == ' ' { count } else { wide(c) };
        }
    }
    letters
}

/// Where a row that is too long ends: as late as possible, but not much earlier for a better place.
fn too_long(letters: &[(bool, char)], width: usize) -> Option<usize> {
    let mut taken = 0;
    let full = letters.iter().position(|(_, c)| {
        taken += wide(*c);
        taken > width
    })?;
    let full = full.max(1);
    let is_good = |index: &usize| {
        let (_, c) = letters[index - 1];
        c.is_whitespace() || "|,;/&=:)}]".contains(c)
    };
    let good = (full / 2 + 1..=full).rev().find(is_good);
    Some(good.unwrap_or(full))
}

fn joined(blank: String, row: &[(bool, char)]) -> Vec<Part> {
    let mut parts: Vec<Part> = if blank.is_empty() { Vec::new() } else { vec![(false, blank)] };
    for (is_picked, c) in row {
        match parts.last_mut() {
            Some((same, text)) if same == is_picked => text.push(*c),
            _ => parts.push((*is_picked, c.to_string())),
        }
    }
    parts
}

fn wide(c: char) -> usize {
    columns(c.encode_utf8(&mut [0; 4]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn long_lines_go_on_below_and_deeper() {
        assert_eq!(folded_text("  gzip on;", 40), ["  gzip on;"]);
        assert_eq!(
            folded_text("  location ~ (avif|css|gif)$ {", 20),
            ["  location ~ (avif|", "      css|gif)$ {"]
        );
        assert_eq!(folded_text("abcdefghij", 4), ["abcd", "  ef", "  gh", "  ij"]);
        assert_eq!(folded_text("\ta\tb", 40), ["        a       b"]);
        assert_eq!(folded_text("\ta", ENDLESS), ["\ta"]);
        assert_eq!(folded_text("", 10), [""]);
    }

    #[test]
    fn what_is_picked_out_stays_so() {
        let line = [(false, "ab ".to_owned()), (true, "cd ef".to_owned())];
        let hang = (false, "   ".to_owned());
        assert_eq!(
            folded(&line, 6),
            [vec![(false, "ab ".to_owned()), (true, "cd ".to_owned())], vec![hang, (true, "ef".to_owned())]]
        );
    }

    proptest! {
        #[test]
        fn nothing_is_lost_and_no_line_is_too_wide(line in "[a-z|日 ]{0,300}", width in 10_usize..100) {
            let rows = folded_text(&line, width);
            prop_assert!(rows.iter().all(|row| columns(row) <= width), "{rows:?}");
            let letters = |text: &str| text.chars().filter(|c| *c != ' ').collect::<String>();
            prop_assert_eq!(letters(&rows.concat()), letters(&line));
        }
    }
}
