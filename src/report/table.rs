//! Columns of text, aligned by what a terminal shows.
//!
//! Invariant: no line is wider than the style allows, but one of a word that people copy; nothing is padded further than
//! the terminal is wide; where lines are endless, each row is one line and nothing is cut.

use super::fold::folded_text;
use super::style::{Detail, Style, Tone};
use super::wrap::{columns as width, shortened, wrapped};

/// What parts columns.
const GAP: usize = 2;
/// A column does not give way below this.
const NARROWEST: usize = 8;
/// A longer word does not decide how wide its column is.
const LONG: usize = 28;
/// Where a word begins that does not fit beside what it belongs to.
const HANG: usize = 4;
/// The last column has this much at least, or what it needs.
const LAST: usize = 24;

/// What becomes of a word that is wider than there is room.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum TooLong {
    /// Its middle is left out, unless everything is asked for.
    Cut,
    /// It stays, for people copy it.
    Stays,
    /// It goes on below, for a difference may be anywhere in it.
    Breaks,
}

/// What stands in one column of a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cell {
    text: String,
    tone: Tone,
    too_long: TooLong,
}

impl Cell {
    /// A text in its colour.
    pub fn new(tone: Tone, text: impl Into<String>) -> Self {
        Self { text: text.into(), tone, too_long: TooLong::Cut }
    }

    /// What people copy: no word of it is cut, however long.
    pub fn to_copy(text: impl Into<String>) -> Self {
        Self { too_long: TooLong::Stays, ..text.into().into() }
    }

    /// What people compare: nothing of it is left out.
    pub fn in_full(text: impl Into<String>) -> Self {
        Self { too_long: TooLong::Breaks, ..text.into().into() }
    }

    /// The same in this colour.
    pub fn toned(self, tone: Tone) -> Self {
        Self { tone, ..self }
    }
}

impl From<String> for Cell {
    fn from(text: String) -> Self {
        Self::new(Tone::Plain, text)
    }
}

impl From<&str> for Cell {
    fn from(text: &str) -> Self {
        text.to_owned().into()
    }
}

/// Rows as lines of columns, two spaces apart. The last cell of a shorter row stands over the columns behind it, as a
/// heading does.
///
/// Where a row does not fit, the widest columns give way and their cells go on below; a cell of one long word keeps its
/// line, and what stands behind it begins on the next.
#[must_use]
pub fn columns(rows: &[Vec<Cell>], style: Style) -> Vec<String> {
    let count = rows.iter().map(Vec::len).max().unwrap_or(0);
    let wanted = |column: usize| {
        let cells = rows.iter().filter(|row| row.len() == count || column + 1 < row.len());
        cells
            .filter_map(|row| row.get(column))
            .map(|cell| Wanted::of(&cell.text))
            .fold(Wanted::default(), Wanted::and)
    };
    let widths = given(&(0..count).map(wanted).collect::<Vec<_>>(), style.width);
    let lines = |row: &Vec<Cell>| {
        let mut widths = widths[..row.len()].to_vec();
        if let Some((last, before)) = widths.split_last_mut()
            && row.len() < count
        {
            *last = style.width.saturating_sub(before.iter().map(|given| given + GAP).sum());
        }
        lines(row, &widths, style)
    };
    rows.iter().flat_map(lines).collect()
}

/// What a column needs.
#[derive(Debug, Clone, Copy, Default)]
struct Wanted {
    /// For its widest cell.
    all: usize,
    /// For its longest word.
    word: usize,
}

impl Wanted {
    fn of(text: &str) -> Self {
        Self { all: width(text), word: text.split(' ').map(width).max().unwrap_or(0) }
    }

    fn and(self, other: Self) -> Self {
        Self { all: self.all.max(other.all), word: self.word.max(other.word) }
    }

    /// Below this it does not give way. A single long word, such as a path, decides nothing for the rows without it.
    fn least(self, is_last: bool, width: usize) -> usize {
        match self.word {
            _ if is_last && self.all > LAST => LAST.max(width / 3),
            word if word <= LONG => word,
            _ => NARROWEST,
        }
    }
}

/// How wide each column is: the widest give way, one column at a time, until all fit.
fn given(wanted: &[Wanted], width: usize) -> Vec<usize> {
    let mut given: Vec<usize> = wanted.iter().map(|wanted| wanted.all).collect();
    let room = width.saturating_sub(GAP * wanted.len().saturating_sub(1));
    let least: Vec<usize> = wanted
        .iter()
        .enumerate()
        .map(|(column, wanted)| wanted.least(column + 1 == given.len(), width))
        .collect();
    while given.iter().sum::<usize>() > room {
        let columns = given.iter_mut().zip(&least);
        let Some((widest, _)) =
            columns.filter(|(given, least)| **given > **least).max_by_key(|(given, _)| **given)
        else {
            break;
        };
        *widest -= 1;
    }
    // Where even that is too much, rows go on below.
    while given.iter().sum::<usize>() > room {
        let Some(widest) = given.iter_mut().max().filter(|widest| **widest > NARROWEST) else { break };
        *widest -= 1;
    }
    given
}

/// One row, on as many lines as its cells take.
fn lines(row: &[Cell], widths: &[usize], style: Style) -> Vec<String> {
    // The text with its colours, and how wide it is.
    let mut lines = vec![(String::new(), 0)];
    let (mut top, mut column) = (0, 0);
    for (cell, given) in row.iter().zip(widths) {
        let parts = parts(cell, *given);
        // A word that stays whole does so even at the beginning of a line of its own.
        let widest = parts.iter().map(|part| width(part)).max().unwrap_or(0);
        let is_far_in = cell.too_long == TooLong::Stays && widest > style.width.saturating_sub(column);
        let at = if is_far_in && column > HANG { HANG } else { column };
        if at < column {
            top = lines.len();
        }
        let mut is_over = false;
        for (index, part) in parts.into_iter().enumerate().filter(|(_, part)| !part.is_empty()) {
            let is_cut = cell.too_long == TooLong::Cut && style.detail < Detail::Verbose;
            let part =
                if is_cut { shortened(&part, style.width.saturating_sub(at), style.glyphs) } else { part };
            lines.resize(lines.len().max(top + index + 1), (String::new(), 0));
            let (line, taken) = &mut lines[top + index];
            line.push_str(&" ".repeat(at.saturating_sub(*taken)));
            line.push_str(&style.tone(cell.tone, &part));
            *taken = at + width(&part);
            is_over |= width(&part) > *given;
        }
        if is_over {
            top = lines.len();
        }
        // Of an endless line the last column has all.
        column = column.saturating_add(given.saturating_add(GAP));
    }
    lines.into_iter().map(|(line, _)| line.trim_end().to_owned()).collect()
}

/// The lines of a cell, of which one of a long word may be wider.
fn parts(cell: &Cell, room: usize) -> Vec<String> {
    if width(&cell.text) <= room {
        return vec![cell.text.clone()];
    }
    // Blanks at the beginning are meant.
    let indent = cell.text.len() - cell.text.trim_start().len();
    let blank = &cell.text[..indent];
    let room = room.saturating_sub(indent);
    let lines = wrapped(&cell.text, room).into_iter();
    let lines: Vec<String> = match cell.too_long {
        TooLong::Cut | TooLong::Stays => lines.collect(),
        TooLong::Breaks => lines.flat_map(|line| folded_text(&line, room)).collect(),
    };
    lines.into_iter().map(|line| format!("{blank}{line}")).collect()
}

#[cfg(test)]
mod tests {
    use super::super::{Colour, ENDLESS};
    use super::*;
    use proptest::prelude::*;

    fn show(rows: &[&[&str]], columns_: usize) -> Vec<String> {
        let rows: Vec<Vec<Cell>> =
            rows.iter().map(|row| row.iter().map(|cell| Cell::from(*cell)).collect()).collect();
        columns(&rows, Style::plain(columns_))
    }

    #[test]
    fn columns_line_up_without_counting_colour() {
        let rows = [vec!["a".into(), "bb".into()], vec![Cell::new(Tone::Bad, "ccc"), "d".into()]];
        let style = Style { colour: Colour::On, ..Style::plain(80) };
        assert_eq!(columns(&rows, style), ["a    bb", "\u{1b}[31mccc\u{1b}[0m  d"]);
        assert!(columns(&[], style).is_empty());
    }

    #[test]
    fn a_row_that_does_not_fit_goes_on_below() {
        let steps: [&[&str]; 3] = [
            &["1", "write-file", "/etc/nginx/conf.d/motion.conf", "insert 58 lines, remove nothing"],
            &["2", "create-file", "/var/lib/motionctl/base-af273680c0128638.conf", "create the file"],
            &["3", "reload", "", "signal the master and prove that new workers serve"],
        ];
        assert_eq!(
            show(&steps, 78),
            [
                "1  write-file   /etc/nginx/conf.d/motion.conf   insert 58 lines, remove",
                "                                                nothing",
                "2  create-file  /var/lib/motionctl/base-af273680c0128638.conf",
                "                                                create the file",
                "3  reload                                       signal the master and prove",
                "                                                that new workers serve",
            ]
        );
        assert_eq!(show(&steps, ENDLESS).len(), 3);
    }

    #[test]
    fn what_has_several_words_gives_way_before_a_name() {
        let row: &[&str] = &[
            "20261129T005609Z-565676bd", "2026-11-29 00:56:09 UTC", "3 files", "3014 bytes",
            "before a migration",
        ];
        assert_eq!(
            show(&[row], 80),
            [
                "20261129T005609Z-565676bd  2026-11-29       3 files  3014 bytes  before a",
                "                           00:56:09 UTC                          migration",
            ]
        );
    }

    #[test]
    fn a_row_of_one_cell_stands_over_the_others() {
        let rows: [&[&str]; 4] =
            [&["cc.example.test:443"], &["/", "ok", "a"], &["/api/", "ok", "b"], &["+", "and so on"]];
        assert_eq!(
            show(&rows, 20),
            ["cc.example.test:443", "/      ok  a", "/api/  ok  b", "+      and so on"]
        );
    }

    #[test]
    fn a_word_to_copy_has_a_line_of_its_own_where_it_does_not_fit() {
        let rows = [vec!["missing".into(), Cell::to_copy("https://example.test/a.tar.gz"), "x".into()]];
        assert_eq!(
            columns(&rows, Style::plain(34)),
            ["missing", "    https://example.test/a.tar.gz", "                                 x"]
        );
    }

    #[test]
    fn a_cell_that_stands_further_in_stays_there() {
        let rows: [&[&str]; 2] = [&["  a-word-that-is-long", "and much that is said of it"], &["  b", "c"]];
        assert_eq!(
            show(&rows, 40),
            [
                "  a-word-that-is-long",
                "                     and much that is",
                "                     said of it",
                "  b                  c",
            ]
        );
    }

    #[test]
    fn a_word_is_cut_in_its_middle_where_nobody_copies_it() {
        let long = "/srv".repeat(20);
        assert_eq!(show(&[&["a", &long]], 20), ["a  /srv/srv…/srv/srv"]);
        let rows = [vec!["a".into(), Cell::to_copy(long.clone())]];
        assert_eq!(columns(&rows, Style::plain(20)), [format!("a  {long}")]);
        let verbose = Style { detail: Detail::Verbose, ..Style::plain(20) };
        assert_eq!(columns(&[vec!["a".into(), Cell::from(long.clone())]], verbose), [format!("a  {long}")]);
    }

    proptest! {
        #[test]
        fn no_line_is_wider_than_the_terminal(
            rows in prop::collection::vec(prop::collection::vec("[a-z 日/]{0,90}", 0..5), 0..5),
            wide in 60_usize..200,
        ) {
            let rows: Vec<Vec<Cell>> =
                rows.into_iter().map(|row| row.into_iter().map(Cell::from).collect()).collect();
            for line in columns(&rows, Style::plain(wide)) {
                prop_assert!(width(&line) <= wide, "{line}");
            }
        }

        #[test]
        fn no_word_is_lost_or_broken(
            rows in prop::collection::vec(prop::collection::vec("[a-z]{0,9}( [a-z]{1,9}){0,9}", 1..4), 1..4),
            wide in 60_usize..200,
        ) {
            let mut wanted: Vec<String> =
                rows.iter().flatten().flat_map(|cell| cell.split_whitespace().map(str::to_owned)).collect();
            let rows: Vec<Vec<Cell>> =
                rows.into_iter().map(|row| row.into_iter().map(Cell::from).collect()).collect();
            let text = columns(&rows, Style::plain(wide)).join("\n");
            let mut shown: Vec<String> = text.split_whitespace().map(str::to_owned).collect();
            wanted.sort();
            shown.sort();
            prop_assert_eq!(shown, wanted);
        }
    }
}
