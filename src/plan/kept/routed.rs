//! Server blocks that come back and had the new client when the last change
//! left them.
//!
//! Invariant: a block is known by where it listens and its names, word for
//! word: what comes back is written as it was.

use super::stand::Stand;
use nginx_config::routes::servers;
use nginx_config::{Config, DirectiveId, Node, Tree};
use std::collections::BTreeSet;
use std::path::Path;

/// Where a block listens, and its names.
type Known = BTreeSet<Vec<Vec<u8>>>;

/// The blocks of the staged site file that had the new client. What is not in the live file is in no facts of it.
pub fn had_the_route(stand: &Stand, config: &Config, site: &Path) -> Vec<Node> {
    let left = &stand.left;
    let had: Vec<Known> = left.walk().filter(|id| has_route(left, *id)).map(|id| known(left, id)).collect();
    let fits = |node: &&Node| {
        let file = config.file(node.file);
        file.identity == site && had.contains(&known(&file.tree, node.directive))
    };
    servers(config).iter().filter(fits).copied().collect()
}

fn has_route(tree: &Tree, server: DirectiveId) -> bool {
    let server = tree.directive(server);
    let inside = server.children().iter().map(|id| tree.directive(*id));
    server.is("server")
        && inside.into_iter().any(|directive| {
            let path = directive.args.last().map(|word| word.text()).unwrap_or_default();
            directive.is("location") && path.starts_with("/user-ui")
        })
}

fn known(tree: &Tree, server: DirectiveId) -> Known {
    let children = tree.directive(server).children().iter().map(|id| tree.directive(*id));
    let ends = children.filter(|directive| directive.is("listen") || directive.is("server_name"));
    let words = ends.map(|directive| directive.words().map(|word| word.value.to_vec()).collect());
    words.collect()
}
