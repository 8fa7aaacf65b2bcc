//! What Ctrl-C does: which commands it ends at once, and with what answer.
//!
//! Invariant: a command that changes something is only asked to stop, and stops where that leaves the server whole. A
//! command that only reads ends within a second wherever it is, with its one answer; so does any command while a person
//! is being asked. Nobody answers twice.

use super::args::seed::SeedCommand;
use super::args::{BackupsArgs, BackupsCommand, Command, LocalCommand};
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::iterator::Signals;
use std::io;
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

/// What a command that was asked to stop may still take to end by itself, which gives the better answer.
const GRACE: Duration = Duration::from_millis(500);
/// The same for somebody else's script, whose cages are taken down one by one.
const GRACE_OF_SCRIPTS: Duration = Duration::from_secs(5);

/// Whether this process may end at any moment. It is held while that is acted on, so that a change cannot begin between
/// the look and the end.
static MAY_END: Mutex<bool> = Mutex::new(false);
/// Whether somebody is giving the one answer.
static ANSWERED: AtomicBool = AtomicBool::new(false);
/// Whether an earlier run was ended before the change that may be cancelled.
static ENDED_ANOTHER: AtomicBool = AtomicBool::new(false);

/// Watches for signals on behalf of `command`; `answer` says that it was interrupted and gives the exit code.
///
/// # Errors
/// When the kernel gives no way to.
pub fn watch(command: &Command, answer: impl Fn() -> u8 + Send + 'static) -> io::Result<()> {
    *may_end() = !changes(command);
    let grace = if matches!(command, Command::Try(_)) { GRACE_OF_SCRIPTS } else { GRACE };
    let mut signals = Signals::new([SIGINT, SIGTERM])?;
    thread::spawn(move || {
        // A change stays deaf here: its own code looks at the flag of the context.
        for _ in signals.forever() {
            thread::sleep(grace);
            let free = may_end();
            if *free {
                crate::host::show_typing_again();
                crate::host::unpacked::remove_all();
                let code = if is_first_to_answer() { answer() } else { 1 };
                // What runs in private copies dies with us; nothing else is left, since nothing was changed.
                std::process::exit(i32::from(code));
            }
        }
    });
    Ok(())
}

/// Waits for a person or for a file that is named on the command line; meanwhile any command may be ended.
pub fn while_waiting<T>(wait: impl FnOnce() -> T) -> T {
    let before = std::mem::replace(&mut *may_end(), true);
    let answer = wait();
    *may_end() = before;
    answer
}

/// Remembers that an earlier run was ended: then a change that is cancelled has not left everything as it was.
pub fn has_ended_another() {
    ENDED_ANOTHER.store(true, Ordering::SeqCst);
}

/// What a cancelled change has done all the same.
pub fn done_all_the_same() -> Option<&'static str> {
    let words = "cancelled: this change was not begun; the run that was interrupted before it has been ended";
    ENDED_ANOTHER.load(Ordering::SeqCst).then_some(words)
}

/// Takes the right to give the one answer; false when it is being given already, and this process about to end.
pub fn is_first_to_answer() -> bool {
    !ANSWERED.swap(true, Ordering::SeqCst)
}

/// The answer of a command whose end is not its own any more.
pub fn wait_for_the_end() -> ExitCode {
    thread::sleep(GRACE);
    ExitCode::FAILURE
}

fn may_end() -> MutexGuard<'static, bool> {
    MAY_END.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Whether a command changes something, and can leave it half done. `watch` can heal; `confirm` writes the journal.
pub fn changes(command: &Command) -> bool {
    match command {
        Command::Apply(_)
        | Command::Watch(_)
        | Command::Confirm
        | Command::Rollback(_)
        | Command::Recover(_)
        | Command::RestoreVendor(_)
        | Command::InstallUnit(_)
        | Command::Backups(BackupsArgs { command: Some(BackupsCommand::Prune { .. }) })
        | Command::Local(LocalCommand::Drop { .. } | LocalCommand::Add { .. })
        | Command::Seed(SeedCommand::Apply(_) | SeedCommand::Undo(_)) => true,
        Command::Check(_)
        | Command::Routes(_)
        | Command::Plan(_)
        | Command::Rehearse(_)
        | Command::Try(_)
        | Command::Report(_)
        | Command::Collect(_)
        | Command::Status(_)
        | Command::Diff(_)
        | Command::History
        | Command::Backups(_)
        | Command::Base(_)
        | Command::Local(_)
        | Command::Seed(_)
        | Command::Explain { .. }
        | Command::Version
        | Command::Completions { .. }
        | Command::Man { .. }
        | Command::SandboxChild => false,
    }
}
