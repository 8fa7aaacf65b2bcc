//! What the questions to one configuration share, once it is made; `lookup` makes it.
//!
//! Invariant: an index belongs to one configuration, which never changes.

use super::node::Node;
use super::routes::level::Level;
use super::routes::listeners::Listeners;
use super::routes::pattern::Pattern;
use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, OnceLock};

/// The index of one configuration.
#[derive(Debug, Default)]
pub(crate) struct Index {
    pub(super) top: OnceLock<Box<Block>>,
    /// Of every directive that holds none, which are most of them.
    pub(super) nothing: Block,
    /// By file and directive; a file's list is made when one of its blocks is asked for.
    pub(super) files: Vec<OnceLock<Vec<OnceLock<Box<Block>>>>>,
    pub(super) servers: OnceLock<Servers>,
    pub(super) listeners: OnceLock<Box<Listeners>>,
    pub(super) set_variables: OnceLock<HashSet<Vec<u8>>>,
    /// The regular expressions of conditions and rewrites, by their directives.
    pub(super) patterns: Mutex<HashMap<Node, Arc<Pattern>>>,
}

/// The server blocks below `http`.
#[derive(Debug, Default)]
pub(crate) struct Servers {
    /// In NGINX's order; a block of a file that is included twice stands there twice.
    pub list: Vec<Node>,
    /// The `http` block that each stands in.
    pub http: HashMap<Node, Node>,
}

/// One block.
#[derive(Debug, Default)]
pub(crate) struct Block {
    /// Its directives, includes expanded.
    pub nodes: Vec<Node>,
    pub(super) by_name: OnceLock<HashMap<Vec<u8>, Vec<Node>>>,
    pub(super) rewrites: OnceLock<Vec<Node>>,
    pub(super) level: OnceLock<Box<Level>>,
}

impl Index {
    /// An index for so many files, in which nothing is made yet.
    pub fn new(files: usize) -> Self {
        Self { files: (0..files).map(|_| OnceLock::new()).collect(), ..Self::default() }
    }
}

/// A copy starts with an empty index: it is made again where it is needed.
impl Clone for Index {
    fn clone(&self) -> Self {
        Self::new(self.files.len())
    }
}
