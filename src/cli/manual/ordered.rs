//! The options of each command in their order.
//!
//! Invariant: what many commands take stands under a heading; a command's own options come first.

use crate::cli::args::{ChangeArgs, Cli, DatabaseArgs, NginxArgs, SiteArgs};
use clap::{Args, Command, CommandFactory};
use std::collections::BTreeSet;

/// Options that are about how a change is made, though commands take them that only look.
const OF_A_CHANGE: [&str; 2] = ["inherit_guards", "no_sandbox"];
/// The last of a command's own options: its help is long.
const LAST: &str = "accept";
/// Behind all others.
const LAST_PLACE: usize = 900;

/// The command line, each command's own options first, what many ask alike under headings.
pub fn ordered() -> Command {
    let group = |options: Command, heading| {
        let names = options.get_arguments().map(|option| option.get_id().to_string()).collect();
        Group { names, heading }
    };
    let none = || Command::new("");
    let mut groups = vec![
        group(NginxArgs::augment_args(none()), "Where things are"),
        group(SiteArgs::augment_args(none()), "Where things are"),
        group(DatabaseArgs::augment_args(none()), "Database"),
    ];
    let all = ChangeArgs::augment_args(none());
    let mut change = group(all, "How the change is made");
    change.names.retain(|name| !groups[1].names.contains(name));
    groups.push(change);
    under(Cli::command(), &groups)
}

/// Options that several commands take together.
struct Group {
    names: BTreeSet<String>,
    heading: &'static str,
}

fn under(command: Command, groups: &[Group]) -> Command {
    let all: BTreeSet<_> = command.get_arguments().map(|option| option.get_id().to_string()).collect();
    // One that has the name alone is the command's own.
    let taken: Vec<_> = groups.iter().filter(|group| group.names.is_subset(&all)).collect();
    let heading = |name: &str| match name {
        LAST => None,
        name if OF_A_CHANGE.contains(&name) && taken.iter().any(|group| group.names.contains(name)) => {
            Some("How the change is made")
        }
        name => taken.iter().find(|group| group.names.contains(name)).map(|group| group.heading),
    };
    let command = command.mut_args(|option| match heading(option.get_id().as_str()) {
        Some(heading) => option.help_heading(heading),
        None if option.get_id() == LAST => option.display_order(LAST_PLACE),
        None => option,
    });
    command.mut_subcommands(|child| under(child, groups))
}
