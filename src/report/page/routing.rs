//! Which block answers what, as a picture: a server block, its locations below it, and what each leads to.
//!
//! Invariant: every number is a whole one, and the picture says in words and not by colour alone what is new and what is
//! gone. A text that is too long for its box is cut, and is whole in the box's title.

use crate::outcome::{RouteAnswer, RouteKind, RoutesRole, RoutesSection, Routing, ServerRoutes};
use crate::report::findings::shortened;
use serde::Serialize;
use std::collections::BTreeSet;

/// More locations of one server block are only counted.
const MOST: usize = 40;
/// Widths and heights are pixels of the picture.
const WIDTH: usize = 620;
const LOCATION: Column = Column { x: 34, width: 282, characters: 38 };
const TARGET: Column = Column { x: 372, width: 246, characters: 33 };
const BOX: usize = 40;
const STEP: usize = 50;
const FIRST: usize = 66;
/// Characters of a server block's name, and of the small text below a name.
const SERVER_CHARACTERS: usize = 40;
const SMALL_CHARACTERS: usize = 44;

struct Column {
    x: usize,
    width: usize,
    characters: usize,
}

/// A server block before and after.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub struct Pictured {
    server: String,
    states: Vec<Picture>,
}

/// One picture.
#[derive(Debug, PartialEq, Eq, Serialize)]
struct Picture {
    /// `before` or `after`.
    state: &'static str,
    title: &'static str,
    width: usize,
    height: usize,
    server: Node,
    trunk: usize,
    locations: Vec<Node>,
    targets: Vec<Node>,
    edges: Vec<Edge>,
    left_out: usize,
}

/// A box with its texts.
#[derive(Debug, PartialEq, Eq, Serialize)]
struct Node {
    x: usize,
    y: usize,
    width: usize,
    height: usize,
    middle: usize,
    text: String,
    small: String,
    title: String,
    /// `new`, `gone`, or nothing.
    mark: &'static str,
}

#[derive(Debug, PartialEq, Eq, Serialize)]
struct Edge {
    path: String,
    mark: &'static str,
}

/// A location that answers, and what it leads to.
struct Lead<'a> {
    /// The block and its place.
    block: String,
    place: String,
    uris: Vec<&'a str>,
    targets: Vec<String>,
}

/// The pictures of every server block, those of Motion first.
pub fn pictures(routing: &Routing) -> Vec<Pictured> {
    let Routing { before, after } = routing;
    let none = RoutesSection::default();
    let after = after.as_ref();
    let mut servers: Vec<&str> = Vec::new();
    for server in before.servers.iter().chain(&after.unwrap_or(&none).servers) {
        if !servers.contains(&server.server.as_str()) {
            servers.push(&server.server);
        }
    }
    let pictured = |server: &str| {
        let here = find(before, server);
        let there = after.and_then(|after| find(after, server));
        let (old, new) = (leads(here), leads(there));
        let mut states = Vec::new();
        if let Some(here) = here {
            let mark = if after.is_some() { "gone" } else { "" };
            states.push(picture(here, &old, &new, State { name: "before", title: "today", mark }));
        }
        if let Some(there) = there {
            let state = State { name: "after", title: "after the change", mark: "new" };
            states.push(picture(there, &new, &old, state));
        }
        Pictured { server: server.to_owned(), states }
    };
    servers.into_iter().map(pictured).collect()
}

fn find<'a>(section: &'a RoutesSection, server: &str) -> Option<&'a ServerRoutes> {
    section.servers.iter().find(|one| one.server == server)
}

/// The blocks that answer, in the order in which they are met.
fn leads(server: Option<&ServerRoutes>) -> Vec<Lead<'_>> {
    let mut leads: Vec<Lead<'_>> = Vec::new();
    for row in server.into_iter().flat_map(|server| &server.routes) {
        for answer in &row.answers {
            let RouteAnswer { block, .. } = answer;
            let place = format!("{}:{}", block.file, block.line);
            let target = target(answer);
            let lead =
                match leads.iter_mut().find(|lead| lead.block == block.directive && lead.place == place) {
                    Some(lead) => lead,
                    None => {
                        let (block, targets) = (block.directive.clone(), Vec::new());
                        leads.push(Lead { block, place, uris: Vec::new(), targets });
                        leads.last_mut().expect("it was pushed")
                    }
                };
            if !lead.uris.contains(&row.uri.as_str()) {
                lead.uris.push(&row.uri);
            }
            if !lead.targets.contains(&target) {
                lead.targets.push(target);
            }
        }
    }
    leads
}

/// What an answer leads to, in a few words.
fn target(answer: &RouteAnswer) -> String {
    let RouteAnswer { kind, target, status, there, .. } = answer;
    let status = status.map_or_else(String::new, |status| format!("{status} "));
    let missing = if *there == Some(false) { " (not there)" } else { "" };
    match kind {
        RouteKind::File => format!("file {target}{missing}"),
        RouteKind::Folder => format!("folder {target}{missing}"),
        RouteKind::Proxy => format!("→ {target}"),
        RouteKind::Redirect => format!("{status}to {target}"),
        RouteKind::Status => format!("status {}", format!("{status}{target}").trim_end()),
        RouteKind::Handler => target.clone(),
        RouteKind::Unknown => format!("not known: {target}"),
    }
}

/// Which of both states is drawn, and what is said of that which only it has.
#[derive(Clone, Copy)]
struct State {
    name: &'static str,
    title: &'static str,
    mark: &'static str,
}

fn picture(server: &ServerRoutes, leads: &[Lead<'_>], others: &[Lead<'_>], state: State) -> Picture {
    let known: BTreeSet<(&str, &str)> = others.iter().flat_map(pairs).collect();
    let blocks: BTreeSet<&str> = others.iter().map(|lead| lead.block.as_str()).collect();
    let shown = &leads[..leads.len().min(MOST)];
    let (mut locations, mut targets, mut edges) = (Vec::new(), Vec::<Node>::new(), Vec::new());
    for (index, lead) in shown.iter().enumerate() {
        let y = FIRST + index * STEP;
        let mark = if blocks.contains(lead.block.as_str()) { "" } else { state.mark };
        let uris = lead.uris.join(" ");
        let title = format!("{}\n{}\n{uris}", lead.block, lead.place);
        locations.push(node(&LOCATION, y, &lead.block, &uris, title, mark));
        for target in &lead.targets {
            let mark = if known.contains(&(lead.block.as_str(), target.as_str())) { "" } else { state.mark };
            let end = match targets.iter().position(|known| known.title == *target) {
                Some(known) => &targets[known],
                None => {
                    // As near to its first location as those above let it be.
                    let y = targets.last().map_or(y, |last| y.max(last.y + STEP));
                    let is_new = !known.iter().any(|(_, known)| known == target);
                    let mark = if is_new { state.mark } else { "" };
                    targets.push(node(&TARGET, y, target, "", target.clone(), mark));
                    targets.last().expect("it was pushed")
                }
            };
            edges.push(edge(y + BOX / 2, end.middle, mark));
        }
    }
    let last = locations.last().map_or(FIRST, |node| node.middle);
    let bottom = locations.iter().chain(&targets).map(|node| node.y + BOX).max().unwrap_or(FIRST);
    let role = match server.role {
        RoutesRole::Motion => "serves Motion",
        RoutesRole::Redirects => "only redirects",
        RoutesRole::Other => "serves something else",
        RoutesRole::Unknown => "",
    };
    let listens = [server.listens.join(", "), role.to_owned()];
    let small = listens.iter().filter(|text| !text.is_empty()).cloned().collect::<Vec<_>>().join(" · ");
    let title = format!("{}\n{}:{}\n{small}", server.names.join(" "), server.place.file, server.place.line);
    let wide = Column { x: 2, width: LOCATION.x + LOCATION.width - 2, characters: SERVER_CHARACTERS };
    Picture {
        state: state.name,
        title: state.title,
        width: WIDTH,
        height: bottom + 6,
        server: node(&wide, 6, &server.server, &small, title, ""),
        trunk: last,
        locations,
        targets,
        edges,
        left_out: leads.len() - shown.len(),
    }
}

fn pairs<'a>(lead: &'a Lead<'_>) -> impl Iterator<Item = (&'a str, &'a str)> {
    lead.targets.iter().map(|target| (lead.block.as_str(), target.as_str()))
}

fn node(column: &Column, y: usize, text: &str, small: &str, title: String, mark: &'static str) -> Node {
    Node {
        x: column.x,
        y,
        width: column.width,
        height: BOX,
        middle: y + BOX / 2,
        text: shortened(text, column.characters - mark.len()),
        small: shortened(small, SMALL_CHARACTERS),
        title,
        mark,
    }
}

/// A curve from a location to its target.
fn edge(from: usize, to: usize, mark: &'static str) -> Edge {
    let (start, end) = (LOCATION.x + LOCATION.width, TARGET.x);
    let half = usize::midpoint(start, end);
    Edge { path: format!("M{start} {from}C{half} {from} {half} {to} {} {to}", end - 5), mark }
}
