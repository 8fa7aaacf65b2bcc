//! Reads `move`: agents who go from one profile to another.
//!
//! Invariant: errors here are true whatever the database holds. What a manifest says of an agent and a profile by a move
//! it says nowhere else otherwise.

use super::links;
use super::links::Ends;
use super::model::{Manifest, Mode, Move, Name, Profile, Spanned};
use super::place::Place;
use super::problem::{Problem, shown};
use super::reader::Reader;
use super::tree::{Node, Value};
use std::collections::HashMap;

/// One of `move`.
pub(super) fn of_agents(reader: &mut Reader, node: Node<'_>) -> Option<Move> {
    let what = "a move";
    let [from, to, agents] = reader.fields(node, what, ["from", "to", "agents"])?;
    let from = reader.require(from, "from", what, node).and_then(|entry| reader.field_name(entry));
    let to = reader.require(to, "to", what, node).and_then(|entry| reader.field_name(entry));
    let agents = reader.require(agents, "agents", what, node)?;
    if let (Value::Sequence, None) = (agents.value.value(), agents.value.children().next()) {
        let problem = Problem::error(agents.value.place, "a move without agents");
        reader.report(problem.hint("name who is to go, or leave the move out"));
    }
    let agents = links::names(reader, agents, Ends::Agents);
    Some(Move { from: from?, to: to?, agents })
}

/// What a move says that another entry, or another move, contradicts.
pub(super) fn contradictions(reader: &mut Reader, manifest: &Manifest) {
    if manifest.moves.is_empty() {
        return;
    }
    let profiles: HashMap<&Name, &Profile> =
        manifest.profiles.iter().map(|profile| (&profile.name.value, profile)).collect();
    let old_names: HashMap<&Name, &Profile> = manifest
        .profiles
        .iter()
        .filter_map(|profile| Some((&profile.previous_name.as_ref()?.value, profile)))
        .collect();
    let mut used: HashMap<(&Name, &Name), Place> = HashMap::new();
    for moved in &manifest.moves {
        if moved.from.value == moved.to.value {
            let message = format!("agents cannot move from {} to itself", shown(&moved.to.value));
            reader.report(Problem::error(moved.to.place, message));
            continue;
        }
        for end in [&moved.from, &moved.to] {
            if let Some(profile) = old_names.get(&end.value) {
                let message = format!("{} is renamed in this manifest", shown(&end.value));
                let hint = format!("name it {}", shown(&profile.name.value));
                reader.report(Problem::error(end.place, message).hint(hint));
            }
            once(reader, &mut used, end, &moved.agents);
        }
        if let Some(profile) = profiles.get(&moved.from.value) {
            leaves(reader, profile, moved);
        }
        if let Some(profile) = profiles.get(&moved.to.value) {
            arrives(reader, profile, moved);
        }
    }
}

/// An agent and a profile stand in one move: what two of them mean in which order is a guess.
fn once<'m>(
    reader: &mut Reader,
    used: &mut HashMap<(&'m Name, &'m Name), Place>,
    profile: &'m Spanned<Name>,
    agents: &'m [Spanned<Name>],
) {
    for agent in agents {
        if let Some(first) = used.insert((&agent.value, &profile.value), agent.place) {
            let message = format!("{} moves from or to {} twice", shown(&agent.value), shown(&profile.value));
            let hint = format!(
                "one move of an agent takes one run; chains and swaps take two; the other is in {}",
                reader.in_words(first, agent.place)
            );
            reader.report(Problem::error(agent.place, message).hint(hint));
        }
    }
}

/// The profile that agents leave must not say that they stay.
fn leaves(reader: &mut Reader, profile: &Profile, moved: &Move) {
    let Some(list) = &profile.agents else { return };
    if list.mode == Mode::Exact {
        is_exact(reader, &moved.from, list.place);
        return;
    }
    for agent in &moved.agents {
        let member = list.members.iter().find(|member| member.name == agent.value).map(|member| member.place);
        let removed = list.remove.iter().find(|name| name.value == agent.value).map(|name| name.place);
        if let Some(place) = member {
            conflict(reader, agent, &format!("is a member of {}", shown(&moved.from.value)), place);
        } else if let Some(place) = removed {
            conflict(reader, agent, &format!("is removed from {}", shown(&moved.from.value)), place);
        }
    }
}

/// The profile that agents get must not say that they go, or that it goes itself.
fn arrives(reader: &mut Reader, profile: &Profile, moved: &Move) {
    if profile.absent.is_some() {
        let message = format!("agents move to {}, which is to be deleted", shown(&moved.to.value));
        let there = reader.in_words(profile.name.place, moved.to.place);
        let hint = format!("{there} says `absent: true`");
        reader.report(Problem::error(moved.to.place, message).hint(hint));
    }
    let Some(list) = &profile.agents else { return };
    if list.mode == Mode::Exact {
        is_exact(reader, &moved.to, list.place);
        return;
    }
    for agent in &moved.agents {
        if let Some(removed) = list.remove.iter().find(|name| name.value == agent.value) {
            let what = format!("is removed from {}", shown(&moved.to.value));
            conflict(reader, agent, &what, removed.place);
        }
    }
}

fn is_exact(reader: &mut Reader, profile: &Spanned<Name>, list: Place) {
    let message = format!("agents move from or to {}, whose list of agents is exact", shown(&profile.value));
    let there = reader.in_words(list, profile.place);
    let hint = format!("change the list in {there} instead, or leave `mode: exact` out");
    reader.report(Problem::error(profile.place, message).hint(hint));
}

fn conflict(reader: &mut Reader, agent: &Spanned<Name>, what: &str, place: Place) {
    let there = reader.in_words(place, agent.place);
    let message = format!("{} is moved, and {what} in {there}", shown(&agent.value));
    reader.report(Problem::error(agent.place, message).hint("say it in one of the two places"));
}
