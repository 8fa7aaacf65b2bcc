//! Reading directives out of a loaded configuration, in nginx's own terms.
//!
//! Pure: looks only at the tree. Knows blocks and arguments, not meaning.

use nginx_config::{Config, Node};
use std::sync::Arc;

/// A directive with the blocks around it.
pub struct Visit {
    pub node: Node,
    /// The innermost block that it stands in, by its index.
    inside: Option<u32>,
    blocks: Arc<[Block]>,
}

/// A block, and the one around it: each is kept once, so that a directive in the depth costs no more than another. Nor
/// does a question after the block that it belongs to: the answer is handed down.
struct Block {
    node: Node,
    inside: Option<u32>,
    belongs: Belongs,
}

/// The innermost blocks of these kinds.
#[derive(Clone, Copy, Default)]
struct Belongs {
    http: Option<Node>,
    server: Option<Node>,
    location: Option<Node>,
}

impl Belongs {
    /// The same one level deeper, in the block `node`.
    fn below(mut self, config: &Config, node: Node) -> Self {
        let directive = config.directive(node);
        let kinds =
            [("http", &mut self.http), ("server", &mut self.server), ("location", &mut self.location)];
        for (name, innermost) in kinds {
            if directive.is(name) {
                *innermost = Some(node);
            }
        }
        self
    }
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

    /// The server block that it stands in.
    pub fn server(&self) -> Option<Node> {
        self.belongs().server
    }

    /// The innermost location that it stands in.
    pub fn location(&self) -> Option<Node> {
        self.belongs().location
    }

    /// Whether it stands in `http`, at any depth.
    pub fn is_in_http(&self) -> bool {
        self.belongs().http.is_some()
    }

    fn belongs(&self) -> Belongs {
        self.inside.map_or_else(Belongs::default, |index| self.blocks[index as usize].belongs)
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
            let around = open.last().map_or_else(Belongs::default, |&outer| blocks[outer as usize].belongs);
            let belongs = around.below(config, node);
            blocks.push(Block { node, inside: open.last().copied(), belongs });
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
