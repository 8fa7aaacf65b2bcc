//! Somebody who signs bundles with the real `sha256sum` and the real `minisign`, as docs/security.md says.
//!
//! Invariant: each has a key of his own, without a password, which goes away with the value. It must not assert anything
//! about the product.

use super::depth::report;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use tempfile::TempDir;

/// A person with a key.
pub struct Signer(TempDir);

impl Signer {
    /// Makes a key; says why this test is skipped where there is no `minisign`.
    pub fn for_test(test: &str) -> Option<Self> {
        if Command::new("minisign").arg("-v").output().is_err() {
            report(&format!("{test}: SKIPPED, this machine has no minisign"), "");
            return None;
        }
        let signer = Self(tempfile::tempdir().expect("a folder"));
        let (public, secret) = (signer.file("key.pub"), signer.file("key"));
        run(Command::new("minisign").arg("-GW").arg("-p").arg(public).arg("-s").arg(secret));
        Some(signer)
    }

    /// The whole of the public key's file.
    pub fn public(&self) -> String {
        fs::read_to_string(self.file("key.pub")).expect("a key")
    }

    /// The line with the key.
    pub fn key(&self) -> String {
        self.public().lines().next_back().expect("a line").to_owned()
    }

    /// The key's id, as minisign shows it.
    pub fn id(&self) -> String {
        self.public().lines().next().expect("a line").rsplit(' ').next().expect("an id").to_owned()
    }

    /// Lists the files of a folder and signs the list.
    pub fn sign(&self, folder: &Path, comment: &str) {
        list(folder);
        self.sign_list(folder, comment);
    }

    /// Signs the list that lies in a folder.
    pub fn sign_list(&self, folder: &Path, comment: &str) {
        self.sign_with(folder, comment, &[]);
    }

    /// The same with more options for `minisign`.
    pub fn sign_with(&self, folder: &Path, comment: &str, more: &[&str]) {
        let mut minisign = Command::new("minisign");
        minisign.arg("-S").args(more).arg("-s").arg(self.file("key")).args(["-t", comment]);
        run(minisign.args(["-m", "SHA256SUMS"]).current_dir(folder));
    }

    fn file(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }
}

/// Lists the files of a folder in it, but for what is written here.
pub fn list(folder: &Path) {
    let command = "rm -f SHA256SUMS SHA256SUMS.minisig && sha256sum -- * >.list && mv .list SHA256SUMS";
    run(Command::new("sh").args(["-c", command]).current_dir(folder));
}

fn run(command: &mut Command) {
    let output = command.output().expect("it starts");
    assert!(output.status.success(), "{command:?}: {output:?}");
}
