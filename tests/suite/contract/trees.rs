//! `apply` and `rollback` on a copied tree: written below it and nowhere else.

use super::shape::check;
use crate::support::binary::{SITE, Server, codes, finding};
use crate::support::bundles::bundle_with;
use crate::support::tree_state::untouched;
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;
use walkdir::DirEntry;

/// What is exact to the byte and the attribute after a rollback; the change
/// time of an inode cannot be put back.
fn exact(path: &Path) -> (Vec<u8>, u32, u32, u32, i64, i64) {
    let found = fs::metadata(path).expect("a file");
    let bytes = fs::read(path).expect("readable");
    (bytes, found.mode(), found.uid(), found.gid(), found.mtime(), found.mtime_nsec())
}

const FIXTURES: [(&str, &[&str]); 6] = [
    ("standalone", &["graft", "replace"]),
    ("customised", &["graft", "replace"]),
    ("redirect-in-location", &["graft", "replace"]),
    ("shared-include", &["graft", "replace"]),
    ("variables", &["graft", "replace"]),
    // A template replaces one file, and here two serve Motion.
    ("duplicate-server", &["graft"]),
];

#[test]
fn applied_once_and_rolled_back_exactly() {
    let outside = untouched(Path::new("/etc/nginx"));
    for (name, strategies) in FIXTURES {
        for strategy in strategies {
            there_and_back(name, strategy);
        }
    }
    assert!(outside == untouched(Path::new("/etc/nginx")), "the machine was touched");
}

fn there_and_back(name: &str, strategy: &str) {
    let server = Server::copy(name);
    let entries = walkdir::WalkDir::new(server.path()).into_iter().flatten();
    let files: Vec<_> =
        entries.filter(|entry| entry.file_type().is_file()).map(DirEntry::into_path).collect();
    let odd = server.at("etc/nginx/mime.types");
    fs::set_permissions(&odd, fs::Permissions::from_mode(0o640)).expect("chmod");
    let before: Vec<_> = files.iter().map(|path| exact(path)).collect();

    // A replacement drops the `allow` and `deny` that one of them has.
    let applied = server.json(&["apply", "--yes", "--strategy", strategy, "--accept", "routes.unguarded"]);
    check(&applied, "apply");
    assert_eq!(applied["outcome"], "applied", "{name} {strategy}: {applied:#}");
    assert!(applied.get("reload").is_none() && applied.get("probes").is_none(), "{applied:#}");
    assert_eq!(applied["backup"]["verified"], true);
    let changed: Vec<_> = files.iter().zip(&before).filter(|(path, was)| exact(path) != **was).collect();
    let steps = applied["plan"]["steps"].as_array().expect("steps");
    // The base is kept beside the journal, and local changes in the folder of the settings.
    let (own, steps): (Vec<_>, Vec<_>) = steps.iter().partition(|step| {
        let path = step["path"].to_string();
        path.contains("/var/lib/motionctl/") || path.contains("/etc/motionctl")
    });
    let kinds: Vec<_> = own.iter().filter_map(|step| step["kind"].as_str()).collect();
    assert_eq!(kinds, ["make-folder", "make-folder", "create-file", "create-file"], "{own:#?}");
    assert_eq!(changed.len(), steps.len(), "{name} {strategy}: {changed:?} {steps:#?}");
    assert!(steps.iter().all(|step| step["kind"] == "write-file"), "{steps:#?}");

    let settled = server.state();
    let again = server.json(&["apply", "--yes", "--strategy", strategy]);
    assert_eq!(again["outcome"], "up-to-date", "{name} {strategy}: {again:#}");
    assert!(codes(&again).contains(&"routes.migrated".to_owned()), "{again:#}");
    assert!(again.get("backup").is_none(), "nothing to do makes no backup: {again:#}");
    assert_eq!(settled.differing(&server.state()), ["var/lib/motionctl/lock"], "{name} {strategy}");

    let back = server.json(&["rollback", "--yes"]);
    check(&back, "rollback");
    assert_eq!(back["outcome"], "applied", "{name} {strategy}: {back:#}");
    for (path, was) in files.iter().zip(&before) {
        assert_eq!(exact(path), *was, "{name} {strategy}: {}", path.display());
    }
}

#[test]
fn only_what_the_run_changed_is_written_and_the_store_is_private() {
    let server = Server::copy("customised");
    let before = server.state();
    server.json(&["apply", "--yes"]);
    let changed = before.differing(&server.state());
    for path in &changed {
        let expected = path == SITE
            || ["etc", "etc/nginx/conf.d", "var", "var/lib", "var/backups"].contains(&path.as_str())
            || path.starts_with("etc/motionctl")
            || path.starts_with("var/lib/motionctl")
            || path.starts_with("var/backups/motionctl");
        assert!(expected, "{path} in {changed:#?}");
    }
    for folder in ["var/lib/motionctl", "var/backups/motionctl"] {
        for entry in walkdir::WalkDir::new(server.at(folder)).into_iter().flatten() {
            let mode = entry.metadata().expect("metadata").permissions().mode() & 0o7777;
            let wanted = if entry.file_type().is_dir() { 0o700 } else { 0o600 };
            assert_eq!(mode, wanted, "{}", entry.path().display());
        }
    }
}

#[test]
fn an_edit_after_the_run_stops_the_rollback() {
    let server = Server::copy("standalone");
    let applied = server.json(&["apply", "--yes"]);
    let id = applied["backup"]["id"].as_str().expect("a backup").to_owned();
    let edited = server.read(SITE) + "# mine\n";
    server.write(SITE, &edited);
    let status = server.json(&["status", "--detailed-exitcode"]);
    assert_eq!((&status["exit_code"], &status["outcome"]), (&2.into(), &"changes-pending".into()));
    assert_eq!(status["details"]["drifted"][0], "/etc/nginx/conf.d/motion.conf");
    let refused = server.json(&["rollback", "--yes"]);
    assert_eq!((&refused["exit_code"], &refused["outcome"]), (&3.into(), &"refused".into()), "{refused:#}");
    assert!(refused["error"]["message"].to_string().contains("motion.conf"), "{refused:#}");
    assert_eq!(server.read(SITE), edited);
    let whole = server.json(&["rollback", "--yes", "--whole-tree"]);
    assert_eq!(whole["outcome"], "applied", "{whole:#}");
    assert_eq!(server.json(&["backups", "diff", &id])["exit_code"], 0);
}

#[test]
fn a_second_run_is_told_who_holds_the_lock() {
    let server = Server::copy("standalone");
    let root = motionctl::host::Root::at(server.path()).expect("a root");
    let lock = motionctl::host::WriteLock::take(&root).expect("the lock");
    let refused = server.json(&["apply", "--yes"]);
    assert_eq!(refused["exit_code"], 3, "{refused:#}");
    assert!(refused["error"]["message"].to_string().contains(&std::process::id().to_string()), "{refused:#}");
    assert_eq!(server.json(&["plan"])["exit_code"], 0, "looking needs no lock");
    drop(lock);
    assert_eq!(server.json(&["apply", "--yes"])["outcome"], "applied");
}

#[test]
fn a_template_that_nginx_refuses_changes_nothing() {
    let server = Server::copy("standalone");
    let bundle = tempfile::tempdir().expect("a folder");
    let name = bundle_with(bundle.path(), "static.conf", "try_files", "try_fyles").display().to_string();
    let before = server.state();
    for command in ["plan", "check", "rehearse"] {
        let found = server.json(&[command, "--bundle", &name]);
        assert_eq!((&found["exit_code"], &found["outcome"]), (&65.into(), &"invalid".into()), "{found:#}");
        assert!(found["error"]["message"].to_string().contains("try_fyles"), "{found:#}");
    }
    assert!(before == server.state());
    let found = server.json(&["apply", "--yes", "--bundle", &name]);
    assert_eq!(found["exit_code"], 65, "{found:#}");
    assert!(!server.at("var/backups").exists(), "nothing was backed up");
    assert_eq!(server.json(&["status"])["exit_code"], 0);
    finding(&server.json(&["check"]), "routes.missing");
}
