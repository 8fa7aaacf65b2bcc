//! The rewrite module: `rewrite`, `return`, `break`, `set` and `if` of one
//! block, in their order.
//!
//! Invariant: a condition that is not known makes the answer unknown, unless
//! neither outcome of it changes which handler answers.

use super::answer::Wanted;
use super::location::Groups;
use super::pattern::{Case, Matched};
use super::redirect::RewriteTarget;
use super::request::{State, Value};
use super::router::{Flow, Router};
use super::uri::path_of;
use crate::node::Node;
use crate::tree::Args;
use std::collections::VecDeque;

/// Directives that an `if` may hold without a say in which handler answers.
const HARMLESS: &[&str] = &[
    "access_log", "add_header", "add_trailer", "expires", "gzip", "limit_rate", "limit_rate_after",
    "proxy_cache_bypass", "proxy_hide_header", "proxy_no_cache", "proxy_set_header", "set",
];

/// What a condition comes to.
#[derive(Debug)]
enum Condition {
    Holds(bool),
    /// It depends on the answer to a question, which other conditions may ask, too.
    Unknown {
        question: Vec<u8>,
        negated: bool,
    },
}

impl Router<'_> {
    /// Runs the rewrite directives of `block`; a true `if` joins the chain.
    pub fn rewrites(&self, block: Node, state: &mut State, chain: &mut Vec<Node>) -> Flow {
        let mut waiting: VecDeque<Node> = self.config.rewrites_of(block).iter().copied().collect();
        let mut changed = false;
        while let Some(node) = waiting.pop_front() {
            match self.config.directive(node).name.value {
                b"set" => self.set(node, state),
                b"return" => {
                    self.note(node, block, state);
                    return self.returns(node, state);
                }
                b"break" => {
                    state.moved |= changed;
                    return Flow::On;
                }
                b"if" => {
                    let condition = self.condition(node, chain, state);
                    let holds = match condition {
                        Condition::Holds(holds) => holds,
                        Condition::Unknown { .. } if self.is_harmless(node, block, state) => false,
                        Condition::Unknown { question, negated } => {
                            self.choices.holds(node, question) != negated
                        }
                    };
                    if holds {
                        if !chain.is_empty() {
                            chain.push(node);
                        }
                        for &child in self.config.rewrites_of(node).iter().rev() {
                            waiting.push_front(child);
                        }
                    }
                }
                b"rewrite" => match self.rewrite(node, state) {
                    Rewritten::No => {}
                    Rewritten::Yes => {
                        self.note(node, block, state);
                        changed = true;
                    }
                    Rewritten::Last => {
                        self.note(node, block, state);
                        return Flow::Again;
                    }
                    Rewritten::Break => {
                        self.note(node, block, state);
                        state.moved = true;
                        return Flow::On;
                    }
                    Rewritten::Ends(flow) => {
                        self.note(node, block, state);
                        return flow;
                    }
                },
                _ => {}
            }
        }
        if changed { Flow::Again } else { Flow::On }
    }

    /// Notes what acted in the server block itself.
    fn note(&self, directive: Node, block: Node, state: &mut State) {
        if block == self.server {
            state.acted.push(directive);
        }
    }

    fn set(&self, node: Node, state: &mut State) {
        let Some(name) = self.arg(node, 0).strip_prefix(b"$") else { return };
        let value = state.expand_quoting(self.arg(node, 1));
        state.variables.insert(String::from_utf8_lossy(name).to_ascii_lowercase(), value);
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
        let pattern = self.config.pattern(node, self.arg(node, 0), Case::Sensitive);
        let question = || [b"~", self.arg(node, 0), &state.uri].join(&0);
        let groups = match pattern.matches(&state.uri) {
            Matched::Yes(captures) => Groups::Known(captures),
            Matched::Unknown if self.choices.holds(node, question()) => Groups::Unknown(&pattern),
            Matched::No | Matched::Unknown => return Rewritten::No,
        };
        self.remember(Some(groups), state);
        let flag = self.arg(node, 2);
        match RewriteTarget::of(self.arg(node, 1), flag) {
            RewriteTarget::Client { status, url } => {
                let text = state.expand_quoting(url).unwrap_or_else(|| url.to_vec());
                let target = Some(RewriteTarget::with_args(&String::from_utf8_lossy(&text), url, state));
                Rewritten::Ends(Flow::Respond { status, target })
            }
            RewriteTarget::Uri { path, args, keeps_args } => {
                let (Some(path), Some(mut args)) = (state.expand(path), state.expand_quoting(args)) else {
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
                state.variables.insert(String::from_utf8_lossy(name).to_ascii_lowercase(), None);
            }
        }
        true
    }

    fn condition(&self, node: Node, chain: &[Node], state: &mut State) -> Condition {
        let words = words_of(self.config.directive(node).args);
        let Some((&first, rest)) = words.split_first() else { return Condition::Holds(false) };
        let operator = rest.first().copied().unwrap_or_default();
        let Some(name) = first.strip_prefix(b"$") else {
            let (test, negated) = without_not(first);
            return self.file_test(test, negated, operator, chain, state);
        };
        let name = String::from_utf8_lossy(name).to_ascii_lowercase();
        let value = match name.as_str() {
            "document_root" | "request_filename" => {
                self.path_variable(&name, chain, state).map_or(Value::Unknown, Value::Known)
            }
            name => state.variable(name),
        };
        let (operator, negated) = without_not(operator);
        match (operator, rest.get(1)) {
            (b"", _) => self.is_true(name.as_bytes(), value),
            (b"=", Some(other)) => self.equals((name.as_bytes(), value), other, negated, chain, state),
            (b"~" | b"~*", Some(pattern)) => {
                let case = if operator == b"~*" { Case::Insensitive } else { Case::Sensitive };
                self.matches((name.as_bytes(), value), (pattern, case), negated, node, state)
            }
            _ => Condition::Unknown { question: words.join(&0), negated: false },
        }
    }

    /// `if ($x)`: neither empty nor `0`.
    fn is_true(&self, name: &[u8], value: Value) -> Condition {
        match value {
            Value::Known(value) => Condition::Holds(!value.is_empty() && value != b"0"),
            Value::Something => Condition::Holds(true),
            Value::Unknown => Condition::Unknown { question: name.to_vec(), negated: false },
        }
    }

    fn equals(
        &self,
        (name, value): (&[u8], Value),
        other: &[u8],
        negated: bool,
        chain: &[Node],
        state: &State,
    ) -> Condition {
        let other_value = self.expand(other, chain, state);
        match (&value, &other_value) {
            (Value::Known(value), Some(other)) => Condition::Holds((value == other) != negated),
            (Value::Something, Some(other)) if other.is_empty() || other == b"0" => Condition::Holds(negated),
            _ => {
                let known = value.known().unwrap_or_default();
                let question = [b"=", name, &known, other_value.as_deref().unwrap_or(other)].join(&0);
                Condition::Unknown { question, negated }
            }
        }
    }

    fn matches(
        &self,
        (name, value): (&[u8], Value),
        (pattern, case): (&[u8], Case),
        negated: bool,
        node: Node,
        state: &mut State,
    ) -> Condition {
        let compiled = self.config.pattern(node, pattern, case);
        let known = value.known();
        let matched = known.as_ref().map_or(Matched::Unknown, |value| compiled.matches(value));
        let holds = match matched {
            Matched::Yes(captures) => {
                self.remember(Some(Groups::Known(captures)), state);
                true
            }
            Matched::No => false,
            Matched::Unknown => {
                let case = if case == Case::Insensitive { &b"~*"[..] } else { b"~" };
                let question = [case, name, &known.unwrap_or_default(), pattern].join(&0);
                // What follows may use the groups of a match, of which nothing is known.
                if compiled.has_groups() {
                    let holds = self.choices.holds(node, question);
                    if holds {
                        self.remember(Some(Groups::Unknown(&compiled)), state);
                    }
                    return Condition::Holds(holds != negated);
                }
                return Condition::Unknown { question, negated };
            }
        };
        Condition::Holds(holds != negated)
    }

    /// `-f`, `-d`, `-e` and `-x`.
    fn file_test(
        &self,
        test: &[u8],
        negated: bool,
        operand: &[u8],
        chain: &[Node],
        state: &State,
    ) -> Condition {
        let path = self.expand(operand, chain, state);
        let lies = path.as_ref().and_then(|path| state.fixed.request.lies_at(&path_of(path.clone())));
        let holds = match (test, lies) {
            (b"-f", Some(lies)) => lies == Some(Wanted::File),
            (b"-d", Some(lies)) => lies == Some(Wanted::Folder),
            (b"-e", Some(lies)) => lies.is_some(),
            (b"-x", Some(None)) => false,
            _ => {
                let question = [test, path.as_deref().unwrap_or(operand)].join(&0);
                return Condition::Unknown { question, negated };
            }
        };
        Condition::Holds(holds != negated)
    }

    /// As [`State::expand`], with the variables that depend on the block.
    fn expand(&self, value: &[u8], chain: &[Node], state: &State) -> Option<Vec<u8>> {
        state.expand_by(value, |name| match name {
            "document_root" | "request_filename" => self.path_variable(name, chain, state),
            _ => state.variable(name).known(),
        })
    }

    fn path_variable(&self, name: &str, chain: &[Node], state: &State) -> Option<Vec<u8>> {
        let base = self.base(chain, state).ok()?;
        match name {
            "document_root" => Some(base.folder().to_vec()),
            _ => self.path(&base, state, &state.uri).ok(),
        }
    }
}

/// The words of a condition without its parentheses, which may stand alone or not; empty words are
/// values.
fn words_of(args: Args<'_>) -> Vec<&[u8]> {
    let mut words: Vec<&[u8]> = args.iter().map(|word| word.value).collect();
    match words.first_mut() {
        Some(&mut b"(") => drop(words.remove(0)),
        Some(first) => *first = first.strip_prefix(b"(").unwrap_or(first),
        None => {}
    }
    match words.last_mut() {
        Some(&mut b")") => drop(words.pop()),
        Some(last) => *last = last.strip_suffix(b")").unwrap_or(last),
        None => {}
    }
    words
}

/// An operator without the `!` in front of it, and whether there was one.
fn without_not(operator: &[u8]) -> (&[u8], bool) {
    operator.strip_prefix(b"!").map_or((operator, false), |rest| (rest, true))
}

/// What one `rewrite` did.
enum Rewritten {
    No,
    Yes,
    Last,
    Break,
    Ends(Flow),
}
