//! `watch`: looks after the server once; what the units motionctl-watch run.
//!
//! Invariant: a file that is being written is not judged; a change of the verdict is told once; what is healed is
//! healed by the road of every other change, with somebody to confirm it.

mod heal;
mod options;
mod remembered;
mod tell;
mod until_stable;

use super::monitor;
use crate::cli::args::WatchArgs;
use crate::cli::context::Context;
use crate::host::syslog;
use crate::outcome::{Failure, FailureKind, Outcome};
use crate::watch::{Grade, Reason, judge};
use options::WatchOptions;
use remembered::Remembered;
use until_stable::Stamp;

/// Files that are written meanwhile are looked at again, this many times.
const ROUNDS: usize = 3;

/// Looks after the server.
pub fn watch(context: &Context, args: &WatchArgs) -> Result<Outcome, Failure> {
    if !context.root.is_live() {
        return Err(Failure::new(FailureKind::Usage, "a tree below --root is not the server that runs here")
            .with_hint("`motionctl status --check --root DIR` looks at one"));
    }
    context.need_root()?;
    let options = WatchOptions::of(context, args);
    let mut round = 0;
    loop {
        round += 1;
        let mut remembered = Remembered::read(&context.root);
        let seen = until_stable::look(context, args, &options, remembered.memory());
        let (mut look, healed) = heal::heal(context, args, &options, &mut remembered, seen);
        let stamp = Stamp::of(context, &look);
        tell::tell(context, &mut look, &mut remembered);
        let written = options.textfile.as_deref().map(|file| monitor::write_figures(file, &look.seen));
        if let Some(Err(failure)) = written {
            look.seen.said.push(Reason { grade: Grade::Warning, kind: "textfile", text: failure.message });
        }
        monitor::answer(&mut look.outcome, &judge(&look.seen));
        if let Some(healed) = healed {
            look.outcome.details.add("heal", healed);
        }
        // What is written while the unit runs starts it no second time.
        if round == ROUNDS || stamp == Stamp::of(context, &look) {
            return Ok(look.outcome);
        }
    }
}

/// Sends the line to the system's log, unless standard output is the journal's; then the line needs a mark for its
/// severity, which is returned.
pub fn log(outcome: &Outcome, journal: Option<&str>) -> Option<String> {
    let grades = [Grade::Ok, Grade::Warning, Grade::Unknown, Grade::Critical];
    let grade = grades.into_iter().find(|grade| grade.exit_code() == outcome.exit_code);
    let severity = grade.unwrap_or(Grade::Unknown).severity();
    if journal.is_some_and(syslog::stdout_is_journal) {
        return Some(format!("<{severity}>"));
    }
    if let Some(line) = monitor::line(outcome) {
        syslog::send(syslog::Severity(severity), line);
    }
    None
}
