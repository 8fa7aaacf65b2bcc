//! What the running application notices of a plan, as the schema map says it.
//!
//! Invariant: pure. An effect is told only where the plan changes something that it follows from; nothing is told of an
//! empty plan.

use super::Channel;
use super::map::{Changed, Effect, Map, Part};
use super::plan::Plan;
use std::collections::BTreeSet;

/// The effects of a plan by their names in the map, those that are known best first.
#[must_use]
pub fn effects(map: &Map, plan: &Plan) -> Vec<(String, Effect)> {
    let changed = changed(plan);
    let follows = |effect: &Effect| effect.after.iter().any(|after| changed.contains(after));
    let told = map.effects.iter().filter(|(_, effect)| follows(effect));
    let mut told: Vec<_> = told.map(|(name, effect)| (name.clone(), effect.clone())).collect();
    told.sort_by_key(|(_, effect)| effect.mark);
    told
}

/// What a plan changes.
fn changed(plan: &Plan) -> BTreeSet<Changed> {
    let rows =
        plan.insert.iter().map(|insert| insert.part).chain(plan.update.iter().map(|update| update.part));
    let mut parts: BTreeSet<Part> = rows.collect();
    parts.extend(plan.delete.iter().map(|delete| delete.part));
    parts.extend(plan.rights.iter().map(|_| Part::Permissions));
    let gone = plan.unlink.iter().filter(|(_, links)| !links.is_empty()).map(|(kind, _)| *kind);
    let weighed = plan.weigh.iter().filter(|(_, links)| !links.is_empty()).map(|(kind, _)| *kind);
    let new = plan.link.iter().filter(|(_, links)| !links.is_empty()).map(|(kind, _)| *kind);
    parts.extend(gone.chain(weighed).chain(new).map(Part::Links));
    let what = |part| match part {
        Part::Users => Some(Changed::Agents),
        Part::Queues(Channel::Voice) => Some(Changed::VoiceQueues),
        Part::Queues(_) => Some(Changed::DigitalQueues),
        Part::Profiles => Some(Changed::Profiles),
        Part::Links(_) => Some(Changed::Links),
        Part::Permissions => Some(Changed::Permissions),
        // It is never written.
        Part::ReportMember => None,
    };
    parts.into_iter().filter_map(what).collect()
}
