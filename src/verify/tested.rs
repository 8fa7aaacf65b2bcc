//! What NGINX accepted a moment ago, so that it is not asked twice for the same.
//!
//! Invariant: a verdict counts only while all that can be compared is as it was: the program, the states, and every
//! file of the configuration. Whoever cannot tell asks again.

use super::staged::Changes;
use crate::facts::FileFacts;
use crate::host::Root;
use crate::host::files::{FileState, observe};
use crate::host::trust::Executable;
use crate::values::RootPath;
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// How long a verdict lives. NGINX reads more than its configuration: keys, code, what a name leads to. Those are not
/// looked at again, so the verdict must be of now; a person who is asked takes longer, and then NGINX is asked again.
const FRESH: Duration = Duration::from_secs(5);

/// The states that a program accepted.
#[derive(Debug, Clone)]
pub struct AcceptedStates {
    program: Executable,
    states: Vec<Changes>,
    at: Instant,
}

impl AcceptedStates {
    /// Every one of `states` was accepted just now.
    #[must_use]
    pub fn new(program: &Executable, states: Vec<Changes>) -> Self {
        Self { program: program.clone(), states, at: Instant::now() }
    }

    /// Whether the same question would be asked of the same server again. `files` are those that were read for the
    /// test: one that has other bytes by now has been edited since.
    #[must_use]
    pub fn still_holds(
        &self,
        root: &Root,
        program: &Executable,
        files: &BTreeMap<RootPath, FileFacts>,
        states: &[Changes],
    ) -> bool {
        let is_as_read = |(path, read): (&RootPath, &FileFacts)| match observe(root, path) {
            Ok(FileState::File { sha256, attributes, .. }) => {
                sha256 == read.sha256 && attributes == read.attributes
            }
            _ => false,
        };
        self.at.elapsed() <= FRESH
            && self.program == *program
            && self.states == states
            && files.iter().all(is_as_read)
    }
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "a test edits files as somebody else does")]
mod tests {
    use super::*;
    use crate::verify::staged::Staged;
    use std::fs;

    #[test]
    fn a_verdict_is_of_one_program_one_change_and_files_as_they_were() {
        let folder = tempfile::tempdir().expect("a folder");
        let root = Root::at(folder.path()).expect("a root");
        let path = RootPath::new("/site.conf").expect("a path");
        fs::write(folder.path().join("site.conf"), "a").expect("writing");
        let Ok(FileState::File { sha256, attributes, .. }) = observe(&root, &path) else { panic!("no file") };
        let files = BTreeMap::from([(path, FileFacts { sha256, attributes })]);
        let [program, other] =
            ["/bin/sh", "/bin/ls"].map(|name| Executable::open(name.as_ref()).expect("a program"));
        let state = |path: &str| vec![Changes::from([(path.into(), Staged::Absent)])];
        let tested = AcceptedStates::new(&program, state("/new.conf"));
        let holds = |tested: &AcceptedStates, program, states: &[Changes]| {
            tested.still_holds(&root, program, &files, states)
        };
        assert!(holds(&tested, &program, &state("/new.conf")));
        assert!(!holds(&tested, &other, &state("/new.conf")));
        assert!(!holds(&tested, &program, &state("/other.conf")));
        assert!(!holds(&tested, &program, &[]));
        let old =
            Instant::now().checked_sub(FRESH + Duration::from_secs(1)).expect("the machine runs longer");
        assert!(!holds(&AcceptedStates { at: old, ..tested.clone() }, &program, &state("/new.conf")));
        fs::write(folder.path().join("site.conf"), "b").expect("writing");
        assert!(!holds(&tested, &program, &state("/new.conf")));
        fs::remove_file(folder.path().join("site.conf")).expect("removing");
        assert!(!holds(&tested, &program, &state("/new.conf")));
    }
}
