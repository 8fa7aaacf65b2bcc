//! Strategy `graft`: the files as they are plus the missing routes.
//!
//! Invariant: every byte that was there stays. A block that only redirects is
//! left alone, and a file that several blocks include is edited once.

use super::PlanError;
use super::bundle::RenderedRoute;
use super::draft::Draft;
use nginx_config::{Config, Edits, FileId, Node, Place, splice};
use std::collections::BTreeMap;

/// What a server block is to get.
#[derive(Debug, Clone, Default)]
pub struct Addition {
    /// Beside the block, before it: what its new locations name.
    pub above: String,
    /// In the block, at its end.
    pub inside: String,
}

/// The bundle's routes for each of these server blocks, without the locations that it has already: a second one would
/// be refused by NGINX as a duplicate.
pub fn of_bundle(config: &Config, servers: &[Node], routes: &[RenderedRoute]) -> Vec<(Node, Addition)> {
    let addition = |server: Node| {
        let missing = routes.iter().filter(|route| !has_location(config, server, &route.identity));
        let text: Vec<_> = missing.map(|route| route.text.as_str()).collect();
        Addition { inside: text.join("\n"), ..Addition::default() }
    };
    servers.iter().map(|server| (*server, addition(*server))).collect()
}

/// Adds to each of these server blocks what it is to get.
pub fn graft(config: &Config, additions: Vec<(Node, Addition)>) -> Result<Draft, PlanError> {
    let mut by_file: BTreeMap<FileId, Vec<(Node, Addition)>> = BTreeMap::new();
    for (server, addition) in additions {
        by_file.entry(server.file).or_default().push((server, addition));
    }
    let mut draft = Draft::new();
    for (file, additions) in by_file {
        let file = config.file(file);
        let mut edits = Edits::new(&file.tree);
        for (server, addition) in additions {
            if !addition.above.is_empty() {
                edits.insert_before(server.directive, addition.above)?;
            }
            edits.append_to(Place::Block(server.directive), addition.inside)?;
        }
        let bytes = splice(file.tree.source(), &edits.finish()?).map_err(nginx_config::EditError::Overlap)?;
        draft.insert(file.identity.clone(), bytes);
    }
    Ok(draft)
}

/// Whether the block already has this very location.
fn has_location(config: &Config, server: Node, identity: &str) -> bool {
    config.named(server, "location").any(|node| {
        let words: Vec<_> = config.directive(node).args.iter().map(|word| word.text()).collect();
        words.join(" ") == identity
    })
}
