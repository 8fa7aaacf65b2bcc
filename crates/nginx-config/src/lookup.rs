//! What is asked of one configuration: the directives of each block with its includes expanded,
//! by name, and the server blocks.
//!
//! Invariant: each part is made once, when it is first asked for, so that a question costs what
//! its own blocks hold and not what the whole configuration holds.

use super::config::Config;
use super::index::{Block, Servers};
use super::node::{FileId, Node};
use super::routes::level::Level;
use super::routes::listeners::Listeners;
use super::routes::pattern::{Case, Pattern};
use super::work;
use std::collections::{HashMap, HashSet};
use std::sync::{Arc, OnceLock, PoisonError};

/// Up to so many directives a list is searched faster than a table is made.
const SMALL: usize = 16;

/// Directives of the rewrite module, which NGINX runs in the order of the file.
const REWRITES: [&str; 5] = ["break", "if", "return", "rewrite", "set"];

impl Config {
    /// The outermost level.
    pub(crate) fn top_block(&self) -> &Block {
        self.index.top.get_or_init(|| {
            Box::new(Block::of(self.expand(self.main(), self.file(self.main()).tree.roots())))
        })
    }

    /// A block, whichever includes lead to it: what stands in it does not depend on them.
    pub(crate) fn block(&self, block: Node) -> &Block {
        let inside = self.directive(block).children();
        if inside.is_empty() {
            return &self.index.nothing;
        }
        let FileId(file) = block.file;
        let blocks = self.index.files[file as usize].get_or_init(|| {
            let directives = self.file(block.file).tree.len();
            (0..directives).map(|_| OnceLock::new()).collect()
        });
        blocks[block.directive.index()].get_or_init(|| Box::new(Block::of(self.expand(block.file, inside))))
    }

    pub(crate) fn indexed_servers(&self) -> &Servers {
        self.index.servers.get_or_init(|| {
            let mut servers = Servers::default();
            for http in self.top_named("http") {
                for server in self.named(http, "server") {
                    servers.list.push(server);
                    servers.http.entry(server).or_insert(http);
                }
            }
            servers
        })
    }

    /// The variables that some `set` makes, in lower case, without the `$`.
    pub(crate) fn set_variables(&self) -> &HashSet<Vec<u8>> {
        self.index.set_variables.get_or_init(|| {
            let trees = self.files().map(|(_, file)| &file.tree);
            let directives = trees.flat_map(|tree| tree.walk().map(|id| tree.directive(id)));
            let names = directives.filter(|directive| directive.is("set")).filter_map(|set| set.arg(0));
            names.filter_map(|name| Some(name.strip_prefix(b"$")?.to_ascii_lowercase())).collect()
        })
    }

    /// The regular expression of a directive that has one, compiled once.
    pub(crate) fn pattern(&self, directive: Node, pattern: &[u8], case: Case) -> Arc<Pattern> {
        let mut known = self.index.patterns.lock().unwrap_or_else(PoisonError::into_inner);
        known.entry(directive).or_insert_with(|| Arc::new(Pattern::compile(pattern, case))).clone()
    }

    pub(crate) fn listeners(&self) -> &Listeners {
        self.index.listeners.get_or_init(|| Box::new(Listeners::of(self)))
    }

    /// The directives of the outermost level that have this name.
    pub fn top_named<'a>(&'a self, name: &'a str) -> impl DoubleEndedIterator<Item = Node> + 'a {
        self.top_block().named(self, name)
    }

    /// The directives of a block that have this name.
    pub fn named<'a>(&'a self, block: Node, name: &'a str) -> impl DoubleEndedIterator<Item = Node> + 'a {
        self.block(block).named(self, name)
    }

    /// The rewrite module's directives of a block.
    pub(crate) fn rewrites_of(&self, block: Node) -> &[Node] {
        let block = self.block(block);
        block.rewrites.get_or_init(|| {
            let is_one = |node: &Node| REWRITES.iter().any(|name| self.directive(*node).is(name));
            block.nodes.iter().copied().filter(is_one).collect()
        })
    }

    /// The locations of a block.
    pub(crate) fn level(&self, block: Node) -> &Level {
        let block = self.block(block);
        block.level.get_or_init(|| Box::new(Level::of(self, &block.nodes)))
    }
}

impl Block {
    fn of(nodes: Vec<Node>) -> Self {
        work::done(nodes.len());
        Self { nodes, ..Self::default() }
    }

    fn named<'a>(&'a self, config: &'a Config, name: &'a str) -> impl DoubleEndedIterator<Item = Node> + 'a {
        let found: &[Node] = if self.nodes.len() <= SMALL {
            &self.nodes
        } else {
            let by_name = self.by_name.get_or_init(|| {
                let mut by_name: HashMap<Vec<u8>, Vec<Node>> = HashMap::new();
                for &node in &self.nodes {
                    by_name.entry(config.directive(node).name.value.to_vec()).or_default().push(node);
                }
                by_name
            });
            by_name.get(name.as_bytes()).map_or(&[], Vec::as_slice)
        };
        work::done(found.len());
        found.iter().copied().filter(move |&node| config.directive(node).is(name))
    }
}
