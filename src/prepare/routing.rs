//! Which block answers what, now and in the configuration that the plan makes.
//!
//! Invariant: both are answered by the code that says it of a server, and nothing is read again but the files that the
//! plan changes.

use super::prepared::Prepared;
use crate::apply::states;
use crate::facts::{ServerFacts, ServerRole};
use crate::host::Root;
use crate::inspect::{Inspection, Question, lies, routing};
use crate::outcome::{RoutesRole, RoutesSection, Routing};
use crate::verify::staged::Staged;
use nginx_config::{Changed, Config, Node};
use std::collections::BTreeMap;
use std::path::PathBuf;

impl Prepared {
    /// Which block answers what before and after; without an after where there is no plan, or it cannot be made.
    #[must_use]
    pub fn routing(&self, root: &Root) -> Option<Routing> {
        let Inspection { facts, config, .. } = &self.inspection;
        let roles = facts.site.servers.iter().map(|server| (server.node, server.role)).collect();
        let before = answered(root, config, &roles)?;
        Some(Routing { before, after: self.after(root) })
    }

    fn after(&self, root: &Root) -> Option<RoutesSection> {
        let plan = &self.migration.as_ref()?.plan;
        let old = &self.inspection.config;
        let last = states(root, plan).ok()?.pop()?;
        let draft: BTreeMap<PathBuf, Vec<u8>> = last
            .into_iter()
            .filter_map(|(path, staged)| match staged {
                Staged::File(content) | Staged::FileInstead(content) => Some((path, content.bytes)),
                Staged::Absent | Staged::Link(_) => None,
            })
            .collect();
        let config =
            Config::load(&old.file(old.main()).path, old.prefix(), &Changed::new(old, &draft)).ok()?;
        // Which blocks are Motion's was found out before; here they are told by their names, or by Motion's file.
        let mut after = answered(root, &config, &BTreeMap::new())?;
        let site = &self.inspection.facts.site;
        after.servers.retain_mut(|server| match site.servers.iter().find(|old| old.label == server.server) {
            Some(ServerFacts { role: ServerRole::ServesMotion, .. }) => {
                set(&mut server.role, RoutesRole::Motion)
            }
            Some(ServerFacts { role: ServerRole::RedirectsOnly, .. }) => {
                set(&mut server.role, RoutesRole::Redirects)
            }
            Some(_) | None => *site.file == *server.place.file,
        });
        after.servers.sort_by_key(|server| server.role);
        Some(after)
    }
}

fn set(role: &mut RoutesRole, known: RoutesRole) -> bool {
    *role = known;
    true
}

fn answered(root: &Root, config: &Config, roles: &BTreeMap<Node, ServerRole>) -> Option<RoutesSection> {
    routing(config, roles, &Question::default(), &|path| lies(root, path)).ok()
}
