//! Whether this host serves the new client, which alone knows Agent Profiles.
//!
//! Invariant: only said where an NGINX with Motion's site is on this host; elsewhere nothing is known, nor claimed.

use crate::cli::args::SiteArgs;
use crate::cli::context::Context;
use crate::inspect::{inspect, routes};
use crate::outcome::Finding;
use crate::outcome::codes;
use crate::prepare::ask;

/// A warning where Motion's site is here and lacks the new client's route.
pub fn missing(context: &Context) -> Option<Finding> {
    let options = context.options(&SiteArgs::default()).ok()?;
    let mut inspection = inspect(&context.root, &options.inspect).ok()?;
    if context.root.is_live() {
        // Motion may serve it itself, which no file says.
        ask(&mut inspection, &options.inspect.client);
    }
    let found = routes(&inspection.facts, &inspection.config);
    let found = found.iter().find(|finding| finding.code == codes::ROUTES_MISSING)?;
    let title = "NGINX on this host does not serve the new client, and only there profiles can be chosen";
    let finding = Finding::new(codes::SEED_NO_NEW_CLIENT, title)
        .advice("`motionctl plan` shows what is missing; seeding does not depend on it");
    Some(found.evidence.iter().fold(finding, |finding, line| finding.evidence(line.clone())))
}
