//! Whether a promise to undo a change will be kept: every command says where nothing is left that would.
//!
//! Invariant: unknown is not no. Nothing is armed here: whoever has stopped the timer had a reason.

use super::confirm::moment_in_words;
use crate::apply::Pending;
use crate::cli::context::Context;
use crate::outcome::{Failure, Finding, Outcome, codes, sort_findings};
use crate::prepare::{OpenRun, Undoing};

/// Adds the finding to an answer that lacks it.
pub fn note(context: &Context, answer: &mut Result<Outcome, Failure>) {
    let Some(finding) = look(context) else { return };
    let findings = match answer {
        Ok(outcome) => &mut outcome.findings,
        Err(failure) => &mut failure.findings,
    };
    findings.push(finding);
    sort_findings(findings);
}

/// The finding, where a change waits that nothing will undo. A journal that cannot be read is for others to say.
fn look(context: &Context) -> Option<Finding> {
    let pending = Pending::look(&context.root).ok().flatten()?;
    let undoing = Undoing::of(&context.root, &pending);
    let why = undoing.why_not()?;
    let title = match undoing {
        Undoing::Unknown(_) => {
            "a change waits for its confirmation, and whether its undoing is armed is not known"
        }
        Undoing::Armed | Undoing::Gone | Undoing::Elsewhere => {
            "a change waits for its confirmation, and its undoing is not armed"
        }
    };
    let advice = match pending.has_time() {
        true => String::from(
            "`motionctl confirm` keeps it, `motionctl rollback` undoes it now; when its time is over, only the next \
             change or the next start of the server undoes it",
        ),
        false => OpenRun::look(&context.root).map(|open| open.advice()).unwrap_or_default(),
    };
    Some(
        Finding::new(codes::RUN_UNDO_NOT_ARMED, title)
            .evidence(format!("run {}: {}", pending.run, moment_in_words(&pending)))
            .evidence(why)
            .advice(advice),
    )
}
