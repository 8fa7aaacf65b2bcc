//! Driver five: the power goes. What a command asked of its disks is recorded below the file system, and replayed:
//! at every flush, with what was not flushed there, gone, or there in part.
//!
//! A killed process leaves everything that it wrote; a machine that loses its power leaves what was flushed and any
//! part of the rest. So this is where a missing fsync, of a file or of a folder, is seen.
//!
//! Invariant: every image is mounted by the real file system, which recovers itself first.

mod claims;
mod disk;
mod recorder;
mod recording;

use super::judge::Judge;
use super::scenario::{ALL, Scenario, run};
use super::table::{End, Table};
use super::{in_parallel, is_wanted, trace};
use crate::support::depth;
use crate::support::mount::leave_the_machine_alone;
use crate::support::tree_state::state;
use claims::Claims;
use disk::{Kind, missing};
use motionctl::values::Hash;
use recording::{Bench, Layout, Left, Recording};
use std::collections::BTreeMap;
use std::path::Path;
use std::process::Output;
use std::sync::Mutex;

/// Of the moments a sample takes so many, in each row.
const SAMPLE: usize = 3;
/// How often a part of the unsynced writes is drawn, in a sample and in all.
const DRAWN: [u64; 2] = [1, 20];

/// A command of the matrices on these disks.
struct Row {
    scenario: &'static str,
    kind: Kind,
    layout: Layout,
}

const ROWS: [Row; 13] = [
    on(Kind::Ext4, Layout::One, "apply: one file"),
    on(Kind::Ext4, Layout::One, "apply: two files, equal contents"),
    on(Kind::Ext4, Layout::One, "apply: new folders"),
    on(Kind::Ext4, Layout::One, "rollback: two files"),
    on(Kind::Ext4, Layout::One, "rollback: new folders"),
    on(Kind::Ext4, Layout::One, "rollback: whole tree"),
    on(Kind::Ext4, Layout::One, "recover: undo new folders"),
    on(Kind::Ext4, Layout::One, "backups prune"),
    on(Kind::Ext4, Layout::Var, "apply: new folders"),
    on(Kind::Ext4, Layout::Var, "rollback: two files"),
    on(Kind::Xfs, Layout::One, "apply: new folders"),
    on(Kind::Btrfs, Layout::One, "apply: new folders"),
    on(Kind::Btrfs, Layout::Var, "rollback: new folders"),
];

/// Disks that take nothing: the command says so, and the power goes all the same.
const REFUSED: [Row; 4] = [
    on(Kind::Ext4, Layout::VarFull, "apply: new folders"),
    on(Kind::Ext4, Layout::VarFull, "rollback: two files"),
    on(Kind::Ext4, Layout::VarReadOnly, "apply: new folders"),
    on(Kind::Ext4, Layout::VarReadOnly, "rollback: two files"),
];

const fn on(kind: Kind, layout: Layout, scenario: &'static str) -> Row {
    Row { scenario, kind, layout }
}

impl Row {
    fn name(&self) -> String {
        let var = match self.layout {
            Layout::One => "",
            Layout::Var => ", /var apart",
            Layout::VarFull => ", /var full",
            Layout::VarReadOnly => ", /var read-only",
        };
        format!("{} on {}{var}", self.scenario, self.kind.name())
    }

    fn scenario(&self) -> &'static Scenario {
        ALL.iter().find(|scenario| scenario.name == self.scenario).expect("a row of the matrices")
    }
}

#[test]
fn a_power_cut_leaves_the_old_server_or_the_new_one() {
    conclude(&ROWS, "power cuts");
}

#[test]
fn a_var_that_is_full_or_read_only_changes_nothing_and_survives_a_power_cut() {
    conclude(&REFUSED, "power cuts, where var takes nothing");
}

/// The test of the test: a command whose flushes do nothing must not pass.
#[test]
fn a_command_that_makes_nothing_durable_is_caught() {
    let row = &ROWS[0];
    if std::thread::scope(|scope| scope.spawn(|| missing(row.kind)).join().expect("a thread that looks"))
        .is_some()
    {
        return;
    }
    for calls in ["fsync", "fdatasync", "syncfs", "fsync,fdatasync,syncfs"] {
        let command = |tree: &Path| trace::without(row.scenario(), tree, calls);
        let table = cut(row, &command, Table::default());
        assert!(!table.complaints.is_empty(), "nobody misses {calls}");
    }
}

fn conclude(rows: &[Row], name: &str) {
    let mut table = Table::default();
    for row in rows.iter().filter(|row| is_wanted(&row.name())) {
        let missing = std::thread::scope(|scope| {
            scope.spawn(|| missing(row.kind)).join().expect("a thread that looks")
        });
        match missing {
            Some(why) => depth::report(&format!("{name}, {}: SKIPPED, {}", row.name(), why.trim()), ""),
            None => table = cut(row, &|tree| run(tree, row.scenario().command, 0).output, table),
        }
    }
    table.conclude(name);
}

fn cut(row: &Row, command: &(dyn Fn(&Path) -> Output + Sync), table: Table) -> Table {
    let name = row.name();
    let judge = Judge::new(row.scenario());
    let start = judge.start.path();
    let record = || {
        leave_the_machine_alone();
        Recording::of(row.kind, row.layout, start, command)
    };
    let recording = std::thread::scope(|scope| scope.spawn(record).join().expect("a recording"));
    let is_refused = matches!(row.layout, Layout::VarFull | Layout::VarReadOnly);
    assert_eq!(recording.output.status.success(), !is_refused, "{name}: {:?}", recording.output);
    let all = recording.moments();
    let moments = depth::evenly(&all, SAMPLE);
    let seen = Seen { judge: &judge, claims: Claims::new(start), known: Mutex::default(), is_refused };
    let mut table = in_parallel(row.kind.at_a_time(), &moments, table, |&moment, table| {
        leave_the_machine_alone();
        let bench = Bench::new(row.layout.disks());
        let drawn = DRAWN[usize::from(depth::is_deep())];
        for left in recording.left(moment, drawn, depth::seed()) {
            let end = seen.after(&recording, &bench, moment, &left);
            let mut table = table.lock().expect("nobody panics");
            table.run(&name);
            table.fired(&name, *end.as_ref().unwrap_or(&End::Mixed));
            table.complaints.extend(end.err().map(|why| format!("{name}, {moment}, left {left:?}: {why}")));
        }
    });
    let trees = seen.known.lock().expect("nobody panics").len();
    let exit = recording.output.status.code().unwrap_or(-1);
    let note = format!("exit {exit}; {} of {} moments; {trees} different trees", moments.len(), all.len());
    table.note(&name, note);
    table
}

/// What is known of the trees that came of the cuts: most images hold one that was seen before.
struct Seen<'a> {
    judge: &'a Judge<'a>,
    claims: Claims,
    known: Mutex<BTreeMap<Hash, Result<End, String>>>,
    is_refused: bool,
}

impl Seen<'_> {
    fn after(&self, recording: &Recording, bench: &Bench, moment: usize, left: &Left) -> Result<End, String> {
        let tree = recording.mount(bench, moment, left)?;
        if recording.is_over(moment) {
            self.claims.are_closed(tree.path())?;
        }
        let key = Hash::of(format!("{:?}", state(tree.path())).as_bytes());
        let known = self.known.lock().expect("nobody panics").get(&key).cloned();
        let end = known.unwrap_or_else(|| {
            let end = self.judge(tree.path());
            self.known.lock().expect("nobody panics").insert(key, end.clone());
            end
        })?;
        let promised = if self.is_refused { End::Old } else { End::New };
        if (self.is_refused || recording.is_over(moment)) && end != promised {
            return Err(format!("the command was over, and the tree is the {end:?} one"));
        }
        Ok(end)
    }

    fn judge(&self, tree: &Path) -> Result<End, String> {
        let judge = self.judge;
        judge.files_are_whole(tree)?;
        self.claims.hold(tree)?;
        if judge.scenario.command[0] != "backups" && !judge.scenario.command.contains(&"--whole-tree") {
            judge.starts(tree)?;
        }
        // On a disk that is full from the start not even the lock can be made, and nothing was begun.
        if !self.is_refused || tree.join("var/lib/motionctl/lock").exists() {
            judge.recover_twice(tree)?;
        }
        judge.judge(tree)
    }
}
