//! Names that are nearly the same: for "did you mean" and for warnings.
//!
//! Invariant: names that differ in digits only are not near; `Shift 1` and
//! `Shift 2` are both meant. Time grows with the number of names, not with its
//! square.

use crate::outcome::{alike, is_blank, is_unseen};
use std::collections::HashMap;
use std::sync::OnceLock;

/// Among as many names as this is looked for one that was meant, where a person decides how many there are.
pub const CANDIDATES: usize = 5_000;
/// For as many unknown names as this it is done: each is compared with all of those, and people correct a few at a time.
pub const SUGGESTIONS: usize = 50;
/// No name that somebody mistyped is longer; comparing takes the square of it.
const LONGEST: usize = 128;

/// The candidate that a person most likely meant, if any is near enough.
#[must_use]
pub fn suggest<'a>(typed: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    Candidates::new(candidates).suggest(typed)
}

/// Names among which more than one is looked for: each is made ready once.
pub struct Candidates<'a> {
    /// As it is compared, how many characters that has, and the name.
    folded: Vec<(String, usize, &'a str)>,
    /// By what they look like: dear to make, and asked only where nothing is near.
    alike: OnceLock<HashMap<String, Vec<&'a str>>>,
}

impl<'a> Candidates<'a> {
    /// Of these names.
    pub fn new(names: impl IntoIterator<Item = &'a str>) -> Self {
        let folded = names.into_iter().filter(|name| name.len() <= LONGEST).map(|name| {
            let folded = fold(name);
            let length = folded.chars().count();
            (folded, length, name)
        });
        Self { folded: folded.collect(), alike: OnceLock::new() }
    }

    /// The one that a person takes a name for: it differs in letters that look the same, in case or in blanks.
    #[must_use]
    pub fn mistaken_for(&self, typed: &str) -> Option<&'a str> {
        if typed.len() > LONGEST {
            return None;
        }
        self.alike().get(&alike(typed))?.iter().copied().find(|candidate| *candidate != typed)
    }

    fn alike(&self) -> &HashMap<String, Vec<&'a str>> {
        self.alike.get_or_init(|| {
            let mut by_look: HashMap<String, Vec<&'a str>> = HashMap::new();
            for (_, _, name) in &self.folded {
                by_look.entry(alike(name)).or_default().push(name);
            }
            by_look
        })
    }

    /// The one that a person most likely meant, if any is near enough; a name is not meant by itself.
    #[must_use]
    pub fn suggest(&self, typed: &str) -> Option<&'a str> {
        if typed.len() > LONGEST {
            return None;
        }
        let folded = fold(typed);
        let length = folded.chars().count();
        let near = self.folded.iter().filter_map(|(other, others, candidate)| {
            let longest = length.max(*others);
            // A third of the letters may be wrong, as in `usrnam`; two of a long word more than one of a short.
            let is_near = |distance: usize| distance * 3 <= longest;
            if !is_near(length.abs_diff(*others)) || *candidate == typed {
                return None;
            }
            let distance = strsim::osa_distance(&folded, other);
            is_near(distance).then_some((distance, *candidate))
        });
        // In a short name one letter of another script is too many for that.
        near.min().map(|(_, candidate)| candidate).or_else(|| self.mistaken_for(typed))
    }
}

/// Declared names, found by what somebody may have meant to write.
pub(super) struct Index<'a> {
    by_key: HashMap<String, Vec<&'a str>>,
}

impl<'a> Index<'a> {
    /// Of these names.
    pub fn new(names: impl IntoIterator<Item = &'a str>) -> Self {
        let mut by_key: HashMap<String, Vec<&'a str>> = HashMap::new();
        for name in names.into_iter().filter(|name| name.len() <= LONGEST) {
            for key in keys(name) {
                by_key.entry(key).or_default().push(name);
            }
        }
        Self { by_key }
    }

    /// The declared name that `typed` is one slip away from.
    pub fn near(&self, typed: &str) -> Option<&'a str> {
        if typed.len() > LONGEST {
            return None;
        }
        let found = keys(typed).into_iter().filter_map(|key| self.by_key.get(&key)).flatten();
        let near = found.copied().filter(|name| *name != typed && !differ_in_digits(name, typed));
        near.map(|name| (strsim::osa_distance(&fold(name), &fold(typed)), name)).min().map(|(_, name)| name)
    }
}

/// Case, blanks of any kind and what cannot be seen are slips that cost nothing.
fn fold(name: &str) -> String {
    let seen: String = name.chars().filter(|c| is_blank(*c) || !is_unseen(*c)).collect();
    let words = seen.split(|c| is_blank(c) || c == '_' || c == '-');
    words.filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ").to_lowercase()
}

/// A name and all that it is with one letter less: two names within one slip
/// of each other have one of these in common.
fn keys(name: &str) -> Vec<String> {
    let folded = fold(name);
    let mut keys = Vec::new();
    // Of very short names everything is near.
    if folded.chars().count() > 3 {
        keys.extend(folded.char_indices().map(|(index, c)| {
            let mut shorter = folded.clone();
            shorter.replace_range(index..index + c.len_utf8(), "");
            shorter
        }));
    }
    keys.push(folded);
    keys.dedup();
    // Letters of another script look the same; marked, so that it is no name less a letter.
    keys.push(format!("\0{}", alike(name)));
    keys
}

fn differ_in_digits(one: &str, other: &str) -> bool {
    let letters = |name: &str| fold(name).chars().filter(|c| !c.is_numeric()).collect::<String>();
    let digits = |name: &str| name.chars().filter(|c| c.is_numeric()).collect::<String>();
    digits(one) != digits(other) && letters(one) == letters(other)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_meant_is_found() {
        let keys = ["name", "strategy", "type", "description", "settings"];
        let check = |typed, expect| assert_eq!(suggest(typed, keys), expect, "{typed}");
        check("nmae", Some("name"));
        check("Strategy", Some("strategy"));
        check("descripton", Some("description"));
        check("typ", Some("type"));
        check("colour", None);
        check("", None);
        assert_eq!(suggest("\u{430}1", ["b1", "a1"]), Some("a1"));
        check(&"x".repeat(1_000_000), None);
    }

    #[test]
    fn one_slip_is_near_and_another_number_is_not() {
        let index = Index::new(["Talk Now", "Support", "agent1", "Shift 12", "QA"]);
        let check = |typed, expect| assert_eq!(index.near(typed), expect, "{typed}");
        check("Talk now", Some("Talk Now"));
        check("TalkNow", Some("Talk Now"));
        check("Suport", Some("Support"));
        check("Supprot", Some("Support"));
        check("Supportt", Some("Support"));
        check("support ", Some("Support"));
        check("agent2", None);
        check("agent12", None);
        check("Shift 21", None);
        check("agemt1", Some("agent1"));
        check("QB", None);
        check("qa", Some("QA"));
        check("Medical", None);
        check("Support", None);
        check("Talk\u{a0}Now", Some("Talk Now"));
        check("Q\u{200b}A", Some("QA"));
        check("Ѕuppоrt", Some("Support"));
        check("agentl", Some("agent1"));
    }
}
