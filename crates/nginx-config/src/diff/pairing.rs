//! Which of two lists of siblings are the same directives.
//!
//! Invariant: nothing is paired because its text is similar: keys are equal, a
//! set-like key shares members with one directive and no other, or a server
//! block is for the same as one other and no more. Where keys stand several
//! times and their counts differ, only what means the same is paired. Takes
//! near-linear time.

use super::at::{At, Whose};
use super::outline::{Item, Meaning, Outline};
use super::purpose::{Purpose, Role, Upstreams, is_server, purpose};
use crate::identity::{Identity, Key};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::hash::Hash;

/// Siblings of one configuration.
pub struct Siblings<'a, 's, S> {
    /// The configuration.
    pub outline: &'a Outline<'s, S>,
    /// Their places in it.
    pub list: &'a [At<S>],
}

/// Who is who, by position in the lists.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Paired {
    /// For each of the left its partner on the right.
    pub partners: Vec<Option<usize>>,
    /// Server blocks of the left that are for the same as several of the
    /// right, or share that one with others: which of the right.
    pub ambiguous: BTreeMap<usize, BTreeSet<usize>>,
}

/// Pairs two lists.
pub fn pair<L: Whose, R: Whose>(left: Siblings<'_, '_, L>, right: Siblings<'_, '_, R>) -> Paired {
    let (left, right) = (Side::of(left), Side::of(right));
    let mut pairs = Pairs {
        of_left: vec![None; left.items.len()],
        of_right: vec![None; right.items.len()],
        left: &left,
        right: &right,
    };
    // A block that serves and one that only redirects may have one name; first
    // each looks for its like, so that neither takes the other's place.
    pairs.by_key();
    pairs.by_shared(|side, at| side.items[at].identity.members.iter().map(move |key| (side.role(at), key)));
    pairs.by_shared(|side, at| side.items[at].identity.half.iter().map(move |key| (side.role(at), key)));
    let mut ambiguous = BTreeMap::new();
    if pairs.has_servers_left() {
        pairs.by_purpose();
        ambiguous = pairs.ambiguous();
        pairs.by_shared(|side, at| side.purposes.contains_key(&at).then_some(&side.items[at].identity.key));
        pairs.by_shared(|side, at| side.items[at].identity.members.iter());
        pairs.by_shared(|side, at| side.items[at].identity.half.iter());
    }
    ambiguous.retain(|&left, _| pairs.of_left[left].is_none());
    Paired { partners: pairs.of_left, ambiguous }
}

/// One of the two lists.
struct Side<'a> {
    items: Vec<Member<'a>>,
    /// What its server blocks are for.
    purposes: HashMap<usize, Purpose>,
    /// Whether somebody said which server block counts, and it is here.
    has_choice: bool,
}

/// One of a list, as far as pairs are made by it.
struct Member<'a> {
    identity: &'a Identity,
    meaning: Meaning,
    is_chosen: bool,
}

struct Pairs<'a> {
    left: &'a Side<'a>,
    right: &'a Side<'a>,
    of_left: Vec<Option<usize>>,
    of_right: Vec<Option<usize>>,
}

impl<'a> Side<'a> {
    fn of<S: Whose>(Siblings { outline, list }: Siblings<'a, 'a, S>) -> Self {
        let member = |&index: &At<S>| {
            let Item { identity, meaning, is_chosen, .. } = &outline.items[index];
            Member { identity, meaning: *meaning, is_chosen: *is_chosen }
        };
        let items: Vec<_> = list.iter().map(member).collect();
        let is_block = |&at: &usize| is_server(outline.items[list[at]].directive());
        let servers: Vec<usize> = (0..list.len()).filter(is_block).collect();
        let upstreams =
            if servers.is_empty() { Upstreams::default() } else { Upstreams::among(outline, list) };
        let purposes = servers.iter().map(|&at| (at, purpose(outline, list[at], &upstreams))).collect();
        let has_choice = servers.iter().any(|&at| items[at].is_chosen);
        Self { items, purposes, has_choice }
    }

    fn role(&self, at: usize) -> Role {
        self.purposes.get(&at).map_or(Role::Answers, |purpose| purpose.role)
    }

    /// What the block is for, if it may be taken for one of another name: of
    /// several, only the one that somebody chose.
    fn open_purpose(&self, at: usize) -> Option<&Purpose> {
        let purpose = self.purposes.get(&at)?;
        let may = purpose.role == Role::Answers && (!self.has_choice || self.items[at].is_chosen);
        may.then_some(purpose)
    }
}

/// Who has a member: one directive, or several.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Owner {
    One(usize),
    Several,
}

impl<'a> Pairs<'a> {
    fn by_key(&mut self) {
        let mut groups: HashMap<(Role, &Key), [Vec<usize>; 2]> = HashMap::new();
        for (at, item) in self.left.items.iter().enumerate() {
            groups.entry((self.left.role(at), &item.identity.key)).or_default()[0].push(at);
        }
        for (at, item) in self.right.items.iter().enumerate() {
            if let Some([_, right]) = groups.get_mut(&(self.right.role(at), &item.identity.key)) {
                right.push(at);
            }
        }
        for [left, right] in groups.into_values() {
            self.group(&left, &right);
        }
    }

    /// Directives with one key: those that mean the same first; then, where as
    /// many are left on both sides, one after the other.
    fn group(&mut self, left: &[usize], right: &[usize]) {
        let mut waiting: HashMap<Meaning, Vec<usize>> = HashMap::new();
        for &index in right.iter().rev() {
            waiting.entry(self.right.items[index].meaning).or_default().push(index);
        }
        for &index in left {
            if let Some(partner) = waiting.get_mut(&self.left.items[index].meaning).and_then(Vec::pop) {
                self.join(index, partner);
            }
        }
        let left: Vec<_> = left.iter().copied().filter(|&index| self.of_left[index].is_none()).collect();
        let right: Vec<_> = right.iter().copied().filter(|&index| self.of_right[index].is_none()).collect();
        if left.len() == right.len() {
            left.into_iter().zip(right).for_each(|(left, right)| self.join(left, right));
        }
    }

    /// Those without a partner that share keys with one of the other side, and
    /// that one with them alone.
    fn by_shared<K: Hash + Eq, L: IntoIterator<Item = K>>(
        &mut self,
        keys: impl Fn(&'a Side<'a>, usize) -> L,
    ) {
        let of = |side: &'a Side<'a>, partners: &[Option<usize>]| -> Vec<Vec<K>> {
            let has_none = |at: usize| partners[at].is_none();
            (0..partners.len())
                .map(|at| if has_none(at) { keys(side, at).into_iter().collect() } else { Vec::new() })
                .collect()
        };
        let (left, right) = (of(self.left, &self.of_left), of(self.right, &self.of_right));
        let (left_owners, right_owners) = (owners(&left), owners(&right));
        for (index, own) in left.iter().enumerate() {
            if let Some(partner) = only(own, &right_owners)
                && only(&right[partner], &left_owners) == Some(index)
            {
                self.join(index, partner);
            }
        }
    }

    fn has_servers_left(&self) -> bool {
        let any = |side: &Side<'_>, partners: &[Option<usize>]| {
            side.purposes.keys().any(|&at| partners[at].is_none())
        };
        any(self.left, &self.of_left) && any(self.right, &self.of_right)
    }

    /// Server blocks whose names differ: by what they proxy to and where they
    /// listen, by what they proxy to, by their locations; then the blocks that
    /// redirect to those.
    fn by_purpose(&mut self) {
        self.by_shared(|side, at| side.open_purpose(at).into_iter().flat_map(ends).collect::<Vec<_>>());
        self.by_shared(|side, at| addresses(side, at));
        // Who proxies to one address with several is in doubt; that one of them
        // has the same locations settles nothing.
        let shared = self.shared_addresses();
        let is_free =
            |side: &Side<'_>, at: usize| !addresses(side, at).iter().any(|one| shared.contains(one));
        self.by_shared(|side, at| {
            let whole = side.open_purpose(at).map(|purpose| purpose.locations.clone());
            whole.filter(|locations| !locations.is_empty() && is_free(side, at))
        });
        self.by_shared(|side, at| if is_free(side, at) { locations(side, at) } else { Vec::new() });
        self.redirects();
    }

    /// What blocks without a partner of both sides proxy to.
    fn shared_addresses(&self) -> BTreeSet<Vec<u8>> {
        let of = |side: &Side<'a>, partners: &[Option<usize>]| -> BTreeSet<Vec<u8>> {
            let open = (0..partners.len()).filter(|&at| partners[at].is_none());
            open.flat_map(|at| addresses(side, at)).collect()
        };
        let (left, right) = (of(self.left, &self.of_left), of(self.right, &self.of_right));
        left.intersection(&right).cloned().collect()
    }

    /// Blocks that redirect, by the blocks that they lead to: a name that was
    /// changed in the one was changed in the other.
    fn redirects(&mut self) {
        let renamed = |side: &Side<'a>, partners: &[Option<usize>], is_left: bool| {
            // By name: the pairs of blocks that have it, each by its left block.
            let mut found: HashMap<Vec<u8>, BTreeSet<usize>> = HashMap::new();
            for (&at, purpose) in &side.purposes {
                let Some(partner) = partners[at].filter(|_| purpose.role == Role::Answers) else { continue };
                for name in &purpose.names {
                    found.entry(name.clone()).or_default().insert(if is_left { at } else { partner });
                }
            }
            let mut keys: Vec<Vec<(usize, Vec<u8>)>> = vec![Vec::new(); side.items.len()];
            for (&at, purpose) in side.purposes.iter().filter(|(_, purpose)| purpose.role == Role::Redirects)
            {
                let leads: BTreeSet<usize> =
                    purpose.names.iter().filter_map(|name| found.get(name)).flatten().copied().collect();
                let ports = |&pair: &usize| purpose.ports.iter().map(move |port| (pair, port.clone()));
                keys[at] = leads.iter().flat_map(ports).collect();
            }
            keys
        };
        let left = renamed(self.left, &self.of_left, true);
        let right = renamed(self.right, &self.of_right, false);
        let left_side = self.left;
        self.by_shared(|side, at| {
            let keys = if std::ptr::eq(side, left_side) { &left } else { &right };
            keys[at].clone()
        });
    }

    /// The blocks that are for the same as some of the other side, and have no
    /// partner because there is more than one.
    fn ambiguous(&self) -> BTreeMap<usize, BTreeSet<usize>> {
        let mut found: BTreeMap<usize, BTreeSet<usize>> = BTreeMap::new();
        let mut holders: HashMap<(bool, Vec<u8>), Vec<usize>> = HashMap::new();
        let keys = |side: &Side<'a>, at: usize| {
            let by_address = addresses(side, at).into_iter().map(|key| (true, key));
            by_address.chain(locations(side, at).into_iter().map(|key| (false, key))).collect::<Vec<_>>()
        };
        for at in (0..self.of_right.len()).filter(|&at| self.of_right[at].is_none()) {
            for key in keys(self.right, at) {
                holders.entry(key).or_default().push(at);
            }
        }
        for at in (0..self.of_left.len()).filter(|&at| self.of_left[at].is_none()) {
            let mut keys = keys(self.left, at);
            // What it proxies to says more than by which locations.
            if keys.iter().any(|key| key.0 && holders.contains_key(key)) {
                keys.retain(|key| key.0);
            }
            let others: BTreeSet<usize> =
                keys.iter().filter_map(|key| holders.get(key)).flatten().copied().collect();
            if !others.is_empty() {
                found.insert(at, others);
            }
        }
        found
    }

    fn join(&mut self, left: usize, right: usize) {
        self.of_left[left] = Some(right);
        self.of_right[right] = Some(left);
    }
}

/// Each address at each port of a block.
fn ends(purpose: &Purpose) -> Vec<(&[u8], &[u8])> {
    let ports = |address| purpose.ports.iter().map(move |port: &Vec<u8>| (address, port.as_slice()));
    purpose.addresses.iter().flat_map(|address| ports(address.as_slice())).collect()
}

fn addresses(side: &Side<'_>, at: usize) -> Vec<Vec<u8>> {
    side.open_purpose(at).map(|purpose| purpose.addresses.iter().cloned().collect()).unwrap_or_default()
}

fn locations(side: &Side<'_>, at: usize) -> Vec<Vec<u8>> {
    side.open_purpose(at).map(|purpose| purpose.locations.iter().cloned().collect()).unwrap_or_default()
}

/// Who has which keys.
fn owners<K: Hash + Eq>(keys: &[Vec<K>]) -> HashMap<&K, Owner> {
    let mut found = HashMap::new();
    for (index, own) in keys.iter().enumerate() {
        for key in own {
            let owner = found.entry(key).or_insert(Owner::One(index));
            if *owner != Owner::One(index) {
                *owner = Owner::Several;
            }
        }
    }
    found
}

/// The one who has all that others have of these keys.
fn only<K: Hash + Eq>(keys: &[K], others: &HashMap<&K, Owner>) -> Option<usize> {
    let mut found = None;
    for owner in keys.iter().filter_map(|key| others.get(key)) {
        match (*owner, found) {
            (Owner::Several, _) => return None,
            (Owner::One(one), Some(other)) if one != other => return None,
            (Owner::One(one), _) => found = Some(one),
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
        let [one, other] =
            [&trees[0], &trees[1]].map(|tree| -> Outline<'_> { Outline::of_tree(tree, &mut meanings) });
        let [first, second] = [&one, &other].map(|outline| Siblings { outline, list: &outline.roots });
        assert_eq!(pair(first, second).partners, expect, "{left} and {right}");
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
