//! Two texts side by side, line beside line, the changed words of a line marked.
//!
//! Invariant: every line of both texts is shown or counted as left out, with its own number.

use crate::outcome::{CONTEXT, Comparison};
use serde::Serialize;
use similar::{Algorithm, ChangeTag, DiffOp, InlineChange, TextDiff};

/// One file before and after.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub struct Sides {
    /// What the first is called.
    pub old_name: String,
    /// What the second is called.
    pub new_name: String,
    /// Lines that are new.
    pub added: usize,
    /// Lines that are gone.
    pub removed: usize,
    /// The rows, from the top.
    pub rows: Vec<Row>,
}

/// One row.
#[derive(Debug, Default, PartialEq, Eq, Serialize)]
pub struct Row {
    /// `same`, `changed`, `added`, `removed`, or `gap`.
    pub kind: &'static str,
    /// The line of the first text.
    pub old: Option<Line>,
    /// The line of the second text.
    pub new: Option<Line>,
    /// Of a gap: how many lines are alike and left out.
    pub left_out: usize,
}

/// One line.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub struct Line {
    /// Its number, from 1.
    pub number: usize,
    /// Its text in pieces.
    pub parts: Vec<Part>,
}

/// A piece of a line.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub struct Part {
    pub text: String,
    /// Whether it is what differs in a line that is otherwise alike.
    pub differs: bool,
}

/// The rows of two texts; `None` where they are the same.
pub fn sides(texts: &Comparison) -> Option<Sides> {
    let diff = TextDiff::configure().algorithm(Algorithm::Myers).diff_lines(&texts.old, &texts.new);
    let groups = diff.grouped_ops(CONTEXT);
    if groups.is_empty() {
        return None;
    }
    let mut rows = Vec::new();
    let mut shown = 0;
    for group in &groups {
        let start = group.first().map_or(shown, |operation| operation.old_range().start);
        rows.extend(gap(start - shown));
        for operation in group {
            of_operation(&diff, operation, &mut rows);
            shown = operation.old_range().end;
        }
    }
    rows.extend(gap(texts.old.lines().count().saturating_sub(shown)));
    let count = |side: fn(&Row) -> bool| rows.iter().filter(|row| row.kind != "same" && side(row)).count();
    Some(Sides {
        old_name: texts.old_name.clone(),
        new_name: texts.new_name.clone(),
        added: count(|row| row.new.is_some()),
        removed: count(|row| row.old.is_some()),
        rows,
    })
}

fn gap(left_out: usize) -> Option<Row> {
    (left_out > 0).then(|| Row { kind: "gap", left_out, ..Row::default() })
}

/// The rows of lines that are alike, gone, new, or changed: the last side by side as long as both go on.
fn of_operation(diff: &TextDiff<'_, '_, str>, operation: &DiffOp, rows: &mut Vec<Row>) {
    let (mut old, mut new) = (Vec::new(), Vec::new());
    for change in diff.iter_inline_changes(operation) {
        match change.tag() {
            ChangeTag::Equal => {
                let row = |number: Option<usize>| number.map(|index| line(index, &change));
                let (old, new) = (row(change.old_index()), row(change.new_index()));
                rows.push(Row { kind: "same", old, new, left_out: 0 });
            }
            ChangeTag::Delete => old.extend(change.old_index().map(|index| line(index, &change))),
            ChangeTag::Insert => new.extend(change.new_index().map(|index| line(index, &change))),
        }
    }
    let (mut old, mut new) = (old.into_iter(), new.into_iter());
    loop {
        let (mut old, mut new) = (old.next(), new.next());
        let kind = match (&old, &new) {
            (Some(_), Some(_)) => "changed",
            (Some(_), None) => "removed",
            (None, Some(_)) => "added",
            (None, None) => break,
        };
        // Beside nothing the whole line is what differs.
        if kind != "changed" {
            let lines = old.iter_mut().chain(&mut new);
            lines.flat_map(|line| &mut line.parts).for_each(|part| part.differs = false);
        }
        rows.push(Row { kind, old, new, left_out: 0 });
    }
}

fn line(index: usize, change: &InlineChange<'_, str>) -> Line {
    let parts = change.iter_strings_lossy().filter_map(|(differs, text)| {
        let text = text.trim_end_matches(['\n', '\r']).to_owned();
        (!text.is_empty()).then_some(Part { text, differs })
    });
    Line { number: index + 1, parts: parts.collect() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(old: &str, new: &str) -> Option<Sides> {
        sides(&Comparison::of_file("a".as_ref(), old.to_owned(), new.to_owned()))
    }

    /// A row as text: `kind old|new`, changed words in brackets.
    fn told(row: &Row) -> String {
        let line = |line: &Option<Line>| match line {
            None => String::new(),
            Some(line) => {
                let part = |part: &Part| match part.differs {
                    true => format!("[{}]", part.text),
                    false => part.text.clone(),
                };
                format!("{} {}", line.number, line.parts.iter().map(part).collect::<String>())
            }
        };
        match row.kind {
            "gap" => format!("gap {}", row.left_out),
            kind => format!("{kind} {}|{}", line(&row.old), line(&row.new)),
        }
    }

    #[test]
    fn the_same_text_has_no_sides() {
        assert_eq!(of("a\n", "a\n"), None);
        assert_eq!(of("", ""), None);
    }

    #[test]
    fn lines_stand_beside_what_became_of_them() {
        let found = of("one word here\ngone\nkeep\n", "one other here\nkeep\nnew\nmore\n").expect("sides");
        let rows: Vec<_> = found.rows.iter().map(told).collect();
        let expect = [
            "changed 1 one [word] here|1 one [other] here",
            "removed 2 gone|",
            "same 3 keep|2 keep",
            "added |3 new",
            "added |4 more",
        ];
        assert_eq!(rows, expect);
        assert_eq!((found.added, found.removed), (3, 2));
    }

    #[test]
    fn what_is_alike_far_from_a_change_is_counted_and_every_line_is_somewhere() {
        let numbers = |range: std::ops::Range<usize>| range.map(|n| format!("{n}\n")).collect::<String>();
        let old = numbers(0..40);
        let new = old.replacen("20\n", "twenty\n", 1);
        let found = of(&old, &new).expect("sides");
        assert_eq!(found.rows.first().map(told).as_deref(), Some("gap 17"));
        assert_eq!(found.rows.last().map(told).as_deref(), Some("gap 16"));
        let all: usize = found.rows.iter().map(|row| row.left_out + usize::from(row.old.is_some())).sum();
        assert_eq!(all, 40);
    }

    #[test]
    fn a_file_that_is_new_or_gone_has_one_side() {
        let kinds = |old: &str, new: &str| -> Vec<&str> {
            of(old, new).expect("sides").rows.iter().map(|row| row.kind).collect()
        };
        assert_eq!(kinds("", "a\nb\n"), ["added", "added"]);
        assert_eq!(kinds("a\nb", ""), ["removed", "removed"]);
        assert_eq!(kinds("a\r\n", "a\n"), ["changed"], "white space is a difference, too");
    }
}
