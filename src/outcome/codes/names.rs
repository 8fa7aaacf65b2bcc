//! The rows of the table by their names.
//!
//! Invariant: every row of every part is found here, and nothing else is.

use super::row::Code;
use super::{base, place, seed, server, site};
use serde::{Deserialize, Deserializer};

/// A name nearer than this is worth asking about.
const NEAR: usize = 4;

/// All rows, area by area, in the order of the documentation.
pub fn all() -> impl Iterator<Item = Code> {
    constants().map(|(_, code)| code)
}

/// The row of a name.
#[must_use]
pub fn named(name: &str) -> Option<Code> {
    all().find(|code| code.name() == name)
}

/// The row whose name was probably meant.
#[must_use]
pub fn nearest(typed: &str) -> Option<Code> {
    let typed = typed.to_lowercase();
    // `no-sandbox` for `host.no-sandbox` is no slip of the finger.
    let last = |code: &Code| code.name().split_once('.').is_some_and(|(_, last)| last == typed);
    all().find(last).or_else(|| {
        let near = all().map(|code| (strsim::osa_distance(code.name(), &typed), code));
        near.min_by_key(|(distance, _)| *distance)
            .filter(|(distance, _)| *distance < NEAR)
            .map(|(_, code)| code)
    })
}

impl<'de> Deserialize<'de> for Code {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = String::deserialize(deserializer)?;
        named(&name).ok_or_else(|| serde::de::Error::custom(format!("no finding is called `{name}`")))
    }
}

fn constants() -> impl Iterator<Item = (&'static str, Code)> {
    [server::ALL, site::ALL, place::ALL, base::ALL, seed::ALL].into_iter().flatten().copied()
}

#[cfg(test)]
mod tests {
    use super::super::*;
    use super::*;
    use crate::outcome::{EXIT_CODES, Level};
    use std::collections::BTreeSet;

    #[test]
    fn a_constant_is_called_like_its_code() {
        for (constant, code) in constants() {
            assert_eq!(constant, code.name().to_uppercase().replace(['.', '-'], "_"));
        }
    }

    #[test]
    fn each_row_is_there_once_and_says_everything_in_few_words() {
        let mut seen = BTreeSet::new();
        for code in all() {
            assert!(seen.insert(code.name()), "{code} is there twice");
            for text in [code.meaning(), code.looked_for(), code.advice()] {
                assert!(!text.is_empty() && text.trim() == text && !text.ends_with('.'), "{code}: {text:?}");
            }
            // One line of a list.
            assert!(code.meaning().len() <= 100, "{code}: {} bytes", code.meaning().len());
        }
    }

    #[test]
    fn levels_are_told_apart_by_words_and_exit_codes_are_those_of_the_table() {
        for code in all() {
            let levels: BTreeSet<_> = code.grades().iter().map(|grade| grade.level).collect();
            assert!(!levels.is_empty() && levels.len() == code.grades().len(), "{code}");
            let others = code.grades().iter().skip(1);
            assert!(others.clone().all(|grade| !grade.when.is_empty()), "{code}: when is it another level?");
            let exit = code.exit_code();
            assert_eq!(exit.is_some(), levels.contains(&Level::Stop), "{code}");
            assert!(exit.is_none_or(|exit| EXIT_CODES.iter().any(|row| row.code == exit)), "{code}");
        }
    }

    #[test]
    fn a_slip_of_the_finger_is_found_and_nonsense_is_not() {
        let check = |typed, expect: Option<Code>| assert_eq!(nearest(typed), expect, "{typed}");
        check("topology.behind-prxy", Some(TOPOLOGY_BEHIND_PROXY));
        check("Site.Ambiguous", Some(SITE_AMBIGUOUS));
        check("no-sandbox", Some(HOST_NO_SANDBOX));
        check("nonsense", None);
        check("", None);
        assert_eq!(named("site.ambiguous"), Some(SITE_AMBIGUOUS));
        assert_eq!(named("site"), None);
    }
}
