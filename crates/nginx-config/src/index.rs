//! What the questions to one configuration share: the directives of each block with its includes
//! expanded, by name, and the server blocks.
//!
//! Invariant: each part is made once, when it is first asked for, so that a question costs what
//! its own blocks hold and not what the whole configuration holds. An index belongs to one
//! [`Config`], which never changes.

use super::config::{Config, FileId, Node};
use super::routes::location::Level;
use super::routes::pattern::{Case, Pattern};
use super::routes::server::Listeners;
use super::work;
use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

/// Up to so many directives a list is searched faster than a table is made.
const SMALL: usize = 16;

/// Directives of the rewrite module, which NGINX runs in the order of the file.
const REWRITES: [&str; 5] = ["break", "if", "return", "rewrite", "set"];

/// The index of one configuration.
#[derive(Debug, Default)]
pub(crate) struct Index {
    top: OnceLock<Box<Block>>,
    /// By file and directive; a file's list is made when one of its blocks is asked for.
    files: Vec<OnceLock<Vec<OnceLock<Box<Block>>>>>,
    servers: OnceLock<Servers>,
    listeners: OnceLock<Box<Listeners>>,
    set_variables: OnceLock<HashSet<Vec<u8>>>,
    /// The regular expressions of conditions and rewrites, by their directives.
    patterns: Mutex<HashMap<Node, Arc<Pattern>>>,
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
    by_name: OnceLock<HashMap<Vec<u8>, Vec<Node>>>,
    rewrites: OnceLock<Vec<Node>>,
    level: OnceLock<Level>,
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

impl Config {
    /// The outermost level.
    pub(crate) fn top_block(&self) -> &Block {
        self.index.top.get_or_init(|| {
            Box::new(Block::of(self.expand(self.main(), self.file(self.main()).tree.roots())))
        })
    }

    /// A block, whichever includes lead to it: what stands in it does not depend on them.
    pub(crate) fn block(&self, block: Node) -> &Block {
        let FileId(file) = block.file;
        let blocks = self.index.files[file as usize].get_or_init(|| {
            let directives = self.file(block.file).tree.len();
            (0..directives).map(|_| OnceLock::new()).collect()
        });
        blocks[block.directive.index()]
            .get_or_init(|| Box::new(Block::of(self.expand(block.file, self.directive(block).children()))))
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
        block.level.get_or_init(|| Level::of(self, &block.nodes))
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
