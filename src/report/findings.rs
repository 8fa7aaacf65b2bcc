//! Findings as text: a line each, and below it what a person needs to decide.
//!
//! Invariant: no line is wider than the style allows, but one of a word that is
//! shown whole; what is left out is counted, and nothing of it is what people copy.

use super::glyphs::ARROW;
use super::style::{Detail, Style};
use super::wrap::{columns, shortened, words, wrapped};
use crate::outcome::codes;
use crate::outcome::{Finding, Level};

/// Columns of the level and the space behind it.
const INDENT: usize = 6;
/// The widest column of codes; a longer code pushes its title.
const WIDEST_CODE: usize = 26;
/// Lines that one piece of evidence may take.
const MOST_LINES: usize = 3;
/// Lines of evidence that are shown unless everything is asked for.
const MOST_EVIDENCE: usize = 3;

/// The findings, in the order in which they come, with an empty line between levels.
pub fn findings(findings: &[Finding], style: Style) -> Vec<String> {
    let style = style.for_reading();
    let shown: Vec<&Finding> =
        findings.iter().filter(|finding| style.detail > Detail::Quiet || finding.stops()).collect();
    let widest = shown.iter().map(|finding| finding.code.name().len()).max().unwrap_or(0).min(WIDEST_CODE);
    let mut lines = Vec::new();
    let mut level = None;
    for (index, finding) in shown.iter().enumerate() {
        if level != Some(finding.level) {
            lines.push(String::new());
            level = Some(finding.level);
        }
        let next = shown.get(index + 1).filter(|next| next.level == finding.level);
        let advice_follows = next.is_some_and(|next| next.advice == finding.advice);
        lines.extend(headline(finding, widest, style));
        if finding.level < Level::Info || style.detail >= Detail::Verbose {
            lines.extend(evidence(finding, style));
            // The same advice for several is given once, below the last.
            if !finding.advice.is_empty() && !advice_follows {
                lines.extend(advice(&finding.advice, style));
            }
        }
    }
    lines
}

fn headline(finding: &Finding, widest: usize, style: Style) -> Vec<String> {
    let level = match finding.level {
        Level::Stop if finding.accepted => style.warn("stop"),
        Level::Stop => style.bad("stop"),
        Level::Warn => style.warn("warn"),
        Level::Info => style.dim("info"),
    };
    let padding = " ".repeat(widest.saturating_sub(finding.code.name().len()));
    let column = INDENT + widest.max(finding.code.name().len()) + 2;
    let room = style.width.saturating_sub(column).max(24);
    let accepted = if finding.accepted { " (accepted)" } else { "" };
    let mut titles = wrapped(&format!("{}{accepted}", finding.title), room).into_iter();
    let first = titles.next().unwrap_or_default();
    let mut lines = vec![format!("{level}  {}{padding}  {first}", style.bold(finding.code.name()))];
    lines.extend(titles.map(|more| format!("{}{more}", " ".repeat(column))));
    lines
}

fn evidence(finding: &Finding, style: Style) -> Vec<String> {
    let indent = " ".repeat(INDENT);
    let room = style.width.saturating_sub(INDENT);
    let all = finding.evidence.len();
    let is_verbose = style.detail >= Detail::Verbose;
    // One line that says "1 more" takes the room of the line itself. What a plan does not know is never cut.
    let is_whole = is_verbose || all <= MOST_EVIDENCE + 1 || finding.code == codes::SEED_OFFLINE;
    let shown = if is_whole { all } else { MOST_EVIDENCE };
    let mut lines: Vec<_> = Vec::new();
    for line in finding.evidence.iter().take(shown) {
        let mut parts = if is_verbose { whole(line, room) } else { fitted(line, room, style) }.into_iter();
        lines.extend(parts.next().map(|first| format!("{indent}{first}")));
        lines.extend(parts.map(|more| format!("{indent}  {more}")));
    }
    if shown < all {
        lines.push(format!("{indent}{}", style.dim(&format!("and {} more, with -v", all - shown))));
    }
    lines
}

fn advice(text: &str, style: Style) -> Vec<String> {
    let indent = " ".repeat(INDENT);
    let arrow = style.glyphs.of(ARROW);
    let room = style.width.saturating_sub(INDENT + columns(&arrow) + 1);
    let lines = wrapped(text, room).into_iter().enumerate();
    lines
        .map(|(index, line)| {
            let mark = if index == 0 { style.dim(&arrow) } else { " ".repeat(columns(&arrow)) };
            format!("{indent}{mark} {line}")
        })
        .collect()
}

/// The text on as many lines as it takes, the further ones narrower; as it is where it fits on one.
fn whole(text: &str, width: usize) -> Vec<String> {
    if columns(text) <= width { vec![text.to_owned()] } else { wrapped(text, width.saturating_sub(2)) }
}

/// The text on a few lines; of a longer one the middle is left out.
fn fitted(text: &str, width: usize, style: Style) -> Vec<String> {
    if columns(text) <= width {
        return vec![text.to_owned()];
    }
    let narrower = width.saturating_sub(2);
    let lines = wrapped(text, narrower);
    let is_kept = |line: &String| columns(line) <= narrower || is_to_copy(line);
    if lines.len() <= MOST_LINES && lines.iter().all(is_kept) {
        return lines;
    }
    // What is to be copied stands last.
    if let Some((copied, before)) = words(text).split_last()
        && is_to_copy(copied)
        && !before.is_empty()
    {
        let mut lines = fitted(&before.join(" "), width, style);
        lines.push((*copied).to_owned());
        return lines;
    }
    let Some((first, rest)) =
        lines.split_first().filter(|(first, rest)| !rest.is_empty() && columns(first) <= width)
    else {
        return vec![shortened(text, width, style.glyphs)];
    };
    vec![first.clone(), shortened(&rest.join(" "), narrower, style.glyphs)]
}

/// Whether a text is one thing in backticks.
fn is_to_copy(text: &str) -> bool {
    text.len() > 2 && text.starts_with('`') && words(text).len() == 1
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outcome::codes::{self, Code};
    use crate::report::{ENDLESS, Glyphs};

    fn show(found: &[Finding], detail: Detail) -> String {
        findings(found, Style { detail, ..Style::plain(60) }).join("\n")
    }

    fn short(text: &str, width: usize) -> Vec<String> {
        fitted(text, width, Style::plain(80))
    }

    fn many(code: Code, lines: usize) -> Finding {
        let finding = Finding::new(code, "a title that is too long for one line of this width").advice("ask");
        finding.evidence_lines((0..lines).map(|number| format!("line {number}")))
    }

    #[test]
    fn a_screen_is_aligned_and_short() {
        let found =
            [many(codes::HOST_NO_TIMER, 5), many(codes::HOST_READ_ONLY, 4), many(codes::HOST_SELINUX, 2)];
        let expect = "
stop  host.no-timer   a title that is too long for one line
                      of this width
      line 0
      line 1
      line 2
      and 2 more, with -v
stop  host.read-only  a title that is too long for one line
                      of this width
      line 0
      line 1
      line 2
      line 3
      → ask

info  host.selinux    a title that is too long for one line
                      of this width";
        assert_eq!(show(&found, Detail::Normal), expect);
        let verbose = show(&found, Detail::Verbose);
        assert!(verbose.contains("line 4") && verbose.ends_with("line 1\n      → ask"), "{verbose}");
        assert!(!show(&found, Detail::Quiet).contains("host.selinux"));
        assert_eq!(show(&[], Detail::Normal), "");
    }

    #[test]
    fn long_lines_lose_their_middle() {
        assert_eq!(short("a bb ccc dddd eeee ffff", 8), ["a bb", "ccc…ff"]);
        assert_eq!(short("a bb ccc dddd", 8), ["a bb", "ccc", "dddd"]);
        assert_eq!(short("a/very/long/path", 8), ["a/ve…ath"]);
    }

    #[test]
    fn nothing_is_wrapped_where_lines_are_endless() {
        let long = vec!["word"; 90].join(" ");
        let finding = Finding::new(codes::HOST_NO_TIMER, &long).evidence(&long).advice(&long);
        let style = Style { glyphs: Glyphs::Ascii, ..Style::plain(ENDLESS) };
        let lines = findings(&[finding], style);
        assert_eq!(
            lines[1..],
            [format!("stop  host.no-timer  {long}"), format!("      {long}"), format!("      -> {long}")]
        );
    }

    #[test]
    fn what_is_to_be_copied_is_never_broken_or_cut() {
        let text = "`Day` is like another: `previous_name: Morning Shift`";
        assert_eq!(short(text, 26), ["`Day` is like another:", "`previous_name: Morning Shift`"]);
        let many = format!("{}: `previous_name: Morning Shift`", vec!["word"; 30].join(" "));
        let lines = short(&many, 26);
        assert_eq!((lines.len(), lines[2].as_str()), (3, "`previous_name: Morning Shift`"));
    }

    #[test]
    fn with_v_lines_fit_and_nothing_is_left_out() {
        let names: Vec<String> = (0..40).map(|number| format!("agent{number}")).collect();
        let finding = Finding::new(codes::HOST_NO_TIMER, "t").evidence(names.join(", "));
        let text = show(&[finding], Detail::Verbose);
        assert!(text.lines().all(|line| columns(line) <= 60), "{text}");
        assert!(names.iter().all(|name| text.contains(name.as_str())), "{text}");
    }
}
