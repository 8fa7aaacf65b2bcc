//! The rewrite module: `rewrite`, `return`, `break`, `set` and `if` of one
//! block, in their order.
//!
//! Invariant: a condition that is not known makes the answer unknown, unless
//! neither outcome of it changes which handler answers.

use super::pattern::{self, Case};
use super::redirect::Target;
use super::request::State;
use super::router::Router;
use crate::config::Node;
use std::collections::VecDeque;

/// How the directives of a block left a request.
pub(super) enum Flow {
    /// It goes on in the same block.
    On,
    /// Its URI was changed: a location is searched anew.
    Anew,
    /// It is answered.
    Respond { status: u16, target: Option<String> },
    /// It depends.
    Unknown { reason: String },
}

/// Directives that an `if` may hold without a say in which handler answers.
const HARMLESS: &[&str] = &[
    "access_log",
    "add_header",
    "add_trailer",
    "expires",
    "gzip",
    "limit_rate",
    "limit_rate_after",
    "proxy_cache_bypass",
    "proxy_hide_header",
    "proxy_no_cache",
    "proxy_set_header",
    "set",
];

/// What a condition comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Truth {
    True,
    False,
    Unknown,
}

impl Router<'_> {
    /// Runs the rewrite directives of `block`; a true `if` joins the chain.
    pub fn rewrites(&self, block: Node, state: &mut State, chain: &mut Vec<Node>) -> Flow {
        let mut waiting: VecDeque<Node> = self.config.rewrites_of(block).iter().copied().collect();
        let mut changed = false;
        while let Some(node) = waiting.pop_front() {
            match self.config.directive(node).name.value.as_slice() {
                b"set" => self.set(node, state),
                b"return" => return self.returns(node, state),
                b"break" => {
                    state.moved |= changed;
                    return Flow::On;
                }
                b"if" => match self.condition(node, state) {
                    Truth::False => {}
                    Truth::True => {
                        if !chain.is_empty() {
                            chain.push(node);
                        }
                        for &child in self.config.rewrites_of(node).iter().rev() {
                            waiting.push_front(child);
                        }
                    }
                    Truth::Unknown if self.is_harmless(node, block, state) => {}
                    Truth::Unknown => {
                        let reason =
                            format!("the condition at {} depends on the request", self.config.place(node));
                        return Flow::Unknown { reason };
                    }
                },
                b"rewrite" => match self.rewrite(node, state) {
                    Rewritten::No => {}
                    Rewritten::Yes => changed = true,
                    Rewritten::Last => return Flow::Anew,
                    Rewritten::Break => {
                        state.moved = true;
                        return Flow::On;
                    }
                    Rewritten::Ends(flow) => return flow,
                },
                _ => {}
            }
        }
        if changed { Flow::Anew } else { Flow::On }
    }

    fn set(&self, node: Node, state: &mut State) {
        let Some(name) = self.arg(node, 0).strip_prefix(b"$") else { return };
        let value = state.expand(self.arg(node, 1));
        state.variables.insert(String::from_utf8_lossy(name).into_owned(), value);
    }

    fn returns(&self, node: Node, state: &State) -> Flow {
        let first = self.arg(node, 0);
        let code = std::str::from_utf8(first).ok().and_then(|text| text.parse::<u16>().ok());
        match (code, self.config.directive(node).arg(1)) {
            (Some(status), text) => {
                Flow::Respond { status, target: text.map(|text| state.expand_or_keep(text)) }
            }
            (None, _) => Flow::Respond { status: 302, target: Some(state.expand_or_keep(first)) },
        }
    }

    fn rewrite(&self, node: Node, state: &mut State) -> Rewritten {
        let unknown = |what: &str| {
            let reason = format!("{what} at {}", self.config.place(node));
            Rewritten::Ends(Flow::Unknown { reason })
        };
        let regex =
            pattern::compile(self.arg(node, 0), Case::Sensitive).filter(|_| !state.uri.contains(&b'\n'));
        let Some(regex) = regex else {
            return unknown("PCRE is needed for the regular expression");
        };
        let Some(captures) = pattern::captures(&regex, &state.uri) else {
            return Rewritten::No;
        };
        self.remember(Some(captures), state);
        let flag = self.arg(node, 2);
        match Target::of(self.arg(node, 1), flag) {
            Target::Client { status, url } => {
                let target = Some(Target::with_args(&state.expand_or_keep(url), url, state));
                Rewritten::Ends(Flow::Respond { status, target })
            }
            Target::Uri { path, args, keeps_args } => {
                let (Some(path), Some(mut args)) = (state.expand(path), state.expand(args)) else {
                    return unknown("the replacement has variables that depend on the request");
                };
                if path.is_empty() {
                    return Rewritten::Ends(Flow::Respond { status: 500, target: None });
                }
                if keeps_args && !state.args.is_empty() {
                    if !args.is_empty() {
                        args.push(b'&');
                    }
                    args.extend_from_slice(&state.args);
                }
                (state.uri, state.args, state.internal) = (path, args, true);
                match flag {
                    b"last" => Rewritten::Last,
                    b"break" => Rewritten::Break,
                    _ => Rewritten::Yes,
                }
            }
        }
    }

    /// Whether both outcomes of an `if` lead to the same handler.
    fn is_harmless(&self, node: Node, block: Node, state: &mut State) -> bool {
        let children = self.config.children(node);
        let harmless = |child: &Node| HARMLESS.iter().any(|name| self.config.directive(*child).is(name));
        // A true `if` makes nginx forget the location's `try_files`.
        let forgets = block != self.server && !self.own(block, "try_files").is_empty();
        if forgets || !children.iter().all(harmless) {
            return false;
        }
        for &child in children {
            if let Some(name) = self.arg(child, 0).strip_prefix(b"$") {
                state.variables.insert(String::from_utf8_lossy(name).into_owned(), None);
            }
        }
        true
    }

    fn condition(&self, node: Node, state: &mut State) -> Truth {
        let words = &self.config.directive(node).args;
        let mut words: Vec<&[u8]> = words.iter().map(|word| word.value.as_slice()).collect();
        if let Some(first) = words.first_mut() {
            *first = first.strip_prefix(b"(").unwrap_or(first);
        }
        if let Some(last) = words.last_mut() {
            *last = last.strip_suffix(b")").unwrap_or(last);
        }
        words.retain(|word| !word.is_empty());
        let truth = |holds: bool| if holds { Truth::True } else { Truth::False };
        let value = words.first().filter(|word| word.starts_with(b"$")).and_then(|word| state.expand(word));
        let Some(value) = value else { return Truth::Unknown };
        match words[1..] {
            [] => truth(!value.is_empty() && value != b"0"),
            [b"=", other] => state.expand(other).map_or(Truth::Unknown, |other| truth(value == other)),
            [b"!=", other] => state.expand(other).map_or(Truth::Unknown, |other| truth(value != other)),
            [operator @ (b"~" | b"~*" | b"!~" | b"!~*"), pattern] => {
                let case = if operator.ends_with(b"*") { Case::Insensitive } else { Case::Sensitive };
                let Some(regex) = pattern::compile(pattern, case).filter(|_| !value.contains(&b'\n')) else {
                    return Truth::Unknown;
                };
                let captures = pattern::captures(&regex, &value);
                let matches = captures.is_some();
                self.remember(captures, state);
                truth(matches != operator.starts_with(b"!"))
            }
            _ => Truth::Unknown,
        }
    }
}

/// What one `rewrite` did.
enum Rewritten {
    No,
    Yes,
    Last,
    Break,
    Ends(Flow),
}
