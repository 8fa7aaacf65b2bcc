//! Internal numbers of several agents, which an export can only name in its comment.
//!
//! Invariant: a number that is read back is that of the agent's row; one that an older export does not name is unknown.

use crate::seed::export::shared_extension;
use crate::seed::manifest::{Manifest, Name, Validated};
use std::collections::HashMap;

/// The numbers that the comment at the head of an export names, by agent.
pub(super) fn extensions(export: &Validated, rows: &Manifest) -> HashMap<Name, String> {
    let said: Vec<&str> = left_out(export.source.text()).collect();
    let mut found = HashMap::new();
    for agent in rows.agents.iter().filter(|agent| agent.internal.is_none()) {
        let username = &agent.username.value;
        let begin = shared_extension(username, "");
        let number = said.iter().find_map(|line| line.strip_prefix(begin.as_str()));
        // Written in double quotes, as in the manifest.
        if let Some(number) = number.and_then(|text| serde_json::from_str::<String>(text).ok()) {
            found.insert(username.clone(), number);
        }
    }
    found
}

/// What the comment at the head of an export says that it could not say.
pub(super) fn left_out(text: &str) -> impl Iterator<Item = &str> {
    let head = text.lines().take_while(|line| line.starts_with('#'));
    head.filter_map(|line| line.strip_prefix("# - "))
}
