//! Strategy `graft`: the live files plus the missing routes, nothing removed.
//!
//! Invariant: every byte that was there stays. A block that only redirects is
//! left alone, and a file that several blocks include is edited once.

use super::PlanError;
use super::bundle::{Bundle, RouteValues};
use super::step::Patch;
use crate::facts::{Facts, RouteState, ServerFacts, ServerRole};
use crate::nginx::{Config, Edits, FileId, Node, Place, Splice};
use std::collections::BTreeMap;

/// The changes of each file that has to change.
pub fn graft(
    facts: &Facts,
    config: &Config,
    bundle: &Bundle,
    values: &RouteValues,
) -> Result<BTreeMap<FileId, Vec<Patch>>, PlanError> {
    let routes = bundle.render_routes(values)?;
    let mut by_file: BTreeMap<FileId, Vec<&ServerFacts>> = BTreeMap::new();
    for server in facts.site.servers.iter().filter(|server| wants_routes(server)) {
        by_file.entry(server.node.file).or_default().push(server);
    }
    let mut patches = BTreeMap::new();
    for (file, servers) in by_file {
        let tree = &config.file(file).tree;
        let mut edits = Edits::new(tree);
        for server in servers {
            let missing = routes.iter().filter(|route| !has_location(config, server.node, &route.identity));
            let text: Vec<_> = missing.map(|route| route.text.as_str()).collect();
            edits.append_to(Place::Block(server.node.directive), text.join("\n"))?;
        }
        let splices = edits.finish()?;
        patches.insert(file, splices.into_iter().map(to_patch).collect::<Result<_, _>>()?);
    }
    Ok(patches)
}

/// Whether a server block serves Motion and lacks the new client.
pub fn wants_routes(server: &ServerFacts) -> bool {
    server.role == ServerRole::ServesMotion && server.new_client == RouteState::Missing
}

/// Whether the block already has this very location; a second one would be
/// refused by nginx as a duplicate.
fn has_location(config: &Config, server: Node, identity: &str) -> bool {
    config.children(server).into_iter().map(|node| config.directive(node)).any(|directive| {
        let words: Vec<_> = directive.args.iter().map(|word| word.text()).collect();
        directive.is("location") && words.join(" ") == identity
    })
}

fn to_patch(splice: Splice) -> Result<Patch, PlanError> {
    let text = String::from_utf8(splice.text).map_err(|_| PlanError::NotText)?;
    Ok(Patch { start: splice.range.start, end: splice.range.end, text })
}
