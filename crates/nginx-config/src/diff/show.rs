//! Directives as people see them: block paths, names and texts, redacted.
//!
//! Invariant: no value of a field that carries a secret leaves this file.
//! Paths and indentation are bounded, so that hostile nesting costs no more
//! than its own size.

use super::at::{At, Whose};
use super::outline::{Item, Outline};
use crate::redact::{REDACTED, redact_arguments, redact_code, redact_name, redact_source};
use crate::tree::{Body, DirectiveId, Tree};
use std::collections::HashMap;

/// More blocks than this are not all named in a path.
const LONGEST_PATH: usize = 32;

/// More levels than this are not indented further.
const DEEPEST_INDENT: usize = 32;

/// Between the blocks of a path.
pub const SEPARATOR: &str = " / ";

/// The blocks around an item, outermost first:
/// `server cc.example.test:443 / location /api/`.
pub fn path_of<S: Whose>(outline: &Outline<'_, S>, block: Option<At<S>>) -> String {
    let mut labels = Vec::new();
    let mut next = block;
    while let Some(index) = next {
        if labels.len() == LONGEST_PATH {
            labels.push("…".to_owned());
            break;
        }
        labels.push(numbered(outline, index, block_label(outline, index)));
        next = outline.items[index].parent;
    }
    labels.reverse();
    labels.join(SEPARATOR)
}

/// Path and label of an item itself: what a conflict is resolved by.
pub fn full_path<S: Whose>(outline: &Outline<'_, S>, index: At<S>) -> String {
    join(&path_of(outline, outline.items[index].parent), &label(outline, index))
}

/// The last part of that path.
pub fn label<S: Whose>(outline: &Outline<'_, S>, index: At<S>) -> String {
    numbered(outline, index, own_label(outline, index))
}

/// A path and one part more; an empty path is that of the file.
#[must_use]
pub fn join(path: &str, part: &str) -> String {
    if path.is_empty() { part.to_owned() } else { [path, part].join(SEPARATOR) }
}

fn own_label<S: Whose>(outline: &Outline<'_, S>, index: At<S>) -> String {
    let item = &outline.items[index];
    if item.is_block() { block_label(outline, index) } else { line_label(item) }
}

/// The label with a number where siblings before it have the same one, so
/// that each has a path of its own: `add_header Set-Cookie #2`.
fn numbered<S: Whose>(outline: &Outline<'_, S>, index: At<S>, label: String) -> String {
    match ordinal(outline, index) {
        0 => label,
        before => format!("{label} #{}", before + 1),
    }
}

/// How many siblings before it have its label. All siblings are counted when one is asked for: of most blocks none is.
fn ordinal<S: Whose>(outline: &Outline<'_, S>, index: At<S>) -> u32 {
    let parent = outline.items[index].parent;
    let mut known = outline.ordinals.borrow_mut();
    let of_block = known.entry(parent).or_insert_with(|| {
        let mut seen: HashMap<String, u32> = HashMap::new();
        let count = |&sibling: &At<S>| {
            let before = seen.entry(own_label(outline, sibling)).or_insert(0);
            *before += 1;
            *before - 1
        };
        outline.children(parent).iter().map(count).collect()
    });
    // The places of siblings grow.
    outline.children(parent).binary_search(&index).map_or(0, |at| of_block[at])
}

/// Name and arguments: `proxy_read_timeout 600s`, `location = /x`.
pub fn heading<S: Whose>(outline: &Outline<'_, S>, index: At<S>) -> String {
    let item = &outline.items[index];
    if item.is_block() { block_label(outline, index) } else { named(item, &arguments(item)) }
}

/// The arguments of an item, and the code of a Lua block.
pub fn arguments<S>(item: &Item<'_, S>) -> String {
    let arguments = redact_arguments(item.tree, item.id);
    match item.directive().body {
        Body::Lua { span } => {
            let code = redact_code(&item.tree.source()[span.range()]);
            format!("{arguments} {{ {code} }}").trim_start().to_owned()
        }
        Body::Semicolon | Body::Block { .. } => arguments,
    }
}

/// A directive with all that stands in it, without its comments.
pub fn text(tree: &Tree, id: DirectiveId) -> String {
    let mut lines = String::new();
    let mut open: Vec<std::slice::Iter<'_, DirectiveId>> = vec![std::slice::from_ref(&id).iter()];
    while !open.is_empty() {
        let depth = (open.len() - 1).min(DEEPEST_INDENT);
        let Some(&id) = open.last_mut().and_then(Iterator::next) else {
            open.pop();
            if let Some(depth) = open.len().checked_sub(1) {
                lines.push_str(&format!("{}}}\n", "    ".repeat(depth.min(DEEPEST_INDENT))));
            }
            continue;
        };
        let directive = tree.directive(id);
        let arguments = redact_arguments(tree, id);
        let space = if arguments.is_empty() { "" } else { " " };
        lines.push_str(&"    ".repeat(depth));
        lines.push_str(&format!("{}{space}{arguments}", redact_name(tree, id)));
        match &directive.body {
            Body::Semicolon => lines.push_str(";\n"),
            Body::Lua { span } => {
                let code = redact_code(&tree.source()[span.range()]);
                lines.push_str(&format!(" {{ {code} }}\n"));
            }
            Body::Block { children, .. } => {
                lines.push_str(" {\n");
                open.push(children.iter());
            }
        }
    }
    lines.trim_end().to_owned()
}

/// Comments, one a line. A comment may be a directive that was switched off.
pub fn comments<'n>(notes: impl Iterator<Item = &'n [u8]>) -> String {
    let source = notes.map(|note| [note, b"\n"].concat()).collect::<Vec<_>>().concat();
    String::from_utf8_lossy(&redact_source(&source)).trim_end().to_owned()
}

fn block_label<S: Whose>(outline: &Outline<'_, S>, index: At<S>) -> String {
    let item = &outline.items[index];
    if item.directive().is("server") && item.directive().args.is_empty() {
        return server_label(outline, index);
    }
    named(item, &redact_arguments(item.tree, item.id))
}

/// The name, and the arguments that tell it from its siblings.
fn line_label<S>(item: &Item<'_, S>) -> String {
    let shown = redact_arguments(item.tree, item.id);
    let directive = item.directive();
    let count = item.identity.named_by.min(directive.args.len());
    if count == directive.args.len() {
        return named(item, &shown);
    }
    let raw: Vec<_> = directive
        .args
        .iter()
        .take(count)
        .map(|word| String::from_utf8_lossy(&item.tree.source()[word.span.range()]))
        .collect();
    let raw = raw.join(" ");
    // What is named must not say more than what is shown.
    named(item, if shown.starts_with(&raw) { &raw } else { REDACTED })
}

fn named<S>(item: &Item<'_, S>, arguments: &str) -> String {
    let name = redact_name(item.tree, item.id);
    if arguments.is_empty() { name } else { format!("{name} {arguments}") }
}

fn server_label<S: Whose>(outline: &Outline<'_, S>, index: At<S>) -> String {
    let children = || outline.items[index].children.iter().map(|&child| outline.items[child].directive());
    let first = |wanted: &str| {
        let directive = children().find(|child| child.is(wanted))?;
        directive.args.first().map(|word| word.text().into_owned())
    };
    let name = first("server_name").unwrap_or_else(|| "_".to_owned());
    match first("listen") {
        Some(listen) if listen.starts_with("unix:") => format!("server {name} at {listen}"),
        Some(listen) => format!("server {name}:{}", port_of(&listen)),
        None => format!("server {name}:80"),
    }
}

fn port_of(listen: &str) -> &str {
    let end = listen.rsplit(':').next().unwrap_or(listen);
    if end.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-') { end } else { "80" }
}

#[cfg(test)]
mod tests {
    use super::super::outline::Meanings;
    use super::*;

    /// The full path of every directive.
    fn check(source: &str, expect: &[&str]) {
        let tree = Tree::parse(source).expect("parses");
        let outline: Outline<'_> = Outline::of_tree(&tree, &mut Meanings::default());
        let shown: Vec<_> = outline.items.places().map(|index| full_path(&outline, index)).collect();
        assert_eq!(shown, expect, "{source}");
    }

    #[test]
    fn paths_name_what_tells_siblings_apart() {
        check(
            "server { listen 443 ssl; server_name a.test; location = /x { add_header A b; deny all; } }",
            &[
                "server a.test:443",
                "server a.test:443 / listen 443",
                "server a.test:443 / server_name",
                "server a.test:443 / location = /x",
                "server a.test:443 / location = /x / add_header A",
                "server a.test:443 / location = /x / deny all",
            ],
        );
        check("server { listen 10.0.0.1; }", &["server _:80", "server _:80 / listen 10.0.0.1"]);
        check("map $a $api_token { x y; }", &["map $a $api_token", "map $a $api_token / x"]);
        check("set $a_token b;", &["set $a_token"]);
        check("env A_TOKEN=b;", &["env A_TOKEN=[redacted]"]);
        check(
            "s { add_header A b; add_header A c; } s { x; }",
            &["s", "s / add_header A", "s / add_header A #2", "s #2", "s #2 / x"],
        );
    }

    #[test]
    fn texts_are_laid_out_and_redacted() {
        let tree = Tree::parse("location /x{proxy_set_header Authorization abc; if ($a){ # c\nbreak;}}")
            .expect("parses");
        let expect = "location /x {\n    proxy_set_header Authorization [redacted];\n    if ($a) {\n        break;\n    }\n}";
        assert_eq!(text(&tree, tree.roots()[0]), expect);
    }

    #[test]
    fn deep_nesting_costs_no_stack() {
        let source = "a{".repeat(50_000) + &"}".repeat(50_000);
        let tree = Tree::parse(source).expect("parses");
        assert_eq!(text(&tree, tree.roots()[0]).matches('}').count(), 50_000);
        let outline: Outline<'_> = Outline::of_tree(&tree, &mut Meanings::default());
        assert!(full_path(&outline, At::nth(49_999)).starts_with("… / a / "));
    }
}
