//! Which directives of many files are the same one: level by level, by the
//! identities that merges are made by.
//!
//! Invariant: each directive of a file is in at most one slot, and a slot has
//! at most one of each file. A slot is only made of what enough files have;
//! the others are told as missed. Takes near-linear time in all directives.

use super::file::File;
use crate::diff::at::At;
use crate::diff::purpose::Role;
use crate::identity::Key;
use crate::likeness::{Features, best_pairs, likeness};
use crate::tree::Body;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

/// One directive of one file: the file's place in the list, and the directive.
pub type Member = (usize, At);

/// One block in all files that have it: what stands in it, by file.
type Lists<'f> = Vec<(usize, &'f [At])>;

/// One directive in all files that have it.
#[derive(Debug)]
pub struct Slot {
    /// Where it is, by file.
    pub members: Vec<Member>,
    /// The block it stands in.
    pub parent: Option<usize>,
    /// What stands in it, in the order in which most files have it.
    pub children: Vec<usize>,
}

/// What too few files have in a block that enough of them have.
#[derive(Debug)]
pub struct Missed {
    /// Where it is.
    pub members: Vec<Member>,
    /// The block it stands in.
    pub parent: Option<usize>,
}

/// All files, aligned.
#[derive(Debug, Default)]
pub struct Aligned {
    /// Every slot; a block stands before what is in it.
    pub slots: Vec<Slot>,
    /// Those outside of all blocks.
    pub roots: Vec<usize>,
    /// What is in no slot.
    pub missed: Vec<Missed>,
}

/// Directives of a fleet whose first word may be each server's own: without
/// it they are still one directive.
const LOOSE: [&str; 5] = ["access_log", "error_log", "listen", "server", "upstream"];

/// What is the same in two files: equal keys first, then what only differs in
/// what a server has for itself. The number tells siblings apart.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
enum Same {
    Key(Key, u32),
    Masked { name: Vec<u8>, words: Vec<Vec<u8>>, is_block: bool, number: u32 },
}

/// Aligns these files; a slot is what at least `need` of them have.
pub fn align(files: &[&File<'_>], need: usize) -> Aligned {
    let mut aligned = Aligned::default();
    let roots = files.iter().enumerate().map(|(at, file)| (at, file.outline.roots.as_slice()));
    let mut open: Vec<(Option<usize>, Lists<'_>)> = vec![(None, roots.collect())];
    while let Some((parent, lists)) = open.pop() {
        let (found, missed) = level(files, &lists, need);
        aligned.missed.extend(missed.into_iter().map(|members| Missed { members, parent }));
        let first = aligned.slots.len();
        for members in in_order(found) {
            let slot = aligned.slots.len();
            let inside = members.iter().map(|&(at, item)| (at, files[at].outline.children(Some(item))));
            open.push((Some(slot), inside.collect()));
            aligned.slots.push(Slot { members, parent, children: Vec::new() });
        }
        let children = (first..aligned.slots.len()).collect();
        match parent {
            Some(parent) => aligned.slots[parent].children = children,
            None => aligned.roots = children,
        }
    }
    aligned
}

type Groups = Vec<Vec<Member>>;

/// One block in all files that have it: what enough of them have, and the rest.
fn level(files: &[&File<'_>], lists: &[(usize, &[At])], need: usize) -> (Groups, Groups) {
    let mut found = Groups::new();
    let is_server = |at: usize, item: At| files[at].servers.contains_key(&item);
    let keyed = grouped(
        lists.iter().map(|&(at, list)| {
            let items = list.iter().copied().filter(move |&item| !is_server(at, item));
            (at, items.collect::<Vec<_>>())
        }),
        |at, item| Same::Key(files[at].outline.items[item].identity.key.clone(), 0),
    );
    let (mut enough, few): (Groups, Groups) = keyed.into_iter().partition(|group| group.len() >= need);
    let mut left: BTreeMap<usize, Vec<At>> = BTreeMap::new();
    for &(at, item) in few.iter().flatten() {
        left.entry(at).or_default().push(item);
    }
    left.values_mut().for_each(|items| items.sort_unstable());
    enough.iter_mut().for_each(|group| joined(files, lists, group, &mut left));
    found.extend(enough);
    let masked = grouped(left.into_iter(), |at, item| same_but_for_names(files[at], item));
    found.extend(masked.into_iter().filter(|group| group.len() >= need));
    let taken: HashSet<Member> = found.iter().flatten().copied().collect();
    // What was not taken after all is told by its own key.
    let mut missed: Groups = few
        .into_iter()
        .map(|group| group.into_iter().filter(|member| !taken.contains(member)).collect::<Vec<_>>())
        .filter(|group: &Vec<Member>| !group.is_empty())
        .collect();
    for group in server_blocks(files, lists) {
        if group.len() >= need { found.push(group) } else { missed.push(group) }
    }
    (found, missed)
}

/// Adds to a directive that may be each server's own those files in which it
/// is another: most listen on one port, and some on theirs.
fn joined(
    files: &[&File<'_>],
    lists: &[(usize, &[At])],
    group: &mut Vec<Member>,
    left: &mut BTreeMap<usize, Vec<At>>,
) {
    let (at, item) = group[0];
    if !LOOSE.iter().any(|name| files[at].outline.items[item].directive().is(name)) {
        return;
    }
    let wanted = same_but_for_names(files[at], item);
    let known: HashSet<usize> = group.iter().map(|member| member.0).collect();
    for &(at, _) in lists.iter().filter(|(at, _)| !known.contains(at)) {
        let Some(items) = left.get_mut(&at) else { continue };
        if let Some(found) = items.iter().position(|&item| same_but_for_names(files[at], item) == wanted) {
            group.push((at, items.remove(found)));
        }
    }
    group.sort_unstable();
}

/// The members of lists by what makes them the same; of several in one file
/// that are, each is its own.
fn grouped(lists: impl Iterator<Item = (usize, Vec<At>)>, same: impl Fn(usize, At) -> Same) -> Groups {
    let mut groups: HashMap<Same, Vec<Member>> = HashMap::new();
    for (at, items) in lists {
        let mut numbers: HashMap<Same, u32> = HashMap::new();
        for item in items {
            let mut key = same(at, item);
            let next = numbers.entry(key.clone()).or_insert(0);
            match &mut key {
                Same::Key(_, number) | Same::Masked { number, .. } => *number = *next,
            }
            *next += 1;
            groups.entry(key).or_default().push((at, item));
        }
    }
    let mut groups: Vec<_> = groups.into_iter().collect();
    groups.sort_unstable();
    groups.into_iter().map(|(_, members)| members).collect()
}

fn same_but_for_names(file: &File<'_>, item: At) -> Same {
    let directive = file.outline.items[item].directive();
    let is_loose = LOOSE.iter().any(|name| directive.is(name)) && !directive.args.is_empty();
    let words = match directive.arg(0) {
        Some(address) if directive.is("listen") => vec![shape(address)],
        _ if is_loose => Vec::new(),
        _ => file.masked[item].clone(),
    };
    let is_block = matches!(directive.body, Body::Block { .. });
    Same::Masked { name: directive.name.value.to_vec(), words, is_block, number: 0 }
}

/// `[::]:443` and `[::]:8443` have one shape; an address of the server's own
/// is as good as none.
fn shape(address: &[u8]) -> Vec<u8> {
    let is_v6 = address.starts_with(b"[");
    if address.starts_with(b"unix:") { b"unix".to_vec() } else { vec![if is_v6 { b'6' } else { b'4' }] }
}

/// A server block in several files.
struct Cluster<'f> {
    role: Role,
    members: Vec<Member>,
    /// How many members have each feature.
    counts: BTreeMap<&'f [u8], usize>,
}

impl<'f> Cluster<'f> {
    /// What at least half of its members have.
    fn core(&self) -> BTreeSet<&'f [u8]> {
        let is_common = |count: usize| count * 2 >= self.members.len();
        self.counts.iter().filter(|(_, count)| is_common(**count)).map(|(name, _)| *name).collect()
    }
}

/// One of this many files has to have what server blocks are compared by: what
/// a customer has alone, however much, makes his block no other one.
const ONE_OF: usize = 5;

/// What more files have than one customer's own would.
fn common<'f>(files: &[&'f File<'_>], lists: &[(usize, &[At])]) -> HashSet<&'f [u8]> {
    let mut counts: HashMap<&[u8], usize> = HashMap::new();
    for &(at, list) in lists {
        let blocks = list.iter().filter_map(|item| files[at].servers.get(item));
        let own: HashSet<&[u8]> = blocks.flat_map(|block| block.all.iter().map(Vec::as_slice)).collect();
        own.into_iter().for_each(|feature| *counts.entry(feature).or_insert(0) += 1);
    }
    let fewest = (lists.len() / ONE_OF).max(2);
    counts.into_iter().filter(|(_, count)| *count >= fewest).map(|(feature, _)| feature).collect()
}

/// The server blocks of all files, by what they look like.
fn server_blocks(files: &[&File<'_>], lists: &[(usize, &[At])]) -> Groups {
    let common = common(files, lists);
    let mut clusters: Vec<Cluster<'_>> = Vec::new();
    for &(at, list) in lists {
        let servers: Vec<_> = list
            .iter()
            .filter_map(|item| {
                let Features { role, all } = files[at].servers.get(item)?;
                let all = all.iter().map(Vec::as_slice).filter(|feature| common.contains(feature));
                Some((*item, *role, all.collect::<BTreeSet<_>>()))
            })
            .collect();
        let cores: Vec<_> = clusters.iter().map(|cluster| (cluster.role, cluster.core())).collect();
        let mut pairs = Vec::new();
        for (left, (_, role, features)) in servers.iter().enumerate() {
            let fitting = cores.iter().enumerate().filter(|(_, (other, _))| other == role);
            pairs.extend(fitting.map(|(right, (_, core))| (likeness(features, core), left, right)));
        }
        let mut to: HashMap<usize, usize> = best_pairs(pairs).into_iter().collect();
        for (left, (item, role, features)) in servers.into_iter().enumerate() {
            let cluster = to.remove(&left).unwrap_or_else(|| {
                clusters.push(Cluster { role, members: Vec::new(), counts: BTreeMap::new() });
                clusters.len() - 1
            });
            clusters[cluster].members.push((at, item));
            for feature in features {
                *clusters[cluster].counts.entry(feature).or_insert(0) += 1;
            }
        }
    }
    clusters.into_iter().map(|cluster| cluster.members).collect()
}

/// Groups in the order in which most files have them: by the middle of their
/// places, since what few have or moved shifts the places of the others.
fn in_order(groups: Groups) -> Groups {
    let mut places: HashMap<Member, usize> = HashMap::new();
    let mut by_file: BTreeMap<usize, Vec<At>> = BTreeMap::new();
    for &(at, item) in groups.iter().flatten() {
        by_file.entry(at).or_default().push(item);
    }
    for (at, mut items) in by_file {
        items.sort_unstable();
        let len = items.len();
        places.extend(items.into_iter().enumerate().map(|(rank, item)| ((at, item), rank * 1_000_000 / len)));
    }
    let mut ordered: Vec<_> = groups
        .into_iter()
        .map(|group| {
            let mut ranks: Vec<_> = group.iter().map(|member| places[member]).collect();
            ranks.sort_unstable();
            (ranks[ranks.len() / 2], group)
        })
        .collect();
    ordered.sort_by_key(|(rank, group)| (*rank, group[0]));
    ordered.into_iter().map(|(_, group)| group).collect()
}
