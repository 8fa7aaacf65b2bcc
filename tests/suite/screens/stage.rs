//! A folder with a server's tree in it, and commands that are typed there at a terminal.
//!
//! Invariant: what a run is told apart by (times, ids, process numbers, versions of the machine's programs) is replaced by
//! something as wide, so that the layout stays what people saw.

use super::{WIDTHS, shown};
use crate::support::binary::{binary, copy_to, fixture};
use crate::support::terminal::{Screen, on_terminal};
use expect_test::expect_file;
use regex::{Captures, Regex};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;
use tempfile::TempDir;

/// What the tree is called where the commands are typed.
const TREE: &str = "tree";

/// What the answers depend on, beside the terminal.
const ENVIRONMENT: [(&str, &str); 2] = [("NO_COLOR", "1"), ("LC_ALL", "C.UTF-8")];

/// What differs from run to run, and what stands for it.
static DIFFERS: LazyLock<Vec<(Regex, &str)>> = LazyLock::new(|| {
    let rules = [
        (r"\b\d{8}T\d{6}Z-[0-9a-f]{8}\b", "YYYYMMDDThhmmssZ-xxxxxxxx"),
        (r"\b\d{8}T\d{6}Z-\d\b", "YYYYMMDDThhmmssZ-N"),
        // Each by itself: between them a line may end.
        (r"\b\d{4}-\d\d-\d\d", "YYYY-MM-DD"),
        (r"\d\d:\d\d:\d\d(Z?)\b", "hh:mm:ss$1"),
        (r"\b\d\d:\d\d UTC\b", "hh:mm UTC"),
        (r"\b(confirmed|finished|undone) \d\d:\d\d\b", "$1 hh:mm"),
        (r"workers [\d ]+ → [\d ]+", "workers P P → P P "),
        // A folder that NGINX was built to use and this machine does not have, such as a lock's.
        (r"(?m)^  /\S+ is missing: an empty one stands in\n", ""),
        // Who it was, in the table of `history`.
        (r"(UTC  (?:migration|rollback)  )\S+", "${1}root"),
        (r"\b\d+ of them began", "N of them began"),
        (r"files, \d+ bytes", "files, NNNN bytes"),
        (r"\bnginx \d+\.\d+\.\d+", "nginx 1.22.1"),
        (r"\bSQLite \d+\.\d+\.\d+", "SQLite 3.50.0"),
        (r"\b[0-9a-f]{64}\b", "hash"),
        (r"\blearns [0-9a-f]{4}\b", "learns xxxx"),
        (r"deleted \([0-9a-f]{4}\)", "deleted (xxxx)"),
    ];
    rules.map(|(pattern, by)| (Regex::new(pattern).expect("a constant pattern"), by)).into()
});
/// Milliseconds, with the blanks before them that make a column of them.
static TOOK: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"( +)(\d+) ms\b").expect("a constant pattern"));

/// Where the commands are typed, on a terminal of one width.
pub struct Stage {
    folder: TempDir,
    columns: u16,
}

/// Plays the same on a terminal of each width.
pub fn on_each_width(play: impl Fn(&Stage)) {
    for columns in WIDTHS {
        // As long on every machine.
        let folder = tempfile::Builder::new().prefix("motionctl-").tempdir_in("/tmp").expect("a folder");
        play(&Stage { folder, columns });
    }
}

/// The file of a screen.
pub fn file_name(screen: &str, columns: u16) -> String {
    format!("{}.{columns}.txt", screen.replace(' ', "-"))
}

impl Stage {
    /// How wide the terminal is.
    pub fn columns(&self) -> u16 {
        self.columns
    }

    /// Puts a copy of a fixture there as the server's tree.
    pub fn tree(&self, name: &str) {
        let tree = self.at(TREE);
        drop(fs::remove_dir_all(&tree));
        let done = Command::new("cp").arg("-a").arg(fixture(name)).arg(&tree).status();
        assert!(done.expect("cp is installed").success());
    }

    /// A path of the folder.
    pub fn at(&self, path: impl AsRef<Path>) -> PathBuf {
        self.folder.path().join(path)
    }

    /// Writes a file, and the folders that it needs.
    pub fn write(&self, path: &str, text: &str) {
        fs::create_dir_all(self.at(path).parent().expect("a folder")).expect("folders");
        fs::write(self.at(path), text).expect("writing");
    }

    /// Replaces a text that occurs in a file.
    pub fn replace(&self, path: &str, old: &str, new: &str) {
        let text = fs::read_to_string(self.at(path)).expect("a readable file");
        assert!(text.contains(old), "{path} has no `{old}`");
        self.write(path, &text.replacen(old, new, 1));
    }

    /// The command, to be run where the tree is.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = binary();
        command
            .args(arguments)
            .envs(ENVIRONMENT)
            .env_remove("SSH_CONNECTION")
            .current_dir(self.folder.path());
        command
    }

    /// Does something that is not looked at.
    pub fn silently(&self, arguments: &[&str]) {
        let output = self.command(arguments).output().expect("the binary starts");
        assert!(output.status.success(), "{arguments:?}: {output:?}");
    }

    /// The answer of `--json`.
    pub fn json(&self, arguments: &[&str]) -> serde_json::Value {
        let output = self.command(arguments).arg("--json").output().expect("the binary starts");
        serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{arguments:?}: {error}"))
    }

    /// Types a command and compares the screen with the one that was kept under the name of the command and this.
    #[track_caller]
    pub fn show(&self, code: i32, screen: &str, arguments: &[&str]) {
        self.compare(code, screen, &mut self.command(arguments), None);
    }

    /// The same where the command asks and the answer is no.
    #[track_caller]
    pub fn show_asked(&self, code: i32, screen: &str, arguments: &[&str]) {
        self.compare(code, screen, &mut self.command(arguments), Some(("Type ", "no\n")));
    }

    /// The same of a program that lies in the folder, and says so.
    #[track_caller]
    pub fn show_of_a_copy(&self, code: i32, screen: &str, arguments: &[&str]) {
        let program = self.at("motionctl");
        copy_to(&program);
        let mut command = Command::new(program);
        command.args(arguments).envs(ENVIRONMENT).current_dir(self.folder.path());
        self.compare(code, screen, &mut command, None);
    }

    #[track_caller]
    fn compare(&self, code: i32, screen: &str, command: &mut Command, typed: Option<(&str, &str)>) {
        let seen = on_terminal(command, self.columns, typed);
        self.assert_fits(screen, &seen);
        assert_eq!(seen.code, code, "{screen}:\n{}", seen.text);
        expect_file![shown().join(file_name(screen, self.columns))].assert_eq(&self.comparable(&seen.text));
    }

    /// No line was too wide for the terminal.
    #[track_caller]
    fn assert_fits(&self, screen: &str, seen: &Screen) {
        let (columns, lines) = (self.columns, seen.too_wide.join("\n"));
        assert!(lines.is_empty(), "{screen}: wider than {columns} columns:\n{lines}\n\n{}", seen.text);
    }

    /// The text without what differs from run to run.
    fn comparable(&self, text: &str) -> String {
        let folder = self.folder.path().display().to_string();
        let text = text.replace(&folder, "/tmp/motionctl-XXXXXX");
        let text = DIFFERS.iter().fold(text, |text, (rule, by)| rule.replace_all(&text, *by).into_owned());
        let took = |found: &Captures<'_>| {
            let (blanks, digits) = (found[1].len(), found[2].len());
            // One blank stands in a sentence.
            let blanks = if blanks == 1 { 1 } else { blanks + digits - 1 };
            format!("{}N ms", " ".repeat(blanks))
        };
        TOOK.replace_all(&text, took).into_owned()
    }
}
