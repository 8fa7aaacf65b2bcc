//! The command line with its examples, and what is made from it: help, completion scripts and manual pages.
//!
//! Invariant: a page says nothing that the flags, the examples and the tables of exit codes, files and variables do not
//! say.

mod examples;
mod ordered;
mod pages;
mod places;

pub use pages::pages;
pub use places::{
    DATABASE, HOME, JOURNAL_STREAM, LANG, LC_ALL, LC_CTYPE, NO_COLOR, PASSWORD_FILE, PLACES, SEED_RUNS,
    STATE_HOME, SUDO_USER, VARIABLES, Variable,
};

use super::args::Cli;
use crate::outcome::{Outcome, OutcomeKind};
use clap::{Command, CommandFactory};
use clap_complete::Shell;
use examples::Example;
use ordered::ordered;

/// The command line as it is parsed, every command with its examples.
pub fn command() -> Command {
    with_examples(ordered(), "")
}

fn with_examples(command: Command, path: &str) -> Command {
    let examples = examples::of(path);
    let before = command.get_after_help().map(|help| format!("\n\n{help}")).unwrap_or_default();
    let command = match examples {
        [] => command,
        examples => command.after_help(format!("{}{before}", listed(examples))),
    };
    command.mut_subcommands(|child| {
        let path = format!("{path} {}", child.get_name());
        with_examples(child, path.trim_start())
    })
}

fn listed(examples: &[Example]) -> String {
    let lines =
        examples.iter().flat_map(|Example { line, why }| [format!("  {line}"), format!("      {why}")]);
    std::iter::once("Examples:".to_owned()).chain(lines).collect::<Vec<_>>().join("\n")
}

/// The completion script of a shell.
pub fn completions(shell: Shell) -> Vec<u8> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "motionctl", &mut script);
    // At its end, where whoever printed it on a terminal reads; zsh takes its first line for an order.
    script.extend(where_it_goes(shell).bytes());
    script
}

/// A comment in the language of the shell; they all begin it alike.
fn where_it_goes(shell: Shell) -> String {
    let file = match shell {
        Shell::Bash => "/etc/bash_completion.d/motionctl (source it for this shell alone)",
        Shell::Zsh => "/usr/local/share/zsh/site-functions/_motionctl, or any folder of $fpath",
        Shell::Fish => "/etc/fish/completions/motionctl.fish, or ~/.config/fish/completions/motionctl.fish",
        _ => "a file that the shell reads when it starts",
    };
    format!("\n# Where this goes: {file}\n")
}

/// The same for programs that asked for a document.
pub fn completions_outcome(shell: Shell) -> Outcome {
    let mut outcome = Outcome::new("completions", OutcomeKind::Ok);
    let script = String::from_utf8_lossy(&completions(shell)).into_owned();
    outcome.details.add("script", script);
    outcome
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    /// The paths of the commands that a person sees.
    fn paths(command: &Command, path: &str, found: &mut BTreeSet<String>) {
        found.insert(path.to_owned());
        for child in command.get_subcommands().filter(|child| !child.is_hide_set()) {
            paths(child, format!("{path} {}", child.get_name()).trim_start(), found);
        }
    }

    /// The words of `motionctl …` in a line of shell: behind `sudo`, before a redirection.
    fn words(line: &str) -> Vec<String> {
        let behind = &line[line.find("motionctl").expect("it is an example of motionctl")..];
        let end = behind.find([')', '|', '>']).unwrap_or(behind.len());
        // Quotes are the only other thing of a shell's in the examples.
        let mut words = Vec::new();
        for (index, part) in behind[..end].split('\'').enumerate() {
            match index % 2 {
                0 => words.extend(part.split_whitespace().map(str::to_owned)),
                _ => words.push(part.to_owned()),
            }
        }
        words
    }

    #[test]
    fn every_command_has_an_example_and_every_example_a_command() {
        let mut there = BTreeSet::new();
        paths(&Cli::command(), "", &mut there);
        let named: Vec<_> = examples::all().map(|(path, _)| (*path).to_owned()).collect();
        assert_eq!(named.iter().cloned().collect::<BTreeSet<_>>(), there);
        assert_eq!(named.len(), there.len(), "each stands there once");
    }

    #[test]
    fn every_example_is_understood_and_is_of_its_command() {
        for (path, examples) in examples::all() {
            assert!(!examples.is_empty(), "{path}");
            for Example { line, why } in *examples {
                let matches = command().try_get_matches_from(words(line));
                let matches = match matches {
                    Ok(matches) => matches,
                    Err(error) if error.kind() == clap::error::ErrorKind::DisplayVersion => continue,
                    Err(error) => panic!("{line}: {error}"),
                };
                let (mut matches, mut found) = (&matches, Vec::new());
                while let Some((name, below)) = matches.subcommand() {
                    found.push(name);
                    matches = below;
                }
                assert!(found.join(" ").starts_with(path), "{line} stands at `{path}`");
                assert!(!why.is_empty() && !why.ends_with('.'), "{why}");
            }
        }
    }
}
