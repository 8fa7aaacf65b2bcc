//! Problems of a file as compilers print them: place, line, mark, advice.
//!
//! Invariant: the place stands first and by itself, so that editors and
//! terminals find it; no more are shown than a person reads, and no line is
//! wider than the style allows but one of a word that is shown whole.

use super::Glyphs;
use super::glyphs::{ARROW, ELLIPSIS};
use super::style::Style;
use super::wrap::{columns, wrapped};
use crate::outcome::ProblemSection;

/// Programs get them all.
const MOST: usize = 50;
/// What the blocks stand behind.
const INDENT: usize = 2;
/// A message is never squeezed into less.
const NARROWEST: usize = 24;

/// One block for each problem.
pub(super) fn blocks(problems: &[ProblemSection], style: Style) -> Vec<String> {
    let style = style.for_reading();
    let mut lines: Vec<String> =
        problems.iter().take(MOST).flat_map(|problem| block(problem, style)).collect();
    if problems.len() > MOST {
        lines.push(style.dim(&format!("and {} more; --json has them all", problems.len() - MOST)));
    }
    lines
}

fn block(problem: &ProblemSection, style: Style) -> Vec<String> {
    let place = match problem.line {
        0 => problem.file.clone(),
        line => format!("{}:{line}:{}", problem.file, problem.column),
    };
    let width = style.width.saturating_sub(INDENT);
    let mut lines = message(&place, &problem.message, width, style);
    let number = problem.line.to_string();
    let blank = " ".repeat(number.len());
    let room = width.saturating_sub(number.len() + 5).max(NARROWEST);
    for (index, text) in windowed(&problem.excerpt, room, style).iter().enumerate() {
        let (gutter, text) = if index == 0 { (&number, text.clone()) } else { (&blank, style.bad(text)) };
        lines.push(format!("  {} {text}", style.dim(&format!("{gutter} |"))));
    }
    let arrow = style.glyphs.of(ARROW);
    let beside = width.saturating_sub(columns(&arrow) + 3).max(NARROWEST);
    let hints = problem.hint.iter().flat_map(|hint| wrapped(hint, beside));
    lines.extend(hints.enumerate().map(|(index, hint)| {
        let mark = if index == 0 { style.dim(&arrow) } else { " ".repeat(columns(&arrow)) };
        format!("  {mark} {hint}")
    }));
    lines
}

/// The place and the message, which goes on below where the line is full.
fn message(place: &str, message: &str, width: usize, style: Style) -> Vec<String> {
    let beside = width.saturating_sub(columns(place) + 2).max(NARROWEST);
    let all = wrapped(message, beside);
    let first = all.first().cloned().unwrap_or_default();
    // A single word may be longer, and what stands behind it is not lost.
    let rest = message.trim_start().strip_prefix(first.as_str());
    let rest = rest.map_or_else(|| all[1.min(all.len())..].join(" "), str::to_owned);
    let mut lines = vec![format!("{}  {}", style.bold(place), style.bad(&first))];
    let further = wrapped(&rest, width.saturating_sub(4).max(NARROWEST));
    lines.extend(further.iter().map(|more| format!("    {}", style.bad(more))));
    lines
}

/// A line and the marks below it, as much of both as there is room for; the marks begin within it.
fn windowed(excerpt: &[String], room: usize, style: Style) -> Vec<String> {
    // One column wide, so that the marks stay where they are.
    let cut = if style.glyphs == Glyphs::Ascii { "." } else { ELLIPSIS };
    let [text, marks] = excerpt else { return excerpt.to_vec() };
    if columns(text).max(columns(marks)) <= room {
        return excerpt.to_vec();
    }
    let blank = marks.len() - marks.trim_start().len();
    let skip = if blank + columns(marks.trim_start()).min(room / 2) <= room { 0 } else { blank - room / 2 };
    let mut column = 0;
    let (mut part, mut taken) = (String::new(), 0);
    for c in text.chars() {
        let wide = columns(c.encode_utf8(&mut [0; 4]));
        if column >= skip && taken + wide < room {
            part.push(c);
            taken += wide;
        } else if column >= skip {
            part.push_str(cut);
            taken += 1;
            break;
        }
        column += wide;
    }
    let marks: String = marks.chars().skip(skip).take(taken.max(blank - skip + 1)).collect();
    vec![part, marks]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(message: &str, hint: &str, excerpt: [&str; 2], width: usize) -> Vec<String> {
        let problem = ProblemSection {
            file: "m.yaml".to_owned(),
            line: 3,
            column: 7,
            message: message.to_owned(),
            hint: Some(hint.to_owned()),
            excerpt: excerpt.map(str::to_owned).to_vec(),
        };
        blocks(&[problem], Style::plain(width))
    }

    #[test]
    fn messages_and_advice_are_broken_as_findings_are() {
        let lines = shown(
            "the name `Big One` means nothing here, and nothing there",
            "write `previous_name: Morning Shift` below the name",
            ["name: x", "      ^"],
            50,
        );
        let expect = [
            "m.yaml:3:7  the name `Big One` means nothing",
            "    here, and nothing there",
            "  3 | name: x",
            "    |       ^",
            "  → write `previous_name: Morning Shift` below",
            "    the name",
        ];
        assert_eq!(lines, expect);
    }

    #[test]
    fn marks_end_where_the_line_is_cut() {
        let (long, marks) = ("x".repeat(300), "^".repeat(300));
        for before in [6, 90] {
            let text = format!("{}{long}", "-".repeat(before));
            let lines = shown("m", "h", [&text, &format!("{}{marks}", " ".repeat(before))], 60);
            assert!(lines.iter().all(|line| columns(line) <= 58), "{lines:?}");
            assert!(lines[1].ends_with('…') && lines[2].contains("^^^"), "{lines:?}");
            let first = |line: &str, c: char| line.chars().position(|other| other == c);
            assert_eq!(first(&lines[1].replace("  3", "   "), 'x'), first(&lines[2], '^'), "{lines:?}");
        }
    }
}
