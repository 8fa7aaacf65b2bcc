//! The system's log.
//!
//! Invariant: a log that is not there is nobody's failure. Where our output is the journal's already, nothing is sent
//! besides: the journal hands its lines on to a syslog daemon by itself.

use nix::libc;
use std::ffi::CString;
use std::fs::File;
use std::os::fd::AsFd;
use std::os::unix::fs::MetadataExt;

/// Sends one line at a severity of syslog(3), under our name.
pub fn send(severity: u8, line: &str) {
    // A line with a zero byte would end there.
    let Ok(line) = CString::new(line.replace('\0', "")) else { return };
    let priority = libc::LOG_DAEMON | i32::from(severity.min(7));
    // SAFETY: the format takes exactly one string, and both end in a zero byte. The name that `openlog` keeps is a
    // constant. Neither function fails: what nobody takes is lost.
    unsafe {
        libc::openlog(c"motionctl".as_ptr(), libc::LOG_PID, libc::LOG_DAEMON);
        libc::syslog(priority, c"%s".as_ptr(), line.as_ptr());
        libc::closelog();
    }
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
