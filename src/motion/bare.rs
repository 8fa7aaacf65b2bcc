//! The new client's path without its slash, which people type: where it leads.
//!
//! Invariant: a convenience, never the route: what answers it says nothing about whether the client is served.

use super::new_client::{RouteState, acts_alike};
use super::routes::{Block, NEW_CLIENT_ROUTE, outer};
use nginx_config::routes::{Answer, Handler, Way};

/// The path.
pub const BARE_ROUTE: &str = "/user-ui";

/// Where it leads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Bare {
    /// By a redirect to the path with the slash.
    Leads,
    /// Into the new client in another way, which may depend on the disk.
    Inside,
    Elsewhere(Answered),
}

/// What answers it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answered {
    /// The directive that does, for people.
    pub by: String,
    /// Whether that directive answers this path alone.
    pub made_for_it: MadeForIt,
    /// What it does, told from others without its place in a file.
    pub how: String,
}

/// Whether a location was made for one path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MadeForIt {
    Yes,
    /// It answers other routes as well.
    No,
}

impl Block<'_> {
    /// Where `/user-ui` leads.
    #[must_use]
    pub fn bare(&self) -> Bare {
        let all = self.served_ways(BARE_ROUTE);
        // What the server block does to every route is no answer of this one.
        let others: Vec<&Way> = self.compared().iter().flat_map(|(_, others)| others).collect();
        let is_for_all = |way: &Way| others.iter().any(|other| acts_alike(way, other));
        let located: Vec<&Way> =
            all.iter().filter(|way| !way.answer.chain.is_empty() && !is_for_all(way)).collect();
        let ways = if located.is_empty() { all.iter().collect() } else { located };
        let client = match self.new_client() {
            // Then it is the location of every other page.
            RouteState::Missing => None,
            _ => self.answer(NEW_CLIENT_ROUTE).as_ref().and_then(outer),
        };
        let mut inside = false;
        for way in &ways {
            let answer = &way.answer;
            match redirect(answer, self.host()) {
                Some(target) if target.starts_with("/user-ui/") => inside |= target != "/user-ui/",
                None if client.is_some() && outer(answer) == client => inside = true,
                Some(_) | None => return Bare::Elsewhere(self.answered(answer)),
            }
        }
        if inside || ways.is_empty() { Bare::Inside } else { Bare::Leads }
    }

    fn answered(&self, answer: &Answer) -> Answered {
        let place = answer.chain.last().or(answer.acted.last());
        let words = |node| {
            let args = &self.config().directive(node).args;
            args.iter().map(|word| word.text().into_owned()).collect::<Vec<_>>()
        };
        let is_exact = place.is_some_and(|node| {
            words(*node).iter().any(|word| word == "=" || word.starts_with("=/") || word.contains(BARE_ROUTE))
        });
        let shown: Vec<_> = answer.chain.iter().map(|node| words(*node).join(" ")).collect();
        let does = match &answer.handler {
            Handler::Return { status, target } => format!("return {status} {target:?}"),
            Handler::Proxy { target, .. } => format!("proxy {target}"),
            Handler::Static { path } | Handler::Folder { path, .. } => format!("file {}", path.display()),
            Handler::TryFiles { fallback, .. } => format!("files, then {:?}", fallback.uri),
            Handler::Other { directive } => words(*directive).join(" "),
            Handler::Unknown { reason } => reason.clone(),
        };
        Answered {
            by: self.describe(answer),
            made_for_it: if is_exact { MadeForIt::Yes } else { MadeForIt::No },
            how: format!("{} {does}", shown.join(" ")),
        }
    }
}

/// The path that a redirect to this very server names, without its query.
fn redirect(answer: &Answer, own: Option<&str>) -> Option<String> {
    let Handler::Return { status: 301 | 302 | 303 | 307 | 308, target: Some(target) } = &answer.handler
    else {
        return None;
    };
    let path = match target.split_once("://") {
        None => target.as_str(),
        Some((_, rest)) => {
            let (host, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
            // Another host by its name is another server.
            let name = host.split(':').next();
            if !host.starts_with('$') && name != own {
                return Some(target.clone());
            }
            path
        }
    };
    let end = path.find(['?', '$']).unwrap_or(path.len());
    Some(path[..end].to_owned())
}
