//! Reading directives out of a loaded configuration, in nginx's own terms.
//!
//! Pure: looks only at the tree. Knows inheritance, not meaning.

use crate::nginx::{Config, Node};

/// A directive with the blocks around it, outermost first.
pub struct Visit {
    /// The directive.
    pub node: Node,
    /// The blocks that it stands in, as included.
    pub ancestors: Vec<Node>,
}

/// Every directive of the configuration with its effective surroundings.
pub fn visits(config: &Config) -> Vec<Visit> {
    let mut found = Vec::new();
    let mut queue: Vec<Visit> =
        config.top().into_iter().rev().map(|node| Visit { node, ancestors: Vec::new() }).collect();
    while let Some(visit) = queue.pop() {
        let mut ancestors = visit.ancestors.clone();
        ancestors.push(visit.node);
        let children = config.children(visit.node);
        queue.extend(
            children.into_iter().rev().map(|node| Visit { node, ancestors: ancestors.clone() }),
        );
        found.push(visit);
    }
    found
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

/// Every directive of this name directly in a block.
pub fn named(config: &Config, children: &[Node], wanted: &str) -> Vec<Node> {
    children.iter().copied().filter(|node| config.directive(*node).name.value == wanted.as_bytes()).collect()
}

/// The value of a directive that inner blocks inherit and may override.
pub fn inherited(config: &Config, blocks: &[Node], wanted: &str) -> Option<Node> {
    let inner = blocks.iter().rev().find_map(|block| named(config, &config.children(*block), wanted).pop());
    inner.or_else(|| named(config, &config.top(), wanted).pop())
}

/// `file:line` of a directive, for people.
pub fn place(config: &Config, node: Node) -> String {
    let file = config.file(node.file);
    let line = file.tree.position(config.directive(node).span.start).line;
    format!("{}:{line}", file.path.display())
}
