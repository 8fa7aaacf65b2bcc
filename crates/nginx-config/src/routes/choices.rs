//! What is assumed on one way of a request, where something is not known.
//!
//! Invariant: the same question is answered alike within one way.

use crate::node::Node;
use std::cell::RefCell;
use std::collections::BTreeMap;

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
    /// What is planned for the questions of a way, in the order in which they come up; whatever comes up behind them
    /// does not hold.
    pub fn new(planned: Vec<bool>) -> Self {
        Self { planned, met: RefCell::default() }
    }

    /// What was assumed on the way, in the order in which it came up.
    pub fn assumed(self) -> Vec<Assumption> {
        self.met.into_inner().assumed
    }

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
