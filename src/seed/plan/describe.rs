//! Plans for people, line by line, and for programs.
//!
//! Invariant: deletions come first, nothing that a plan does is left out of what programs get, and what people get
//! says how much it leaves out.

use super::model::{FieldChange, Given, Insert, Origin, Plan, RowRef, Update, Why, ends, noun};
use super::wishes::is_set;
use crate::db::Value;
use crate::outcome::{ascii_only, counted_as, visible, visible_beside};
use crate::seed::manifest::{Name, quoted};
use crate::seed::map::{LinkKind, Part};
use crate::seed::snapshot::Field;
use serde_json::{Map as Object, Value as Json, json};
use std::collections::BTreeMap;

/// As many lines as people read.
const LINES: usize = 200;
/// As many names as stand in one line.
const NAMES: usize = 12;

/// One line: `+`, `-` or `~`, what, whose, and how.
pub type Line = [String; 4];

/// A member that is added, removed or weighed.
struct Member {
    row: RowRef,
    old: Option<i32>,
    new: Option<i32>,
    origin: Origin,
}

/// What happens to links, by kind and owner.
type Groups = BTreeMap<(LinkKind, RowRef), Vec<Member>>;

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
        };
        lines.push(line("-", "profile", named(plan, Part::Profiles, &delete.name), why));
    }
    memberships(plan, limits, "-", &removed(plan), &mut lines);
    lines.extend(plan.update.iter().map(|update| update_line(plan, update)));
    lines.extend(plan.insert.iter().map(|insert| insert_line(plan, insert)));
    memberships(plan, limits, "~", &weighed(plan), &mut lines);
    memberships(plan, limits, "+", &added(plan), &mut lines);
    if lines.len() > limits.lines {
        let more = counted_as(lines.len() - limits.lines, "more line", "more lines");
        lines.truncate(limits.lines);
        lines.push(line("", "", String::new(), &format!("… and {more}; -v shows all")));
    }
    lines
}

/// What would be done, as programs read it.
#[must_use]
pub fn changes(plan: &Plan) -> Json {
    let mut all = Vec::new();
    for delete in &plan.delete {
        let why = match delete.why {
            Why::Absent => "absent",
            Why::Unnamed => "unnamed",
        };
        all.push(json!({ "action": "delete", "kind": "profile", "name": &*delete.name, "why": why }));
    }
    member_changes(plan, "unlink", &removed(plan), &mut all);
    all.extend(plan.update.iter().map(update_change));
    all.extend(plan.insert.iter().map(insert_change));
    member_changes(plan, "penalty", &weighed(plan), &mut all);
    member_changes(plan, "link", &added(plan), &mut all);
    Json::Array(all)
}

fn line(sign: &str, what: &str, name: String, how: &str) -> Line {
    [sign.to_owned(), what.to_owned(), name, how.to_owned()]
}

/// A name as a person can tell it from all others.
fn named(plan: &Plan, part: Part, name: &Name) -> String {
    if plan.mistakable.contains(&(part, name.clone())) { ascii_only(name) } else { visible(name) }
}

fn removed(plan: &Plan) -> Groups {
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

fn weighed(plan: &Plan) -> Groups {
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

fn added(plan: &Plan) -> Groups {
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

fn value(field: &Field, value: &Value) -> Json {
    match (field, value) {
        (_, Value::Null) => Json::Null,
        (Field::Enabled, value) => is_set(value).into(),
        (_, Value::Int(number)) => (*number).into(),
        (_, Value::UInt(number)) => (*number).into(),
        (_, Value::Float(number)) => (*number).into(),
        (_, other) => other.display().into(),
    }
}

fn kind_of(part: Part) -> Object<String, Json> {
    let mut object = Object::new();
    let kind = match part {
        Part::Users => "agent",
        Part::Queues(channel) => {
            object.insert("channel".to_owned(), channel.name().into());
            "queue"
        }
        _ => "profile",
    };
    object.insert("kind".to_owned(), kind.into());
    object
}

fn update_change(update: &Update) -> Json {
    let mut object = kind_of(update.part);
    let renamed = update.changes.iter().any(|change| change.field == Field::Name);
    object.insert("action".to_owned(), if renamed { "rename" } else { "update" }.into());
    object.insert("name".to_owned(), (*update.name).into());
    let fields = update.changes.iter().map(|FieldChange { field, old, new }| {
        json!({ "field": field.to_string(), "old": value(field, old), "new": value(field, new) })
    });
    object.insert("fields".to_owned(), fields.collect());
    Json::Object(object)
}

fn insert_change(insert: &Insert) -> Json {
    let mut object = kind_of(insert.part);
    object.insert("action".to_owned(), "create".into());
    object.insert("name".to_owned(), (*insert.name).into());
    let fields = insert.values.iter().map(|Given { field, value: new, origin }| {
        json!({
            "field": field.to_string(),
            "new": value(field, new),
            "default": *origin == Origin::Default,
        })
    });
    object.insert("fields".to_owned(), fields.collect());
    Json::Object(object)
}

/// Those of a profile's agents who move, and where to.
fn moved(plan: &Plan, (action, kind, owner): (&str, LinkKind, RowRef)) -> Vec<Json> {
    let RowRef::Id(profile) = owner else { return Vec::new() };
    if action != "unlink" || kind != LinkKind::ProfileAgents {
        return Vec::new();
    }
    let of_profile = plan.moved.range((profile, i64::MIN)..=(profile, i64::MAX));
    let moved = of_profile.map(|((_, agent), to)| {
        json!({ "name": &*plan.label(Part::Users, RowRef::Id(*agent)), "to": &*plan.label(Part::Profiles, *to) })
    });
    moved.collect()
}

fn member_changes(plan: &Plan, action: &str, groups: &Groups, all: &mut Vec<Json>) {
    for ((kind, owner), members) in groups {
        let (owners, of) = ends(*kind);
        let mut object = Object::new();
        object.insert("action".to_owned(), action.into());
        object.insert("kind".to_owned(), "membership".into());
        object.insert("links".to_owned(), kind.to_string().into());
        let holder = if owners == Part::Users { "agent" } else { "profile" };
        object.insert(holder.to_owned(), (*plan.label(owners, *owner)).into());
        let has_penalty = *kind == LinkKind::ProfileQueues(crate::seed::Channel::Voice);
        let members = members.iter().map(|member| {
            let name: Json = (*plan.label(of, member.row)).into();
            match (action, has_penalty) {
                ("penalty", _) => json!({ "name": name, "old": member.old, "new": member.new }),
                ("link", true) => json!({
                    "name": name,
                    "penalty": member.new,
                    "default": member.origin == Origin::Default,
                }),
                _ => name,
            }
        });
        object.insert("members".to_owned(), members.collect());
        let moved = moved(plan, (action, *kind, *owner));
        if !moved.is_empty() {
            object.insert("moved".to_owned(), moved.into());
        }
        all.push(Json::Object(object));
    }
}
