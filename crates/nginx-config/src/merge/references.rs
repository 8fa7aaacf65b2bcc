//! Names that one directive defines and others use: a merge must not carry a
//! use and lose its definition.
//!
//! Invariant: only a name that both inputs know and the merged file lacks is
//! looked at, so nginx's own variables never matter. Found again, it is kept,
//! or its removal becomes a conflict; nothing is invented.

use super::model::Sides;
use super::walked::Walked;
use crate::diff::at::{At, Ours, Theirs};
use crate::tree::{Directive, DirectiveId, Tree};
use std::collections::BTreeSet;

/// What a merge that lost a definition is to do better.
#[derive(Debug, Default)]
pub(super) struct Hints {
    /// Directives of ours that stay although the vendor removed them.
    pub keep: BTreeSet<At<Ours>>,
    /// Directives of theirs that were removed here, and are needed.
    pub used_by_theirs: BTreeSet<At<Theirs>>,
    /// Directives of theirs that nobody chose, and that are needed by what was.
    pub needed: BTreeSet<At<Theirs>>,
}

/// What a name stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Sort {
    /// `$name`
    Variable,
    /// `upstream name`
    Upstream,
    /// `location @name`
    Location,
    /// Shared memory: `zone=name`, `keys_zone=name`
    Zone,
    /// `log_format name`
    LogFormat,
}

pub(super) type Name = (Sort, Vec<u8>);

/// Looks for definitions that the merged file lacks; says whether the merge
/// is to be made again.
pub(super) fn look(sides: &Sides<'_, '_>, walked: &Walked, merged: &Tree, hints: &mut Hints) -> bool {
    let (Some(ours), Some(theirs)) = (sides.ours.tree, sides.theirs.tree) else { return false };
    let mut lost = undefined(merged);
    for name in undefined(ours).iter().chain(&undefined(theirs)) {
        lost.remove(name);
    }
    if lost.is_empty() {
        return false;
    }
    let before = hints.keep.len() + hints.used_by_theirs.len();
    hints.keep.extend(walked.removed.iter().filter(|at| defines_any(ours, at.id(), &lost)));
    hints.used_by_theirs.extend(walked.left_out.iter().filter(|at| defines_any(theirs, at.id(), &lost)));
    hints.keep.len() + hints.used_by_theirs.len() > before
}

/// The names that are used and not defined.
pub(super) fn undefined(tree: &Tree) -> BTreeSet<Name> {
    let mut used = BTreeSet::new();
    for id in tree.walk() {
        uses(tree.directive(id), &mut used);
    }
    for name in tree.walk().filter_map(|id| definition(tree.directive(id))) {
        used.remove(&name);
    }
    used
}

/// Whether a directive, or one in its block, defines one of `names`.
pub(super) fn defines_any(tree: &Tree, id: DirectiveId, names: &BTreeSet<Name>) -> bool {
    let mut open = vec![id];
    while let Some(id) = open.pop() {
        let directive = tree.directive(id);
        if definition(directive).is_some_and(|name| names.contains(&name)) {
            return true;
        }
        open.extend(directive.children());
    }
    false
}

fn definition(directive: Directive<'_>) -> Option<Name> {
    let name = directive.name.text();
    let first = directive.arg(0);
    let variable = |word: &[u8]| Some((Sort::Variable, word.strip_prefix(b"$")?.to_vec()));
    match name.as_ref() {
        "map" | "geo" | "split_clients" => variable(directive.args.last()?.value),
        "set" | "auth_request_set" | "perl_set" | "js_set" | "js_var" | "set_by_lua" | "set_by_lua_block" => {
            variable(first?)
        }
        "upstream" => Some((Sort::Upstream, first?.to_vec())),
        "location" => Some((Sort::Location, first?.strip_prefix(b"@")?.to_vec())),
        "log_format" => Some((Sort::LogFormat, first?.to_vec())),
        "limit_req_zone" | "limit_conn_zone" => zone(directive, b"zone="),
        "proxy_cache_path" | "fastcgi_cache_path" | "uwsgi_cache_path" | "scgi_cache_path" => {
            zone(directive, b"keys_zone=")
        }
        _ => None,
    }
}

fn uses(directive: Directive<'_>, names: &mut BTreeSet<Name>) {
    let name = directive.name.text();
    let first = directive.arg(0);
    // The variable that a directive defines is no use of it.
    let defined = definition(directive);
    for word in directive.words() {
        names.extend(variables(word.value).map(|name| (Sort::Variable, name.to_vec())));
        let named = word.value.strip_prefix(b"@").filter(|_| !directive.is("location"));
        names.extend(named.map(|name| (Sort::Location, name.to_vec())));
    }
    if let Some(defined) = defined.filter(|_| !directive.is("map")) {
        names.remove(&defined);
    }
    match name.as_ref() {
        "limit_req" => names.extend(zone(directive, b"zone=")),
        "limit_conn" | "proxy_cache" | "fastcgi_cache" | "uwsgi_cache" | "scgi_cache" => {
            names.extend(first.map(|zone| (Sort::Zone, zone.to_vec())));
        }
        "access_log" => {
            let format = directive.arg(1).filter(|word| !word.contains(&b'='));
            names.extend(format.map(|format| (Sort::LogFormat, format.to_vec())));
        }
        pass if pass.ends_with("_pass") => {
            names.extend(first.map(|target| (Sort::Upstream, host(target).to_vec())));
        }
        _ => {}
    }
}

fn zone(directive: Directive<'_>, prefix: &[u8]) -> Option<Name> {
    let zone = directive.args.iter().find_map(|word| word.value.strip_prefix(prefix))?;
    Some((Sort::Zone, zone.split(|&byte| byte == b':').next().unwrap_or(zone).to_vec()))
}

/// `motion_node` in `http://motion_node/x`.
fn host(target: &[u8]) -> &[u8] {
    let after = target.windows(3).position(|bytes| bytes == b"://").map_or(0, |at| at + 3);
    target[after..].split(|&byte| byte == b'/').next().unwrap_or_default()
}

/// The names behind `$` and in `${…}`.
fn variables(word: &[u8]) -> impl Iterator<Item = &[u8]> {
    word.split(|&byte| byte == b'$').skip(1).filter_map(|rest| {
        let rest = rest.strip_prefix(b"{").unwrap_or(rest);
        let len = rest.iter().take_while(|byte| byte.is_ascii_alphanumeric() || **byte == b'_').count();
        (len > 0).then_some(&rest[..len])
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(source: &str, expect: &[&str]) {
        let tree = Tree::parse(source).expect("parses");
        let shown: Vec<_> = undefined(&tree)
            .into_iter()
            .map(|(_, name)| String::from_utf8_lossy(&name).into_owned())
            .collect();
        assert_eq!(shown, expect, "{source}");
    }

    #[test]
    fn uses_without_a_definition_are_found() {
        check("map $a $b { x ${c}; } proxy_set_header X $b;", &["a", "c"]);
        check("upstream u { server x; } proxy_pass http://u/y; grpc_pass v;", &["v"]);
        check("try_files $uri @x; error_page 404 @y; location @y { }", &["uri", "x"]);
        check("limit_req_zone $k zone=a:1m; limit_req zone=a; limit_conn b 1;", &["k", "b"]);
        check("log_format l x; access_log /a l; access_log /b m buffer=1k; access_log off;", &["m"]);
        check("set $a 1; set $b $a;", &[]);
        check("rewrite ^/x$ /y;", &[]);
    }
}
