//! What a map must not say, whatever the database is like.
//!
//! Invariant: rows of two kinds of links are never mixed up, and no column holds two things.

use super::ident::Ident;
use super::link::{Condition, Link, LinkKind};
use super::model::Map;
use crate::seed::Channel;

/// Everything that contradicts itself, each with its key.
pub fn complaints(map: &Map) -> Vec<String> {
    let mut found = Vec::new();
    for (place, _, columns) in map.columns() {
        twice(&place, &columns, &mut found);
    }
    for (channel, queues) in &map.queues {
        let columns = &queues.columns;
        let others = match channel {
            Channel::Voice => vec![("timeout", &columns.timeout), ("weight", &columns.weight)],
            _ => vec![("type", &columns.kind)],
        };
        for (name, _) in others.into_iter().filter(|(_, column)| column.is_some()) {
            found.push(format!("queues.{channel}.columns: {channel} queues have no `{name}`"));
        }
    }
    for (kind, link) in &map.links {
        found.extend(link_complaints(map, *kind, link));
    }
    mixed_up(map, &mut found);
    if let Some(report) = &map.report_member {
        if report.columns.profile.is_empty() {
            found.push("report_member.columns.profile: names no column".to_owned());
        }
        if report.login.is_some() && report.columns.kind.is_none() {
            found.push("report_member.login: needs `columns.type`".to_owned());
        }
    }
    found
}

fn link_complaints(map: &Map, kind: LinkKind, link: &Link) -> Vec<String> {
    let mut found = Vec::new();
    if link.penalty.is_some() && kind != LinkKind::ProfileQueues(Channel::Voice) {
        found.push(format!("links.{kind}.columns: only voice queues of profiles have a `penalty`"));
    }
    if !matches!(kind, LinkKind::Personal(_)) && map.profiles.is_none() {
        found.push(format!("links.{kind}: there are no `profiles`"));
    }
    if let Some(channel) = kind.channel().filter(|channel| !map.queues.contains_key(channel)) {
        found.push(format!("links.{kind}: there are no `queues.{channel}`"));
    }
    found
}

/// Kinds of links in one table whose rows cannot be told apart. Channels with a queue column of
/// their own can: it is NULL in the rows of the others.
fn mixed_up(map: &Map, found: &mut Vec<String>) {
    let links: Vec<_> = map.links.iter().collect();
    for (index, (kind, link)) in links.iter().enumerate() {
        for (other_kind, other) in &links[index + 1..] {
            if link.table == other.table && !excludes(link, other) && !excludes(other, link) {
                found.push(format!(
                    "links.{other_kind}: its rows of `{}` cannot be told from those of links.{kind}; \
                     `only` or a column that is NULL in one of them is missing",
                    link.table
                ));
            }
        }
    }
}

/// Whether no row can be both.
fn excludes(link: &Link, other: &Link) -> bool {
    conditions_exclude(link, other) || is_of_another_column(link, other)
}

/// Whether what holds for rows of the one cannot hold for rows of the other.
fn conditions_exclude(link: &Link, other: &Link) -> bool {
    let needed = [&other.owner, &other.member];
    link.conditions.iter().any(|condition| match condition {
        Condition::IsNull(column) => needed.iter().any(|needed| needed.is_column(column.as_str())),
        Condition::Equals(column, _) | Condition::OneOf(column, _) => other.conditions.iter().any(|its| {
            let values = its.values();
            let is_about_it = its.column().is_column(column.as_str()) && !values.is_empty();
            is_about_it && !condition.values().iter().any(|value| values.contains(value))
        }),
    })
}

/// Whether both belong to the same owner and have a member column each.
fn is_of_another_column(link: &Link, other: &Link) -> bool {
    !link.member.is_column(other.member.as_str()) && link.owner.is_column(other.owner.as_str())
}

/// Columns that are NULL in the rows of this kind, because only they tell them from those of others in the table. A row
/// that fills two of them is of neither kind: changing it as the one would change the other.
pub(super) fn told_apart_by(link: &Link, all: &[Link]) -> Vec<Ident> {
    let others = all.iter().filter(|other| {
        other.table == link.table
            && is_of_another_column(link, other)
            && !conditions_exclude(link, other)
            && !conditions_exclude(other, link)
    });
    let mut columns: Vec<Ident> = others.map(|other| other.member.clone()).collect();
    columns.sort();
    columns.dedup();
    columns
}

fn twice(place: &str, columns: &[&Ident], found: &mut Vec<String>) {
    for (index, column) in columns.iter().enumerate() {
        if columns[..index].iter().any(|earlier| earlier.is_column(column.as_str())) {
            found.push(format!("{place}: the column `{column}` stands for two things"));
        }
    }
}
