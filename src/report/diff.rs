//! Unified diffs of configuration files, painted.
//!
//! Invariant: where lines are endless, the text is the unified diff byte for byte; elsewhere no line is wider than the
//! style allows.

use super::Style;
use super::fold::{GOES_ON, folded};
use crate::outcome::{CONTEXT, Comparison};
use similar::{ChangeTag, TextDiff};
use std::fmt::Write;

/// The unified diff of two texts for a terminal, the changed words of a line picked out.
#[must_use]
pub fn words(texts: &Comparison, style: Style) -> String {
    let diff = TextDiff::from_lines(&texts.old, &texts.new);
    let mut text = String::new();
    for (index, group) in diff.grouped_ops(CONTEXT).iter().enumerate() {
        if index == 0 {
            let _ = writeln!(text, "{}", style.bad(&format!("--- {}", texts.old_name)));
            let _ = writeln!(text, "{}", style.good(&format!("+++ {}", texts.new_name)));
        }
        let (Some(first), Some(last)) = (group.first(), group.last()) else { continue };
        // One line has no count, and none stands behind the line before it.
        let range = |start: usize, end: usize| match end - start {
            0 => format!("{start},0"),
            1 => format!("{}", start + 1),
            count => format!("{},{count}", start + 1),
        };
        let header = format!(
            "@@ -{} +{} @@",
            range(first.old_range().start, last.old_range().end),
            range(first.new_range().start, last.new_range().end)
        );
        let _ = writeln!(text, "{}", style.hunk(&header));
        for change in group.iter().flat_map(|operation| diff.iter_inline_changes(operation)) {
            let (sign, paint): (&str, fn(&Style, &str) -> String) = match change.tag() {
                ChangeTag::Equal => (" ", |_, part| part.to_owned()),
                ChangeTag::Delete => ("-", Style::bad),
                ChangeTag::Insert => ("+", Style::good),
            };
            let line: Vec<_> = change
                .iter_strings_lossy()
                .map(|(is_picked, part)| (is_picked, part.trim_end_matches('\n').to_owned()))
                .collect();
            for (index, row) in folded(&line, style.inside(sign.len()).width).into_iter().enumerate() {
                text.push_str(&paint(&style, if index == 0 { sign } else { GOES_ON }));
                for (is_picked, part) in row {
                    let painted = paint(&style, &part);
                    text.push_str(&if is_picked { style.bold(&painted) } else { painted });
                }
                text.push('\n');
            }
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::super::{ENDLESS, columns};
    use super::*;

    fn texts(old: &str, new: &str) -> Comparison {
        Comparison::of_file("a".as_ref(), old.to_owned(), new.to_owned())
    }

    #[test]
    fn the_same_text_gives_no_diff() {
        let texts = texts("x\n", "x\n");
        assert_eq!(texts.unified(), "");
        assert_eq!(words(&texts, Style::plain(80)), "");
    }

    #[test]
    fn words_and_lines_agree_without_colour() {
        let texts = texts("a\nkeep\nold word\n", "a\nkeep\nnew word\nmore\n");
        assert_eq!(words(&texts, Style::plain(80)), texts.unified());
    }

    #[test]
    fn a_line_that_is_too_wide_goes_on_below_with_the_sign_of_no_line() {
        let new = format!("\tlocation ~ \\.({})$ {{\n", ["css"; 40].join("|"));
        let texts = texts("a\n", &new);
        let shown = words(&texts, Style::plain(60));
        assert!(shown.lines().all(|line| columns(line) <= 60), "{shown}");
        assert!(
            shown.contains("+        location ~ \\.(css|") && shown.contains("\n\\            css|"),
            "{shown}"
        );
        assert_eq!(words(&texts, Style::plain(ENDLESS)), texts.unified());
    }
}
