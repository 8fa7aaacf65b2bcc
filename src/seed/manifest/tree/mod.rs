//! YAML as a flat tree with places: every value of the file, once.
//!
//! Invariant: building it takes memory in proportion to the file and no
//! recursion; an alias is a reference and is never copied. A tree that could
//! not be built to its end says so, and what of it is not closed.

mod fill;

use super::model::Name;
use super::place::Place;
use super::problem::{Problem, shown};
use super::syntax;
use super::syntax::place;
pub use fill::asks;
pub(super) use fill::{Site, fill};
use saphyr_parser::{Event, Parser, ScalarStyle, Span, Tag};
use std::borrow::Cow;
use std::collections::HashMap;

/// Deeper than any manifest goes.
const DEEPEST: usize = 32;
/// More values than the largest manifest has that can be applied.
const MOST_NODES: usize = 12_000_000;
/// How many times as many nodes aliases may make of a file.
const MOST_EXPANSION: u64 = 10;

/// The values of a file, each before those in it.
#[derive(Debug, Default)]
pub(super) struct Tree {
    nodes: Vec<Item>,
    texts: Vec<Name>,
    /// What YAML itself says against the file.
    pub problems: Vec<Problem>,
    /// Whether the file was read to its end.
    pub whole: bool,
}

#[derive(Debug, Clone, Copy)]
struct Item {
    place: Place,
    kind: Kind,
    /// Of a scalar its text's number, of a collection the number of the node
    /// behind it, of an alias and of what is filled in that of its target.
    data: u32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Plain,
    Quoted,
    Sequence,
    Mapping,
    Alias,
    /// A value of a site, which stands where its file has it.
    Filled,
    /// A problem was reported here; nothing more is said about it.
    Broken,
}

/// What a node is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Value<'t> {
    /// A scalar without quotes.
    Plain(&'t Name),
    /// A scalar in quotes, or a block.
    Quoted(&'t Name),
    Sequence,
    Mapping,
    Broken,
}

/// A node, seen where the file uses it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Node<'t> {
    tree: &'t Tree,
    index: u32,
    /// Where it is used: of an alias its own place.
    pub place: Place,
}

impl Tree {
    /// Reads a text.
    pub fn read(text: &str) -> Self {
        let mut builder = Builder::default();
        let mut parser = Parser::new_from_str(text);
        while let Some(event) = parser.next_event() {
            let step = match event {
                Ok((event, span)) => builder.event(event, span),
                Err(error) => {
                    builder.tree.problems.push(syntax::explain(&error, text));
                    Step::Stop
                }
            };
            match step {
                Step::Go => {}
                Step::Stop => break,
                Step::Done => {
                    builder.tree.whole = true;
                    break;
                }
            }
        }
        builder.finish()
    }

    /// The same as one of several files, of which so many lines stand before it.
    pub fn below(mut self, lines: u32) -> Self {
        let places = self.nodes.iter_mut().map(|item| &mut item.place);
        let places = places.chain(self.problems.iter_mut().map(|problem| &mut problem.place));
        places.for_each(|place| place.line = place.line.saturating_add(lines));
        self
    }

    /// The document's value; none where there is no document.
    pub fn root(&self) -> Option<Node<'_>> {
        self.nodes.first()?;
        Some(self.node(0))
    }

    /// A node as the file uses it. An alias is seen where it stands, a value of a site where the site's file has it.
    fn node(&self, index: u32) -> Node<'_> {
        let mut target = index;
        let mut place = self.nodes[index as usize].place;
        loop {
            let item = &self.nodes[target as usize];
            match item.kind {
                Kind::Alias => target = item.data,
                Kind::Filled => {
                    target = item.data;
                    place = self.nodes[target as usize].place;
                }
                _ => return Node { tree: self, index: target, place },
            }
        }
    }

    fn end(&self, index: u32) -> u32 {
        let item = &self.nodes[index as usize];
        match item.kind {
            Kind::Sequence | Kind::Mapping => item.data,
            Kind::Plain | Kind::Quoted | Kind::Alias | Kind::Filled | Kind::Broken => index + 1,
        }
    }
}

impl<'t> Node<'t> {
    /// What it is, aliases followed.
    pub fn value(self) -> Value<'t> {
        let item = self.item();
        match item.kind {
            Kind::Plain => Value::Plain(&self.tree.texts[item.data as usize]),
            Kind::Quoted => Value::Quoted(&self.tree.texts[item.data as usize]),
            Kind::Sequence => Value::Sequence,
            Kind::Mapping => Value::Mapping,
            Kind::Alias | Kind::Filled | Kind::Broken => Value::Broken,
        }
    }

    /// Whether the file closes it; a file that cannot be read to its end
    /// leaves the collections open in which it breaks off.
    pub fn is_closed(self) -> bool {
        self.tree.whole || (self.tree.end(self.index) as usize) < self.tree.nodes.len()
    }

    /// The nodes right in it: of a mapping keys and values by turns.
    pub fn children(self) -> impl Iterator<Item = Node<'t>> {
        let end = self.tree.end(self.index);
        let mut next = self.index + 1;
        let is_collection = matches!(self.item().kind, Kind::Sequence | Kind::Mapping);
        std::iter::from_fn(move || {
            if !is_collection || next >= end {
                return None;
            }
            let index = next;
            next = self.tree.end(index);
            Some(self.tree.node(index))
        })
    }

    /// Keys with their values; a key whose value was not read is left out.
    pub fn entries(self) -> impl Iterator<Item = (Node<'t>, Node<'t>)> {
        let mut children = self.children();
        std::iter::from_fn(move || Some((children.next()?, children.next()?)))
    }

    fn item(self) -> &'t Item {
        &self.tree.nodes[self.index as usize]
    }
}

enum Step {
    Go,
    Stop,
    Done,
}

/// A collection that is not closed yet.
struct Frame {
    index: u32,
    anchor: usize,
    expanded: u64,
}

/// What an anchor names. The parser numbers anchors from 1.
#[derive(Clone, Copy)]
struct Anchor {
    index: u32,
    /// How many nodes it is with its aliases expanded; not known while open.
    expanded: Option<u64>,
}

#[derive(Default)]
struct Builder {
    tree: Tree,
    known: HashMap<Name, u32>,
    open: Vec<Frame>,
    anchors: Vec<Anchor>,
    documents: usize,
    expanded: u64,
    /// The alias that makes the most nodes, and how many.
    largest: (u64, Place),
}

impl Builder {
    fn event(&mut self, event: Event<'_>, span: Span) -> Step {
        let place = place(span.start);
        match event {
            Event::Nothing | Event::StreamStart | Event::DocumentEnd => Step::Go,
            Event::StreamEnd => Step::Done,
            Event::DocumentStart(_) => {
                self.documents += 1;
                if self.documents == 1 {
                    return Step::Go;
                }
                let problem = Problem::error(place, "a second document begins here")
                    .hint("a manifest is one document; put it into a file of its own");
                self.stop(problem)
            }
            Event::Alias(anchor) => {
                self.alias(anchor, place);
                self.go(place)
            }
            Event::Scalar(text, style, anchor, tag) => {
                let is_plain = style == ScalarStyle::Plain;
                let kind = self.kind(if is_plain { Kind::Plain } else { Kind::Quoted }, tag, place);
                let data = self.text(&text);
                let index = self.push(place, kind, data);
                self.anchor(anchor, index, Some(1));
                self.count(1);
                self.go(place)
            }
            Event::SequenceStart(anchor, tag) => self.open(Kind::Sequence, anchor, tag, place),
            Event::MappingStart(anchor, tag) => self.open(Kind::Mapping, anchor, tag, place),
            Event::SequenceEnd | Event::MappingEnd => {
                self.close();
                Step::Go
            }
        }
    }

    fn open(&mut self, kind: Kind, anchor: usize, tag: Option<Cow<'_, Tag>>, place: Place) -> Step {
        if self.open.len() == DEEPEST {
            let problem = Problem::error(place, format!("nested more than {DEEPEST} deep"));
            return self.stop(problem.hint("no manifest is; what follows was not read"));
        }
        let kind = self.kind(kind, tag, place);
        let index = self.push(place, kind, 0);
        self.anchor(anchor, index, None);
        self.open.push(Frame { index, anchor, expanded: 1 });
        self.go(place)
    }

    fn close(&mut self) {
        let Some(frame) = self.open.pop() else { return };
        let end = self.next();
        self.tree.nodes[frame.index as usize].data = end;
        if let Some(anchor) = self.anchors.get_mut(frame.anchor) {
            anchor.expanded = Some(frame.expanded);
        }
        self.count(frame.expanded);
    }

    fn alias(&mut self, number: usize, place: Place) {
        let anchor = self.anchors.get(number).copied();
        let Some(Anchor { index, expanded: Some(expanded) }) = anchor else {
            let problem = Problem::error(place, "an alias inside of what its anchor names");
            self.tree.problems.push(problem.hint("it would contain itself"));
            self.push(place, Kind::Broken, 0);
            return self.count(1);
        };
        // Of an alias to an alias there is none: an anchor names a value.
        self.push(place, Kind::Alias, index);
        if expanded > self.largest.0 {
            self.largest = (expanded, place);
        }
        self.count(expanded);
    }

    /// A tag makes a value something else than it looks like.
    fn kind(&mut self, kind: Kind, tag: Option<Cow<'_, Tag>>, place: Place) -> Kind {
        let Some(tag) = tag else { return kind };
        let name = if tag.is_yaml_core_schema() { format!("!!{}", tag.suffix) } else { tag.to_string() };
        let problem = Problem::error(place, format!("the tag {} is not read", shown(&name)));
        self.tree.problems.push(problem.hint("leave it out; quote what is to be text"));
        if matches!(kind, Kind::Plain | Kind::Quoted) { Kind::Broken } else { kind }
    }

    fn push(&mut self, place: Place, kind: Kind, data: u32) -> u32 {
        let index = self.next();
        self.tree.nodes.push(Item { place, kind, data });
        index
    }

    /// The number of the next node; there are fewer than [`MOST_NODES`].
    fn next(&self) -> u32 {
        u32::try_from(self.tree.nodes.len()).unwrap_or(u32::MAX)
    }

    fn anchor(&mut self, number: usize, index: u32, expanded: Option<u64>) {
        if number == 0 {
            return;
        }
        if self.anchors.len() <= number {
            self.anchors.resize(number + 1, Anchor { index, expanded: None });
        }
        self.anchors[number] = Anchor { index, expanded };
    }

    fn count(&mut self, nodes: u64) {
        let sum = self.open.last_mut().map_or(&mut self.expanded, |frame| &mut frame.expanded);
        *sum = sum.saturating_add(nodes);
    }

    fn go(&mut self, place: Place) -> Step {
        if self.tree.nodes.len() < MOST_NODES {
            return Step::Go;
        }
        self.stop(Problem::error(place, format!("more than {MOST_NODES} values")))
    }

    fn stop(&mut self, problem: Problem) -> Step {
        self.tree.problems.push(problem);
        Step::Stop
    }

    /// The number of a text; equal texts have one.
    fn text(&mut self, text: &str) -> u32 {
        if let Some(number) = self.known.get(text) {
            return *number;
        }
        let name: Name = text.into();
        let number = u32::try_from(self.tree.texts.len()).unwrap_or(u32::MAX);
        self.tree.texts.push(name.clone());
        self.known.insert(name, number);
        number
    }

    fn finish(mut self) -> Tree {
        let end = self.next();
        for frame in &self.open {
            self.tree.nodes[frame.index as usize].data = end;
        }
        let nodes = self.tree.nodes.len() as u64;
        if self.tree.whole && self.expanded > nodes.saturating_mul(MOST_EXPANSION) {
            let message = format!(
                "aliases make {} values of {nodes}; {MOST_EXPANSION} times as many are the most",
                self.expanded
            );
            let problem = Problem::error(self.largest.1, message);
            self.tree.problems.push(problem.hint("this one makes the most; write the values out"));
            self.tree.nodes.clear();
            self.tree.whole = false;
        }
        self.tree
    }
}
