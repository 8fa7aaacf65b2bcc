//! One request's answers in one server block, as they are shown.
//!
//! Invariant: says what NGINX does by its own rules; an answer that depends on what is not known here stands beside the
//! others, with its conditions. A file that is tried first counts only where it was seen.

use super::Asked;
use super::lies::Lies;
use crate::inspect::upstream::Groups;
use crate::outcome::{RouteAnswer, RouteKind, RoutePlace, RouteRow};
use nginx_config::routes::{
    Answer, Candidate, Door, Endpoint, Handler, HopCause, Request, Transport, Wanted, Way, doors,
    name_to_ask, ways,
};
use nginx_config::{Address, Config, Node, redact_address, redact_arguments, redact_name, redact_text};
use std::collections::BTreeSet;
use std::path::Path;

/// What rows are made from.
pub struct Rows<'a> {
    pub config: &'a Config,
    pub groups: Groups,
    pub lies: &'a dyn Fn(&Path) -> Lies,
}

/// The port of a listener; 0 for a socket.
pub fn port(at: &Endpoint) -> u16 {
    at.port().unwrap_or(0)
}

/// A directive and where it stands.
pub fn place(config: &Config, node: Node) -> RoutePlace {
    let file = config.file(node.file);
    let name = redact_name(&file.tree, node.directive);
    let arguments = redact_arguments(&file.tree, node.directive);
    let start = file.tree.directive(node.directive).span.start;
    RoutePlace {
        directive: format!("{name} {arguments}").trim_end().to_owned(),
        file: file.path.display().to_string(),
        line: u32::try_from(file.tree.position(start).line).unwrap_or(u32::MAX),
    }
}

impl Rows<'_> {
    /// What a block answers to a request: one row for all of its listeners where they agree, else one for each answer.
    pub fn of_request(&self, server: Node, asked: &Asked) -> Vec<RouteRow> {
        let mut seen = BTreeSet::new();
        // Listeners that differ by their addresses only answer alike.
        let kinds = doors(self.config, server).into_iter().map(|door| (port(&door.at), door));
        let mut found: Vec<Door> = Vec::new();
        for (port, door) in kinds {
            if asked.door().is_none_or(|wanted| wanted == (port, door.transport))
                && seen.insert((port, door.transport))
            {
                found.push(door);
            }
        }
        let mut rows: Vec<RouteRow> = Vec::new();
        for door in &found {
            let mut row = self.through(server, door, asked);
            match rows.iter_mut().find(|other| other.answers == row.answers && other.complete == row.complete)
            {
                Some(other) => other.by.append(&mut row.by),
                None => rows.push(row),
            }
        }
        if let [only] = rows.as_mut_slice() {
            only.by.clear();
        }
        rows
    }

    fn through(&self, server: Node, door: &Door, asked: &Asked) -> RouteRow {
        let request = Request::get(asked.target()).at(port(&door.at), door.transport);
        let host = asked.host().map(str::to_owned).or_else(|| name_to_ask(self.config, server));
        let request = match &host {
            Some(host) => request.to_host(host),
            None => request,
        };
        let found = ways(self.config, server, &request);
        let mut answers: Vec<RouteAnswer> = Vec::new();
        for way in &found.list {
            let answer = self.seen(server, way);
            let is_known =
                |other: &RouteAnswer| RouteAnswer { conditions: Vec::new(), ..other.clone() } == answer;
            if !answers.iter().any(is_known) {
                let conditions = way.assumed.iter().filter(|assumed| assumed.holds);
                let conditions = conditions.map(|assumed| place(self.config, assumed.directive)).collect();
                answers.push(RouteAnswer { conditions, ..answer });
            }
        }
        let spoken = if door.transport == Transport::Tls { "https" } else { "http" };
        let by = match &door.at {
            Endpoint::Unix(path) => format!("{spoken} at unix:{}", String::from_utf8_lossy(path)),
            at => format!("{spoken}:{}", port(at)),
        };
        RouteRow { uri: redact_text(asked.target()), by: vec![by], answers, complete: found.complete }
    }

    /// What answers on one way, without its conditions.
    fn seen(&self, server: Node, way: &Way) -> RouteAnswer {
        let mut tried = Vec::new();
        let answer = self.settled(&way.answer, &mut tried);
        let (entered, ended) = (self.block(server, &way.answer), self.block(server, answer));
        let (kind, target, status) = self.told(answer);
        let path = match &answer.handler {
            Handler::Static { path } | Handler::Folder { path, .. } => Some(path),
            _ => None,
        };
        let there = path.and_then(|path| match (self.lies)(path) {
            Lies::File | Lies::Folder => Some(true),
            Lies::Nothing => Some(false),
            Lies::Unseen => None,
        });
        RouteAnswer {
            conditions: Vec::new(),
            block: place(self.config, entered),
            ended_by: (ended != entered).then(|| place(self.config, ended)),
            ends_inside: answer.chain.first() == way.answer.chain.first(),
            kind,
            addresses: if kind == RouteKind::Proxy { self.behind(&answer.handler) } else { Vec::new() },
            target,
            status,
            there,
            tried,
            by_way_of: answer
                .hops
                .iter()
                .map(|hop| format!("{} → {}", cause(hop.cause), redact_text(&hop.target)))
                .collect(),
        }
    }

    /// What answers where the first file that is there does. `tried` are those before it.
    fn settled<'b>(&self, answer: &'b Answer, tried: &mut Vec<String>) -> &'b Answer {
        let (candidates, otherwise) = match &answer.handler {
            Handler::TryFiles { tries, fallback } => (tries, Some(fallback.as_ref())),
            Handler::Folder { index, .. } => (index, None),
            _ => return answer,
        };
        let is_there = |one: &Candidate| match (self.lies)(&one.path) {
            Lies::File => one.wanted == Wanted::File,
            Lies::Folder => one.wanted == Wanted::Folder,
            Lies::Nothing => false,
            Lies::Unseen => otherwise.is_some_and(|otherwise| is_page(answer, one, otherwise, tried)),
        };
        if let Some(at) = candidates.iter().position(is_there) {
            tried.extend(candidates[..at].iter().map(shown));
            return self.settled(&candidates[at].answer, tried);
        }
        tried.extend(candidates.iter().map(shown));
        otherwise.map_or(answer, |otherwise| self.settled(otherwise, tried))
    }

    fn told(&self, answer: &Answer) -> (RouteKind, String, Option<u16>) {
        match &answer.handler {
            Handler::Return { status: status @ (301 | 302 | 303 | 307 | 308), target: Some(target) } => {
                (RouteKind::Redirect, redact_address(target), Some(*status))
            }
            Handler::Return { status, .. } => (RouteKind::Status, String::new(), Some(*status)),
            Handler::Proxy { target, .. } => (RouteKind::Proxy, redact_address(target), None),
            Handler::Static { path } => (RouteKind::File, redact_text(&path.display().to_string()), None),
            Handler::Folder { path, .. } => {
                (RouteKind::Folder, redact_text(&path.display().to_string()), None)
            }
            Handler::Other { directive } => {
                (RouteKind::Handler, place(self.config, *directive).directive, None)
            }
            Handler::Unknown { reason } => (RouteKind::Unknown, reason.clone(), None),
            // `settled` has gone into it: what is left is what answers when nothing was tried.
            Handler::TryFiles { fallback, .. } => self.told(fallback),
        }
    }

    /// The innermost location, or what of the server block answers before any.
    fn block(&self, server: Node, answer: &Answer) -> Node {
        let is_location = |node: &&Node| self.config.directive(**node).is("location");
        let innermost = answer.chain.iter().rev().find(is_location);
        innermost.or(answer.acted.last()).copied().unwrap_or(server)
    }

    /// The addresses of the `upstream` block that a target names.
    fn behind(&self, handler: &Handler) -> Vec<String> {
        let Handler::Proxy { target, .. } = handler else { return Vec::new() };
        let addresses = self.groups.get(Address::of(target).authority).into_iter().flatten();
        addresses.map(crate::facts::UpstreamAddress::shown).collect()
    }
}

/// Whether a file that cannot be seen is the page of an application, and not just what the URI may name: what
/// `try_files` leads to in the end, or the last of its files where the end is an error.
fn is_page(answer: &Answer, one: &Candidate, otherwise: &Answer, tried: &[String]) -> bool {
    let is_the_end = !tried.is_empty();
    let is_before_an_error = matches!(otherwise.handler, Handler::Return { status: 400.., .. });
    let route = answer.uri.rsplit('/').next().unwrap_or_default();
    one.wanted == Wanted::File && (is_the_end || (is_before_an_error && !one.path.ends_with(route)))
}

fn shown(one: &Candidate) -> String {
    redact_text(&one.path.display().to_string())
}

fn cause(cause: HopCause) -> String {
    match cause {
        HopCause::Rewrite => "rewrite".to_owned(),
        HopCause::TryFiles => "try_files".to_owned(),
        HopCause::ErrorPage { status, .. } => format!("error_page {status}"),
        HopCause::Index => "index".to_owned(),
    }
}
