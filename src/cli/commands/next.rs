//! What comes next: the last lines of every screen, each command with its reason.
//!
//! Invariant: a way past a stop stands behind the way to settle it, and never last. A command that has said itself what
//! comes next is left as it is.

use super::name::name;
use crate::cli::args::seed::SeedCommand;
use crate::cli::args::{BackupsCommand, BaseCommand, Command, LocalCommand};
use crate::cli::context::{Context, shell_word};
use crate::cli::retype::Typed;
use crate::outcome::codes::{self, Code, Typed as Words};
use crate::outcome::{Outcome, OutcomeKind};
use crate::seed::plan::TO_ALLOW;
use std::path::{Path, PathBuf};

/// Adds what may come next, where the command has not.
pub fn after(context: &Context, command: &Command, outcome: &mut Outcome) {
    if !outcome.next.is_empty() || outcome.outcome == OutcomeKind::Cancelled {
        return;
    }
    let end = End { context, command, typed: Typed::here() };
    match command {
        Command::Seed(seed) => end.of_seeding(seed, outcome),
        // It has said what helps; where all is well there is nothing that could be stopped.
        Command::Status(_) => {}
        _ if !stops(outcome).is_empty() => end.of_stops(outcome),
        _ => end.of_outcome(outcome),
    }
    if context.is_unpacked() {
        outcome.next.retain(|step| !is_refused_to_archives(&step.command));
    }
}

/// Whether a command would change what `--root` names, which an archive is not there for.
fn is_refused_to_archives(command: &str) -> bool {
    const CHANGES: [&str; 9] = [
        "apply", "backups prune", "confirm", "install-unit", "local", "recover", "restore-vendor",
        "rollback", "watch",
    ];
    let typed = command.trim_start_matches("sudo ").trim_start_matches("motionctl ");
    CHANGES.iter().any(|name| typed.starts_with(name))
}

struct End<'a> {
    context: &'a Context,
    command: &'a Command,
    typed: Typed,
}

impl End<'_> {
    /// The command of this name about the same server.
    fn to(&self, command: &str, added: &str) -> String {
        self.typed.instead(name(self.command), command, added)
    }

    /// A command that takes nothing of what was typed but the tree.
    fn plain(&self, command: &str) -> String {
        format!("motionctl {command}{}", self.context.root_argument())
    }

    /// First what settles them, then the way past them, then what explains them.
    fn of_stops(&self, outcome: &mut Outcome) {
        let stops = stops(outcome);
        // A look goes on in spite of them: what they stop is the change.
        let stopped = match self.command {
            // An archive is not changed: what settles a stop is tried by another look.
            _ if self.context.is_unpacked() => "plan",
            Command::Rehearse(_) if outcome.outcome != OutcomeKind::Refused => "apply",
            Command::Check(_) | Command::Plan(_) => "apply",
            command => name(command),
        };
        for code in &stops {
            let Some(remedy) = code.remedy() else { continue };
            let typed = match remedy.typed {
                Words::Behind(options) => self.to(stopped, options),
                Words::Instead(command) => self.plain(command),
            };
            outcome.next(typed, format!("{} ({code})", remedy.why));
        }
        if outcome.next.is_empty() {
            self.explain(&stops, outcome);
        }
        self.past_them(&stops, stopped, outcome);
        self.explain(&stops, outcome);
        if outcome.next.last().is_some_and(|last| last.command.contains(" --accept ")) {
            outcome.next(self.to("check", ""), "looks again, once that is settled");
        }
    }

    fn explain(&self, stops: &[Code], outcome: &mut Outcome) {
        for code in stops.iter().take(1) {
            outcome.next(format!("motionctl explain {code}"), "what it means, and what to do about it");
        }
    }

    /// Where there is nothing that could be done, there is no way past it either.
    fn past_them(&self, stops: &[Code], stopped: &str, outcome: &mut Outcome) {
        let lacks_plan = outcome.plan.is_none() && !matches!(self.command, Command::Check(_));
        if !lacks_plan && stops.iter().all(|code| code.accept().is_by_name()) {
            let why = format!("goes on all the same, although {}", meanings(stops));
            outcome.next(self.to(stopped, &accept(stops)), why);
        }
    }

    fn of_outcome(&self, outcome: &mut Outcome) {
        match (self.command, outcome.outcome) {
            (Command::Check(_), OutcomeKind::ChangesPending) => {
                outcome.next(self.to("plan", ""), "shows what exactly would change");
                outcome.next(self.to("rehearse", ""), "tries the change on a private copy of this server");
                self.apply("makes the change", outcome);
            }
            (Command::Plan(_), OutcomeKind::ChangesPending) => {
                outcome.next(self.to("rehearse", ""), "tries the change on a private copy of this server");
                match saved(outcome) {
                    Some(file) => outcome.next(self.to("apply", &file), "does exactly this"),
                    None => self.apply("makes the change", outcome),
                }
            }
            (Command::Apply(_), OutcomeKind::ChangesPending) => self.apply("makes the change", outcome),
            (Command::Rehearse(_), OutcomeKind::Ok) => self.apply("makes the change on this server", outcome),
            (Command::Apply(_), OutcomeKind::Applied) => {
                outcome.next(self.plain("status"), "whether all is as this change left it");
                outcome.next(self.plain("rollback"), "undoes it");
            }
            (
                Command::Check(_) | Command::Plan(_) | Command::Apply(_),
                OutcomeKind::UpToDate | OutcomeKind::Ok,
            ) => {
                outcome.next(self.plain("status"), "what the last change left, and whether it is still so");
            }
            (Command::Rollback(_) | Command::RestoreVendor(_), OutcomeKind::Applied) => {
                outcome.next(self.plain("status"), "what is served now");
                outcome.next(self.plain("apply"), "makes the change again");
            }
            (Command::Rollback(_), OutcomeKind::UpToDate) => {
                outcome.next(self.plain("backups list"), "the backups that can be restored by name");
            }
            (Command::Confirm, OutcomeKind::Ok) => {
                outcome.next(self.plain("status"), "whether all is as the change left it");
                outcome.next(self.plain("rollback"), "undoes it all the same");
            }
            (Command::Confirm | Command::Recover(_), OutcomeKind::Ok | OutcomeKind::UpToDate) => {
                outcome.next(self.plain("status"), "what is served now, and what the last run left");
            }
            (
                _,
                OutcomeKind::Refused | OutcomeKind::Failed | OutcomeKind::Unavailable | OutcomeKind::Invalid,
            ) => {}
            _ => self.of_small_ones(outcome),
        }
    }

    fn of_small_ones(&self, outcome: &mut Outcome) {
        match self.command {
            Command::Base(BaseCommand::Learn(_)) => outcome.next(
                "motionctl plan --base FILE --candidate FILE",
                "uses what was learned as the vendor's text",
            ),
            Command::Local(LocalCommand::List) if outcome.details.lists("changes") => {
                outcome.next(self.plain("local show NUMBER"), "the whole text of one of them");
            }
            Command::Local(LocalCommand::Drop { .. } | LocalCommand::Add { .. }) => {
                outcome.next(self.plain("local list"), "what is kept now");
            }
            Command::Backups(args) => self.of_backups(&args.command(), outcome),
            Command::InstallUnit(_) => outcome.next(self.plain("check"), "whether this server is ready"),
            Command::Diff(args) if outcome.exit_code == 2 && !args.lines => {
                outcome.next(self.typed.again("diff", "--lines"), "the same, line by line");
            }
            _ => {}
        }
    }

    fn of_backups(&self, command: &BackupsCommand, outcome: &mut Outcome) {
        match command {
            BackupsCommand::List if outcome.details.lists("backups") => {
                outcome.next(self.plain("backups diff ID"), "what differs from a backup today");
                outcome.next(self.plain("rollback ID"), "undoes the change that made this backup");
            }
            BackupsCommand::Show { id } | BackupsCommand::Verify { id: Some(id) } => {
                outcome.next(self.plain(&format!("backups diff {id}")), "what differs from it today");
            }
            BackupsCommand::Diff { id, .. } if outcome.exit_code == 2 => {
                outcome.next(
                    self.plain(&format!("backups extract {id} DIR")),
                    "its files, to be copied by hand",
                );
            }
            BackupsCommand::Prune { dry_run: true, .. } if outcome.outcome == OutcomeKind::ChangesPending => {
                outcome.next(self.typed.again("backups prune", ""), "deletes them");
            }
            BackupsCommand::List
            | BackupsCommand::Verify { id: None }
            | BackupsCommand::Diff { .. }
            | BackupsCommand::Extract { .. }
            | BackupsCommand::Prune { .. } => {}
        }
    }

    /// The change itself: on a server that runs with the way back that needs nobody.
    fn apply(&self, why: &str, outcome: &mut Outcome) {
        if self.context.root.is_live() {
            let within = self.to("apply", "--confirm-within 10m");
            outcome.next(within, format!("{why}; undone unless you confirm it within 10 minutes"));
        } else {
            outcome.next(self.to("apply", ""), why);
        }
    }

    fn of_seeding(&self, command: &SeedCommand, outcome: &mut Outcome) {
        let stops = stops(outcome);
        let manifests = match command {
            SeedCommand::Plan(args) if args.against.is_none() => Some(args.manifests.as_slice()),
            SeedCommand::Apply(args) => Some(args.input.as_slice()),
            _ => None,
        };
        if let (Some(manifests), false) = (manifests, stops.is_empty()) {
            return self.past_stops_of_seeding(command, manifests, &stops, outcome);
        }
        if matches!(command, SeedCommand::Undo(_)) && !stops.is_empty() {
            return self.explain(&stops, outcome);
        }
        match (command, outcome.outcome) {
            (SeedCommand::Validate(args), OutcomeKind::Ok) => {
                if let [_] = args.manifests.as_slice() {
                    let why = "shows what would change in the database";
                    self.seed("seed plan", &args.manifests, why, outcome);
                }
            }
            (SeedCommand::Plan(args), OutcomeKind::ChangesPending) if args.against.is_none() => {
                match saved(outcome) {
                    // It holds the values of its site.
                    Some(file) => {
                        outcome.next(self.plain(&format!("seed apply {file}")), "does exactly this")
                    }
                    None => self.seed("seed apply", &args.manifests, "writes it to the database", outcome),
                }
            }
            (SeedCommand::Status(args), OutcomeKind::ChangesPending) => {
                // Unlike a status, a plan has to be told by this flag that other profiles shall go.
                let flag = if args.exact { " --prune profiles" } else { "" };
                if let Some(words) = operands(&args.manifests) {
                    let words = format!("{words}{flag}");
                    outcome.next(self.to("seed plan", &words), "shows what an apply would change");
                }
            }
            (SeedCommand::Apply(args), OutcomeKind::ChangesPending) => {
                self.seed("seed apply", &args.input, "writes it to the database", outcome);
            }
            (SeedCommand::Apply(_), OutcomeKind::Applied) => {
                outcome.next(self.to("seed list", ""), "what the database holds now");
                outcome.next(self.to("seed undo", ""), "takes this run back");
            }
            (SeedCommand::Undo(args), OutcomeKind::ChangesPending) => {
                let run = args.run.as_ref().map_or_else(String::new, |run| run.to_string());
                outcome.next(self.to("seed undo", &run), "writes it to the database");
            }
            (SeedCommand::Undo(_), OutcomeKind::Applied) => {
                outcome.next(self.to("seed history", ""), "the runs before it, and which can be undone");
            }
            _ => {}
        }
    }

    /// What they say has to be typed, then what explains them.
    fn past_stops_of_seeding(
        &self,
        command: &SeedCommand,
        manifests: &[PathBuf],
        stops: &[Code],
        outcome: &mut Outcome,
    ) {
        let flags = outcome.findings.iter().filter(|finding| finding.stops());
        let flags =
            flags.filter_map(|finding| finding.advice.strip_prefix(TO_ALLOW)).next().map(str::to_owned);
        let rest: Vec<Code> =
            stops.iter().copied().filter(|code| *code != codes::SEED_DELETIONS_NOT_ALLOWED).collect();
        let accepted = rest.iter().all(|code| code.accept().is_by_name());
        if let Some(words) = operands(manifests).filter(|_| accepted) {
            let accept = (!rest.is_empty()).then(|| accept(&rest));
            let added = accept.iter().chain(&flags).cloned().collect::<Vec<_>>().join(" ");
            let why = match (flags.is_some(), rest.is_empty()) {
                (true, true) => "deletes these rows as well".to_owned(),
                (true, false) => format!("deletes these rows, and goes on although {}", meanings(&rest)),
                (false, _) => format!("goes on all the same, although {}", meanings(&rest)),
            };
            // Where it is the same command, what it read is there already.
            let operand =
                if matches!(command, SeedCommand::Apply(_)) { String::new() } else { format!(" {words}") };
            outcome.next(self.to("seed apply", &format!("{added}{operand}")), why);
        }
        self.explain(stops, outcome);
    }

    /// What came from standard input is not there a second time.
    fn seed(&self, command: &str, manifests: &[PathBuf], why: &str, outcome: &mut Outcome) {
        if let Some(words) = operands(manifests) {
            outcome.next(self.to(command, &words), why);
        }
    }
}

/// Files as a shell takes them; none where one is standard input, which is not there a second time.
fn operands(files: &[PathBuf]) -> Option<String> {
    let word =
        |file: &PathBuf| (file.as_path() != Path::new("-")).then(|| shell_word(&file.display().to_string()));
    let words: Option<Vec<_>> = files.iter().map(word).collect();
    Some(words?.join(" "))
}

/// The codes that stop a change as things are, each once.
fn stops(outcome: &Outcome) -> Vec<Code> {
    let mut codes: Vec<Code> = Vec::new();
    for finding in outcome.findings.iter().filter(|finding| finding.stops()) {
        if !codes.contains(&finding.code) {
            codes.push(finding.code);
        }
    }
    codes
}

/// The option that accepts them.
fn accept(codes: &[Code]) -> String {
    format!("--accept {}", codes.iter().map(|code| code.name()).collect::<Vec<_>>().join(","))
}

/// What all of them mean.
fn meanings(codes: &[Code]) -> String {
    codes.iter().map(|code| code.meaning()).collect::<Vec<_>>().join("; ")
}

/// The file of a saved plan, as a word of a command.
fn saved(outcome: &Outcome) -> Option<String> {
    outcome.details.saved.as_deref().map(shell_word)
}
