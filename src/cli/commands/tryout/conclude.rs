//! What a try comes to: its headline, its failure, and how to go on.
//!
//! Invariant: a script that did not do all that it does is never a success, and nothing is recommended that cannot be
//! used.

use crate::cli::args::TryArgs;
use crate::cli::context::{Context, shell_word};
use crate::outcome::{Failure, FailureKind, Outcome, TrySection};

/// What became of the file for Motion's site.
pub(super) struct Made {
    /// Why there is none.
    pub(super) missing: Option<Failure>,
    /// Why what there is can be no candidate.
    pub(super) unusable: Option<String>,
}

/// How the script ended decides, then its file, then the plan.
pub(super) fn conclude(
    context: &Context,
    args: &TryArgs,
    outcome: &mut Outcome,
    section: &TrySection,
    made: Made,
) {
    let name = &section.script.name;
    let missing = missing(section);
    if let Some(message) = unfinished(section) {
        fail_unfinished(args, outcome, section, &message, &made);
    } else if let Some(why) = &made.unusable {
        let downloads = match missing {
            0 => String::new(),
            1 => "; one download is missing".to_owned(),
            count => format!("; {count} downloads are missing"),
        };
        let verdict = format!("{name} ran to its end in a private copy, but {why}{downloads}");
        outcome.set_verdict(verdict);
        if args.plan || args.candidate_out.is_some() {
            let failure =
                Failure::new(FailureKind::Refused, format!("there is no candidate: {why}{downloads}"));
            outcome.fail(match missing {
                0 => failure,
                _ => failure.with_hint("--files DIR hands out what is missing"),
            });
        }
    } else if let (true, Some(failure)) = (args.plan, made.missing) {
        outcome.fail(failure);
    } else if !args.plan {
        let verdict = format!("{name} ran to its end in a private copy; this server was not touched");
        outcome.set_verdict(verdict);
    }
    next(context, args, section, made.unusable.is_some(), outcome);
}

/// Downloads that it wanted and did not get.
fn missing(section: &TrySection) -> usize {
    section.fetches.iter().filter(|fetch| fetch.served.is_none() && !fetch.sends).count()
}

/// Why it did not do all that it does.
fn unfinished(section: &TrySection) -> Option<String> {
    if section.is_whole() {
        return None;
    }
    let name = &section.script.name;
    Some(match (&section.limit, section.exit_code, section.signal) {
        (Some(limit), Some(code), _) => {
            format!("{name} hit the limit of {limit}, went on, and returned {code}")
        }
        (Some(limit), ..) => format!("{name} hit the limit of {limit} and was ended"),
        (None, Some(code), _) => format!("{name} returned {code} (exit code {code})"),
        (None, None, signal) => format!("{name} was ended by signal {}", signal.unwrap_or(0)),
    })
}

fn fail_unfinished(args: &TryArgs, outcome: &mut Outcome, section: &TrySection, message: &str, made: &Made) {
    let mut told = format!("{message}; this server was not touched");
    if args.plan {
        told.push_str("; no plan is made of what a script did that did not succeed");
    }
    if let Some(why) = &made.unusable {
        told.push_str(&format!("; {why}"));
    }
    let saved = section.candidate.as_ref().and_then(|candidate| candidate.saved.as_ref());
    if let Some(saved) = saved {
        told.push_str(&format!("; the file that it had written by then is saved as {saved}"));
    }
    let failure = Failure::new(FailureKind::Failed, told);
    outcome.fail(match section.limit.as_deref() {
        Some("time") => failure.with_hint("--timeout gives it more"),
        Some(limit) => failure.with_hint(format!("--{limit} gives it more")),
        None if missing(section) > 0 => {
            failure.with_hint("it wanted files that were not there: --files DIR hands them out")
        }
        None if args.plan && saved.is_none() && section.candidate.is_some() && made.unusable.is_none() => {
            failure.with_hint(
                "--candidate-out FILE saves the file that it had written, for plan --candidate FILE",
            )
        }
        None => failure,
    });
    let verdict = format!("{message} in the private copy; this server was not touched");
    outcome.set_verdict(verdict);
}

fn next(context: &Context, args: &TryArgs, section: &TrySection, is_unusable: bool, outcome: &mut Outcome) {
    let root = context.root_argument();
    let script = shell_word(&args.script.display().to_string());
    // What the script is called with may hold a secret.
    let arguments = if args.arguments.is_empty() { "" } else { " -- ARGUMENTS" };
    let again = |option: &str| format!("motionctl try{root} {option} {script}{arguments}");
    if missing(section) > 0 {
        outcome.next(
            again("--files DIR"),
            "once you have fetched what is marked `missing` into DIR and looked at it",
        );
    }
    match section.candidate.as_ref().map(|candidate| &candidate.saved) {
        _ if is_unusable => {}
        Some(Some(file)) if !section.is_whole() => outcome.next(
            format!("motionctl{root} plan --candidate {file}"),
            "once you have looked at the file, if it is whole",
        ),
        Some(Some(file)) => outcome.next(
            format!("motionctl{root} rehearse --candidate {file}"),
            "try it on a private copy of this server",
        ),
        Some(None) if !section.is_whole() => {}
        Some(None) if !args.plan => {
            outcome.next(again("--plan"), "what its new file for Motion's site would change");
        }
        Some(None) => outcome
            .next(again("--candidate-out FILE"), "saves the file, for rehearse and apply --candidate FILE"),
        None => {}
    }
}
