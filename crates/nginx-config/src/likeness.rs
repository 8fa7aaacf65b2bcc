//! What server blocks of several servers have in common, whatever each server is called.
//!
//! Invariant: a server's own names say nothing of what a block is for.

use super::blank::blank;
use super::diff::at::{At, Whose};
use super::diff::outline::Outline;
use super::diff::purpose::{Role, Upstreams, is_server, purpose};
use super::identity::listen_port;
use std::collections::{BTreeSet, HashMap, HashSet};
use std::hash::Hash;
use std::ops::Range;

/// No name of a server is longer, with what a path adds to it.
const LONGEST_NAME: usize = 512;

/// What a server block looks like, whatever it is called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Features {
    /// Whether it only redirects.
    pub role: Role,
    /// Its ports, the directives in it and in its locations.
    pub all: BTreeSet<Vec<u8>>,
}

/// The server blocks of an outline, by what they look like.
pub fn features<S: Whose>(outline: &Outline<'_, S>) -> HashMap<At<S>, Features> {
    let is_block = |&index: &At<S>| {
        let item = &outline.items[index];
        item.is_block() && is_server(item.directive())
    };
    let servers = outline.items.places().filter(is_block);
    servers.map(|index| (index, of_block(outline, index))).collect()
}

fn of_block<S: Whose>(outline: &Outline<'_, S>, index: At<S>) -> Features {
    let mut all = BTreeSet::new();
    for &child in &outline.items[index].children {
        let item = &outline.items[child];
        let directive = item.directive();
        let mut own = directive.name.value.to_vec();
        if directive.is("listen") {
            own.push(b' ');
            own.extend(directive.arg(0).map(listen_port).unwrap_or_default());
        } else if directive.is("location") {
            for word in directive.args.iter() {
                own.push(b' ');
                own.extend(word.value);
            }
        }
        for &inner in &item.children {
            all.insert([&own[..], b" / ", outline.items[inner].directive().name.value].concat());
        }
        all.insert(own);
    }
    let role = purpose(outline, index, &Upstreams::default()).role;
    Features { role, all }
}

/// What the server blocks of a file are called: names that say whose they are.
pub fn own_names<S>(outline: &Outline<'_, S>) -> HashSet<Vec<u8>> {
    let named = outline.items.iter().map(|item| item.directive()).filter(|it| it.is("server_name"));
    let words = named.flat_map(|directive| directive.args.iter().map(|word| word.value.to_ascii_lowercase()));
    words.filter(|name| !matches!(name.first(), None | Some(b'~')) && name.contains(&b'.')).collect()
}

/// The word with a blank in the place of each of these names.
pub fn masked(word: &[u8], names: &HashSet<Vec<u8>>) -> Vec<u8> {
    let is_name = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_' | b'*');
    let mut text = Vec::new();
    let mut left = word;
    while !left.is_empty() {
        let len = left.iter().take_while(|byte| is_name(byte)).count();
        let (token, rest) = left.split_at(len.max(1));
        match name_in(token, names) {
            Some(named) => {
                text.extend(&token[..named.start]);
                text.extend(blank("name"));
                text.extend(&token[named.end..]);
            }
            None => text.extend(token),
        }
        left = rest;
    }
    text
}

/// Where one of these names stands in a token: whole, or between a `.`, `-` or
/// `_` as in the name of a log. The longest one.
fn name_in(token: &[u8], names: &HashSet<Vec<u8>>) -> Option<Range<usize>> {
    if names.is_empty() || token.len() > LONGEST_NAME {
        return None;
    }
    let token = token.to_ascii_lowercase();
    let is_joint = |at: usize| token.get(at).is_none_or(|byte| matches!(byte, b'.' | b'-' | b'_'));
    let starts = (0..token.len()).filter(|&at| at == 0 || is_joint(at - 1));
    let ends: Vec<usize> = (1..=token.len()).rev().filter(|&at| is_joint(at)).collect();
    let spans = starts.flat_map(|start| ends.iter().map(move |&end| start..end.max(start)));
    spans
        .filter(|span| names.contains(&token[span.clone()]))
        .max_by_key(|span| (span.len(), token.len() - span.start))
}

/// How much two sets have in common, in thousandths of all that either has.
pub fn likeness(one: &BTreeSet<&[u8]>, other: &BTreeSet<&[u8]>) -> usize {
    let common = one.intersection(other).count();
    common * 1000 / (one.len() + other.len() - common).max(1)
}

/// Blocks that have less in common are not the same one.
pub const ALIKE: usize = 300;

/// Pairs by their likeness, the best first, each taken once.
pub fn best_pairs<L: Copy + Ord + Hash, R: Copy + Ord + Hash>(mut pairs: Vec<(usize, L, R)>) -> Vec<(L, R)> {
    pairs.sort_by_key(|&(likeness, left, right)| (std::cmp::Reverse(likeness), left, right));
    let (mut lefts, mut rights) = (HashSet::new(), HashSet::new());
    let mut found = Vec::new();
    for (_, left, right) in pairs.into_iter().filter(|(likeness, ..)| *likeness >= ALIKE) {
        if !lefts.contains(&left) && !rights.contains(&right) {
            lefts.insert(left);
            rights.insert(right);
            found.push((left, right));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_best_pairs_are_taken_first_and_each_block_once() {
        let found = best_pairs(vec![(400, 0, 0), (900, 0, 1), (800, 1, 1), (350, 1, 0), (100, 2, 2)]);
        assert_eq!(found, [(0, 1), (1, 0)]);
    }
}
