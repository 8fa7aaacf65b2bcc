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

/// The terminals, below `/dev`, on which somebody logged in over a network.
#[must_use]
pub fn from_afar() -> BTreeSet<String> {
    logins().filter(|login| login.is_from_afar).map(|login| login.terminal).collect()
}

/// The terminals with somebody logged in, below `/dev`.
fn terminals() -> BTreeSet<String> {
    let names = logins().map(|login| login.terminal).filter(|name| is_terminal_name(name));
    names.collect::<BTreeSet<_>>().into_iter().take(MOST).collect()
}

fn logins() -> impl Iterator<Item = Login> {
    let sessions = fs::read_dir(SESSIONS).into_iter().flatten().flatten();
    let files = sessions.map(|entry| entry.path()).take(MOST);
    let in_sessions = files.filter_map(|path: PathBuf| in_session(&read(&path)));
    in_utmp(&read(Path::new(LOGINS))).into_iter().chain(in_sessions)
}

/// A regular file's bytes; nothing where there is no such file: beside each
/// session lies a FIFO, and opening that would wait.
fn read(path: &Path) -> Vec<u8> {
    let is_record = |metadata: fs::Metadata| metadata.is_file() && metadata.len() <= LONGEST;
    let found = fs::symlink_metadata(path).is_ok_and(is_record);
    if found { fs::read(path).unwrap_or_default() } else { Vec::new() }
}

/// A login, as one of the two records has it.
#[derive(Debug, PartialEq, Eq)]
struct Login {
    terminal: String,
    /// Whether it came over a network.
    is_from_afar: bool,
}

fn in_utmp(bytes: &[u8]) -> Vec<Login> {
    let records = bytes.chunks_exact(size_of::<libc::utmpx>());
    let sessions = records.filter(|record| {
        let kind = record.get(offset_of!(libc::utmpx, ut_type)..).and_then(|rest| rest.first_chunk());
        kind.is_some_and(|kind| i16::from_ne_bytes(*kind) == libc::USER_PROCESS)
    });
    let field = |record: &[u8], from: usize, to: usize| {
        let text = record.get(from..to)?.split(|byte| *byte == 0).next()?;
        String::from_utf8(text.to_vec()).ok()
    };
    let login = |record: &[u8]| {
        let terminal = field(record, offset_of!(libc::utmpx, ut_line), offset_of!(libc::utmpx, ut_id))?;
        // A name that is not text came from somewhere.
        let host = field(record, offset_of!(libc::utmpx, ut_host), offset_of!(libc::utmpx, ut_exit));
        Some(Login { terminal, is_from_afar: host.is_none_or(|host| is_another_machine(&host)) })
    };
    sessions.filter_map(login).collect()
}

/// Whether what a login says of its origin is a machine: a display (`:0`), a screen (`:pts/1:S.0`) and a multiplexer
/// (`tmux(812).%0`) are on this one.
fn is_another_machine(host: &str) -> bool {
    !host.is_empty() && !host.starts_with(':') && !host.starts_with("tmux(")
}

fn in_session(bytes: &[u8]) -> Option<Login> {
    let text = String::from_utf8_lossy(bytes);
    let value = |key: &str| text.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix('='));
    let is_from_afar = value("REMOTE") == Some("1");
    Some(Login { terminal: value("TTY")?.to_owned(), is_from_afar })
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
        let here = |terminal: &str| Login { terminal: terminal.to_owned(), is_from_afar: false };
        assert_eq!(in_utmp(&bytes), [here("pts/3"), here(&"x".repeat(32))]);
        assert_eq!(in_session(b"UID=0\nTTY=pts/7\n"), Some(here("pts/7")));
        assert_eq!(in_session(b"UID=0\nACTIVE=1\n"), None);
    }

    #[test]
    fn a_login_from_another_machine_is_told_from_one_at_this() {
        let at = offset_of!(libc::utmpx, ut_host);
        for (host, afar) in [
            ("192.0.2.1", true),
            ("admin.example.test", true),
            ("192.0.2.1 via mosh [812]", true),
            ("", false),
            (":0", false),
            (":pts/1:S.0", false),
            ("tmux(812).%0", false),
        ] {
            let mut bytes = record(libc::USER_PROCESS, "pts/3");
            bytes[at..at + host.len()].copy_from_slice(host.as_bytes());
            assert_eq!(in_utmp(&bytes)[0].is_from_afar, afar, "{host:?}");
        }
        let session =
            |remote: &str| in_session(format!("{remote}TTY=pts/7\n").as_bytes()).map(|one| one.is_from_afar);
        assert_eq!(session("REMOTE=1\n"), Some(true));
        assert_eq!(session("REMOTE=0\n"), Some(false));
        assert_eq!(session(""), Some(false));
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
