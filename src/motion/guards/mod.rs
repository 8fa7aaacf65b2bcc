//! What guards a route: who gets in, and which headers and limits go with it.
//!
//! Invariant: a guard is one only where NGINX would apply it: inherited by its own rules, each kind from the
//! innermost block that has it, and not where a `return` answers before. Whether somebody gets in is never judged.

mod difference;
mod visitor;

pub use difference::{Change, Difference, Side, differences};
pub use visitor::{KeptOut, Pass, Rules, own_address};

use nginx_config::routes::{Answer, Handler};
use nginx_config::{Body, Config, Node, redact_arguments, redact_name};
use std::collections::BTreeMap;

/// What a guard is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    Access,
    /// With which headers, and how often.
    Manner,
}

/// Directives of one kind, of which the innermost block that has any decides for all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Guard {
    /// What they are about.
    pub kind: Kind,
    /// The directives, in their order.
    pub directives: Vec<Node>,
    /// Whether they keep anything out; `auth_basic off` does not.
    pub works: bool,
}

/// What guards a route, each kind under its name.
pub type Guards = BTreeMap<String, Guard>;

/// A configuration, and what stands around all of its server blocks.
pub struct Around<'c> {
    config: &'c Config,
    http: Guards,
}

impl<'c> Around<'c> {
    /// Reads it once: there may be many server blocks.
    #[must_use]
    pub fn of(config: &'c Config) -> Self {
        let http = config.top_named("http").next().map_or_else(Guards::new, |http| of_block(config, http));
        Self { config, http }
    }
}

/// Statuses by which an `if` turns a visitor away. Others, such as 503, say that nobody is served now.
const REFUSALS: [&[u8]; 4] = [b"401", b"403", b"404", b"444"];

/// The kind of an `if` that turns somebody away by a variable which its location sets.
pub const OF_A_VARIABLE: &str = "if (of a variable)";

/// All that a request passes on one way: a fallback of `try_files` is guarded by its own location as well.
fn of_way(around: &Around<'_>, server: Node, answer: &Answer) -> Guards {
    let mut guards = of_place(around, server, answer);
    if let Handler::TryFiles { fallback, .. } = &answer.handler {
        for (name, guard) in of_way(around, server, fallback) {
            let weaker = guards.get(&name).is_none_or(|first| !first.works && guard.works);
            if weaker {
                guards.insert(name, guard);
            }
        }
    }
    guards
}

fn of_place(around: &Around<'_>, server: Node, answer: &Answer) -> Guards {
    let config = around.config;
    let mut guards = Guards::new();
    for scope in answer.chain.iter().rev().copied().chain([server]) {
        inherit(&mut guards, of_block(config, scope));
    }
    inherit(&mut guards, around.http.clone());
    let is_location = |node: &&Node| config.directive(**node).is("location");
    if let Some(&location) = answer.chain.iter().rev().find(is_location) {
        guards.extend(own(config, location));
    }
    // How long something is kept is for whoever serves it.
    if let Some(headers) = guards.get_mut("add_header") {
        headers.directives.retain(|node| !is_about_caching(config, *node));
        headers.works = !headers.directives.is_empty();
    }
    // `return` answers in the phase before NGINX asks who it is; an `if` belongs to that very phase.
    if matches!(answer.handler, Handler::Return { .. }) {
        guards.retain(|name, guard| guard.kind == Kind::Manner || asked_first(name));
    }
    guards
}

fn is_about_caching(config: &Config, header: Node) -> bool {
    let name = config.directive(header).arg(0).unwrap_or_default().to_ascii_lowercase();
    [&b"cache-control"[..], b"expires", b"pragma"].contains(&name.as_slice())
}

/// What stands in one block.
fn of_block(config: &Config, block: Node) -> Guards {
    let mut here: BTreeMap<String, (Kind, Vec<Node>)> = BTreeMap::new();
    for &node in config.children(block) {
        if let Some((name, kind)) = inherited(config.directive(node).name.value) {
            here.entry(name).or_insert((kind, Vec::new())).1.push(node);
        }
    }
    let guard = |(name, (kind, directives)): (String, (Kind, Vec<Node>))| {
        let works = works(config, &name, &directives);
        (name, Guard { kind, directives, works })
    };
    here.into_iter().map(guard).collect()
}

/// Adds those of a block further out.
fn inherit(guards: &mut Guards, outer: Guards) {
    for (name, outer) in outer {
        match guards.get_mut(&name) {
            None => drop(guards.insert(name, outer)),
            Some(inner) if adds_up(&name) => {
                inner.works |= outer.works;
                inner.directives.splice(0..0, outer.directives);
            }
            Some(_) => {}
        }
    }
}

/// The kind of a directive that inner blocks inherit.
fn inherited(name: &[u8]) -> Option<(String, Kind)> {
    let name = std::str::from_utf8(name).ok()?;
    let family = match name {
        "allow" | "deny" => "allow and deny",
        "access_by_lua" | "access_by_lua_block" | "access_by_lua_file" => "access_by_lua",
        "rewrite_by_lua" | "rewrite_by_lua_block" | "rewrite_by_lua_file" => "rewrite_by_lua",
        other => other,
    };
    let access = ["satisfy", "allow and deny", "access_by_lua", "rewrite_by_lua", "valid_referers"];
    let naxsi = ["SecRulesEnabled", "SecRulesDisabled", "DeniedUrl", "CheckRule"];
    let is_access = access.contains(&family)
        || naxsi.contains(&family)
        || family.starts_with("auth_")
        || family.starts_with("modsecurity")
        || family.starts_with("secure_link");
    let manner =
        ["add_header", "add_header_inherit", "add_trailer", "more_set_headers", "more_clear_headers"];
    let is_limit = family.starts_with("limit_") && !["limit_except", "limit_req_zone"].contains(&family);
    match (is_access, manner.contains(&family) || is_limit) {
        (true, _) => Some((family.to_owned(), Kind::Access)),
        (_, true) => Some((family.to_owned(), Kind::Manner)),
        _ => None,
    }
}

/// What belongs to the phase of rewrites: an `if`, and what its condition is made of.
fn asked_first(name: &str) -> bool {
    name.starts_with("if") || name == "valid_referers" || name.starts_with("secure_link")
}

/// Kinds whose outer directives go on counting beside inner ones.
fn adds_up(name: &str) -> bool {
    name.starts_with("more_") || name.starts_with("modsecurity_rules")
}

/// What a location does not hand on to the ones inside of it.
fn own(config: &Config, location: Node) -> Guards {
    let mut guards = Guards::new();
    let mut add = |name: &str, kind, node| {
        let guard =
            guards.entry(name.to_owned()).or_insert(Guard { kind, directives: Vec::new(), works: true });
        guard.directives.push(node);
    };
    for node in config.named(location, "if") {
        let status = config.named(node, "return").next().and_then(|node| config.directive(node).arg(0));
        match status {
            Some(status) if REFUSALS.contains(&status) && sets_what_it_asks(config, location, node) => {
                add(OF_A_VARIABLE, Kind::Access, node);
            }
            Some(status) if REFUSALS.contains(&status) => add("if", Kind::Access, node),
            Some(_) => add("if (other answers)", Kind::Manner, node),
            None => {}
        }
    }
    config.named(location, "limit_except").for_each(|node| add("limit_except", Kind::Manner, node));
    let for_the_refused = |node: &Node| {
        let args = &config.directive(*node).args;
        args.iter().any(|word| [&b"401"[..], b"403"].contains(&word.value))
    };
    for node in config.named(location, "error_page").filter(for_the_refused) {
        add("error_page", Kind::Manner, node);
    }
    guards
}

/// Whether a condition asks for a variable that the location sets, in an `if` or outside.
fn sets_what_it_asks(config: &Config, location: Node, condition: Node) -> bool {
    let words: Vec<_> =
        config.directive(condition).args.iter().map(|word| word.text().into_owned()).collect();
    let asked = words.join(" ");
    let blocks = std::iter::once(location).chain(config.named(location, "if"));
    let sets = blocks.flat_map(|block| config.named(block, "set"));
    let mut names = sets.filter_map(|node| config.directive(node).arg(0));
    names.any(|name| asked.contains(&*String::from_utf8_lossy(name)))
}

fn works(config: &Config, name: &str, directives: &[Node]) -> bool {
    let last = directives.last().map(|node| config.directive(*node));
    let first_argument = last.and_then(|directive| directive.arg(0)).unwrap_or_default();
    match name {
        "allow and deny" => directives.iter().any(|node| config.directive(*node).is("deny")),
        "modsecurity" => first_argument == b"on",
        // Settings of a guard, which are none without it.
        "satisfy" | "valid_referers" | "auth_delay" => false,
        name if name.starts_with("modsecurity") || name.starts_with("secure_link") => false,
        name if name.starts_with("auth_") => name.matches('_').count() == 1 && first_argument != b"off",
        _ => true,
    }
}

/// A directive as it is shown: `FILE:LINE:COLUMN: DIRECTIVE`, redacted.
#[must_use]
pub fn shown(config: &Config, node: Node) -> String {
    let tree = &config.file(node.file).tree;
    let (name, arguments) = (redact_name(tree, node.directive), redact_arguments(tree, node.directive));
    format!("{}: {}", config.place(node), format!("{name} {arguments}").trim_end())
}

/// A directive as it is compared: its words, and a block with its white space made one.
#[must_use]
pub fn text(config: &Config, node: Node) -> String {
    let directive = config.directive(node);
    let source = &config.file(node.file).tree.source()[directive.span.range()];
    match directive.body {
        Body::Semicolon => {
            let words = directive.words();
            words.map(|word| word.text().into_owned()).collect::<Vec<_>>().join(" ")
        }
        Body::Block { .. } | Body::Lua { .. } => {
            String::from_utf8_lossy(source).split_whitespace().collect::<Vec<_>>().join(" ")
        }
    }
}
