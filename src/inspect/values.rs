//! Reading directives out of a loaded configuration, in nginx's own terms.
//!
//! Pure: looks only at the tree. Knows blocks and arguments, not meaning.

use nginx_config::{Config, Node};
use std::sync::Arc;

/// A directive with the blocks around it.
pub struct Visit {
    /// The directive.
    pub node: Node,
    /// The innermost block that it stands in, by its index.
    inside: Option<u32>,
    blocks: Arc<[Block]>,
}

/// A block, and the one around it: each is kept once, so that a directive in the depth costs no more than another.
struct Block {
    node: Node,
    inside: Option<u32>,
}

impl Visit {
    /// The blocks around it, as included, innermost first.
    pub fn outwards(&self) -> impl Iterator<Item = Node> {
        let block = |index: u32| &self.blocks[index as usize];
        let innermost = self.inside.map(block);
        std::iter::successors(innermost, move |inner| inner.inside.map(block)).map(|block| block.node)
    }

    /// The same, outermost first.
    pub fn ancestors(&self) -> Vec<Node> {
        let mut blocks: Vec<Node> = self.outwards().collect();
        blocks.reverse();
        blocks
    }

    /// The innermost block of this name around it.
    pub fn nearest(&self, config: &Config, name: &str) -> Option<Node> {
        self.outwards().find(|node| config.directive(*node).is(name))
    }
}

/// Every directive of the configuration with its effective surroundings.
pub fn visits(config: &Config) -> Vec<Visit> {
    let (mut blocks, mut open): (Vec<Block>, Vec<u32>) = (Vec::new(), Vec::new());
    let mut found: Vec<(Node, Option<u32>)> = Vec::new();
    let mut walk = config.walk();
    while let Some(node) = walk.next() {
        let depth = walk.ancestors().len();
        open.truncate(depth);
        // The walk goes one level down at a time.
        if let (Some(&node), true) = (walk.ancestors().last(), open.len() < depth) {
            let index = u32::try_from(blocks.len()).expect("fewer blocks than bytes");
            blocks.push(Block { node, inside: open.last().copied() });
            open.push(index);
        }
        found.push((node, open.last().copied()));
    }
    let blocks: Arc<[Block]> = blocks.into();
    let visit = |(node, inside)| Visit { node, inside, blocks: Arc::clone(&blocks) };
    found.into_iter().map(visit).collect()
}

/// A directive's name.
pub fn name(config: &Config, node: Node) -> String {
    config.directive(node).name.text().into_owned()
}

/// A directive's arguments, unquoted.
pub fn arguments(config: &Config, node: Node) -> Vec<String> {
    config.directive(node).args.iter().map(|word| word.text().into_owned()).collect()
}

/// The first argument, or nothing.
pub fn first_argument(config: &Config, node: Node) -> Option<String> {
    config.directive(node).args.first().map(|word| word.text().into_owned())
}
