//! Profiles that a plan leaves without any agent.
//!
//! Invariant: only profiles that the plan takes agents from, and that can be chosen when it is done: who creates a profile
//! without agents says so in the manifest.

use super::look::{PlanContext, few, names};
use super::people::{End, after, closed};
use crate::db::DbError;
use crate::outcome::{Finding, codes};
use crate::seed::map::{LinkKind, Part};
use crate::seed::plan::RowRef;
use crate::seed::snapshot::Section;
use std::collections::BTreeSet;

pub(super) fn findings(look: &mut PlanContext<'_>) -> Result<Vec<Finding>, DbError> {
    let plan = look.plan;
    let gone = plan.unlink.get(&LinkKind::ProfileAgents).into_iter().flatten();
    let mut left: BTreeSet<i64> = gone.map(|link| link.owner).collect();
    let deleted: BTreeSet<i64> = plan.deleted(Part::Profiles).collect();
    left.retain(|profile| !deleted.contains(profile));
    let served = after(look, LinkKind::ProfileAgents, End::Owner, &left)?;
    let served: BTreeSet<RowRef> = served.into_iter().map(|(owner, _)| owner).collect();
    left.retain(|profile| !served.contains(&RowRef::Id(*profile)));
    let closed = closed(look, &left)?;
    left.retain(|profile| !closed.contains(&RowRef::Id(*profile)));
    let Some(section) = Section::of(look.map, Part::Profiles).filter(|_| !left.is_empty()) else {
        return Ok(Vec::new());
    };
    let known = names(look.conn, &section, &left)?;
    let called = left.iter().map(|id| known.get(id).cloned().unwrap_or_else(|| format!("id {id}")));
    Ok(vec![
        Finding::new(codes::SEED_PROFILE_WITHOUT_AGENTS, "profiles are left without any agent")
            .evidence(few(called, look.telling))
            .advice("put agents into them, or disable or delete them"),
    ])
}
