//! Which of two lists of siblings are the same directives.
//!
//! Invariant: nothing is paired because it is similar: keys are equal, or a
//! set-like key shares members with one directive and no other. Where keys
//! stand several times and their counts differ, only what means the same is
//! paired. Takes near-linear time.

use super::outline::{Item, Meaning};
use crate::identity::{Identity, Key};
use std::collections::{BTreeSet, HashMap};

/// For each of `left` its partner in `right`, by position.
pub fn pair(left: &[&Item<'_>], right: &[&Item<'_>]) -> Vec<Option<usize>> {
    let mut pairs = Pairs { left, right, of_left: vec![None; left.len()], of_right: vec![None; right.len()] };
    pairs.by_key();
    pairs.by_member();
    pairs.by_half();
    pairs.of_left
}

struct Pairs<'a> {
    left: &'a [&'a Item<'a>],
    right: &'a [&'a Item<'a>],
    of_left: Vec<Option<usize>>,
    of_right: Vec<Option<usize>>,
}

/// Who has a member: one directive, or several.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Owner {
    One(usize),
    Several,
}

impl Pairs<'_> {
    fn by_key(&mut self) {
        let mut groups: HashMap<&Key, (Vec<usize>, Vec<usize>)> = HashMap::new();
        for (index, item) in self.left.iter().enumerate() {
            groups.entry(&item.identity.key).or_default().0.push(index);
        }
        for (index, item) in self.right.iter().enumerate() {
            if let Some((_, right)) = groups.get_mut(&item.identity.key) {
                right.push(index);
            }
        }
        for (left, right) in groups.into_values() {
            self.group(&left, &right);
        }
    }

    /// Directives with one key: those that mean the same first; then, where as
    /// many are left on both sides, one after the other.
    fn group(&mut self, left: &[usize], right: &[usize]) {
        let mut waiting: HashMap<Meaning, Vec<usize>> = HashMap::new();
        for &index in right.iter().rev() {
            waiting.entry(self.right[index].meaning).or_default().push(index);
        }
        for &index in left {
            if let Some(partner) = waiting.get_mut(&self.left[index].meaning).and_then(Vec::pop) {
                self.join(index, partner);
            }
        }
        let left: Vec<_> = left.iter().copied().filter(|&index| self.of_left[index].is_none()).collect();
        let right: Vec<_> = right.iter().copied().filter(|&index| self.of_right[index].is_none()).collect();
        if left.len() == right.len() {
            left.into_iter().zip(right).for_each(|(left, right)| self.join(left, right));
        }
    }

    fn by_member(&mut self) {
        let left = owners(self.left, &self.of_left, |identity| &identity.members);
        let right = owners(self.right, &self.of_right, |identity| &identity.members);
        for index in 0..self.left.len() {
            if self.of_left[index].is_some() {
                continue;
            }
            let only = |item: &Item<'_>, others: &HashMap<&Key, Owner>| {
                let found: BTreeSet<Option<usize>> = item
                    .identity
                    .members
                    .iter()
                    .filter_map(|member| others.get(member))
                    .map(|owner| if let Owner::One(index) = owner { Some(*index) } else { None })
                    .collect();
                if found.len() == 1 { found.into_iter().next().flatten() } else { None }
            };
            let Some(partner) = only(self.left[index], &right) else { continue };
            if only(self.right[partner], &left) == Some(index) {
                self.join(index, partner);
            }
        }
    }

    fn by_half(&mut self) {
        let left = owners(self.left, &self.of_left, |identity| identity.half.as_slice());
        let right = owners(self.right, &self.of_right, |identity| identity.half.as_slice());
        for (key, owner) in left {
            if let (Owner::One(index), Some(&Owner::One(partner))) = (owner, right.get(key)) {
                self.join(index, partner);
            }
        }
    }

    fn join(&mut self, left: usize, right: usize) {
        self.of_left[left] = Some(right);
        self.of_right[right] = Some(left);
    }
}

/// Who among those without a partner has which keys.
fn owners<'a>(
    items: &'a [&'a Item<'a>],
    partners: &[Option<usize>],
    keys: impl Fn(&'a Identity) -> &'a [Key],
) -> HashMap<&'a Key, Owner> {
    let mut found = HashMap::new();
    for (index, item) in items.iter().enumerate().filter(|(index, _)| partners[*index].is_none()) {
        for key in keys(&item.identity) {
            found.entry(key).and_modify(|owner| *owner = Owner::Several).or_insert(Owner::One(index));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::super::outline::{Meanings, Outline};
    use super::*;
    use crate::Tree;

    fn check(left: &str, right: &str, expect: &[Option<usize>]) {
        let trees = [left, right].map(|source| Tree::parse(source).expect("parses"));
        let mut meanings = Meanings::default();
        let [one, other] = [&trees[0], &trees[1]].map(|tree| Outline::of_tree(tree, &mut meanings));
        let items = |outline: &'_ Outline<'_>| outline.roots.clone();
        let left_items: Vec<_> = items(&one).into_iter().map(|index| &one.items[index]).collect();
        let right_items: Vec<_> = items(&other).into_iter().map(|index| &other.items[index]).collect();
        assert_eq!(pair(&left_items, &right_items), expect, "{left} and {right}");
    }

    #[test]
    fn equal_keys_are_paired() {
        check("a 1; gzip on;", "gzip off; a 1;", &[Some(1), Some(0)]);
        check("location /x { a; }", "location /y { a; }", &[None]);
    }

    #[test]
    fn duplicates_are_never_taken_for_one() {
        let two = "location /x { a; } location /x { b; }";
        check(two, two, &[Some(0), Some(1)]);
        check(two, "location /x { b; } location /x { a; }", &[Some(1), Some(0)]);
        check(two, "location /x { c; }", &[None, None]);
        check("location /x { c; }", two, &[None]);
        check(two, "location /x { b; }", &[None, Some(0)]);
        check(two, "location /x { c; } location /x { b; }", &[Some(0), Some(1)]);
    }

    #[test]
    fn servers_are_followed_through_an_added_name_and_a_changed_port() {
        let both = "server { listen 80; server_name a; x; } server { listen 443; server_name a; y; }";
        let named = "server { listen 80; server_name a b; x; } server { listen 443; server_name a b; y; }";
        check(both, named, &[Some(0), Some(1)]);
        let moved = "server { listen 80; server_name a; x; } server { listen 8443; server_name a; y; }";
        check(both, moved, &[Some(0), Some(1)]);
        let joined = "server { listen 80; listen 443; server_name a; }";
        check(both, joined, &[None, None]);
        check(joined, both, &[None]);
        check("server { listen 80; server_name a; }", "server { listen 80; server_name b; }", &[None]);
        check("server { listen 80; }", "server { listen 81; }", &[None]);
        check("error_page 500 502 /x;", "error_page 502 503 /x;", &[Some(0)]);
    }
}
