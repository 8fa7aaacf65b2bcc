//! A whole configuration: the main file and everything it includes.
//!
//! Invariant: a file is stored once, however often it is included, and the
//! includes form no cycle; expanding them is therefore finite, and bounded by
//! [`Limits`]. What directives mean is not judged here.

use super::index::Index;
use super::node::{FileId, Node};
use super::position::{Position, SyntaxError};
use super::tree::{Directive, DirectiveId, MOST_DIRECTIVES, Tree};
use super::work;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// One file, whichever way it was reached.
#[derive(Debug, Clone)]
pub struct File {
    /// The path nginx opens, as it was first reached.
    pub path: PathBuf,
    /// The other paths under which it was reached, by links.
    pub aliases: BTreeSet<PathBuf>,
    /// The name under which the reader knows the file.
    pub identity: PathBuf,
    /// What stands in it.
    pub tree: Tree,
    /// The `include` directives that lead to it; none for the main file.
    pub included_from: Vec<Node>,
}

impl File {
    /// Every path under which it was reached, the first one first.
    pub fn paths(&self) -> impl Iterator<Item = &Path> {
        std::iter::once(&self.path).chain(&self.aliases).map(PathBuf::as_path)
    }
}

/// Bounds against hostile trees; far above what nginx is used with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of all files together, each counted once.
    pub bytes: usize,
    /// Files reached by all `include` directives, each inclusion counted.
    pub inclusions: usize,
    /// Directives after all includes are expanded.
    pub expanded: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self { bytes: 128 << 20, inclusions: 1_000_000, expanded: MOST_DIRECTIVES as u64 }
    }
}

/// Why a configuration cannot be loaded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigError {
    /// The file the fault is in.
    pub file: PathBuf,
    /// Where in the file, unless the file as a whole is at fault.
    pub position: Option<Position>,
    /// What kind of fault it is.
    pub kind: ConfigErrorKind,
    /// What is wrong, in nginx's words where nginx has any.
    pub reason: String,
}

/// The kinds of [`ConfigError`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ConfigErrorKind {
    /// A file does not follow nginx's grammar.
    Syntax,
    /// A file or folder cannot be read; a missing file among them.
    Unreadable,
    /// A file includes itself, perhaps by way of others.
    Cycle,
    /// The tree, or a file of it, is larger than is read here; nginx may accept it.
    TooLarge,
}

impl ConfigError {
    pub(super) fn syntax(file: &Path, error: SyntaxError) -> Self {
        let position = Some(error.position());
        let kind = if error.is_limit { ConfigErrorKind::TooLarge } else { ConfigErrorKind::Syntax };
        Self { file: file.to_path_buf(), position, kind, reason: error.reason }
    }
}

impl std::fmt::Display for ConfigError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.file.display())?;
        if let Some(position) = self.position {
            write!(f, ":{position}")?;
        }
        write!(f, ": {}", self.reason)
    }
}

impl std::error::Error for ConfigError {}

/// The main file with everything it includes.
#[derive(Debug, Clone)]
pub struct Config {
    pub(super) prefix: PathBuf,
    pub(super) files: Vec<File>,
    pub(super) includes: BTreeMap<Node, Vec<FileId>>,
    pub(super) index: Index,
}

impl Config {
    /// nginx's prefix, for relative paths other than includes.
    #[must_use]
    pub fn prefix(&self) -> &Path {
        &self.prefix
    }

    /// The main file.
    #[must_use]
    pub fn main(&self) -> FileId {
        FileId(0)
    }

    /// Every file, the main file first, in the order they were reached.
    pub fn files(&self) -> impl Iterator<Item = (FileId, &File)> {
        (0..).map(FileId).zip(&self.files)
    }

    /// A file of this configuration.
    #[must_use]
    pub fn file(&self, id: FileId) -> &File {
        &self.files[id.index()]
    }

    /// The directive of a node of this configuration.
    #[must_use]
    pub fn directive(&self, node: Node) -> Directive<'_> {
        self.file(node.file).tree.directive(node.directive)
    }

    /// Path and position of a node, for messages.
    #[must_use]
    pub fn place(&self, node: Node) -> String {
        let File { path, tree, .. } = self.file(node.file);
        format!("{}:{}", path.display(), tree.position(tree.directive(node.directive).span.start))
    }

    /// The files that an `include` directive leads to, in nginx's order.
    #[must_use]
    pub fn included(&self, include: Node) -> &[FileId] {
        self.includes.get(&include).map_or(&[], Vec::as_slice)
    }

    /// The directives of the outermost level, includes expanded.
    #[must_use]
    pub fn top(&self) -> &[Node] {
        &self.top_block().nodes
    }

    /// The directives of a block, includes expanded.
    #[must_use]
    pub fn children(&self, block: Node) -> &[Node] {
        let nodes = &self.block(block).nodes;
        work::done(nodes.len());
        nodes
    }

    /// Every directive depth first, in the order in which nginx reads them.
    #[must_use]
    pub fn walk(&self) -> Walk<'_> {
        Walk { config: self, levels: vec![self.top().iter()], ancestors: Vec::new(), entered: None }
    }

    /// A list of directives with every `include` replaced by what it leads to.
    pub(super) fn expand(&self, file: FileId, list: &[DirectiveId]) -> Vec<Node> {
        let mut nodes = Vec::with_capacity(list.len());
        let mut waiting: Vec<Node> = list.iter().rev().map(|&directive| Node { file, directive }).collect();
        while let Some(node) = waiting.pop() {
            let Some(files) = self.includes.get(&node) else {
                nodes.push(node);
                continue;
            };
            for &file in files.iter().rev() {
                let roots = self.file(file).tree.roots().iter().rev();
                waiting.extend(roots.map(|&directive| Node { file, directive }));
            }
        }
        nodes
    }
}

/// Walks a [`Config`] depth first; see [`Config::walk`].
#[derive(Debug)]
pub struct Walk<'c> {
    config: &'c Config,
    /// What is left to visit of each open block.
    levels: Vec<std::slice::Iter<'c, Node>>,
    ancestors: Vec<Node>,
    /// The node returned last, whose block is opened by the next step.
    entered: Option<Node>,
}

impl Walk<'_> {
    /// The blocks around the node returned last, outermost first.
    #[must_use]
    pub fn ancestors(&self) -> &[Node] {
        &self.ancestors
    }
}

impl Iterator for Walk<'_> {
    type Item = Node;

    fn next(&mut self) -> Option<Node> {
        if let Some(node) = self.entered.take() {
            let children = self.config.children(node);
            if !children.is_empty() {
                self.levels.push(children.iter());
                self.ancestors.push(node);
            }
        }
        loop {
            match self.levels.last_mut()?.next() {
                Some(&node) => {
                    self.entered = Some(node);
                    return self.entered;
                }
                None => {
                    self.levels.pop();
                    self.ancestors.pop();
                }
            }
        }
    }
}
