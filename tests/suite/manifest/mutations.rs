//! Good manifests with random damage: nothing panics, and every place that is
//! named is in the file.

use super::fixtures;
use crate::support::depth::generated;
use motionctl::seed::manifest::validate;
use proptest::prelude::*;
use std::fs;

/// What damages a file most: YAML's own characters, its traps, its limits.
const INSERTS: [&str; 24] = [
    "\t", "\n", "\r\n", " ", "  ", "- ", ": ", "? ", "[", "]", "{", "}", ",", "&a ", "*a", "!!str ",
    "<<: *a", "---\n", "...\n", "\"", "'", "\u{feff}", "\u{0}", "|\n",
];

#[derive(Debug, Clone)]
enum Damage {
    Insert(usize, usize),
    Delete(usize, usize),
    Copy(usize, usize, usize),
    Byte(usize, u8),
}

fn damage() -> impl Strategy<Value = Damage> {
    prop_oneof![
        (any::<usize>(), 0..INSERTS.len()).prop_map(|(at, what)| Damage::Insert(at, what)),
        (any::<usize>(), 1..40_usize).prop_map(|(at, length)| Damage::Delete(at, length)),
        (any::<usize>(), 1..80_usize, any::<usize>())
            .prop_map(|(at, length, to)| Damage::Copy(at, length, to)),
        (any::<usize>(), any::<u8>()).prop_map(|(at, byte)| Damage::Byte(at, byte)),
    ]
}

fn apply(bytes: &mut Vec<u8>, damage: &Damage) {
    let length = bytes.len();
    let at = |position: usize| position % (length + 1);
    match *damage {
        Damage::Insert(position, what) => {
            let position = at(position);
            bytes.splice(position..position, INSERTS[what].bytes());
        }
        Damage::Delete(position, count) => {
            let position = at(position);
            bytes.drain(position..(position + count).min(length));
        }
        Damage::Copy(position, count, to) => {
            let position = at(position);
            let part = bytes[position..(position + count).min(length)].to_vec();
            let to = at(to);
            bytes.splice(to..to, part);
        }
        Damage::Byte(position, byte) => {
            if let Some(found) = bytes.get_mut(at(position)) {
                *found = byte;
            }
        }
    }
}

fn check(bytes: &[u8]) -> Result<(), TestCaseError> {
    let file = validate(bytes, "x");
    let text = file.source.text();
    // Lines as YAML ends them; one more may begin behind the last end.
    let text = text.replace("\r\n", "\n").replace('\r', "\n");
    let lines: Vec<&str> = text.split('\n').collect();
    prop_assert_eq!(file.manifest.is_none(), file.problems.iter().any(|problem| problem.is_error()));
    for problem in &file.problems {
        let (line, column) = (problem.place.line as usize, problem.place.column as usize);
        let found = lines.get(line.wrapping_sub(1));
        prop_assert!(found.is_some(), "{:?} of {} lines", problem, lines.len());
        let length = found.map_or(0, |line| line.chars().count());
        prop_assert!((1..=length + 1).contains(&column), "{:?} in {:?}", problem, found);
        prop_assert!(!file.source.section(problem).excerpt.is_empty());
    }
    Ok(())
}

/// Found by the property below: lines may end in CR alone, also beside others that do not.
#[test]
fn lines_end_in_three_ways() {
    for text in ["?\r\r\n \t", "?\r\t", "?\n\r\n\t", "a:\r\tb: c\n"] {
        check(text.as_bytes()).unwrap_or_else(|error| panic!("{text:?}: {error}"));
    }
}

proptest! {
    #![proptest_config(generated("manifests, damaged", 384, 12_288))]

    #[test]
    fn damaged_manifests_are_judged(which in any::<usize>(), damages in prop::collection::vec(damage(), 1..8)) {
        let good = fixtures("good");
        let mut bytes = fs::read(&good[which % good.len()].1).expect("readable");
        for damage in &damages {
            apply(&mut bytes, damage);
        }
        check(&bytes)?;
    }

    #[test]
    fn any_bytes_are_judged(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        check(&bytes)?;
    }

    #[test]
    fn any_punctuation_is_judged(text in "[-:?,{}\\[\\]&*!|>'\"%@ \t\n\ra1#<]{0,80}") {
        check(text.as_bytes())?;
        check(format!("version: 1\nagents: {text}").as_bytes())?;
    }
}
