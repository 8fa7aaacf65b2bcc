//! Which commit the build script puts into a program: the one of our own repository, or what it was given, or none.
//!
//! Invariant: the real build.rs is compiled and run, in repositories of the test.

use super::ours;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;
use tempfile::TempDir;

/// The build script as a program, compiled once.
static SCRIPT: LazyLock<TempDir> = LazyLock::new(|| {
    let folder = tempfile::tempdir().expect("a folder");
    let mut rustc = Command::new("rustc");
    rustc.args(["--edition=2024", "-o"]).arg(folder.path().join("script")).arg(ours("build.rs"));
    assert!(rustc.status().expect("rustc is there").success());
    folder
});

/// A repository with a package in it.
struct Repository {
    folder: TempDir,
}

impl Repository {
    /// The package lies in `place` of the repository.
    fn new(place: &str) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let repository = Self { folder };
        let package = repository.at("work").join(place);
        for path in ["src", "crates", "templates", "docs"] {
            fs::create_dir_all(package.join(path)).expect("a folder");
            fs::write(package.join(path).join("file"), "as committed").expect("a file");
        }
        for path in ["build.rs", "Cargo.toml", "Cargo.lock"] {
            fs::write(package.join(path), "as committed").expect("a file");
        }
        repository
    }

    fn at(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn committed(self) -> Self {
        self.git(&["init", "-q"]);
        self.git(&["add", "-A"]);
        self.git(&["commit", "-q", "-m", "All of it"]);
        self
    }

    fn git(&self, arguments: &[&str]) -> String {
        let output = Command::new("git")
            .args(["-c", "user.name=Somebody", "-c", "user.email=somebody@example.test"])
            .args(arguments)
            .current_dir(self.at("work"))
            .env("GIT_COMMITTER_DATE", "2026-11-28T23:59:59+0000")
            .output()
            .expect("git is there");
        assert!(output.status.success(), "{arguments:?}: {output:?}");
        String::from_utf8(output.stdout).expect("text").trim().to_owned()
    }

    /// Commit and date that the script tells cargo, and whether it asks to be run again after the next commit.
    fn told(&self, package: &Path, profile: &str, given: Option<&str>) -> (String, String, bool) {
        let mut script = Command::new(SCRIPT.path().join("script"));
        script.current_dir(package).env("CARGO_MANIFEST_DIR", package).env("PROFILE", profile);
        script.env("TARGET", "x86_64-unknown-linux-gnu").env("RUSTC", "rustc");
        script.env_remove("MOTIONCTL_COMMIT").envs(given.map(|commit| ("MOTIONCTL_COMMIT", commit)));
        // What lies around the test's own folder is no repository of the package.
        script.env("GIT_CEILING_DIRECTORIES", self.folder.path());
        let output = script.output().expect("it runs");
        assert!(output.status.success(), "{output:?}");
        let text = String::from_utf8(output.stdout).expect("text");
        let value = |name: &str| {
            let key = format!("cargo::rustc-env={name}=");
            text.lines().find_map(|line| line.strip_prefix(&key)).unwrap_or_default().to_owned()
        };
        let again =
            text.lines().any(|line| line.starts_with("cargo::rerun-if-changed=") && line.ends_with("HEAD"));
        (value("MOTIONCTL_BUILT_FROM"), value("MOTIONCTL_BUILT_DATE"), again)
    }
}

#[test]
fn a_release_has_the_commit_of_its_repository() {
    let repository = Repository::new("").committed();
    let commit = repository.git(&["rev-parse", "HEAD"]);
    let package = repository.at("work");
    let told = |profile| repository.told(&package, profile, None);
    assert_eq!(told("release"), (commit.clone(), "2026-11-28".to_owned(), true));
    assert_eq!(told("debug"), (String::new(), String::new(), false));
    // What is not compiled in changes no program.
    fs::write(package.join("docs/file"), "changed").expect("written");
    assert_eq!(told("release").0, commit);
    fs::write(package.join("templates/file"), "changed").expect("written");
    assert_eq!(told("release").0, format!("{commit}+"));
    repository.git(&["checkout", "-q", "templates"]);
    fs::write(package.join("src/another"), "new").expect("written");
    assert_eq!(told("release").0, format!("{commit}+"));
}

#[test]
fn a_worktree_has_its_own_commit() {
    let repository = Repository::new("").committed();
    let first = repository.git(&["rev-parse", "HEAD"]);
    let worktree = repository.at("worktree");
    repository.git(&["worktree", "add", "-q", worktree.to_str().expect("a name"), "HEAD"]);
    repository.git(&["commit", "-q", "--allow-empty", "-m", "Another"]);
    assert_eq!(repository.told(&worktree, "release", None).0, first);
    assert_ne!(repository.told(&repository.at("work"), "release", None).0, first);
}

#[test]
fn another_projects_commit_is_not_taken() {
    let repository = Repository::new("third-party/motionctl").committed();
    let package = repository.at("work/third-party/motionctl");
    assert_eq!(repository.told(&package, "release", None).0, "");
}

#[test]
fn unpacked_sources_have_the_commit_that_they_are_given() {
    let repository = Repository::new("");
    let package = repository.at("work");
    assert_eq!(repository.told(&package, "release", None).0, "");
    for profile in ["release", "debug"] {
        let (commit, date, _) = repository.told(&package, profile, Some("abcdef0 2026-01-02"));
        assert_eq!((commit.as_str(), date.as_str()), ("abcdef0", "2026-01-02"));
    }
}
