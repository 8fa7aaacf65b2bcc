//! Backups of a large configuration folder: taking one and verifying it, going back from it, and what memory that takes.
//!
//! Invariant: what is written lies on a real disk, below the target folder, and is flushed by both sides; what was
//! written is removed again between two runs, so that each begins as the first did.

use crate::Bench;
use crate::measure::{Job, Run, median_run};
use crate::table::{Row, Table, Target};
use crate::trees::Tree;
use std::fs;
use std::path::{Path, PathBuf};

/// 1.06 GB.
const FILES: usize = 20_000;
const BYTES: usize = 53_000;
/// A gigabyte is written several times in each: more runs would make the disk the only thing that is measured.
const RUNS: usize = 3;

pub fn backup(bench: &Bench, table: &mut Table) {
    let place = Place::new(bench);
    let (large, small) = (place.tree(FILES, BYTES), place.tree(1, BYTES));
    let [mut apply, mut verify, mut back, mut back_small, mut peer] = [const { Vec::new() }; 5];
    for _ in 0..bench.runs.min(RUNS) {
        apply.push(on(&large, &["apply", "--yes"]));
        peer.push(place.peer(&large));
        verify.push(on(&large, &["backups", "verify"]));
        back.push(on(&large, &["rollback", "--yes"]));
        on(&small, &["apply", "--yes"]);
        back_small.push(on(&small, &["rollback", "--yes"]));
        forget(&large);
        forget(&small);
    }
    let [apply, verify, back, back_small, peer] = [apply, verify, back, back_small, peer].map(median_run);
    let what = "apply --root, backup of 1 GB in 20,000 files, beside cp, sync, sha256sum";
    table.add(Row::beside(format!("{what}: wall s"), apply.wall, peer.wall, Target::RatioAtMost(1.0)));
    table.add(Row::beside(format!("{what}: CPU s"), apply.cpu, peer.cpu, Target::None));
    let what = "rollback of one file from that backup, beside one from a small backup: wall s";
    table.add(Row::beside(what, back.wall, back_small.wall, Target::MoreByAtMost(0.5)));
    for (name, run) in [("apply", apply), ("backups verify", verify), ("rollback", back)] {
        table.add(Row::limit(format!("{name}, 1 GB in 20,000 files: peak MiB"), run.peak, 40.0));
    }
}

/// CPU seconds of an apply with 200, 2,000 and 20,000 files beside the configuration, of 1 kB each.
pub fn growth(bench: &Bench) -> [f64; 3] {
    let place = Place::new(bench);
    [200, 2_000, 20_000].map(|files| {
        let tree = place.tree(files, 1_000);
        let run = || {
            let run = on(&tree, &["apply", "--yes"]);
            on(&tree, &["rollback", "--yes"]);
            forget(&tree);
            run
        };
        median_run((0..bench.runs.min(RUNS)).map(|_| run()).collect()).cpu
    })
}

fn on(tree: &Tree, words: &[&str]) -> Run {
    Job::ours(words).and("--json").and("--root").and(tree.path()).run()
}

/// Removes journal and backups.
fn forget(tree: &Tree) {
    for folder in ["var/lib/motionctl", "var/backups/motionctl"] {
        fs::remove_dir_all(tree.at(folder)).expect("a run leaves it");
    }
}

/// A folder on a disk.
struct Place(tempfile::TempDir);

impl Place {
    fn new(bench: &Bench) -> Self {
        Self(tempfile::Builder::new().prefix("bench-disk-").tempdir_in(&bench.target).expect("a folder"))
    }

    /// A tree with so many more files in `/etc/nginx`, which no directive names.
    fn tree(&self, files: usize, bytes: usize) -> Tree {
        Tree::within(self.0.path(), &|nginx| {
            for number in 0..files {
                let folder = nginx.join(format!("kept/{}", number / 100));
                fs::create_dir_all(&folder).expect("a folder");
                fs::write(folder.join(number.to_string()), content(number, bytes)).expect("writing");
            }
        })
    }

    fn peer(&self, tree: &Tree) -> Run {
        let copy: PathBuf = self.0.path().join("copy");
        let shown = |path: &Path| path.display().to_string();
        let (from, to) = (shown(&tree.at("etc/nginx")), shown(&copy));
        let run = Job::script(&format!(
            "cp -a {from} {to}; sync -f {to}; cd {to}; find . -type f -print0 | xargs -0 sha256sum >{to}.sums"
        ))
        .run();
        fs::remove_dir_all(&copy).expect("what it copied");
        run
    }
}

/// Bytes that are another file's in no place.
fn content(number: usize, bytes: usize) -> Vec<u8> {
    (0..bytes / 8)
        .flat_map(|word| ((number * bytes + word) as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15).to_le_bytes())
        .collect()
}
