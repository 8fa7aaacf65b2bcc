//! Which directives two configurations differ in.
//!
//! Invariant: a directive is known by its blocks, its name and its arguments;
//! each that only one side has is listed once, redacted. Order and spacing do
//! not count.

use crate::nginx::{Body, DirectiveId, Tree, redact_arguments, redact_name};
use crate::outcome::{DirectiveChange, LocalChange};
use std::collections::BTreeMap;

/// A directive as it is compared: block path, name, arguments, each exact.
type Key = (String, String, Vec<Vec<u8>>);

/// What one side has and the other does not.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Changes {
    /// In the old one only.
    pub removed: Vec<Entry>,
    /// In the new one only.
    pub added: Vec<Entry>,
}

/// One directive as it may be shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The blocks around it, outermost first.
    pub path: String,
    /// Its name.
    pub directive: String,
    /// Its arguments, redacted.
    pub arguments: String,
}

impl Entry {
    /// The same as a local change.
    pub fn to_local_change(&self) -> LocalChange {
        let directive = match self.arguments.as_str() {
            "" => self.directive.clone(),
            arguments => format!("{} {arguments}", self.directive),
        };
        LocalChange { path: self.path.clone(), directive }
    }
}

impl Changes {
    /// The differences as the contract lists them: a directive that both sides
    /// have once with other arguments is one change.
    pub fn to_section(&self) -> Vec<DirectiveChange> {
        let mut added = self.added.clone();
        let mut section = Vec::new();
        for entry in &self.removed {
            let same = |other: &Entry| (&other.path, &other.directive) == (&entry.path, &entry.directive);
            let once = self.removed.iter().filter(|other| same(other)).count() == 1;
            let partner =
                added.iter().position(same).filter(|_| once && added.iter().filter(|o| same(o)).count() == 1);
            let new = partner.map(|index| added.remove(index).arguments);
            section.push(change(entry, Some(entry.arguments.clone()), new));
        }
        section.extend(added.iter().map(|entry| change(entry, None, Some(entry.arguments.clone()))));
        section
    }
}

/// Compares two files.
pub fn changes(old: &Tree, new: &Tree) -> Changes {
    let (old, new) = (entries(old), entries(new));
    Changes { removed: only(&old, &new), added: only(&new, &old) }
}

fn change(entry: &Entry, old: Option<String>, new: Option<String>) -> DirectiveChange {
    DirectiveChange { path: entry.path.clone(), directive: entry.directive.clone(), old, new }
}

fn only(these: &[(Key, Entry)], those: &[(Key, Entry)]) -> Vec<Entry> {
    let mut left: BTreeMap<&Key, usize> = BTreeMap::new();
    for (key, _) in those {
        *left.entry(key).or_default() += 1;
    }
    let missing = these.iter().filter(|(key, _)| match left.get_mut(key) {
        Some(count) if *count > 0 => {
            *count -= 1;
            false
        }
        _ => true,
    });
    missing.map(|(_, entry)| entry.clone()).collect()
}

/// Every directive that is not a block by itself, in source order; an empty
/// block counts, so that its loss is seen.
fn entries(tree: &Tree) -> Vec<(Key, Entry)> {
    let mut paths: BTreeMap<DirectiveId, String> = BTreeMap::new();
    let mut found = Vec::new();
    for id in tree.walk() {
        let directive = tree.directive(id);
        let path = directive.parent.and_then(|parent| paths.get(&parent).cloned()).unwrap_or_default();
        let shown = redact_arguments(tree, id);
        let is_leaf = match &directive.body {
            Body::Block { children, .. } => {
                paths.insert(id, block_path(tree, id, &path, &shown));
                children.is_empty()
            }
            Body::Semicolon | Body::Lua { .. } => true,
        };
        if is_leaf {
            let name = directive.name.text().into_owned();
            let mut arguments: Vec<_> = directive.args.iter().map(|word| word.value.clone()).collect();
            if let Body::Lua { span } = directive.body {
                arguments.push(tree.source()[span.range()].to_vec());
            }
            let key = (path.clone(), name, arguments);
            found.push((key, Entry { path, directive: redact_name(tree, id), arguments: shown }));
        }
    }
    found
}

/// `server cc.example.test:443 / location /api/`.
fn block_path(tree: &Tree, id: DirectiveId, parent: &str, shown: &str) -> String {
    let directive = tree.directive(id);
    let own = match directive.name.text().as_ref() {
        "server" if directive.args.is_empty() => server_label(tree, id),
        name if shown.is_empty() => name.to_owned(),
        name => format!("{name} {shown}"),
    };
    if parent.is_empty() { own } else { format!("{parent} / {own}") }
}

fn server_label(tree: &Tree, id: DirectiveId) -> String {
    let children = tree.directive(id).children();
    let first = |wanted: &str| {
        let directive = children.iter().map(|child| tree.directive(*child)).find(|child| child.is(wanted))?;
        directive.args.first().map(|word| word.text().into_owned())
    };
    let name = first("server_name").unwrap_or_else(|| "_".to_owned());
    match first("listen") {
        Some(listen) if listen.starts_with("unix:") => format!("server {name} at {listen}"),
        Some(listen) => format!("server {name}:{}", listen.rsplit(':').next().unwrap_or(&listen)),
        None => format!("server {name}:80"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(old: &str, new: &str, expect: &[(&str, &str, Option<&str>, Option<&str>)]) {
        let parse = |text: &str| Tree::parse(text).expect("parses");
        let section = changes(&parse(old), &parse(new)).to_section();
        let shown: Vec<_> = section
            .iter()
            .map(|c| (c.path.as_str(), c.directive.as_str(), c.old.as_deref(), c.new.as_deref()))
            .collect();
        assert_eq!(shown, expect, "{old} → {new}");
    }

    #[test]
    fn differences_are_by_block_and_directive() {
        check("a 1; b 2;", "b   2; a 1;", &[]);
        check("a 1;", "a 2;", &[("", "a", Some("1"), Some("2"))]);
        check("a 1; a 2;", "a 2; a 3;", &[("", "a", Some("1"), Some("3"))]);
        check(
            "a 1; a 2;",
            "a 3;",
            &[("", "a", Some("1"), None), ("", "a", Some("2"), None), ("", "a", None, Some("3"))],
        );
        check("a 1; a 1;", "a 1;", &[("", "a", Some("1"), None)]);
        check(
            "server { listen 443; server_name a.test; location /x/ { proxy_pass http://b; } }",
            "server { listen 443; server_name a.test; }",
            &[("server a.test:443 / location /x/", "proxy_pass", Some("http://b"), None)],
        );
        check("location /x/ { }", "", &[("", "location", Some("/x/"), None)]);
        check(
            "set $my_token a;",
            "set $my_token b;",
            &[("", "set", Some("$my_token [redacted]"), Some("$my_token [redacted]"))],
        );
    }
}
