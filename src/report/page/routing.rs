//! Which block answers what, as a picture: a server block, its locations below it, and what each leads to.
//!
//! Invariant: every number is a whole one, and the picture says in words and not by colour alone what is new and what is
//! gone. A text that is too long for its box is cut, and is whole in the box's title.

use crate::outcome::{RouteAnswer, RouteKind, RoutesRole, RoutesSection, Routing, ServerRoutes};
use crate::report::Glyphs;
use crate::report::wrap::shortened;
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
    /// What is said of the state in which there is no such block.
    absent: &'static str,
}

/// One picture.
#[derive(Debug, PartialEq, Eq, Serialize)]
struct Picture {
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
    /// The conditions of its answers, where they have any.
    conditions: Vec<&'a str>,
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
        let absent = match (here, there) {
            (None, _) => "today there is no such server block",
            (Some(_), None) if after.is_some() => "after the change this server block is gone",
            (Some(_), _) => "",
        };
        Pictured { server: server.to_owned(), states, absent }
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
            let target = target(answer, &row.uri);
            let lead =
                match leads.iter_mut().find(|lead| lead.block == block.directive && lead.place == place) {
                    Some(lead) => lead,
                    None => {
                        let (block, targets) = (block.directive.clone(), Vec::new());
                        leads.push(Lead { block, place, uris: Vec::new(), conditions: Vec::new(), targets });
                        leads.last_mut().expect("it was pushed")
                    }
                };
            if !lead.uris.contains(&row.uri.as_str()) {
                lead.uris.push(&row.uri);
            }
            for condition in answer.conditions.iter().map(|condition| condition.directive.as_str()) {
                if !lead.conditions.contains(&condition) {
                    lead.conditions.push(condition);
                }
            }
            if !lead.targets.contains(&target) {
                lead.targets.push(target);
            }
        }
    }
    leads
}

/// What an answer leads to, in a few words. What only repeats the path that was asked for is one target.
fn target(answer: &RouteAnswer, uri: &str) -> String {
    let RouteAnswer { kind, target, status, there, addresses, .. } = answer;
    let status = status.map_or_else(String::new, |status| format!("{status} "));
    let missing = if *there == Some(false) { " (not there)" } else { "" };
    let (target, same_path) = match target.strip_suffix(uri).filter(|start| !start.is_empty()) {
        Some(start) => (start, " + the path"),
        None => (target.as_str(), ""),
    };
    match kind {
        RouteKind::File => format!("file {target}{same_path}{missing}"),
        RouteKind::Folder => format!("folder {target}{same_path}{missing}"),
        RouteKind::Proxy if addresses.is_empty() => format!("→ {target}{same_path}"),
        RouteKind::Proxy => format!("→ {target}{same_path} ({})", addresses.join(", ")),
        RouteKind::Redirect => format!("{status}to {target}{same_path}"),
        RouteKind::Status => format!("status {}", format!("{status}{target}").trim_end()),
        RouteKind::Handler => target.to_owned(),
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
        let conditions: String = lead.conditions.iter().map(|one| format!("\ndepends on {one}")).collect();
        let title = format!("{}\n{}\n{uris}{conditions}", lead.block, lead.place);
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
    // The mark stands before the text, and a space between them.
    let marked = if mark.is_empty() { 0 } else { mark.len() + 1 };
    Node {
        x: column.x,
        y,
        width: column.width,
        height: BOX,
        middle: y + BOX / 2,
        text: shortened(text, column.characters - marked, Glyphs::Unicode),
        small: shortened(small, SMALL_CHARACTERS, Glyphs::Unicode),
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outcome::{RoutePlace, RouteRow};

    fn place(directive: &str) -> RoutePlace {
        RoutePlace { directive: directive.to_owned(), file: "/etc/nginx/m.conf".to_owned(), line: 3 }
    }

    fn row(uri: &str, block: &str, kind: RouteKind, target: &str) -> RouteRow {
        let answer = RouteAnswer {
            conditions: Vec::new(),
            block: place(block),
            ended_by: None,
            ends_inside: false,
            kind,
            target: target.to_owned(),
            addresses: Vec::new(),
            status: None,
            there: None,
            tried: Vec::new(),
            by_way_of: Vec::new(),
        };
        RouteRow { uri: uri.to_owned(), by: Vec::new(), answers: vec![answer], complete: true }
    }

    fn section(routes: Vec<RouteRow>) -> RoutesSection {
        let server = ServerRoutes {
            server: "cc:443".to_owned(),
            names: vec!["cc".to_owned()],
            listens: vec!["443 ssl".to_owned()],
            role: RoutesRole::Motion,
            place: place("server"),
            routes,
            patterns: Vec::new(),
            locations_left_out: 0,
            never_asked: None,
        };
        RoutesSection { servers: vec![server], nowhere: Vec::new(), servers_left_out: 0 }
    }

    fn pictured(before: Vec<RouteRow>, after: Option<Vec<RouteRow>>) -> Vec<Picture> {
        let routing = Routing { before: section(before), after: after.map(section) };
        let mut servers = pictures(&routing);
        assert_eq!(servers.len(), 1);
        servers.remove(0).states
    }

    fn marks(nodes: &[Node]) -> Vec<(&str, &str)> {
        nodes.iter().map(|node| (node.text.as_str(), node.mark)).collect()
    }

    #[test]
    fn what_is_new_and_what_is_gone_is_marked_on_its_own_side() {
        let root = || row("/", "location /", RouteKind::Proxy, "http://old");
        let api = |target: &str| row("/api/", "location /api/", RouteKind::Proxy, target);
        let ui = row("/user-ui/", "location ^~ /user-ui/", RouteKind::File, "/ui/index.html");
        let states = pictured(vec![root(), api("http://old")], Some(vec![root(), api("http://new"), ui]));
        let [before, after] = states.as_slice() else { panic!("two states: {states:?}") };
        assert_eq!(marks(&before.locations), [("location /", ""), ("location /api/", "")]);
        assert_eq!(marks(&before.targets), [("→ http://old", "")]);
        assert_eq!(before.edges.iter().map(|edge| edge.mark).collect::<Vec<_>>(), ["", "gone"]);
        assert_eq!(after.locations.last().expect("a location").mark, "new");
        assert_eq!(
            marks(&after.targets),
            [("→ http://old", ""), ("→ http://new", "new"), ("file /ui/index.html", "new")]
        );
        assert_eq!(after.edges.iter().map(|edge| edge.mark).collect::<Vec<_>>(), ["", "new", "new"]);
    }

    #[test]
    fn without_a_change_nothing_is_gone() {
        let states = pictured(vec![row("/", "location /", RouteKind::Proxy, "http://old")], None);
        assert_eq!(states.len(), 1);
        assert!(states[0].edges.iter().all(|edge| edge.mark.is_empty()));
    }

    #[test]
    fn answers_that_only_repeat_the_path_are_one_target() {
        let redirect = |uri: &str| row(uri, "return 301", RouteKind::Redirect, &format!("https://cc{uri}"));
        let states = pictured(vec![redirect("/"), redirect("/login")], None);
        assert_eq!(marks(&states[0].targets), [("to https://cc + the path", "")]);
        assert_eq!(states[0].locations.len(), 1);
    }

    #[test]
    fn no_box_lies_on_another_or_outside_of_the_picture() {
        let rows = (0..60).map(|number| {
            let target = format!("http://u{}", number % 7);
            row(&format!("/{number}"), &format!("location /{number}"), RouteKind::Proxy, &target)
        });
        let states = pictured(rows.collect(), None);
        let picture = &states[0];
        assert_eq!((picture.locations.len(), picture.left_out), (MOST, 60 - MOST));
        for nodes in [&picture.locations, &picture.targets] {
            for pair in nodes.windows(2) {
                assert!(pair[0].y + pair[0].height < pair[1].y, "{pair:?}");
            }
            let fits = |node: &Node| node.y + node.height <= picture.height && node.x + node.width <= WIDTH;
            assert!(nodes.iter().all(fits));
        }
    }
}
