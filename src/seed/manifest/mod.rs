//! Manifests: the file in which a person says who works on what.
//!
//! Invariant: one run says everything that is wrong with a file, or with several
//! that are one manifest, in their order; a manifest that is returned has no error. Pure: no database,
//! no file, no clock. No input makes it panic or overflow the stack.

mod links;
mod model;
mod moves;
mod names;
mod place;
mod problem;
mod quote;
mod reader;
mod review;
mod scalar;
mod sections;
mod source;
mod suggest;
mod syntax;
mod tree;
mod version;
mod warnings;

use crate::outcome::Finding;
pub use model::{
    Agent, Links, Managed, Manifest, Member, Mode, Move, Name, Permission, Profile, Queue, Right, Setting,
    SettingValue, Spanned,
};
pub use place::Place;
pub use problem::{Problem, Weight, shown, shown_beside, shown_unmasked};
pub use quote::{quoted, scalar};
use reader::{MappingEntry, Reader};
pub use source::{Origin, Source};
use std::collections::BTreeSet;
pub use suggest::{CANDIDATES, Candidates, SUGGESTIONS, suggest};
pub use tree::asks;
use tree::{Node, Site, Tree, Value, fill};
pub use version::VERSION;
use version::check_version;

/// The JSON Schema (draft-07) of manifests, for editors.
pub const JSON_SCHEMA: &str = include_str!("../../../templates/seed/manifest.schema.json");

/// What there is to say about a file, and the manifest if nothing refuses it.
#[derive(Debug, Clone)]
pub struct Validated {
    /// The file's text, for excerpts.
    pub source: Source,
    /// The manifest, if no problem is an error.
    pub manifest: Option<Manifest>,
    /// Errors and warnings, in the order of the file.
    pub problems: Vec<Problem>,
}

impl Validated {
    /// The warnings, as answers show them.
    #[must_use]
    pub fn findings(&self) -> Vec<Finding> {
        warnings::findings(&self.source, &self.problems)
    }
}

/// A file as it was read, and what messages call it.
#[derive(Debug, Clone, Copy)]
pub struct File<'a> {
    pub name: &'a str,
    /// What is in it.
    pub bytes: &'a [u8],
}

/// Reads a manifest; `name` is what messages call the file.
#[must_use]
pub fn validate(bytes: &[u8], name: &str) -> Validated {
    validate_for(File { name, bytes }, None)
}

/// Reads a manifest, and fills in the values of a site.
#[must_use]
pub fn validate_for(file: File<'_>, site: Option<File<'_>>) -> Validated {
    validate_together(&[file], site)
}

/// Reads files as one manifest, and fills in the values of a site. What is declared in one of them may be named in
/// another, and nothing is declared twice.
#[must_use]
pub fn validate_together(files: &[File<'_>], site: Option<File<'_>>) -> Validated {
    let texts: Vec<_> = files.iter().map(|file| decode(file.bytes)).collect();
    let sources = files.iter().zip(&texts).map(|(file, text)| match text {
        Ok(text) => Source::new(file.name, text),
        Err(_) => Source::new(file.name, &String::from_utf8_lossy(file.bytes)),
    });
    let source = Source::together(sources.collect());
    let site = match site.map(|site| (site.name, decode(site.bytes))) {
        None => None,
        Some((name, Ok(text))) => Some(Source::new(name, text)),
        Some((site, Err(mut problem))) => {
            problem.place = problem.place.of_site();
            let source = source.with_site(Some(Source::new(site, "")));
            return Validated { source, manifest: None, problems: vec![problem] };
        }
    };
    let source = source.with_site(site.clone());
    let mut reader = Reader::new(Vec::new(), source.clone());
    let mut manifest = Manifest::empty(source.clone());
    let (mut whole, mut asked) = (true, BTreeSet::new());
    for (text, before) in texts.into_iter().zip(source.lines_before()) {
        let text = match text {
            Ok(text) => text,
            Err(mut problem) => {
                problem.place.line += before;
                reader.report(problem);
                whole = false;
                continue;
            }
        };
        let mut tree = Tree::read(text).below(before);
        std::mem::take(&mut tree.problems).into_iter().for_each(|problem| reader.report(problem));
        let filled = fill(&mut tree, site.as_ref().map(Site::read), &mut asked);
        filled.into_iter().for_each(|problem| reader.report(problem));
        whole &= tree.whole;
        read(&mut reader, &tree, Place { line: before + 1, column: 1 }, &mut manifest);
    }
    review::contradictions(&mut reader, &manifest);
    // What a file that breaks off would have declared, or asked for, is not known.
    if whole {
        review::doubts(&mut reader, &manifest);
        let unasked = site.as_ref().map(|site| Site::read(site).unasked(&asked)).unwrap_or_default();
        unasked.into_iter().for_each(|problem| reader.report(problem));
    }
    let problems = reader.into_problems();
    let is_valid = !problems.iter().any(Problem::is_error);
    Validated { source, manifest: is_valid.then_some(manifest), problems }
}

/// UTF-8, with or without the mark that some editors put before it.
fn decode(bytes: &[u8]) -> Result<&str, Problem> {
    let start = Place { line: 1, column: 1 };
    if bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff]) {
        return Err(Problem::error(start, "the file is UTF-16").hint("save it as UTF-8"));
    }
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    std::str::from_utf8(bytes).map_err(|error| {
        let valid = bytes.get(..error.valid_up_to()).unwrap_or_default();
        let place = source::end_of(&String::from_utf8_lossy(valid));
        Problem::error(place, format!("not UTF-8 at byte {}", error.valid_up_to())).hint("save it as UTF-8")
    })
}

/// Adds what a file says; `start` is where it begins.
fn read(reader: &mut Reader, tree: &Tree, start: Place, manifest: &mut Manifest) {
    let what = "a manifest";
    let empty = |node: Node<'_>| matches!(node.value(), Value::Plain(text) if text.is_empty());
    let Some(root) = tree.root().filter(|node| !empty(*node)) else {
        if tree.whole {
            let problem = Problem::error(start, "the file is empty");
            reader.report(problem.hint("the shortest manifest is `version: 1`"));
        }
        return;
    };
    let keys = ["version", "queues", "agents", "profiles", "move", "permissions"];
    let Some([version, queues, agents, profiles, moves, permissions]) = reader.fields(root, what, keys)
    else {
        return;
    };
    if let Some(entry) = reader.require(version, "version", what, root) {
        check_version(reader, entry);
    }
    manifest.queues.extend(queues.map(|entry| sections::queues(reader, entry)).unwrap_or_default());
    manifest.agents.extend(list(reader, agents, "agents", sections::agent));
    manifest.profiles.extend(list(reader, profiles, "profiles", sections::profile));
    manifest.moves.extend(list(reader, moves, "moves", moves::of_agents));
    manifest.permissions.extend(list(reader, permissions, "permissions", sections::permission));
}

fn list<'t, T>(
    reader: &mut Reader,
    field: Option<MappingEntry<'t>>,
    what: &str,
    read: impl Fn(&mut Reader, Node<'t>) -> Option<T>,
) -> Vec<T> {
    let nodes = field.map(|entry| reader.items(entry, what)).unwrap_or_default();
    nodes.into_iter().filter_map(|node| read(reader, node)).collect()
}
