//! Archives that somebody made to do harm.
//!
//! Invariant: each is refused with 65 and a reason, nothing is written but below a private folder, and that goes.

use super::{document, packed};
use crate::support::binary::{Server, finding};
use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::Value;
use std::fs;
use std::process::Command;
use tar::{EntryType, Header};

const MAIN: (&str, EntryType, &str, &[u8]) =
    ("etc/nginx/nginx.conf", EntryType::Regular, "", b"events {}\nhttp {}\n");

/// A packed tar, written without a packer's care for names.
fn archive(entries: &[(&str, EntryType, &str, &[u8])]) -> Vec<u8> {
    let mut tar = tar::Builder::new(GzEncoder::new(Vec::new(), Compression::default()));
    for (name, kind, link, bytes) in entries {
        let mut header = Header::new_gnu();
        header.set_entry_type(*kind);
        header.set_size(bytes.len() as u64);
        header.as_mut_bytes()[..name.len()].copy_from_slice(name.as_bytes());
        header.as_mut_bytes()[157..157 + link.len()].copy_from_slice(link.as_bytes());
        header.set_mode(0o6777);
        header.set_cksum();
        tar.append(&header, *bytes).unwrap();
    }
    tar.into_inner().unwrap().finish().unwrap()
}

/// What is said of an archive, and that its private folder is gone.
fn said(bytes: &[u8]) -> Value {
    let place = tempfile::tempdir().unwrap();
    let (file, temporary) = (place.path().join("evil.tar.gz"), place.path().join("tmp"));
    fs::write(&file, bytes).unwrap();
    fs::create_dir(&temporary).unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_motionctl"))
        .args(["check", "--json", "--root"])
        .arg(&file)
        .env("TMPDIR", &temporary)
        .output()
        .unwrap();
    assert_eq!(fs::read_dir(&temporary).unwrap().count(), 0, "what was unpacked is gone");
    assert_eq!(fs::read_dir(place.path()).unwrap().count(), 2, "nothing was written beside it");
    serde_json::from_slice(&output.stdout).unwrap()
}

#[track_caller]
fn is_refused(bytes: &[u8], reason: &str) {
    let document = said(bytes);
    assert_eq!(document["exit_code"], 65, "{document}");
    let error = document["error"]["message"].as_str().unwrap();
    assert!(error.contains(reason), "{error}");
}

#[test]
fn names_that_climb_are_refused() {
    for name in ["../evil", "etc/../../evil", "/../evil"] {
        is_refused(&archive(&[MAIN, (name, EntryType::Regular, "", b"x")]), "leads out of it");
    }
    is_refused(&archive(&[MAIN, ("etc/x", EntryType::Link, "../../etc/shadow", b"")]), "leads out of it");
}

#[test]
fn nothing_is_written_through_a_link() {
    let outside = tempfile::tempdir().unwrap();
    let link = outside.path().to_str().unwrap();
    let evil = archive(&[
        MAIN,
        ("etc/nginx/conf.d", EntryType::Symlink, link, b""),
        ("etc/nginx/conf.d/evil.conf", EntryType::Regular, "", b"x;"),
    ]);
    is_refused(&evil, "below what is no folder");
    assert_eq!(fs::read_dir(outside.path()).unwrap().count(), 0);
}

#[test]
fn a_link_that_leads_out_shows_nothing_of_this_machine() {
    let secret = tempfile::NamedTempFile::new().unwrap();
    fs::write(secret.path(), "S3cr3t-of-this-machine;").unwrap();
    let link = secret.path().to_str().unwrap();
    let evil = archive(&[
        ("etc/nginx/nginx.conf", EntryType::Regular, "", b"include evil.conf;\nevents {}\nhttp {}\n"),
        ("etc/nginx/evil.conf", EntryType::Symlink, link, b""),
    ]);
    let document = said(&evil);
    assert!(!document.to_string().contains("S3cr3t"), "{document}");
    assert_eq!(document["exit_code"], 69, "no site of Motion's is in it: {document}");
}

#[test]
fn devices_and_pipes_are_not_made() {
    let evil = archive(&[
        MAIN,
        ("etc/nginx/conf.d/zero", EntryType::Char, "", b""),
        ("etc/nginx/conf.d/pipe", EntryType::Fifo, "", b""),
    ]);
    assert_eq!(said(&evil)["exit_code"], 69, "only what it lacks is said");
}

#[test]
fn bombs_and_a_million_entries_are_refused() {
    is_refused(
        &archive(&[MAIN, ("etc/nginx/big.conf", EntryType::Regular, "", &vec![0; 80 << 20])]),
        "holds too much",
    );
    let empty = ("etc/nginx/x", EntryType::Regular, "", &b""[..]);
    is_refused(&archive(&vec![empty; 200_001]), "200000 entries");
}

#[test]
fn what_is_no_archive_is_told_with_what_to_ask_for() {
    for (bytes, reason) in
        [(&b"BZh91AY&SY"[..], "not a .tar"), (b"", "not a .tar"), (&archive(&[MAIN])[..60], "cannot be read")]
    {
        is_refused(bytes, reason);
    }
    is_refused(&archive(&[("motion.conf", EntryType::Regular, "", b"x;")]), "no nginx.conf");
    let twice = [
        ("a/etc/nginx/nginx.conf", EntryType::Regular, "", &b"x;"[..]),
        ("b/etc/nginx/nginx.conf", EntryType::Regular, "", b"x;"),
    ];
    is_refused(&archive(&twice), "several servers: a, b");
}

#[test]
fn the_settings_of_an_archive_do_not_say_what_may_run() {
    let server = Server::copy("standalone");
    server.write("etc/motionctl/config.toml", "accept = [\"config.runs-code\"]\n");
    server.replace("etc/nginx/nginx.conf", "user", "load_module /evil.so;\nuser");
    let (_place, archive) = packed(server.path(), &["."]);
    let plan = document(&["plan"], &archive);
    let code = finding(&plan, "config.runs-code");
    assert_eq!((&code["level"], &code["accepted"]), (&"stop".into(), &false.into()), "{plan}");
}
