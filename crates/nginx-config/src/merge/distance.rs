//! How much of a base is found in a file: what decides whether the file
//! descends from it.
//!
//! Invariant: a directive is found where it stands in the same block with the
//! same arguments; a block counts by itself and for each directive in it.

use crate::diff::at::{Base, Ours};
use crate::diff::compare::{Side, pair_lists, same_words};
use crate::diff::outline::Meanings;
use crate::tree::Tree;

/// How many of a base's directives a file has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Share {
    /// Directives of the base that the file has.
    pub found: usize,
    /// Directives of the base.
    pub total: usize,
}

impl Share {
    /// Whether at least so many in a hundred are found; of nothing, all are.
    #[must_use]
    pub fn is_at_least(self, percent: usize) -> bool {
        self.found.saturating_mul(100) >= self.total.saturating_mul(percent)
    }

    /// Whether more of its base is found than of the other's: the nearer one.
    #[must_use]
    pub fn is_nearer_than(self, other: Self) -> bool {
        self.found.saturating_mul(other.total) > other.found.saturating_mul(self.total)
    }
}

/// The share of the base's directives that are found in ours.
#[must_use]
pub fn distance(base: &Tree, ours: &Tree) -> Share {
    let mut meanings = Meanings::default();
    let base: Side<'_, Base> = Side::of_tree(base, &mut meanings);
    let ours: Side<'_, Ours> = Side::of_tree(ours, &mut meanings);
    let mut share = Share { found: 0, total: base.outline.items.len() };
    let mut open = vec![(base.outline.roots.as_slice(), ours.outline.roots.as_slice())];
    while let Some((from, to)) = open.pop() {
        let partners = pair_lists(&base.outline, &ours.outline, from, to);
        for (&old, new) in from.iter().zip(partners) {
            let Some(new) = new else { continue };
            let (item, other) = (&base.outline.items[old], &ours.outline.items[new]);
            let is_found =
                item.meaning == other.meaning || item.is_block() && same_words(&base, &ours, (old, new));
            share.found += usize::from(is_found);
            open.push((&item.children, &other.children));
        }
    }
    share
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(base: &str, ours: &str, found: usize, total: usize) {
        let [base, ours] = [base, ours].map(|source| Tree::parse(source).expect("parses"));
        assert_eq!(distance(&base, &ours), Share { found, total });
    }

    #[test]
    fn directives_are_found_in_their_blocks() {
        let base = "server { listen 80; server_name a; location / { root /x; } }";
        check(base, base, 5, 5);
        check(base, "server { server_name a; listen 80; gzip on; location / { root /y; } }", 4, 5);
        check(base, "server { listen 81; location / { root /x; } }", 0, 5);
        check("", "a;", 0, 0);
    }

    #[test]
    fn shares_are_compared_without_rounding() {
        assert!(Share { found: 4, total: 5 }.is_at_least(80));
        assert!(!Share { found: 79, total: 99 }.is_at_least(80));
        assert!(Share { found: 0, total: 0 }.is_at_least(80));
        assert!(Share { found: 9, total: 10 }.is_nearer_than(Share { found: 8, total: 9 }));
        assert!(!Share { found: 2, total: 4 }.is_nearer_than(Share { found: 1, total: 2 }));
    }
}
