//! Which programs run, by name.
//!
//! Invariant: a name is what a process calls itself, which proves nothing but that somebody
//! called it so. Where the kernel hides processes of other users, that is said.

use super::ProcessId;
use crate::host::system::machine;
use crate::host::system::mounts;
use crate::values::escape;
use procfs::process::Process;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// More of a command line than this says nothing new.
const MOST_ARGUMENTS: usize = 64;

/// A running program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Running {
    pub id: ProcessId,
    /// Its name, at most 15 bytes of it (`comm`).
    pub name: String,
    /// Its command line, escaped; empty for a kernel thread.
    pub arguments: Vec<String>,
    /// Its working folder; `None` when that may not be read.
    pub cwd: Option<PathBuf>,
}

/// The programs that run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Programs {
    All(Vec<Running>),
    /// Those of this user; `/proc` hides the others.
    Own(Vec<Running>),
}

impl Running {
    /// Whether it bears this name, by its own account or by the program that was started.
    #[must_use]
    pub fn is(&self, name: &str) -> bool {
        let program = self.arguments.first().map(|first| first.trim_end_matches(':'));
        self.name == name
            || program.is_some_and(|program| Path::new(program).file_name().is_some_and(|last| last == name))
    }
}

/// Every program that runs here, by pid.
///
/// # Errors
/// When `/proc` cannot be read at all.
pub fn programs() -> io::Result<Programs> {
    let processes = procfs::process::all_processes().map_err(io::Error::other)?;
    let mut found: Vec<Running> = processes.filter_map(|process| describe(&process.ok()?)).collect();
    found.sort_by_key(|program| program.id);
    Ok(if hides_processes() { Programs::Own(found) } else { Programs::All(found) })
}

fn describe(process: &Process) -> Option<Running> {
    let stat = process.stat().ok()?;
    let line = fs::read(format!("/proc/{}/cmdline", stat.pid)).unwrap_or_default();
    let words = line.split(|&byte| byte == 0).filter(|word| !word.is_empty());
    Some(Running {
        id: ProcessId { pid: stat.pid, start_time: stat.starttime },
        name: escape(stat.comm.as_bytes()),
        arguments: words.take(MOST_ARGUMENTS).map(escape).collect(),
        cwd: process.cwd().ok(),
    })
}

/// Whether `/proc` is mounted with `hidepid` and we are somebody that it hides from.
fn hides_processes() -> bool {
    if machine::is_superuser() {
        return false;
    }
    let mounts = mounts::list().unwrap_or_default();
    let options = mounts::covering(&mounts, Path::new("/proc")).map(|one| one.options.clone());
    options.is_none_or(|options| {
        options
            .split(',')
            .any(|option| option.starts_with("hidepid=") && !["hidepid=0", "hidepid=off"].contains(&option))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_is_known_by_either_name() {
        let program = |name: &str, arguments: &[&str]| Running {
            id: ProcessId { pid: 1, start_time: 1 },
            name: name.to_owned(),
            arguments: arguments.iter().map(|word| (*word).to_owned()).collect(),
            cwd: None,
        };
        assert!(program("keepalived", &[]).is("keepalived"));
        assert!(program("ruby", &["/usr/sbin/pcsd", "x"]).is("pcsd"));
        assert!(program("node", &["haproxy:"]).is("haproxy"));
        assert!(!program("vi", &["vi", "/etc/keepalived"]).is("keepalived"));
    }

    #[test]
    fn we_run() {
        let (Programs::All(found) | Programs::Own(found)) = programs().unwrap();
        assert!(found.iter().any(|program| program.id.pid.unsigned_abs() == std::process::id()));
    }
}
