//! The system's log.
//!
//! Invariant: a log that is not there, or that takes nothing, is nobody's failure and keeps nobody waiting. Where our
//! output is the journal's already, a watcher sends nothing besides: the journal hands its lines on by itself. What
//! happens in a private copy of a server is no news of the server's, and is not sent.

use crate::host::sandbox;
use std::fs::File;
use std::os::fd::AsFd;
use std::os::unix::fs::MetadataExt;
use std::os::unix::net::UnixDatagram;
use std::path::Path;
use std::time::Duration;

/// Where the daemon listens.
const LOG: &str = "/dev/log";
/// `LOG_DAEMON` of syslog(3).
const FACILITY: u8 = 3;
/// A daemon that does not empty its queue gets so many attempts.
const ATTEMPTS: u32 = 10;
/// Between two of them.
const PAUSE: Duration = Duration::from_millis(10);
/// RFC 3164 has room for no more; a longer line is cut.
const LONGEST: usize = 1000;

/// How grave a line is, as syslog(3) counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Severity(pub u8);

impl Severity {
    /// Somebody has to act.
    pub const ERROR: Self = Self(3);
    /// It went another way than was wanted.
    pub const WARNING: Self = Self(4);
    /// As it was wanted, and worth knowing.
    pub const NOTICE: Self = Self(5);
}

/// Sends one line under our name.
pub fn send(severity: Severity, line: &str) {
    if !sandbox::is_private_copy() {
        send_to(Path::new(LOG), severity, line);
    }
}

fn send_to(log: &Path, severity: Severity, line: &str) {
    let Ok(socket) = UnixDatagram::unbound() else { return };
    if socket.set_nonblocking(true).is_err() {
        return;
    }
    let message = message(severity, line);
    for _ in 0..ATTEMPTS {
        match socket.send_to(message.as_bytes(), log) {
            Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => super::clock::pause(PAUSE),
            _ => return,
        }
    }
}

/// The form that every daemon reads: RFC 3164 as syslog(3) writes it, in local time.
fn message(severity: Severity, line: &str) -> String {
    let priority = (FACILITY << 3) | severity.0.min(7);
    let time = jiff::Zoned::now().strftime("%b %e %H:%M:%S").to_string();
    let line: String = line.chars().map(|one| if one.is_control() { ' ' } else { one }).collect();
    let end = (0..=LONGEST.min(line.len())).rev().find(|end| line.is_char_boundary(*end)).unwrap_or_default();
    format!("<{priority}>{time} motionctl[{}]: {}", std::process::id(), &line[..end])
}

/// Whether standard output is the journal's, by what the service manager wrote into `JOURNAL_STREAM`
/// (systemd.exec(5)): device and inode.
#[must_use]
pub fn stdout_is_journal(stream: &str) -> bool {
    let Some((device, inode)) = stream.split_once(':') else { return false };
    let stdout = std::io::stdout().as_fd().try_clone_to_owned().map(File::from);
    stdout
        .and_then(|stdout| stdout.metadata())
        .is_ok_and(|found| device.parse() == Ok(found.dev()) && inode.parse() == Ok(found.ino()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Instant;

    #[test]
    fn a_line_arrives_as_one_line_with_its_severity_and_our_name() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("log");
        let daemon = UnixDatagram::bind(&path).expect("a socket");
        send_to(&path, Severity::NOTICE, &format!("migration applied\n{}", "ä".repeat(900)));
        let mut buffer = [0; 4096];
        let length = daemon.recv(&mut buffer).expect("a message");
        let text = std::str::from_utf8(&buffer[..length]).expect("text");
        assert!(text.starts_with("<29>"), "{text}");
        assert!(text.contains(&format!(" motionctl[{}]: migration applied ä", std::process::id())), "{text}");
        assert_eq!(text.lines().count(), 1, "{text}");
        assert!(text.len() < 1100, "{}", text.len());
    }

    #[test]
    fn a_daemon_that_reads_nothing_keeps_nobody_waiting() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("log");
        let _asleep = UnixDatagram::bind(&path).expect("a socket");
        let began = Instant::now();
        // Its queue takes 10 messages on an old kernel, and 512 under systemd: then only the attempts count.
        let full = UnixDatagram::unbound().expect("a socket");
        full.set_nonblocking(true).expect("it may");
        while full.send_to(b"x", &path).is_ok() {}
        send_to(&path, Severity::WARNING, "nobody hears it");
        send_to(Path::new("/nowhere/log"), Severity::WARNING, "nobody is there");
        assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
    }
}
