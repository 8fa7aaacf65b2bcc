//! Tells whoever is logged in what is about to happen, as wall(1) does.
//!
//! Invariant: only a terminal is ever written to, whatever the records of
//! logins say; a terminal that takes nothing is not waited for.

use nix::fcntl::OFlag;
use nix::libc;
use nix::sys::termios::tcgetattr;
use std::collections::BTreeSet;
use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::mem::{offset_of, size_of};
use std::os::unix::fs::{FileTypeExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

/// The record of logins, utmp(5).
const LOGINS: &str = "/run/utmp";
/// Where systemd-logind keeps its sessions; newer systems have no utmp.
const SESSIONS: &str = "/run/systemd/sessions";
/// More terminals than this are not told.
const MOST: usize = 256;
/// No more of a record of logins is read.
const LONGEST: u64 = 1 << 20;

/// How many terminals took a message.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Told {
    /// They took it.
    pub told: usize,
    /// They are logged in, and did not.
    pub missed: usize,
}

/// Writes `text` to every terminal with somebody logged in. Control characters
/// become spaces; each line of `text` becomes one of the terminal.
#[must_use]
pub fn tell(text: &str) -> Told {
    let line = |line: &str| line.replace(|character: char| character.is_control(), " ");
    let lines: Vec<_> = text.lines().map(line).collect();
    // The bell, and a terminal in raw mode needs the carriage returns.
    let message = format!("\r\n\u{7}{}\r\n", lines.join("\r\n"));
    let mut told = Told::default();
    for name in terminals() {
        match write(&Path::new("/dev").join(name), message.as_bytes()) {
            Ok(()) => told.told += 1,
            Err(_) => told.missed += 1,
        }
    }
    told
}

/// The terminals with somebody logged in, below `/dev`.
fn terminals() -> BTreeSet<String> {
    let mut names = in_utmp(&read(Path::new(LOGINS)));
    let sessions = fs::read_dir(SESSIONS).into_iter().flatten().flatten();
    let files = sessions.map(|entry| entry.path()).take(MOST);
    names.extend(files.filter_map(|path: PathBuf| in_session(&read(&path))));
    names.retain(|name| is_terminal_name(name));
    names.into_iter().take(MOST).collect()
}

/// A regular file's bytes; nothing where there is no such file: beside each
/// session lies a FIFO, and opening that would wait.
fn read(path: &Path) -> Vec<u8> {
    let is_record = |metadata: fs::Metadata| metadata.is_file() && metadata.len() <= LONGEST;
    let found = fs::symlink_metadata(path).is_ok_and(is_record);
    if found { fs::read(path).unwrap_or_default() } else { Vec::new() }
}

fn in_utmp(bytes: &[u8]) -> BTreeSet<String> {
    let records = bytes.chunks_exact(size_of::<libc::utmpx>());
    let sessions = records.filter(|record| {
        let kind = record.get(offset_of!(libc::utmpx, ut_type)..).and_then(|rest| rest.first_chunk());
        kind.is_some_and(|kind| i16::from_ne_bytes(*kind) == libc::USER_PROCESS)
    });
    let line = |record: &[u8]| {
        let start = offset_of!(libc::utmpx, ut_line);
        let field = record.get(start..offset_of!(libc::utmpx, ut_id))?;
        let name = field.split(|byte| *byte == 0).next()?;
        String::from_utf8(name.to_vec()).ok()
    };
    sessions.filter_map(line).collect()
}

fn in_session(bytes: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(bytes);
    text.lines().find_map(|line| line.strip_prefix("TTY=")).map(str::to_owned)
}

/// `tty1`, `ttyS0`, `hvc0`, `console`, `pts/3`: nothing that leads out of
/// `/dev`, and no device whose mere opening has an effect, such as a watchdog.
fn is_terminal_name(name: &str) -> bool {
    match name.strip_prefix("pts/") {
        Some(number) => !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit()),
        None => {
            ["tty", "hvc", "console"].iter().any(|family| name.starts_with(family))
                && name.bytes().all(|byte| byte.is_ascii_alphanumeric())
        }
    }
}

/// Opened without waiting and without becoming ours; then looked at, because
/// only what was opened is known to be a terminal.
fn write(path: &Path, message: &[u8]) -> io::Result<()> {
    let flags = OFlag::O_NOCTTY | OFlag::O_NONBLOCK | OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC;
    if !fs::symlink_metadata(path)?.file_type().is_char_device() {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "not a terminal"));
    }
    let mut terminal = OpenOptions::new().write(true).custom_flags(flags.bits()).open(path)?;
    tcgetattr(&terminal)?;
    terminal.write_all(message)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(kind: i16, line: &str) -> Vec<u8> {
        let mut record = vec![0; size_of::<libc::utmpx>()];
        let at = offset_of!(libc::utmpx, ut_type);
        record[at..at + 2].copy_from_slice(&kind.to_ne_bytes());
        let at = offset_of!(libc::utmpx, ut_line);
        record[at..at + line.len()].copy_from_slice(line.as_bytes());
        record
    }

    #[test]
    fn logins_are_read_from_whole_records_of_sessions() {
        let mut bytes = record(libc::USER_PROCESS, "pts/3");
        bytes.extend(record(libc::DEAD_PROCESS, "pts/4"));
        bytes.extend(record(libc::USER_PROCESS, &"x".repeat(32)));
        bytes.extend_from_slice(&record(libc::USER_PROCESS, "tty1")[..40]);
        let expect = ["pts/3".to_owned(), "x".repeat(32)];
        assert_eq!(in_utmp(&bytes).into_iter().collect::<Vec<_>>(), expect);
        assert_eq!(in_session(b"UID=0\nTTY=pts/7\n"), Some("pts/7".to_owned()));
        assert_eq!(in_session(b"UID=0\nACTIVE=1\n"), None);
    }

    #[test]
    fn only_names_of_terminals_are_opened() {
        for (name, good) in [
            ("tty1", true),
            ("ttyS0", true),
            ("pts/12", true),
            ("console", true),
            ("", false),
            ("pts/", false),
            ("pts/../sda", false),
            ("../etc/passwd", false),
            ("/etc/passwd", false),
            ("pts/ptmx", false),
            ("shm/x", false),
            (":0", false),
            ("watchdog", false),
            ("mem", false),
        ] {
            assert_eq!(is_terminal_name(name), good, "{name:?}");
        }
    }

    #[test]
    fn nothing_but_a_terminal_is_written_to() {
        assert!(write(Path::new("/dev/null"), b"x").is_err());
        assert!(write(Path::new("/dev/nothing-of-the-kind"), b"x").is_err());
        let file = tempfile::NamedTempFile::new().expect("a file");
        assert!(write(file.path(), b"x").is_err());
        assert_eq!(fs::read(file.path()).expect("reading"), b"");
    }
}
