//! `restore-vendor`: exactly the vendor's text, local changes kept aside.
//!
//! Invariant: only what is known to be the vendor's is put there. The road is
//! that of every change, but the new client's route goes on purpose.

use super::apply::lock_alone;
use super::carry_out::{Agreed, carry_out, not_reloaded};
use crate::apply::{Confirmation, refusal};
use crate::cli::args::RestoreVendorArgs;
use crate::cli::context::Context;
use crate::cli::files::read_input;
use crate::cli::prompt;
use crate::host::WriteLock;
use crate::inspect::{Inspection, barred, inspect};
use crate::outcome::{DiffSection, Failure, FailureKind, Outcome, OutcomeKind, PlanSection};
use crate::plan::{
    BaseKind, Input, Keeping, Memory, Restoring, VendorRestored, restore_vendor as plan_restore,
};
use crate::prepare::{kept, rollback_probes, shown};

/// Puts the vendor's text in the place of Motion's file.
pub fn restore_vendor(context: &Context, args: &RestoreVendorArgs) -> Result<Outcome, Failure> {
    let lock = lock_alone(context)?;
    let named = args.base.as_deref().map(read_input).transpose()?;
    let mut outcome = Outcome::new("restore-vendor", OutcomeKind::Ok);
    outcome.host = Some(context.host());
    let inspection = inspect(&context.root, &context.bare_options(Vec::new()))?;
    let facts = &inspection.facts;
    let (memory, keeping) = match kept(&context.root, facts) {
        Ok(kept) => kept,
        Err(unreadable) => {
            let mut failure = unreadable.failure();
            outcome.findings.append(&mut failure.findings);
            return Ok(outcome.with_failure(failure));
        }
    };
    let Some(text) = vendors(named.as_ref(), &memory, &keeping) else {
        let message =
            "the vendor's own text is not known: no change was made from it, and no update was seen";
        outcome.fail(
            Failure::new(FailureKind::Refused, message).with_hint("name the vendor's file with --base FILE"),
        );
        return Ok(outcome);
    };
    let restoring = Restoring { text, is_named: named.is_some(), memory: &memory, keeping: &keeping };
    let planned = plan_restore(facts, &inspection.config, restoring).map_err(|error| {
        Failure::new(FailureKind::Invalid, nginx_config::redact_text(&format!("planning: {error}")))
    })?;
    if planned.plan.is_empty() {
        outcome.outcome = OutcomeKind::UpToDate;
        return Ok(outcome);
    }
    let refused = || refusal(&context.root, &planned.plan.steps);
    if let Some(barred) = barred(&inspection.findings).or_else(refused) {
        return Ok(outcome.with_failure(barred));
    }
    show(&planned, &mut outcome);
    if !args.yes {
        prompt::confirm(context, &outcome)?;
        outcome.comparisons.clear();
    }
    perform(context, args, &lock, &inspection, &planned, &mut outcome)?;
    Ok(outcome)
}

/// The vendor's text: as it was named, or as it is remembered where it is certainly the vendor's.
fn vendors<'a>(named: Option<&'a Input>, memory: &'a Memory, keeping: &Keeping) -> Option<&'a [u8]> {
    let is_known = keeping.patch.as_ref().is_some_and(|patch| patch.base == BaseKind::Vendor);
    let remembered = memory.standing.as_ref().filter(|_| is_known).map(|(_, bytes)| bytes.as_slice());
    named.map(|input| input.bytes.as_slice()).or(remembered)
}

/// Puts the plan that would be run into the answer.
fn show(planned: &VendorRestored, outcome: &mut Outcome) {
    let plan = &planned.plan;
    outcome.plan = Some(PlanSection {
        diff: DiffSection {
            directives: planned.directives.clone(),
            unified: planned.previews.iter().map(crate::outcome::Comparison::unified).collect(),
        },
        ..shown(plan)
    });
    outcome.comparisons.clone_from(&planned.previews);
}

/// Runs the plan and turns what it did into the answer.
fn perform(
    context: &Context,
    args: &RestoreVendorArgs,
    lock: &WriteLock,
    inspection: &Inspection,
    planned: &VendorRestored,
    outcome: &mut Outcome,
) -> Result<(), Failure> {
    let facts = &inspection.facts;
    let probes = rollback_probes(&facts.site, &planned.dropped_routes);
    let agreed = Agreed {
        lock,
        facts,
        programs: &inspection.programs,
        plan: &planned.plan,
        source: None,
        tested: None,
        probes: &probes,
        sandbox: context.sandbox(args.no_sandbox)?,
        confirmation: Confirmation::NotAsked,
        reload_timeout: args.reload_timeout,
    };
    carry_out(context, agreed, outcome)?;
    if outcome.outcome == OutcomeKind::Applied {
        let local = "local changes are kept aside, and `motionctl apply` brings them back";
        let verdict = match outcome.reload {
            Some(_) => format!("the vendor's own text is there, proven; {local}"),
            None => format!("the vendor's own text is there; {local}; {}", not_reloaded(context, outcome)),
        };
        outcome.set_verdict(verdict);
    }
    Ok(())
}
