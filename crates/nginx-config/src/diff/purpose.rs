//! What a server block is for, whatever it is called: what it proxies to and
//! by which locations, or that it only sends people elsewhere.
//!
//! Invariant: facts of the block alone, never how much two texts are alike;
//! what cannot be read from the block is left out.

use super::at::{At, Whose};
use super::outline::Outline;
use crate::identity::{listen_port, returns_at_once};
use crate::tree::Directive;
use std::collections::{BTreeSet, HashMap};

/// What is said of a server block before blocks are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// It only sends people to another address.
    Redirects,
    /// Everything else.
    Answers,
}

/// What a server block is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Purpose {
    /// What kind of block it is.
    pub role: Role,
    /// What its main location proxies to; without one, all that it proxies to.
    pub addresses: BTreeSet<Vec<u8>>,
    /// Paths of its locations that proxy, without `/`, which all have.
    pub locations: BTreeSet<Vec<u8>>,
    /// Its names, lower case.
    pub names: BTreeSet<Vec<u8>>,
    /// The ports that it listens on; unix sockets by their path.
    pub ports: BTreeSet<Vec<u8>>,
}

/// The addresses behind the names of `upstream` blocks.
#[derive(Debug, Default)]
pub struct Upstreams<'s>(HashMap<&'s [u8], BTreeSet<Vec<u8>>>);

impl<'s> Upstreams<'s> {
    /// Those among these siblings.
    pub fn among<S: Whose>(outline: &Outline<'s, S>, list: &[At<S>]) -> Self {
        let mut found = HashMap::new();
        for &index in list {
            let directive = outline.items[index].directive();
            if let (true, Some(name)) = (directive.is("upstream"), directive.arg(0)) {
                let servers = children(outline, index).filter(|child| child.is("server"));
                let addresses = servers.filter_map(|server| server.arg(0)).map(normal_address).collect();
                found.insert(name, addresses);
            }
        }
        Self(found)
    }
}

/// Whether an item is a server block.
pub fn is_server(directive: Directive<'_>) -> bool {
    directive.is("server") && directive.args.is_empty()
}

/// What the server block at `index` is for.
pub fn purpose<S: Whose>(outline: &Outline<'_, S>, index: At<S>, upstreams: &Upstreams<'_>) -> Purpose {
    let mut purpose = Purpose {
        role: Role::Answers,
        addresses: BTreeSet::new(),
        locations: BTreeSet::new(),
        names: BTreeSet::new(),
        ports: BTreeSet::new(),
    };
    let mut values: HashMap<&[u8], &[u8]> = HashMap::new();
    for child in children(outline, index) {
        match child.name.value {
            b"listen" => purpose.ports.extend(child.arg(0).map(listen_port)),
            b"server_name" => {
                purpose.names.extend(child.args.iter().map(|word| word.value.to_ascii_lowercase()));
            }
            b"set" => {
                let pair = child.arg(0).and_then(|name| name.strip_prefix(b"$")).zip(child.arg(1));
                values.extend(pair);
            }
            _ => {}
        }
    }
    if purpose.ports.is_empty() {
        purpose.ports.insert(b"80".to_vec());
    }
    let mut everywhere = BTreeSet::new();
    for &child in &outline.items[index].children {
        let directive = outline.items[child].directive();
        let found = passes(outline, child, &values, upstreams);
        if found.is_empty() || !directive.is("location") {
            continue;
        }
        match directive.args.last().map(|path| path.value) {
            Some(b"/") => purpose.addresses.extend(found.iter().cloned()),
            Some(path) => purpose.locations.extend([path.to_vec()]),
            None => {}
        }
        everywhere.extend(found);
    }
    if redirects(outline, index, !everywhere.is_empty()) {
        purpose.role = Role::Redirects;
    }
    if purpose.addresses.is_empty() {
        purpose.addresses = everywhere;
    }
    purpose
}

/// Whether all that a block does is to send people elsewhere. What stands
/// behind a `return` of the block itself is never reached.
fn redirects<S: Whose>(outline: &Outline<'_, S>, index: At<S>, proxies: bool) -> bool {
    let mut open: Vec<At<S>> = Vec::new();
    let mut answers_at_once = false;
    for &child in &outline.items[index].children {
        let directive = outline.items[child].directive();
        answers_at_once |= returns_at_once(directive);
        let is_root = directive.is("location") && directive.args.iter().all(|word| word.is("/"));
        if is_root || directive.is("if") {
            open.extend(&outline.items[child].children);
        }
        open.push(child);
    }
    (answers_at_once || !proxies) && open.into_iter().any(|at| is_redirect(outline.items[at].directive()))
}

/// Whether all that the server block does is to send people to HTTPS.
pub fn leads_to_https<S: Whose>(outline: &Outline<'_, S>, index: At<S>) -> bool {
    is_server(outline.items[index].directive())
        && purpose(outline, index, &Upstreams::default()).role == Role::Redirects
        && {
            let mut open = outline.items[index].children.clone();
            let mut found = false;
            while let Some(at) = open.pop() {
                let directive = outline.items[at].directive();
                open.extend(&outline.items[at].children);
                let is_https = |word: &[u8]| word.starts_with(b"https://");
                found |= is_redirect(directive) && directive.args.iter().any(|word| is_https(word.value));
            }
            found
        }
}

/// Whether two blocks answer in the same way, so that parts of both make
/// sense in one: a location that proxies and one that gives files do not.
pub fn is_alike<L: Whose, R: Whose>(
    left: &Outline<'_, L>,
    one: At<L>,
    right: &Outline<'_, R>,
    other: At<R>,
) -> bool {
    ways(left, one) == ways(right, other)
}

/// In which ways a block answers.
fn ways<S: Whose>(outline: &Outline<'_, S>, index: At<S>) -> BTreeSet<&'static str> {
    let directive = outline.items[index].directive();
    if is_server(directive) {
        let role = purpose(outline, index, &Upstreams::default()).role;
        return BTreeSet::from([if role == Role::Redirects { "return" } else { "" }]);
    }
    if !directive.is("location") {
        return BTreeSet::new();
    }
    children(outline, index)
        .filter_map(|child| match child.name.value {
            b"alias" | b"root" | b"try_files" => Some("files"),
            b"return" => Some("return"),
            name if name.ends_with(b"_pass") => Some("proxy"),
            _ => None,
        })
        .collect()
}

/// `return 301 …`, `return https://…`, `rewrite … permanent`.
fn is_redirect(directive: Directive<'_>) -> bool {
    let leads_away = |word: &[u8]| word.contains(&b':') && word.windows(3).any(|part| part == b"://");
    if directive.is("return") {
        let first = directive.arg(0).unwrap_or_default();
        return matches!(first, b"301" | b"302" | b"303" | b"307" | b"308") || leads_away(first);
    }
    directive.is("rewrite")
        && (matches!(directive.arg(2), Some(b"permanent" | b"redirect"))
            || directive.arg(1).is_some_and(leads_away))
}

/// The addresses that a directive, or one in its block, proxies to.
fn passes<S: Whose>(
    outline: &Outline<'_, S>,
    index: At<S>,
    values: &HashMap<&[u8], &[u8]>,
    upstreams: &Upstreams<'_>,
) -> BTreeSet<Vec<u8>> {
    let mut found = BTreeSet::new();
    let mut open = vec![index];
    while let Some(index) = open.pop() {
        open.extend(&outline.items[index].children);
        let directive = outline.items[index].directive();
        if !directive.name.value.ends_with(b"_pass") {
            continue;
        }
        let Some(target) = directive.arg(0) else { continue };
        let target = expanded(target, values);
        let host = authority(&target);
        match upstreams.0.get(host) {
            Some(addresses) => found.extend(addresses.iter().cloned()),
            None => found.extend([normal_address(host)]),
        }
    }
    found
}

fn children<'a, 's: 'a, S: Whose>(
    outline: &'a Outline<'s, S>,
    index: At<S>,
) -> impl Iterator<Item = Directive<'s>> + 'a {
    outline.items[index].children.iter().map(|&child| outline.items[child].directive())
}

/// The word with the variables that this block sets; others stay as they are.
fn expanded(word: &[u8], values: &HashMap<&[u8], &[u8]>) -> Vec<u8> {
    let mut parts = word.split(|&byte| byte == b'$');
    let mut text = parts.next().unwrap_or_default().to_vec();
    for part in parts {
        let is_braced = part.first() == Some(&b'{');
        let name_at = &part[usize::from(is_braced)..];
        let len = name_at.iter().take_while(|byte| byte.is_ascii_alphanumeric() || **byte == b'_').count();
        let (name, rest) = name_at.split_at(len);
        match values.get(name) {
            Some(value) => {
                text.extend(*value);
                text.extend(rest.strip_prefix(b"}").filter(|_| is_braced).unwrap_or(rest));
            }
            None => {
                text.push(b'$');
                text.extend(part);
            }
        }
    }
    text
}

/// `127.0.0.1:9000` of `http://127.0.0.1:9000/api$request_uri`.
fn authority(target: &[u8]) -> &[u8] {
    let after = target.windows(3).position(|part| part == b"://").map_or(0, |at| at + 3);
    let rest = &target[after..];
    if rest.starts_with(b"unix:") {
        return rest;
    }
    let end =
        rest.iter().skip(1).position(|byte| matches!(byte, b'/' | b'$')).map_or(rest.len(), |at| at + 1);
    &rest[..end]
}

fn normal_address(written: &[u8]) -> Vec<u8> {
    let lower = written.to_ascii_lowercase();
    lower.strip_prefix(b"localhost").map_or(lower.clone(), |port| [b"127.0.0.1", port].concat())
}

#[cfg(test)]
mod tests {
    use super::super::outline::Meanings;
    use super::*;
    use crate::Tree;

    /// The role, the addresses and the locations of the last block.
    fn check(source: &str, role: Role, addresses: &[&str], locations: &[&str]) {
        let tree = Tree::parse(source).expect("parses");
        let outline: Outline<'_> = Outline::of_tree(&tree, &mut Meanings::default());
        let upstreams = Upstreams::among(&outline, &outline.roots);
        let found = purpose(&outline, *outline.roots.last().expect("a block"), &upstreams);
        let shown = |list: &BTreeSet<Vec<u8>>| -> Vec<String> {
            list.iter().map(|word| String::from_utf8_lossy(word).into_owned()).collect()
        };
        assert_eq!(found.role, role, "{source}");
        assert_eq!(shown(&found.addresses), addresses, "{source}");
        assert_eq!(shown(&found.locations), locations, "{source}");
    }

    #[test]
    fn what_a_block_proxies_to_is_read_through_upstreams_and_variables() {
        let answers = Role::Answers;
        check(
            "server { location / { proxy_pass http://localhost:9000/x; } }",
            answers,
            &["127.0.0.1:9000"],
            &[],
        );
        check(
            "upstream u { server 10.0.0.1:9000 weight=2; } server { location / { proxy_pass http://u; } \
             location /a { proxy_pass http://127.0.0.1:3434; } }",
            answers,
            &["10.0.0.1:9000"],
            &["/a"],
        );
        check(
            "server { set $port 9000; location /api/ { proxy_pass http://127.0.0.1:${port}$request_uri; } }",
            answers,
            &["127.0.0.1:9000"],
            &["/api/"],
        );
        check("server { location / { proxy_pass http://$x; } }", answers, &["$x"], &[]);
        check("server { location / { root /x; } }", answers, &[], &[]);
    }

    #[test]
    fn a_block_redirects_when_nothing_else_in_it_is_reached() {
        let redirects = Role::Redirects;
        check("server { return 301 https://$host$request_uri; }", redirects, &[], &[]);
        check("server { if ($host = a) { return 301 https://a; } return 404; }", redirects, &[], &[]);
        check("server { rewrite ^ https://$host permanent; }", redirects, &[], &[]);
        check(
            "server { location / { return 302 https://$host; } location /x { root /y; } }",
            redirects,
            &[],
            &[],
        );
        check("server { return 301 https://a; location / { proxy_pass http://b; } }", redirects, &["b"], &[]);
        let answers = Role::Answers;
        check(
            "server { if ($scheme = http) { return 301 https://a; } location / { proxy_pass http://b; } }",
            answers,
            &["b"],
            &[],
        );
        check("server { return 444; }", answers, &[], &[]);
    }
}
