//! The real binary as a process, on fixtures and on copies of them.
//!
//! Invariant: a copy is private to its test, and a fixture is never written to.

use super::said::{Said, answer};
use super::tree_state::{State, untouched};
use serde_json::Value;
use std::collections::BTreeMap;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use tempfile::TempDir;

/// Motion's file in most fixtures.
pub const SITE: &str = "etc/nginx/conf.d/motion.conf";

/// A copy of the binary under test, to be run.
///
/// Another process writes it: one that a test beside this one starts meanwhile would inherit the open file from here,
/// and a program that somebody may write to is not run ("Text file busy").
pub fn copy_to(path: &Path) {
    let done = Command::new("cp").arg(env!("CARGO_BIN_EXE_motionctl")).arg(path).status();
    assert!(done.expect("cp").success());
}

/// Copies what lies in a folder into another one, with everything that it has.
pub fn copy_tree(from: &Path, to: &Path) {
    let copied = Command::new("cp").arg("-a").arg(from.join(".")).arg(to).status();
    assert!(copied.expect("cp is installed").success(), "copying {}", from.display());
}

/// Puts a script or program there, for everybody to run; another process writes it, as above.
pub fn write_program(path: impl AsRef<Path>, content: impl AsRef<[u8]>) {
    let path = path.as_ref();
    // Another file, so that what runs meanwhile keeps the one that it began with.
    let write = r#"mkdir -p "${1%/*}" && rm -f "$1" && cat >"$1" && chmod 755 "$1""#;
    let mut shell = Command::new("sh");
    let mut child =
        shell.args(["-c", write, "sh"]).arg(path).stdin(Stdio::piped()).spawn().expect("sh starts");
    child.stdin.take().expect("its input").write_all(content.as_ref()).expect("writing");
    assert!(child.wait().expect("sh ends").success(), "{}", path.display());
}

/// The binary under test.
pub fn binary() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_motionctl"));
    command.env_remove("NO_COLOR").env("LC_ALL", "C.UTF-8").stdin(Stdio::null());
    // Not where this machine's own runs are kept.
    command.env("MOTIONCTL_SEED_RUNS", concat!(env!("CARGO_TARGET_TMPDIR"), "/seed-runs"));
    command
}

/// Runs the binary to its end, with no terminal.
pub fn motionctl<S: AsRef<std::ffi::OsStr>>(arguments: impl IntoIterator<Item = S>) -> Said {
    answer(&binary().args(arguments).output().expect("the binary starts"))
}

/// Where a fixture lies.
pub fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures").join(name)
}

/// A copy of a fixture that its test may change.
pub struct Server {
    folder: TempDir,
}

impl Server {
    /// Copies a fixture.
    pub fn copy(name: &str) -> Self {
        Self::copy_of(&fixture(name))
    }

    /// A copy of the standalone server whose site's file has this text.
    pub fn with_site(text: &str) -> Self {
        let server = Self::copy("standalone");
        server.write(SITE, text);
        server
    }

    /// Copies a tree.
    pub fn copy_of(tree: &Path) -> Self {
        let folder = tempfile::Builder::new().prefix("motionctl-tree-").tempdir().expect("a folder");
        copy_tree(tree, folder.path());
        // Anybody may read it, as a customer's copy in a home directory.
        Command::new("chmod").arg("a+rX").arg(folder.path()).status().expect("chmod is installed");
        Self { folder }
    }

    /// Where it lies.
    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Where a path of the tree lies on this machine.
    pub fn at(&self, path: &str) -> PathBuf {
        self.folder.path().join(path.trim_start_matches('/'))
    }

    /// Reads a file of the tree.
    pub fn read(&self, path: &str) -> String {
        fs::read_to_string(self.at(path)).expect("a readable file")
    }

    /// Writes a file of the tree, and the folders that it needs.
    pub fn write(&self, path: &str, text: impl AsRef<[u8]>) {
        fs::create_dir_all(self.at(path).parent().expect("a folder")).expect("folders");
        fs::write(self.at(path), text).expect("writing");
    }

    /// Replaces a text that occurs in a file of the tree.
    pub fn replace(&self, path: &str, old: &str, new: &str) {
        let text = self.read(path);
        assert!(text.contains(old), "{path} has no `{old}`");
        self.write(path, text.replacen(old, new, 1));
    }

    /// Runs a command on the tree, with no terminal.
    pub fn run(&self, arguments: &[&str]) -> Said {
        motionctl(self.arguments(arguments))
    }

    /// Runs a command on the tree with `--json`, and reads its document.
    pub fn json(&self, arguments: &[&str]) -> Value {
        let mut with_json = self.arguments(arguments);
        with_json.push("--json".to_owned());
        motionctl(with_json).document()
    }

    /// The arguments with `--root` behind them.
    pub fn arguments(&self, arguments: &[&str]) -> Vec<String> {
        let mut all: Vec<String> = arguments.iter().map(|argument| (*argument).to_owned()).collect();
        all.extend(["--root".to_owned(), self.path().display().to_string()]);
        all
    }

    /// Everything that can be seen of the tree, and whether it was written to.
    pub fn state(&self) -> State {
        untouched(self.path())
    }
}

/// The codes of a document's findings, in its order.
pub fn codes(document: &Value) -> Vec<String> {
    let findings = document["findings"].as_array().expect("findings");
    findings.iter().map(|finding| finding["code"].as_str().expect("a code").to_owned()).collect()
}

/// As [`codes`], without the one that every tree has: its processes are not to be seen.
pub fn codes_beside_unknown(document: &Value) -> Vec<String> {
    let mut codes = codes(document);
    assert!(codes.iter().any(|code| code == "topology.unknown"), "a tree without it: {document:#}");
    codes.retain(|code| !code.ends_with(".unknown"));
    codes
}

/// A file of this machine that holds this text, and its path.
pub fn named(text: &str) -> (tempfile::NamedTempFile, String) {
    let file = tempfile::NamedTempFile::new().expect("a file");
    fs::write(file.path(), text).expect("writing");
    let path = file.path().display().to_string();
    (file, path)
}

/// Motion's file has all of these.
pub fn has(server: &Server, parts: &[&str]) {
    let site = server.read(SITE);
    parts.iter().for_each(|part| assert!(site.contains(part), "{part} is not in {site}"));
}

/// The finding of this code.
pub fn finding<'a>(document: &'a Value, code: &str) -> &'a Value {
    let findings = document["findings"].as_array().expect("findings");
    let found: Vec<_> = findings.iter().filter(|finding| finding["code"] == code).collect();
    assert_eq!(found.len(), 1, "{code} in {document:#}");
    found[0]
}

/// A process and all its descendants, by pid and start time, with their titles.
pub fn family(pid: u32) -> BTreeMap<(u32, String), String> {
    let mut parents = BTreeMap::new();
    for entry in fs::read_dir("/proc").expect("/proc").flatten() {
        let Some(pid) = entry.file_name().to_str().and_then(|name| name.parse::<u32>().ok()) else {
            continue;
        };
        let Ok(stat) = fs::read_to_string(entry.path().join("stat")) else { continue };
        let fields: Vec<_> = stat.rsplit(") ").next().unwrap_or_default().split(' ').collect();
        let (Some(Ok(parent)), Some(start)) =
            (fields.get(1).map(|field| field.parse::<u32>()), fields.get(19))
        else {
            continue;
        };
        let title = fs::read(entry.path().join("cmdline")).unwrap_or_default();
        let title = String::from_utf8_lossy(&title).replace('\0', " ");
        parents.insert(pid, (parent, (*start).to_owned(), title));
    }
    let belongs = |mut member: u32| {
        for _ in 0..64 {
            match parents.get(&member) {
                _ if member == pid => return true,
                Some((parent, ..)) => member = *parent,
                None => return false,
            }
        }
        false
    };
    let members = parents.iter().filter(|(member, _)| belongs(**member));
    members.map(|(member, (_, start, title))| ((*member, start.clone()), title.clone())).collect()
}

/// Whether a process of [`family`] still runs; a zombie does not.
pub fn runs((pid, start): &(u32, String)) -> bool {
    let Ok(stat) = fs::read_to_string(format!("/proc/{pid}/stat")) else { return false };
    let fields: Vec<_> = stat.rsplit(") ").next().unwrap_or_default().split(' ').collect();
    fields.first() != Some(&"Z") && fields.get(19) == Some(&start.as_str())
}
