//! Plans for people, line by line.
//!
//! Invariant: deletions come first, and what is left out is counted.

use super::model::{FieldChange, Insert, Origin, Plan, RowRef, Update, Why, ends, noun};
use super::wanted::is_set;
use crate::db::Value;
use crate::outcome::{ascii_only, counted_as, visible, visible_beside};
use crate::seed::manifest::{Name, Right, quoted};
use crate::seed::map::{LinkKind, Part};
use crate::seed::snapshot::Field;
use std::collections::BTreeMap;

/// As many lines as people read.
const LINES: usize = 200;
/// As many lines as somebody reads who only asks whether there are any.
const FEW: usize = 10;
/// As many names as stand in one line.
const NAMES: usize = 12;

/// One line: `+`, `-` or `~`, what, whose, and how.
pub type Line = [String; 4];

/// A member that is added, removed or weighed.
pub(super) struct Member {
    pub row: RowRef,
    pub old: Option<i32>,
    pub new: Option<i32>,
    pub origin: Origin,
}

/// What happens to links, by kind and owner.
pub(super) type Groups = BTreeMap<(LinkKind, RowRef), Vec<Member>>;

/// How much of a plan people get.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Limits {
    lines: usize,
    names: usize,
}

/// What would be done, as people read it.
#[must_use]
pub fn lines(plan: &Plan) -> Vec<Line> {
    told_within(plan, Limits { lines: LINES, names: NAMES })
}

/// The first of them, to know where to look.
#[must_use]
pub fn few_lines(plan: &Plan) -> Vec<Line> {
    told_within(plan, Limits { lines: FEW, names: NAMES })
}

/// The same with nothing left out.
#[must_use]
pub fn all_lines(plan: &Plan) -> Vec<Line> {
    told_within(plan, Limits { lines: usize::MAX, names: usize::MAX })
}

fn told_within(plan: &Plan, limits: Limits) -> Vec<Line> {
    let mut lines = Vec::new();
    for delete in &plan.delete {
        let why = match delete.why {
            Why::Absent => "absent: true",
            Why::Unnamed => "not in the manifest",
            Why::Undone => "made by the run",
        };
        lines.push(line("-", &noun(delete.part), named(plan, delete.part, &delete.name), why));
    }
    memberships(plan, limits, "-", &removed(plan), &mut lines);
    rights(plan, "-", &mut lines);
    lines.extend(plan.update.iter().map(|update| update_line(plan, update)));
    lines.extend(plan.insert.iter().map(|insert| insert_line(plan, insert)));
    memberships(plan, limits, "~", &weighed(plan), &mut lines);
    memberships(plan, limits, "+", &added(plan), &mut lines);
    rights(plan, "+", &mut lines);
    if lines.len() > limits.lines {
        let more = counted_as(lines.len() - limits.lines, "more line", "more lines");
        lines.truncate(limits.lines);
        lines.push(line("", "", String::new(), &format!("… and {more}; -v shows all")));
    }
    lines
}

fn line(sign: &str, what: &str, name: String, how: &str) -> Line {
    [sign.to_owned(), what.to_owned(), name, how.to_owned()]
}

/// A name as a person can tell it from all others.
pub(super) fn named(plan: &Plan, part: Part, name: &Name) -> String {
    if plan.mistakable.contains(&(part, name.clone())) { ascii_only(name) } else { visible(name) }
}

pub(super) fn removed(plan: &Plan) -> Groups {
    let mut groups = Groups::new();
    for (kind, links) in &plan.unlink {
        for link in links {
            let member = Member {
                row: RowRef::Id(link.member),
                old: link.penalty,
                new: None,
                origin: Origin::Manifest,
            };
            groups.entry((*kind, RowRef::Id(link.owner))).or_default().push(member);
        }
    }
    groups
}

pub(super) fn weighed(plan: &Plan) -> Groups {
    let mut groups = Groups::new();
    for (kind, weighed) in &plan.weigh {
        for weigh in weighed {
            let row = RowRef::Id(weigh.link.member);
            let (old, new) = (weigh.link.penalty, Some(weigh.penalty));
            let owner = RowRef::Id(weigh.link.owner);
            groups.entry((*kind, owner)).or_default().push(Member {
                row,
                old,
                new,
                origin: Origin::Manifest,
            });
        }
    }
    groups
}

pub(super) fn added(plan: &Plan) -> Groups {
    let mut groups = Groups::new();
    for (kind, links) in &plan.link {
        for link in links {
            let member = Member { row: link.member, old: None, new: link.penalty, origin: link.origin };
            groups.entry((*kind, link.owner)).or_default().push(member);
        }
    }
    groups
}

fn memberships(plan: &Plan, limits: Limits, sign: &str, groups: &Groups, lines: &mut Vec<Line>) {
    let arrived = if sign == "+" { arrived(plan) } else { BTreeMap::new() };
    for ((kind, owner), members) in groups {
        if lines.len() > limits.lines {
            // Only counted from here on.
            lines.push(Line::default());
            continue;
        }
        let (owners, of) = ends(*kind);
        // Rows of one pair that are written alike are one name, with how many they are.
        let alike: Vec<&[Member]> = members
            .chunk_by(|one, other| one.row == other.row && told(sign, "", one) == told(sign, "", other))
            .collect();
        let mut names: Vec<String> = alike
            .iter()
            .take(limits.names)
            .map(|rows| {
                let member = &rows[0];
                let mut told = told(sign, &named(plan, of, &plan.label(of, member.row)), member);
                if rows.len() > 1 {
                    told = format!("{told} ({} rows)", rows.len());
                }
                match other_profile(plan, &arrived, sign, (*kind, *owner), member.row) {
                    Some(other) => format!("{told} ({other})"),
                    None => told,
                }
            })
            .collect();
        if alike.len() > limits.names {
            names.push(format!("… and {} more", alike.len() - limits.names));
        }
        let what = match kind {
            LinkKind::ProfileAgents => "agents".to_owned(),
            LinkKind::ProfileQueues(channel) => format!("{channel} queues"),
            LinkKind::Personal(channel) => format!("personal {channel} queues"),
        };
        let owner = named(plan, owners, &plan.label(owners, *owner));
        lines.push(line(sign, &what, owner, &names.join(", ")));
    }
}

/// Rights that user profiles lose, or those that they get.
fn rights(plan: &Plan, sign: &str, lines: &mut Vec<Line>) {
    for change in &plan.rights {
        let rights: Vec<&str> = match sign {
            "-" => change.revoked().map(Right::name).collect(),
            _ => change.granted().map(Right::name).collect(),
        };
        if !rights.is_empty() {
            let name = named(plan, Part::Permissions, &change.name);
            lines.push(line(sign, "rights of User Profile", name, &rights.join(", ")));
        }
    }
}

/// From where agents who move come, by the profile that they get and their id.
fn arrived(plan: &Plan) -> BTreeMap<(RowRef, i64), i64> {
    plan.moved.iter().map(|((from, agent), to)| ((*to, *agent), *from)).collect()
}

/// Where a member goes who moves, or where such a one comes from.
fn other_profile(
    plan: &Plan,
    arrived: &BTreeMap<(RowRef, i64), i64>,
    sign: &str,
    (kind, owner): (LinkKind, RowRef),
    member: RowRef,
) -> Option<String> {
    let RowRef::Id(agent) = member else { return None };
    let called = |profile: RowRef| named(plan, Part::Profiles, &plan.label(Part::Profiles, profile));
    match (kind, sign, owner) {
        (LinkKind::ProfileAgents, "-", RowRef::Id(profile)) => {
            plan.moved.get(&(profile, agent)).map(|to| format!("moves to {}", called(*to)))
        }
        (LinkKind::ProfileAgents, "+", profile) => {
            arrived.get(&(profile, agent)).map(|from| format!("moves from {}", called(RowRef::Id(*from))))
        }
        _ => None,
    }
}

fn told(sign: &str, name: &str, member: &Member) -> String {
    let shown = |penalty: Option<i32>| penalty.map_or_else(|| "NULL".to_owned(), |p| p.to_string());
    match (sign, member.new) {
        ("~", new) => format!("{name} (penalty {} → {})", shown(member.old), shown(new)),
        ("+", Some(penalty)) => match member.origin {
            Origin::Manifest => format!("{name} (penalty {penalty})"),
            Origin::Default => format!("{name} (penalty {penalty}, default)"),
        },
        _ => name.to_owned(),
    }
}

fn update_line(plan: &Plan, update: &Update) -> Line {
    let how: Vec<String> = update
        .changes
        .iter()
        .map(|change| {
            let FieldChange { field, old, new } = change;
            let [old, new] = visible_beside(&text(field, old), &text(field, new));
            // A new name may look like a third one.
            let is_mistakable = *field == Field::Name
                && plan.mistakable.contains(&(update.part, text(field, &change.new).into()));
            let new = if is_mistakable { ascii_only(&text(field, &change.new)) } else { new };
            format!("{field}: {old} → {new}")
        })
        .collect();
    line("~", &noun(update.part), named(plan, update.part, &update.name), &how.join(", "))
}

fn insert_line(plan: &Plan, insert: &Insert) -> Line {
    let how: Vec<String> = insert
        .values
        .iter()
        .map(|given| {
            let default = if given.origin == Origin::Default { " (default)" } else { "" };
            format!("{}: {}{default}", given.field, visible(&text(&given.field, &given.value)))
        })
        .collect();
    line("+", &noun(insert.part), named(plan, insert.part, &insert.name), &how.join(", "))
}

/// A value as a manifest would write it.
fn text(field: &Field, value: &Value) -> String {
    match (field, value) {
        (Field::Enabled, Value::Null) => "NULL".to_owned(),
        (Field::Enabled, value) => is_set(value).to_string(),
        // Nothing, and what looks like no text, has to be told from the absence of one.
        (_, Value::Text(text)) if text.is_empty() || text == "NULL" || text.starts_with('"') => quoted(text),
        (_, value) => value.display(),
    }
}
