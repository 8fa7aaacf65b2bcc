//! What the areas of findings are about: the word before the point of a code.
//!
//! Invariant: every code is of one of them.

/// An area, and what its findings are about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Area {
    /// The word before the point.
    pub name: &'static str,
    /// What they are about.
    pub about: &'static str,
}

const fn area(name: &'static str, about: &'static str) -> Area {
    Area { name, about }
}

/// Every area, in the order of the table.
pub const AREAS: [Area; 15] = [
    area("nginx", "NGINX itself: its program, its processes, its configuration"),
    area("host", "this machine: rights, disk, sandbox, units"),
    area("run", "earlier runs, and changes that wait for their confirmation"),
    area("site", "Motion's server blocks and their files"),
    area("routes", "what answers the new client's route"),
    area("newclient", "the new client's page and folder"),
    area("bundle", "the templates, the built-in ones or your own"),
    area("merge", "local changes, and where two sides changed the same"),
    area("candidate", "the vendor's own new file"),
    area("plan", "the plan as a whole"),
    area("config", "what the configuration makes NGINX do"),
    area("sessions", "who is logged in, and what would be cut"),
    area("topology", "servers that are more than one machine, which this tool is not for"),
    area("base", "the vendor's text as it is learned from many servers"),
    area("seed", "agents, queues and profiles in Motion's database"),
];

#[cfg(test)]
mod tests {
    use super::super::all;
    use super::*;

    #[test]
    fn every_area_of_the_table_is_there_in_its_order() {
        let mut found: Vec<&str> = Vec::new();
        for code in all() {
            if !found.contains(&code.area()) {
                found.push(code.area());
            }
        }
        assert_eq!(AREAS.map(|area| area.name).to_vec(), found);
    }
}
