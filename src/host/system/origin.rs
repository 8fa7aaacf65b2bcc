//! Whether the person at the terminal sits at this machine or came over a network.
//!
//! Invariant: `sudo` and `su` hide nothing: what they drop from the environment, the processes above us still have. What
//! cannot be told is called so, and never "here".

use super::terminals;
use procfs::process::Process;
use std::collections::BTreeSet;
use std::ffi::{OsStr, OsString};

/// Variables that a login over the network sets.
const VARIABLES: [&str; 3] = ["SSH_CONNECTION", "SSH_CLIENT", "SSH_TTY"];
/// Programs that let somebody in over the network, as the kernel shortens their names.
const DOORS: [&str; 9] = [
    "sshd", "sshd-session", "sshd-auth", "dropbear", "tinysshd", "mosh-server", "telnetd", "in.telnetd",
    "in.rlogind",
];
/// No chain of processes is longer.
const DEEPEST: usize = 256;

/// Where a person is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// At this machine, as far as all that was looked at says.
    Here,
    Afar,
    /// The processes above this one could not be looked at.
    Unknown,
}

/// A process as far as it says where its user is.
#[derive(Debug, Default)]
struct Ancestor {
    parent: i32,
    name: String,
    /// Whether its environment was set by a login over the network.
    has_variable: bool,
    terminal: Option<String>,
}

/// Where the person is who started this process.
#[must_use]
pub fn origin() -> Origin {
    let own = i32::try_from(std::process::id()).unwrap_or(i32::MAX);
    judge(own, look, &terminals::from_afar())
}

fn judge(own: i32, look: impl Fn(i32) -> Option<Ancestor>, from_afar: &BTreeSet<String>) -> Origin {
    let mut pid = own;
    for _ in 0..DEEPEST {
        let Some(ancestor) = look(pid) else { return Origin::Unknown };
        let has_terminal_afar = ancestor.terminal.is_some_and(|name| from_afar.contains(&name));
        if ancestor.has_variable || has_terminal_afar || DOORS.contains(&ancestor.name.as_str()) {
            return Origin::Afar;
        }
        // 0 is above the first process, also of a container, whose host is not in view.
        match ancestor.parent {
            0 => return Origin::Here,
            parent => pid = parent,
        }
    }
    Origin::Unknown
}

fn look(pid: i32) -> Option<Ancestor> {
    let process = Process::new(pid).ok()?;
    let stat = process.stat().ok()?;
    let is_set = |(name, value): (&OsString, &OsString)| {
        VARIABLES.iter().any(|variable| name == OsStr::new(variable)) && !value.is_empty()
    };
    // Another user's is not shown to everybody; its name and terminal are.
    let has_variable = process.environ().is_ok_and(|all| all.iter().any(is_set));
    let terminal = terminal_name(stat.tty_nr().0, stat.tty_nr().1);
    Some(Ancestor { parent: stat.ppid, name: stat.comm, has_variable, terminal })
}

/// The name below `/dev` of a terminal's device (Documentation/admin-guide/devices.txt of Linux).
fn terminal_name(major: i32, minor: i32) -> Option<String> {
    match major {
        4 if minor < 64 => Some(format!("tty{minor}")),
        4 => Some(format!("ttyS{}", minor - 64)),
        136..=143 => Some(format!("pts/{}", (major - 136) * 256 + minor)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(parent: i32) -> Ancestor {
        Ancestor {
            parent,
            name: "bash".to_owned(),
            terminal: Some("pts/3".to_owned()),
            ..Ancestor::default()
        }
    }

    /// Where a person is at the end of `3 ← 2 ← 1`, of which 2 is the one that is given.
    fn with(second: Ancestor, from_afar: &[&str]) -> Origin {
        let second = std::cell::RefCell::new(Some(second));
        let look = |pid| match pid {
            3 => Some(Ancestor { parent: 2, name: "sudo".to_owned(), ..Ancestor::default() }),
            2 => second.take(),
            1 => Some(Ancestor { parent: 0, name: "systemd".to_owned(), ..Ancestor::default() }),
            _ => None,
        };
        judge(3, look, &from_afar.iter().map(|name| (*name).to_owned()).collect())
    }

    #[test]
    fn what_sudo_drops_the_shell_above_it_still_has() {
        assert_eq!(with(Ancestor { has_variable: true, ..shell(1) }, &[]), Origin::Afar);
        assert_eq!(with(Ancestor { name: "sshd-session".to_owned(), ..shell(1) }, &[]), Origin::Afar);
        assert_eq!(with(Ancestor { name: "mosh-server".to_owned(), ..shell(1) }, &[]), Origin::Afar);
        // A shell that cleared its environment still sits at a terminal on which somebody logged in from afar.
        assert_eq!(with(shell(1), &["pts/3"]), Origin::Afar);
        assert_eq!(with(shell(1), &["pts/4"]), Origin::Here);
        assert_eq!(with(Ancestor { name: "sshd-keygen".to_owned(), ..shell(1) }, &[]), Origin::Here);
    }

    #[test]
    fn a_chain_that_cannot_be_followed_is_not_called_here() {
        assert_eq!(with(shell(7), &[]), Origin::Unknown);
        assert_eq!(judge(2, |_| Some(shell(2)), &BTreeSet::new()), Origin::Unknown);
    }

    #[test]
    fn terminals_have_the_names_that_logins_are_recorded_by() {
        assert_eq!(terminal_name(136, 3).as_deref(), Some("pts/3"));
        assert_eq!(terminal_name(137, 1).as_deref(), Some("pts/257"));
        assert_eq!(terminal_name(4, 1).as_deref(), Some("tty1"));
        assert_eq!(terminal_name(4, 64).as_deref(), Some("ttyS0"));
        assert_eq!(terminal_name(0, 0), None);
    }
}
