//! The ways that a request can go, where it depends on what is not known.
//!
//! Invariant: a question that cannot be answered is answered both ways, the same question always
//! alike within one way; all ways together are every answer that nginx may give, or the list says
//! that it is not complete.

use super::request::Request;
use super::router::Router;
use super::{Answer, Handler};
use crate::config::{Config, Node};
use std::cell::RefCell;
use std::collections::BTreeMap;

/// Ways that are followed for one request.
const MOST: usize = 64;

/// What a request meets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ways {
    /// Each way that it can go; the first is the one on which nothing unknown holds.
    pub list: Vec<Way>,
    /// Whether these are all; otherwise there are more than can be followed.
    pub complete: bool,
}

/// One way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Way {
    /// What nginx does.
    pub answer: Answer,
    /// If these hold, or do not.
    pub assumed: Vec<Assumption>,
}

/// Something that is not known, taken for true or for false.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Assumption {
    /// The `if`, or the directive whose regular expression cannot be run.
    pub directive: Node,
    /// Whether it is true, or matches.
    pub holds: bool,
}

/// The answers to the questions of one way.
#[derive(Debug, Default)]
pub(super) struct Choices {
    planned: Vec<bool>,
    met: RefCell<Met>,
}

/// What was asked so far, in order, and each question's place in it: a block may ask thousands, on every way.
#[derive(Debug, Default)]
struct Met {
    assumed: Vec<Assumption>,
    places: BTreeMap<Vec<u8>, usize>,
}

impl Choices {
    /// Whether something unknown holds on this way; `question` tells the same from another.
    pub fn holds(&self, directive: Node, question: Vec<u8>) -> bool {
        let met = &mut *self.met.borrow_mut();
        let next = met.assumed.len();
        let place = *met.places.entry(question).or_insert(next);
        if place == next {
            let holds = self.planned.get(next).copied().unwrap_or(false);
            met.assumed.push(Assumption { directive, holds });
        }
        met.assumed[place].holds
    }
}

pub(super) fn ways(config: &Config, server: Node, request: &Request) -> Ways {
    let mut list = Vec::new();
    let mut planned = Vec::new();
    loop {
        let choices = Choices { planned, met: RefCell::default() };
        let router = Router::new(config, server, request, choices);
        let answer = router.answer();
        let assumed = router.choices.met.take().assumed;
        let mut next: Vec<bool> = assumed.iter().map(|assumed| assumed.holds).collect();
        list.push(Way { answer, assumed });
        while next.pop_if(|holds| *holds).is_some() {}
        match next.last_mut() {
            None => return Ways { list, complete: true },
            Some(_) if list.len() == MOST => return Ways { list, complete: false },
            Some(last) => *last = true,
        }
        planned = next;
    }
}

impl Ways {
    /// The answer on which all ways agree, but for the `if`s around it; unknown where they do not.
    #[must_use]
    pub fn agreed(mut self, config: &Config) -> Answer {
        let locations = |answer: &Answer| -> Vec<Node> {
            let nodes = answer.chain.iter().copied();
            nodes.filter(|&node| !config.directive(node).is("if")).collect()
        };
        let first = &self.list[0].answer;
        let agree = |way: &Way| {
            way.answer.handler == first.handler
                && way.answer.uri == first.uri
                && locations(&way.answer) == locations(first)
        };
        if self.complete && self.list.iter().all(agree) {
            return self.list.swap_remove(0).answer;
        }
        let reason = match self.list.iter().find_map(|way| way.assumed.first()) {
            Some(assumed) => depends(config, assumed.directive),
            None => super::router::SPENT.to_owned(),
        };
        let first = self.list.swap_remove(0).answer;
        Answer { chain: Vec::new(), handler: Handler::Unknown { reason }, ..first }
    }
}

/// What an unknown directive depends on, for people.
pub(super) fn depends(config: &Config, directive: Node) -> String {
    let place = config.place(directive);
    if config.directive(directive).is("if") {
        format!("the condition at {place} depends on the request")
    } else {
        format!("the regular expression at {place} cannot be run here")
    }
}
