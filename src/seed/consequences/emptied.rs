//! Profiles that a plan leaves without any agent.
//!
//! Invariant: only profiles that the plan creates or takes agents from, and that can be chosen when it is done.

use super::people::{End, after, closed};
use super::{Look, few, id, names};
use crate::db::DbError;
use crate::outcome::Finding;
use crate::outcome::codes;
use crate::seed::map::{LinkKind, Part};
use crate::seed::plan::RowRef;
use crate::seed::snapshot::Section;
use std::collections::BTreeSet;

pub(super) fn findings(look: &mut Look<'_>) -> Result<Vec<Finding>, DbError> {
    let plan = look.plan;
    let is_new = plan.insert.iter().zip(0..).filter(|(insert, _)| insert.part == Part::Profiles);
    let mut left: BTreeSet<RowRef> = is_new.map(|(_, index)| RowRef::New(index)).collect();
    let gone = plan.unlink.get(&LinkKind::ProfileAgents).into_iter().flatten();
    left.extend(gone.map(|link| RowRef::Id(link.owner)));
    plan.delete.iter().for_each(|delete| {
        left.remove(&RowRef::Id(delete.id));
    });
    let mut ids: BTreeSet<i64> = left.iter().filter_map(|row| id(*row)).collect();
    for (profile, _) in after(look, LinkKind::ProfileAgents, End::Owner, &ids)? {
        left.remove(&profile);
    }
    ids.retain(|id| left.contains(&RowRef::Id(*id)));
    for profile in closed(look, &ids)? {
        left.remove(&profile);
    }
    let Some(section) = Section::of(look.map, Part::Profiles).filter(|_| !left.is_empty()) else {
        return Ok(Vec::new());
    };
    let known = names(look.conn, &section, &ids)?;
    let called = left.iter().map(|row| match row {
        RowRef::Id(id) => known.get(id).cloned().unwrap_or_else(|| format!("id {id}")),
        new @ RowRef::New(_) => plan.label(Part::Profiles, *new).to_string(),
    });
    Ok(vec![
        Finding::new(codes::SEED_PROFILE_WITHOUT_AGENTS, "profiles are left without any agent")
            .evidence(few(called, look.telling))
            .advice("put agents into them, or disable or delete them"),
    ])
}
