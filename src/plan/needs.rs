//! What a location of the candidate uses that stands outside of it: upstreams, variables, zones, formats, named
//! locations, and locations that it hands a request on to.
//!
//! Invariant: nothing that has a name in the candidate is left behind. What is found here is either taken along, the
//! same in the live configuration already, or the reason of a refusal.

use nginx_config::merge::Sort;
use nginx_config::routes::{Matcher, matcher};
use nginx_config::{Address, Config, Directive, FileId, Node, TokenKind};
use std::collections::{BTreeMap, BTreeSet};

/// A name that one directive gives and others use.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Name {
    Group(String),
    /// `$NAME`, without its `$`
    Variable(String),
    /// Shared memory: `zone=NAME`, `keys_zone=NAME`
    Zone(String),
    Format(String),
}

/// Directives that use a zone, with what stands in front of its name.
const ZONE_USERS: [(&str, &str); 6] = [
    ("limit_req", "zone="),
    ("limit_conn", ""),
    ("proxy_cache", ""),
    ("fastcgi_cache", ""),
    ("uwsgi_cache", ""),
    ("scgi_cache", ""),
];

/// Directives that hand a request on to a URI or to a named location of the same server, in their last argument.
const INTERNAL: [&str; 5] = ["try_files", "error_page", "auth_request", "mirror", "post_action"];

/// Every name that the directives of `http` give, with the directive.
pub fn defined(config: &Config) -> BTreeMap<Name, Node> {
    let mut found = BTreeMap::new();
    for http in config.top_named("http") {
        for &node in config.children(http) {
            if let Some(name) = gives(config, node) {
                found.entry(name).or_insert(node);
            }
        }
    }
    found
}

/// The same names as a comparison of files knows them.
pub fn defined_beside(config: &Config, site: FileId) -> Vec<(Sort, String)> {
    let beside = defined(config).into_iter().filter(|(_, node)| node.file != site);
    let sorted = beside.map(|(name, _)| match name {
        Name::Group(name) => (Sort::Upstream, name),
        Name::Variable(name) => (Sort::Variable, name),
        Name::Zone(name) => (Sort::Zone, name),
        Name::Format(name) => (Sort::LogFormat, name),
    });
    sorted.collect()
}

fn gives(config: &Config, node: Node) -> Option<Name> {
    given(config.directive(node))
}

/// The name that a directive of `http` gives.
pub fn given(directive: Directive<'_>) -> Option<Name> {
    let words: Vec<String> = directive.args.iter().map(|word| word.text().into_owned()).collect();
    let name = directive.name.text();
    let zone = |key: &str| {
        let found = words.iter().find_map(|word| word.strip_prefix(key))?;
        Some(Name::Zone(found.split(':').next().unwrap_or(found).to_owned()))
    };
    match name.as_ref() {
        "upstream" => words.first().cloned().map(Name::Group),
        "log_format" => words.first().cloned().map(Name::Format),
        "map" | "geo" | "split_clients" => words.last().and_then(|word| variable(word)).map(Name::Variable),
        "js_set" | "perl_set" => words.first().and_then(|word| variable(word)).map(Name::Variable),
        "limit_req_zone" | "limit_conn_zone" => zone("zone="),
        other if other.ends_with("_cache_path") => zone("keys_zone="),
        _ => None,
    }
}

/// The variables that a block itself sets, each with its first `set`.
pub fn sets(config: &Config, block: Node) -> BTreeMap<String, Node> {
    let mut found = BTreeMap::new();
    for node in config.named(block, "set") {
        if let Some(name) = arguments(config, node).first().and_then(|word| variable(word)) {
            found.entry(name).or_insert(node);
        }
    }
    found
}

/// What the directives in and below `node` use.
#[derive(Debug, Default)]
pub struct Used {
    pub names: BTreeSet<Name>,
    /// Named locations, and URIs, that a request is handed on to.
    pub internal: BTreeSet<String>,
}

pub fn used(config: &Config, node: Node) -> Used {
    let mut found = Used::default();
    let mut waiting = vec![node];
    while let Some(node) = waiting.pop() {
        used_by(config, node, &mut found);
        waiting.extend_from_slice(config.children(node));
    }
    found
}

fn used_by(config: &Config, node: Node, found: &mut Used) {
    let directive = config.directive(node);
    let words = arguments(config, node);
    let name = directive.name.text();
    for word in words.iter().chain(std::iter::once(&name.clone().into_owned())) {
        found.names.extend(variables(word).into_iter().map(Name::Variable));
    }
    if name.ends_with("_pass")
        && let Some(target) = words.first()
    {
        let authority = Address::of(target).authority;
        let group = authority.split('$').next().unwrap_or(authority);
        found.names.insert(Name::Group(group.to_owned()));
    }
    if let Some((_, front)) = ZONE_USERS.iter().find(|(known, _)| *known == name) {
        let zone = words.iter().find_map(|word| word.strip_prefix(front));
        found.names.extend(zone.map(|zone| Name::Zone(zone.to_owned())));
    }
    if name == "access_log" {
        found.names.extend(words.get(1).cloned().map(Name::Format));
    }
    let target = words.last().filter(|_| INTERNAL.contains(&name.as_ref()));
    found.internal.extend(target.filter(|word| word.starts_with(['/', '@']) && !word.contains('$')).cloned());
}

fn arguments(config: &Config, node: Node) -> Vec<String> {
    config.directive(node).args.iter().map(|word| word.text().into_owned()).collect()
}

fn variable(word: &str) -> Option<String> {
    word.strip_prefix('$').map(str::to_ascii_lowercase)
}

/// The variables in a word: `$name` and `${name}`; not `$1`, and not a `$` at the end of an expression.
fn variables(word: &str) -> Vec<String> {
    let mut found = Vec::new();
    for part in word.split('$').skip(1) {
        let part = part.strip_prefix('{').unwrap_or(part);
        let end = part.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(part.len());
        if part.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_') {
            found.push(part[..end].to_ascii_lowercase());
        }
    }
    found
}

/// Whether two directives say the same, white space and comments apart.
pub fn same(one: (&Config, Node), other: (&Config, Node)) -> bool {
    words(one) == words(other)
}

fn words((config, node): (&Config, Node)) -> Vec<Vec<u8>> {
    let tree = &config.file(node.file).tree;
    let span = tree.directive(node.directive).span;
    tree.tokens_of(span)
        .filter(|token| !matches!(token.kind, TokenKind::Space | TokenKind::Comment))
        .map(|token| tree.source()[token.span.range()].to_vec())
        .collect()
}

/// The location of `server` that NGINX would not accept beside this one: it answers the same.
pub fn twin(config: &Config, server: Node, location: (&Config, Node)) -> Option<Node> {
    let wanted = slot(location)?;
    config.named(server, "location").find(|node| slot((config, *node)).as_ref() == Some(&wanted))
}

/// What tells locations of one block apart: `/x` and `^~ /x` are the same to NGINX.
fn slot((config, location): (&Config, Node)) -> Option<Matcher> {
    Some(match matcher(config, location)? {
        Matcher::Final(path) => Matcher::Prefix(path),
        other => other,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_are_found_where_nginx_sees_them() {
        let check = |word: &str, expect: &[&str]| assert_eq!(variables(word), expect, "{word}");
        check("$host", &["host"]);
        check("http://${Name}:$port/$1", &["name", "port"]);
        check("^/user-ui/(.*)$", &[]);
        check("a$", &[]);
        check("$uri/", &["uri"]);
    }
}
