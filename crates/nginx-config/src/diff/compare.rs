//! What differs between two outlines, as places in both.
//!
//! Invariant: each difference is named once: a directive that only one side
//! has stands for everything in it. Takes near-linear time, and nesting costs
//! memory only.

use super::at::{Any, At, Base, Ours, Whose};
use super::outline::{Meanings, Outline};
use super::pairing::{Siblings, pair};
use super::trivia::Units;
use crate::config::Config;
use crate::identity::OrderClass;
use crate::position::Span;
use crate::tree::Tree;
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// Blocks of more bytes than this are compared by what they hold.
const LONGEST_EQUAL: usize = 4_096;

/// What kind of difference it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// Only the new side has the directive.
    Added,
    /// Only the old side has it.
    Removed,
    /// It has another value; of a block, other arguments.
    Changed,
    /// It stands in another place among siblings whose order has a meaning.
    Moved,
    /// Only its comments differ.
    Comment,
    /// Only white space or the spelling of a word differ.
    Spacing,
}

/// One difference; which places are there follows from the kind. Comments
/// outside of all blocks that belong to no directive have none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Difference {
    /// The kind.
    pub kind: Kind,
    /// The directive of the old side.
    pub old: Option<At<Base>>,
    /// The directive of the new side.
    pub new: Option<At<Ours>>,
}

/// An outline with the units of its trees.
#[derive(Debug)]
pub struct Side<'s, S = Any> {
    /// Its directives.
    pub outline: Outline<'s, S>,
    /// The one tree it is made of, where it is.
    pub tree: Option<&'s Tree>,
    units: HashMap<*const Tree, Units<'s>>,
}

impl<'s, S: Whose> Side<'s, S> {
    /// One file.
    pub fn of_tree(tree: &'s Tree, meanings: &mut Meanings) -> Self {
        let mut side = Self::of(Outline::of_tree(tree, meanings));
        side.tree = Some(tree);
        side.units.entry(std::ptr::from_ref(tree)).or_insert_with(|| Units::of(tree));
        side
    }

    /// A configuration, includes expanded.
    pub fn of_config(config: &'s Config, meanings: &mut Meanings) -> Self {
        Self::of(Outline::of_config(config, meanings))
    }

    fn of(outline: Outline<'s, S>) -> Self {
        let mut units = HashMap::new();
        for item in outline.items.iter() {
            units.entry(std::ptr::from_ref(item.tree)).or_insert_with(|| Units::of(item.tree));
        }
        Self { outline, tree: None, units }
    }

    /// The comments that belong to an item.
    pub fn notes(&self, index: At<S>) -> Vec<&'s [u8]> {
        let item = &self.outline.items[index];
        self.units_of(index).notes(item.id)
    }

    /// The comments in an item's block that belong to no directive in it.
    pub fn loose_notes(&self, index: At<S>) -> Vec<&'s [u8]> {
        self.units_of(index).loose(Some(self.outline.items[index].id))
    }

    /// The comments outside of all blocks that belong to no directive.
    pub fn file_notes(&self) -> Vec<&'s [u8]> {
        self.root_units().map(|units| units.loose(None)).unwrap_or_default()
    }

    /// The units of the one tree there is.
    pub fn root_units(&self) -> Option<&Units<'s>> {
        self.units.get(&std::ptr::from_ref(self.tree?))
    }

    /// The units of the tree that an item stands in.
    pub fn units_of(&self, index: At<S>) -> &Units<'s> {
        &self.units[&std::ptr::from_ref(self.outline.items[index].tree)]
    }

    /// All that is written of an item, with what stands in it.
    fn whole(&self, index: At<S>) -> &'s [u8] {
        let (units, id) = (self.units_of(index), self.outline.items[index].id);
        units.text(Span::new(units.gap(id).start, units.tail(id).end))
    }

    /// How an item is written, from its gap to its tail, without what stands in its block.
    fn spelling(&self, index: At<S>) -> [&'s [u8]; 4] {
        let item = &self.outline.items[index];
        let units = self.units_of(index);
        let foot = if item.is_block() { units.text(units.foot(Some(item.id))) } else { b"" };
        [
            units.text(units.gap(item.id)),
            units.text(units.head(item.id)),
            foot,
            units.text(units.tail(item.id)),
        ]
    }
}

/// All differences between two outlines.
pub fn compare(old: &Side<'_, Base>, new: &Side<'_, Ours>) -> Vec<Difference> {
    let mut comparison = Comparison { old, new, found: Vec::new(), open: Vec::new() };
    comparison.lists(&old.outline.roots, &new.outline.roots);
    let mut found = comparison.run();
    if old.file_notes() != new.file_notes() {
        found.push(Difference { kind: Kind::Comment, old: None, new: None });
    }
    found
}

/// The differences between two directives that are paired.
pub fn compare_pair(old: &Side<'_, Base>, new: &Side<'_, Ours>, pair: Pair) -> Vec<Difference> {
    Comparison { old, new, found: Vec::new(), open: vec![Task::Pair(pair.0, pair.1)] }.run()
}

/// What differs of two paired directives themselves, whatever stands in them.
pub fn compare_heads(old: &Side<'_, Base>, new: &Side<'_, Ours>, (from, to): Pair) -> Vec<Difference> {
    let (old_item, new_item) = (&old.outline.items[from], &new.outline.items[to]);
    let found = |kind| Difference { kind, old: Some(from), new: Some(to) };
    let mut differences = Vec::new();
    let same_value = same_value(old, new, (from, to), old_item.is_block() && new_item.is_block());
    if !same_value {
        differences.push(found(Kind::Changed));
    }
    let same_loose = !old_item.is_block() || old.loose_notes(from) == new.loose_notes(to);
    if old.notes(from) != new.notes(to) || !same_loose {
        differences.push(found(Kind::Comment));
    } else if same_value && old.spelling(from) != new.spelling(to) {
        differences.push(found(Kind::Spacing));
    }
    differences
}

/// Whether two directives say the same; of blocks, their own words do.
pub fn same_value<L: Whose, R: Whose>(
    old: &Side<'_, L>,
    new: &Side<'_, R>,
    pair: (At<L>, At<R>),
    are_blocks: bool,
) -> bool {
    if are_blocks {
        return same_words(old, new, pair);
    }
    old.outline.items[pair.0].meaning == new.outline.items[pair.1].meaning
}

/// Whether two directives have one name and the same arguments.
pub fn same_words<L: Whose, R: Whose>(
    old: &Side<'_, L>,
    new: &Side<'_, R>,
    (from, to): (At<L>, At<R>),
) -> bool {
    let (from, to) = (old.outline.items[from].directive(), new.outline.items[to].directive());
    from.words().map(|word| word.value).eq(to.words().map(|word| word.value))
}

/// For each of a list its partner in another one.
pub type Partners<R> = Vec<Option<At<R>>>;

/// The pairs of two lists of siblings, and who is left.
pub fn pair_lists<L: Whose, R: Whose>(
    old: &Outline<'_, L>,
    new: &Outline<'_, R>,
    from: &[At<L>],
    to: &[At<R>],
) -> Partners<R> {
    pair_and_doubt(old, new, from, to).0
}

/// A block, and those of the other side that it may be.
pub type Doubt<L, R> = (At<L>, Vec<At<R>>);

/// The same, with the server blocks that fit several.
pub fn pair_and_doubt<L: Whose, R: Whose>(
    old: &Outline<'_, L>,
    new: &Outline<'_, R>,
    from: &[At<L>],
    to: &[At<R>],
) -> (Partners<R>, Vec<Doubt<L, R>>) {
    let found = pair(Siblings { outline: old, list: from }, Siblings { outline: new, list: to });
    let partners = found.partners.into_iter().map(|partner| partner.map(|partner| to[partner])).collect();
    let doubt =
        |(at, others): (usize, BTreeSet<usize>)| (from[at], others.iter().map(|&at| to[at]).collect());
    (partners, found.ambiguous.into_iter().map(doubt).collect())
}

/// One directive in both.
pub type Pair = (At<Base>, At<Ours>);

/// Which of these pairs moved: the fewest that must, within each class of order.
pub fn moved(old: &Outline<'_, Base>, pairs: &[Pair]) -> Vec<Pair> {
    let mut classes: BTreeMap<OrderClass, Vec<Pair>> = BTreeMap::new();
    for &pair in pairs {
        if let Some(class) = old.items[pair.0].identity.order {
            classes.entry(class).or_default().push(pair);
        }
    }
    classes.into_values().flat_map(out_of_order).collect()
}

/// What is outside of a longest increasing run, by patience sorting.
fn out_of_order(mut pairs: Vec<Pair>) -> Vec<Pair> {
    pairs.sort_unstable();
    let mut ends: Vec<usize> = Vec::new();
    let mut before: Vec<Option<usize>> = Vec::with_capacity(pairs.len());
    for (index, &(_, new)) in pairs.iter().enumerate() {
        let pile = ends.partition_point(|&end| pairs[end].1 < new);
        before.push(pile.checked_sub(1).map(|pile| ends[pile]));
        if pile == ends.len() { ends.push(index) } else { ends[pile] = index }
    }
    let mut stays = vec![false; pairs.len()];
    let mut next = ends.last().copied();
    while let Some(index) = next {
        stays[index] = true;
        next = before[index];
    }
    pairs.into_iter().zip(stays).filter(|(_, stays)| !stays).map(|(pair, _)| pair).collect()
}

enum Task {
    Pair(At<Base>, At<Ours>),
    Only(Difference),
}

struct Comparison<'a, 's> {
    old: &'a Side<'s, Base>,
    new: &'a Side<'s, Ours>,
    found: Vec<Difference>,
    /// What is left to look at, the next one last.
    open: Vec<Task>,
}

impl Comparison<'_, '_> {
    fn run(mut self) -> Vec<Difference> {
        while let Some(task) = self.open.pop() {
            match task {
                Task::Only(difference) => self.found.push(difference),
                Task::Pair(from, to) if self.are_equal_bytes(from, to) => {}
                Task::Pair(from, to) => {
                    self.found.extend(compare_heads(self.old, self.new, (from, to)));
                    let (old, new) = (&self.old.outline, &self.new.outline);
                    self.lists(&old.items[from].children, &new.items[to].children);
                }
            }
        }
        self.found
    }

    /// Whether both are written alike, with their comments and all that stands in them. What is longer is not looked at:
    /// of nested blocks each would be read once for every block around it.
    fn are_equal_bytes(&self, from: At<Base>, to: At<Ours>) -> bool {
        // Where includes are expanded, something else may stand behind the same words.
        if self.old.tree.is_none() || self.new.tree.is_none() {
            return false;
        }
        let (old, new) = (self.old.whole(from), self.new.whole(to));
        old.len() <= LONGEST_EQUAL && old == new
    }

    fn lists(&mut self, from: &[At<Base>], to: &[At<Ours>]) {
        let partners = pair_lists(&self.old.outline, &self.new.outline, from, to);
        let pairs: Vec<_> =
            from.iter().zip(&partners).filter_map(|(&old, new)| Some((old, (*new)?))).collect();
        let mut tasks: Vec<Task> = Vec::new();
        for (&old, partner) in from.iter().zip(&partners) {
            tasks.push(match partner {
                Some(new) => Task::Pair(old, *new),
                None => Task::Only(Difference { kind: Kind::Removed, old: Some(old), new: None }),
            });
        }
        let moves = moved(&self.old.outline, &pairs);
        let moves = moves.into_iter().map(|(old, new)| (Kind::Moved, Some(old), new));
        let taken: BTreeSet<_> = pairs.iter().map(|(_, new)| *new).collect();
        let added = to.iter().filter(|new| !taken.contains(new)).map(|&new| (Kind::Added, None, new));
        tasks.extend(
            moves.chain(added).map(|(kind, old, new)| Task::Only(Difference { kind, old, new: Some(new) })),
        );
        self.open.extend(tasks.into_iter().rev());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(old: &str, new: &str, expect: &[(Kind, &str)]) {
        let trees = [old, new].map(|source| Tree::parse(source).expect("parses"));
        let mut meanings = Meanings::default();
        let old_side = Side::of_tree(&trees[0], &mut meanings);
        let new_side = Side::of_tree(&trees[1], &mut meanings);
        let name = |difference: &Difference| {
            let (tree, id) = match (difference.new, difference.old) {
                (Some(new), _) => (&trees[1], new.id()),
                (None, Some(old)) => (&trees[0], old.id()),
                (None, None) => panic!("a difference of nothing"),
            };
            String::from_utf8_lossy(&tree.source()[tree.directive(id).span.range()]).into_owned()
        };
        let found = compare(&old_side, &new_side);
        let shown: Vec<_> = found.iter().map(|difference| (difference.kind, name(difference))).collect();
        let shown: Vec<_> = shown.iter().map(|(kind, name)| (*kind, name.as_str())).collect();
        assert_eq!(shown, expect, "{old} → {new}");
    }

    #[test]
    fn each_difference_is_named_once() {
        check("a 1; b 2;", "b   2;a 1;", &[(Kind::Spacing, "b   2;")]);
        check("gzip on;", "gzip off;", &[(Kind::Changed, "gzip off;")]);
        check("s { a 1; }", "s { a 2 3; }", &[(Kind::Removed, "a 1;"), (Kind::Added, "a 2 3;")]);
        check("s { location /x { a; } }", "s { }", &[(Kind::Removed, "location /x { a; }")]);
        check(
            "allow a; deny all;",
            "deny all; allow a;",
            &[(Kind::Spacing, "allow a;"), (Kind::Spacing, "deny all;"), (Kind::Moved, "allow a;")],
        );
        check("a;", "# c\na;", &[(Kind::Comment, "a;")]);
        check("a { b; }", "a { b; # c\n }", &[(Kind::Spacing, "a { b; # c\n }"), (Kind::Comment, "b;")]);
    }

    #[test]
    fn deep_nesting_costs_no_stack() {
        let old = "a{".repeat(50_000) + &"}".repeat(50_000);
        let new = "a{".repeat(50_000) + "b;" + &"}".repeat(50_000);
        check(&old, &new, &[(Kind::Added, "b;")]);
    }
}
