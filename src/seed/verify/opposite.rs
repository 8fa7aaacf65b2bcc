//! Flags of a map whose columns are called by the opposite.
//!
//! Invariant: a name proves nothing, so it is said and never refused.

use crate::seed::discover::names::is_opposite;
use crate::seed::map::{Map, Needs, Part};
use std::collections::BTreeSet;

/// What the map says of them, where it is relied on.
pub fn opposites(map: &Map, needs: &Needs) -> BTreeSet<String> {
    let profiles = map.profiles.as_ref().map(|profiles| &profiles.columns.enabled);
    let flags = [
        (Part::Profiles, "profiles.columns.enabled", profiles),
        (Part::Users, "users.columns.online", Some(&map.users.columns.online)),
    ];
    let relied_on = flags.into_iter().filter(|(part, ..)| needs.of(*part).is_some());
    relied_on
        .filter_map(|(_, key, column)| {
            let column = column.filter(|column| is_opposite(column.as_str()))?;
            Some(format!("{key} = {:?}: 1 would be read and written as yes", column.as_str()))
        })
        .collect()
}
