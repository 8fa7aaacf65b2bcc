//! What the operator named: Motion's server blocks by `--server`, its file by `--site`.
//!
//! Invariant: what a person named is taken as it is, also where it could not have been found; a name that leads nowhere
//! is an error with what there is instead.

use super::judge::{Candidate, Certainty, Site};
use super::reader::RootReader;
use crate::facts::ServerRole;
use crate::outcome::codes;
use crate::outcome::{Failure, FailureKind, Finding};
use nginx_config::{Config, FileId, Node, Reader};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use thiserror::Error;

/// Files or blocks that are listed where one is not among them.
const MOST_LISTED: usize = 20;

/// A server block as it is named on the command line: `cc.example.test`, `cc.example.test:8443`, `_:80` for one
/// without a name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ServerName {
    name: String,
    port: Option<u16>,
}

/// A text that names no server block.
#[derive(Debug, Error)]
#[error("expected the name of a server block, with its port or without: cc.example.test:443")]
pub struct NoServerName;

impl FromStr for ServerName {
    type Err = NoServerName;

    fn from_str(text: &str) -> Result<Self, NoServerName> {
        let (name, port) = match text.rsplit_once(':') {
            Some((name, port)) => (name, Some(port.parse().map_err(|_| NoServerName)?)),
            None => (text, None),
        };
        if name.is_empty() { Err(NoServerName) } else { Ok(Self { name: name.to_ascii_lowercase(), port }) }
    }
}

impl ServerName {
    fn is(&self, candidate: &Candidate) -> bool {
        let server = &candidate.server;
        let listens = |port: u16| server.listens.iter().any(|listen| listen.address.port() == Some(port));
        self.fits(&server.names, listens)
    }

    /// Whether a block with these names, which listens on these ports, is meant.
    pub(super) fn fits(&self, names: &[String], listens: impl Fn(u16) -> bool) -> bool {
        let nameless = self.name == "_" && names.iter().all(String::is_empty);
        let named = nameless || names.iter().any(|name| name.eq_ignore_ascii_case(&self.name));
        named && self.port.is_none_or(listens)
    }
}

impl fmt::Display for ServerName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.port {
            Some(port) => write!(f, "{}:{port}", self.name),
            None => f.write_str(&self.name),
        }
    }
}

/// The blocks that were named; of a name that has a redirecting block as well, those that serve.
pub fn named(candidates: &[Candidate], wanted: &[ServerName]) -> Result<BTreeSet<Node>, Failure> {
    let mut chosen = BTreeSet::new();
    for name in wanted {
        let found = || candidates.iter().filter(|one| one.site != Site::NotNamed && name.is(one));
        let serving: Vec<_> = found().filter(|one| one.server.role != ServerRole::RedirectsOnly).collect();
        if serving.is_empty() {
            let why = match found().next() {
                Some(_) => format!("the server block that --server {name} names only redirects"),
                None => format!("no server block is called {name}"),
            };
            return Err(nowhere(candidates, why));
        }
        chosen.extend(serving.iter().map(|one| one.server.node));
    }
    Ok(chosen)
}

fn nowhere(candidates: &[Candidate], why: String) -> Failure {
    let finding = Finding::new(codes::SITE_NOT_FOUND, why.clone())
        .advice("name one of these blocks, by its server_name and, where several have it, with the port");
    let here = || candidates.iter().filter(|one| one.site != Site::NotNamed);
    let line = |one: &Candidate| {
        let names = if one.server.names.is_empty() { "_".to_owned() } else { one.server.names.join(" ") };
        let does = match one.server.role {
            ServerRole::RedirectsOnly => "; it only redirects",
            ServerRole::ServesMotion | ServerRole::Other => "",
        };
        format!("{}: server {} ({names}){does}", one.place, one.server.label)
    };
    let finding = and_more(finding.evidence_lines(here().take(MOST_LISTED).map(line)), here().count());
    Failure::new(FailureKind::Unavailable, why).with_findings(vec![finding])
}

/// Blocks that are Motion's as far as can be seen, at least as surely as this, and are not among the chosen ones.
pub fn left_out(candidates: &[Candidate], chosen: &BTreeSet<Node>, least: Certainty) -> Option<Finding> {
    let mut others = candidates
        .iter()
        .filter(|one| one.server.role != ServerRole::RedirectsOnly && !chosen.contains(&one.server.node))
        .filter(|one| one.certainty >= least)
        .peekable();
    others.peek()?;
    let finding =
        Finding::new(codes::SITE_LEFT_OUT, "other server blocks look like Motion's and were not named")
            .advice("name each that is to get the route with --server");
    Some(finding.evidence_lines(
        others.map(|one| format!("{}: server {}: {}", one.place, one.server.label, one.evidence.join("; "))),
    ))
}

/// The file of the configuration that an operator named, by whichever path leads there.
pub fn named_file(config: &Config, reader: &RootReader, site: &Path) -> Result<FileId, Failure> {
    let identity: PathBuf = reader.identity(site).unwrap_or_else(|_| site.to_owned());
    if let Some((id, _)) = config.files().find(|(_, file)| file.identity == identity) {
        return Ok(id);
    }
    let title = "NGINX does not read the file that was named";
    let finding = Finding::new(codes::SITE_NOT_FOUND, title)
        .evidence(format!("{} is not among the files of this configuration", site.display()))
        .advice("name one of the files that NGINX reads, or a link to one");
    let read = config.files().take(MOST_LISTED).map(|(_, file)| format!("read: {}", file.path.display()));
    let finding = and_more(finding.evidence_lines(read), config.files().count());
    Err(Failure::new(FailureKind::Unavailable, format!("{title}: {}", site.display()))
        .with_findings(vec![finding]))
}

fn and_more(finding: Finding, all: usize) -> Finding {
    match all.saturating_sub(MOST_LISTED) {
        0 => finding,
        more => finding.evidence(format!("… and {more} more")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_may_have_a_port() {
        let check = |text: &str, expect: Option<&str>| {
            let found = text.parse().ok().map(|name: ServerName| name.to_string());
            assert_eq!(found.as_deref(), expect, "{text}");
        };
        check("CC.example.test", Some("cc.example.test"));
        check("cc.example.test:8443", Some("cc.example.test:8443"));
        check("_:80", Some("_:80"));
        check("*.example.test", Some("*.example.test"));
        check(":80", None);
        check("", None);
        check("cc.example.test:https", None);
        check("cc.example.test:99999", None);
    }
}
