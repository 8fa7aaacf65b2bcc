//! A terminal of some width, and what a command leaves on its screen.
//!
//! Invariant: a real pseudo-terminal and an emulator of the screen behind it, so that a line that the terminal had to
//! wrap is told from one that the program did. It must not assert anything about the product.

use nix::pty::{Winsize, openpty};
use nix::sys::termios::{LocalFlags, tcgetattr};
use std::fs::File;
use std::io::{Read, Write};
use std::num::NonZero;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

/// More lines than any answer has.
const ROWS: u16 = 1000;

/// What is on a screen when its command has ended.
pub struct Screen {
    /// The lines as a person sees them.
    pub text: String,
    /// Lines that were too wide, of which the terminal made several.
    pub too_wide: Vec<String>,
    /// Everything that the program wrote, with all that a terminal obeys.
    pub bytes: Vec<u8>,
    /// Its exit status.
    pub code: i32,
}

/// Waits until the program reads keys, and echoes them by itself: what is typed before would be on the screen twice.
fn until_read(terminal: &File) {
    let deadline = Instant::now() + Duration::from_secs(10);
    let is_echoed = || tcgetattr(terminal).is_ok_and(|mode| mode.local_flags.contains(LocalFlags::ECHO));
    while is_echoed() && Instant::now() < deadline {
        thread::sleep(Duration::from_millis(5));
    }
}

/// Runs a command with a terminal of that width before it. Where it asks for an answer with these words, somebody types
/// that one.
pub fn on_terminal(command: &mut Command, columns: u16, typed: Option<(&str, &str)>) -> Screen {
    let size = Winsize { ws_row: ROWS, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0 };
    let pair = openpty(Some(&size), None).expect("a terminal");
    let end = || Stdio::from(pair.slave.try_clone().expect("a handle"));
    command.env("TERM", "xterm").stdin(end()).stdout(end()).stderr(end());
    let mut child = command.spawn().expect("the binary starts");
    // The terminal ends with its last user, and the command itself still holds ends of it.
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    drop(pair.slave);
    let mut terminal = File::from(pair.master);
    let mut bytes = Vec::new();
    let mut answer = typed;
    let mut buffer = [0; 4096];
    // A terminal whose last user has gone answers with an error.
    while let Ok(count @ 1..) = terminal.read(&mut buffer) {
        bytes.extend_from_slice(&buffer[..count]);
        if let Some((_, text)) =
            answer.take_if(|(question, _)| String::from_utf8_lossy(&bytes).contains(*question))
        {
            until_read(&terminal);
            terminal.write_all(text.as_bytes()).expect("typing");
        }
    }
    let code = child.wait().expect("it ends").code().expect("by itself");
    let size = |count: u16| NonZero::new(count).expect("a terminal has lines and columns");
    let mut emulator = vt100::Parser::new(size(ROWS), size(columns), 0);
    emulator.process(&bytes);
    let screen = emulator.screen();
    let rows: Vec<String> = screen.rows(0, columns).collect();
    let is_wrapped = |row: usize| screen.row_wrapped(u16::try_from(row).expect("as many rows as that"));
    let too_wide = (0..rows.len()).filter(|row| is_wrapped(*row)).map(|row| rows[row].clone()).collect();
    let text = rows.join("\n").trim_end().to_owned() + "\n";
    Screen { text, too_wide, bytes, code }
}
