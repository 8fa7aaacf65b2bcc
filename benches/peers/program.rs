//! The program itself: how large it is, how long it takes to start, and what `make demo` has to build.
//!
//! Invariant: builds go to folders of their own, which are removed; the measured binary is never built again.

use crate::Bench;
use crate::measure::Job;
use crate::table::{Row, Table, Target};
use std::fs;

const BINARY: &str = env!("CARGO_BIN_EXE_motionctl");

/// The binary of this run: that of a release, and the kill points and counters of the tests, which are some kilobytes.
pub fn size(_: &Bench, table: &mut Table) {
    let bytes = fs::metadata(BINARY).expect("the binary").len();
    table.add(Row::limit("release binary: MB", bytes as f64 / 1e6, 10.0));
}

pub fn start(_: &Bench, table: &mut Table) {
    let report = tempfile::NamedTempFile::new().expect("a file");
    let words = ["hyperfine", "-N", "--warmup", "10", "--runs", "200", "--export-json"];
    Job::new(words).and(report.path()).and(format!("{BINARY} --version")).and("true").run();
    let text = fs::read_to_string(report.path()).expect("what hyperfine wrote");
    let json: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    let millis = |which: usize| json["results"][which]["median"].as_f64().expect("a median") * 1e3;
    let row = Row::beside("start, --version beside true: wall ms", millis(0), millis(1), Target::AtMost(5.0));
    table.add(row);
}

/// How a release was built on 28 November 2026, and with it the demo.
const FORMER_RELEASE: [&str; 4] = [
    "env",
    "CARGO_PROFILE_RELEASE_LTO=thin",
    "CARGO_PROFILE_RELEASE_CODEGEN_UNITS=1",
    "CARGO_PROFILE_RELEASE_OPT_LEVEL=3",
];

/// What `make demo` compiles, beside what it compiled before: both from nothing.
pub fn demo(bench: &Bench, table: &mut Table) {
    let [demo, release] = ["demo", "release"].map(|profile| {
        let folder =
            tempfile::Builder::new().prefix("bench-build-").tempdir_in(&bench.target).expect("a folder");
        let build = [env!("CARGO"), "build", "--quiet", "--locked", "--profile", profile, "--manifest-path"];
        let manifest = concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml");
        Job::new(FORMER_RELEASE.into_iter().chain(build))
            .and(manifest)
            .and("--target-dir")
            .and(folder.path())
            .run()
    });
    let what = "make demo from a clone, beside the release of 28 November 2026";
    table.add(Row::beside(format!("{what}: CPU s"), demo.cpu, release.cpu, Target::RatioAtMost(0.4)));
    table.add(Row::beside(format!("{what}: wall s"), demo.wall, release.wall, Target::None));
}
