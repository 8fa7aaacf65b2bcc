//! Whether a promise to undo a change will be kept: every command says where nothing is left that would.
//!
//! Invariant: unknown is not no. Nothing is armed here: whoever has stopped the timer had a reason.

use super::confirm::time_in_words;
use crate::apply::Pending;
use crate::cli::context::Context;
use crate::host::timers::Armed;
use crate::outcome::{Failure, Finding, Outcome, codes, sort_findings};

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
    let pending = context.root.is_live().then(|| Pending::look(&context.root).ok().flatten()).flatten()?;
    let why = why_not(&pending)?;
    let advice = match pending.has_time() {
        true => "`motionctl confirm` keeps it, `motionctl rollback` undoes it now; afterwards only the next change or \
                 the next start of the server undoes it",
        false => "`motionctl recover` undoes it now; the next change or the next start of the server does, too",
    };
    Some(
        Finding::new(codes::RUN_UNDO_NOT_ARMED, "a change waits for its confirmation, and its undoing is not armed")
            .evidence(format!("run {}: {}", pending.run, time_in_words(&pending)))
            .evidence(why)
            .advice(advice),
    )
}

/// Why this change may stay for ever; `None` where a timer will undo it.
pub fn why_not(pending: &Pending) -> Option<String> {
    match pending.armed() {
        Ok(Armed::Yes) => None,
        Ok(Armed::No) => Some("its timer has been stopped, or has fired in vain".to_owned()),
        Err(error) => Some(format!("whether its timer waits is not known: {error}")),
    }
}
