//! Fills the blanks of a base with what stands in the server's own file, and
//! puts the same into the vendor's new one: what each server has for itself is
//! nobody's change.
//!
//! Invariant: only words of a directive whose base has a blank are filled, and
//! the new file gets a value in the place of a blank alone. A setting that the
//! new file lacks stays the server's own: whether it was changed from what the
//! blank stands for is not known.

use crate::blank::{fits, has_blank, is_pattern, notes, taken, taken_loosely, values};
use crate::diff::at::{At, Base, Ours, Table, Theirs, Whose};
use crate::diff::compare::pair_lists;
use crate::diff::outline::{Meanings, Outline};
use crate::likeness::{Features, best_pairs, features, likeness};
use crate::position::SyntaxError;
use crate::splice::{Splice, splice};
use crate::tree::{Directive, Tree};
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::ops::Range;

/// A base without blanks, and the new file with what was filled in.
pub(super) struct Filled {
    pub base: Tree,
    pub theirs: Tree,
    /// Words of the server's own that were filled in.
    pub values: HashSet<Vec<u8>>,
}

/// The base as it was on the server that `ours` is from: its blanks filled,
/// its notes left out.
///
/// # Errors
/// Where a word no longer fits nginx's buffer.
pub fn fill_base(base: &Tree, ours: &Tree) -> Result<Tree, SyntaxError> {
    Ok(fill(base, ours, ours)?.map_or_else(|| base.clone(), |filled| filled.base))
}

/// Both of the vendor's files with the server's own values; `None` for a base
/// without blanks.
pub(super) fn fill(base: &Tree, ours: &Tree, theirs: &Tree) -> Result<Option<Filled>, SyntaxError> {
    if !is_pattern(base) {
        return Ok(None);
    }
    let mut meanings = Meanings::default();
    let (from, here) = (Outline::of_tree(base, &mut meanings), Outline::of_tree(ours, &mut meanings));
    let there = Outline::of_tree(theirs, &mut meanings);
    let filling = Filling {
        in_ours: partners(&from, &here),
        in_theirs: partners(&from, &there),
        base: &from,
        ours: &here,
        theirs: &there,
    };
    let (base_splices, their_splices) = filling.splices();
    let spliced = |tree: &Tree, splices: Vec<Splice>| {
        Tree::parse(splice(tree.source(), &splices).expect("no two directives overlap"))
    };
    let notes = notes(base).map(|range| Splice { range, text: Vec::new() });
    let gone: Vec<Range<usize>> = base_splices.iter().map(|splice| splice.range.clone()).collect();
    let is_apart = |note: &Splice| !gone.iter().any(|range| range.contains(&note.range.start));
    let mut all: Vec<Splice> = notes.filter(is_apart).collect();
    all.extend(base_splices);
    all.sort_by_key(|splice| splice.range.start);
    let values = filling.values();
    Ok(Some(Filled { base: spliced(base, all)?, theirs: spliced(theirs, their_splices)?, values }))
}

/// For each directive of the base the one that it is in another file.
type Partners<S> = Table<Base, Option<At<S>>>;

fn partners<S: Whose>(base: &Outline<'_, Base>, other: &Outline<'_, S>) -> Partners<S> {
    let mut found = Table::new(vec![None; base.items.len()]);
    let (base_servers, other_servers) = (features(base), features(other));
    // What the base does not know anywhere makes a block no other one.
    let known: HashSet<&[u8]> = base_servers.values().flat_map(words_of).collect();
    let mut open = vec![(base.roots.as_slice(), other.roots.as_slice())];
    while let Some((from, to)) = open.pop() {
        let mut pairs: Vec<(At<Base>, At<S>)> = Vec::new();
        let mut likenesses = Vec::new();
        for &left in from {
            let Some(features) = base_servers.get(&left) else { continue };
            for &right in to {
                let Some(others) = other_servers.get(&right).filter(|one| one.role == features.role) else {
                    continue;
                };
                let others = words_of(others).filter(|feature| known.contains(feature)).collect();
                likenesses.push((likeness(&words_of(features).collect(), &others), left, right));
            }
        }
        pairs.extend(best_pairs(likenesses));
        let has_blanks =
            |index: At<Base>| base.items[index].directive().args.iter().any(|word| has_blank(word.value));
        let is_plain = |index: &At<Base>| !base_servers.contains_key(index) && !has_blanks(*index);
        let plain: Vec<_> = from.iter().copied().filter(is_plain).collect();
        let others: Vec<_> = to.iter().copied().filter(|index| !other_servers.contains_key(index)).collect();
        let by_key = plain.iter().zip(pair_lists(base, other, &plain, &others));
        pairs.extend(by_key.filter_map(|(&left, right)| Some((left, right?))));
        let taken: HashSet<At<S>> = pairs.iter().map(|(_, right)| *right).collect();
        let blanks = from.iter().copied().filter(|&left| has_blanks(left));
        let free = others.into_iter().filter(|right| !taken.contains(right));
        pairs.extend(by_blanks(base, other, blanks.collect(), free.collect()));
        for (left, right) in pairs {
            found[left] = Some(right);
            open.push((&base.items[left].children, &other.items[right].children));
        }
    }
    found
}

fn words_of(features: &Features) -> impl Iterator<Item = &[u8]> {
    features.all.iter().map(Vec::as_slice)
}

/// Directives with blanks, each with the first that fits it. Those that say
/// most of their own choose first; then those that fit but for other words;
/// then those that are the same by their key.
fn by_blanks<S: Whose>(
    base: &Outline<'_, Base>,
    other: &Outline<'_, S>,
    mut left: Vec<At<Base>>,
    right: Vec<At<S>>,
) -> Vec<(At<Base>, At<S>)> {
    let mut by_name: HashMap<&[u8], Vec<At<S>>> = HashMap::new();
    for &index in &right {
        by_name.entry(other.items[index].directive().name.value).or_default().push(index);
    }
    left.sort_by_key(|&index| (std::cmp::Reverse(own_bytes(base.items[index].directive())), index));
    let (mut pairs, mut waiting) = (Vec::new(), Vec::new());
    let mut choose = |index: At<Base>, fit: &dyn Fn(At<S>) -> bool| {
        let item = &base.items[index];
        let candidates = by_name.get_mut(item.directive().name.value)?;
        let found = candidates
            .iter()
            .position(|&candidate| other.items[candidate].is_block() == item.is_block() && fit(candidate))?;
        Some(candidates.remove(found))
    };
    for index in left {
        let pattern = values(base.items[index].directive().args);
        let fit =
            |candidate: At<S>| taken(&pattern, &values(other.items[candidate].directive().args)).is_some();
        match choose(index, &fit) {
            Some(found) => pairs.push((index, found)),
            None => waiting.push(index),
        }
    }
    let key = |candidate: At<S>| &other.items[candidate].identity.key;
    let mut left_over = Vec::new();
    for index in waiting {
        let item = &base.items[index];
        let pattern = values(item.directive().args);
        let fit = |candidate: At<S>| {
            let is_same =
                item.identity.key == *key(candidate) || pattern.first().is_some_and(|word| has_blank(word));
            is_same && taken_loosely(&pattern, &values(other.items[candidate].directive().args)).is_some()
        };
        match choose(index, &fit) {
            Some(found) => pairs.push((index, found)),
            None => left_over.push(index),
        }
    }
    // The same directive with something that no blank stands for: one of the two was changed.
    for index in left_over {
        let fit = |candidate: At<S>| base.items[index].identity.key == *key(candidate);
        pairs.extend(choose(index, &fit).map(|found| (index, found)));
    }
    pairs
}

/// How many bytes of a pattern are text.
fn own_bytes(directive: Directive<'_>) -> usize {
    directive.args.iter().filter(|word| !has_blank(word.value)).map(|word| word.value.len() + 1).sum()
}

struct Filling<'a, 's> {
    base: &'a Outline<'s, Base>,
    ours: &'a Outline<'s, Ours>,
    theirs: &'a Outline<'s, Theirs>,
    in_ours: Partners<Ours>,
    in_theirs: Partners<Theirs>,
}

impl Filling<'_, '_> {
    /// What is to be written into the base and into the new file.
    fn splices(&self) -> (Vec<Splice>, Vec<Splice>) {
        let (mut base, mut theirs) = (Vec::new(), Vec::new());
        let mut gone = 0;
        let mut names: BTreeMap<BTreeSet<Vec<u8>>, BTreeSet<Vec<u8>>> = BTreeMap::new();
        for (index, item) in self.base.items.rows() {
            let directive = item.directive();
            let has_blanks = directive.args.iter().any(|word| has_blank(word.value));
            if !has_blanks || directive.span.start < gone {
                continue;
            }
            let ours = self.in_ours[index].map(|ours| self.ours.items[ours].directive());
            let ours = ours.filter(|ours| fits_all(directive, *ours));
            let their_index = self.in_theirs[index];
            let their = their_index.map(|theirs| self.theirs.items[theirs].directive());
            match (ours, their) {
                (Some(ours), Some(their)) => {
                    base.extend(arguments(directive, spelled(self.ours, self.in_ours[index], ours)));
                    let words = self.replaced(index, directive, ours, their);
                    if directive.is("server_name") {
                        let new = words.join(&b' ');
                        names.entry(lower(their)).or_default().insert(new);
                    }
                    theirs.extend(arguments(their, words));
                }
                // The block is there and lacks it: what the server has is its own.
                (Some(_), None) if !answers(directive) && self.is_around(item.parent) => {
                    gone = directive.span.end;
                    base.push(Splice { range: directive.span.range(), text: Vec::new() });
                }
                (Some(ours), None) => {
                    base.extend(arguments(directive, spelled(self.ours, self.in_ours[index], ours)));
                }
                (None, Some(their)) if fits_all(directive, their) => {
                    base.extend(arguments(directive, spelled(self.theirs, their_index, their)));
                }
                (None, _) => {}
            }
        }
        theirs.extend(self.renamed(&names));
        theirs.sort_by_key(|splice| splice.range.start);
        (base, theirs)
    }

    /// Whether the new file has this block.
    fn is_around(&self, block: Option<At<Base>>) -> bool {
        block.is_none_or(|block| self.in_theirs[block].is_some())
    }

    /// The server's words in the place of blanks, as far as they tell whose
    /// they are: an address, a path. A plain word stands elsewhere as well.
    fn values(&self) -> HashSet<Vec<u8>> {
        let mut found = HashSet::new();
        for (index, item) in self.base.items.rows() {
            let Some(ours) = self.in_ours[index].map(|ours| self.ours.items[ours].directive()) else {
                continue;
            };
            let (pattern, words) = (values(item.directive().args), values(ours.args));
            for (word, places) in pattern.iter().zip(taken(&pattern, &words).unwrap_or_default()) {
                if has_blank(word) {
                    found.extend(words[places].iter().map(|word| word.to_vec()));
                }
            }
        }
        found.retain(|word| word.iter().any(|byte| b"./:".contains(byte)));
        found
    }

    /// The new file's words with those of the server where the base has blanks.
    fn replaced(
        &self,
        index: At<Base>,
        base: Directive<'_>,
        ours: Directive<'_>,
        theirs: Directive<'_>,
    ) -> Vec<Vec<u8>> {
        let pattern = values(base.args);
        let own = spelled(self.ours, self.in_ours[index], ours);
        let words = spelled(self.theirs, self.in_theirs[index], theirs);
        let places = taken_loosely(&pattern, &values(theirs.args)).zip(taken(&pattern, &values(ours.args)));
        let Some((there, here)) = places else { return words };
        let mut filled: Vec<Vec<u8>> = Vec::new();
        let mut at = 0;
        for ((word, there), here) in pattern.iter().zip(there).zip(here) {
            filled.extend_from_slice(&words[at..there.start]);
            filled.extend_from_slice(if has_blank(word) { &own[here] } else { &words[there.clone()] });
            at = there.end;
        }
        filled.extend_from_slice(&words[at..]);
        filled
    }

    /// Other blocks of the new file that have the same names: they are meant
    /// for the same server.
    fn renamed(&self, names: &BTreeMap<BTreeSet<Vec<u8>>, BTreeSet<Vec<u8>>>) -> Vec<Splice> {
        let known: HashSet<At<Theirs>> = self.in_theirs.iter().flatten().copied().collect();
        let mut splices = Vec::new();
        for (index, item) in self.theirs.items.rows() {
            let directive = item.directive();
            let new = names.get(&lower(directive)).filter(|new| new.len() == 1);
            if let (true, false, Some(new)) = (directive.is("server_name"), known.contains(&index), new) {
                splices.extend(arguments(directive, new.iter().cloned().collect()));
            }
        }
        splices
    }
}

/// Whether a directive says what is answered, and no setting of it: the new
/// file answers in another way, and both ways in one block would be none.
fn answers(directive: Directive<'_>) -> bool {
    const NAMES: [&str; 9] =
        ["alias", "if", "location", "return", "rewrite", "root", "server", "try_files", "upstream"];
    directive.name.value.ends_with(b"_pass") || NAMES.iter().any(|name| directive.is(name))
}

fn fits_all(pattern: Directive<'_>, directive: Directive<'_>) -> bool {
    fits(pattern.name.value, directive.name.value)
        && taken(&values(pattern.args), &values(directive.args)).is_some()
}

fn lower(directive: Directive<'_>) -> BTreeSet<Vec<u8>> {
    directive.args.iter().map(|word| word.value.to_ascii_lowercase()).collect()
}

/// The arguments as they are written.
fn spelled<S: Whose>(
    outline: &Outline<'_, S>,
    index: Option<At<S>>,
    directive: Directive<'_>,
) -> Vec<Vec<u8>> {
    let source = index.map_or(&b""[..], |index| outline.items[index].tree.source());
    directive.args.iter().map(|word| source[word.span.range()].to_vec()).collect()
}

/// Other arguments in the place of a directive's own.
fn arguments(directive: Directive<'_>, words: Vec<Vec<u8>>) -> Option<Splice> {
    let (first, last) = (directive.args.first()?, directive.args.last()?);
    Some(Splice { range: first.span.start..last.span.end, text: words.join(&b' ') })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is filled into the base and into the new file.
    fn check(base: &str, ours: &str, theirs: &str, expect: (&str, &str)) {
        let [base_tree, ours_tree, their_tree] = [base, ours, theirs].map(|text| Tree::parse(text).unwrap());
        let filled = fill(&base_tree, &ours_tree, &their_tree).unwrap().unwrap();
        let text = |tree: &Tree| String::from_utf8(tree.source().to_vec()).unwrap();
        assert_eq!((text(&filled.base).as_str(), text(&filled.theirs).as_str()), expect, "{base}");
    }

    #[test]
    fn a_blank_takes_the_servers_value_in_both_files() {
        check("a <any:path>;", "a '/x y';", "a /z;", ("a '/x y';", "a '/x y';"));
        check(
            "listen <any:port> ssl;",
            "listen 8443 ssl;",
            "listen 443 ssl http2;",
            ("listen 8443 ssl;", "listen 8443 ssl http2;"),
        );
        check("a <any:values...> z;", "a 1 2 z;", "a 3 z;", ("a 1 2 z;", "a 1 2 z;"));
        // The vendor puts another text around it: that is a change of his.
        check(
            "return 301 https://<any:name>/;",
            "return 301 https://b/;",
            "return 301 https://$host/;",
            ("return 301 https://b/;", "return 301 https://b/;"),
        );
        check(
            "proxy_set_header A b<any:name>;",
            "proxy_set_header A bc;",
            "proxy_set_header A d;",
            ("proxy_set_header A bc;", "proxy_set_header A d;"),
        );
    }

    #[test]
    fn what_one_file_lacks_is_filled_from_the_other_or_stays_the_servers() {
        // Thrown away here: nobody's other change.
        check("a; b <any:path>;", "a;", "a; b /x;", ("a; b /x;", "a; b /x;"));
        // A setting that the new file lacks is the server's own.
        check("a; b <any:path>;", "a; b /x;", "a;", ("a; ", "a;"));
        // What answers is the vendor's to take away.
        check(
            "a; proxy_pass http://<any:address>;",
            "a; proxy_pass http://u;",
            "a;",
            ("a; proxy_pass http://u;", "a;"),
        );
        // Another value than the blank could be is a change of the server's.
        check("b <any:port>;", "b unix:/x;", "b 80;", ("b 80;", "b 80;"));
    }

    #[test]
    fn blocks_are_followed_and_their_new_neighbours_take_the_names() {
        let base =
            "server { listen <any:port>; server_name <any:names...>; location / { proxy_pass http://u; } }";
        let ours =
            "server { listen 81; server_name a b; location / { proxy_pass http://u; } location /x { y; } }";
        let theirs = "server { server_name v; listen 80; location / { proxy_pass http://u; } } \
                      server { listen 8080; server_name v; return 301 /x; } server { server_name w; }";
        check(
            base,
            ours,
            theirs,
            (
                "server { listen 81; server_name a b; location / { proxy_pass http://u; } }",
                "server { server_name a b; listen 81; location / { proxy_pass http://u; } } \
             server { listen 8080; server_name a b; return 301 /x; } server { server_name w; }",
            ),
        );
    }

    #[test]
    fn notes_go_and_a_base_without_blanks_stays_as_it_is() {
        check("#| 3\n\n# c\na; #| 2 of 3\n", "a;", "b;", ("\n\n# c\na; \n", "b;"));
        let tree = Tree::parse("a <b>;").unwrap();
        assert!(fill(&tree, &tree, &tree).unwrap().is_none());
        assert_eq!(fill_base(&tree, &tree).unwrap().source(), b"a <b>;");
    }
}
