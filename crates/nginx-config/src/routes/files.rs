//! Which files are there, as far as an alternative of an answer has it already.
//!
//! Invariant: an alternative never asks twice whether a path is there: without this, an index file that `try_files` looks
//! for again opens the same alternatives once more at every internal redirect that NGINX allows.

use super::answer::Wanted;
use std::rc::Rc;

/// So many facts are kept. To know less gives more alternatives than there are, never fewer.
const MOST: usize = 64;

/// What is taken for granted on one alternative.
#[derive(Debug, Clone, Default)]
pub(super) struct Files(Option<Rc<Fact>>);

#[derive(Debug)]
struct Fact {
    path: Vec<u8>,
    wanted: Wanted,
    is_there: bool,
    before: Files,
    count: usize,
}

impl Files {
    /// Whether this is at the path; `None` where that is still open.
    pub fn has(&self, path: &[u8], wanted: Wanted) -> Option<bool> {
        let facts = std::iter::successors(self.0.as_deref(), |fact| fact.before.0.as_deref());
        facts.filter(|fact| fact.path == path).find_map(|fact| {
            // What is a file is no folder; what is no file may be one.
            if fact.is_there { Some(fact.wanted == wanted) } else { (fact.wanted == wanted).then_some(false) }
        })
    }

    /// The same, and one more fact.
    pub fn with(&self, path: &[u8], wanted: Wanted, is_there: bool) -> Self {
        let count = self.0.as_ref().map_or(0, |fact| fact.count) + 1;
        if count > MOST {
            return self.clone();
        }
        let fact = Fact { path: path.to_vec(), wanted, is_there, before: self.clone(), count };
        Self(Some(Rc::new(fact)))
    }
}
