//! A request's way through nginx's phases, redirect by redirect.
//!
//! Invariant: every turn either ends or uses up one of the internal redirects
//! that nginx allows, and all turns together are bounded by a budget: hostile
//! configurations cost time, never a hang.

use super::answer::{Answer, Handler, Hop, HopCause};
use super::choices::Choices;
use super::location::{self, Found, Groups};
use super::request::{Fixed, Request, State};
use super::server::default_servers;
use super::uri::{Slashes, normalise};
use crate::config::Config;
use crate::node::Node;
use std::cell::Cell;

/// One more than nginx's `NGX_HTTP_MAX_URI_CHANGES`, as nginx counts.
const CHANGES: u8 = 11;

/// Alternatives that are followed for one answer.
const BUDGET: u32 = 256;

/// Why an answer is unknown when the budget is spent.
pub(super) const SPENT: &str = "there are more alternatives than can be followed";

pub(super) struct Router<'c> {
    pub config: &'c Config,
    pub server: Node,
    pub http: Option<Node>,
    pub choices: Choices,
    request: &'c Request,
    budget: Cell<u32>,
}

/// Where a turn starts.
pub(super) enum Step {
    /// At the server's own rewrites.
    Server,
    /// At the search for a location.
    Search,
    /// In these locations.
    Inside(Vec<Node>),
}

/// How the directives of a block left a request.
pub(super) enum Flow {
    /// It goes on in the same block.
    On,
    /// Its URI was changed: a location is searched again.
    Again,
    /// It is answered.
    Respond { status: u16, target: Option<String> },
    /// It depends.
    Unknown { reason: String },
}

impl<'c> Router<'c> {
    pub fn new(config: &'c Config, server: Node, request: &'c Request, choices: Choices) -> Self {
        let http = config.indexed_servers().http.get(&server).copied();
        Self { config, server, http, choices, request, budget: Cell::new(BUDGET) }
    }

    pub fn answer(&self) -> Answer {
        let name = self.own(self.server, "server_name").first().map(|&node| self.arg(node, 0));
        let fixed = Fixed {
            request: self.request,
            server_name: name.unwrap_or_default().to_ascii_lowercase(),
            set_somewhere: self.config.set_variables(),
        };
        let mut state = State::new(&fixed, CHANGES);
        // nginx reads the request line by the settings of the default server, since the host comes later; which one
        // that is depends on the address. Only where it makes a difference it has to be known.
        let (merged, kept) = (normalise(&state.uri, Slashes::Merge), normalise(&state.uri, Slashes::Keep));
        let read = if merged == kept {
            merged
        } else {
            let settings = self.slashes();
            match settings.as_slice() {
                [Slashes::Merge] => merged,
                [Slashes::Keep] => kept,
                _ => {
                    let reason = "`merge_slashes` differs between the default servers".to_owned();
                    return self.end(Vec::new(), Handler::Unknown { reason }, &state, Vec::new());
                }
            }
        };
        let Some((path, args)) = read else {
            return self.respond(&[], 400, None, state, Vec::new());
        };
        (state.uri, state.args) = (path, args);
        self.run(Step::Server, state, Vec::new())
    }

    /// Whether no more alternatives are followed.
    pub fn is_spent(&self) -> bool {
        self.budget.get() == 0
    }

    /// Every setting of `merge_slashes` by which the request line may be read.
    fn slashes(&self) -> Vec<Slashes> {
        let setting = |server: Node| {
            let scopes = [Some(server), self.http].into_iter().flatten();
            let found = scopes.flat_map(|scope| self.own(scope, "merge_slashes")).next();
            if found.is_some_and(|node| self.arg(node, 0) == b"off") { Slashes::Keep } else { Slashes::Merge }
        };
        let mut settings: Vec<Slashes> =
            default_servers(self.config, self.server).into_iter().map(setting).collect();
        settings.sort();
        settings.dedup();
        settings
    }

    /// Follows a request from `step` on.
    pub fn run(&self, mut step: Step, mut state: State, mut hops: Vec<Hop>) -> Answer {
        if self.is_spent() {
            return self.end(Vec::new(), Handler::Unknown { reason: SPENT.to_owned() }, &state, hops);
        }
        self.budget.set(self.budget.get() - 1);
        loop {
            let mut chain = match self.enter(step, &mut state) {
                Ok(chain) => chain,
                Err(Stop::Search) => {
                    step = Step::Search;
                    continue;
                }
                Err(Stop::Handler(chain, handler)) => return self.end(chain, handler, &state, hops),
                Err(Stop::Status(chain, status, target)) => {
                    return self.respond(&chain, status, target, state, hops);
                }
            };
            let flow = match chain.last() {
                Some(&location) => self.rewrites(location, &mut state, &mut chain),
                None => Flow::On,
            };
            match flow {
                Flow::On => return self.content(chain, state, hops),
                Flow::Respond { status, target } => return self.respond(&chain, status, target, state, hops),
                Flow::Unknown { reason } => {
                    return self.end(chain, Handler::Unknown { reason }, &state, hops);
                }
                Flow::Again => {
                    let target = String::from_utf8_lossy(&state.uri).into_owned();
                    hops.push(Hop { cause: HopCause::Rewrite, target });
                    if !use_up_change(&mut state) {
                        return self.respond(&chain, 500, None, state, hops);
                    }
                    step = Step::Search;
                }
            }
        }
    }

    /// The locations that a turn ends up in, or why it ends before.
    fn enter(&self, step: Step, state: &mut State) -> Result<Vec<Node>, Stop> {
        match step {
            // At the server nginx searches a location again in any case, so a changed URI and an unchanged one go on
            // alike, and what was moved here is not "moved" inside of a location.
            Step::Server => match self.rewrites(self.server, state, &mut Vec::new()) {
                Flow::On | Flow::Again => {
                    state.moved = false;
                    Err(Stop::Search)
                }
                Flow::Respond { status, target } => Err(Stop::Status(Vec::new(), status, target)),
                Flow::Unknown { reason } => Err(Stop::Handler(Vec::new(), Handler::Unknown { reason })),
            },
            Step::Search => match self.search(&state.uri) {
                // A client may not ask for an `internal` location; nginx looks before it sends the slash redirect, too.
                Found::Location { chain, groups } => {
                    self.remember(groups, state);
                    state.moved = false;
                    if !state.internal && self.is_internal(&chain) {
                        return Err(Stop::Status(chain, 404, None));
                    }
                    Ok(chain)
                }
                Found::Slash { chain } if !state.internal && self.is_internal(&chain) => {
                    Err(Stop::Status(chain, 404, None))
                }
                Found::Slash { chain } => {
                    let mut target = String::from_utf8_lossy(&state.uri).into_owned() + "/";
                    if !state.args.is_empty() {
                        target = format!("{target}?{}", String::from_utf8_lossy(&state.args));
                    }
                    Err(Stop::Handler(chain, Handler::Return { status: 301, target: Some(target) }))
                }
            },
            Step::Inside(chain) => Ok(chain),
        }
    }

    fn search(&self, uri: &[u8]) -> Found<'c> {
        let question = |node: Node| [self.config.place(node).as_bytes(), uri].join(&0);
        location::find(self.config, self.server, uri, |node| self.choices.holds(node, question(node)))
    }

    /// An internal redirect to a URI, which may carry arguments.
    pub fn redirect(&self, target: &[u8], cause: HopCause, mut state: State, mut hops: Vec<Hop>) -> Answer {
        hops.push(Hop { cause, target: String::from_utf8_lossy(target).into_owned() });
        let mut parts = target.splitn(2, |&byte| byte == b'?');
        state.uri = parts.next().unwrap_or_default().to_vec();
        state.args = parts.next().unwrap_or_default().to_vec();
        state.internal = true;
        if !use_up_change(&mut state) {
            return self.end(Vec::new(), Handler::Return { status: 500, target: None }, &state, hops);
        }
        self.run(Step::Server, state, hops)
    }

    /// An internal redirect to a named location.
    pub fn go_to_named(&self, name: &[u8], cause: HopCause, mut state: State, mut hops: Vec<Hop>) -> Answer {
        hops.push(Hop { cause, target: String::from_utf8_lossy(name).into_owned() });
        // Named locations stand in the server block alone, and its own rewrites are not run again.
        let found = self.config.level(self.server).called(name);
        state.internal = true;
        match found.filter(|_| use_up_change(&mut state)) {
            Some(node) => self.run(Step::Inside(vec![node]), state, hops),
            None => self.end(Vec::new(), Handler::Return { status: 500, target: None }, &state, hops),
        }
    }

    pub fn end(&self, chain: Vec<Node>, handler: Handler, state: &State, hops: Vec<Hop>) -> Answer {
        let uri = String::from_utf8_lossy(&state.uri).into_owned();
        Answer { chain, handler, uri, hops, acted: state.acted.clone() }
    }

    /// The blocks that settings are inherited from, innermost first.
    pub fn scopes<'a>(&'a self, chain: &'a [Node]) -> impl Iterator<Item = Node> + 'a {
        chain.iter().rev().copied().chain([self.server]).chain(self.http)
    }

    /// The directive called `name` that holds inside of `chain`.
    pub fn inherited(&self, chain: &[Node], name: &str) -> Option<Node> {
        self.scopes(chain).find_map(|scope| self.own(scope, name).into_iter().next())
    }

    /// The directives called `name` that stand in `scope` itself.
    pub fn own(&self, scope: Node, name: &str) -> Vec<Node> {
        self.config.named(scope, name).collect()
    }

    pub fn arg(&self, node: Node, index: usize) -> &'c [u8] {
        self.config.directive(node).arg(index).unwrap_or_default()
    }

    fn is_internal(&self, chain: &[Node]) -> bool {
        chain.iter().any(|&location| !self.own(location, "internal").is_empty())
    }

    pub fn remember(&self, groups: Option<Groups>, state: &mut State) {
        match groups {
            Some(Groups::Known(captures)) => {
                state.captures = Some(captures.groups);
                let named = captures.named.into_iter();
                state.variables.extend(named.map(|(name, value)| (name.to_ascii_lowercase(), Some(value))));
            }
            Some(Groups::Unknown(pattern)) => {
                state.captures = None;
                let names = pattern.names().iter();
                state.variables.extend(names.map(|name| (name.to_ascii_lowercase(), None)));
            }
            None => {}
        }
    }
}

/// Why a turn ends before it is in a location.
enum Stop {
    Search,
    Handler(Vec<Node>, Handler),
    Status(Vec<Node>, u16, Option<String>),
}

/// Counts an internal redirect; false where nginx gives up with status 500.
fn use_up_change(state: &mut State) -> bool {
    state.changes_left = state.changes_left.saturating_sub(1);
    state.changes_left > 0
}
