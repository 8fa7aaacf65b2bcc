//! Random configurations, and random edits of them.
//!
//! Invariant: whatever is generated parses. Names come from a small stock, so
//! that edits of two sides meet often.

use proptest::prelude::*;

/// A directive, with what may stand around it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Node {
    pub words: String,
    pub children: Option<Vec<Node>>,
    pub comment: Option<u8>,
    pub behind: bool,
    pub spacing: u8,
}

/// One edit; the numbers choose where, whatever the size of the tree.
#[derive(Debug, Clone)]
pub struct Edit {
    pub place: Vec<u16>,
    pub operation: Operation,
}

#[derive(Debug, Clone)]
pub enum Operation {
    Add(Node),
    Remove,
    Change(u8),
    Move(u16),
    Comment(u8),
    Space(u8),
}

const VALUES: [&str; 8] = [
    "gzip ", "proxy_read_timeout ", "client_max_body_size ", "proxy_set_header A ", "proxy_set_header B ",
    "allow 10.0.0.", "rewrite ^/a ", "unknown x ",
];

const LINES: [&str; 8] = [
    "deny all", "add_header X-Y 'a; {b'", "error_page 500 502 /x", "set $a \"#{\"", "return 404",
    "include snippets/x", "listen 443 ssl", "server_name a b",
];

const BLOCKS: [&str; 8] = [
    "location /x", "location /y", "location = /y", "location ~ \\.php$", "location ~* a", "if ($x)",
    "server", "upstream u",
];

pub fn leaf() -> impl Strategy<Value = Node> {
    let words = prop_oneof![
        3 => (0..VALUES.len(), 0..3u8).prop_map(|(at, value)| format!("{}{value}", VALUES[at])),
        2 => (0..LINES.len()).prop_map(|at| LINES[at].to_owned()),
    ];
    dressed(words).prop_map(|(words, comment, behind, spacing)| Node {
        words,
        children: None,
        comment,
        behind,
        spacing,
    })
}

fn dressed(words: impl Strategy<Value = String>) -> impl Strategy<Value = (String, Option<u8>, bool, u8)> {
    (words, proptest::option::weighted(0.2, 0..4u8), proptest::bool::weighted(0.1), 0..6u8)
}

pub fn node() -> impl Strategy<Value = Node> {
    leaf().prop_recursive(3, 24, 6, |inner| {
        let words = (0..BLOCKS.len()).prop_map(|at| BLOCKS[at].to_owned());
        (dressed(words), proptest::collection::vec(inner, 0..6)).prop_map(
            |((words, comment, behind, spacing), children)| Node {
                words,
                children: Some(children),
                comment,
                behind,
                spacing,
            },
        )
    })
}

pub fn config() -> impl Strategy<Value = Vec<Node>> {
    proptest::collection::vec(node(), 1..6)
}

pub fn edits() -> impl Strategy<Value = Vec<Edit>> {
    let operation = prop_oneof![
        3 => node().prop_map(Operation::Add),
        2 => Just(Operation::Remove),
        5 => (0..3u8).prop_map(Operation::Change),
        1 => (0..6u16).prop_map(Operation::Move),
        1 => (0..4u8).prop_map(Operation::Comment),
        1 => (0..6u8).prop_map(Operation::Space),
    ];
    let edit = (proptest::collection::vec(0..6u16, 1..4), operation);
    proptest::collection::vec(edit.prop_map(|(place, operation)| Edit { place, operation }), 0..9)
}

/// The list with the edits made.
pub fn edited(mut nodes: Vec<Node>, edits: &[Edit]) -> Vec<Node> {
    for edit in edits {
        apply(&mut nodes, &edit.place, &edit.operation);
    }
    nodes
}

fn apply(list: &mut Vec<Node>, place: &[u16], operation: &Operation) {
    let Some((&first, rest)) = place.split_first() else { return };
    let at = usize::from(first) % (list.len() + 1);
    if !rest.is_empty()
        && let Some(children) = list.get_mut(at).and_then(|node| node.children.as_mut())
    {
        apply(children, rest, operation);
        return;
    }
    match operation {
        Operation::Add(node) => list.insert(at, node.clone()),
        Operation::Move(to) if at < list.len() => {
            let node = list.remove(at);
            list.insert(usize::from(*to) % (list.len() + 1), node);
        }
        Operation::Remove if at < list.len() => {
            list.remove(at);
        }
        Operation::Change(value) if at < list.len() => change(&mut list[at], *value),
        Operation::Comment(number) if at < list.len() => list[at].comment = Some(*number),
        Operation::Space(spacing) if at < list.len() => list[at].spacing = *spacing,
        _ => {}
    }
}

fn change(node: &mut Node, value: u8) {
    if node.children.is_none() && node.words.ends_with(|last: char| last.is_ascii_digit()) {
        node.words.pop();
        node.words.push(char::from(b'0' + value));
    } else if node.words.starts_with("location /") {
        node.words = node.words.replace("location ", "location ^~ ");
    } else if node.words.starts_with("listen") || node.words.starts_with("server_name") {
        node.words.push_str(&format!(" v{value}"));
    }
}

/// The source of a list of directives.
pub fn print(nodes: &[Node]) -> String {
    let mut source = String::new();
    print_list(nodes, 0, &mut source);
    source
}

fn print_list(nodes: &[Node], depth: usize, source: &mut String) {
    for node in nodes {
        let indent = "    ".repeat(depth);
        match node.spacing {
            0 if depth > 0 => source.push(' '),
            1 => source.push_str(&format!("\n\n{indent}")),
            2 => source.push_str(&format!("\n# apart\n\n{indent}")),
            _ => source.push_str(&format!("\n{indent}")),
        }
        if let Some(number) = node.comment {
            source.push_str(&format!("\n{indent}# comment {number}\n{indent}"));
        }
        source.push_str(&node.words);
        match &node.children {
            None => source.push(';'),
            Some(children) => {
                source.push_str(" {");
                print_list(children, depth + 1, source);
                source.push_str(if node.spacing == 5 { " }" } else { "\n}" });
            }
        }
        if node.behind {
            source.push_str(" # behind\n");
        }
    }
}
