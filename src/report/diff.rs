//! Unified diffs of configuration files, plain and painted.

use super::Style;
use similar::{ChangeTag, TextDiff};
use std::fmt::Write;

/// Lines of context around a change.
const CONTEXT: usize = 3;

/// The unified diff of two texts; empty when they are the same.
#[must_use]
pub fn unified(old_name: &str, new_name: &str, old: &str, new: &str) -> String {
    TextDiff::from_lines(old, new)
        .unified_diff()
        .context_radius(CONTEXT)
        .header(old_name, new_name)
        .to_string()
}

/// The same diff for a terminal, the changed words of a line picked out.
#[must_use]
pub fn words(old_name: &str, new_name: &str, old: &str, new: &str, style: Style) -> String {
    let diff = TextDiff::from_lines(old, new);
    let mut text = String::new();
    for (index, group) in diff.grouped_ops(CONTEXT).iter().enumerate() {
        if index == 0 {
            let _ = writeln!(text, "{}", style.bad(&format!("--- {old_name}")));
            let _ = writeln!(text, "{}", style.good(&format!("+++ {new_name}")));
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

    #[test]
    fn the_same_text_gives_no_diff() {
        assert_eq!(unified("a", "b", "x\n", "x\n"), "");
        assert_eq!(
            words("a", "b", "x\n", "x\n", Style { colour: Colour::Off, detail: Detail::Normal, width: 80 }),
            ""
        );
    }

    #[test]
    fn words_and_lines_agree_without_colour() {
        let (old, new) = ("a\nkeep\nold word\n", "a\nkeep\nnew word\nmore\n");
        let style = Style { colour: Colour::Off, detail: Detail::Normal, width: 80 };
        assert_eq!(words("a", "b", old, new, style), unified("a", "b", old, new));
    }
}
