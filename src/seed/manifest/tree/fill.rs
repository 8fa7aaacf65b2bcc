//! Values of a site in the places of a manifest that ask for them.
//!
//! Invariant: a value keeps what it is (text, number, list) and where it stands: what is wrong with it is said in the
//! site's file. Text is put into text as text and never read as YAML again. Nothing is filled in twice, and a value that
//! nobody asks for is a fault like one that is asked for and not there.

use super::super::model::{Name, Spanned};
use super::super::problem::{Problem, shown};
use super::super::reader::Reader;
use super::super::source::Source;
use super::{Item, Kind, MOST_NODES, Node, Tree, Value};
use crate::seed::manifest::place::Place;
use crate::seed::manifest::suggest::{CANDIDATES, SUGGESTIONS, suggest};
use regex::Regex;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

/// A value may be put into so many places that together they are as large as a manifest.
const MOST_FILLED: usize = MOST_NODES / 10;

static ASKED: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"\{\{\s*site\.([A-Za-z_][A-Za-z0-9_]*)\s*\}\}").expect("the expression is constant")
});
/// The name that is meant between brackets that were written otherwise.
static MEANT: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"\{\{[\s{%-]*(?:[A-Za-z_][A-Za-z0-9_]*\s*\.\s*)?([A-Za-z_][A-Za-z0-9_]*)")
        .expect("the expression is constant")
});

/// Whether a text asks for a value of a site, rightly or not: nobody opens two brackets for themselves. Two that close
/// are the end of many a JSON text.
#[must_use]
pub fn asks(text: &str) -> bool {
    text.contains("{{")
}

/// Whether a text has brackets that are not `{{ site.NAME }}`.
fn is_odd(text: &str) -> bool {
    let mut from = 0;
    for found in ASKED.find_iter(text) {
        let (before, after) = (&text[from..found.start()], &text[found.end()..]);
        if asks(before) || before.ends_with('{') || after.starts_with('}') {
            return true;
        }
        from = found.end();
    }
    asks(&text[from..])
}

/// The values of a site, each once.
#[derive(Debug, Default)]
pub(in crate::seed::manifest) struct Site {
    tree: Tree,
    /// By name: where the name stands, and the number of the value.
    values: BTreeMap<Name, (Place, u32)>,
    pub problems: Vec<Problem>,
}

impl Site {
    /// Reads a site's file.
    pub fn read(source: &Source) -> Self {
        let mut tree = Tree::read(source.text());
        let mut reader = Reader::new(std::mem::take(&mut tree.problems), source.clone());
        let mut values = BTreeMap::new();
        for (name, index) in entries(&mut reader, &tree) {
            values.insert(name.value, (name.place.of_site(), index));
        }
        for node in tree.nodes.iter().filter(|node| matches!(node.kind, Kind::Plain | Kind::Quoted)) {
            if asks(&tree.texts[node.data as usize]) {
                let problem = Problem::error(node.place, "a value of a site cannot ask for another one");
                reader.report(problem.hint("write it out"));
            }
        }
        let mut problems = reader.into_problems();
        problems.iter_mut().for_each(|problem| problem.place = problem.place.of_site());
        Self { tree, values, problems }
    }

    /// What is wrong with values that no manifest asks for.
    pub fn unasked(&self, asked: &BTreeSet<Name>) -> Vec<Problem> {
        let unasked = self.values.iter().filter(|(name, _)| !asked.contains(*name));
        let problem = |(name, (place, _)): (&Name, &(Place, u32))| {
            let message = format!("{} is not asked for in the manifest", shown(name));
            let hint = format!("write `{{{{ site.{name} }}}}` where it belongs, or remove it");
            Problem::error(*place, message).hint(hint)
        };
        unasked.map(problem).collect()
    }
}

/// The names of a site's file, and the numbers of their values.
fn entries(reader: &mut Reader, tree: &Tree) -> Vec<(Spanned<Name>, u32)> {
    let what = "a site's file";
    let Some(root) = tree.root() else {
        if tree.whole {
            let start = Place { line: 1, column: 1 };
            reader.report(Problem::error(start, "the file is empty").hint(SHORTEST));
        }
        return Vec::new();
    };
    let Some([version, site]) = reader.fields(root, what, ["version", "site"]) else { return Vec::new() };
    if let Some(entry) = reader.require(version, "version", what, root) {
        super::super::check_version(reader, entry);
    }
    let Some(site) = reader.require(site, "site", what, root) else { return Vec::new() };
    let mut found = Vec::new();
    for (name, node) in reader.free_fields(site.value, "`site`") {
        let is_word = name.value.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
            && !name.value.starts_with(|c: char| c.is_ascii_digit());
        if !is_word {
            let message = format!("{} cannot be asked for", shown(&name.value));
            reader.report(Problem::error(name.place, message).hint("a name has letters, digits and `_`"));
        }
        if matches!(node.value(), Value::Plain(text) if text.is_empty()) {
            reader.report(Problem::error(name.place, format!("{} has no value", shown(&name.value))));
        }
        found.push((name, node.index));
    }
    found
}

const SHORTEST: &str = "it has `version: 1`, and names with their values under `site`";

/// Fills a manifest's tree, and adds to the values that are asked for; without a site, what asks for one is a fault.
pub(in crate::seed::manifest) fn fill(
    tree: &mut Tree,
    site: Option<Site>,
    asked: &mut BTreeSet<Name>,
) -> Vec<Problem> {
    // Texts are kept once, so that this is cheap. Of a file that breaks off nobody knows what it asks for.
    let asking: Vec<bool> = tree.texts.iter().map(|text| asks(text)).collect();
    let is_asked = asking.contains(&true);
    if !tree.whole || !is_asked {
        return site.map(|site| site.problems).unwrap_or_default();
    }
    let mut filling = Filling::begin(tree, site);
    let keys = keys(filling.tree);
    let count = filling.count;
    for index in 0..count {
        let Item { place, kind, data } = filling.tree.nodes[index];
        if !matches!(kind, Kind::Plain | Kind::Quoted) {
            continue;
        }
        if !asking.get(data as usize).is_some_and(|asks| *asks) {
            continue;
        }
        let text = filling.tree.texts[data as usize].clone();
        if keys.contains(&index) {
            let problem =
                Problem::error(place, format!("the key {} asks for a value of a site", shown(&text)));
            filling.problems.push(problem.hint("only values are filled in"));
        } else {
            filling.node(index, place, &text);
        }
    }
    asked.extend(filling.used);
    filling.problems
}

struct Filling<'t> {
    tree: &'t mut Tree,
    /// How many nodes the manifest has; those of the site stand behind them.
    count: usize,
    has_site: bool,
    values: BTreeMap<Name, (Place, u32)>,
    used: BTreeSet<Name>,
    filled: usize,
    problems: Vec<Problem>,
}

impl<'t> Filling<'t> {
    /// Puts the site's nodes behind the manifest's.
    fn begin(tree: &'t mut Tree, site: Option<Site>) -> Self {
        let count = tree.nodes.len();
        let has_site = site.is_some();
        let Site { tree: other, mut values, problems } = site.unwrap_or_default();
        let number = |length: usize| u32::try_from(length).unwrap_or(u32::MAX);
        let (nodes, texts) = (number(count), number(tree.texts.len()));
        tree.nodes.extend(other.nodes.into_iter().map(|item| {
            let by = match item.kind {
                Kind::Plain | Kind::Quoted => texts,
                Kind::Sequence | Kind::Mapping | Kind::Alias | Kind::Filled | Kind::Broken => nodes,
            };
            Item { place: item.place.of_site(), data: item.data.saturating_add(by), ..item }
        }));
        tree.texts.extend(other.texts);
        values.values_mut().for_each(|(_, index)| *index = index.saturating_add(nodes));
        Self { tree, count, has_site, values, used: BTreeSet::new(), filled: 0, problems }
    }

    fn node(&mut self, index: usize, place: Place, text: &str) {
        if is_odd(text) {
            self.odd(index, place, text);
            return;
        }
        if !self.has_site {
            let problem = Problem::error(place, format!("{} asks for a value of a site", shown(text)));
            self.problems.push(problem.hint("--with SITE names the file that has it"));
            self.tree.nodes[index].kind = Kind::Broken;
            return;
        }
        let whole = ASKED.captures(text).filter(|found| found.get(0).is_some_and(|all| all.as_str() == text));
        let filled = match whole {
            Some(found) => self.whole(index, place, &found[1]),
            None => self.parts(index, place, text),
        };
        if filled.is_none() {
            self.tree.nodes[index].kind = Kind::Broken;
        }
    }

    /// Brackets that ask for nothing: they would become part of a name.
    fn odd(&mut self, index: usize, place: Place, text: &str) {
        let problem = Problem::error(place, format!("{} asks for no value of a site", shown(text)));
        let word = MEANT.captures_iter(text).map(|found| found[1].to_owned()).find(|word| word != "site");
        let known = word.map(|word| match self.values.contains_key(&*word) {
            true => word,
            false => self.meant(&word).map(str::to_owned).unwrap_or(word),
        });
        self.problems.push(match known {
            Some(word) => problem.hint(format!("did you mean `{{{{ site.{word} }}}}`?")),
            None => problem.hint("write `{{ site.NAME }}`, and nothing more between the brackets"),
        });
        self.tree.nodes[index].kind = Kind::Broken;
    }

    fn value(&mut self, place: Place, name: &str) -> Option<u32> {
        if let Some((known, (_, index))) = self.values.get_key_value(name) {
            self.used.insert(known.clone());
            return Some(*index);
        }
        let problem = Problem::error(place, format!("the site has no value {}", shown(name)));
        let problem = match self.meant(name) {
            Some(meant) => problem.did_you_mean(Some(meant)),
            None => problem.hint("add it to the site's file, under `site`"),
        };
        self.problems.push(problem);
        None
    }

    /// The value that was probably meant; of the first problems only.
    fn meant(&self, name: &str) -> Option<&str> {
        if self.problems.len() >= SUGGESTIONS {
            return None;
        }
        suggest(name, self.values.keys().take(CANDIDATES).map(|name| &**name))
    }

    /// A value in the place of another one.
    fn whole(&mut self, index: usize, place: Place, name: &str) -> Option<()> {
        let value = self.value(place, name)?;
        self.filled += (self.tree.end(value) - value) as usize;
        if self.filled > MOST_FILLED {
            let message = format!("what is filled in makes more than {MOST_FILLED} values");
            self.problems.push(Problem::error(place, message));
            return None;
        }
        self.tree.nodes[index] = Item { place, kind: Kind::Filled, data: value };
        Some(())
    }

    /// Texts and numbers inside of a text.
    fn parts(&mut self, index: usize, place: Place, text: &str) -> Option<()> {
        let mut made = String::with_capacity(text.len());
        let mut from = 0;
        let mut is_fine = true;
        for found in ASKED.captures_iter(text) {
            let (Some(all), name) = (found.get(0), &found[1]) else { continue };
            made.push_str(&text[from..all.start()]);
            from = all.end();
            match self.value(place, name) {
                Some(value) => is_fine &= self.scalar(value, place, name, &mut made),
                None => is_fine = false,
            }
        }
        made.push_str(&text[from..]);
        if !is_fine {
            return None;
        }
        let number = u32::try_from(self.tree.texts.len()).unwrap_or(u32::MAX);
        self.tree.texts.push(made.into());
        self.tree.nodes[index] = Item { place, kind: Kind::Quoted, data: number };
        Some(())
    }

    /// Adds a value to a text; a list is none, and neither is what readers of YAML may take for something else.
    fn scalar(&mut self, value: u32, place: Place, name: &str, made: &mut String) -> bool {
        let node = Node { tree: self.tree, index: value, place: self.tree.nodes[value as usize].place };
        let mut reader = Reader::new(Vec::new(), Source::new("", ""));
        match node.value() {
            Value::Sequence | Value::Mapping => {
                let message = format!("{} is a list, and stands inside of a text here", shown(name));
                self.problems.push(Problem::error(place, message).hint("only texts and numbers can"));
                false
            }
            _ => {
                let text = reader.text(node, &shown(name));
                self.problems.extend(reader.into_unplaced());
                text.is_some_and(|text| {
                    made.push_str(&text.value);
                    true
                })
            }
        }
    }
}

/// The numbers of the nodes that are keys of mappings.
fn keys(tree: &Tree) -> BTreeSet<usize> {
    let mut keys = BTreeSet::new();
    for (index, item) in tree.nodes.iter().enumerate().filter(|(_, item)| item.kind == Kind::Mapping) {
        let (mut next, mut is_key) = (index + 1, true);
        while next < item.data as usize && next < tree.nodes.len() {
            if is_key && matches!(tree.nodes[next].kind, Kind::Plain | Kind::Quoted) {
                keys.insert(next);
            }
            is_key = !is_key;
            next = tree.end(u32::try_from(next).unwrap_or(u32::MAX)) as usize;
        }
    }
    keys
}
