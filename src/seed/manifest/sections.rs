//! Reads the sections of a manifest: queues, agents, profiles, permissions.
//!
//! Invariant: each function reads one entry and says all that is wrong in it;
//! what entries mean to each other is not judged here.

use super::links::{Ends, by_channel, links, names};
use super::model::{Agent, Name, Permission, Profile, Queue, Right, Setting, SettingValue, Spanned};
use super::place::Place;
use super::problem::{Problem, shown};
use super::reader::{MappingEntry, Reader};
use super::scalar::{Plain, classify};
use super::suggest;
use super::tree::{Node, Value};
use crate::seed::Channel;

/// `queues`: by channel, a list of queues.
pub(super) fn queues(reader: &mut Reader, entry: MappingEntry<'_>) -> Vec<Queue> {
    let mut queues = Vec::new();
    let Some(fields) = reader.fields(entry.value, "`queues`", Channel::NAMES) else { return queues };
    for (channel, field) in Channel::ALL.into_iter().zip(fields) {
        for node in field.map(|entry| reader.items(entry, "queues")).unwrap_or_default() {
            queues.extend(queue(reader, node, channel));
        }
    }
    queues
}

fn queue(reader: &mut Reader, node: Node<'_>, channel: Channel) -> Option<Queue> {
    let mut none = [None; 2];
    let (what, name, strategy, description, settings);
    let (mut kind, mut numbers) = (None, [None; 2]);
    if channel == Channel::Voice {
        what = "a voice queue";
        let keys = ["name", "type", "strategy", "description", "settings"];
        [name, kind, strategy, description, settings] = reader.fields(node, what, keys)?;
    } else {
        what = "a digital queue";
        let keys = ["name", "strategy", "timeout", "weight", "description", "settings"];
        [name, strategy, none[0], none[1], description, settings] = reader.fields(node, what, keys)?;
        numbers = none;
    }
    let name = reader.require(name, "name", what, node)?;
    let name = reader.field_name(name);
    let [timeout, weight] = numbers.map(|field| reader.managed_number(field));
    Some(Queue {
        channel,
        strategy: reader.managed_name(strategy),
        kind: reader.managed_name(kind),
        timeout,
        weight,
        description: reader.managed_text(description),
        settings: settings.map(|entry| self::settings(reader, entry)).unwrap_or_default(),
        name: name?,
    })
}

fn settings(reader: &mut Reader, entry: MappingEntry<'_>) -> Vec<Setting> {
    if reader.not_null(entry).is_none() {
        return Vec::new();
    }
    let fields = reader.free_fields(entry.value, "`settings`");
    let read = |(column, node): (Spanned<Name>, Node<'_>)| {
        let value = setting(reader, node, &shown(&column.value))?;
        Some(Setting { column, value: Spanned { value, place: node.place } })
    };
    fields.into_iter().filter_map(read).collect()
}

fn setting(reader: &mut Reader, node: Node<'_>, what: &str) -> Option<SettingValue> {
    if let Value::Plain(text) = node.value() {
        match classify(text) {
            Plain::Null => return Some(SettingValue::Null),
            Plain::Bool(value) => return Some(SettingValue::Bool(value)),
            Plain::Integer(value) => return Some(SettingValue::Integer(value)),
            Plain::Empty | Plain::Ambiguous(_) | Plain::Text => {}
        }
    }
    reader.text(node, what).map(|text| SettingValue::Text(text.value))
}

/// One of `agents`.
pub(super) fn agent(reader: &mut Reader, node: Node<'_>) -> Option<Agent> {
    let what = "an agent";
    let keys = ["username", "fullname", "email", "internal", "personal"];
    let [username, fullname, email, internal, personal] = reader.fields(node, what, keys)?;
    let username = reader.require(username, "username", what, node)?;
    let username = reader.field_name(username);
    let agent = Agent {
        fullname: reader.managed_name(fullname),
        email: reader.managed_name(email),
        internal: internal.and_then(|entry| reader.field_name(entry)),
        personal: personal.map(|entry| by_channel(reader, entry, Ends::Queues)).unwrap_or_default(),
        username: username?,
    };
    Some(agent)
}

/// One of `profiles`.
pub(super) fn profile(reader: &mut Reader, node: Node<'_>) -> Option<Profile> {
    let what = "a profile";
    let keys = ["name", "absent", "previous_name", "enabled", "description", "agents", "queues"];
    let fields = reader.fields(node, what, keys)?;
    let [name, absent, previous_name, enabled, description, agents, queues] = fields;
    let name = reader.require(name, "name", what, node)?;
    let name = reader.field_name(name);
    let absent = absent.and_then(|entry| reader.boolean(entry)).filter(|absent| absent.value);
    if absent.is_some() {
        for entry in [previous_name, enabled, description, agents, queues].into_iter().flatten() {
            let problem = Problem::error(entry.key, format!("`{}` of a profile that is absent", entry.name));
            reader.report(problem.hint("a profile that is to be deleted has only its name"));
        }
    }
    let profile = Profile {
        absent: absent.map(|absent| absent.place),
        previous_name: previous_name.and_then(|entry| reader.field_name(entry)),
        enabled: enabled.and_then(|entry| reader.boolean(entry)),
        description: reader.managed_text(description),
        agents: agents.and_then(|entry| links(reader, entry, Ends::Agents)),
        queues: queues.map(|entry| by_channel(reader, entry, Ends::VoiceQueues)).unwrap_or_default(),
        name: name?,
    };
    Some(profile)
}

/// One of `permissions`.
pub(super) fn permission(reader: &mut Reader, node: Node<'_>) -> Option<Permission> {
    let what = "a permission";
    let [user_profile, rights] = reader.fields(node, what, ["user_profile", "agent_profiles"])?;
    let user_profile = reader.require(user_profile, "user_profile", what, node);
    let rights = reader.require(rights, "agent_profiles", what, node)?;
    let user_profile = user_profile.and_then(|entry| reader.field_name(entry));
    // Always all of them: rights that somebody has besides are what a list is there to rule out.
    if !matches!(rights.value.value(), Value::Sequence) {
        reader.wrong(rights, "a list of rights", "it says all of them; `[]` takes every right away");
        return None;
    }
    let names = names(reader, rights, Ends::Rights);
    let said = names.len();
    let rights: Vec<_> =
        names.into_iter().filter_map(|name| right(reader, &name.value, name.place)).collect();
    // What a word that is none was meant to be is not known.
    if rights.len() == said {
        hollow(reader, &rights);
    }
    Some(Permission { user_profile: user_profile?, rights })
}

/// Rights on what its holder could neither find nor open.
fn hollow(reader: &mut Reader, rights: &[Spanned<Right>]) {
    let has = |right: Right| rights.iter().any(|given| given.value == right);
    let lacks: Vec<String> = [Right::View, Right::Read]
        .into_iter()
        .filter(|right| !has(*right))
        .map(|right| format!("`{}`", right.name()))
        .collect();
    if lacks.is_empty() {
        return;
    }
    for right in rights.iter().filter(|right| matches!(right.value, Right::Edit | Right::Delete)) {
        let lacks = lacks.join(" and ");
        let problem = Problem::error(right.place, format!("`{}` without {lacks}", right.value.name()));
        reader.report(
            problem.hint(format!("who edits or deletes profiles must find and open them: add {lacks}")),
        );
    }
}

fn right(reader: &mut Reader, name: &str, place: Place) -> Option<Spanned<Right>> {
    if let Some(value) = Right::ALL.into_iter().find(|right| right.name() == name) {
        return Some(Spanned { value, place });
    }
    let problem = Problem::error(place, format!("{} is not a right", shown(name)));
    reader.report(match suggest::suggest(name, Right::ALL.map(Right::name)) {
        Some(meant) => problem.did_you_mean(Some(meant)),
        None => problem.hint("rights are `view`, `read`, `edit` and `delete`"),
    });
    None
}
