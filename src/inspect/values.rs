//! Reading directives out of a loaded configuration, in nginx's own terms.
//!
//! Pure: looks only at the tree. Knows blocks and arguments, not meaning.

use nginx_config::{Config, Node};

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
    let mut walk = config.walk();
    while let Some(node) = walk.next() {
        found.push(Visit { node, ancestors: walk.ancestors().to_vec() });
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
