//! How cost grows: 200, 2,000, 20,000 of something, and by which power of that its CPU time follows.
//!
//! Invariant: the larger of both steps counts, since what a start costs hides the growth of the first one.

use crate::Bench;
use crate::files::{self, Texts};
use crate::measure::{Job, median_run};
use crate::table::{Row, Table};
use crate::trees::{self, Tree};
use crate::{backup, seeding};
use std::path::Path;

const SIZES: [usize; 3] = [200, 2_000, 20_000];
/// More than this is no straight line.
const MOST: f64 = 1.1;
/// The large ones take long, and a power of ten hides a few percent.
const RUNS: usize = 3;

pub fn plan(bench: &Bench, table: &mut Table) {
    let costs = SIZES.map(|count| {
        let tree = Tree::new(&|nginx: &Path| trees::included_files(nginx, count));
        cpu(bench, &files::plan_of(&tree))
    });
    add(table, "plan --root by included files", costs);
}

pub fn check(bench: &Bench, table: &mut Table) {
    let costs = SIZES.map(|count| {
        let tree = Tree::new(&|nginx: &Path| trees::server_blocks(nginx, count));
        cpu(bench, &files::check_of(&tree))
    });
    add(table, "check --root by server blocks", costs);
}

pub fn diff(bench: &Bench, table: &mut Table) {
    // One line of seventy differs, as in the row that has a peer.
    add(
        table,
        "diff by lines",
        SIZES.map(|lines| cpu(bench, &Texts::new(lines, (lines / 70).max(1)).diff())),
    );
}

pub fn parse(_: &Bench, table: &mut Table) {
    add(
        table,
        "parse and print by lines",
        SIZES.map(|lines| files::parse_and_print(trees::lines(lines).as_bytes())),
    );
}

pub fn backup(bench: &Bench, table: &mut Table) {
    add(table, "apply --root by files beside", backup::growth(bench));
}

pub fn seed(bench: &Bench, table: &mut Table) {
    add(table, "seed apply by memberships", seeding::growth(bench.runs.min(RUNS)));
}

fn cpu(bench: &Bench, job: &Job) -> f64 {
    median_run((0..bench.runs.min(RUNS)).map(|_| job.run()).collect()).cpu
}

fn add(table: &mut Table, what: &str, [small, middle, large]: [f64; 3]) {
    let exponent = (middle / small).log10().max((large / middle).log10());
    let figure = format!("growth of {what} ({small:.3}, {middle:.3}, {large:.3} s): exponent");
    table.add(Row::limit(figure, exponent, MOST));
}
