//! The ways that a request can go, where it depends on what is not known.
//!
//! Invariant: a question that cannot be answered is answered both ways, the same question always
//! alike within one way; all ways together are every answer that nginx may give, or the list says
//! that it is not complete.

use super::answer::{Answer, Handler};
use super::choices::{Assumption, Choices};
use super::request::Request;
use super::router::{Router, SPENT};
use crate::config::Config;
use crate::node::Node;

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

pub(super) fn ways(config: &Config, server: Node, request: &Request) -> Ways {
    let mut list = Vec::new();
    let mut planned = Vec::new();
    loop {
        let router = Router::new(config, server, request, Choices::new(planned));
        let answer = router.answer();
        let assumed = router.choices.assumed();
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
            None => SPENT.to_owned(),
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
