//! Strategy `graft`: the files as they are plus the missing routes.
//!
//! Invariant: every byte that was there stays. A block that only redirects is
//! left alone, and a file that several blocks include is edited once.

use super::PlanError;
use super::bundle::RenderedRoute;
use super::draft::Draft;
use nginx_config::{Config, Edits, FileId, Node, Place, splice};
use std::collections::BTreeMap;

/// Adds its routes to each of these server blocks, but for locations that it has.
pub fn graft(config: &Config, servers: &[(Node, Vec<RenderedRoute>)]) -> Result<Draft, PlanError> {
    let mut by_file: BTreeMap<FileId, Vec<&(Node, Vec<RenderedRoute>)>> = BTreeMap::new();
    for routed in servers {
        by_file.entry(routed.0.file).or_default().push(routed);
    }
    let mut draft = Draft::new();
    for (file, servers) in by_file {
        let file = config.file(file);
        let mut edits = Edits::new(&file.tree);
        for (server, routes) in servers {
            let missing = routes.iter().filter(|route| !has_location(config, *server, &route.identity));
            let text: Vec<_> = missing.map(|route| route.text.as_str()).collect();
            edits.append_to(Place::Block(server.directive), text.join("\n"))?;
        }
        let bytes = splice(file.tree.source(), &edits.finish()?).map_err(nginx_config::EditError::Overlap)?;
        draft.insert(file.identity.clone(), bytes);
    }
    Ok(draft)
}

/// Whether the block already has this very location; a second one would be
/// refused by nginx as a duplicate.
fn has_location(config: &Config, server: Node, identity: &str) -> bool {
    config.named(server, "location").any(|node| {
        let words: Vec<_> = config.directive(node).args.iter().map(|word| word.text()).collect();
        words.join(" ") == identity
    })
}
