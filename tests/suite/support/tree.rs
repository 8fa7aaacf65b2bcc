//! A server tree in a temporary folder, to read from and to write to.

use motionctl::host::files::{Expect, ReplaceError, UndoableChange, replace};
use motionctl::host::{Root, WriteLock};
use motionctl::values::{Attributes, Hash, RootPath};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use tempfile::TempDir;

/// A small server tree with its lock taken.
pub struct Tree {
    /// Where it lies.
    pub dir: TempDir,
    /// The same as a root.
    pub root: Root,
    /// The right to write there.
    pub lock: WriteLock,
}

impl Tree {
    /// A tree with an empty `/etc/nginx/sites-available`.
    pub fn new() -> Self {
        let dir = tempfile::tempdir().expect("a folder");
        fs::create_dir_all(dir.path().join("etc/nginx/sites-available")).expect("folders");
        let root = Root::at(dir.path()).expect("a root");
        let lock = WriteLock::take(&root).expect("the lock");
        Self { dir, root, lock }
    }

    /// Where a path of the tree lies on this machine.
    pub fn host(&self, path: &str) -> PathBuf {
        self.dir.path().join(path.trim_start_matches('/'))
    }

    /// Writes a file as anybody would.
    pub fn write(&self, path: &str, bytes: &str) -> RootPath {
        fs::write(self.host(path), bytes).expect("writing");
        at(path)
    }

    /// Replaces a file as the tool does, with mode 0644.
    pub fn replace(&self, path: &RootPath, old: &str, new: &str) -> Result<UndoableChange, ReplaceError> {
        let expect = Expect::File(Hash::of(old.as_bytes()));
        replace(&self.lock, &self.root, path, &expect, new.as_bytes(), &Attributes::plain(0o644, 0, 0))
    }

    /// The names in a folder.
    pub fn names(&self, folder: &str) -> Vec<String> {
        let names = self.root.read_dir(folder).expect("listing");
        names.into_iter().map(|name| name.to_string_lossy().into_owned()).collect()
    }
}

/// A path of the tree.
pub fn at(path: &str) -> RootPath {
    RootPath::new(path).expect("absolute")
}

/// Runs a program on a file.
pub fn run(program: &str, arguments: &[&str], file: &Path) {
    let status = Command::new(program).args(arguments).arg(file).status().expect("the program is installed");
    assert!(status.success(), "{program} {arguments:?} {}", file.display());
}
