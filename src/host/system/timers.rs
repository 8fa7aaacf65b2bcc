//! The service manager's timers: a command that runs later, whatever becomes of
//! this process, its terminal and its session.
//!
//! Invariant: a [`Timers`] exists only where systemd runs and has answered. A
//! timer stands for a moment, not for a span from when it was armed: systemd
//! starts such a span (`--on-active`) again at every `daemon-reload`. It ends with
//! this start of the machine, and may wake too early, never too late.

use super::clock;
use super::services::{BOOTED, is_booted, succeeded, tool};
use crate::host::clocks;
use crate::host::process::command::{self, Printed, Privileges};
use crate::host::trust::Executable;
use std::path::Path;
use std::time::Duration;
use std::{fs, io};

/// How long systemd may take to answer.
const LIMIT: Duration = Duration::from_secs(20);
/// Nobody sees a unit name longer than this.
const LONGEST_NAME: usize = 200;
/// A timer that is armed once more cannot have the name of the one whose command still runs.
const AGAIN: &str = "-again-";
/// How much later than asked systemd may mean to run it.
const TOLERANCE: Duration = Duration::from_secs(1);
/// Whatever else is started or left (`systemctl isolate`, `rescue`, `telinit`), the timer and its command stay.
const STAYS: [&str; 2] = ["--timer-property=IgnoreOnIsolate=yes", "--property=IgnoreOnIsolate=yes"];

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
    /// When: since the start of the machine, the time that it slept included.
    pub at: Duration,
    /// Whether the wall clock wakes it, too: after a sleep it is the one that is right. Where it was set, that is too
    /// early.
    pub by_the_wall: bool,
    /// The program, an absolute path, and its arguments.
    pub command: &'a [String],
}

/// Whether a timer will fire.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Armed {
    /// It waits, or its command runs.
    Yes,
    /// It has fired, was stopped, or never was.
    No,
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
        let timers = Self { systemctl: tool("systemctl")?, systemd_run: tool("systemd-run")? };
        succeeded("systemctl", &timers.systemctl(&["show", "--property=Version"])?)?;
        Ok(timers)
    }

    /// Whether systemd counts by the clock of this process. In a container whose clock was shifted a process that came
    /// from outside does not.
    ///
    /// # Errors
    /// When it does not.
    pub fn share_our_clock(&self) -> io::Result<()> {
        let clock = |process: &str| fs::read_link(format!("/proc/{process}/ns/time"));
        match (clock("self"), clock("1")) {
            (Ok(ours), Ok(theirs)) if ours != theirs => Err(io::Error::other(
                "systemd counts by another clock than this process: use a shell that the container itself has started",
            )),
            // A kernel without shifted clocks has no such file.
            _ => Ok(()),
        }
    }

    /// Arms a timer. When it fires and its command is killed, the command is
    /// started again; an error that it reports itself is final.
    ///
    /// # Errors
    /// When the name is not one, or systemd refuses, or means another moment.
    pub fn arm(&self, timer: &Timer) -> io::Result<()> {
        self.start(unit_name(timer.name)?, timer)
    }

    /// Arms it once more, from the command that it has run too early.
    ///
    /// # Errors
    /// As [`Timers::arm`].
    pub fn arm_again(&self, timer: &Timer) -> io::Result<()> {
        let now = clocks()?.elapsed.as_millis();
        self.start(&format!("{}{AGAIN}{now}", unit_name(timer.name)?), timer)
    }

    fn start(&self, name: &str, timer: &Timer) -> io::Result<()> {
        // Systemd's clock stands still while the machine sleeps. Both count from the same start, and have drifted
        // apart by the sleep so far.
        let now = clocks()?;
        let due = (timer.at + now.awake).saturating_sub(now.elapsed);
        // `OnBootSec=` counts from there, too, but not in containers; this is the same everywhere.
        let after = due.saturating_sub(self.started()?);
        let unit = format!("--unit={name}");
        let description = format!("--description={}", timer.description);
        let after = format!("--on-startup={}us", after.as_micros());
        let mut arguments = vec![unit.as_str(), &description, &after, "--timer-property=AccuracySec=100ms"];
        let wall = format!("--on-calendar={}", wall(timer.at.saturating_sub(now.elapsed))?);
        if timer.by_the_wall {
            arguments.push(&wall);
        }
        arguments.extend(["--property=Restart=on-abnormal", "--property=RestartSec=5s"]);
        let stays = arguments.len();
        arguments.extend(STAYS);
        arguments.push("--");
        arguments.extend(timer.command.iter().map(String::as_str));
        if self.systemd_run(&arguments).is_err() {
            // An old systemd may know no such property of a transient unit, and then refuses all of it.
            arguments.drain(stays..stays + STAYS.len());
            self.systemd_run(&arguments)?;
        }
        self.is_meant(name, due).inspect_err(|_| drop(self.disarm(timer.name)))
    }

    /// Whether systemd means to run it then, and not later: what it says counts, not what it was asked.
    fn is_meant(&self, name: &str, due: Duration) -> io::Result<()> {
        let unit = format!("{name}.timer");
        let next = self.look(&[&unit])?.into_iter().find_map(|found| found.next);
        match next {
            Some(next) if next <= due + TOLERANCE => Ok(()),
            Some(next) => {
                let late = (next - due).as_millis().div_ceil(1000);
                Err(io::Error::other(format!("systemd would start {unit} {late} s too late")))
            }
            // It was due at once.
            None if clocks()?.awake >= due => Ok(()),
            None => Err(io::Error::other(format!("systemd does not say when it will start {unit}"))),
        }
    }

    /// When systemd was started, on its clock.
    fn started(&self) -> io::Result<Duration> {
        let printed = self.systemctl(&["show", "--property=UserspaceTimestampMonotonic"])?;
        succeeded("systemctl", &printed)?;
        let micros = printed.stdout.trim().strip_prefix("UserspaceTimestampMonotonic=");
        let micros = micros.and_then(|micros| micros.parse().ok());
        micros.map(Duration::from_micros).ok_or_else(|| {
            io::Error::other(format!(
                "systemctl does not say when systemd was started: `{}`",
                printed.stdout.trim()
            ))
        })
    }

    /// Has systemd forget that the command of a timer failed, once what it failed at is done: else monitoring goes on
    /// naming the unit for ever. What it knows of no such failure is fine.
    pub fn forget_failures(&self, name: &str) {
        let Ok(name) = unit_name(name) else { return };
        // Patterns: a unit that systemd does not know is then no error.
        let units = [format!("{name}.[s]ervice"), format!("{name}{AGAIN}*.service")];
        drop(self.systemctl(&["reset-failed", &units[0], &units[1]]));
    }

    /// Stops a timer; the command of one that has fired goes on.
    ///
    /// # Errors
    /// When it is still armed.
    pub fn disarm(&self, name: &str) -> io::Result<()> {
        let [unit, again] = &units(name)?;
        let stopped = self.systemctl(&["stop", unit, again])?;
        match self.armed(name)? {
            Armed::No => Ok(()),
            Armed::Yes => succeeded("systemctl", &stopped)
                .and_then(|()| Err(io::Error::other(format!("{unit} is still active")))),
        }
    }

    /// Whether a timer waits, or its command runs.
    ///
    /// # Errors
    /// When systemd does not answer.
    pub fn armed(&self, name: &str) -> io::Result<Armed> {
        let [unit, again] = &units(name)?;
        let found = self.look(&[unit, again])?;
        Ok(if found.iter().any(|found| found.is_armed) { Armed::Yes } else { Armed::No })
    }

    /// Whether a timer will fire after this moment: what its own command asks, while which it counts as armed.
    ///
    /// # Errors
    /// When systemd does not answer.
    pub fn will_fire(&self, name: &str) -> io::Result<bool> {
        let [unit, again] = &units(name)?;
        let now = clocks()?.awake;
        let to_come = |found: Found| found.is_armed && found.next.is_some_and(|next| next > now);
        Ok(self.look(&[unit, again])?.into_iter().any(to_come))
    }

    /// What systemd says of these units.
    fn look(&self, units: &[&str]) -> io::Result<Vec<Found>> {
        let mut arguments = vec![
            "show",
            "--property=ActiveState",
            "--property=SubState",
            "--property=NextElapseUSecMonotonic",
        ];
        arguments.extend(units);
        let printed = self.systemctl(&arguments)?;
        succeeded("systemctl", &printed)?;
        Ok(printed.stdout.split("\n\n").map(Found::read).collect())
    }

    fn systemd_run(&self, arguments: &[&str]) -> io::Result<()> {
        succeeded("systemd-run", &command::run(&self.systemd_run, arguments, Privileges::Kept, LIMIT)?)
    }

    fn systemctl(&self, arguments: &[&str]) -> io::Result<Printed> {
        command::run(&self.systemctl, arguments, Privileges::Kept, LIMIT)
    }
}

/// What systemd says of one timer.
#[derive(Debug, Default, PartialEq, Eq)]
struct Found {
    is_armed: bool,
    /// When it will fire, on systemd's clock.
    next: Option<Duration>,
}

impl Found {
    fn read(block: &str) -> Self {
        let value = |name: &str| block.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix('='));
        // One that has fired and is kept is active, too.
        let waits = value("SubState").is_some_and(|state| ["waiting", "running"].contains(&state));
        Self {
            is_armed: value("ActiveState") == Some("active") && waits,
            next: value("NextElapseUSecMonotonic").and_then(timespan),
        }
    }
}

/// A span as systemd prints one (systemd.time(7)): `1h 2min 3.5s`; `None` for one without an end.
fn timespan(text: &str) -> Option<Duration> {
    let one = |word: &str| {
        let (number, unit) = word.split_at(word.find(|c: char| c.is_ascii_alphabetic())?);
        let seconds = match unit {
            "y" => 31_557_600.0,
            "month" => 2_629_800.0,
            "w" => 604_800.0,
            "d" => 86_400.0,
            "h" => 3600.0,
            "min" => 60.0,
            "s" => 1.0,
            "ms" => 1e-3,
            "us" => 1e-6,
            _ => return None,
        };
        Duration::try_from_secs_f64(number.parse::<f64>().ok()? * seconds).ok()
    };
    let mut words = text.split_whitespace().peekable();
    words.peek()?;
    words.map(one).sum()
}

/// The moment so much later on the wall clock; seconds are as fine as calendars are.
fn wall(later: Duration) -> io::Result<String> {
    let at = clock::now().checked_add(later + Duration::from_secs(1)).map_err(io::Error::other)?;
    Ok(at.strftime("%F %T UTC").to_string())
}

/// The unit of a timer, and a pattern for those that were armed again.
fn units(name: &str) -> io::Result<[String; 2]> {
    let name = unit_name(name)?;
    Ok([format!("{name}.timer"), format!("{name}{AGAIN}*.timer")])
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
    fn spans_are_read_as_systemd_prints_them() {
        let millis = |text| timespan(text).map(|span| span.as_millis());
        assert_eq!(millis("13h 48min 14.537308s"), Some(49_694_537));
        assert_eq!(millis("1month 1w 2d"), Some(2_629_800_000 + 9 * 86_400_000));
        assert_eq!(millis("950ms"), Some(950));
        assert_eq!(millis("2s 17us"), Some(2000));
        for nothing in ["", "infinity", "0", "5 apples", "s", "-3s"] {
            assert_eq!(millis(nothing), None, "{nothing:?}");
        }
    }

    #[test]
    fn a_timer_that_has_fired_and_is_kept_is_not_armed() {
        let read = |state: &str, sub: &str| {
            Found::read(&format!("NextElapseUSecMonotonic=1min\nActiveState={state}\nSubState={sub}\n"))
                .is_armed
        };
        assert!(read("active", "waiting") && read("active", "running"));
        assert!(!read("active", "elapsed") && !read("inactive", "dead") && !read("failed", "failed"));
        assert_eq!(Found::read(""), Found::default());
    }

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
