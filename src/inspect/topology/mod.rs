//! Is this a standalone server? Every sign of high availability, disaster
//! recovery and reverse proxies, as a row of a table.
//!
//! Invariant: what could not be looked at is unknown, never absent, and is
//! named. A sign says what was seen and where; what it means for this server
//! is the operator's and the vendor's to say.

mod addresses;
mod balancer;
mod cluster;
mod database;
mod files;
mod proxy;
mod storage;
mod units;
mod view;
mod voice;

use crate::facts::Facts;
use crate::host::{Root, machine};
use crate::outcome::codes::Code;
use crate::outcome::{Finding, Level, codes, sort_findings};
use database::DATABASE_HOST;
use nginx_config::Config;
use std::collections::BTreeMap;
use view::{Seen, Unseen, View};

/// What to do about any sign that this is not a standalone server.
pub(super) const VENDOR: &str = "contact the vendor's support: this procedure is for standalone servers";

/// One thing that a standalone server does not have.
struct Sign {
    code: Code,
    /// What it is called among the unknown.
    name: &'static str,
    /// One line for people.
    title: &'static str,
    /// How it is looked for.
    look: fn(&View) -> Seen,
    /// What to do about it.
    advice: &'static str,
}

const SIGNS: [Sign; 10] = [
    Sign {
        code: codes::TOPOLOGY_CLUSTER_MANAGER,
        name: "cluster managers",
        title: "a cluster manager is on this server",
        look: cluster::managers,
        advice: VENDOR,
    },
    Sign {
        code: codes::TOPOLOGY_SHARED_STORAGE,
        name: "shared storage",
        title: "storage is shared with another server",
        look: storage::shared,
        advice: VENDOR,
    },
    Sign {
        code: codes::TOPOLOGY_DATABASE_CLUSTER,
        name: "database clusters",
        title: "the database is part of a cluster",
        look: database::clustered,
        advice: VENDOR,
    },
    Sign {
        code: codes::TOPOLOGY_REMOTE_UPSTREAM,
        name: "Motion's upstream",
        title: "Motion is not served by one process of this server",
        look: proxy::remote_upstream,
        advice: VENDOR,
    },
    Sign {
        code: codes::TOPOLOGY_REMOTE_DATABASE,
        name: DATABASE_HOST,
        title: "Motion's database is on another host",
        look: database::remote,
        advice: VENDOR,
    },
    Sign {
        code: codes::TOPOLOGY_FLOATING_ADDRESS,
        name: "floating addresses",
        title: "an interface has a second address, which may move between servers",
        look: addresses::floating,
        advice: VENDOR,
    },
    Sign {
        code: codes::TOPOLOGY_BEHIND_PROXY,
        name: "a proxy in front",
        title: "NGINX is told that a proxy stands in front of it",
        look: proxy::behind,
        advice: VENDOR,
    },
    Sign {
        code: codes::TOPOLOGY_OTHER_BALANCER,
        name: "other balancers",
        title: "another balancer or web server holds the public ports",
        look: balancer::other,
        advice: VENDOR,
    },
    Sign {
        code: codes::TOPOLOGY_SPLIT_VOICE,
        name: "split voice",
        title: "Asterisk is not on Motion's server",
        look: voice::split,
        advice: VENDOR,
    },
    Sign {
        code: codes::TOPOLOGY_NO_TLS,
        name: "TLS",
        title: "no server block of Motion's listens with TLS",
        look: proxy::no_tls,
        advice: "if something in front of this server ends TLS, contact the vendor's support",
    },
];

/// Every sign that was seen, and what could not be looked at.
pub fn topology(root: &Root, facts: &Facts, config: &Config) -> Vec<Finding> {
    let view = View::new(root, facts, config);
    let mut findings = Vec::new();
    let mut unseen = Vec::new();
    let mut in_question = Vec::new();
    for sign in &SIGNS {
        let seen = (sign.look)(&view);
        if !seen.evidence.is_empty() {
            let finding = Finding::new(sign.code, sign.title).advice(sign.advice);
            findings.push(finding.evidence_lines(seen.evidence));
        }
        if !seen.unseen.is_empty() {
            in_question.push(sign.name);
        }
        unseen.extend(seen.unseen);
    }
    findings.extend(unknown(&view, unseen, &in_question));
    findings
}

/// What was not seen, things with one cause on one line, and what else that leaves open.
fn unknown(view: &View, unseen: Vec<Unseen>, in_question: &[&str]) -> Option<Finding> {
    if in_question.is_empty() {
        return None;
    }
    let mut by_cause: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for Unseen { what, why } in unseen {
        let things = by_cause.entry(why).or_default();
        if !things.contains(&what) {
            things.push(what);
        }
    }
    let said: Vec<_> = by_cause.values().flatten().cloned().collect();
    let lines = by_cause.iter().map(|(why, things)| format!("{}: {why}", things.join(", ")));
    let finding = not_wholly_seen(view.root).evidence_lines(lines);
    let open: Vec<_> =
        in_question.iter().filter(|name| said.iter().all(|said| said != *name)).copied().collect();
    Some(match open.is_empty() {
        true => finding,
        false => finding.evidence(format!("in question: {}", open.join(", "))),
    })
}

/// Says what is left in question of the database's host once the database was asked or not. One on this very server is
/// Motion's own, as its tables are there.
pub fn tell_of_database_host(root: &Root, findings: &mut Vec<Finding>, is_here: bool) {
    let start = format!("{DATABASE_HOST}: ");
    let is_unknown = |finding: &Finding| finding.code == codes::TOPOLOGY_UNKNOWN;
    if is_here {
        for finding in findings.iter_mut().filter(|finding| is_unknown(finding)) {
            finding.evidence.retain(|line| !line.starts_with(&start));
        }
        findings.retain(|finding| !is_unknown(finding) || !finding.evidence.is_empty());
    }
    sort_findings(findings);
    for finding in findings.iter_mut().filter(|finding| is_unknown(finding) && root.is_live()) {
        if let [line] = finding.evidence.as_mut_slice()
            && let Some(why) = line.strip_prefix(&start)
        {
            *line = why.to_owned();
            "cannot tell which host Motion's database is on".clone_into(&mut finding.title);
            "if it is on this server, nothing has to be done; otherwise stop here. --db URL names it, and settles it"
                .clone_into(&mut finding.advice);
        }
    }
}

/// The finding of what could not be looked at, without its evidence. Of a tree there is nothing that could be done.
pub(super) fn not_wholly_seen(root: &Root) -> Finding {
    let (level, advice) = match (root.is_live(), machine::is_superuser()) {
        (false, _) => (Level::Info, "nothing: a tree shows files only, and the server itself shows the rest"),
        (true, false) => (Level::Warn, "look as root: `sudo motionctl check`"),
        (true, true) => (
            Level::Warn,
            "make sure of it in another way; where this is no standalone server, stop here. --db URL names Motion's \
             database, and settles what is about it",
        ),
    };
    Finding::graded(codes::TOPOLOGY_UNKNOWN, level, "parts of the server could not be looked at")
        .advice(advice)
}
