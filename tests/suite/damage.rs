//! Damage: a byte of what we keep is another, is missing, or everything behind it is.
//!
//! Invariant: whatever is damaged, nothing panics, no file of the configuration is other than the old or the new one,
//! and the exit code says what is damaged. What can be read in this process is damaged byte by byte; the binary is
//! asked about a sample.

mod places;

use crate::support::binary::{SITE, Server, finding};
use crate::support::depth;
use crate::support::said::Said;
use motionctl::backup::{BackupError, Store};
use motionctl::host::Root;
use motionctl::plan::{Kept, LocalPatch, Plan};
use motionctl::values::{BackupId, Hash};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

const JOURNAL: &str = "var/lib/motionctl/journal";
const PATCH: &str = "etc/motionctl/local.d/motion.conf.toml";
/// The binary is asked about so many places of a file.
const PLACES: [usize; 2] = [2, 24];

/// A server after a change, and its configuration before and after.
struct Changed {
    server: Server,
    before: BTreeMap<PathBuf, Vec<u8>>,
    after: BTreeMap<PathBuf, Vec<u8>>,
}

impl Changed {
    fn new() -> Self {
        let server = Server::copy("standalone");
        server.replace(
            SITE,
            "    location /api/",
            "    location /bridge/ {\n        proxy_pass http://127.0.0.1:3434/;\n    }\n\n    location /api/",
        );
        let before = configuration(&server);
        let applied = server.run(&["apply", "--yes", "--strategy", "graft"]);
        assert_eq!(applied.code, 0, "{applied:?}");
        let after = configuration(&server);
        assert_ne!(before, after);
        Self { server, before, after }
    }

    /// The one file of this folder whose name begins and ends so.
    fn file(&self, folder: &str, start: &str, end: &str) -> String {
        let files = walkdir::WalkDir::new(self.server.at(folder)).into_iter().flatten().filter(|entry| {
            let name = entry.file_name().to_string_lossy();
            entry.file_type().is_file() && name.starts_with(start) && name.ends_with(end)
        });
        let found: Vec<_> = files.collect();
        assert!(!found.is_empty(), "{folder}/{start}*{end}");
        found[0].path().strip_prefix(self.server.path()).expect("below").display().to_string()
    }

    fn backup(&self) -> BackupId {
        let store = fs::read_dir(self.server.at("var/backups/motionctl")).expect("a store");
        let names = store.flatten().filter_map(|entry| entry.file_name().into_string().ok());
        names.filter_map(|name| name.parse().ok()).next().expect("a backup")
    }

    /// Runs a command on a copy in which a file has these bytes, or is not there.
    fn asked(&self, file: &str, bytes: Option<&[u8]>, command: &[&str]) -> (Server, Said) {
        let copy = Server::copy_of(self.server.path());
        match bytes {
            Some(bytes) => copy.write(file, bytes),
            None => fs::remove_file(copy.at(file)).expect("removing"),
        }
        let answer = copy.run(command);
        assert!(!answer.stderr.contains("panicked") && answer.code < 100, "{command:?}: {answer:?}");
        let now = configuration(&copy);
        assert!(now == self.before || now == self.after, "{command:?} left a mixture: {answer:?}");
        (copy, answer)
    }

    /// Each command answers damage anywhere in the file with this code, and changes nothing.
    fn is_refused(&self, file: &str, code: i32, commands: &[&[&str]]) {
        let bytes = fs::read(self.server.at(file)).expect("reading");
        let places: Vec<usize> = (0..bytes.len()).collect();
        for damaged in
            depth::evenly(&places, places_asked()).into_iter().flat_map(|place| damages(&bytes, place))
        {
            for command in commands {
                let (copy, answer) = self.asked(file, Some(&damaged.1), command);
                assert_eq!(answer.code, code, "{file}, {}, {command:?}: {answer:?}", damaged.0);
                assert!(answer.stdout.contains("error: "), "{answer:?}");
                assert_eq!(configuration(&copy), self.after, "{command:?} changed something: {answer:?}");
            }
        }
    }
}

/// NGINX's files by path, but for what waits beside them.
fn configuration(server: &Server) -> BTreeMap<PathBuf, Vec<u8>> {
    let files = walkdir::WalkDir::new(server.at("etc/nginx")).into_iter().flatten();
    let files = files.filter(|entry| entry.file_type().is_file());
    let files = files.filter(|entry| !entry.file_name().to_string_lossy().starts_with('.'));
    let under = |path: &Path| path.strip_prefix(server.path()).expect("below").to_owned();
    files.map(|entry| (under(entry.path()), fs::read(entry.path()).expect("reading"))).collect()
}

/// The bytes with one place damaged in each of three ways.
fn damages(bytes: &[u8], place: usize) -> [(String, Vec<u8>); 3] {
    let (mut flipped, mut shorter) = (bytes.to_vec(), bytes.to_vec());
    flipped[place] ^= 1;
    shorter.remove(place);
    [
        (format!("byte {place} flipped"), flipped),
        (format!("byte {place} taken out"), shorter),
        (format!("cut at byte {place}"), bytes[..place].to_vec()),
    ]
}

fn places_asked() -> usize {
    PLACES[usize::from(depth::is_deep())]
}

/// Where a file is damaged that is only read, by no command: in a sample at each fifth byte, which meets every line.
fn in_process(length: usize) -> impl Iterator<Item = usize> {
    (0..length).step_by(if depth::is_deep() { 1 } else { 5 })
}

#[test]
fn a_damaged_journal_is_5_from_every_command_that_needs_it() {
    let changed = Changed::new();
    let good = fs::read(changed.server.at(JOURNAL)).expect("reading");
    // Before the last record: its end can be torn by a crash.
    let last = good[..good.len() - 1].iter().rposition(|byte| *byte == b'\n').expect("records");
    let places: Vec<usize> = (0..good.len()).collect();
    let commands: [&[&str]; 10] = [
        &["status"],
        &["check"],
        &["plan"],
        &["apply", "--yes"],
        &["rollback", "--yes"],
        &["rollback", "--yes", "--whole-tree"],
        &["recover"],
        &["recover", "--boot"],
        &["confirm"],
        &["backups", "prune", "--keep", "1"],
    ];
    for place in depth::evenly(&places, places_asked()) {
        let [flipped, shorter, _] = damages(&good, place);
        let kinds = if place + 1 == good.len() { vec![flipped] } else { vec![flipped, shorter] };
        for (what, bytes) in kinds {
            for command in commands {
                let (copy, answer) = changed.asked(JOURNAL, Some(&bytes), command);
                assert_eq!(answer.code, 5, "{what}, {command:?}: {answer:?}");
                assert!(answer.stdout.contains("/var/lib/motionctl/journal: "), "{answer:?}");
                assert_eq!(fs::read(copy.at(JOURNAL)).expect("reading"), bytes, "{command:?}");
            }
        }
    }
    // What does not need it goes on: a person has to see what can be restored.
    let (_, listed) = changed.asked(JOURNAL, Some(&damages(&good, last / 2)[0].1), &["backups", "list"]);
    assert_eq!(listed.code, 0, "{listed:?}");
}

#[test]
fn a_journal_that_is_cut_anywhere_leads_to_the_old_server_or_the_new_one() {
    let changed = Changed::new();
    let good = fs::read(changed.server.at(JOURNAL)).expect("reading");
    let places: Vec<usize> = (0..good.len()).collect();
    for place in depth::evenly(&places, places_asked() + 4) {
        for command in [&["recover"][..], &["status"], &["rollback", "--yes"]] {
            let (copy, answer) = changed.asked(JOURNAL, Some(&good[..place]), command);
            assert_eq!(answer.code, 0, "cut at {place}, {command:?}: {answer:?}");
            let again = copy.run(&["recover"]);
            assert_eq!(again.code, 0, "{again:?}");
        }
    }
}

#[test]
fn a_server_without_a_journal_has_no_history_and_says_so_where_one_is_missed() {
    let changed = Changed::new();
    for bytes in [None, Some(&b""[..])] {
        let (_, status) = changed.asked(JOURNAL, bytes, &["status"]);
        assert_eq!(status.code, 0, "{status:?}");
        assert!(status.stdout.contains("the history of changes is gone"), "{status:?}");
        let (copy, _) = changed.asked(JOURNAL, bytes, &["status", "--json"]);
        let said = copy.json(&["status"]);
        let gone = finding(&said, "run.history-gone");
        assert!(gone["evidence"].to_string().contains(changed.backup().as_str()), "{gone:#}");
        assert!(gone["evidence"].to_string().contains("/var/lib/motionctl/base-"), "{gone:#}");
        let watched = copy.json(&["status", "--check"]);
        let line = watched["details"]["check"]["line"].as_str().expect("a line");
        assert!(line.contains("drifted_files=U"), "{line}");
        for command in [&["recover"][..], &["rollback", "--yes"]] {
            let (copy, answer) = changed.asked(JOURNAL, bytes, command);
            assert_eq!(answer.code, 0, "{answer:?}");
            assert!(answer.stdout.contains("run.history-gone"), "{answer:?}");
            assert_eq!(configuration(&copy), changed.after);
        }
    }
    // A backup alone, a base record alone, and a server that never had any.
    let copy = Server::copy_of(changed.server.path());
    fs::remove_file(copy.at(JOURNAL)).expect("removing");
    fs::remove_file(copy.at(&changed.file("var/lib/motionctl", "base-", ".conf"))).expect("removing");
    finding(&copy.json(&["status"]), "run.history-gone");
    fs::remove_dir_all(copy.at("var/backups")).expect("removing");
    fs::remove_file(copy.at(PATCH)).expect("removing");
    for server in [copy, Server::copy("standalone")] {
        let said = server.json(&["status"]);
        assert!(!said.to_string().contains("history"), "{said:#}");
    }
}

#[test]
fn a_damaged_backup_is_65_and_nothing_of_it_is_restored() {
    let changed = Changed::new();
    let id = changed.backup();
    let commands: [&[&str]; 4] = [
        &["rollback", "--yes"],
        &["rollback", "--yes", "--whole-tree"],
        &["rollback", id.as_str(), "--yes"],
        &["backups", "verify"],
    ];
    for (start, end) in [("manifest", ".json"), ("manifest", ".sha256")] {
        let file = changed.file("var/backups/motionctl", start, end);
        changed.is_refused(&file, 65, &commands);
        for command in commands {
            let (_, answer) = changed.asked(&file, None, command);
            assert_eq!(answer.code, 65, "{answer:?}");
        }
    }
    let goes_back = Hash::of(&changed.before[Path::new(SITE)]).to_string();
    for content in
        fs::read_dir(changed.server.at(&format!("var/backups/motionctl/{id}/content"))).expect("contents")
    {
        let content = content.expect("an entry").path();
        let file = content.strip_prefix(changed.server.path()).expect("below").display().to_string();
        changed.is_refused(&file, 65, &[&["backups", "verify"]]);
        if file.ends_with(&goes_back) {
            changed.is_refused(&file, 65, &commands[..1]);
        } else {
            // What nobody needs for going back keeps nobody from it.
            let (copy, answer) = changed.asked(&file, Some(b"other"), commands[0]);
            assert_eq!(answer.code, 0, "{file}: {answer:?}");
            assert_eq!(configuration(&copy), changed.before, "{file}: {answer:?}");
        }
    }
}

#[test]
fn a_byte_of_a_manifest_matters_wherever_it_is() {
    let changed = Changed::new();
    let (id, root) = (changed.backup(), Root::at(changed.server.path()).expect("a root"));
    let store = Store::new(&root);
    store.open(&id).expect("sound").verify().expect("sound");
    for name in ["manifest.json", "manifest.sha256"] {
        let file = changed.server.at(&format!("var/backups/motionctl/{id}/{name}"));
        let good = fs::read(&file).expect("reading");
        for (what, bytes) in in_process(good.len()).flat_map(|place| damages(&good, place)) {
            fs::write(&file, bytes).expect("writing");
            let opened = store.open(&id);
            assert!(matches!(opened, Err(BackupError::Damaged { .. })), "{name}, {what}: {opened:?}");
        }
        fs::write(&file, good).expect("writing");
    }
}

#[test]
fn a_damaged_base_record_is_65_and_a_damaged_patch_is_never_half_believed() {
    let changed = Changed::new();
    let base = changed.file("var/lib/motionctl", "base-", ".conf");
    changed.is_refused(&base, 65, &[&["apply", "--yes"], &["check"], &["local", "list"]]);
    for command in [&["apply", "--yes"][..], &["local", "list"]] {
        let (_, gone) = changed.asked(&base, None, command);
        assert_eq!(gone.code, 65, "{gone:?}");
    }
    // To go back needs neither.
    let (copy, back) = changed.asked(&base, Some(b"x"), &["rollback", "--yes"]);
    assert_eq!((back.code, configuration(&copy)), (0, changed.before.clone()), "{back:?}");

    let (good, base) = (changed.server.read(PATCH), fs::read(changed.server.at(&base)).expect("reading"));
    let patch = LocalPatch::parse(good.as_bytes()).expect("sound");
    Kept { patch: &patch, base: &base }.with(|_| true).expect("they fit");
    for (what, bytes) in in_process(base.len()).flat_map(|place| damages(&base, place)) {
        assert!(Kept { patch: &patch, base: &bytes }.with(|_| true).is_err(), "base, {what}");
    }
    let mut believed = 0;
    for (_, bytes) in in_process(good.len()).flat_map(|place| damages(good.as_bytes(), place)) {
        // The file is a person's to edit, so that most changes of a text are believed; none of them panics.
        let Ok(patch) = LocalPatch::parse(&bytes) else { continue };
        believed += usize::from(Kept { patch: &patch, base: &base }.with(|_| true).is_ok());
    }
    assert!(believed > 0, "a hand may edit it");
}

#[test]
fn a_damaged_plan_is_65_before_anything_is_done() {
    let server = Server::copy("standalone");
    let saved = server.path().join("plan.json");
    let name = saved.display().to_string();
    assert_eq!(server.run(&["plan", "--out", &name]).code, 0);
    let good = fs::read(&saved).expect("reading");
    let plan = Plan::from_json(&good).expect("sound");
    for (what, bytes) in in_process(good.len()).flat_map(|place| damages(&good, place)) {
        // White space is no part of what is said.
        assert!(Plan::from_json(&bytes).map_or(true, |read| read == plan), "{what}");
    }
    let before = configuration(&server);
    let places: Vec<usize> = (0..good.len()).filter(|place| !good[*place].is_ascii_whitespace()).collect();
    for (what, bytes) in
        depth::evenly(&places, places_asked()).into_iter().flat_map(|place| damages(&good, place))
    {
        fs::write(&saved, bytes).expect("writing");
        let answer = server.run(&["apply", "--yes", &name]);
        assert_eq!(answer.code, 65, "{what}: {answer:?}");
        assert_eq!(configuration(&server), before, "{what}");
    }
    fs::remove_file(&saved).expect("removing");
    assert_eq!(server.run(&["apply", "--yes", &name]).code, 69);
}

#[test]
fn a_named_thing_that_is_not_there_is_69() {
    let changed = Changed::new();
    let none = "20200101T000000Z-00000000";
    for command in [
        &["rollback", none, "--yes"][..],
        &["rollback", none, "--yes", "--whole-tree"],
        &["backups", "show", none],
        &["backups", "verify", none],
        &["backups", "diff", none],
        &["apply", "--yes", "/no/such/plan.json"],
        &["plan", "--base", "/no/such/file"],
        &["plan", "--candidate", "/no/such/file"],
        &["plan", "--carry", "/no/such/file"],
        &["check", "--config", "/no/such/file"],
    ] {
        let answer = changed.server.run(command);
        assert_eq!(answer.code, 69, "{command:?}: {answer:?}");
    }
    assert_eq!(configuration(&changed.server), changed.after);
}

#[test]
fn a_damaged_lock_locks_nobody_out() {
    let changed = Changed::new();
    for bytes in [&b""[..], b"x", &[0; 128], &[0xff; 4096], b"{\"pid\":1,\"since\":\"2026-01-01T00:00:00Z\"}"]
    {
        for command in [&["status"][..], &["recover"], &["rollback", "--yes"]] {
            let (_, answer) = changed.asked("var/lib/motionctl/lock", Some(bytes), command);
            assert_eq!(answer.code, 0, "{command:?}: {answer:?}");
        }
    }
}

#[test]
fn damaged_settings_are_65_or_say_what_was_not_understood() {
    let changed = Changed::new();
    let settings = "etc/motionctl/config.toml";
    let good = b"reload_timeout = \"30s\"\n";
    for (what, bytes) in (0..good.len()).step_by(3).flat_map(|place| damages(good, place)) {
        let copy = Server::copy_of(changed.server.path());
        copy.write(settings, &bytes);
        let answer = copy.run(&["check"]);
        assert!(matches!(answer.code, 0 | 65) && !answer.stderr.contains("panicked"), "{what}: {answer:?}");
    }
}
