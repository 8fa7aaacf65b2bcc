//! Files that somebody else chose to be written, by planting a link on the way to them.
//!
//! Invariant: a file counts as chosen when a link leads to it, or to a file that includes it, which another user
//! could have put there. Nothing is looked at here: the links were judged by the walk that found the files.

use crate::facts::Facts;
use crate::host::Root;
use crate::host::files::replaceable;
use crate::values::RootPath;
use nginx_config::{Config, FileId};
use std::collections::BTreeSet;
use std::path::Path;

/// Why somebody else could have chosen this file of the configuration; `None` when nobody could.
#[must_use]
pub fn planted(facts: &Facts, config: &Config, file: FileId) -> Option<String> {
    let (mut seen, mut pending) = (BTreeSet::from([file]), vec![file]);
    let written = config.file(file).identity.display();
    while let Some(id) = pending.pop() {
        let reached = config.file(id);
        if let Some(why) = facts.ways.planted.get(&reached.identity) {
            return Some(match id == file {
                true => format!("`{written}` cannot be replaced: {why}"),
                false => {
                    let includes = reached.identity.display();
                    format!("`{written}` cannot be replaced: `{includes}` includes it, and {why}")
                }
            });
        }
        let includers = reached.included_from.iter().map(|node| node.file);
        pending.extend(includers.filter(|id| seen.insert(*id)));
    }
    None
}

/// What stands in the way of replacing a file of the configuration.
pub(super) fn obstacles(root: &Root, facts: &Facts, config: &Config, file: FileId) -> Vec<String> {
    let there = |path: &Path| replaceable(root, &RootPath::new(path).ok()?).err();
    let there = there(&config.file(file).identity).map(|obstacle| obstacle.to_string());
    planted(facts, config, file).into_iter().chain(there).collect()
}
