//! Plans for programs, change by change.
//!
//! Invariant: deletions come first, and nothing that a plan does is left out.

use super::describe::{Groups, Member, added, removed, weighed};
use super::model::{FieldChange, Given, Insert, Origin, Plan, RightsChange, RowRef, Update, Why, ends};
use super::wanted::is_set;
use crate::db::Value;
use crate::outcome::seed_change::{
    ChangedField, FieldValue, MemberChange, MembershipKind, Memberships, Move, Rights, RightsKind, RowChange,
    RowCreation, RowKind, SeedChange, WhyDeleted,
};
use crate::seed::manifest::{Name, Right};
use crate::seed::map::{LinkKind, Part};
use crate::seed::snapshot::Field;
use serde_json::Value as Json;

/// What would be done, as programs read it.
#[must_use]
pub fn changes(plan: &Plan) -> Vec<SeedChange> {
    let mut all = Vec::new();
    for delete in &plan.delete {
        let why = match delete.why {
            Why::Absent => WhyDeleted::Absent,
            Why::Unnamed => WhyDeleted::Unnamed,
            Why::Undone => WhyDeleted::Undone,
        };
        let (kind, channel) = kind_of(delete.part);
        all.push(SeedChange::Delete { kind, channel, name: delete.name.to_string(), why });
    }
    let leaving = removed(plan);
    let owners: Vec<_> = leaving.keys().copied().collect();
    let left = memberships(plan, leaving, left).zip(owners);
    all.extend(left.map(|(it, (kind, owner))| {
        SeedChange::Unlink(Memberships { moved: moved(plan, kind, owner), ..it })
    }));
    all.extend(rights(plan, |change| change.revoked().collect()).map(SeedChange::Revoke));
    all.extend(plan.update.iter().map(update_change));
    all.extend(plan.insert.iter().map(insert_change));
    all.extend(memberships(plan, weighed(plan), reweighed).map(SeedChange::Penalty));
    all.extend(memberships(plan, added(plan), joined).map(SeedChange::Link));
    all.extend(rights(plan, |change| change.granted().collect()).map(SeedChange::Grant));
    all
}

/// Some of the rights that change, of each user profile that has such ones.
fn rights(plan: &Plan, which: fn(&RightsChange) -> Vec<Right>) -> impl Iterator<Item = Rights> {
    plan.rights.iter().filter_map(move |change| {
        let rights: Vec<_> = which(change).into_iter().map(Right::name).collect();
        let user_profile = change.name.to_string();
        (!rights.is_empty()).then_some(Rights { kind: RightsKind::Permission, user_profile, rights })
    })
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

fn kind_of(part: Part) -> (RowKind, Option<&'static str>) {
    match part {
        Part::Users => (RowKind::Agent, None),
        Part::Queues(channel) => (RowKind::Queue, Some(channel.name())),
        _ => (RowKind::Profile, None),
    }
}

fn update_change(update: &Update) -> SeedChange {
    let (kind, channel) = kind_of(update.part);
    let fields = update.changes.iter().map(|FieldChange { field, old, new }| ChangedField {
        field: field.to_string(),
        old: value(field, old),
        new: value(field, new),
    });
    let change = RowChange { kind, channel, name: update.name.to_string(), fields: fields.collect() };
    let is_renamed = update.changes.iter().any(|change| change.field == Field::Name);
    if is_renamed { SeedChange::Rename(change) } else { SeedChange::Update(change) }
}

fn insert_change(insert: &Insert) -> SeedChange {
    let (kind, channel) = kind_of(insert.part);
    let fields = insert.values.iter().map(|Given { field, value: new, origin }| FieldValue {
        field: field.to_string(),
        new: value(field, new),
        default: *origin == Origin::Default,
    });
    SeedChange::Create(RowCreation { kind, channel, name: insert.name.to_string(), fields: fields.collect() })
}

/// How a member of these links is written down.
type MemberOf = fn(LinkKind, Name, &Member) -> MemberChange;

fn left(_: LinkKind, name: Name, _: &Member) -> MemberChange {
    MemberChange::Name(name)
}

fn reweighed(_: LinkKind, name: Name, member: &Member) -> MemberChange {
    MemberChange::Penalty { name, old: member.old, new: member.new }
}

fn joined(kind: LinkKind, name: Name, member: &Member) -> MemberChange {
    if kind != LinkKind::ProfileQueues(crate::seed::Channel::Voice) {
        return MemberChange::Name(name);
    }
    MemberChange::Weighed { name, penalty: member.new, default: member.origin == Origin::Default }
}

fn memberships(plan: &Plan, groups: Groups, member_of: MemberOf) -> impl Iterator<Item = Memberships> {
    groups.into_iter().map(move |((kind, owner), members)| {
        let (owners, of) = ends(kind);
        let holder = plan.label(owners, owner).to_string();
        let (agent, profile) =
            if owners == Part::Users { (Some(holder), None) } else { (None, Some(holder)) };
        let members = members.iter().map(|member| member_of(kind, plan.label(of, member.row), member));
        let links = kind.to_string();
        let members = members.collect();
        Memberships { kind: MembershipKind::Membership, links, agent, profile, members, moved: Vec::new() }
    })
}

/// Those of a profile's agents who move, and where to.
fn moved(plan: &Plan, kind: LinkKind, owner: RowRef) -> Vec<Move> {
    let (RowRef::Id(profile), LinkKind::ProfileAgents) = (owner, kind) else { return Vec::new() };
    let of_profile = plan.moved.range((profile, i64::MIN)..=(profile, i64::MAX));
    let moved = of_profile.map(|((_, agent), to)| Move {
        name: plan.label(Part::Users, RowRef::Id(*agent)).to_string(),
        to: plan.label(Part::Profiles, *to).to_string(),
    });
    moved.collect()
}
