//! Every kind of file that motionctl writes for itself or for others, and which versions of it are read.
//!
//! Invariant: the numbers are those of the rooms that write the files; docs/release.md has the same table, and says what
//! each promises.

use crate::{backup, journal, plan, report, seed, tryout, watch};
use std::ops::RangeInclusive;

/// A kind of file.
pub struct Format {
    /// Its key in JSON.
    pub name: &'static str,
    /// What it is, for people.
    pub what: &'static str,
    /// The newest version, which is written where it is needed.
    pub writes: u32,
    /// The oldest version that is read.
    pub oldest: u32,
}

impl Format {
    /// All versions that are read.
    pub fn reads(&self) -> RangeInclusive<u32> {
        self.oldest..=self.writes
    }
}

/// All of them.
pub const FORMATS: [Format; 14] = [
    of("answer", "answers of --json", report::ENVELOPE_FORMAT, 1),
    of("journal", "journals", journal::FORMAT, 1),
    of("backup", "backups", backup::FORMAT, backup::OLDEST_FORMAT),
    of("plan", "saved plans", plan::PLAN_FORMAT, plan::OLDEST_PLAN_FORMAT),
    of("local_changes", "records of local changes", plan::LOCAL_PATCH_FORMAT, plan::LOCAL_PATCH_FORMAT),
    of("decisions", "files of decisions (--resolve-file)", plan::DECISIONS_FORMAT, plan::DECISIONS_FORMAT),
    of("bundle", "routing bundles (--bundle)", plan::bundle::FORMAT, plan::bundle::FORMAT),
    of(
        "manifest",
        "manifests of agents, queues and profiles",
        seed::manifest::VERSION,
        seed::manifest::VERSION,
    ),
    of("schema_map", "maps of Motion's tables", seed::map::FORMAT, seed::map::FORMAT),
    of("seed_run", "what seed undo needs of a run", seed::undo::FORMAT, seed::undo::FORMAT),
    of("seed_plan", "saved plans of seed", seed::plan::FORMAT, seed::plan::FORMAT),
    of("picture", "pictures of seed schema learn", seed::learn::FORMAT, seed::learn::FORMAT),
    of("watch", "what watch remembers", watch::MEMORY_FORMAT, watch::MEMORY_FORMAT),
    of("trial", "editions of scripts that were tried", tryout::FORMAT, tryout::FORMAT),
];

const fn of(name: &'static str, what: &'static str, writes: u32, oldest: u32) -> Format {
    Format { name, what, writes, oldest }
}
