//! What a manifest's entries mean to each other, and what looks like a slip.
//!
//! Invariant: errors here are true whatever the database holds; what depends
//! on it is at most a warning.

use super::model::{Agent, Links, Managed, Manifest, Name, Profile, Queue, Spanned};
use super::place::Place;
use super::problem::{Problem, shown, shown_beside};
use super::reader::Reader;
use super::suggest::{Index, suggest};
use super::{moves, names};
use crate::outcome::codes;
use crate::seed::Channel;
use std::collections::{BTreeMap, HashMap};

const VOICE_STRATEGIES: [&str; 7] =
    ["ringall", "rrmemory", "leastrecent", "fewestcalls", "random", "linear", "wrandom"];
const DIGITAL_STRATEGIES: [&str; 3] = ["beepall", "rrmemory", "leastrecent"];
const KINDS: [&str; 2] = ["inbound", "outbound"];
const MOST_WEIGHT: u32 = 10;

/// Names and extensions that are declared twice, and renames that cross each other.
pub(super) fn contradictions(reader: &mut Reader, manifest: &Manifest) {
    for channel in Channel::ALL {
        let queues = manifest.queues.iter().filter(|queue| queue.channel == channel);
        let names = queues.map(|queue| &queue.name);
        declared_once(reader, names, &format!("the {channel} queue"));
    }
    declared_once(reader, manifest.agents.iter().map(|agent| &agent.username), "the agent");
    let internals = manifest.agents.iter().filter_map(|agent| agent.internal.as_ref());
    declared_once(reader, internals, "the internal number");
    declared_once(reader, manifest.profiles.iter().map(|profile| &profile.name), "the profile");
    let profiles = manifest.permissions.iter().map(|permission| &permission.user_profile);
    declared_once(reader, profiles, "the User Profile");
    renames(reader, &manifest.profiles);
    moves::contradictions(reader, manifest);
}

fn declared_once<'a>(reader: &mut Reader, names: impl Iterator<Item = &'a Spanned<Name>>, what: &str) {
    let mut seen: HashMap<&Name, Place> = HashMap::new();
    for name in names {
        if let Some(first) = seen.get(&name.value) {
            let problem =
                Problem::error(name.place, format!("{what} {} is declared twice", shown(&name.value)));
            let hint = format!("it stands first in {}", reader.in_words(*first, name.place));
            reader.report(problem.hint(hint));
        } else {
            seen.insert(&name.value, name.place);
        }
    }
}

/// A rename may take no name that another profile of the file has or had.
fn renames(reader: &mut Reader, profiles: &[Profile]) {
    let names: HashMap<&Name, Place> = profiles.iter().map(|p| (&p.name.value, p.name.place)).collect();
    let mut taken: HashMap<&Name, Place> = HashMap::new();
    for profile in profiles {
        let Some(previous) = &profile.previous_name else { continue };
        let old = shown(&previous.value);
        let problem = if previous.value == profile.name.value {
            Problem::error(previous.place, format!("{old} is the profile's name already"))
                .hint("leave `previous_name` out once the profile is renamed")
        } else if let Some(place) = names.get(&previous.value) {
            Problem::error(previous.place, format!("{old} is renamed, and is also the name of a profile"))
                .hint(format!(
                    "chains and swaps of renames take two runs; see {}",
                    reader.in_words(*place, previous.place)
                ))
        } else if let Some(first) = taken.get(&previous.value) {
            Problem::error(previous.place, format!("{old} is renamed twice"))
                .hint(format!("{} renames it first", reader.in_words(*first, previous.place)))
        } else {
            taken.insert(&previous.value, previous.place);
            continue;
        };
        reader.report(problem);
    }
}

/// What a person should look at again.
pub(super) fn doubts(reader: &mut Reader, manifest: &Manifest) {
    manifest.queues.iter().for_each(|queue| queue_doubts(reader, queue));
    manifest.agents.iter().for_each(|agent| agent_doubts(reader, agent));
    near_misses(reader, manifest);
    names::doubts(reader, manifest);
}

fn queue_doubts(reader: &mut Reader, queue: &Queue) {
    let strategies: &[&str] =
        if queue.channel == Channel::Voice { &VOICE_STRATEGIES } else { &DIGITAL_STRATEGIES };
    unusual(reader, &queue.strategy, "strategy", strategies);
    unusual(reader, &queue.kind, "type", &KINDS);
    if let Managed::Value(weight) = &queue.weight
        && weight.value > MOST_WEIGHT
    {
        let message = format!("a weight is from 0 to {MOST_WEIGHT}, not {}", weight.value);
        reader.report(Problem::warning(codes::SEED_UNUSUAL_VALUE, weight.place, message));
    }
}

fn unusual(reader: &mut Reader, value: &Managed<Name>, key: &str, usual: &[&str]) {
    let Managed::Value(value) = value else { return };
    if usual.contains(&&*value.value) {
        return;
    }
    let problem = Problem::warning(
        codes::SEED_UNUSUAL_VALUE,
        value.place,
        format!("{} is no known {key}", shown(&value.value)),
    );
    reader.report(match suggest(&value.value, usual.iter().copied()) {
        Some(meant) => problem.did_you_mean(Some(meant)),
        None => problem.hint(format!("known are {}", usual.join(", "))),
    });
}

fn agent_doubts(reader: &mut Reader, agent: &Agent) {
    let username = &agent.username;
    if !agent.username_is_allowed() {
        let message =
            format!("{} has other characters than letters, digits, `.` and `_`", shown(&username.value));
        let problem = Problem::warning(codes::SEED_USERNAME, username.place, message);
        reader.report(problem.hint("refused where the agent has to be created"));
    }
    if let (true, Managed::Value(fullname)) = (agent.fullname_is_internal(), &agent.fullname) {
        let message = format!("the full name {} is the internal number", shown(&fullname.value));
        let problem = Problem::warning(codes::SEED_FULLNAME_IS_INTERNAL, fullname.place, message);
        reader.report(problem.hint("refused where the agent has to be created"));
    }
    if let Some(internal) = &agent.internal {
        internal_doubts(reader, internal, agent.internal_is_allowed());
    }
}

fn internal_doubts(reader: &mut Reader, internal: &Spanned<Name>, is_allowed: bool) {
    if internal.value.bytes().all(|byte| byte.is_ascii_digit()) {
        return;
    }
    let message = format!("the internal number {} has other characters than digits", shown(&internal.value));
    let problem = Problem::warning(codes::SEED_INTERNAL_NOT_DIGITS, internal.place, message);
    reader.report(if is_allowed {
        problem
    } else {
        problem.hint("refused where the agent has to be created")
    });
}

/// Names that refer to the database and are nearly those declared here.
fn near_misses(reader: &mut Reader, manifest: &Manifest) {
    let mut queues: BTreeMap<Channel, Near<'_>> = BTreeMap::new();
    for channel in Channel::ALL {
        let declared = manifest.queues.iter().filter(|queue| queue.channel == channel);
        let declared: Vec<_> = declared.map(|queue| &*queue.name.value).collect();
        if !declared.is_empty() {
            queues.insert(channel, Near::new(&declared));
        }
    }
    let declared: Vec<_> = manifest.agents.iter().map(|agent| &*agent.username.value).collect();
    let mut agents = (!declared.is_empty()).then(|| Near::new(&declared));
    let personal = manifest.agents.iter().flat_map(|agent| &agent.personal);
    let profiles = manifest.profiles.iter().flat_map(|profile| &profile.queues);
    for (channel, links) in personal.chain(profiles) {
        if let Some(near) = queues.get_mut(channel) {
            near.review(reader, links);
        }
    }
    for links in manifest.profiles.iter().filter_map(|profile| profile.agents.as_ref()) {
        if let Some(near) = &mut agents {
            near.review(reader, links);
        }
    }
    if manifest.moves.is_empty() {
        return;
    }
    let declared: Vec<_> = manifest.profiles.iter().map(|profile| &*profile.name.value).collect();
    let mut profiles = Near::new(&declared);
    for moved in &manifest.moves {
        for name in [&moved.from, &moved.to] {
            profiles.name(reader, &name.value, name.place);
        }
        for name in &moved.agents {
            agents.iter_mut().for_each(|near| near.name(reader, &name.value, name.place));
        }
    }
}

/// Declared names, and what was found for the others so far.
struct Near<'a> {
    index: Index<'a>,
    known: HashMap<Name, Option<&'a str>>,
}

impl<'a> Near<'a> {
    fn new(declared: &[&'a str]) -> Self {
        let known = declared.iter().map(|name| ((*name).into(), None)).collect();
        Self { index: Index::new(declared.iter().copied()), known }
    }

    fn review(&mut self, reader: &mut Reader, links: &Links) {
        let members = links.members.iter().map(|member| (&member.name, member.place));
        let removed = links.remove.iter().map(|name| (&name.value, name.place));
        members.chain(removed).for_each(|(name, place)| self.name(reader, name, place));
    }

    fn name(&mut self, reader: &mut Reader, name: &Name, place: Place) {
        let near = match self.known.get(name) {
            Some(near) => *near,
            None => {
                let near = self.index.near(name);
                self.known.insert(name.clone(), near);
                near
            }
        };
        if let Some(declared) = near {
            let [name, declared] = shown_beside(name, declared);
            let message = format!("{name} is not declared here, {declared} is");
            let problem = Problem::warning(codes::SEED_NEAR_MISS, place, message);
            reader.report(problem.hint("right if the database has both"));
        }
    }
}
