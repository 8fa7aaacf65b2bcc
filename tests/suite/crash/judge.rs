//! Whether a tree after a crash and a recovery is the one from before or the
//! one after, and whether NGINX would start from it.

use super::scenario::{Promise, Ran, Scenario, copy, run};
use super::table::End;
use crate::support::binary::{Server, answer};
use crate::support::tree_state::{State, state};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Mutex;

/// What lies outside of the promise: who holds the lock, and how it went.
const BOOKS: [&str; 3] = ["var/lib/motionctl/lock", "var/lib/motionctl/journal", "var/backups"];

/// The two trees that are allowed, and the one to start from.
pub struct Judge<'a> {
    pub scenario: &'a Scenario,
    pub start: Server,
    /// The places that the command reaches when nothing disturbs it.
    pub places: Vec<String>,
    before: State,
    after: State,
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
        let tested = Mutex::default();
        Self { scenario, start, places: reached, before, after, written, tested }
    }

    /// Recovers twice, and says what is there; with the complaint when it is nothing allowed.
    pub fn recover_and_judge(&self, tree: &Path) -> Result<End, String> {
        self.recover_twice(tree)?;
        if self.scenario.promise == Promise::EachBackup {
            verify_backups(tree)?;
            let again = run(tree, self.scenario.command, 0);
            if !again.output.status.success() {
                return Err(format!("again: {:?}", again.output));
            }
        }
        let found = self.found(tree)?;
        if found == End::Old && self.scenario.promise == Promise::BeforeOrAfter {
            self.finish(tree)?;
        }
        Ok(found)
    }

    fn recover_twice(&self, tree: &Path) -> Result<(), String> {
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
    pub fn found(&self, tree: &Path) -> Result<End, String> {
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

    /// The way is free: the command does its work now.
    fn finish(&self, tree: &Path) -> Result<(), String> {
        let again = run(tree, self.scenario.command, 0);
        match self.found(tree) {
            Ok(End::New) if again.output.status.success() => Ok(()),
            other => Err(format!("not done afterwards: {other:?}: {:?}", again.output)),
        }
    }

    /// Whether NGINX would start from what is on the disk. A configuration is asked about once.
    pub fn starts(&self, tree: &Path) -> Result<(), String> {
        let key = state(&tree.join("etc/nginx")).contents();
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
        let document = check.json();
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

fn verify_backups(tree: &Path) -> Result<(), String> {
    let verified = run(tree, &["backups", "verify"], 0);
    if verified.output.status.success() { Ok(()) } else { Err(format!("verify: {:?}", verified.output)) }
}
