//! What a backup, and going back to one, costs with the files that it holds.
//!
//! Invariant: work is counted, not timed: the system calls of the command's own thread, as strace shows them.

use crate::support::binary::{Server, binary};
use std::collections::BTreeMap;
use std::process::Stdio;

/// Everything that reaches a disk's cache.
const FLUSHES: &str = "fsync,fdatasync,syncfs,sync_file_range";
/// How many files that NGINX does not read lie in the folder; and twice as many.
const FILES: usize = 60;

/// A server with so many files beside its configuration.
fn with_files(number: usize) -> Server {
    let server = Server::copy("standalone");
    for file in 0..number {
        server.write(&format!("etc/nginx/more/{}/{file}.txt", file / 20), format!("contents of {file}"));
    }
    server
}

/// How often a command that ends well makes each call.
fn calls(server: &Server, arguments: &[&str]) -> BTreeMap<String, usize> {
    let log = tempfile::NamedTempFile::new().expect("a file");
    let mut command = std::process::Command::new("strace");
    command.args(["-s", "0", "-o"]).arg(log.path()).arg(format!("--trace={FLUSHES},openat,newfstatat,read"));
    command.arg(binary().get_program()).args(server.arguments(arguments));
    let output = command.stdin(Stdio::null()).output().expect("strace is installed");
    assert!(output.status.success(), "{arguments:?}: {output:?}");
    let text = String::from_utf8_lossy(&std::fs::read(log.path()).expect("its log")).into_owned();
    let mut counts = BTreeMap::new();
    for name in text.lines().filter_map(|line| line.split_once('(')).map(|(name, _)| name) {
        *counts.entry(name.to_owned()).or_default() += 1;
    }
    counts
}

/// What so many more files cost the command, call by call.
fn grown(once: &BTreeMap<String, usize>, twice: &BTreeMap<String, usize>, call: &str) -> usize {
    let of = |counts: &BTreeMap<String, usize>| counts.get(call).copied().unwrap_or_default();
    of(twice).saturating_sub(of(once))
}

#[test]
fn a_backup_is_made_durable_by_as_many_flushes_however_many_files_it_holds() {
    let [once, twice] = [FILES, 2 * FILES].map(|files| calls(&with_files(files), &["apply", "--yes"]));
    for flush in FLUSHES.split(',') {
        assert_eq!(grown(&once, &twice, flush), 0, "{flush}: {once:?} and {twice:?}");
    }
    assert_eq!(once.get("syncfs"), Some(&1), "{once:?}");
    // Each file is opened to be copied, made in the backup and read again; the way to its folder is walked for the folder.
    assert!(grown(&once, &twice, "openat") < 4 * FILES, "{once:?} and {twice:?}");
    assert!(grown(&once, &twice, "newfstatat") < 14 * FILES, "{once:?} and {twice:?}");
}

#[test]
fn going_back_opens_and_reads_what_goes_back_however_many_files_the_backup_holds() {
    let [once, twice] = [FILES, 2 * FILES].map(|files| {
        let server = with_files(files);
        assert_eq!(server.run(&["apply", "--yes"]).code, 0);
        calls(&server, &["rollback", "--yes"])
    });
    for call in ["openat", "newfstatat", "read"] {
        // The folders that they lie in, and the longer list of what the backup holds.
        assert!(grown(&once, &twice, call) < FILES / 3, "{call}: {once:?} and {twice:?}");
    }
}
