//! Files that are written where `--out` says.
//!
//! Invariant: what stands where a file is to be written is either replaced whole or as it was.

use super::commands::{file, seed};
use super::support::{Db, EXAMPLE};
use crate::support::binary::{Server, binary, motionctl};
use serde_json::Value;
use std::fs;
use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::Stdio;

fn text(path: &Path) -> &str {
    path.to_str().expect("a path of text")
}

/// Things that are no plain file, by what they are called.
fn others(folder: &Path) -> [(PathBuf, &'static str); 4] {
    let [link, pipe, folder, kept] =
        ["link", "pipe", "folder", "kept"].map(|name| folder.join(format!("a-{name}")));
    fs::write(&kept, "kept").expect("writing");
    symlink(&kept, &link).expect("a link");
    fs::set_permissions(&kept, fs::Permissions::from_mode(0o644)).expect("a mode");
    nix::unistd::mkfifo(&pipe, nix::sys::stat::Mode::S_IRWXU).expect("a pipe");
    fs::create_dir(&folder).expect("a folder");
    let dangling = folder.join("dangling");
    symlink("/nonexistent/motionctl", &dangling).expect("a link");
    [(link, "a link"), (dangling, "a link"), (pipe, "a device, a pipe or a socket"), (folder, "a folder")]
}

/// What must be as it was.
fn untouched(folder: &Path) {
    let kept = folder.join("a-kept");
    assert_eq!(fs::read_to_string(&kept).expect("reading"), "kept");
    assert_eq!(fs::metadata(&kept).expect("there").permissions().mode() & 0o777, 0o644);
    assert!(fs::symlink_metadata(folder.join("a-pipe")).expect("there").file_type().is_fifo());
    let names = fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").file_name());
    let left: Vec<_> = names.filter(|name| name.to_string_lossy().starts_with(".motionctl-")).collect();
    assert!(left.is_empty(), "{left:?}");
}

#[test]
fn only_a_plain_file_is_replaced() {
    let db = Db::in_file();
    let manifest = file(&db, "m.yaml", EXAMPLE);
    let url = db.url();
    for (path, what) in others(&db.folder()) {
        let discover = ["seed", "schema", "discover", "--db", &url, "--out", text(&path), "--force"];
        for answer in [seed(&db, "plan", &manifest, &["--out", text(&path)]), motionctl(discover)] {
            assert_eq!(answer.code, 3, "{}: {answer:?}", path.display());
            assert!(answer.stdout.contains(&format!("{what} stands there")), "{}", answer.stdout);
        }
    }
    untouched(&db.folder());
    let plain = db.folder().join("plan.json");
    fs::write(&plain, "x".repeat(1_000_000)).expect("writing");
    fs::set_permissions(&plain, fs::Permissions::from_mode(0o666)).expect("a mode");
    let before = fs::metadata(&plain).expect("there").ino();
    assert_eq!(seed(&db, "plan", &manifest, &["--out", text(&plain)]).code, 0);
    let after = fs::metadata(&plain).expect("there");
    assert_eq!(after.permissions().mode() & 0o777, 0o600);
    assert_ne!(after.ino(), before, "whoever has the old file open reads the old one to its end");
    assert_eq!(
        serde_json::from_slice::<Value>(&fs::read(&plain).expect("reading")).expect("JSON")["motionctl_seed_plan"],
        1
    );
}

#[test]
fn what_a_plan_is_made_from_is_not_replaced() {
    for db in Db::both() {
        let manifest = file(&db, "m.yaml", EXAMPLE);
        let (hard, map) = (db.folder().join("hard.yaml"), db.map_file());
        fs::hard_link(&manifest, &hard).expect("a link");
        let mut files = vec![manifest.clone(), hard.clone()];
        files.push(if db.is_server() { map } else { db.file() });
        for path in files {
            let before = fs::read(&path).expect("reading");
            let answer = seed(&db, "plan", &manifest, &["--out", text(&path)]);
            assert_eq!(answer.code, 3, "{}: {answer:?}", path.display());
            assert!(answer.stdout.contains("this is the file that was read"), "{}", answer.stdout);
            assert!(fs::read(&path).expect("reading") == before, "{}", path.display());
        }
        let mut command = binary();
        command.args(["seed", "plan", "-", "--db", &db.url(), "--out", text(&manifest)]);
        if db.is_server() {
            command.arg("--map").arg(db.map_file());
        }
        command.stdin(Stdio::from(fs::File::open(&manifest).expect("reading")));
        let answer = crate::support::said::answer(&command.output().expect("the binary starts"));
        assert_eq!(answer.code, 3, "{answer:?}");
        assert!(fs::read_to_string(&manifest).expect("reading").starts_with('#'));
    }
}

/// The migration's plan is written by the same hand.
#[test]
fn a_saved_migration_replaces_nothing_that_it_is_about() {
    let server = Server::copy("standalone");
    let folder = tempfile::tempdir().expect("a folder");
    for (path, what) in others(folder.path()) {
        let answer = server.run(&["plan", "--out", text(&path)]);
        assert_eq!(answer.code, 3, "{answer:?}");
        assert!(answer.stdout.contains(&format!("{what} stands there")), "{}", answer.stdout);
    }
    untouched(folder.path());
    let live = server.at(crate::support::binary::SITE);
    let before = fs::read(&live).expect("reading");
    let base = folder.path().join("base.conf");
    fs::write(&base, &before).expect("writing");
    for path in [&live, &base] {
        let answer = server.run(&["plan", "--base", text(&base), "--out", text(path)]);
        assert_eq!(answer.code, 3, "{answer:?}");
        assert!(answer.stdout.contains("this is the file that was read"), "{}", answer.stdout);
        assert_eq!(fs::read(path).expect("reading"), before);
    }
}
