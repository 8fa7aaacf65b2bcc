//! A server of which no change can be planned before somebody decides: what is known of it all the same.
//!
//! Invariant: changes nothing; what is gone is told as where it could be planned.

use super::PlanError;
use super::input::{PlanInput, Strategy};
use super::inputs::Material;
use super::migrate::{named_in_text, standing};
use super::migration::Migration;
use super::model::{Plan, PlanKind};
use crate::facts::Facts;
use nginx_config::Config;

/// What an update took, where it also has to be decided what comes back; `None` where the error is another.
#[must_use]
pub fn undecided(facts: &Facts, config: &Config, wanted: &PlanInput, error: &PlanError) -> Option<Migration> {
    let paths: Vec<String> = match error {
        PlanError::Conflicts(found) => found.conflicts.iter().map(|conflict| conflict.path.clone()).collect(),
        PlanError::Doubts(doubts) => doubts.iter().map(|doubt| doubt.block.clone()).collect(),
        _ => return None,
    };
    let site = facts.site.file.to_str()?;
    let files = named_in_text(facts).ok()?;
    let stand = standing(&Material { facts, config, files: &files, site }, wanted).ok()??;
    if !stand.is_due() {
        return None;
    }
    let relies_on = files.iter().map(|(path, file)| (path.clone(), file.sha256)).collect();
    let (kind, strategy) = (PlanKind::Migrate, Strategy::Merge.name());
    let plan = Plan::new(kind, strategy, site.to_owned(), facts.nginx.version, relies_on, Vec::new());
    let mut migration = Migration::showing(plan, Vec::new(), Vec::new());
    migration.standing = stand.standing;
    migration.standing.undecided = paths;
    Some(migration)
}
