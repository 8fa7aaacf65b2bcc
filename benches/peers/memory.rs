//! How much memory each command takes, and that history does not count: neither rows of sessions nor old runs.
//!
//! Invariant: what counts is motionctl's own process, not the `nginx -t` that it starts.

use crate::Bench;
use crate::measure::Job;
use crate::seed_rows::USUAL;
use crate::seeding::Place;
use crate::support::database_server::Schema;
use crate::support::machine::Machine;
use crate::table::{Row, Table, Target};
use crate::trees::{self, Tree};
use std::path::Path;

/// What looking at a small server may take, and at one of 2,000 files.
const LOOKING: f64 = 35.0;
const CHANGING: f64 = 40.0;

/// Commands on a small live server and on a tree of 2,000 included files.
pub fn commands(_: &Bench, table: &mut Table) {
    let machine = Machine::new("standalone");
    for words in [&["check", "--no-db"][..], &["status", "--no-db"], &["plan", "--no-db"]] {
        let run = Job::ours(words).and("--json").ending_with(&[0, 3]).run_on(&machine);
        table.add(Row::limit(format!("{}, live, one small server: peak MiB", words[0]), run.peak, LOOKING));
    }
    let tree = Tree::new(&|nginx: &Path| trees::included_files(nginx, 2_000));
    let commands: [(&[&str], f64); 5] = [
        (&["check"], LOOKING),
        (&["status"], LOOKING),
        (&["apply", "--yes"], CHANGING),
        (&["backups", "verify"], CHANGING),
        (&["rollback", "--yes"], CHANGING),
    ];
    for (words, most) in commands {
        let job = Job::ours(words).and("--json").and("--root").and(tree.path()).ending_with(&[0, 3]);
        let name = words.iter().filter(|word| !word.starts_with('-')).copied().collect::<Vec<_>>().join(" ");
        table.add(Row::limit(format!("{name} --root, 2,000 included files: peak MiB"), job.run().peak, most));
    }
}

/// A base of thirty servers.
pub fn learn(_: &Bench, table: &mut Table) {
    let servers: Vec<Tree> = (0..30).map(|_| Tree::new(&|_| ())).collect();
    let job = Job::ours(["base", "learn", "--json"]);
    let job = servers.iter().fold(job, |job, server| job.and(server.path()));
    table.add(Row::limit("base learn from 30 servers: peak MiB", job.run().peak, CHANGING));
}

/// Five million rows of sessions, beside a hundredth of them.
pub fn history(_: &Bench, table: &mut Table) {
    let place = Place::start();
    let manifest = place.file("usual.yaml", &USUAL.manifest());
    let filled = |rows: u32| {
        let schema = place.schema();
        place.apply(&schema, &manifest);
        sessions(&schema, rows);
        schema
    };
    let (long, short) = (filled(5_000_000), filled(50_000));
    let manifest = manifest.display().to_string();
    let commands: [&[&str]; 4] = [
        &["check", "--json", "--root"],
        &["seed", "plan", "--json"],
        &["seed", "list", "--json"],
        &["seed", "usage", "--json", "--from", "2020-01-01"],
    ];
    let tree = Tree::new(&|_| ());
    for words in commands {
        let peak = |schema| {
            let job = match words {
                ["check", ..] => place.asking(Job::ours(words).and(tree.path()), schema),
                ["seed", "plan", ..] => place.command(words, schema).and(&manifest),
                _ => place.command(words, schema),
            };
            job.ending_with(&[0, 3]).run().peak
        };
        let name =
            words.iter().take_while(|word| !word.starts_with('-')).copied().collect::<Vec<_>>().join(" ");
        let what = format!("{name}, 5,000,000 rows in report_member, beside 50,000 rows: peak MiB");
        table.add(Row::beside(what, peak(&long), peak(&short), Target::RatioAtMost(1.25)));
    }
}

/// The statement of `docs/seeding.md`, for any number of rows.
fn sessions(schema: &Schema<'_>, rows: u32) {
    schema.sql(&format!(
        "INSERT INTO report_member (membername, channel, type, data3, enterAt, exitAt, createdAt, updatedAt)
         SELECT CONCAT('agent', 1 + seq MOD 1000), ELT(1 + seq MOD 3, 'voice', 'chat', 'mail'),
           IF(seq MOD 2 = 0, 'LOGIN', 'PAUSE'), CONCAT('Profile ', 1 + seq MOD 30),
           UTC_TIMESTAMP() - INTERVAL ({rows} - seq) * 12.6 + 3600 SECOND,
           IF(seq > {rows} - 1000, NULL,
             UTC_TIMESTAMP() - INTERVAL ({rows} - seq) * 12.6 + 3540 - (seq * 7919) MOD 28800 SECOND), NOW(), NOW()
         FROM seq_1_to_{rows}"
    ));
}
