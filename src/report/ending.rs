//! The end of an answer: what it comes to, why it failed, and what to type next. It is what stays on the screen.
//!
//! Invariant: the reasons come last, each beside its command; a command is never cut, and goes on below as a shell reads
//! it, as it is to be copied.

use super::style::{Detail, Style, Tone};
use super::table::{self, Cell};
use super::wrap::{columns, command, hanging, paragraph, wrapped};
use crate::outcome::{Details, NextStep, Outcome, OutcomeKind, StateSection};

/// What stands below a title is so much further in.
pub const INDENT: usize = 2;

/// The line of counts, the failure, and the commands that may come next.
pub fn ending(outcome: &Outcome, style: Style) -> Vec<String> {
    if outcome.outcome == OutcomeKind::Cancelled {
        return Vec::new();
    }
    let is_quiet = style.detail == Detail::Quiet;
    let width = style.for_reading().width;
    let mut lines = if is_quiet { Vec::new() } else { summary(outcome, style) };
    let Details { saved, page, archive, .. } = &outcome.details;
    for (did, file) in [("Saved the plan", saved), ("Wrote the page", page), ("Wrote the archive", archive)] {
        if let Some(file) = file {
            lines.push(String::new());
            lines.extend(paragraph(&format!("{did} to {file}"), width));
        }
    }
    lines.extend(section("State", state(outcome, style.inside(INDENT)), style));
    lines.extend(error(outcome, style));
    // Who wants to hear little hears what has to be done all the same.
    let is_due = outcome.exit_code > 2 || outcome.outcome == OutcomeKind::AwaitingConfirmation;
    if !is_quiet || is_due {
        lines.extend(section("Next", next(&outcome.next, style.inside(INDENT)), style));
    }
    lines
}

/// The line of counts below an empty one.
pub fn summary(outcome: &Outcome, style: Style) -> Vec<String> {
    let width = style.for_reading().width;
    let lines = outcome.summary().into_iter();
    lines.flat_map(|text| std::iter::once(String::new()).chain(paragraph(text, width))).collect()
}

/// A title and what stands below it; nothing where there is nothing.
pub fn section(title: &str, body: Vec<String>, style: Style) -> Vec<String> {
    if body.is_empty() {
        return Vec::new();
    }
    let mut lines = vec![String::new(), style.bold(title)];
    let indent = " ".repeat(INDENT);
    lines.extend(body.into_iter().map(|line| format!("{indent}{line}").trim_end().to_owned()));
    lines
}

fn error(outcome: &Outcome, style: Style) -> Vec<String> {
    let Some(error) = &outcome.error else { return Vec::new() };
    // What a check found stands in its verdict and findings.
    let is_said = outcome.command == "check" && outcome.outcome == OutcomeKind::Refused;
    let mut lines = Vec::new();
    if !is_said {
        let width = style.for_reading().width;
        lines.push(String::new());
        lines.extend(hanging(&style.bad("error:"), "error: ".len(), &error.message, width));
        if style.detail >= Detail::Verbose {
            let all = error.particulars.iter();
            let all = all.flat_map(|line| paragraph(line, style.inside(INDENT).for_reading().width));
            lines.extend(all.map(|line| format!("{}{}", " ".repeat(INDENT), style.dim(&line))));
        }
        if style.detail == Detail::Everything {
            let all = error.causes.iter().map(|cause| format!("caused by: {cause}"));
            let all = all.flat_map(|line| paragraph(&line, style.inside(INDENT).for_reading().width));
            lines.extend(all.map(|line| format!("{}{}", " ".repeat(INDENT), style.dim(&line))));
        }
        let hints = error.hint.iter();
        lines.extend(hints.flat_map(|hint| hanging(&style.dim("hint:"), "hint: ".len(), hint, width)));
    }
    lines
}

/// A command and its reason on a line, in two columns; below each other where that is too wide for one of them.
fn next(steps: &[NextStep], style: Style) -> Vec<String> {
    let widest = steps.iter().map(|step| columns(&step.command)).max().unwrap_or(0);
    let fits = |step: &NextStep| columns(&step.why) <= style.width.saturating_sub(widest + 2);
    if steps.iter().all(fits) {
        let row = |step: &NextStep| vec![Cell::to_copy(&step.command), Cell::new(Tone::Dim, &step.why)];
        return table::columns(&steps.iter().map(row).collect::<Vec<_>>(), style);
    }
    let below = |step: &NextStep| {
        let why = wrapped(&step.why, style.for_reading().width.saturating_sub(4));
        let why = why.into_iter().map(|line| format!("    {}", style.dim(&line)));
        command(&step.command, style.width).into_iter().chain(why).collect::<Vec<_>>()
    };
    steps.iter().flat_map(below).collect()
}

/// What was seen of a server that an operator must look at.
fn state(outcome: &Outcome, style: Style) -> Vec<String> {
    let Some(StateSection { disk, nginx, serving }) = &outcome.details.state else { return Vec::new() };
    let nginx = std::slice::from_ref(nginx);
    let named: [(&str, &[String]); 3] = [("on disk", disk), ("nginx -t", nginx), ("serving", serving)];
    let rows = named.iter().flat_map(|(name, lines)| {
        let row = |(index, line): (usize, &String)| {
            vec![Cell::from(if index == 0 { *name } else { "" }), Cell::to_copy(line)]
        };
        lines.iter().enumerate().map(row).collect::<Vec<_>>()
    });
    table::columns(&rows.collect::<Vec<_>>(), style)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outcome::{Failure, FailureKind};

    fn shown(detail: Detail, width: usize, make: impl FnOnce(&mut Outcome)) -> String {
        let mut outcome = Outcome::new("apply", OutcomeKind::Ok);
        outcome.summarise(["1 NGINX file".to_owned(), "1 reload".to_owned()]);
        outcome.next("motionctl confirm", "keep the change");
        outcome.next("motionctl rollback", "undo it now");
        make(&mut outcome);
        ending(&outcome, Style { detail, ..Style::plain(width) }).join("\n")
    }

    #[test]
    fn the_counts_come_before_the_reasons_and_nothing_after_them() {
        let expect = "
1 NGINX file; 1 reload

Next
  motionctl confirm   keep the change
  motionctl rollback  undo it now";
        assert_eq!(shown(Detail::Normal, 80, |_| ()), expect);
    }

    #[test]
    fn what_does_not_fit_beside_a_command_stands_below_it() {
        let expect = "
1 NGINX file; 1 reload

Next
  motionctl confirm
      keep the change
  motionctl rollback
      undo it now";
        assert_eq!(shown(Detail::Normal, 30, |_| ()), expect);
    }

    #[test]
    fn who_asked_for_little_hears_what_is_due() {
        assert_eq!(shown(Detail::Quiet, 80, |_| ()), "");
        for due in [
            shown(Detail::Quiet, 80, |outcome| outcome.outcome = OutcomeKind::AwaitingConfirmation),
            shown(Detail::Quiet, 80, |outcome| outcome.exit_code = 5),
        ] {
            assert!(due.contains("motionctl confirm"), "{due}");
        }
    }

    #[test]
    fn the_errors_behind_a_failure_are_for_who_asks_for_every_detail() {
        let error = anyhow::anyhow!("no \u{1b}[2Jroom").context("opening `/x`");
        let failure = Failure::from_error(FailureKind::Failed, error);
        let mut outcome = Outcome::failed("apply", failure);
        outcome.set_verdict("failed");
        let shown = |detail| crate::report::human(&outcome, Style { detail, ..Style::plain(80) });
        assert!(!shown(Detail::Verbose).contains("caused by"));
        let expect = "error: opening `/x`: no \\u{1b}[2Jroom\n  caused by: opening `/x`\n  caused by: no \\u{1b}[2Jroom\n";
        assert!(shown(Detail::Everything).contains(expect), "{}", shown(Detail::Everything));
    }

    #[test]
    fn a_cancelled_command_has_nothing_more_to_say() {
        let failure = Failure::new(FailureKind::Cancelled, "the answer was no");
        let text = shown(Detail::Normal, 80, |outcome| outcome.fail(failure));
        assert_eq!(text, "");
    }
}
