//! The service manager's timers: a command that runs later, whatever becomes of
//! this process, its terminal and its session.
//!
//! Invariant: a [`Timers`] exists only where systemd runs and has answered. A
//! timer counts from the moment it is armed, on the monotonic clock; it ends
//! with this start of the machine.

use super::command::{self, Printed, Privileges};
use super::trust::{self, Executable};
use std::fs;
use std::io;
use std::path::Path;
use std::time::Duration;

/// The folder that is there exactly when systemd is the init system (sd_booted(3)).
const BOOTED: &str = "/run/systemd/system";
/// How long systemd may take to answer.
const LIMIT: Duration = Duration::from_secs(20);
/// Nobody sees a unit name longer than this.
const LONGEST_NAME: usize = 200;

/// The right to arm timers.
#[derive(Debug, Clone)]
pub struct Timers {
    systemctl: Executable,
    systemd_run: Executable,
}

/// A command and when it runs.
#[derive(Debug, Clone)]
pub struct Timer<'a> {
    /// Its unit's name, without a suffix.
    pub name: &'a str,
    /// One line for `systemctl list-timers`.
    pub description: &'a str,
    /// From now.
    pub after: Duration,
    /// The program, an absolute path, and its arguments.
    pub command: &'a [String],
}

/// Whether a timer will fire.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Armed {
    /// It waits.
    Yes,
    /// It has fired, was stopped, or never was.
    No,
}

/// Whether systemd is the init system here.
#[must_use]
pub fn is_booted() -> bool {
    fs::symlink_metadata(BOOTED).is_ok_and(|metadata| metadata.is_dir())
}

impl Timers {
    /// Asks the service manager.
    ///
    /// # Errors
    /// Why no timer can be armed here.
    pub fn reach() -> io::Result<Self> {
        if !is_booted() {
            return Err(io::Error::other(format!("systemd does not run here: there is no {BOOTED}")));
        }
        let program = |name: &str| {
            let found = trust::find(name);
            let refused = found.refused.first().map(|distrust| format!("`{name}` is not run: {distrust}"));
            found.program.ok_or_else(|| {
                io::Error::other(refused.unwrap_or_else(|| format!("`{name}` is not installed")))
            })
        };
        let timers = Self { systemctl: program("systemctl")?, systemd_run: program("systemd-run")? };
        succeeded("systemctl", &timers.systemctl(&["show", "--property=Version"])?)?;
        Ok(timers)
    }

    /// Arms a timer. When it fires and its command is killed, the command is
    /// started again; an error that it reports itself is final.
    ///
    /// # Errors
    /// When the name is not one, or systemd refuses.
    pub fn arm(&self, timer: &Timer) -> io::Result<()> {
        let name = unit_name(timer.name)?;
        let unit = format!("--unit={name}");
        let description = format!("--description={}", timer.description);
        let after = format!("--on-active={}ms", timer.after.as_millis());
        let mut arguments = vec![
            unit.as_str(),
            &description,
            &after,
            "--timer-property=AccuracySec=1s",
            "--property=Restart=on-abnormal",
            "--property=RestartSec=5s",
            "--",
        ];
        arguments.extend(timer.command.iter().map(String::as_str));
        succeeded("systemd-run", &command::run(&self.systemd_run, &arguments, Privileges::Kept, LIMIT)?)
    }

    /// Stops a timer; the command of one that has fired goes on.
    ///
    /// # Errors
    /// When it is still armed.
    pub fn disarm(&self, name: &str) -> io::Result<()> {
        let unit = format!("{}.timer", unit_name(name)?);
        let stopped = self.systemctl(&["stop", &unit])?;
        match self.armed(name)? {
            Armed::No => Ok(()),
            Armed::Yes => succeeded("systemctl", &stopped)
                .and_then(|()| Err(io::Error::other(format!("{unit} is still active")))),
        }
    }

    /// Whether a timer waits.
    ///
    /// # Errors
    /// When systemd does not answer.
    pub fn armed(&self, name: &str) -> io::Result<Armed> {
        let unit = format!("{}.timer", unit_name(name)?);
        let printed = self.systemctl(&["is-active", &unit])?;
        Ok(if printed.status.success() { Armed::Yes } else { Armed::No })
    }

    fn systemctl(&self, arguments: &[&str]) -> io::Result<Printed> {
        command::run(&self.systemctl, arguments, Privileges::Kept, LIMIT)
    }
}

fn succeeded(program: &str, printed: &Printed) -> io::Result<()> {
    if printed.status.success() {
        return Ok(());
    }
    let said = printed.stderr.trim();
    let said = if said.is_empty() { printed.status.to_string() } else { said.to_owned() };
    Err(io::Error::other(format!("{program}: {said}")))
}

/// Names come from a journal: nothing else may become an option or a pattern.
fn unit_name(name: &str) -> io::Result<&str> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    let fits = name.len() <= LONGEST_NAME && name.bytes().all(plain);
    if fits && name.starts_with(|first: char| first.is_ascii_alphabetic()) {
        return Ok(name);
    }
    Err(io::Error::new(io::ErrorKind::InvalidInput, format!("`{}` is no unit name", name.escape_debug())))
}

/// The program that runs now, for a timer to run again.
///
/// # Errors
/// When it was deleted or replaced meanwhile, or its path is not text.
pub fn this_program() -> io::Result<String> {
    let path = std::env::current_exe()?;
    let shown = || path.display().to_string();
    if !Path::new(&path).is_file() {
        return Err(io::Error::other(format!("{} is not there any more", shown())));
    }
    path.to_str().map(str::to_owned).ok_or_else(|| io::Error::other(format!("{} is not text", shown())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_plain_names_reach_systemd() {
        for (name, good) in [
            ("motionctl-unconfirmed-20261122T101500Z-7", true),
            ("--user", false),
            ("", false),
            ("a b", false),
            ("a*", false),
            ("../a", false),
            ("a\n", false),
        ] {
            assert_eq!(unit_name(name).is_ok(), good, "{name:?}");
        }
        assert!(unit_name(&"a".repeat(LONGEST_NAME + 1)).is_err());
    }
}
