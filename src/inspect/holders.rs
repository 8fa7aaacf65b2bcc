//! Who holds the ports that the configuration listens on, if it is not the master that was chosen.
//!
//! Invariant: that no NGINX runs is only said when nobody holds one of these ports. What is not this server's NGINX
//! is named, and neither executed nor signalled.

use super::master::Chosen;
use super::site::meets;
use crate::facts::ListenAddress;
use crate::host::process::{Listener, LonerKind, Owner, Owners, listeners};
use crate::host::{Root, machine};
use crate::outcome::codes::Code;
use crate::outcome::{Failure, FailureKind, Finding, Level, codes};
use std::collections::{BTreeMap, BTreeSet};

/// Findings that leave nobody to reload, or somebody else who serves, whatever is to be done: a change is refused
/// by them, and so is its undoing.
const BARS: [Code; 6] = [
    codes::NGINX_SEVERAL_MASTERS,
    codes::NGINX_ENDING,
    codes::NGINX_ORPHAN_WORKERS,
    codes::NGINX_SINGLE_PROCESS,
    codes::NGINX_UNKNOWN,
    codes::NGINX_PORT_HELD,
];

/// Who else holds what is listened on; without a master and without them, that none runs. `listens` is `None` where
/// the configuration cannot be read.
pub(super) fn findings(root: &Root, chosen: &Chosen, listens: Option<&[ListenAddress]>) -> Vec<Finding> {
    if !root.is_live() {
        return Vec::new();
    }
    let is_quiet = chosen.others.is_empty() && chosen.loners.is_empty();
    // Of a running NGINX only another NGINX takes connections away: the others could not bind beside it.
    if chosen.pid.is_some() && is_quiet {
        return Vec::new();
    }
    let is_wanted = |port| listens.is_none_or(|all| all.iter().any(|one| one.port() == Some(port)));
    let found = match listeners(is_wanted) {
        Ok(found) => found,
        Err(error) => return vec![unseen(&format!("the kernel's table of sockets: {error}"))],
    };
    let meeting =
        found.iter().filter(|held| listens.is_none_or(|all| all.iter().any(|one| meets(one, held))));
    let mut said = Said { chosen, knows_ports: listens.is_some(), evidence: BTreeMap::new() };
    meeting.for_each(|listener| said.look_at(listener));
    let mut found: Vec<Finding> = said.evidence.into_iter().map(|(who, lines)| who.finding(lines)).collect();
    let Some(absence) = &chosen.absence else { return found };
    // Said once that it could not be seen; and never beside somebody who holds a port that none runs.
    found.retain(|one| one.code != absence.code || one.stops());
    match found.first_mut() {
        Some(first) if absence.code == codes::NGINX_NOT_RUNNING => {
            first.evidence.extend(absence.evidence.iter().cloned());
        }
        _ => found.push(absence.clone()),
    }
    found
}

/// The refusal of an undoing, where one of these findings leaves nobody to reload or somebody else who serves.
#[must_use]
pub fn barred(findings: &[Finding]) -> Option<Failure> {
    refusal(findings.iter().filter(|finding| BARS.contains(&finding.code)))
}

/// As [`barred`], while the machine starts: another program on a port is no reason to leave half of a change to
/// the NGINX that starts next.
#[must_use]
pub fn barred_at_boot(findings: &[Finding]) -> Option<Failure> {
    let bars = |code: Code| code != codes::NGINX_PORT_HELD && BARS.contains(&code);
    refusal(findings.iter().filter(|finding| bars(finding.code)))
}

fn refusal<'a>(bars: impl Iterator<Item = &'a Finding>) -> Option<Failure> {
    let bars: Vec<Finding> = bars.filter(|finding| finding.stops()).cloned().collect();
    let first = bars.first()?;
    let names: Vec<_> = bars.iter().map(|finding| finding.code.name()).collect();
    let message = format!("stopped by {}: {}", names.join(", "), first.title);
    Some(Failure::new(FailureKind::Refused, message).with_hint(first.advice.clone()).with_findings(bars))
}

/// Who holds a port.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Who {
    Orphan,
    Single,
    /// A master whose arguments cannot be read.
    Unread,
    /// Another NGINX, or what calls itself one.
    Other,
    Program,
    Unseen,
}

struct Said<'a> {
    chosen: &'a Chosen,
    knows_ports: bool,
    evidence: BTreeMap<Who, BTreeSet<String>>,
}

impl Said<'_> {
    fn look_at(&mut self, listener: &Listener) {
        let has_master = self.chosen.pid.is_some();
        match &listener.owners {
            Owners::Unknown if has_master || !self.knows_ports => {}
            Owners::Unknown => {
                self.say(Who::Unseen, format!("{}: who holds it may not be seen", listener.address))
            }
            Owners::Known(owners) => {
                let foreign: Vec<_> =
                    owners.iter().filter_map(|owner| Some((self.who(owner)?, owner))).collect();
                for (who, owner) in foreign {
                    if who == Who::Program && (has_master || !self.knows_ports) {
                        continue;
                    }
                    self.say(who, format!("{} is held by {}", listener.address, described(owner)));
                }
            }
        }
    }

    fn say(&mut self, who: Who, line: String) {
        self.evidence.entry(who).or_default().insert(line);
    }

    /// What a holder is; `None` for our own.
    fn who(&self, owner: &Owner) -> Option<Who> {
        let is_of = |pids: &BTreeSet<i32>| pids.contains(&owner.id.pid) || pids.contains(&owner.parent);
        if self.chosen.family.contains(&owner.id.pid) || self.is_new_worker(owner) {
            return None;
        }
        let loner = self.chosen.loners.iter().find(|loner| loner.id == owner.id);
        Some(match loner.map(|loner| loner.kind) {
            Some(LonerKind::Orphan) => Who::Orphan,
            Some(LonerKind::Single) => Who::Single,
            None if is_of(&self.chosen.unread) => Who::Unread,
            None if is_of(&self.chosen.others) => Who::Other,
            None => Who::Program,
        })
    }

    /// A worker that was started since the processes were counted.
    fn is_new_worker(&self, owner: &Owner) -> bool {
        Some(owner.parent) == self.chosen.pid && !self.chosen.loners.iter().any(|loner| loner.id == owner.id)
    }
}

impl Who {
    fn finding(self, lines: BTreeSet<String>) -> Finding {
        let finding = match self {
            Self::Orphan => {
                let title = "workers without a master serve: nobody can tell them to read a configuration";
                Finding::new(codes::NGINX_ORPHAN_WORKERS, title).advice(
                    "end them (`kill -QUIT`, or `systemctl restart nginx`), start NGINX, then try again",
                )
            }
            Self::Single => {
                let title = "NGINX runs as one process without a master, whose reload nothing can prove";
                Finding::new(codes::NGINX_SINGLE_PROCESS, title)
                    .advice("take `master_process off` out of what it is started with, and start it again")
            }
            Self::Unread => {
                let title = "the title of the running NGINX is cut: which file it reads cannot be told";
                Finding::graded(codes::NGINX_UNKNOWN, Level::Stop, title).advice(
                    "start it with an environment (`env -i` leaves no room for its arguments), as systemd does, or \
                     without arguments",
                )
            }
            Self::Other | Self::Program => held(),
            Self::Unseen if machine::is_superuser() => held(),
            Self::Unseen => {
                return unseen("the sockets of other users").evidence_lines(lines);
            }
        };
        finding.evidence_lines(lines)
    }
}

fn held() -> Finding {
    Finding::new(codes::NGINX_PORT_HELD, "another process holds an address of the configuration")
        .advice("stop that process, or choose another port: nginx would accept the reload and not perform it")
}

fn unseen(what: &str) -> Finding {
    let title = "whether an NGINX of this server runs could not be seen";
    Finding::graded(codes::NGINX_UNKNOWN, Level::Warn, title).evidence(what.to_owned()).advice("look as root")
}

/// `process 12 (nginx: worker process), user www-data (33), program /usr/sbin/nginx`.
#[must_use]
pub fn described(owner: &Owner) -> String {
    let Owner { id, user, program, title, .. } = owner;
    let program = program.as_deref().unwrap_or("not to be seen");
    format!("process {} ({title}), user {user}, program {program}", id.pid)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_meets_what_would_bar_its_binding() {
        let check = |wanted: &str, held: &str, expect: bool| {
            let listener = Listener { address: held.parse().unwrap(), owners: Owners::Unknown };
            let address = ListenAddress::Socket(wanted.parse().unwrap());
            assert_eq!(meets(&address, &listener), expect, "{wanted} {held}");
        };
        check("0.0.0.0:81", "127.0.0.1:81", true);
        check("127.0.0.1:81", "0.0.0.0:81", true);
        check("127.0.0.1:81", "127.0.0.1:81", true);
        check("127.0.0.1:81", "127.0.0.1:82", false);
        check("127.0.0.1:81", "192.0.2.1:81", false);
        check("[::]:81", "127.0.0.1:81", false);
        check("127.0.0.1:81", "[::]:81", true);
        check("127.0.0.1:81", "[::1]:81", false);
        check("[::1]:81", "[::]:81", true);
    }
}
