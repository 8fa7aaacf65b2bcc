//! Local changes brought back into the file that stands there now.
//!
//! Invariant: each of them is in one of the lists; what the live file has by
//! hand wins, and what the vendor's has otherwise is offered where it is not
//! known whose the difference is.

use super::file::BaseKind;
use super::stand::{Stand, exact, gone_blocks, is_ordered, of_today};
use crate::plan::Conflicts;
use crate::plan::PlanError;
use crate::plan::input::PlanInput;
use crate::plan::local;
use crate::plan::standing::SiteState;
use nginx_config::merge::{Choice, Conflict, Lists, Merged, Resolutions, merge, merge_into};
use nginx_config::patch::{apply, record};
use nginx_config::{DirectiveId, EditError, Tree};

/// What came of bringing them back.
pub struct Back {
    pub text: Vec<u8>,
    pub lists: Lists,
    /// Conflicts that the operator decided.
    pub resolved: Vec<Conflict>,
    /// What the vendor's file has otherwise and ours keeps.
    pub offered: Vec<Conflict>,
    /// Paths of resolutions that no conflict asked for.
    pub unused: Vec<String>,
}

/// Brings the local changes back. `serving` are the live file's blocks that serve Motion.
///
/// # Errors
/// When both sides changed the same directives, or a block could be several.
pub fn back(
    stand: &Stand,
    live: &Tree,
    serving: &[DirectiveId],
    wanted: &PlanInput,
) -> Result<Back, PlanError> {
    match (stand.standing.state, stand.kind) {
        (SiteState::Overwritten | SiteState::VendorOnRequest, kind) => {
            after_an_update(stand, live, kind, wanted)
        }
        (_, kind) => after_an_edit(stand, live, serving, kind),
    }
}

fn after_an_update(
    stand: &Stand,
    live: &Tree,
    kind: BaseKind,
    wanted: &PlanInput,
) -> Result<Back, PlanError> {
    let nothing = Tree::parse("").expect("no directive is no fault");
    let (base, ours) = match kind {
        BaseKind::Vendor => (&stand.base, stand.ours.clone()),
        BaseKind::AsFound => {
            (&nothing, of_today(stand).map_err(|error| PlanError::Kept("the local patch".to_owned(), error))?)
        }
    };
    let merging = |resolutions: &Resolutions| {
        let resolutions = resolutions.clone();
        let resolutions = if stand.is_union() { resolutions.telling_redirects() } else { resolutions };
        merge(base, &ours, live, &resolutions).map_err(|error| PlanError::Edit(EditError::Result(error)))
    };
    let first = merging(&wanted.resolutions)?;
    // Of what may have been the vendor's, ours stays: losing it would be worse.
    let is_soft = |conflict: &Conflict| {
        let named = conflict.path.rsplit(" / ").next().unwrap_or_default();
        let has = |part: &String| named == part || conflict.path.contains(part.as_str());
        kind == BaseKind::AsFound || stand.soft.iter().any(has)
    };
    let kept: Vec<String> =
        first.open().filter(|conflict| is_soft(conflict)).map(|conflict| conflict.path.clone()).collect();
    let resolutions =
        kept.iter().fold(wanted.resolutions.clone(), |all, path| all.with(path.clone(), Choice::Ours));
    let merged = if kept.is_empty() { first } else { merging(&resolutions)? };
    let mut made = finished(merged, &kept)?;
    if stand.is_union() {
        let text =
            Tree::parse(made.text.clone()).map_err(|error| PlanError::Edit(EditError::Result(error)))?;
        made.lists = exact(made.lists, live, &text);
    }
    Ok(made)
}

fn finished(merged: Merged, kept: &[String]) -> Result<Back, PlanError> {
    if !merged.doubts.is_empty() {
        return Err(PlanError::Doubts(merged.doubts));
    }
    let Ok(text) = merged.text() else {
        return Err(PlanError::Conflicts(Box::new(Conflicts {
            conflicts: merged.open().cloned().collect(),
            local_changes: local::of_merge(&merged.lists),
        })));
    };
    let text = text.to_vec();
    let (offered, resolved) =
        merged.conflicts.into_iter().partition(|conflict| kept.contains(&conflict.path));
    Ok(Back { text, lists: merged.lists, resolved, offered, unused: merged.unused })
}

/// What is gone from a file that somebody edited comes back beside what the hand wrote.
fn after_an_edit(
    stand: &Stand,
    live: &Tree,
    serving: &[DirectiveId],
    kind: BaseKind,
) -> Result<Back, PlanError> {
    let mut changes = record(&stand.base, &stand.ours);
    changes.retain(|change| !is_ordered(&change.directive) && !change.kind.is_comment());
    let misfit = |misfit: nginx_config::patch::Misfit| PlanError::Lacks(misfit.to_string());
    let syntax = |error| PlanError::Edit(EditError::Result(error));
    let theirs = Tree::parse(apply(&stand.base, &changes).map_err(misfit)?).map_err(syntax)?;
    let all = Resolutions::all(Choice::Ours);
    let merged = merge_into(&stand.base, live, &theirs, &all, serving).map_err(syntax)?;
    if !merged.doubts.is_empty() {
        return Err(PlanError::Doubts(merged.doubts));
    }
    let mut text = merged.text().map_or_else(|_| live.source().to_vec(), <[u8]>::to_vec);
    if kind == BaseKind::AsFound && stand.standing.state == SiteState::Edited {
        let made = Tree::parse(text).map_err(syntax)?;
        text = apply(&made, &gone_blocks(stand, &made)).map_err(misfit)?;
    }
    Ok(Back {
        text,
        lists: stand.lists.clone(),
        resolved: Vec::new(),
        offered: Vec::new(),
        unused: Vec::new(),
    })
}
