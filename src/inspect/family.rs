//! Masters that belong together: after a binary upgrade (`USR2`) the old master is the parent of the new one.
//!
//! Invariant: of a family only the one master is signalled that alone accepts connections and has no successor.
//! While another one is there, NGINX's old master answers a reload by starting workers of its old configuration
//! beside it (`ngx_master_process_cycle`), and a master that ends does not hear it at all.

use crate::host::process::{Master, Role};
use crate::outcome::codes;
use crate::outcome::{Finding, Level};
use std::collections::BTreeSet;

/// Masters of one descent.
pub(super) struct Family {
    /// The one to signal, or to look at where nobody can be signalled.
    pub head: Master,
    /// Old masters that only wait for the last connections of their workers.
    pub retiring: Vec<Master>,
    /// Why nobody can be signalled now.
    pub conflict: Option<Finding>,
}

impl Family {
    /// Every process of it that serves, or may still hold a socket.
    pub(super) fn pids(&self) -> BTreeSet<i32> {
        let masters = [&self.head].into_iter().chain(&self.retiring);
        masters.flat_map(|one| one.workers.iter().map(|worker| worker.id.pid).chain([one.id.pid])).collect()
    }
}

/// Masters by descent, in the order of the eldest.
pub(super) fn families(masters: Vec<Master>) -> Vec<Family> {
    let pids: BTreeSet<i32> = masters.iter().map(|master| master.id.pid).collect();
    let (mut lines, mut younger): (Vec<Vec<Master>>, Vec<Master>) = Default::default();
    for master in masters {
        if pids.contains(&master.parent) { younger.push(master) } else { lines.push(vec![master]) }
    }
    // A child may have the lower pid, since pids begin again from below.
    while !younger.is_empty() {
        let before = younger.len();
        for master in std::mem::take(&mut younger) {
            match lines.iter_mut().find(|line| line.iter().any(|one| one.id.pid == master.parent)) {
                Some(line) => line.push(master),
                None => younger.push(master),
            }
        }
        if younger.len() == before {
            // Parents that are their own children are no parents: `/proc` changed while it was read.
            lines.extend(younger.drain(..).map(|master| vec![master]));
        }
    }
    lines.into_iter().filter_map(family).collect()
}

/// The family of a line, from the eldest to the youngest.
fn family(mut line: Vec<Master>) -> Option<Family> {
    let serves = |master: &Master| master.serving().next().is_some();
    let serving: Vec<usize> =
        line.iter().enumerate().filter(|(_, one)| serves(one)).map(|(at, _)| at).collect();
    let youngest = line.len().checked_sub(1)?;
    if youngest > 0 && serving != [youngest] {
        let conflict = Some(upgrade(&line, &serving));
        let head = line.swap_remove(serving.first().copied().unwrap_or(youngest));
        return Some(Family { head, retiring: line, conflict });
    }
    let head = line.pop()?;
    let conflict = is_ending(&head).then(|| ending(&head));
    Some(Family { head, retiring: line, conflict })
}

/// Whether it accepts no connections any more. A master without any worker may be about to start them again.
fn is_ending(master: &Master) -> bool {
    let ends = |role| matches!(role, Role::ShuttingDown | Role::Helper);
    master.workers.iter().all(|worker| ends(worker.role))
        && master.workers.iter().any(|worker| worker.role == Role::ShuttingDown)
}

fn upgrade(line: &[Master], serving: &[usize]) -> Finding {
    let advice = match serving {
        [_, _, ..] => {
            "end it first: `kill -QUIT` the old master to keep the new program, or the new one to go back; then \
             wait until it has ended, and try again"
        }
        _ => "wait until the others have ended, then try again",
    };
    let finding = several("a binary upgrade of NGINX is under way").advice(advice);
    let told = line.iter().enumerate().map(|(at, master)| {
        let age = if at == 0 { "the old master" } else { "started by it, the new one" };
        format!("pid {}, {age}: {}", master.id.pid, workers(master))
    });
    finding.evidence_lines(told)
}

/// A stop about more than one master.
pub(super) fn several(title: &str) -> Finding {
    Finding::graded(codes::NGINX_SEVERAL_MASTERS, Level::Stop, title)
}

fn ending(master: &Master) -> Finding {
    Finding::new(codes::NGINX_ENDING, "the running NGINX is ending: it accepts no connections any more")
        .evidence(format!("pid {}: {}", master.id.pid, workers(master)))
        .advice("wait until its last connections are over and it has ended, then start NGINX and try again")
}

/// What an old master still waits for, for people.
pub(super) fn retiring(family: &Family) -> Option<Finding> {
    let title = "the old master of a binary upgrade waits for its last connections, and the new one serves";
    let finding = Finding::graded(codes::NGINX_SEVERAL_MASTERS, Level::Info, title);
    let finding = finding.evidence(format!("pid {}: {}", family.head.id.pid, workers(&family.head)));
    let told = family.retiring.iter().map(|one| format!("pid {}: {}", one.id.pid, workers(one)));
    (!family.retiring.is_empty()).then(|| finding.evidence_lines(told))
}

/// `2 workers serve, 1 is shutting down`.
fn workers(master: &Master) -> String {
    let count = |role| master.workers.iter().filter(|worker| worker.role == role).count();
    let serve = match count(Role::Serving) {
        0 => "no worker serves".to_owned(),
        1 => "1 worker serves".to_owned(),
        many => format!("{many} workers serve"),
    };
    match count(Role::ShuttingDown) {
        0 => serve,
        1 => format!("{serve}, 1 is shutting down"),
        many => format!("{serve}, {many} are shutting down"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::process::{Extent, MasterArguments, ProcessId, Worker};
    use crate::host::trust::{Executable, Running};
    use std::path::Path;

    fn master(pid: i32, parent: i32, roles: &[Role]) -> Master {
        let executable = Executable::open(Path::new("/bin/true")).expect("root's own");
        let worker = |(at, role): (i32, &Role)| Worker {
            id: ProcessId { pid: pid * 10 + at, start_time: 1 },
            role: *role,
        };
        Master {
            id: ProcessId { pid, start_time: 1 },
            program: Running { executable, replaced: false },
            parent,
            arguments: MasterArguments::default(),
            extent: Extent::Whole,
            cwd: None,
            workers: (0..).zip(roles).map(worker).collect(),
        }
    }

    #[test]
    fn a_family_has_one_that_may_be_signalled_or_says_why_not() {
        use Role::{Helper, Serving, ShuttingDown};
        let check = |masters: Vec<Master>, expect: &[(i32, usize, Option<&str>)]| {
            let found = families(masters);
            let said: Vec<_> = found
                .iter()
                .map(|one| {
                    (one.head.id.pid, one.retiring.len(), one.conflict.as_ref().map(|it| it.code.name()))
                })
                .collect();
            assert_eq!(said, expect);
        };
        let several = Some("nginx.several-masters");
        check(vec![master(5, 1, &[Serving, Serving])], &[(5, 0, None)]);
        check(vec![master(5, 1, &[Serving]), master(7, 1, &[Serving])], &[(5, 0, None), (7, 0, None)]);
        // A master whose workers all died a moment ago starts them again.
        check(vec![master(5, 1, &[])], &[(5, 0, None)]);
        check(vec![master(5, 1, &[ShuttingDown, Helper])], &[(5, 0, Some("nginx.ending"))]);
        check(vec![master(5, 1, &[ShuttingDown, Serving])], &[(5, 0, None)]);
        // An upgrade: both serve; the old one retires; the new one does; nobody serves yet.
        check(vec![master(5, 1, &[Serving]), master(7, 5, &[Serving])], &[(5, 1, several)]);
        check(vec![master(5, 1, &[ShuttingDown]), master(7, 5, &[Serving])], &[(7, 1, None)]);
        check(vec![master(5, 1, &[]), master(7, 5, &[Serving])], &[(7, 1, None)]);
        check(vec![master(5, 1, &[Serving]), master(7, 5, &[ShuttingDown])], &[(5, 1, several)]);
        check(vec![master(5, 1, &[ShuttingDown]), master(7, 5, &[])], &[(7, 1, several)]);
        // The child has the lower pid; and there are three generations.
        check(vec![master(5, 9, &[Serving]), master(9, 1, &[])], &[(5, 1, None)]);
        let three =
            vec![master(5, 1, &[ShuttingDown]), master(6, 7, &[Serving]), master(7, 5, &[ShuttingDown])];
        check(three, &[(6, 2, None)]);
    }
}
