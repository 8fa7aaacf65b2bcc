//! Whether files of several of the vendor's generations were mixed.
//!
//! Invariant: what many customers added by themselves makes no generation: one
//! is told only where both halves have what the other lacks.

use super::align::Aligned;
use super::file::File;
use crate::diff::at::At;
use std::collections::{BTreeMap, BTreeSet};

/// Sets that differ in no more than this share of the files are one.
const NEAR_PERCENT: usize = 5;
/// So many directives at least are each half's own.
const FEWEST: usize = 2;
/// More different sets than these are not compared, the largest first.
const MOST_SETS: usize = 128;

/// The files that are of the smaller of two generations.
pub fn smaller_half(files: &[&File<'_>], aligned: &Aligned) -> Option<BTreeSet<usize>> {
    let total = files.len();
    let fewest = (total / 10).max(2);
    let mut weights: BTreeMap<BTreeSet<usize>, usize> = BTreeMap::new();
    let missed = aligned.missed.iter().map(|missed| {
        let (at, item) = missed.members[0];
        (&missed.members, size(files[at], item))
    });
    // What enough have, the files of a small generation may lack.
    let shared = aligned.slots.iter().map(|slot| (&slot.members, 1));
    for (members, weight) in missed.chain(shared) {
        if members.len() >= fewest && total - members.len() >= fewest {
            let set = members.iter().map(|member| member.0).collect();
            *weights.entry(set).or_insert(0) += weight;
        }
    }
    let mut sets: Vec<(BTreeSet<usize>, usize)> = weights.into_iter().collect();
    sets.sort_by_key(|(_, weight)| std::cmp::Reverse(*weight));
    sets.truncate(MOST_SETS);
    let near = total * NEAR_PERCENT / 100;
    let is_near =
        |one: &BTreeSet<usize>, other: &BTreeSet<usize>| one.symmetric_difference(other).count() <= near;
    let weight_near = |wanted: &BTreeSet<usize>| -> usize {
        sets.iter().filter(|(set, _)| is_near(set, wanted)).map(|(_, weight)| weight).sum()
    };
    let needed = FEWEST.max(aligned.slots.len() / 50);
    let mut best: Option<(usize, BTreeSet<usize>)> = None;
    for (set, _) in &sets {
        let others: BTreeSet<usize> = (0..total).filter(|at| !set.contains(at)).collect();
        let own = weight_near(set).min(weight_near(&others));
        if own >= needed && best.as_ref().is_none_or(|(most, _)| own > *most) {
            let is_smaller = set.len() < others.len() || set.len() == others.len() && !set.contains(&0);
            best = Some((own, if is_smaller { set.clone() } else { others }));
        }
    }
    best.map(|(_, set)| set)
}

/// How many directives a block holds, with itself.
pub fn size(file: &File<'_>, item: At) -> usize {
    let mut open = vec![item];
    let mut count = 0;
    while let Some(item) = open.pop() {
        count += 1;
        open.extend(file.outline.children(Some(item)));
    }
    count
}
