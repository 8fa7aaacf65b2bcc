//! The search for a location, in the order of `ngx_http_core_find_location`.
//!
//! Invariant: the search is a loop over levels, not a recursion, so nested
//! locations cost no stack. It reads names only, never what locations do.

use super::level::{Fixed, Level, Prefix, RegexLocation, TriesRegexes};
use super::pattern::{Captures, Case, Matched, Pattern};
use crate::config::Config;
use crate::node::Node;
use crate::work;
use std::collections::BTreeMap;
use std::sync::OnceLock;

/// How a `location` is matched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Matcher {
    /// `= /x`
    Exact(Vec<u8>),
    /// `/x`
    Prefix(Vec<u8>),
    /// `^~ /x`: no regular expression is tried where it is the longest.
    Final(Vec<u8>),
    /// `~ x` and `~* x`
    Regex(Vec<u8>, Case),
    /// `@x`, with the `@`
    Named(Vec<u8>),
}

/// How this `location` is matched; `None` where nginx would refuse it.
#[must_use]
pub fn matcher(config: &Config, location: Node) -> Option<Matcher> {
    let directive = config.directive(location);
    if !directive.is("location") {
        return None;
    }
    let sensitive = |name: &[u8]| Matcher::Regex(name.to_vec(), Case::Sensitive);
    let insensitive = |name: &[u8]| Matcher::Regex(name.to_vec(), Case::Insensitive);
    match (directive.args.len(), directive.arg(0)?, directive.arg(1)) {
        (2, b"=", Some(name)) => Some(Matcher::Exact(name.to_vec())),
        (2, b"^~", Some(name)) => Some(Matcher::Final(name.to_vec())),
        (2, b"~", Some(name)) => Some(sensitive(name)),
        (2, b"~*", Some(name)) => Some(insensitive(name)),
        (1, [b'=', name @ ..], _) => Some(Matcher::Exact(name.to_vec())),
        (1, [b'^', b'~', name @ ..], _) => Some(Matcher::Final(name.to_vec())),
        (1, [b'~', b'*', name @ ..], _) => Some(insensitive(name)),
        (1, [b'~', name @ ..], _) => Some(sensitive(name)),
        (1, name @ [b'@', ..], _) => Some(Matcher::Named(name.to_vec())),
        (1, name, _) => Some(Matcher::Prefix(name.to_vec())),
        _ => None,
    }
}

/// Where the search for a location ended.
pub(super) enum Found<'c> {
    /// In a location, or in none where the chain is empty.
    Location { chain: Vec<Node>, groups: Option<Groups<'c>> },
    /// nginx answers 301 with a slash appended.
    Slash { chain: Vec<Node> },
}

/// What a regular expression left behind.
pub(super) enum Groups<'c> {
    Known(Captures),
    /// It cannot be run here, and was taken for one that matches.
    Unknown(&'c Pattern),
}

/// The location of `server` that a URI belongs to. `holds` decides on regular expressions that
/// cannot be run here.
pub(super) fn find<'c>(
    config: &'c Config,
    server: Node,
    uri: &[u8],
    holds: impl Fn(Node) -> bool,
) -> Found<'c> {
    let mut chain: Vec<Node> = Vec::new();
    let mut groups = None;
    // Once inside a regular expression nginx forgets a slash redirect.
    let mut in_regex = false;
    let mut scope = server;
    loop {
        let mut levels = Vec::new();
        let deepest = loop {
            let level = config.level(scope);
            let prefix = match level.fixed(uri) {
                Fixed::Exact(node) => {
                    chain.push(node);
                    return Found::Location { chain, groups };
                }
                Fixed::Slash(node) => {
                    chain.push(node);
                    if in_regex {
                        return Found::Location { chain, groups };
                    }
                    return Found::Slash { chain };
                }
                Fixed::Prefix(node) => Some((node, true)),
                Fixed::Final(node) => Some((node, false)),
                Fixed::None => None,
            };
            let tries_regexes = prefix.is_none_or(|(_, tries)| tries);
            levels.push((level, chain.len(), tries_regexes));
            let Some((node, _)) = prefix else { break chain.clone() };
            chain.push(node);
            scope = node;
        };
        let Some((node, depth, found)) = try_regexes(&levels, uri, &holds) else {
            return Found::Location { chain: deepest, groups };
        };
        chain.truncate(depth);
        chain.push(node);
        groups = Some(found);
        in_regex = true;
        scope = node;
    }
}

/// The first regular expression that matches, from the innermost level out.
fn try_regexes<'c>(
    levels: &[(&'c Level, usize, bool)],
    uri: &[u8],
    holds: impl Fn(Node) -> bool,
) -> Option<(Node, usize, Groups<'c>)> {
    for (level, depth, _) in levels.iter().rev().filter(|&&(_, _, tries_regexes)| tries_regexes) {
        work::done(level.regexes.len());
        for location in &level.regexes {
            let pattern = location.compiled();
            match pattern.matches(uri) {
                Matched::Yes(captures) => return Some((location.node, *depth, Groups::Known(captures))),
                Matched::Unknown if holds(location.node) => {
                    return Some((location.node, *depth, Groups::Unknown(pattern)));
                }
                Matched::No | Matched::Unknown => {}
            }
        }
    }
    None
}

impl Level {
    pub(crate) fn of(config: &Config, nodes: &[Node]) -> Self {
        let mut level = Self::default();
        let mut prefixes = BTreeMap::new();
        for &node in nodes {
            let name = match matcher(config, node) {
                Some(Matcher::Exact(name)) => {
                    level.exact.entry(name.clone()).or_insert(node);
                    name
                }
                Some(Matcher::Prefix(name)) => {
                    prefixes.entry(name.clone()).or_insert((node, TriesRegexes::Yes));
                    name
                }
                Some(Matcher::Final(name)) => {
                    prefixes.entry(name.clone()).or_insert((node, TriesRegexes::No));
                    name
                }
                Some(Matcher::Regex(pattern, case)) => {
                    level.regexes.push(RegexLocation { node, pattern, case, compiled: OnceLock::new() });
                    continue;
                }
                Some(Matcher::Named(name)) => {
                    level.named.entry(name).or_insert(node);
                    continue;
                }
                None => continue,
            };
            if let Some(without) = name.strip_suffix(b"/")
                && redirects_to_slash(config, node)
            {
                level.slashes.insert(without.to_vec(), node);
            }
        }
        for (name, (node, regexes)) in prefixes {
            let before = level.prefixes.len().checked_sub(1);
            let shorter = level.begins(before, &name);
            level.prefixes.push(Prefix { name, node, regexes, shorter });
        }
        level
    }
}

/// Proxied locations redirect `/x` to `/x/` where they are called `/x/`.
fn redirects_to_slash(config: &Config, location: Node) -> bool {
    config.children(location).iter().any(|&node| {
        let name = config.directive(node).name.value;
        [&b"proxy_pass"[..], b"fastcgi_pass", b"uwsgi_pass", b"scgi_pass", b"grpc_pass", b"memcached_pass"]
            .contains(&name)
    })
}
