//! The command of this run as it would be typed once more, or as another command about the same server.
//!
//! Invariant: nothing that is hidden elsewhere is repeated here: of a command line with a secret only the command is.
//! What is repeated is quoted for a shell, so that it can be copied as it is.

use super::args::Cli;
use super::context::shell_word;
use clap::CommandFactory;
use nginx_config::redact_text;
use std::cell::OnceCell;
use std::ffi::OsString;

/// Options of how one run is shown or what it leaves besides; another run has its own.
const OF_ONE_RUN: [&str; 13] = [
    "json", "color", "quiet", "verbose", "no-input", "dry-run", "detailed-exitcode", "out", "html", "keep",
    "load", "candidate-out", "decisions",
];
/// Who has agreed to one command has not agreed to another.
const OF_ONE_COMMAND: [&str; 1] = ["yes"];

/// What was typed behind the program's name.
pub struct Typed {
    words: Vec<String>,
    /// The command line that it is read by, once it is asked for.
    known: OnceCell<clap::Command>,
}

impl Typed {
    /// The command line of this process; empty where a part of it is not text or may not be shown.
    pub fn here() -> Self {
        Self::new(std::env::args_os().skip(1))
    }

    fn new(arguments: impl Iterator<Item = OsString>) -> Self {
        let words: Vec<String> = arguments.filter_map(|word| word.into_string().ok()).collect();
        let is_harmless = |word: &String| redact_text(word) == *word;
        let line = words.join(" ");
        let may_be_shown = words.iter().all(is_harmless) && redact_text(&line) == line;
        Self { words: if may_be_shown { words } else { Vec::new() }, known: OnceCell::new() }
    }

    /// The same command with these options added.
    pub fn again(&self, command: &str, added: &str) -> String {
        self.instead(command, command, added)
    }

    /// Another command with the options that it shares with this one, and with those added.
    pub fn instead(&self, from: &str, to: &str, added: &str) -> String {
        let mut typed = vec![format!("motionctl {to}")];
        typed.extend(self.kept(from, to).iter().map(|word| shell_word(word)));
        typed.extend(Some(added.to_owned()).filter(|added| !added.is_empty()));
        typed.join(" ")
    }

    /// The words that stay.
    fn kept(&self, from: &str, to: &str) -> Vec<&String> {
        let root = self.known.get_or_init(Cli::command);
        let (Some(here), Some(there)) = (find(root, from), find(root, to)) else { return Vec::new() };
        let is_same = from == to;
        let mut left: Vec<&str> = from.split(' ').collect();
        let mut kept = Vec::new();
        let mut words = self.words.iter().peekable();
        while let Some(word) = words.next() {
            if word == "--" {
                break;
            }
            let Some(long) = word.strip_prefix("--") else {
                let is_command = left.first().is_some_and(|name| name == word);
                if is_command {
                    left.remove(0);
                } else if is_same && !word.starts_with('-') {
                    kept.push(word);
                }
                continue;
            };
            let name = long.split('=').next().unwrap_or(long);
            let known = |command: &clap::Command| {
                command.get_arguments().chain(root.get_arguments()).any(|one| one.get_long() == Some(name))
            };
            let mut all = here.get_arguments().chain(root.get_arguments());
            let takes = all
                .find(|one| one.get_long() == Some(name))
                .is_some_and(|one| one.get_action().takes_values());
            let value = if takes && !long.contains('=') { words.next() } else { None };
            let is_dropped = OF_ONE_RUN.contains(&name) || (!is_same && OF_ONE_COMMAND.contains(&name));
            if known(there) && !is_dropped {
                kept.push(word);
                kept.extend(value);
            }
        }
        kept
    }
}

/// The command of a name such as `seed apply`.
fn find<'a>(root: &'a clap::Command, name: &str) -> Option<&'a clap::Command> {
    name.split(' ').try_fold(root, |command, word| command.find_subcommand(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn typed(line: &[&str]) -> Typed {
        Typed::new(line.iter().map(OsString::from))
    }

    #[test]
    fn what_says_where_is_kept_and_what_says_how_it_is_shown_is_not() {
        let check = |line: &[&str], from, to, added, expect| {
            assert_eq!(typed(line).instead(from, to, added), expect, "{line:?}");
        };
        let line = ["--root", "t", "check", "--json", "--site", "/etc/nginx/a b.conf", "-v"];
        check(&line, "check", "apply", "", "motionctl apply --root t --site '/etc/nginx/a b.conf'");
        check(
            &["plan", "--out", "p.json", "--no-db", "--html=x"],
            "plan",
            "apply",
            "p.json",
            "motionctl apply --no-db p.json",
        );
        check(
            &["apply", "p.json", "--yes"],
            "apply",
            "apply",
            "--accept a.b",
            "motionctl apply p.json --yes --accept a.b",
        );
        check(&["apply", "p.json", "--yes"], "apply", "rehearse", "", "motionctl rehearse");
        check(&["apply", "--accept=a.b"], "apply", "plan", "", "motionctl plan --accept=a.b");
        check(&["apply", "--wait-idle", "5m"], "apply", "plan", "", "motionctl plan");
        check(
            &["seed", "--db", "sqlite:/m.db", "plan", "team.yaml"],
            "seed plan",
            "seed apply",
            "team.yaml",
            "motionctl seed apply --db sqlite:/m.db team.yaml",
        );
    }

    #[test]
    fn of_a_command_line_with_a_secret_only_the_command_is_repeated() {
        let line = ["apply", "--db", "mysql://root:S3cr3t@127.0.0.1/motion2"];
        assert_eq!(typed(&line).again("apply", "--wait-idle 30m"), "motionctl apply --wait-idle 30m");
    }
}
