//! Reads on the terminal what must not be shown.
//!
//! Invariant: what is typed is not echoed from before the question is to be seen, and the terminal is left as it was.

use nix::sys::termios::{LocalFlags, SetArg, tcgetattr, tcsetattr};
use std::fs::{File, OpenOptions};
use std::io::{self, BufRead, BufReader, IsTerminal};
use std::os::fd::AsFd;

/// The line that somebody types to what `ask` shows; what was typed before is no answer to it.
///
/// # Errors
/// When there is no terminal, or it ends.
pub fn read_hidden(ask: impl FnOnce() -> io::Result<()>) -> io::Result<String> {
    let terminal = terminal()?;
    let shown = tcgetattr(&terminal)?;
    let mut hidden = shown.clone();
    hidden.local_flags.remove(LocalFlags::ECHO);
    tcsetattr(&terminal, SetArg::TCSAFLUSH, &hidden)?;
    let mut line = String::new();
    let answered = ask().and_then(|()| BufReader::new(&terminal).read_line(&mut line));
    tcsetattr(&terminal, SetArg::TCSANOW, &shown)?;
    answered?;
    line.truncate(line.trim_end_matches(['\r', '\n']).len());
    Ok(line)
}

/// Standard input, unless that is something else than a terminal.
fn terminal() -> io::Result<File> {
    let input = io::stdin();
    if input.is_terminal() {
        return Ok(File::from(input.as_fd().try_clone_to_owned()?));
    }
    OpenOptions::new().read(true).write(true).open("/dev/tty")
}
