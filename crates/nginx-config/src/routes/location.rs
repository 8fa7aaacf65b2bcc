//! The search for a location, in the order of `ngx_http_core_find_location`.
//!
//! Invariant: the search is a loop over levels, not a recursion, so nested
//! locations cost no stack. It reads names only, never what locations do.

use super::pattern::{self, Captures, Case};
use crate::config::{Config, Node};

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
pub(super) enum Found {
    /// In a location, or in none where the chain is empty.
    Location { chain: Vec<Node>, captures: Option<Captures> },
    /// nginx answers 301 with a slash appended.
    Slash { chain: Vec<Node> },
    /// At a regular expression that cannot be run here.
    Unknown { reason: String },
}

/// The location of `server` that a URI belongs to.
pub(super) fn find(config: &Config, server: Node, uri: &[u8]) -> Found {
    let mut chain: Vec<Node> = Vec::new();
    let mut captures = None;
    // Once inside a regular expression nginx forgets a slash redirect.
    let mut in_regex = false;
    let mut scope = server;
    loop {
        let mut levels = Vec::new();
        let deepest = loop {
            let level = Level::of(config, scope);
            let prefix = match level.fixed(uri) {
                Fixed::Exact(node) => {
                    chain.push(node);
                    return Found::Location { chain, captures };
                }
                Fixed::Slash(node) => {
                    chain.push(node);
                    if in_regex {
                        return Found::Location { chain, captures };
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
        let Some(matched) = try_regexes(config, &levels, uri) else {
            return Found::Location { chain: deepest, captures };
        };
        match matched {
            Ok((node, depth, groups)) => {
                chain.truncate(depth);
                chain.push(node);
                captures = Some(groups);
                in_regex = true;
                scope = node;
            }
            Err(reason) => return Found::Unknown { reason },
        }
    }
}

/// The first regular expression that matches, from the innermost level out.
fn try_regexes(
    config: &Config,
    levels: &[(Level, usize, bool)],
    uri: &[u8],
) -> Option<Result<(Node, usize, Captures), String>> {
    for (level, depth, _) in levels.iter().rev().filter(|&&(_, _, tries_regexes)| tries_regexes) {
        for (node, pattern, case) in &level.regexes {
            let place = config.place(*node);
            let Some(regex) = pattern::compile(pattern, *case).filter(|_| !uri.contains(&b'\n')) else {
                return Some(Err(format!("the regular expression at {place} needs PCRE")));
            };
            if let Some(captures) = pattern::captures(&regex, uri) {
                return Some(Ok((*node, *depth, captures)));
            }
        }
    }
    None
}

/// The locations of one block.
struct Level {
    fixed: Vec<(Node, Matcher, bool)>,
    regexes: Vec<(Node, Vec<u8>, Case)>,
}

/// What the names without regular expressions give for a URI.
enum Fixed {
    Exact(Node),
    Slash(Node),
    Prefix(Node),
    Final(Node),
    None,
}

impl Level {
    fn of(config: &Config, scope: Node) -> Self {
        let mut level = Self { fixed: Vec::new(), regexes: Vec::new() };
        for node in config.children(scope) {
            match matcher(config, node) {
                Some(Matcher::Regex(pattern, case)) => level.regexes.push((node, pattern, case)),
                Some(Matcher::Named(_)) | None => {}
                Some(fixed) => level.fixed.push((node, fixed, redirects_to_slash(config, node))),
            }
        }
        level
    }

    fn fixed(&self, uri: &[u8]) -> Fixed {
        let mut longest: Option<(usize, Fixed)> = None;
        let mut slash = None;
        for (node, matcher, redirects) in &self.fixed {
            let (name, result) = match matcher {
                Matcher::Exact(name) if name == uri => return Fixed::Exact(*node),
                Matcher::Exact(name) => (name, None),
                Matcher::Prefix(name) => (name, Some(Fixed::Prefix(*node))),
                Matcher::Final(name) => (name, Some(Fixed::Final(*node))),
                Matcher::Regex(..) | Matcher::Named(_) => continue,
            };
            if *redirects && name.strip_suffix(b"/") == Some(uri) {
                slash = Some(*node);
            }
            if let Some(result) = result.filter(|_| uri.starts_with(name))
                && longest.as_ref().is_none_or(|(len, _)| *len < name.len())
            {
                longest = Some((name.len(), result));
            }
        }
        match (longest, slash) {
            (Some((len, whole)), _) if len == uri.len() => whole,
            (_, Some(node)) => Fixed::Slash(node),
            (Some((_, part)), None) => part,
            (None, None) => Fixed::None,
        }
    }
}

/// Proxied locations redirect `/x` to `/x/` where they are called `/x/`.
fn redirects_to_slash(config: &Config, location: Node) -> bool {
    config.children(location).iter().any(|&node| {
        let name = &config.directive(node).name.value;
        [&b"proxy_pass"[..], b"fastcgi_pass", b"uwsgi_pass", b"scgi_pass", b"grpc_pass", b"memcached_pass"]
            .contains(&name.as_slice())
    })
}
