//! Names that people cannot tell apart, or cannot read.
//!
//! Invariant: warnings only; each spelling of a name is judged once, at the first place that uses it, against the first
//! one that looks like it.

use super::model::{Links, Managed, Manifest, Name, Spanned};
use super::place::Place;
use super::problem::{Problem, shown, shown_beside};
use super::reader::Reader;
use crate::outcome::{alike, codes, is_blank, is_unseen};
use crate::seed::Channel;
use std::collections::{BTreeMap, HashMap};

/// What a name is the name of: only names of the same are mistaken for each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Of {
    Agent,
    Queue(Channel),
    Profile,
}

/// Whether the manifest describes what has a name, or only speaks of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Use {
    Declared,
    Mentioned,
}

/// The spellings of the names of one kind: where each stands first, and how it is used.
type Spellings<'m> = HashMap<&'m Name, (Place, Use)>;

/// Warns of names that look like others, and of characters that nobody sees.
pub(super) fn doubts(reader: &mut Reader, manifest: &Manifest) {
    for spellings in all(manifest).into_values() {
        let mut names: Vec<(Place, &Name, Use)> =
            spellings.into_iter().map(|(name, (place, used))| (place, name, used)).collect();
        names.sort_unstable();
        let mut looks: HashMap<String, (Place, &Name, Use)> = HashMap::with_capacity(names.len());
        for (place, name, used) in names {
            unseen(reader, name, place);
            let (first_place, first, first_use) = *looks.entry(alike(name)).or_insert((place, name, used));
            // A name that is only mentioned is held against declared ones where slips of the finger are looked for.
            if first != name && used == first_use {
                let [here, there] = shown_beside(name, first);
                let message = format!("{here} looks like {there} of {}", reader.in_words(first_place, place));
                let problem = Problem::warning(codes::SEED_NEAR_MISS, place, message);
                reader.report(problem.hint("right if both are meant"));
            }
        }
    }
    for agent in &manifest.agents {
        for text in [&agent.fullname, &agent.email] {
            if let Managed::Value(text) = text {
                unseen(reader, &text.value, text.place);
            }
        }
    }
}

fn unseen(reader: &mut Reader, name: &str, place: Place) {
    let message = if name.chars().any(is_unseen) {
        "has characters that cannot be seen, or blanks that are no space"
    } else if name.starts_with(is_blank) || name.ends_with(is_blank) {
        "begins or ends with a blank"
    } else {
        return;
    };
    let problem =
        Problem::warning(codes::SEED_UNSEEN_CHARACTERS, place, format!("{} {message}", shown(name)));
    reader.report(problem);
}

/// Every name of the manifest.
fn all(manifest: &Manifest) -> BTreeMap<Of, Spellings<'_>> {
    let mut all = All::default();
    for queue in &manifest.queues {
        all.add(Of::Queue(queue.channel), &queue.name, Use::Declared);
    }
    for agent in &manifest.agents {
        all.add(Of::Agent, &agent.username, Use::Declared);
        agent.personal.iter().for_each(|(channel, links)| all.list(Of::Queue(*channel), links));
    }
    for profile in &manifest.profiles {
        all.add(Of::Profile, &profile.name, Use::Declared);
        profile.agents.iter().for_each(|links| all.list(Of::Agent, links));
        profile.queues.iter().for_each(|(channel, links)| all.list(Of::Queue(*channel), links));
    }
    for moved in &manifest.moves {
        [&moved.from, &moved.to].into_iter().for_each(|name| all.add(Of::Profile, name, Use::Mentioned));
        moved.agents.iter().for_each(|name| all.add(Of::Agent, name, Use::Mentioned));
    }
    all.0
}

#[derive(Default)]
struct All<'m>(BTreeMap<Of, Spellings<'m>>);

impl<'m> All<'m> {
    fn add(&mut self, of: Of, name: &'m Spanned<Name>, used: Use) {
        self.put(of, &name.value, name.place, used);
    }

    fn list(&mut self, of: Of, links: &'m Links) {
        links.members.iter().for_each(|member| self.put(of, &member.name, member.place, Use::Mentioned));
        links.remove.iter().for_each(|name| self.add(of, name, Use::Mentioned));
    }

    fn put(&mut self, of: Of, name: &'m Name, place: Place, used: Use) {
        let known = self.0.entry(of).or_default().entry(name).or_insert((place, used));
        *known = (known.0.min(place), known.1.min(used));
    }
}
