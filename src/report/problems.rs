//! Problems of a file as compilers print them: place, line, mark, advice.
//!
//! Invariant: the place stands first and by itself, so that editors and
//! terminals find it; no more are shown than a person reads.

use super::style::Style;
use crate::outcome::ProblemSection;

/// Programs get them all.
const MOST: usize = 50;

/// One block for each problem.
pub(super) fn blocks(problems: &[ProblemSection], style: Style) -> Vec<String> {
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
    let mut lines = vec![format!("{}  {}", style.bold(&place), style.bad(&problem.message))];
    let number = problem.line.to_string();
    let blank = " ".repeat(number.len());
    for (index, text) in problem.excerpt.iter().enumerate() {
        let (gutter, text) = if index == 0 { (&number, text.clone()) } else { (&blank, style.bad(text)) };
        lines.push(format!("  {} {text}", style.dim(&format!("{gutter} |"))));
    }
    lines.extend(problem.hint.iter().map(|hint| format!("  {} {hint}", style.dim("→"))));
    lines
}
