//! The file that a step leaves at its path: what NGINX tests before the change, and what is
//! installed afterwards.
//!
//! Invariant: there is no second way to these bytes. The gate and the executor both ask
//! [`after`], and every source is held against the hash that the plan promised.

use crate::backup::Store;
use crate::host::Root;
use crate::plan::{Content, PatchError, Step, Version, derived, patch_to};
use crate::values::{Hash, RootPath, TextPath};
use crate::verify::staged::{Changes, Staged, StagedContent};
use anyhow::{Context, Result, bail};
use std::collections::BTreeMap;

/// Files that steps take contents from, beside the one that they change.
#[derive(Debug, Default)]
pub(super) struct Beside {
    /// Files of earlier steps that are not on the disk yet.
    pub earlier: Changes,
    /// What stood in the files that are copied when the run began.
    pub begun: BTreeMap<TextPath, Vec<u8>>,
}

impl Beside {
    /// As it is before the first step.
    pub fn at_the_start(root: &Root, steps: &[Step]) -> Result<Self> {
        let copied = steps.iter().filter_map(|step| match step {
            Step::SetFile { to: Version::File { content: Content::Copied(of), .. }, .. } => Some(of),
            _ => None,
        });
        let read = |of: &TextPath| -> Result<(TextPath, Vec<u8>)> {
            Ok((of.clone(), root.read(of).with_context(|| format!("reading {}", of.as_str()))?))
        };
        Ok(Self { earlier: Changes::new(), begun: copied.map(read).collect::<Result<_>>()? })
    }
}

/// The file at `path` once a step has turned `from` into `to`; `None` where there is none then.
///
/// # Errors
/// When the file is not what the plan expects, or a backup lacks it.
pub(super) fn after(
    root: &Root,
    path: &RootPath,
    from: &Version,
    to: &Version,
    beside: &Beside,
) -> Result<Option<StagedContent>> {
    let Version::File { sha256, attributes, content } = to else { return Ok(None) };
    let bytes = bytes(root, path, from, *sha256, content, beside);
    let bytes = bytes.with_context(|| format!("preparing {path}"))?;
    Ok(Some(StagedContent { bytes, attributes: attributes.clone() }))
}

fn bytes(
    root: &Root,
    path: &RootPath,
    from: &Version,
    sha256: Hash,
    content: &Content,
    beside: &Beside,
) -> Result<Vec<u8>> {
    let standing = |path: &RootPath| -> Result<Vec<u8>> {
        match beside.earlier.get(path.as_path()).and_then(Staged::bytes) {
            Some(bytes) => Ok(bytes.to_vec()),
            None => root.read(path).with_context(|| format!("reading {path}")),
        }
    };
    let promised = |bytes: Vec<u8>| -> Result<Vec<u8>> {
        let found = Hash::of(&bytes);
        if found == sha256 {
            Ok(bytes)
        } else {
            Err(PatchError::WrongResult { found, expected: sha256 }.into())
        }
    };
    match content {
        Content::Live => bail!("the plan does not say where the contents come from"),
        Content::Patched(patches) => {
            let before = match from {
                Version::Absent => Vec::new(),
                Version::File { .. } => root.read(path)?,
            };
            Ok(patch_to(&before, patches, sha256)?)
        }
        Content::Copied(of) => promised(match beside.begun.get(of) {
            Some(bytes) => bytes.clone(),
            None => bail!("the plan copies a file that was not read when the run began"),
        }),
        Content::Local(how) => {
            let previous = match from {
                Version::Absent => None,
                Version::File { .. } => Some(root.read(path)?),
            };
            promised(derived(how, &standing(&how.base)?, &standing(&how.site)?, previous.as_deref())?)
        }
        Content::Backup(id) => Ok(Store::new(root).content(id, sha256)?),
    }
}

#[cfg(test)]
mod tests {
    use super::super::executor::{Executor, Stopping};
    use super::super::staging::states;
    use super::*;
    use crate::apply::journal_file::History;
    use crate::backup::{Backup, BackupRequest};
    use crate::facts::NginxVersion;
    use crate::host::files::{Expect, FileState, create, create_link, discard, make_folder, observe, remove};
    use crate::host::{WriteLock, machine};
    use crate::journal::{Event, RunKind, RunOutcome};
    use crate::plan::{Plan, PlanKind, line_patches};
    use crate::values::{Attributes, LinkText};
    use std::sync::atomic::AtomicBool;

    struct Server {
        _dir: tempfile::TempDir,
        root: Root,
        lock: WriteLock,
    }

    impl Server {
        /// A server with these files in `/etc`.
        fn with(files: &[(&str, &str)]) -> Self {
            let dir = tempfile::tempdir().expect("a folder");
            let root = Root::at(dir.path()).expect("a root");
            let lock = WriteLock::take(&root).expect("the lock");
            make_folder(&lock, &root, &at("/etc")).expect("a folder");
            let server = Self { _dir: dir, root, lock };
            files.iter().for_each(|(path, text)| server.create(path, text));
            server
        }

        fn create(&self, path: &str, text: &str) {
            let _created = create(&self.lock, &self.root, &at(path), text.as_bytes(), &attributes(0o600))
                .expect("a new file");
        }

        fn link(&self, path: &str, target: &str) {
            let target = LinkText::new(target);
            let _created = create_link(&self.lock, &self.root, &at(path), &target, &attributes(0o777))
                .expect("a new link");
        }

        fn remove(&self, path: &str, expect: &Expect) {
            let kept = remove(&self.lock, &self.root, &at(path), expect).expect("it was there");
            discard(&self.lock, &self.root, &kept).expect("gone");
        }

        fn backup(&self) -> Backup {
            let paths = [at("/etc")];
            let asked =
                BackupRequest { paths: &paths, reason: "a test", run: None, host: "cc", tool_version: "0" };
            Store::new(&self.root).take(&self.lock, &asked, &mut |_| ()).expect("a backup")
        }

        fn install(&self, plan: &Plan) {
            let mut history = History::open(&self.lock, &self.root).expect("the journal");
            let start = Event::Started {
                run: "20261122T101500Z-1".parse().expect("a run's name"),
                kind: RunKind::Migrate,
                plan: plan.id,
                backup: "20261122T101500Z-0a1b2c3d".parse().expect("a backup's name"),
                steps: plan.steps.iter().map(Step::to_journal).collect(),
                actor: String::new(),
                command: String::new(),
            };
            history.record(start).expect("recorded");
            let stop = AtomicBool::new(false);
            let (root, lock) = (&self.root, &self.lock);
            let mut executor = Executor::of_begun(root, lock, &mut history, &stop);
            executor.run_with_gate(&plan.steps, Stopping::Allowed, &|| Ok(())).expect("installed");
            executor.settle().expect("settled");
            history.record(Event::Proven).expect("recorded");
            history.record(Event::Finished { outcome: RunOutcome::Applied }).expect("recorded");
        }

        /// NGINX is shown the very files that are on the disk afterwards.
        fn check(&self, what: &str, step: Step) {
            let plan = Plan::new(
                PlanKind::Migrate,
                "graft",
                "/etc/a".to_owned(),
                NginxVersion(1, 22, 1),
                BTreeMap::new(),
                vec![step],
            );
            let tested = states(&self.root, &plan).expect("staged").pop().expect("one step, one state");
            assert!(!tested.is_empty(), "{what}: nothing was tested");
            self.install(&plan);
            for (path, staged) in tested {
                let found = observe(&self.root, &RootPath::new(&path).expect("absolute")).expect("looked at");
                match (staged, found) {
                    (Staged::Absent, FileState::Absent) => {}
                    (
                        Staged::File(wanted) | Staged::FileInstead(wanted),
                        FileState::File { sha256, attributes, .. },
                    ) => {
                        assert_eq!(sha256, Hash::of(&wanted.bytes), "{what}: other bytes in {path:?}");
                        let mode =
                            |attributes: &Attributes| (attributes.mode, attributes.uid, attributes.gid);
                        assert_eq!(mode(&attributes), mode(&wanted.attributes), "{what}: {path:?}");
                    }
                    (Staged::Link(wanted), FileState::Symlink { target, .. }) => {
                        assert_eq!(target.as_os_str(), wanted.as_os_str(), "{what}: {path:?}");
                    }
                    (staged, found) => panic!("{what}: tested {staged:?} at {path:?}, there is {found}"),
                }
            }
        }
    }

    fn at(path: &str) -> RootPath {
        RootPath::new(path).expect("absolute")
    }

    fn attributes(mode: u32) -> Attributes {
        let (uid, gid) = machine::user();
        Attributes::plain(mode, uid, gid)
    }

    fn version(text: &str, mode: u32, content: Content) -> Version {
        let sha256 = Hash::of(text.as_bytes());
        Version::File { sha256, attributes: attributes(mode), content }
    }

    fn patched(old: &str, new: &str) -> Version {
        let patches = line_patches(old.as_bytes(), new.as_bytes()).expect("text");
        version(new, 0o644, Content::Patched(patches))
    }

    fn set(path: &str, from: Version, to: Version) -> Step {
        Step::SetFile { path: TextPath::new(path).expect("a path"), from, to }
    }

    #[test]
    fn nginx_tests_the_bytes_that_are_installed_whatever_they_come_from() {
        let live = |text| version(text, 0o600, Content::Live);
        let server = Server::with(&[("/etc/a", "1\n2\n"), ("/etc/b", "old\n")]);
        let backup = server.backup();
        let kept = |text| version(text, 0o640, Content::Backup(backup.manifest.id.clone()));
        server.check("a change", set("/etc/a", live("1\n2\n"), patched("1\n2\n", "1\n3\n")));
        server.check("a new file", set("/etc/c", Version::Absent, patched("", "new\n")));
        server.check("a removal", set("/etc/b", live("old\n"), Version::Absent));
        server.check("from a backup", set("/etc/a", live("1\n3\n"), kept("1\n2\n")));
        server.check("from a backup, gone meanwhile", set("/etc/b", Version::Absent, kept("old\n")));
    }

    #[test]
    fn nginx_tests_what_restoring_a_whole_tree_brings() {
        let server =
            Server::with(&[("/etc/changed", "old\n"), ("/etc/gone", "old\n"), ("/etc/folder", "old\n")]);
        server.link("/etc/link", "changed");
        server.link("/etc/elsewhere", "changed");
        let backup = server.backup();
        for path in ["/etc/changed", "/etc/gone", "/etc/folder"] {
            server.remove(path, &Expect::File(Hash::of(b"old\n")));
        }
        for path in ["/etc/link", "/etc/elsewhere"] {
            server.remove(path, &Expect::Symlink(LinkText::new("changed")));
        }
        for path in ["/etc/changed", "/etc/link", "/etc/added"] {
            server.create(path, "new\n");
        }
        server.link("/etc/elsewhere", "added");
        make_folder(&server.lock, &server.root, &at("/etc/folder")).expect("a folder");
        server.check("a whole tree", Step::RestoreTree { backup: backup.manifest.id.clone() });
    }

    #[test]
    fn neither_gate_nor_installation_goes_by_other_bytes_than_the_plan_promised() {
        let server = Server::with(&[("/etc/a", "1\n2\n")]);
        let backup = server.backup();
        let live = version("1\n2\n", 0o600, Content::Live);
        let patches = line_patches(b"1\n2\n", b"1\n3\n").expect("text");
        for (content, says) in [
            (Content::Live, "where the contents come from"),
            (Content::Patched(patches), "the result has the hash"),
            (Content::Backup(backup.manifest.id.clone()), "are missing"),
        ] {
            let to = version("other\n", 0o644, content);
            let refused =
                after(&server.root, &at("/etc/a"), &live, &to, &Beside::default()).expect_err("refused");
            assert!(format!("{refused:#}").contains(says), "{refused:#}");
        }
    }
}
