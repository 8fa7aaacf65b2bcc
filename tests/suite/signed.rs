//! Bundles that somebody signed, with the real `minisign`: by whom, and whether they are still as they were.
//!
//! Invariant: whatever is done to a signed bundle, it is never taken for one that is as it was signed.

use crate::support::binary::{SITE, Server, finding, has};
use crate::support::bundles::{bundle_with, copy_of_the_bundle};
use crate::support::machine::Machine;
use crate::support::said::Said;
use crate::support::signer::{Signer, list};
use motionctl::plan::bundle::{BundleKey, Folder, Origin};
use serde_json::Value;
use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;
use tempfile::TempDir;

/// A comment of the template, and what stands in its place.
const COMMENT: (&str, &str) = ("The new client: a folder of files.", "The new client, as Milan has it.");

/// A bundle of somebody's own.
fn own_bundle(folder: &TempDir) -> PathBuf {
    bundle_with(folder.path(), "static.conf", COMMENT.0, COMMENT.1)
}

fn text(path: &Path) -> &str {
    path.to_str().expect("a path that is text")
}

fn about_bundles(document: &Value) -> Vec<String> {
    let findings = document["findings"].as_array().expect("findings").iter();
    let about = findings.filter(|finding| finding["code"].as_str().is_some_and(|c| c.starts_with("bundle.")));
    about
        .map(|finding| {
            format!("{} {}", finding["level"].as_str().unwrap(), finding["code"].as_str().unwrap())
        })
        .collect()
}

#[test]
fn a_bundle_that_nobody_signed_is_used_and_said() {
    let (server, folder) = (Server::copy("standalone"), tempfile::tempdir().unwrap());
    let bundle = own_bundle(&folder);
    let checked = server.json(&["check", "--bundle", text(&bundle)]);
    assert_eq!(about_bundles(&checked), ["warn bundle.unsigned"], "{checked:#}");
    assert_eq!(checked["exit_code"], 0);
    let evidence = finding(&checked, "bundle.unsigned")["evidence"].to_string();
    assert!(evidence.contains("there is no SHA256SUMS.minisig"), "{evidence}");
    let applied = server.json(&["apply", "--yes", "--bundle", text(&bundle)]);
    assert_eq!(applied["outcome"], "applied", "{applied:#}");
    has(&server, &[COMMENT.1]);
}

#[test]
fn templates_that_come_with_motionctl_need_no_signature() {
    let (server, folder) = (Server::copy("standalone"), tempfile::tempdir().unwrap());
    let bundle = copy_of_the_bundle(folder.path());
    let Some(signer) = Signer::for_test("signed::templates_that_come_with_motionctl") else { return };
    for more in [false, true] {
        if more {
            fs::write(bundle.join("README"), "what lies here").unwrap();
        }
        let checked = server.json(&["check", "--bundle", text(&bundle), "--bundle-signer", &signer.key()]);
        assert_eq!((about_bundles(&checked), &checked["exit_code"]), (Vec::new(), &0.into()), "{checked:#}");
    }
}

#[test]
fn a_signed_bundle_is_as_good_as_the_built_in_one_and_says_whose_it_is() {
    let Some(signer) = Signer::for_test("signed::a_signed_bundle_is_as_good") else { return };
    let (server, folder) = (Server::copy("standalone"), tempfile::tempdir().unwrap());
    let bundle = own_bundle(&folder);
    signer.sign(&bundle, "edition 7");
    let note = format!("the templates are signed with the key {}: edition 7", signer.id());
    let check = |found: &Value| {
        assert_eq!((about_bundles(found), &found["exit_code"]), (Vec::new(), &0.into()), "{found:#}");
        assert!(found["details"]["notes"].to_string().contains(&note), "{found:#}");
    };
    let with = |key: &str| server.json(&["check", "--bundle", text(&bundle), "--bundle-signer", key]);
    check(&with(&signer.key()));
    check(&with(&signer.public()));
    let other = Signer::for_test("another").unwrap();
    let both = [
        "check",
        "--bundle-signer",
        &other.key(),
        "--bundle-signer",
        &signer.key(),
        "--bundle",
        text(&bundle),
    ];
    check(&server.json(&both));
    let settings = |key: &str| format!("bundle = {:?}\nbundle_signer = [{key:?}]\n", text(&bundle));
    server.write("etc/motionctl/config.toml", settings(&signer.key()));
    check(&server.json(&["check"]));
    // The flag wins.
    let refused = server.json(&["check", "--bundle-signer", &other.key()]);
    assert_eq!(about_bundles(&refused), ["stop bundle.unsigned"]);
    let applied = server.json(&["apply", "--yes"]);
    assert_eq!(applied["outcome"], "applied", "{applied:#}");
    has(&server, &[COMMENT.1]);
}

#[test]
fn where_keys_are_named_what_they_did_not_sign_stops() {
    let Some(signer) = Signer::for_test("signed::where_keys_are_named") else { return };
    let (server, folder) = (Server::copy("standalone"), tempfile::tempdir().unwrap());
    let bundle = own_bundle(&folder);
    let apply = |more: &[&str]| {
        let key = signer.key();
        server.json(&[&["apply", "--yes", "--bundle", text(&bundle), "--bundle-signer", &key], more].concat())
    };
    let stopped = |evidence: &str| {
        let before = server.read(SITE);
        let refused = apply(&[]);
        assert_eq!(
            (about_bundles(&refused), &refused["exit_code"]),
            (vec!["stop bundle.unsigned".to_owned()], &3.into())
        );
        let said = finding(&refused, "bundle.unsigned")["evidence"].to_string();
        assert!(said.contains(evidence), "{said}");
        assert!(before == server.read(SITE) && !server.at("var/backups").exists(), "something was changed");
    };
    stopped("there is no SHA256SUMS.minisig");
    list(&bundle);
    stopped("SHA256SUMS is right, and there is no SHA256SUMS.minisig of it");
    let stranger = Signer::for_test("a stranger").unwrap();
    stranger.sign(&bundle, "trust me");
    stopped(&format!("signed with the key {}", stranger.id()));
    let applied = apply(&["--accept", "bundle.unsigned"]);
    assert_eq!(applied["outcome"], "applied", "{applied:#}");
}

#[test]
fn a_changed_bundle_stops_every_command_that_changes_until_it_is_accepted() {
    let Some(signer) = Signer::for_test("signed::a_changed_bundle_stops") else { return };
    let (server, folder) = (Server::copy("standalone"), tempfile::tempdir().unwrap());
    let bundle = own_bundle(&folder);
    signer.sign(&bundle, "edition 7");
    let template = bundle.join("static.conf");
    let changed = fs::read_to_string(&template).unwrap().replace("Milan", "Rome");
    fs::write(&template, &changed).unwrap();
    let run = |words: &[&str]| {
        let key = signer.key();
        server.json(&[words, &["--bundle", text(&bundle), "--bundle-signer", &key]].concat())
    };
    let before = server.read(SITE);
    // A plan and a rehearsal show what there is to see, as with every finding that can be accepted.
    for (command, code) in [(&["check"][..], 3), (&["plan"], 0), (&["rehearse"], 0), (&["apply", "--yes"], 3)]
    {
        let found = run(command);
        assert_eq!(about_bundles(&found), ["stop bundle.changed"], "{command:?} {found:#}");
        assert_eq!(found["exit_code"], code, "{command:?} {found:#}");
        assert_eq!(finding(&found, "bundle.changed")["evidence"][0], "static.conf is not as it was listed");
    }
    assert!(before == server.read(SITE) && !server.at("var/backups").exists(), "something was changed");
    // That it was changed is said where it cannot even be read.
    fs::write(&template, "{% for %}").unwrap();
    let broken = run(&["check"]);
    assert_eq!(
        (about_bundles(&broken), &broken["exit_code"]),
        (vec!["stop bundle.changed".to_owned()], &65.into())
    );
    fs::write(&template, changed).unwrap();
    let applied = run(&["apply", "--yes", "--accept", "bundle.changed"]);
    assert_eq!(applied["outcome"], "applied", "{applied:#}");
    has(&server, &["as Rome has it"]);
}

/// What the product reads of a folder without links.
fn read(bundle: &Path) -> Folder {
    let files = fs::read_dir(bundle).unwrap().flatten();
    let files = files.map(|file| (file.file_name().into_string().unwrap(), fs::read(file.path()).unwrap()));
    Folder { files: files.collect(), others: Vec::new() }
}

/// A signed bundle in memory, and its key.
fn signed(signer: &Signer) -> (Folder, [BundleKey; 1]) {
    let folder = tempfile::tempdir().unwrap();
    let bundle = own_bundle(&folder);
    signer.sign(&bundle, "edition 7");
    (read(&bundle), [signer.key().parse().unwrap()])
}

type Files = BTreeMap<String, Vec<u8>>;

/// Asserts that a signed bundle is not taken for what was signed after this change, and why.
fn check((good, keys): &(Folder, [BundleKey; 1]), what: &str, change: impl Fn(&mut Files), part: &str) {
    let mut folder = Folder { files: good.files.clone(), others: Vec::new() };
    change(&mut folder.files);
    match folder.origin(keys) {
        Origin::Changed { because } => assert!(because.join("; ").contains(part), "{what}: {because:?}"),
        other => panic!("{what}: {other:?}"),
    }
}

fn edit(name: &str, old: &str, new: &str) -> impl Fn(&mut Files) {
    move |files| {
        let text = String::from_utf8(files[name].clone()).unwrap();
        assert!(text.contains(old), "{name} has no {old:?}");
        files.insert(name.to_owned(), text.replacen(old, new, 1).into_bytes());
    }
}

fn write(name: &str, bytes: &[u8]) -> impl Fn(&mut Files) {
    move |files| drop(files.insert(name.to_owned(), bytes.to_vec()))
}

fn remove(name: &str) -> impl Fn(&mut Files) {
    move |files| assert!(files.remove(name).is_some(), "no {name}")
}

#[test]
fn whatever_is_done_to_the_files_of_a_signed_bundle_is_noticed() {
    let Some(signer) = Signer::for_test("signed::whatever_is_done_to_the_files") else { return };
    let good = signed(&signer);
    let origin = good.0.origin(&good.1);
    assert!(matches!(&origin, Origin::Signed { comment, .. } if comment == "edition 7"), "{origin:?}");
    check(&good, "a template", edit("static.conf", "Milan", "Rome"), "static.conf is not as it was listed");
    check(&good, "manifest", edit("bundle.toml", "1.14.0", "1.10.0"), "bundle.toml is not as it was listed");
    check(&good, "one less", remove("missing.conf"), "missing.conf is listed and not there");
    check(&good, "one more", write("x.conf", b""), "x.conf is not listed");
    check(&good, "a hidden one more", write(".x", b""), ".x is not listed");
    check(&good, "no list", remove("SHA256SUMS"), "SHA256SUMS.minisig is there, and SHA256SUMS is not");
    check(&good, "no text in the list", write("SHA256SUMS", b"\xff\n"), "SHA256SUMS is not UTF-8");
    check(&good, "an empty list", write("SHA256SUMS", b""), "bundle.toml is not listed");
}

#[test]
fn a_signature_of_something_else_is_no_signature() {
    let Some(signer) = Signer::for_test("signed::a_signature_of_something_else") else { return };
    let good = signed(&signer);
    let folder = tempfile::tempdir().unwrap();
    let next = bundle_with(folder.path(), "static.conf", COMMENT.0, "A newer edition.");
    signer.sign(&next, "edition 8");
    let newer = read(&next).files;
    let take = |name: &'static str| write(name, &newer[name]);
    let (list, signature, does_not_fit) =
        ("SHA256SUMS", "SHA256SUMS.minisig", "SHA256SUMS.minisig does not fit");
    let replayed = |files: &mut Files| {
        take("static.conf")(files);
        take(list)(files);
    };
    check(&good, "an old signature on a newer bundle", replayed, does_not_fit);
    check(&good, "a newer signature on an old bundle", take(signature), does_not_fit);
    check(&good, "an old list", take("static.conf"), "static.conf is not as it was listed");
    check(&good, "another comment", edit(signature, "edition 7", "edition 9"), does_not_fit);
    check(&good, "an empty line in the list", edit(list, "", "\n"), does_not_fit);
    check(&good, "no text", write(signature, b"\xff\n"), "is no signature of minisign");
    check(&good, "nothing", write(signature, b""), "is no signature of minisign");
    check(&good, "another algorithm", edit(signature, "\nRU", "\nQU"), "is no signature of minisign");
}

#[test]
fn a_list_that_names_what_it_cannot_is_not_believed_whoever_signed_it() {
    let Some(signer) = Signer::for_test("signed::a_list_that_names") else { return };
    let hash = "0".repeat(64);
    for (line, part) in [
        (format!("{hash}  ../static.conf"), "line 1 of SHA256SUMS"),
        (format!("{hash}  /etc/passwd"), "line 1 of SHA256SUMS"),
        (format!("{hash}  "), "line 1 of SHA256SUMS"),
        (format!("{hash} static.conf"), "line 1 of SHA256SUMS"),
        (format!("\\{hash}  a\\nb"), "line 1 of SHA256SUMS"),
        (format!("{}  static.conf", &hash[1..]), "line 1 of SHA256SUMS"),
        (format!("SHA256 (static.conf) = {hash}"), "line 1 of SHA256SUMS"),
        (format!("{hash}  a\n{hash}  ./a"), "SHA256SUMS names a twice"),
        (format!("{hash}  \u{1b}[2Ja"), "\\x1b[2Ja is listed and not there"),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let bundle = own_bundle(&folder);
        fs::write(bundle.join("SHA256SUMS"), line + "\n").unwrap();
        signer.sign_list(&bundle, "odd");
        match read(&bundle).origin(&[signer.key().parse().unwrap()]) {
            Origin::Changed { because } => assert!(because.join("; ").contains(part), "{because:?}"),
            other => panic!("{part}: {other:?}"),
        }
    }
}

#[test]
fn no_byte_of_a_signed_bundle_can_be_another_one_or_missing() {
    let Some(signer) = Signer::for_test("signed::no_byte") else { return };
    let (good, keys) = signed(&signer);
    let signature = &good.files["SHA256SUMS.minisig"];
    // Nobody signs the first line, and nothing of it is shown; the last byte ends the last line.
    let first = signature.iter().position(|byte| *byte == b'\n').unwrap();
    let flipped = |name: &str, at: usize, bit: u8| {
        let mut folder = Folder { files: good.files.clone(), others: Vec::new() };
        folder.files.get_mut(name).unwrap()[at] ^= bit;
        folder.origin(&keys)
    };
    for at in first + 1..signature.len() - 1 {
        let origin = flipped("SHA256SUMS.minisig", at, 1);
        assert!(!matches!(origin, Origin::Signed { .. }), "byte {at}: {origin:?}");
    }
    for (name, most) in [("SHA256SUMS.minisig", signature.len() - 1), ("SHA256SUMS", usize::MAX)] {
        for at in 0..most.min(good.files[name].len()) {
            let mut folder = Folder { files: good.files.clone(), others: Vec::new() };
            folder.files.get_mut(name).unwrap().truncate(at);
            let origin = folder.origin(&keys);
            assert!(!matches!(origin, Origin::Signed { .. }), "{name}, cut at {at}: {origin:?}");
        }
    }
    for name in ["SHA256SUMS", "bundle.toml", "static.conf"] {
        for at in 0..good.files[name].len() {
            let origin = flipped(name, at, 0x20);
            assert!(!matches!(origin, Origin::Signed { .. }), "{name}, byte {at}: {origin:?}");
        }
    }
}

#[test]
fn a_list_without_a_signature_tells_accidents() {
    let (server, folder) = (Server::copy("standalone"), tempfile::tempdir().unwrap());
    let bundle = own_bundle(&folder);
    list(&bundle);
    let check = || about_bundles(&server.json(&["check", "--bundle", text(&bundle)]));
    assert_eq!(check(), ["warn bundle.unsigned"]);
    fs::write(bundle.join("proxied.conf"), "location ^~ /user-ui/ { }\n").unwrap();
    assert_eq!(check(), ["stop bundle.changed"]);
}

#[test]
fn links_folders_and_pipes_are_no_part_of_what_was_signed() {
    let Some(signer) = Signer::for_test("signed::links_folders_and_pipes") else { return };
    let server = Server::copy("standalone");
    let check = |what: &str, change: &dyn Fn(&Path), part: &str| {
        let folder = tempfile::tempdir().unwrap();
        let bundle = own_bundle(&folder);
        signer.sign(&bundle, "edition 7");
        change(&bundle);
        let found = server.json(&["check", "--bundle", text(&bundle), "--bundle-signer", &signer.key()]);
        assert_eq!(about_bundles(&found), ["stop bundle.changed"], "{what}: {found:#}");
        let evidence = finding(&found, "bundle.changed")["evidence"].to_string();
        assert!(evidence.contains(part), "{what}: {evidence}");
    };
    check(
        "a link to the right bytes",
        &|bundle| {
            let moved = bundle.parent().unwrap().join("static.conf");
            fs::rename(bundle.join("static.conf"), &moved).unwrap();
            symlink(moved, bundle.join("static.conf")).unwrap();
        },
        "static.conf is a link",
    );
    check("a link to nothing", &|bundle| symlink("/nowhere", bundle.join("x")).unwrap(), "x is a link");
    check("a folder", &|bundle| fs::create_dir(bundle.join("more")).unwrap(), "more is a folder");
    check(
        "a pipe in a template's place",
        &|bundle| {
            fs::remove_file(bundle.join("server.conf")).unwrap();
            assert!(Command::new("mkfifo").arg(bundle.join("server.conf")).status().unwrap().success());
        },
        "server.conf is a pipe",
    );
}

#[test]
fn what_a_signature_says_of_itself_is_shown_harmless_and_only_when_it_is_signed() {
    let Some(signer) = Signer::for_test("signed::what_a_signature_says") else { return };
    let (server, folder) = (Server::copy("standalone"), tempfile::tempdir().unwrap());
    let bundle = own_bundle(&folder);
    signer.sign(&bundle, "red \u{1b}[31m");
    let check = || -> Said {
        server.run(&["check", "-v", "--bundle", text(&bundle), "--bundle-signer", &signer.key()])
    };
    let shown = check();
    assert!(shown.stdout.contains("red \\x1b[31m") && !shown.stdout.contains('\u{1b}'), "{shown:?}");
    let file = bundle.join("SHA256SUMS.minisig");
    fs::write(&file, fs::read_to_string(&file).unwrap().replace("red", "blue")).unwrap();
    let shown = check();
    assert!(shown.code == 3 && !shown.stdout.contains("blue"), "{shown:?}");
}

#[test]
fn the_old_form_of_a_signature_is_refused_with_what_to_do() {
    let Some(signer) = Signer::for_test("signed::the_old_form") else { return };
    let folder = tempfile::tempdir().unwrap();
    let bundle = own_bundle(&folder);
    list(&bundle);
    signer.sign_with(&bundle, "old", &["-l"]);
    let origin = read(&bundle).origin(&[signer.key().parse().unwrap()]);
    assert!(
        matches!(&origin, Origin::Changed { because } if because[0].contains("sign again without -l")),
        "{origin:?}"
    );
}

#[test]
fn what_is_no_key_is_refused_where_it_stands() {
    let server = Server::copy("standalone");
    for text in
        ["", "nonsense", "RWQ", "untrusted comment: minisign public key 5C8E2F438FB21CF3", "ssh-ed25519 AAAA"]
    {
        let answer = server.run(&["check", "--bundle-signer", text]);
        assert_eq!(answer.code, 64, "{text}: {answer:?}");
        assert!(text.is_empty() || answer.stderr.contains("is no public key of minisign"), "{answer:?}");
    }
    server.write("etc/motionctl/config.toml", "bundle_signer = [\"nonsense\"]\n");
    let answer = server.json(&["check"]);
    assert_eq!(answer["exit_code"], 65, "{answer:#}");
    assert!(answer["error"]["message"].to_string().contains("is no public key of minisign"), "{answer:#}");
}

#[test]
fn a_key_that_another_user_could_have_planted_is_not_believed() {
    let Some(signer) = Signer::for_test("signed::a_key_that_another_user") else { return };
    let machine = Machine::new("standalone");
    let folder = tempfile::tempdir().unwrap();
    let bundle = own_bundle(&folder);
    signer.sign(&bundle, "trust me");
    let settings = format!("bundle = {:?}\nbundle_signer = [{:?}]\n", text(&bundle), signer.key());
    machine.inside(|| {
        fs::create_dir_all("/etc/motionctl").unwrap();
        fs::write("/etc/motionctl/config.toml", &settings).unwrap();
    });
    let check = || machine.motionctl(&["check", "--json"]);
    let believed = check();
    assert_eq!(about_bundles(&believed.json), [""; 0], "{believed:?}");
    assert!(believed.json["details"]["notes"].to_string().contains("trust me"), "{believed:?}");
    machine.must("chown 65534 /etc/motionctl/config.toml");
    let refused = check();
    assert_eq!(refused.code, 69, "{refused:?}");
    assert!(
        refused.json["error"]["message"].to_string().contains("the settings are not read"),
        "{refused:?}"
    );
}
