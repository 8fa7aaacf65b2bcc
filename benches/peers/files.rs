//! Reading configurations: `plan`, `check` and `diff` as whole processes, and the parser alone.
//!
//! Invariant: both sides are given the same files. `nginx -t` and the binary read the same tree, the one by `--root`,
//! the other in its place on a machine of its own; both parsers print what they have read, and the text is compared.

use crate::Bench;
use crate::measure::{Job, Run, by_turns, median};
use crate::table::{Row, Table, Target};
use crate::trees::{self, Tree};
use nginx_config::Tree as Configuration;
use nix::time::{ClockId, clock_gettime};
use std::fs;
use std::hint::black_box;
use std::path::{Path, PathBuf};

/// Included files of the large tree.
const FILES: usize = 2_000;
const BLOCKS: usize = 10_000;
/// Lines of the large file, and how many of them differ.
const LINES: usize = 35_000;
const EDITS: usize = 500;

/// `nginx -t`, as a person calls it.
const NGINX_TEST: [&str; 3] = ["nginx", "-q", "-t"];

pub fn plan(bench: &Bench, table: &mut Table) {
    let edit = |nginx: &Path| trees::included_files(nginx, FILES);
    let (tree, machine) = (Tree::new(&edit), trees::machine(&edit));
    let (ours, peer) =
        by_turns(bench.runs, || plan_of(&tree).run(), || Job::new(NGINX_TEST).run_on(&machine));
    let what = "plan --root, 2,000 included files, beside nginx -t";
    beside(table, what, &ours, &peer, Target::RatioAtMost(2.0));
    table.add(Row::limit("plan --root, 2,000 included files: peak MiB", ours.peak, 35.0));
}

pub fn check(bench: &Bench, table: &mut Table) {
    let edit = |nginx: &Path| trees::server_blocks(nginx, BLOCKS);
    let (tree, machine) = (Tree::new(&edit), trees::machine(&edit));
    let (ours, peer) =
        by_turns(bench.runs, || check_of(&tree).run(), || Job::new(NGINX_TEST).run_on(&machine));
    let what = "check --root, 10,000 server blocks, beside nginx -t";
    beside(table, what, &ours, &peer, Target::RatioAtMost(2.0));
}

pub fn diff(bench: &Bench, table: &mut Table) {
    let texts = Texts::new(LINES, EDITS);
    let peer = Job::new(["diff", "-u"]).and(&texts.old).and(&texts.new).ending_with(&[1]);
    let (ours, peer) = by_turns(bench.runs, || texts.diff().run(), || peer.run());
    let what = "diff, 35,000 lines, 500 edits, beside diff -u";
    beside(table, what, &ours, &peer, Target::RatioAtMost(5.0));
    table.add(Row::limit("diff, two files of 1 MB: peak MiB", ours.peak, 25.0));
}

pub fn parse(bench: &Bench, table: &mut Table) {
    let texts = Texts::new(LINES, 0);
    let text = fs::read(&texts.old).expect("reading");
    assert_eq!(Configuration::parse(&text[..]).expect("it lexes").print(), text, "bytes are lost");
    let python = bench.target.join("tools/crossplane/bin/python3");
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/benches/peers/crossplane_peer.py");
    let peer = Job::new([&python]).and(script).and(&texts.old);
    let (mut ours, mut peers) = (Vec::new(), Vec::new());
    for _ in 0..bench.runs {
        ours.push(parse_and_print(&text));
        peers.push(peer.run().said.trim().parse().expect("the seconds that it printed"));
    }
    let what = "parse and print 35,000 lines, library alone, beside crossplane: CPU s";
    table.add(Row::beside(what, median(ours), median(peers), Target::TimesAtLeast(100.0)));
}

/// CPU seconds with its target, and wall seconds to be compared with.
fn beside(table: &mut Table, what: &str, ours: &Run, peer: &Run, target: Target) {
    table.add(Row::beside(format!("{what}: CPU s"), ours.cpu, peer.cpu, target));
    table.add(Row::beside(format!("{what}: wall s"), ours.wall, peer.wall, Target::None));
}

/// CPU seconds of one pass, in this process; of several the median, as the peer's script does.
pub fn parse_and_print(text: &[u8]) -> f64 {
    let pass = || {
        let start = cpu_clock();
        black_box(Configuration::parse(black_box(text)).expect("it lexes").print());
        cpu_clock() - start
    };
    pass();
    median((0..9).map(|_| pass()).collect())
}

fn cpu_clock() -> f64 {
    let time = clock_gettime(ClockId::CLOCK_PROCESS_CPUTIME_ID).expect("every Linux has it");
    time.tv_sec() as f64 + time.tv_nsec() as f64 / 1e9
}

/// Exits as where the change waits for a finding, too: what is measured is the looking.
pub fn plan_of(tree: &Tree) -> Job {
    Job::ours(["plan", "--json", "--root"]).and(tree.path()).ending_with(&[0, 3])
}

pub fn check_of(tree: &Tree) -> Job {
    Job::ours(["check", "--json", "--root"]).and(tree.path()).ending_with(&[0, 3])
}

/// Two texts of a configuration as files.
pub struct Texts {
    _folder: tempfile::TempDir,
    pub old: PathBuf,
    pub new: PathBuf,
}

impl Texts {
    pub fn new(lines: usize, edits: usize) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let (old, new) = (folder.path().join("old.conf"), folder.path().join("new.conf"));
        let text = trees::lines(lines);
        fs::write(&new, trees::edited(&text, edits)).expect("writing");
        fs::write(&old, text).expect("writing");
        Self { _folder: folder, old, new }
    }

    pub fn diff(&self) -> Job {
        Job::ours(["diff"]).and(&self.old).and(&self.new).ending_with(&[2])
    }
}
