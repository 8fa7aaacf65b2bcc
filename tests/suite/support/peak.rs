//! How much memory a running process has had at once.
//!
//! Invariant: it is the process's own. What `wait4` and `getrusage` tell of a child counts the process that started it,
//! and which it started.

use std::fs;

/// The highest so far, in KiB; none of a process that has ended.
pub fn highest_kib(pid: u32) -> Option<u64> {
    let text = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let peak = text.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    peak.trim().strip_suffix(" kB")?.trim().parse().ok()
}
