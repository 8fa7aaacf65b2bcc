//! Which block answers which request, as text: the paths that are answered alike, below them the block with its place,
//! and what is served.
//!
//! Invariant: no row is left out; paths stand together only where all that is said of them is the same.

use super::fold::folded_text;
use super::style::{Detail, Style};
use super::wrap::{columns as width, wrapped};
use crate::outcome::{RouteAnswer, RouteKind, RoutePlace, RouteRow, RoutesRole, RoutesSection, ServerRoutes};

/// Columns before a path.
const INDENT: usize = 2;
/// Columns before what answers it.
const DEEPER: usize = 6;

/// Every server block with what it answers.
pub fn routes(section: &RoutesSection, style: Style) -> Vec<String> {
    let mut lines: Vec<String> = section.servers.iter().flat_map(|server| block(server, style)).collect();
    for row in &section.nowhere {
        lines.push(String::new());
        lines.extend(indented(0, &format!("{}: {}", style.bold(&row.uri), row.reason), style));
    }
    lines
}

fn block(server: &ServerRoutes, style: Style) -> Vec<String> {
    let role = match server.role {
        RoutesRole::Motion => "serves Motion, ",
        RoutesRole::Redirects => "only redirects, ",
        RoutesRole::Other => "not Motion's, ",
        RoutesRole::Unknown => "",
    };
    let head = format!("server {}", server.server);
    let mut lines = vec![String::new()];
    let head = format!("{} ({role}{})", style.bold(&head), at(&server.place));
    let mut head = wrapped(&head, style.width.saturating_sub(INDENT)).into_iter();
    lines.extend(head.next());
    lines.extend(head.map(|line| format!("{}{line}", " ".repeat(INDENT))));
    if style.detail >= Detail::Verbose {
        lines.extend(indented(INDENT, &format!("listens on {}", server.listens.join(", ")), style));
    }
    if let Some(why) = &server.never_asked {
        lines.extend(indented(INDENT, &style.warn(why), style));
    }
    for (labels, text) in alike(&server.routes, style) {
        lines.extend(indented(INDENT, &style.bold(&labels.join(" ")), style));
        lines.extend(text.iter().flat_map(|line| indented(DEEPER, line, style)));
    }
    if !server.patterns.is_empty() {
        lines.extend(indented(INDENT, &style.bold("by a regular expression, where one matches"), style));
        lines.extend(server.patterns.iter().flat_map(|place| indented(DEEPER, &with_place(place), style)));
    }
    lines
}

/// The paths, those together of which the same is said, in the order of the first of each.
fn alike(rows: &[RouteRow], style: Style) -> Vec<(Vec<String>, Vec<String>)> {
    let mut found: Vec<(Vec<String>, Vec<String>)> = Vec::new();
    for row in rows {
        let label = match row.by.as_slice() {
            [] => row.uri.clone(),
            by => format!("{} ({})", row.uri, by.join(", ")),
        };
        let text = answers(row, style);
        match found.iter_mut().find(|(_, other)| *other == text) {
            Some((labels, _)) => labels.push(label),
            None => found.push((vec![label], text)),
        }
    }
    found
}

fn answers(row: &RouteRow, style: Style) -> Vec<String> {
    let mut lines = Vec::new();
    for answer in &row.answers {
        let holds = answer.conditions.iter().map(|place| format!("where this holds: {}", with_place(place)));
        lines.extend(holds);
        lines.push(with_place(&answer.block));
        let elsewhere = |_: &&RoutePlace| !answer.ends_inside || style.detail >= Detail::Verbose;
        lines.extend(
            answer.ended_by.iter().filter(elsewhere).map(|place| format!("ends in {}", with_place(place))),
        );
        lines.extend(served(row, answer, style));
    }
    if !row.complete {
        lines.push(style.warn("there are more conditions than can be followed"));
    }
    lines
}

/// What is served, and by which way.
fn served(row: &RouteRow, answer: &RouteAnswer, style: Style) -> Vec<String> {
    let missing = match answer.there {
        Some(false) => style.warn(" (not there)"),
        None if matches!(answer.kind, RouteKind::File | RouteKind::Folder) => style.dim(" (not seen here)"),
        _ => String::new(),
    };
    let status = answer.status.unwrap_or_default();
    let target = &answer.target;
    let text = match answer.kind {
        RouteKind::File => format!("file {target}{missing}"),
        RouteKind::Folder => format!("folder {target}{missing}"),
        RouteKind::Proxy if answer.addresses.is_empty() => format!("handed to {target}"),
        RouteKind::Proxy => format!("handed to {target} ({})", answer.addresses.join(", ")),
        RouteKind::Redirect => match target.strip_suffix(&row.uri) {
            Some(server) if server.contains("://") => {
                format!("redirect {status} to the same path of {server}")
            }
            _ => format!("redirect {status} to {target}"),
        },
        RouteKind::Status => format!("status {status}"),
        RouteKind::Handler => format!("answered by {target}"),
        RouteKind::Unknown => style.warn(&format!("cannot be told: {target}")),
    };
    let mut lines = vec![text];
    let tried = answer.tried.iter().map(|path| format!("tried first: {path}"));
    let way = answer.by_way_of.iter().map(|hop| format!("by way of {hop}"));
    if style.detail >= Detail::Verbose {
        lines.extend(tried.chain(way).map(|line| style.dim(&line)));
    }
    lines
}

fn with_place(place: &RoutePlace) -> String {
    format!("{} at {}", place.directive, at(place))
}

fn at(place: &RoutePlace) -> String {
    format!("{}:{}", place.file, place.line)
}

/// A regular expression may be one word that is wider than there is room.
fn indented(columns: usize, text: &str, style: Style) -> Vec<String> {
    let room = style.width.saturating_sub(columns);
    let is_too_wide = |line: &str| width(line) > room && !line.contains('\u{1b}');
    let lines = wrapped(text, room).into_iter().flat_map(|line| match is_too_wide(&line) {
        true => folded_text(&line, room),
        false => vec![line],
    });
    lines.map(|line| format!("{}{line}", " ".repeat(columns))).collect()
}
