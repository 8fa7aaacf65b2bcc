//! Whether a tree after a crash and a recovery is the one from before or the
//! one after, and whether NGINX would start from it.

use super::scenario::{Promise, Ran, Scenario, copy, run};
use super::table::End;
use crate::support::binary::Server;
use crate::support::said::answer;
use crate::support::tree_state::{State, state};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

/// What lies outside of the promise: who holds the lock, and how it went.
const BOOKS: [&str; 3] = ["var/lib/motionctl/lock", "var/lib/motionctl/journal", "var/backups"];

const STORE: &str = "var/backups/motionctl";

/// The two trees that are allowed, and the one to start from.
pub struct Judge<'a> {
    pub scenario: &'a Scenario,
    pub start: Server,
    /// The places that the command reaches when nothing disturbs it.
    pub places: Vec<String>,
    before: State,
    after: State,
    /// The backups that the command leaves.
    kept: BTreeSet<String>,
    /// Written by the command: their times differ from run to run.
    written: BTreeSet<PathBuf>,
    /// Which configurations NGINX has been asked about.
    tested: Mutex<BTreeMap<String, Result<(), String>>>,
}

impl<'a> Judge<'a> {
    pub fn new(scenario: &'a Scenario) -> Self {
        let start = scenario.server();
        let whole = copy(start.path());
        let Ran { output, reached } = run(whole.path(), scenario.command, 0);
        assert!(output.status.success(), "{}: {output:?}", scenario.name);
        let (before, after) = (seen(start.path()), seen(whole.path()));
        let written = after.changed_since(&before);
        let after = after.without_times_of(&written);
        let (kept, tested) = (backups(whole.path()), Mutex::default());
        Self { scenario, start, places: reached, before, after, kept, written, tested }
    }

    /// Which of the allowed trees is there; the complaint when it is none.
    pub fn judge(&self, tree: &Path) -> Result<End, String> {
        let found = self.found(tree)?;
        if self.scenario.promise != Promise::EachBackup {
            return Ok(found);
        }
        verify_backups(tree)?;
        let (before, after) = (backups(self.start.path()), &self.kept);
        let now = backups(tree);
        if now == before {
            return Ok(End::Old);
        }
        // Some may be gone; those that stay in any case are there.
        if after.is_subset(&now) && now.is_subset(&before) {
            return Ok(End::New);
        }
        Err(format!("backups {now:?}, of {before:?}"))
    }

    /// What a fault during the command left, first as the command itself says it, then after
    /// a recovery: each exit code promises a state.
    pub fn after_a_fault(&self, tree: &Path, output: &std::process::Output) -> Result<End, String> {
        let promised: Option<&[End]> = match output.status.code() {
            Some(0) => Some(&[End::New]),
            Some(1 | 3 | 4 | 65 | 69) => Some(&[End::Old]),
            // An operator is needed, or it was killed: the next command is `recover`.
            Some(5) | None => None,
            Some(code) => return Err(format!("exit {code} is no answer to a fault")),
        };
        if let Some(promised) = promised {
            let found = self.found(tree)?;
            if !promised.contains(&found) {
                return Err(format!("exit {:?}, but the tree is the {found:?} one", output.status.code()));
            }
        }
        self.recover_twice(tree)?;
        let end = self.judge(tree)?;
        if promised.is_some_and(|promised| !promised.contains(&end)) {
            return Err(format!("a recovery made the tree the {end:?} one"));
        }
        let refused = matches!(output.status.code(), Some(1 | 3 | 65 | 69));
        Ok(if refused { End::Refused } else { end })
    }

    /// Whether each file, by itself, is as before or as after the command, byte for byte.
    pub fn files_are_whole(&self, tree: &Path) -> Result<(), String> {
        let now = seen(tree);
        let (now, before, after) = (now.contents(), self.before.contents(), self.after.contents());
        let is_hidden =
            |path: &Path| path.file_name().is_some_and(|name| name.as_encoded_bytes().starts_with(b"."));
        for (path, bytes) in &now {
            let known = [before.get(path), after.get(path)];
            // Names with a leading dot are what waits beside a file for its turn.
            let is_waiting = known == [None, None] && is_hidden(path);
            if !known.contains(&Some(bytes)) && !is_waiting {
                return Err(format!(
                    "{} is neither old nor new: {:.400}",
                    path.display(),
                    String::from_utf8_lossy(bytes)
                ));
            }
        }
        match before.keys().find(|path| after.contains_key(*path) && !now.contains_key(*path)) {
            Some(path) => Err(format!("{} is not there", path.display())),
            None => Ok(()),
        }
    }

    /// Recovers twice: the second time has nothing to do and changes nothing.
    pub fn recover_twice(&self, tree: &Path) -> Result<(), String> {
        let first = run(tree, &["recover"], 0);
        if !first.output.status.success() {
            return Err(format!("recover: {:?}", first.output));
        }
        let once = state(tree);
        let second = run(tree, &["recover"], 0);
        let differences = once.differences(&state(tree));
        if !second.output.status.success() || !differences.is_empty() {
            return Err(format!("recover again: {:?}\n{differences}", second.output));
        }
        Ok(())
    }

    /// Which of the two trees stands there now.
    fn found(&self, tree: &Path) -> Result<End, String> {
        let now = seen(tree);
        let from_before = self.before.differences(&now);
        if from_before.is_empty() && self.scenario.promise == Promise::BeforeOrAfter {
            return Ok(End::Old);
        }
        let from_after = self.after.differences(&now.without_times_of(&self.written));
        if from_after.is_empty() {
            return Ok(End::New);
        }
        Err(format!("from before:\n{from_before}from after:\n{from_after}"))
    }

    /// The way is free: the command does its work now, or has nothing more to do.
    pub fn finish(&self, tree: &Path, end: End) -> Result<(), String> {
        if end == End::New && self.scenario.promise != Promise::EachBackup {
            return Ok(());
        }
        let again = run(tree, self.scenario.command, 0);
        match self.found(tree) {
            Ok(End::New) if again.output.status.success() && self.store_is_tidy(tree) => Ok(()),
            other => Err(format!("not done afterwards: {other:?}: {:?}", again.output)),
        }
    }

    /// Whether nothing but whole backups lies in the store after a pruning.
    fn store_is_tidy(&self, tree: &Path) -> bool {
        self.scenario.promise != Promise::EachBackup
            || fs::read_dir(tree.join(STORE)).is_ok_and(|entries| {
                let names = entries.flatten().map(|entry| entry.file_name().to_string_lossy().into_owned());
                names.collect::<BTreeSet<_>>() == self.kept
            })
    }

    /// Whether NGINX would start from what is on the disk. A configuration is asked about once.
    pub fn starts(&self, tree: &Path) -> Result<(), String> {
        let key = state(&tree.join("etc/nginx")).visible_contents();
        if let Some(known) = self.tested.lock().expect("nobody panics").get(&key) {
            return known.clone();
        }
        let check = answer(
            &crate::support::binary::binary()
                .args(["check", "--json", "--root"])
                .arg(tree)
                .output()
                .expect("the binary starts"),
        );
        let document = check.document();
        let is_broken = document["findings"]
            .as_array()
            .is_none_or(|findings| findings.iter().any(|finding| finding["code"] == "nginx.config-broken"));
        let verdict = if is_broken || check.code == 65 { Err(document.to_string()) } else { Ok(()) };
        self.tested.lock().expect("nobody panics").insert(key, verdict.clone());
        verdict
    }

    /// How many different configurations NGINX was asked about.
    pub fn tested(&self) -> usize {
        self.tested.lock().expect("nobody panics").len()
    }
}

fn seen(tree: &Path) -> State {
    let all = state(tree).without_folder_times();
    // Folders that only hold our books come and go with them.
    all.without(&BOOKS).without_empty(&["var/lib/motionctl", "var/lib", "var"])
}

/// The whole backups of a tree, by name.
fn backups(tree: &Path) -> BTreeSet<String> {
    let Ok(entries) = fs::read_dir(tree.join(STORE)) else { return BTreeSet::new() };
    let names = entries.flatten().map(|entry| entry.file_name().to_string_lossy().into_owned());
    names.filter(|name| !name.starts_with('.')).collect()
}

fn verify_backups(tree: &Path) -> Result<(), String> {
    let verified = run(tree, &["backups", "verify"], 0);
    if verified.output.status.success() { Ok(()) } else { Err(format!("verify: {:?}", verified.output)) }
}
