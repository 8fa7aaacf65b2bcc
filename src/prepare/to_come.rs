//! What the planned configuration hands requests to, for a private copy that has to answer there.
//!
//! Invariant: of the plan, not of the candidate: whatever strategy brings an address, it is here.

use super::candidate::planned;
use super::prepared::Prepared;
use crate::facts::{ListenAddress, UpstreamAddress, UpstreamFacts};
use crate::host::Root;
use crate::inspect::{all_listens, upstreams_of};
use crate::motion::{Block, Content, RouteState};
use nginx_config::routes::servers;
use std::collections::BTreeSet;

/// Where the planned configuration leads.
#[derive(Debug, Default)]
pub struct ToCome {
    /// Every address that it proxies to.
    pub upstreams: Vec<UpstreamFacts>,
    /// Those of them that serve the new client.
    pub clients: BTreeSet<UpstreamAddress>,
    /// Every address that it listens on.
    pub listens: Vec<ListenAddress>,
}

impl Prepared {
    /// Where the planned configuration leads; nothing where there is no plan, or it does not load.
    #[must_use]
    pub fn to_come(&self, root: &Root) -> ToCome {
        let Some(migration) = &self.migration else { return ToCome::default() };
        let Some(config) = planned(root, &self.inspection, &migration.plan) else { return ToCome::default() };
        let found = upstreams_of(&config, &self.inspection.facts.site.addresses_of_motion());
        let blocks = servers(&config).iter().map(|server| Block::new(&config, *server));
        let serving = blocks.filter(|block| block.new_client() == RouteState::Present);
        let directives: BTreeSet<_> = serving
            .filter_map(|block| match block.new_client_content() {
                Some((Content::Proxied(_, directive), _)) => Some(directive),
                Some((Content::Page(_) | Content::Other, _)) | None => None,
            })
            .collect();
        let of_client = found.iter().filter(|(directive, _)| directives.contains(directive));
        let clients = of_client.map(|(_, upstream)| upstream.address.clone()).collect();
        let upstreams = found.into_iter().map(|(_, upstream)| upstream).collect();
        ToCome { upstreams, clients, listens: all_listens(&config) }
    }
}
