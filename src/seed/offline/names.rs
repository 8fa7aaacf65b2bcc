//! Names that a server may hold to be the same, and that nobody can tell without it.
//!
//! Invariant: two names with different keys are different to every collation that servers use for names; two that are
//! the same letter by letter are the same to all. What is between is a doubt, and is refused.

use crate::seed::manifest::{Manifest, Name, Place, Problem, shown};
use crate::seed::map::Part;
use crate::seed::plan::noun;
use icu_normalizer::DecomposingNormalizerBorrowed;
use std::collections::{HashMap, HashSet};

/// Names of the manifest that may be another one's of the export, or of the manifest itself.
pub(super) fn doubts(manifest: &Manifest, export: &Manifest) -> Vec<Problem> {
    let mut known: HashMap<(Part, String), (Name, bool)> = HashMap::new();
    for (part, name, _) in names(export) {
        known.entry((part, key(&name))).or_insert((name, true));
    }
    let mut problems = Vec::new();
    let mut said: HashSet<(Part, Name)> = HashSet::new();
    for (part, name, place) in names(manifest) {
        let (first, is_exported) = known.entry((part, key(&name))).or_insert_with(|| (name.clone(), false));
        if *first == name || !said.insert((part, name.clone())) {
            continue;
        }
        let whose = if *is_exported { "in the export" } else { "elsewhere in this file" };
        let message = format!(
            "the {} {} may be {}, {whose}: only the server knows whether they are the same to it",
            noun(part),
            shown(&name),
            shown(first)
        );
        problems.push(
            Problem::error(place, message)
                .hint("spell it letter by letter as it is, or plan against the server"),
        );
    }
    problems
}

/// Every name that a manifest uses, and where.
fn names(manifest: &Manifest) -> Vec<(Part, Name, Place)> {
    let mut names = Vec::new();
    let queues = manifest.queues.iter();
    names.extend(
        queues.map(|queue| (Part::Queues(queue.channel), queue.name.value.clone(), queue.name.place)),
    );
    let mut list = |part: Part, links: &crate::seed::manifest::Links| {
        names.extend(links.members.iter().map(|member| (part, member.name.clone(), member.place)));
        names.extend(links.remove.iter().map(|name| (part, name.value.clone(), name.place)));
    };
    for (channel, links) in manifest.agents.iter().flat_map(|agent| &agent.personal) {
        list(Part::Queues(*channel), links);
    }
    for profile in &manifest.profiles {
        profile.queues.iter().for_each(|(channel, links)| list(Part::Queues(*channel), links));
        profile.agents.iter().for_each(|links| list(Part::Users, links));
    }
    let agents = manifest.agents.iter();
    names.extend(agents.map(|agent| (Part::Users, agent.username.value.clone(), agent.username.place)));
    for profile in &manifest.profiles {
        let previous = profile.previous_name.iter();
        let all = previous.chain(std::iter::once(&profile.name));
        names.extend(all.map(|name| (Part::Profiles, name.value.clone(), name.place)));
    }
    names.sort_by_key(|(_, _, place)| *place);
    names
}

/// What is left of a name where case, accents, widths, invisible characters and blanks at the end count for nothing,
/// and all characters beyond 16 bits are one: to the oldest collations they are.
fn key(name: &str) -> String {
    let decomposed = DecomposingNormalizerBorrowed::new_nfkd().normalize(name);
    let mut key = String::with_capacity(name.len());
    for c in decomposed.chars().flat_map(char::to_lowercase) {
        match c {
            // Marks above and below letters.
            '\u{300}'..='\u{36f}' | '\u{483}'..='\u{489}' | '\u{591}'..='\u{5bd}' | '\u{64b}'..='\u{65f}' => {
            }
            '\u{200b}'..='\u{200f}'
            | '\u{202a}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}'
            | '\u{feff}'
            | '\u{ad}' => {}
            c if c.is_control() => {}
            'ß' => key.push_str("ss"),
            'æ' => key.push_str("ae"),
            'œ' => key.push_str("oe"),
            'ø' => key.push('o'),
            'đ' | 'ð' => key.push('d'),
            'ł' => key.push('l'),
            'ı' => key.push('i'),
            'ς' => key.push('σ'),
            c if u32::from(c) > 0xffff => key.push('\u{fffd}'),
            c => key.push(c),
        }
    }
    key.truncate(key.trim_end().len());
    key
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_servers_may_take_for_the_same_has_one_key() {
        let check = |one: &str, other: &str, same: bool| {
            assert_eq!(key(one) == key(other), same, "{one} {other}");
        };
        for (one, other) in [
            ("Support", "SUPPORT"),
            ("Support", "Süpport"),
            ("Support", "Support  "),
            ("a b", "a\u{a0}b"),
            ("ab", "a\u{200b}b"),
            ("Straße", "STRASSE"),
            ("\u{1f600}", "\u{1f4a9}"),
            ("Ａ", "a"),
            ("é", "e\u{301}"),
            ("Ørsted", "orsted"),
        ] {
            check(one, other, true);
        }
        for (one, other) in [("Shift 1", "Shift 2"), ("a b", "ab"), (" a", "a"), ("日", "本"), ("a-b", "a.b")]
        {
            check(one, other, false);
        }
    }
}
