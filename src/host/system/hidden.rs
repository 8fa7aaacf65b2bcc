//! Reads on the terminal what must not be shown.
//!
//! Invariant: what is typed is not echoed from before the question is to be seen, and the terminal is left as it was,
//! also by a process that ends while it waits for the answer.

use nix::sys::termios::{LocalFlags, SetArg, Termios, tcgetattr, tcsetattr};
use std::fs::{File, OpenOptions};
use std::io::{self, BufRead, BufReader, IsTerminal};
use std::os::fd::AsFd;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// The line that somebody types to what `ask` shows; what was typed before is no answer to it.
///
/// # Errors
/// When there is no terminal, or it ends.
pub fn read_hidden(ask: impl FnOnce() -> io::Result<()>) -> io::Result<String> {
    let terminal = terminal()?;
    let shown = tcgetattr(&terminal)?;
    let mut hidden = shown.clone();
    hidden.local_flags.remove(LocalFlags::ECHO);
    *as_it_was() = Some((terminal.try_clone()?, shown.clone()));
    tcsetattr(&terminal, SetArg::TCSAFLUSH, &hidden)?;
    let mut line = String::new();
    let answered = ask().and_then(|()| BufReader::new(&terminal).read_line(&mut line));
    *as_it_was() = None;
    tcsetattr(&terminal, SetArg::TCSANOW, &shown)?;
    answered?;
    line.truncate(line.trim_end_matches(['\r', '\n']).len());
    Ok(line)
}

/// Lets the terminal show what is typed again, for a process that ends while [`read_hidden`] waits.
pub fn show_typing_again() {
    if let Some((terminal, shown)) = as_it_was().take() {
        // A terminal that is gone needs nothing.
        let _gone = tcsetattr(&terminal, SetArg::TCSANOW, &shown);
    }
}

/// The terminal that shows nothing now, and how it was before.
fn as_it_was() -> MutexGuard<'static, Option<(File, Termios)>> {
    static AS_IT_WAS: Mutex<Option<(File, Termios)>> = Mutex::new(None);
    AS_IT_WAS.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Standard input, unless that is something else than a terminal.
fn terminal() -> io::Result<File> {
    let input = io::stdin();
    if input.is_terminal() {
        return Ok(File::from(input.as_fd().try_clone_to_owned()?));
    }
    OpenOptions::new().read(true).write(true).open("/dev/tty")
}
