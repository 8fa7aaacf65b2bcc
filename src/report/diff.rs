//! Unified diffs of configuration files, painted.

use super::Style;
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
        let range = |start: usize, end: usize| format!("{},{}", start + 1, end - start);
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
            text.push_str(&paint(&style, sign));
            for (emphasised, part) in change.iter_strings_lossy() {
                let part = part.trim_end_matches('\n');
                let painted = paint(&style, part);
                text.push_str(&if emphasised { style.bold(&painted) } else { painted });
            }
            text.push('\n');
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::super::{Colour, Detail};
    use super::*;

    fn texts(old: &str, new: &str) -> Comparison {
        Comparison::of_file("a".as_ref(), old.to_owned(), new.to_owned())
    }

    #[test]
    fn the_same_text_gives_no_diff() {
        let texts = texts("x\n", "x\n");
        assert_eq!(texts.unified(), "");
        assert_eq!(words(&texts, Style { colour: Colour::Off, detail: Detail::Normal, width: 80 }), "");
    }

    #[test]
    fn words_and_lines_agree_without_colour() {
        let texts = texts("a\nkeep\nold word\n", "a\nkeep\nnew word\nmore\n");
        let style = Style { colour: Colour::Off, detail: Detail::Normal, width: 80 };
        assert_eq!(words(&texts, style), texts.unified());
    }
}
