//! What `collect` and `report --archive` hand over.
//!
//! Invariant: it is enough for support, it has no secret, and the same server gives the same bytes.

use super::{ask, document};
use crate::redaction::{MARK, with_secrets};
use crate::support::binary::{SITE, Server};
use flate2::read::GzDecoder;
use serde_json::Value;
use std::collections::BTreeMap;
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};

/// The files of an archive.
fn unpacked(archive: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut tar = tar::Archive::new(GzDecoder::new(fs::File::open(archive).unwrap()));
    let mut files = BTreeMap::new();
    for entry in tar.entries().unwrap() {
        let mut entry = entry.unwrap();
        let path = entry.path().unwrap().into_owned();
        let mut bytes = Vec::new();
        entry.read_to_end(&mut bytes).unwrap();
        assert!(files.insert(path, bytes).is_none(), "a name twice");
    }
    files
}

fn listed(files: &BTreeMap<PathBuf, Vec<u8>>) -> Value {
    serde_json::from_slice(&files[Path::new("motionctl/files.json")]).unwrap()
}

#[test]
fn what_the_customer_collects_is_enough_for_the_plan_that_the_server_would_make() {
    let server = Server::copy("standalone");
    let place = tempfile::tempdir().unwrap();
    let archive = place.path().join("server.tar.gz");
    let collected = ask(&["collect", archive.to_str().unwrap()], server.path());
    assert_eq!(collected.code, 0, "{collected:?}");
    let announced = collected.stderr.find("whole        etc/nginx/conf.d/motion.conf").expect("it is shown");
    assert!(announced > collected.stderr.find("this goes into").unwrap());
    let (there, here) = (server.json(&["plan"]), document(&["plan"], &archive));
    assert_eq!(here["plan"]["diff"], there["plan"]["diff"]);
    assert_eq!(here["host"], there["host"]);
    let codes = |document: &Value| crate::support::binary::codes(document);
    assert_eq!(codes(&here), codes(&there), "nothing is missing in it");
    let why = String::from_utf8(unpacked(&archive)[Path::new("motionctl/why.txt")].clone()).unwrap();
    assert!(why.starts_with("collect: changes are pending in 1 file\n"), "{why}");
}

#[test]
fn a_broken_server_is_collected_with_what_stopped_us() {
    let server = Server::copy("broken");
    server.replace(SITE, "proxy_reed_timeout 120s;", "proxy_reed_timeout 120s");
    let place = tempfile::tempdir().unwrap();
    let archive = place.path().join("server.tar.gz");
    let collected = document(&["collect", archive.to_str().unwrap()], server.path());
    assert_eq!(
        (&collected["exit_code"], &collected["details"]["found"]["exit_code"]),
        (&0.into(), &65.into())
    );
    let files = unpacked(&archive);
    let why = String::from_utf8_lossy(&files[Path::new("motionctl/why.txt")]).into_owned();
    assert!(why.contains("nginx.config-broken"), "{why}");
    assert!(files.contains_key(Path::new(SITE)), "the file that is broken is what support looks at");
}

#[test]
fn no_secret_of_the_server_is_in_what_support_gets() {
    let server = with_secrets();
    server.write("etc/nginx/server.key", format!("-----BEGIN {} KEY-----\n{MARK}\n", "PRIVATE"));
    server.write("etc/nginx/conf.d/passwords.conf", format!("admin:{MARK}\n"));
    server.write("var/opt/motion2/.env", format!("XC_PORT=9000\nXC_DB_PASSWORD={MARK}\n"));
    let place = tempfile::tempdir().unwrap();
    let at = |name: &str| place.path().join(name);
    let (collected, reported) = (at("c.tar.gz"), at("r.tar.gz"));
    for (command, archive) in [(vec!["collect"], &collected), (vec!["report", "--archive"], &reported)] {
        let arguments: Vec<&str> = command.iter().copied().chain([archive.to_str().unwrap()]).collect();
        let answer = ask(&arguments, server.path());
        assert_eq!(answer.code, 0, "{answer:?}");
        let files = unpacked(archive);
        for (path, bytes) in &files {
            // A manifest names files, and a file's name is no secret of its own.
            let text =
                String::from_utf8_lossy(bytes).replace("pw-hunter2x.txt", "").replace("users-hunter2x", "");
            let leak = text.lines().find(|line| line.contains(MARK));
            assert_eq!(leak, None, "{}", path.display());
        }
        for name in ["etc/nginx/server.key", "etc/nginx/users-hunter2x", "etc/nginx/conf.d/passwords.conf"] {
            assert!(!files.contains_key(Path::new(name)), "{name}");
        }
        let list = listed(&files);
        let key =
            list["files"].as_array().unwrap().iter().find(|file| file["path"] == "etc/nginx/server.key");
        let key = key.expect("it is listed");
        assert_eq!((&key["taken"], key["sha256"].as_str().unwrap().len()), (&"name only".into(), 64));
        assert_eq!(key["size"], fs::metadata(server.at("etc/nginx/server.key")).unwrap().len());
    }
}

#[test]
fn the_same_server_gives_the_same_bytes() {
    let server = Server::copy("customised");
    let copy = Server::copy_of(server.path());
    let place = tempfile::tempdir().unwrap();
    let bytes = |name: &str, server: &Server| {
        let file = place.path().join(name);
        assert_eq!(ask(&["collect", "-q", file.to_str().unwrap()], server.path()).code, 0);
        fs::read(file).unwrap()
    };
    let first = bytes("1.tar.gz", &server);
    // At another time of the day.
    std::thread::sleep(std::time::Duration::from_millis(1100));
    assert!(first == bytes("2.tar.gz", &server));
    // The folder's name is a tree's name only where it has no other.
    assert!(first == bytes("3.tar.gz", &copy));
}

#[test]
fn a_list_writes_nothing_and_an_archive_is_only_its_owner_s() {
    use std::os::unix::fs::PermissionsExt;
    let server = Server::copy("standalone");
    let place = tempfile::tempdir().unwrap();
    let archive = place.path().join("server.tar.gz");
    let name = archive.to_str().unwrap();
    let listed = ask(&["collect", "--list", name], server.path());
    assert_eq!(listed.code, 0);
    assert!(listed.stdout.contains("etc/nginx/conf.d/motion.conf"), "{listed:?}");
    assert!(!archive.exists());
    assert_eq!(ask(&["collect", name], server.path()).code, 0);
    assert_eq!(fs::metadata(&archive).unwrap().permissions().mode() & 0o777, 0o600);
}
