//! The end of an answer: what it comes to, why it failed, and what to type next. It is what stays on the screen.
//!
//! Invariant: the reasons come last, each beside its command; a command is never cut or broken, as it is to be copied.

use super::style::{Detail, Style};
use super::table;
use super::wrap::{columns, wrapped};
use crate::outcome::{NextStep, Outcome, OutcomeKind};

/// The line of counts, the failure, and the commands that may come next.
pub fn ending(outcome: &Outcome, style: Style) -> Vec<String> {
    if outcome.outcome == OutcomeKind::Cancelled {
        return Vec::new();
    }
    let is_quiet = style.detail == Detail::Quiet;
    let mut lines = if is_quiet { Vec::new() } else { summary(outcome) };
    if let Some(file) = outcome.details.get("saved").and_then(|file| file.as_str()) {
        lines.extend([String::new(), format!("Saved the plan to {file}")]);
    }
    lines.extend(section("State", state(outcome), style));
    lines.extend(error(outcome, style));
    // Who wants to hear little hears what has to be done all the same.
    let is_due = outcome.exit_code > 2 || outcome.outcome == OutcomeKind::AwaitingConfirmation;
    if !is_quiet || is_due {
        lines.extend(section("Next", next(&outcome.next, style), style));
    }
    lines
}

/// The line of counts below an empty one.
pub fn summary(outcome: &Outcome) -> Vec<String> {
    outcome.summary().into_iter().flat_map(|text| [String::new(), text.to_owned()]).collect()
}

/// A title and what stands below it; nothing where there is nothing.
pub fn section(title: &str, body: Vec<String>, style: Style) -> Vec<String> {
    if body.is_empty() {
        return Vec::new();
    }
    let mut lines = vec![String::new(), style.bold(title)];
    lines.extend(body.into_iter().map(|line| format!("  {line}")));
    lines
}

fn error(outcome: &Outcome, style: Style) -> Vec<String> {
    let Some(error) = &outcome.error else { return Vec::new() };
    // What a check found stands in its verdict and findings.
    let is_said = outcome.command == "check" && outcome.outcome == OutcomeKind::Refused;
    let mut lines = Vec::new();
    if !is_said {
        lines.extend([String::new(), format!("{} {}", style.bad("error:"), error.message)]);
        if style.detail == Detail::Verbose {
            lines.extend(error.particulars.iter().map(|line| format!("  {}", style.dim(line))));
        }
        lines.extend(error.hint.iter().map(|hint| format!("{} {hint}", style.dim("hint:"))));
    }
    lines
}

/// A command and its reason on a line, in two columns; below each other where that is too wide for one of them.
fn next(steps: &[NextStep], style: Style) -> Vec<String> {
    const INDENT: usize = 2;
    let widest = steps.iter().map(|step| columns(&step.command)).max().unwrap_or(0);
    let fits = |step: &NextStep| INDENT + widest + 2 + columns(&step.why) <= style.width;
    if steps.iter().all(fits) {
        let rows: Vec<_> =
            steps.iter().map(|step| vec![step.command.clone(), style.dim(&step.why)]).collect();
        return table::columns(&rows);
    }
    let below = |step: &NextStep| {
        let why = wrapped(&step.why, style.width.saturating_sub(INDENT + 4));
        let why = why.into_iter().map(|line| format!("    {}", style.dim(&line)));
        std::iter::once(step.command.clone()).chain(why).collect::<Vec<_>>()
    };
    steps.iter().flat_map(below).collect()
}

/// What was seen of a server that an operator must look at.
fn state(outcome: &Outcome) -> Vec<String> {
    let Some(state) = outcome.details.get("state") else { return Vec::new() };
    let names = [("disk", "on disk"), ("nginx", "nginx -t"), ("serving", "serving")];
    let rows = names.iter().flat_map(|(key, name)| {
        let lines = match &state[*key] {
            serde_json::Value::Array(lines) => lines.iter().filter_map(|line| line.as_str()).collect(),
            line => line.as_str().into_iter().collect::<Vec<_>>(),
        };
        let row = |(index, line): (usize, &str)| {
            vec![if index == 0 { (*name).to_owned() } else { String::new() }, line.to_owned()]
        };
        lines.into_iter().enumerate().map(row).collect::<Vec<_>>()
    });
    table::columns(&rows.collect::<Vec<_>>())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::Colour;

    fn shown(detail: Detail, width: usize, make: impl FnOnce(&mut Outcome)) -> String {
        let mut outcome = Outcome::new("apply", OutcomeKind::Ok);
        outcome.summarise(["1 NGINX file".to_owned(), "1 reload".to_owned()]);
        outcome.next("motionctl confirm", "keep the change");
        outcome.next("motionctl rollback", "undo it now");
        make(&mut outcome);
        ending(&outcome, Style { colour: Colour::Off, detail, width }).join("\n")
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
    fn a_cancelled_command_has_nothing_more_to_say() {
        let failure =
            crate::outcome::Failure::new(crate::outcome::FailureKind::Cancelled, "the answer was no");
        let text = shown(Detail::Normal, 80, |outcome| outcome.fail(failure));
        assert_eq!(text, "");
    }
}
