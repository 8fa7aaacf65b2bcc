//! Conditions that depend on the path by a table: an `if` on a variable of a `map` of `$uri`.
//!
//! Invariant: tables are not evaluated; it is only told that one is asked, and of what.

use nginx_config::{Config, Node};
use std::collections::BTreeSet;

/// Variables that hold the path, or begin with it.
const PATHS: [&str; 5] = ["document_uri", "request", "request_filename", "request_uri", "uri"];

/// Whether an `if` of this server block asks for something that follows from the path, also through other tables
/// and `set`s. Then what it is for one route says nothing of another.
pub(super) fn asks_for_the_path(config: &Config, server: Node, condition: Node) -> bool {
    let argument = |node: Node, index| {
        String::from_utf8_lossy(config.directive(node).arg(index).unwrap_or_default()).into_owned()
    };
    let maps = config.top_named("http").flat_map(|http| config.named(http, "map"));
    let maps = maps.map(|node| (argument(node, 1), argument(node, 0)));
    let sets = config.named(server, "set").map(|node| (argument(node, 0), argument(node, 1)));
    let sources: Vec<(String, String)> = maps.chain(sets).collect();
    let words = config.directive(condition).args.iter().map(|word| word.text().into_owned());
    let mut waiting: Vec<String> = words.flat_map(|word| variables(&word)).collect();
    let mut seen = BTreeSet::new();
    while let Some(name) = waiting.pop() {
        if PATHS.contains(&name.as_str()) {
            return true;
        }
        let of_it = |source: &&(String, String)| source.0.strip_prefix('$') == Some(name.as_str());
        let more: Vec<String> =
            sources.iter().filter(of_it).flat_map(|source| variables(&source.1)).collect();
        if seen.insert(name) {
            waiting.extend(more);
        }
    }
    false
}

/// The names of the variables in a text.
fn variables(text: &str) -> Vec<String> {
    let name = |rest: &str| {
        let rest = rest.strip_prefix('{').unwrap_or(rest);
        rest.chars().take_while(|letter| letter.is_ascii_alphanumeric() || *letter == '_').collect()
    };
    text.split('$').skip(1).map(name).collect()
}
