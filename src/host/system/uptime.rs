//! The clock that counts from the start of the machine, and which start that was.
//!
//! Invariant: the time that a machine sleeps counts, as it does for people, and
//! whatever is done to the wall clock does not. The service manager's timers
//! count by [`Clocks::awake`], which stands still meanwhile.

use nix::time::{ClockId, clock_gettime};
use std::fs;
use std::io;
use std::time::Duration;

/// Where the kernel names this start of the machine (random(4)).
const BOOT_ID: &str = "/proc/sys/kernel/random/boot_id";

/// A moment in one start of the machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Uptime {
    /// Which start: a random id that the kernel draws.
    pub boot: String,
    /// Since then, `CLOCK_BOOTTIME`: goes on while the machine sleeps.
    pub elapsed: Duration,
}

/// Both clocks that count from the start of the machine, at one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Clocks {
    /// `CLOCK_MONOTONIC`, the clock of systemd's timers (systemd.timer(5)).
    pub awake: Duration,
    pub elapsed: Duration,
}

/// This moment.
///
/// # Errors
/// When the kernel does not say which start of the machine this is.
pub fn uptime() -> io::Result<Uptime> {
    let boot = fs::read_to_string(BOOT_ID)
        .map_err(|error| io::Error::new(error.kind(), format!("reading {BOOT_ID}: {error}")))?;
    Ok(Uptime { boot: boot.trim().to_owned(), elapsed: clocks()?.elapsed })
}

/// Both clocks. A process that is stopped between the two looks sees too little of the first, so that what is computed
/// from the difference comes too early and never too late.
///
/// # Errors
/// When the kernel has no such clock.
pub fn clocks() -> io::Result<Clocks> {
    let awake = Duration::from(clock_gettime(ClockId::CLOCK_MONOTONIC)?);
    let elapsed = Duration::from(clock_gettime(ClockId::CLOCK_BOOTTIME)?);
    Ok(Clocks { awake, elapsed })
}
