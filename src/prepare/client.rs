//! The new client that a candidate names, and what is left to say of the search for one.
//!
//! Invariant: what the vendor's own file serves is believed; that nothing was found is said only where it stands in the
//! way of a change.

use crate::facts::{RouteState, ServerFacts, ServerRole};
use crate::host::Root;
use crate::inspect::{ClientChoice, Inspection, adopt, client_at, unusual};
use crate::motion::page::Page;
use crate::motion::{Block, Content};
use crate::outcome::codes;
use crate::outcome::{Finding, Level};
use crate::plan::Candidate;
use nginx_config::redact_text;

/// Takes the page that a candidate serves for the new client's, wherever it lies.
pub fn name_client(root: &Root, inspection: &mut Inspection, candidate: &Candidate) {
    let blocks = candidate.motion.iter().map(|node| Block::new(&candidate.config, *node));
    let routed = blocks.filter(|block| block.new_client() == RouteState::Present);
    let contents: Vec<Content> =
        routed.filter_map(|block| block.new_client_content()).map(|(content, _)| content).collect();
    for content in contents {
        match content {
            Content::Page(path) if path.ends_with("index.html") => {
                let Some(Ok(seen)) = path.parent().map(|folder| client_at(root, folder)) else { continue };
                if seen.document.page != Page::Legacy {
                    inspection.client =
                        unusual(&seen, "the page that the candidate serves").into_iter().collect();
                    return adopt(&mut inspection.facts.motion, &seen);
                }
            }
            Content::Proxied(target, _) if inspection.facts.motion.client.is_none() => {
                let title = "what the candidate hands /user-ui/ to is taken for the new client";
                let finding = Finding::graded(codes::NEWCLIENT_UNUSUAL, Level::Warn, title)
                    .evidence(format!("{}: not asked for the new client", redact_text(&target)))
                    .advice("after the change the page and its scripts must come, or it is undone");
                inspection.client = vec![finding];
                return;
            }
            Content::Page(_) | Content::Proxied(..) | Content::Other => {}
        }
    }
}

/// What there is to say of the search for the new client: nothing where its route leads somewhere already, and a change
/// would bring nothing.
pub fn client_findings(inspection: &mut Inspection, choice: &ClientChoice) -> Vec<Finding> {
    let found = std::mem::take(&mut inspection.client);
    let serving = |server: &&ServerFacts| server.role == ServerRole::ServesMotion;
    let leads =
        |server: &ServerFacts| matches!(server.new_client, RouteState::Present | RouteState::CannotTell(_));
    let is_idle = inspection.facts.site.servers.iter().filter(serving).all(leads);
    if is_idle && *choice == ClientChoice::Search { Vec::new() } else { found }
}
