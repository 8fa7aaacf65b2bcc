//! One module for each command: what was typed, to an answer.

mod aftermath;
mod apply;
mod armed;
mod backup_view;
mod backups;
mod base;
mod carry_out;
mod change;
mod check;
mod collect;
mod confirm;
mod diff;
mod history;
mod install_unit;
mod local;
mod log;
mod monitor;
mod name;
mod next;
mod past_run;
mod pending;
mod plan;
mod recover;
mod rehearse;
mod report;
mod restore;
mod restore_vendor;
mod rollback;
mod routes;
mod run_state;
mod seed;
mod sessions;
mod status;
mod tryout;
mod unconfirmed;
mod watch;

use super::args::{BaseCommand, Command};
use super::context::Context;
use crate::outcome::{Failure, FailureKind, Outcome};
use aftermath::Ask;
pub use monitor::{could_not_look, line as monitor_line};
pub use name::name;
use std::sync::atomic::Ordering;
pub use watch::log as log_of_watch;

/// Runs a command.
pub fn dispatch(command: &Command, context: &Context) -> Result<Outcome, Failure> {
    let mut answer = match command {
        Command::Check(args) => check::check(context, args),
        Command::Plan(args) => plan::plan(context, args),
        Command::Apply(args) => apply::apply(context, args),
        Command::Rehearse(args) => rehearse::rehearse(context, args),
        Command::Try(args) => tryout::try_script(context, args),
        Command::Status(args) => status::status(context, args),
        Command::Report(args) => report::report(context, args),
        Command::Collect(args) => collect::collect(context, args),
        Command::Routes(args) => routes::routes(context, args),
        Command::Watch(args) => watch::watch(context, args),
        Command::InstallUnit(args) => install_unit::install_unit(context, args),
        Command::Rollback(args) => rollback::rollback(context, args),
        Command::Confirm => confirm::confirm(context),
        Command::Recover(args) => recover::recover(context, args),
        Command::Diff(args) => diff::diff(context, args),
        Command::History => history::history(context),
        Command::Backups(args) => backups::backups(context, &args.command()),
        Command::Base(BaseCommand::Learn(args)) => base::learn(context, args),
        Command::Local(command) => local::local(context, command),
        Command::RestoreVendor(args) => restore_vendor::restore_vendor(context, args),
        Command::Seed(command) => seed::seed(context, command),
        Command::Explain { .. }
        | Command::Version
        | Command::Completions { .. }
        | Command::Man { .. }
        | Command::SandboxChild => {
            unreachable!("answered before a context is made")
        }
    };
    context.progress.clear();
    if context.stop.load(Ordering::SeqCst) {
        answer = cancelled(answer);
    }
    if let (Some(note), Ok(outcome)) = (&context.note, &mut answer) {
        crate::cli::tree::say(note, outcome);
    }
    log::tell(context, command, &answer);
    armed::note(context, &mut answer);
    let answer = match command {
        // A monitor has its own line.
        _ if is_for_a_monitor(command) => return answer,
        // Of a database nothing is on a disk of ours.
        Command::Seed(_) => answer,
        Command::Recover(args) if args.boot => aftermath::observed(context, "recover", answer, Ask::Nobody),
        _ => aftermath::observed(context, name(command), answer, Ask::Nginx),
    };
    let mut outcome = answer.unwrap_or_else(|failure| Outcome::failed(name(command), failure));
    next::after(context, command, &mut outcome);
    Ok(outcome)
}

/// What failed because somebody asked to stop was cancelled, wherever the program was at that moment.
fn cancelled(answer: Result<Outcome, Failure>) -> Result<Outcome, Failure> {
    answer
        .map(|mut outcome| {
            outcome.cancel();
            outcome
        })
        .map_err(|failure| match failure.kind {
            FailureKind::Failed => Failure { kind: FailureKind::Cancelled, ..failure },
            _ => failure,
        })
}

/// Whether the answer is one line for a monitor.
pub fn is_for_a_monitor(command: &Command) -> bool {
    matches!(command, Command::Watch(_)) || matches!(command, Command::Status(args) if args.check)
}
