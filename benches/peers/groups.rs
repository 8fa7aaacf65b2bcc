//! The groups of rows, in their order: what each does, and about how long.
//!
//! Invariant: what a group takes is what a person waits on two idle cores, roughly; the longest, which builds, is the
//! last one.

use crate::table::Table;
use crate::{Bench, backup, files, growth, live, load, memory, program, seeding};

/// Rows that are measured together.
pub struct Group {
    pub name: &'static str,
    pub does: &'static str,
    pub takes: &'static str,
    pub measure: fn(&Bench, &mut Table),
}

impl Group {
    /// By its name, or by what stands before the `-` in it.
    pub fn is_called(&self, name: &str) -> bool {
        self.name == name || self.name.split('-').next() == Some(name)
    }
}

/// A row of the table below.
const fn group(
    name: &'static str,
    does: &'static str,
    takes: &'static str,
    measure: fn(&Bench, &mut Table),
) -> Group {
    Group { name, does, takes, measure }
}

pub const GROUPS: &[Group] = &[
    group(
        "plan",
        "plans a migration in a tree of 2,000 included files; nginx -t tests the same files",
        "15 s",
        files::plan,
    ),
    group(
        "check",
        "checks a tree with 10,000 server blocks; nginx -t tests the same file",
        "30 s",
        files::check,
    ),
    group(
        "parse",
        "parses and prints 35,000 lines in this process; crossplane does in its own",
        "20 s",
        files::parse,
    ),
    group(
        "diff",
        "compares two files of 35,000 lines that differ in 500; diff -u does, too",
        "5 s",
        files::diff,
    ),
    group(
        "apply",
        "migrates a running server and goes back; a script of cp, nginx -t and reload does, too",
        "30 s",
        live::apply,
    ),
    group(
        "rehearse",
        "rehearses a migration; that script goes there and back on a running server",
        "40 s",
        live::rehearse,
    ),
    group(
        "backup",
        "takes, verifies and restores a backup of 1 GB in 20,000 files; cp -a, sync -f and sha256sum do",
        "4 min",
        backup::backup,
    ),
    group(
        "live",
        "checks a running server and its MariaDB; nginx -T and three mariadb -e look at the same",
        "15 s",
        live::check,
    ),
    group(
        "seed",
        "writes 20,000 memberships to a MariaDB; mariadb < batches.sql does, too, and rows one by one",
        "1 min",
        seeding::usual,
    ),
    group(
        "seed-sqlite",
        "writes 20,000 memberships to a SQLite file; sqlite3 .read does, too",
        "15 s",
        seeding::sqlite,
    ),
    group(
        "seed-huge",
        "writes a million memberships to a MariaDB; mariadb < batches.sql does, too",
        "4 min",
        seeding::huge,
    ),
    group(
        "load",
        "applies and rolls back ten times under the load of wrk; then as many plain reloads",
        "1 min",
        load::load,
    ),
    group(
        "memory",
        "asks each command for its peak of memory, on a small server and in a tree of 2,000 files",
        "20 s",
        memory::commands,
    ),
    group("memory-learn", "learns a base from 30 servers", "5 s", memory::learn),
    group(
        "memory-history",
        "asks a MariaDB with 5,000,000 rows of sessions, and one with 50,000",
        "4 min",
        memory::history,
    ),
    group("growth-plan", "plans in trees of 200, 2,000 and 20,000 included files", "1 min", growth::plan),
    group("growth-check", "checks trees of 200, 2,000 and 20,000 server blocks", "1 min", growth::check),
    group("growth-diff", "compares files of 200, 2,000 and 20,000 lines", "5 s", growth::diff),
    group("growth-parse", "parses 200, 2,000 and 20,000 lines", "5 s", growth::parse),
    group("growth-backup", "backs up 200, 2,000 and 20,000 files", "2 min", growth::backup),
    group("growth-seed", "writes 200, 2,000 and 20,000 memberships", "20 s", growth::seed),
    group("size", "looks how large the binary is", "1 s", program::size),
    group("start", "starts the binary 200 times with --version, and true", "5 s", program::start),
    group("demo", "builds as make demo does, and as a release, each from nothing", "10 min", program::demo),
];
