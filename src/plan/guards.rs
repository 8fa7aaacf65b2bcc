//! `--inherit-guards`: what guards the route today, copied into the location that answers it after the change.
//!
//! Invariant: directives are copied as they are written and in their order, or not at all. What cannot be copied
//! stays a difference, and is said like one that nobody wanted to copy.

use super::PlanError;
use super::draft::{Draft, staged};
use super::effect::motion_blocks;
use crate::facts::{Facts, RouteState};
use crate::motion::guards::{Around, Change, Difference, OF_A_VARIABLE, Side, differences, text};
use crate::motion::{Block, NEW_CLIENT_ROUTE, outer};
use nginx_config::routes::answer;
use nginx_config::{Config, Edits, FileId, Node, Place, Tree, splice};
use std::collections::{BTreeMap, BTreeSet};

/// Directives that a location hands on to no location inside of it.
const OF_ONE_LOCATION: [&str; 3] = ["if", "if (other answers)", "limit_except"];

/// What is to be put at the start of each location.
type Copies = BTreeMap<Node, Vec<String>>;

/// Puts the guards of today into the draft.
pub(super) fn inherit(facts: &Facts, old: &Config, draft: &mut Draft) -> Result<(), PlanError> {
    let config = staged(old, draft)?;
    let (around_old, around_new) = (Around::of(old), Around::of(&config));
    let mut copies = Copies::new();
    for (server, origins) in motion_blocks(facts, old, &config, draft) {
        let block = Block::new(&config, server);
        let location = block.answer(NEW_CLIENT_ROUTE).as_ref().and_then(outer);
        let (RouteState::Present, Some(location)) = (block.new_client(), location) else { continue };
        let now = Side::of(&around_new, server, NEW_CLIENT_ROUTE);
        for origin in origins {
            let before = Side::of(&around_old, origin.node, NEW_CLIENT_ROUTE);
            let both = Both { old, old_server: origin.node, new: &config, new_server: server, location };
            both.copy(&differences(&before, &now), &mut copies);
        }
    }
    let mut by_file: BTreeMap<FileId, Copies> = BTreeMap::new();
    for (location, lines) in copies {
        by_file.entry(location.file).or_default().insert(location, lines);
    }
    for (file, copies) in by_file {
        let file = config.file(file);
        draft.insert(file.identity.clone(), edited(&file.tree, &copies)?);
    }
    Ok(())
}

fn edited(tree: &Tree, copies: &Copies) -> Result<Vec<u8>, PlanError> {
    let mut edits = Edits::new(tree);
    for (location, lines) in copies {
        let text = format!("# What guarded this route before.\n{}\n", lines.join("\n"));
        edits.prepend_to(Place::Block(location.directive), text)?;
    }
    Ok(splice(tree.source(), &edits.finish()?).map_err(nginx_config::EditError::Overlap)?)
}

/// A server block before and after, and its location for the new client.
struct Both<'a> {
    old: &'a Config,
    old_server: Node,
    new: &'a Config,
    new_server: Node,
    location: Node,
}

impl Both<'_> {
    fn copy(&self, found: &[Difference], copies: &mut Copies) {
        let matters = |difference: &&Difference| difference.change != Change::Beside;
        // Alone, the page for those who are turned away or a variable guards nothing.
        if !found.iter().any(|difference| matters(&difference)) {
            return;
        }
        // In the order of the file, which for rules and headers is their meaning.
        let mut directives: Vec<(Node, &Difference)> = found
            .iter()
            .flat_map(|difference| difference.old.iter().map(move |node| (*node, difference)))
            .collect();
        directives.sort_by_key(|(node, _)| *node);
        let mut done = BTreeSet::new();
        for (node, difference) in directives {
            if !done.insert(node) || !self.may_copy(node, difference) {
                continue;
            }
            self.put(self.location, node, copies);
            if OF_ONE_LOCATION.contains(&difference.name.as_str()) {
                for inner in self.inside(self.location) {
                    self.put(inner, node, copies);
                }
            }
        }
    }

    fn put(&self, location: Node, node: Node, copies: &mut Copies) {
        let wanted = text(self.old, node);
        let has = self.new.children(location).iter().any(|there| text(self.new, *there) == wanted);
        let line = self.written(node);
        let lines = copies.entry(location).or_default();
        if !has && !lines.contains(&line) {
            lines.push(line);
        }
        if lines.is_empty() {
            copies.remove(&location);
        }
    }

    /// Locations inside of one, at any depth, but for those that answer everybody alike.
    fn inside(&self, location: Node) -> Vec<Node> {
        let mut found: Vec<Node> = self.new.named(location, "location").collect();
        let deeper: Vec<Node> = found.iter().flat_map(|inner| self.inside(*inner)).collect();
        found.extend(deeper);
        found.retain(|inner| self.new.named(*inner, "return").next().is_none());
        found
    }

    /// Whether it would mean the same in the new location.
    fn may_copy(&self, node: Node, difference: &Difference) -> bool {
        let directive = self.old.directive(node);
        let argument = directive.arg(0).unwrap_or_default();
        let is = |name: &str| directive.is(name);
        match () {
            // Of a directive that stands once only, the location's own word counts.
            () if !repeats(&difference.name)
                && self.new.named(self.location, &directive.name.text()).next().is_some() =>
            {
                false
            }
            () if is("auth_request") && argument.starts_with(b"/") => self.leads_to_the_same(argument),
            () if is("limit_req") || is("limit_conn") => self.has_zone(node),
            // An `error_page` for a missing file would bring back what the new location leaves out.
            () if is("error_page") => {
                !directive.args.iter().any(|word| word.value == b"404") && self.has_page(node)
            }
            // Without its location's `set` it means nothing, and an `if` that only sets something would keep
            // `try_files` from working.
            () if difference.name == OF_A_VARIABLE => false,
            () => true,
        }
    }

    /// Whether a URI of this server is still answered by the location that answered it.
    fn leads_to_the_same(&self, uri: &[u8]) -> bool {
        let uri = String::from_utf8_lossy(uri);
        let by = |config: &Config, server: Node| -> Vec<String> {
            let found = answer(config, server, &uri);
            found.chain.iter().map(|node| text(config, *node)).collect()
        };
        by(self.old, self.old_server) == by(self.new, self.new_server)
    }

    /// Whether the zone that a limit counts in is still there.
    fn has_zone(&self, node: Node) -> bool {
        let args = &self.old.directive(node).args;
        let named = args.iter().find_map(|word| word.value.strip_prefix(b"zone="));
        // `limit_conn ZONE NUMBER`, `limit_req zone=ZONE`.
        let zone = named.or_else(|| args.first().map(|word| word.value)).unwrap_or_default();
        let mut https = self.new.top_named("http");
        https.any(|http| {
            let zones = ["limit_req_zone", "limit_conn_zone"].map(|name| self.new.named(http, name));
            zones.into_iter().flatten().any(|node| {
                let mut words = self.new.directive(node).args.iter();
                words.any(|word| {
                    word.value.strip_prefix(b"zone=").and_then(|rest| rest.split(|byte| *byte == b':').next())
                        == Some(zone)
                })
            })
        })
    }

    /// Whether the named location of an error page is still there.
    fn has_page(&self, node: Node) -> bool {
        let target = self.old.directive(node).args.last().map(|word| word.value.to_vec()).unwrap_or_default();
        let mut locations = self.new.named(self.new_server, "location");
        target.first() != Some(&b'@')
            || locations.any(|node| self.new.directive(node).arg(0) == Some(target.as_slice()))
    }

    /// The directive as it stands in its file, moved to the left by its own indentation.
    fn written(&self, node: Node) -> String {
        let source = self.old.file(node.file).tree.source();
        let span = self.old.directive(node).span;
        let before = &source[..span.start];
        let line = before.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
        let indent = before[line..].iter().take_while(|byte| matches!(byte, b' ' | b'\t')).count();
        let whole = String::from_utf8_lossy(&source[span.range()]);
        let mut lines = whole.lines();
        let first = lines.next().unwrap_or_default().to_owned();
        let moved = lines.map(|line| {
            let own = line.bytes().take_while(|byte| matches!(byte, b' ' | b'\t')).count();
            &line[own.min(indent)..]
        });
        std::iter::once(first.as_str()).chain(moved).collect::<Vec<_>>().join("\n")
    }
}

/// Whether one block may hold several of a kind.
fn repeats(name: &str) -> bool {
    matches!(
        name,
        "allow and deny"
            | "add_header"
            | "add_trailer"
            | "limit_req"
            | "limit_conn"
            | "auth_request_set"
            | "error_page"
            | "more_set_headers"
            | "more_clear_headers"
    ) || name.starts_with("modsecurity_rules")
        || OF_ONE_LOCATION.contains(&name)
}
