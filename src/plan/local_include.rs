//! Moves local blocks out of the vendor's file into the customer's own, as the
//! vendor's best practice asks.
//!
//! Invariant: only what means the same in an include moves: whole locations
//! whose place among their siblings has no meaning to nginx. The rest stays,
//! and is said.

use super::PlanError;
use super::base::Base;
use super::draft::{Draft, staged};
use super::input::LocalInclude;
use super::inputs::Material;
use crate::motion::{RouteState, route_state};
use crate::values::TextPath;
use nginx_config::diff::{Kind, diff};
use nginx_config::merge::fill_base;
use nginx_config::routes::servers;
use nginx_config::{Config, DirectiveId, EditError, Edits, Node, Place, Tree, quote_word, splice};
use std::collections::BTreeMap;

/// What moved, and what did not.
pub struct Moved {
    /// The customer's file as it will be; `None` when nothing moves.
    pub include: Option<Vec<u8>>,
    /// What stays and why, for people.
    pub stays: Vec<String>,
}

/// Moves what can move, in the draft.
pub fn extract(
    material: &Material,
    base: Option<&Base>,
    target: &LocalInclude,
    draft: &mut Draft,
) -> Result<Moved, PlanError> {
    let Some(base) = base else {
        let stays =
            vec!["everything: local blocks cannot be told from the vendor's; name the file that the live one was made from with --base FILE".to_owned()];
        return Ok(Moved { include: None, stays });
    };
    let config = staged(material.config, draft)?;
    let Some(server) = serving(material, &config) else {
        return Ok(Moved {
            include: None,
            stays: vec!["everything: no block of the site's file serves Motion".to_owned()],
        });
    };
    let file = config.file(server.file);
    let (moving, stays) = sort(base, &file.tree, server.directive);
    if moving.is_empty() {
        return Ok(Moved { include: None, stays });
    }
    let mut edits = Edits::new(&file.tree);
    let mut own = target.existing.as_ref().map_or_else(Vec::new, |(_, bytes)| bytes.clone());
    for id in &moving {
        if !own.is_empty() {
            own.extend_from_slice(b"\n");
        }
        own.extend(outdented(&file.tree, *id));
        edits.remove_with_comments(*id);
    }
    if !includes(&config, server, target) {
        let path = target.path.as_str();
        let word =
            quote_word(path.as_bytes()).map_err(|error| PlanError::Lacks(format!("{path}: {error}")))?;
        let line = format!(
            "# Local locations, moved out of this file.\ninclude {};\n",
            String::from_utf8_lossy(&word)
        );
        edits.append_to(Place::Block(server.directive), line)?;
    }
    let bytes = splice(file.tree.source(), &edits.finish()?).map_err(EditError::Overlap)?;
    draft.insert(file.identity.clone(), bytes);
    Ok(Moved { include: Some(own), stays })
}

/// The block of the site's file that serves the new client; with TLS first.
fn serving(material: &Material, config: &Config) -> Option<Node> {
    let in_site = |server: &Node| {
        config.file(server.file).path == material.facts.site.file
            && route_state(config, *server) == RouteState::Present
    };
    let has_tls = |server: &Node| {
        let mut listens = config.named(*server, "listen");
        listens
            .any(|listen| config.directive(listen).args.iter().any(|word| word.is("ssl") || word.is("quic")))
    };
    let all: Vec<_> = servers(config).iter().copied().filter(in_site).collect();
    all.iter().copied().find(has_tls).or(all.first().copied())
}

/// Local locations that can move, and what cannot.
fn sort(base: &Base, tree: &Tree, server: DirectiveId) -> (Vec<DirectiveId>, Vec<String>) {
    let (mut moving, mut stays) = (Vec::new(), Vec::new());
    let by_start: BTreeMap<usize, DirectiveId> =
        tree.walk().map(|id| (tree.directive(id).span.start, id)).collect();
    // What a learned base leaves open is nobody's change. Where it cannot be filled, it is compared as it is.
    let filled = fill_base(&base.tree, tree).unwrap_or_else(|_| base.tree.clone());
    for change in diff(&filled, tree).directives {
        let Some(new) = change.new.as_ref().filter(|_| change.kind == Kind::Added) else { continue };
        let Some(&id) = by_start.get(&new.span.start) else { continue };
        let directive = tree.directive(id);
        let words: Vec<_> = directive.args.iter().map(|word| word.text()).collect();
        let is_own_route = words.last().is_some_and(|path| path.starts_with("/user-ui"));
        let say = |why: &str| format!("{} / {}: {why}", change.path, change.directive);
        match (directive.is("location"), words.first().map(AsRef::as_ref)) {
            _ if is_own_route => {}
            (true, _) if directive.parent != Some(server) => stays.push(say("it stands in another block")),
            (true, Some("~" | "~*")) => stays.push(say("regular expressions are tried in their order")),
            (true, Some(name)) if name.starts_with('@') => {
                stays.push(say("named locations stay with what leads to them"))
            }
            (true, _) => moving.push(id),
            (false, _) => stays.push(say("only whole locations move")),
        }
    }
    (moving, stays)
}

/// A directive with its comments, as at the top of a file.
pub(super) fn outdented(tree: &Tree, id: DirectiveId) -> Vec<u8> {
    let span = tree.directive(id).span;
    let start = tree.comments_before(id).next().map_or(span.start, |comment| comment.start);
    let line_start = tree.source()[..start].iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
    let indent = &tree.source()[line_start..start];
    let mut text = Vec::new();
    for line in tree.source()[start..span.end].split_inclusive(|byte| *byte == b'\n') {
        let is_blank = indent.iter().all(|byte| b" \t".contains(byte));
        text.extend_from_slice(if is_blank { line.strip_prefix(indent).unwrap_or(line) } else { line });
    }
    text.push(b'\n');
    text
}

/// Whether the block includes the customer's file already.
fn includes(config: &Config, server: Node, target: &LocalInclude) -> bool {
    let file = config.file(server.file);
    file.tree.directive(server.directive).children().iter().any(|id| {
        let directive = file.tree.directive(*id);
        directive.is("include")
            && directive
                .args
                .first()
                .is_some_and(|word| TextPath::new(&word.text()).as_ref() == Ok(&target.path))
    })
}
