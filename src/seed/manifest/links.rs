//! Reads lists of links in their short and their long form.
//!
//! Invariant: a list that is returned names each thing once, removes nothing
//! that it adds, and is exact only where it says what is to be left.

use super::model::{Links, Member, Mode, Name, Spanned};
use super::place::Place;
use super::problem::{Problem, shown};
use super::reader::{MappingEntry, Reader};
use super::tree::{Node, Value};
use crate::seed::Channel;
use std::collections::{BTreeMap, HashMap};

/// What stands in a list of links.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ends {
    Agents,
    Queues,
    /// Voice queues of a profile, which may have a penalty.
    VoiceQueues,
    /// Rights of a User Profile.
    Rights,
}

impl Ends {
    fn plural(self) -> &'static str {
        match self {
            Self::Agents => "usernames",
            Self::Queues | Self::VoiceQueues => "queues",
            Self::Rights => "rights",
        }
    }

    fn one(self) -> &'static str {
        match self {
            Self::Agents => "a username",
            Self::Queues | Self::VoiceQueues => "a queue's name",
            Self::Rights => "a right",
        }
    }
}

/// Lists of queues by channel; `voice` is what stands in that of voice queues.
pub(super) fn by_channel(
    reader: &mut Reader,
    entry: MappingEntry<'_>,
    voice: Ends,
) -> BTreeMap<Channel, Links> {
    let what = format!("`{}`", entry.name);
    if reader.not_null(entry).is_none() {
        return BTreeMap::new();
    }
    let Some(fields) = reader.fields(entry.value, &what, Channel::NAMES) else { return BTreeMap::new() };
    let mut lists = BTreeMap::new();
    for (channel, field) in Channel::ALL.into_iter().zip(fields) {
        let ends = if channel == Channel::Voice { voice } else { Ends::Queues };
        if let Some(links) = field.and_then(|entry| links(reader, entry, ends)) {
            lists.insert(channel, links);
        }
    }
    lists
}

/// One list of links.
pub(super) fn links(reader: &mut Reader, entry: MappingEntry<'_>, ends: Ends) -> Option<Links> {
    let place = entry.value.place;
    match entry.value.value() {
        Value::Sequence => {
            let members = members(reader, entry, ends);
            Some(Links { place, mode: Mode::Merge, members, remove: Vec::new() })
        }
        Value::Mapping => long_form(reader, entry, ends),
        _ => {
            let wanted = format!("a list of {}, or a mapping with `mode` and `members`", ends.plural());
            reader.wrong(entry, &wanted, "leave the key out to leave the links as they are");
            None
        }
    }
}

fn long_form(reader: &mut Reader, entry: MappingEntry<'_>, ends: Ends) -> Option<Links> {
    let node = entry.value;
    let what = format!("`{}`", entry.name);
    let keys = ["mode", "members", "remove", "allow_empty"];
    let [mode, list, remove, allow_empty] = reader.fields(node, &what, keys)?;
    let mode = match mode {
        Some(entry) => read_mode(reader, entry)?,
        None => Mode::Merge,
    };
    let may_be_empty = allow_empty.and_then(|entry| reader.boolean(entry)).is_some_and(|may| may.value);
    let members = list.map(|entry| members(reader, entry, ends)).unwrap_or_default();
    let removed = remove.map(|entry| names(reader, entry, ends)).unwrap_or_default();
    if mode == Mode::Exact {
        exact(reader, node, list, &what, may_be_empty)?;
        if let Some(entry) = remove {
            let problem = Problem::error(entry.key, "`remove` beside `mode: exact`");
            reader
                .report(problem.hint("an exact list removes all that it does not name; leave `remove` out"));
            return None;
        }
    }
    contradictions(reader, &members, &removed);
    Some(Links { place: node.place, mode, members, remove: removed })
}

/// An exact list must say what is to be left, even if that is nothing.
fn exact(
    reader: &mut Reader,
    node: Node<'_>,
    list: Option<MappingEntry<'_>>,
    what: &str,
    may_be_empty: bool,
) -> Option<()> {
    let Some(entry) = list else {
        if node.is_closed() {
            let problem = Problem::error(node.place, format!("{what} is exact and has no `members`"));
            reader.report(problem.hint("list all that are to be left"));
        }
        return None;
    };
    if !may_be_empty
        && matches!(entry.value.value(), Value::Sequence)
        && entry.value.children().next().is_none()
    {
        let problem = Problem::error(entry.value.place, format!("{what} is exact and empty"));
        reader.report(problem.hint("`allow_empty: true` beside it removes every link"));
        return None;
    }
    Some(())
}

fn read_mode(reader: &mut Reader, entry: MappingEntry<'_>) -> Option<Mode> {
    match entry.value.value() {
        Value::Plain(text) | Value::Quoted(text) if **text == *"merge" => Some(Mode::Merge),
        Value::Plain(text) | Value::Quoted(text) if **text == *"exact" => Some(Mode::Exact),
        _ => {
            reader.wrong(entry, "`merge` or `exact`", "merge adds to what is there, exact replaces it");
            None
        }
    }
}

fn members(reader: &mut Reader, entry: MappingEntry<'_>, ends: Ends) -> Vec<Member> {
    let mut seen = HashMap::new();
    let mut members = Vec::new();
    for node in reader.items(entry, ends.plural()) {
        if let Some(member) = member(reader, node, ends)
            && is_first(reader, &mut seen, &member.name, member.place)
        {
            members.push(member);
        }
    }
    members
}

/// Names, each once, in a list of this kind.
pub(super) fn names(reader: &mut Reader, entry: MappingEntry<'_>, ends: Ends) -> Vec<Spanned<Name>> {
    let bare = if ends == Ends::VoiceQueues { Ends::Queues } else { ends };
    let members = members(reader, entry, bare);
    members.into_iter().map(|member| Spanned { value: member.name, place: member.place }).collect()
}

fn member(reader: &mut Reader, node: Node<'_>, ends: Ends) -> Option<Member> {
    let is_queue = matches!(ends, Ends::Queues | Ends::VoiceQueues);
    if !is_queue || node.value() != Value::Mapping {
        let name = reader.name(node, ends.one())?;
        return Some(Member { name: name.value, place: name.place, penalty: None });
    }
    let (name, penalty) = if ends == Ends::VoiceQueues {
        let [name, penalty] = reader.fields(node, "an entry", ["name", "penalty"])?;
        (name, penalty.and_then(|entry| reader.number(entry.value, "`penalty`")))
    } else {
        let [name] = reader.fields(node, "an entry", ["name"])?;
        (name, None)
    };
    let name = reader.require(name, "name", "an entry", node)?;
    let name = reader.field_name(name)?;
    Some(Member { name: name.value, place: name.place, penalty: penalty.map(|penalty| penalty.value) })
}

fn is_first(reader: &mut Reader, seen: &mut HashMap<Name, Place>, name: &Name, place: Place) -> bool {
    let Some(first) = seen.get(name) else {
        seen.insert(name.clone(), place);
        return true;
    };
    let problem = Problem::error(place, format!("{} stands twice in one list", shown(name)));
    let hint = format!("it stands first in {}", reader.in_words(*first, place));
    reader.report(problem.hint(hint));
    false
}

fn contradictions(reader: &mut Reader, members: &[Member], removed: &[Spanned<Name>]) {
    if removed.is_empty() {
        return;
    }
    let members: HashMap<&Name, Place> = members.iter().map(|member| (&member.name, member.place)).collect();
    for name in removed {
        if let Some(place) = members.get(&name.value) {
            let message = format!("{} is both a member and removed", shown(&name.value));
            let hint = format!("it is a member in {}", reader.in_words(*place, name.place));
            reader.report(Problem::error(name.place, message).hint(hint));
        }
    }
}
