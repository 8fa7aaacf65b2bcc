//! The locations of one block, ready to be searched by name.
//!
//! Invariant: what a URI is looked up by is nginx's: the exact name, the longest prefix, and the
//! redirect to a name with a slash more.

use super::pattern::{Case, Pattern};
use crate::node::Node;
use crate::work;
use std::collections::HashMap;
use std::sync::OnceLock;

/// The locations of one block, made ready to be searched.
#[derive(Debug, Default)]
pub(crate) struct Level {
    pub(super) exact: HashMap<Vec<u8>, Node>,
    /// Names that are prefixes, in order.
    pub(super) prefixes: Vec<Prefix>,
    /// Names without the slash at their end, where nginx redirects to the name.
    pub(super) slashes: HashMap<Vec<u8>, Node>,
    pub(super) named: HashMap<Vec<u8>, Node>,
    pub(super) regexes: Vec<RegexLocation>,
}

/// A location whose name is a prefix.
#[derive(Debug)]
pub(super) struct Prefix {
    pub(super) name: Vec<u8>,
    pub(super) node: Node,
    pub(super) regexes: TriesRegexes,
    /// Where the longest of the other names stands that this one begins with.
    pub(super) shorter: Option<usize>,
}

/// Whether regular expressions are tried where a prefix is the longest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TriesRegexes {
    Yes,
    /// `^~`
    No,
}

/// A location with a regular expression, which is compiled when a URI first meets it.
#[derive(Debug)]
pub(super) struct RegexLocation {
    pub(super) node: Node,
    pub(super) pattern: Vec<u8>,
    pub(super) case: Case,
    pub(super) compiled: OnceLock<Pattern>,
}

impl RegexLocation {
    pub fn compiled(&self) -> &Pattern {
        self.compiled.get_or_init(|| Pattern::compile(&self.pattern, self.case))
    }
}

/// What the names without regular expressions give for a URI.
pub(super) enum Fixed {
    Exact(Node),
    Slash(Node),
    Prefix(Node),
    Final(Node),
    None,
}

impl Level {
    /// The longest name at `from`, or shorter than it, that `text` begins with.
    pub(super) fn begins(&self, mut from: Option<usize>, text: &[u8]) -> Option<usize> {
        while let Some(at) = from {
            work::done(1);
            if text.starts_with(&self.prefixes[at].name) {
                return from;
            }
            from = self.prefixes[at].shorter;
        }
        None
    }

    /// The location `@name`, with the `@`.
    pub(crate) fn called(&self, name: &[u8]) -> Option<Node> {
        self.named.get(name).copied()
    }

    pub(super) fn fixed(&self, uri: &[u8]) -> Fixed {
        if let Some(&node) = self.exact.get(uri) {
            return Fixed::Exact(node);
        }
        // A name that the URI begins with stands before the URI in the order, and whatever stands
        // between the two begins with that name, too.
        let before = self.prefixes.partition_point(|prefix| prefix.name.as_slice() <= uri);
        let longest = self.begins(before.checked_sub(1), uri).map(|at| &self.prefixes[at]);
        // A name that is the whole URI goes before the redirect to one with a slash more.
        match (longest, self.slashes.get(uri)) {
            (Some(prefix), Some(_)) if prefix.name == uri => prefix.found(),
            (_, Some(&node)) => Fixed::Slash(node),
            (Some(prefix), None) => prefix.found(),
            (None, None) => Fixed::None,
        }
    }
}

impl Prefix {
    fn found(&self) -> Fixed {
        match self.regexes {
            TriesRegexes::Yes => Fixed::Prefix(self.node),
            TriesRegexes::No => Fixed::Final(self.node),
        }
    }
}
