//! What a plan may hold that comes from a file.
//!
//! Invariant: nothing passes that no planner of migrations makes. A saved plan is a list of effects that root carries
//! out, and its hash is one that anybody can compute: so what it may ask for is listed here, and all else is refused.
//! Which files are the configuration's is for `explain` to say, which knows the server.

use super::input::Strategy;
use super::model::{Plan, PlanKind};
use super::step::{Content, Step, Version};
use crate::values::{Attributes, Mtime, TextPath};
use std::collections::BTreeSet;

/// The modes of the files that a migration makes: what NGINX includes, and our records.
const MODES: [u32; 2] = [0o644, 0o600];

/// What in a plan is nothing that a planner of migrations makes; `None` when it holds nothing of the kind.
pub(super) fn objection(plan: &Plan) -> Option<String> {
    if plan.kind != PlanKind::Migrate {
        return Some("only a plan of the kind `migrate` is saved".to_owned());
    }
    if Strategy::named(&plan.strategy).is_none() {
        return Some("its strategy is none of `merge`, `graft` and `replace`".to_owned());
    }
    let mut seen = BTreeSet::new();
    plan.steps.iter().enumerate().find_map(|(index, step)| {
        let rest = &plan.steps[index + 1..];
        match step {
            Step::SetFile { path, from, to } => {
                if !seen.insert(path) {
                    return Some(format!("{} is changed twice", path.as_str()));
                }
                version(path, from, to)
            }
            Step::MakeFolder { path } => {
                if !seen.insert(path) {
                    return Some(format!("{} is made twice", path.as_str()));
                }
                let is_needed = rest.iter().any(|later| is_made_in(later, path));
                (!is_needed).then(|| format!("no file is made in the folder {}", path.as_str()))
            }
            Step::RemoveFolder { path } => Some(format!("it removes the folder {}", path.as_str())),
            Step::RestoreTree { backup } => Some(format!("it puts back the whole of the backup {backup}")),
            Step::Reload if rest.is_empty() => None,
            Step::Reload => Some("it reloads before its last step".to_owned()),
        }
    })
}

/// Whether a step makes a file somewhere below this folder.
fn is_made_in(step: &Step, folder: &TextPath) -> bool {
    matches!(step, Step::SetFile { path, from: Version::Absent, .. } if path != folder && path.is_within(folder))
}

fn version(path: &TextPath, from: &Version, to: &Version) -> Option<String> {
    let shown = path.as_str();
    let Version::File { attributes, content, .. } = to else { return Some(format!("it removes {shown}")) };
    if !matches!(content, Content::Patched(_) | Content::Copied(_) | Content::Local(_)) {
        return Some(format!("it takes {shown} from elsewhere than the server's files and its own text"));
    }
    match from {
        Version::File { content: Content::Live, attributes: old, .. } => {
            let keeps = *attributes == old.for_new_bytes();
            (!keeps).then(|| format!("it changes the owner, mode or access list of {shown}"))
        }
        Version::File { .. } => Some(format!("it does not expect {shown} on the disk")),
        Version::Absent => (!is_plain(attributes))
            .then(|| format!("it makes {shown} with a mode or attributes that no new file gets")),
    }
}

fn is_plain(attributes: &Attributes) -> bool {
    let Attributes { mode, mtime, xattrs, uid: _, gid: _ } = attributes;
    MODES.contains(&mode.0) && *mtime == Mtime::OfWriting && xattrs.is_empty()
}
