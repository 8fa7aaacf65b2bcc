//! Rows of a table that a terminal can show.
//!
//! Invariant: on a terminal no line is longer than it is wide: lists go on below, and other cells are cut and marked;
//! everywhere else each row is one line and nothing is cut.

use console::{Term, measure_text_width, truncate_str};
use serde_json::{Value, json};

/// The narrowest that the last column gets.
const NARROWEST: usize = 30;
/// What parts columns, and stands before them.
const GAP: usize = 2;

/// How wide lines may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Width {
    /// As wide as they are.
    Any,
    /// At most so many columns.
    Columns(usize),
}

impl Width {
    /// That of standard output.
    pub fn of_output() -> Self {
        let terminal = Term::stdout();
        if terminal.is_term() { Self::Columns(usize::from(terminal.size().1)) } else { Self::Any }
    }
}

/// A row: cells, and items in the last column.
pub struct Row {
    /// The first cells, as many in every row.
    pub cells: Vec<String>,
    /// What the last column lists.
    pub items: Vec<String>,
}

/// The rows of `details.rows`; a list that is too long goes on in rows without other cells.
pub fn laid_out(rows: Vec<Row>, width: Width) -> Vec<Value> {
    let count = rows.iter().map(|row| row.cells.len()).max().unwrap_or(0);
    let Width::Columns(width) = width else {
        return rows.into_iter().map(|row| line(row.cells, row.items.join(", "), count)).collect();
    };
    let widest = |index: usize| {
        rows.iter()
            .filter_map(|row| row.cells.get(index))
            .map(|cell| measure_text_width(cell))
            .max()
            .unwrap_or(0)
    };
    let widths: Vec<usize> = (0..count).map(widest).collect();
    let for_cells = width.saturating_sub(NARROWEST + GAP * count);
    let limits = limits(&widths, for_cells);
    let taken: usize = widths.iter().zip(&limits).map(|(width, limit)| width.min(limit) + GAP).sum();
    let left = width.saturating_sub(taken).max(NARROWEST);
    let mut lines = Vec::new();
    for row in rows {
        let cells = row.cells.iter().zip(&limits);
        let mut cells: Vec<String> =
            cells.map(|(cell, limit)| truncate_str(cell, *limit, "…").into_owned()).collect();
        for part in broken(&row.items, left) {
            lines.push(line(std::mem::take(&mut cells), part, count));
        }
    }
    lines
}

/// How wide each column may be: the widest ones give way until all fit.
fn limits(widths: &[usize], most: usize) -> Vec<usize> {
    let mut limits = widths.to_vec();
    while limits.iter().sum::<usize>() > most {
        let Some(widest) = limits.iter_mut().max().filter(|widest| **widest > 8) else { break };
        *widest -= 1;
    }
    limits
}

/// Items as lines of at most this width, broken between words; at least one line.
fn broken(items: &[String], width: usize) -> Vec<String> {
    let text = items.join(", ");
    let mut lines = vec![String::new()];
    for word in text.split(' ').flat_map(|word| pieces(word, width)) {
        let line = lines.last_mut().expect("there is one from the start");
        if line.is_empty() {
            *line = word;
        } else if measure_text_width(line) + 1 + measure_text_width(&word) <= width {
            line.push(' ');
            line.push_str(&word);
        } else {
            lines.push(word);
        }
    }
    lines
}

/// A word, cut where it is wider than a line.
fn pieces(word: &str, width: usize) -> Vec<String> {
    let mut pieces = vec![String::new()];
    let mut taken = 0;
    for c in word.chars() {
        let wide = measure_text_width(c.encode_utf8(&mut [0; 4]));
        if taken + wide > width {
            pieces.push(String::new());
            taken = 0;
        }
        taken += wide;
        pieces.last_mut().expect("there is one from the start").push(c);
    }
    pieces
}

fn line(mut cells: Vec<String>, last: String, count: usize) -> Value {
    cells.resize(count, String::new());
    cells.push(last);
    json!(cells)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(cells: &[&str], items: &[&str]) -> Row {
        let owned = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect();
        Row { cells: owned(cells), items: owned(items) }
    }

    #[test]
    fn nothing_is_cut_without_a_terminal() {
        let long = "x".repeat(200);
        let rows = laid_out(vec![row(&[&long, "b"], &["one", "two"])], Width::Any);
        assert_eq!(rows, [json!([long, "b", "one, two"])]);
    }

    #[test]
    fn no_line_is_wider_than_the_terminal() {
        let long = "名前".repeat(60);
        let rows = [
            row(&[&long, "Profile 1"], &["Talk Now", "Assistance", &long, "Support", "Medical", "Tech Hour"]),
            row(&["a", "b"], &[]),
        ];
        for width in [40, 80, 200] {
            for line in laid_out(
                rows.iter().map(|r| Row { cells: r.cells.clone(), items: r.items.clone() }).collect(),
                Width::Columns(width),
            ) {
                let cells: Vec<&str> =
                    line.as_array().expect("cells").iter().filter_map(Value::as_str).collect();
                let wide: usize = cells.iter().map(|cell| measure_text_width(cell) + GAP).sum();
                assert!(wide <= width + GAP, "{width}: {cells:?}");
            }
        }
    }

    #[test]
    fn a_long_list_goes_on_below() {
        let items = ["Talk Now", "Assistance", "Support", "Medical"];
        let rows = laid_out(vec![row(&["agent1"], &items)], Width::Columns(39));
        assert_eq!(rows, [json!(["agent1", "Talk Now, Assistance, Support,"]), json!(["", "Medical"])]);
        assert_eq!(laid_out(vec![row(&["a"], &[])], Width::Columns(80)), [json!(["a", ""])]);
    }
}
