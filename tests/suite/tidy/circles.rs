//! Circles of files inside a room: files that can only be understood together, because each names something of the next.
//!
//! Invariant: a path counts for the file that defines its name, and `pub use` only hands a name on: it says where the
//! name is found, and needs nothing of it. A `mod.rs` that defines what its children use is a file like any other.

use super::source::{Source, Token};
use std::collections::{BTreeMap, BTreeSet};

/// A file as the others see it.
struct File<'a> {
    source: &'a Source,
    module: Vec<String>,
    defined: BTreeSet<String>,
    uses: Vec<Use>,
}

/// A name that a `use` brings in, and the path that it stands for; the name `*` is for all of a module's.
struct Use {
    name: String,
    path: Vec<String>,
    handed_on: bool,
}

/// The files that a file names, each with the names.
type Ties = BTreeMap<usize, BTreeSet<String>>;

/// The files of a crate, by their modules.
struct House<'a> {
    files: Vec<File<'a>>,
    by_module: BTreeMap<Vec<String>, usize>,
}

/// Each room's circles, each as the lines that say which names tie which file to which.
pub fn circles(sources: &[&Source]) -> BTreeMap<String, Vec<String>> {
    let mut crates: BTreeMap<&str, Vec<&Source>> = BTreeMap::new();
    for source in sources {
        crates.entry(root(&source.path)).or_default().push(source);
    }
    let mut found: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for house in crates.into_values().map(House::new) {
        let ties: Vec<Ties> = (0..house.files.len()).map(|file| house.ties(file)).collect();
        for circle in strongly_tied(&ties) {
            let room = house.files[circle[0]].source.room().to_owned();
            found.entry(room).or_default().push(house.shown(&circle, &ties).join("\n  "));
        }
    }
    found
}

/// The folder of the crate that a file is part of.
fn root(path: &str) -> &str {
    path.find("src/").map_or("", |at| &path[..at + "src/".len()])
}

impl<'a> House<'a> {
    fn new(sources: Vec<&'a Source>) -> Self {
        let files: Vec<File<'a>> = sources.into_iter().map(File::new).collect();
        let by_module = files.iter().enumerate().map(|(at, file)| (file.module.clone(), at)).collect();
        Self { files, by_module }
    }

    /// What `file` names of the other files of its room.
    fn ties(&self, file: usize) -> Ties {
        let here = &self.files[file];
        let mut ties = Ties::new();
        let mut tie = |(to, name): (usize, String)| {
            if to != file && self.files[to].source.room() == here.source.room() {
                ties.entry(to).or_default().insert(name);
            }
        };
        for Use { name, path, .. } in here.uses.iter().filter(|brought| !brought.handed_on) {
            if name == "*" {
                let module = self.module_of(&here.module, path);
                let words = here.source.code().into_iter().map(|token| token.text.clone());
                words
                    .filter_map(|word| self.defined(module?, &word, 0).map(|to| (to, word)))
                    .for_each(&mut tie);
            } else {
                self.resolve(&here.module, path, 0).into_iter().for_each(&mut tie);
            }
        }
        let inside = paths(&here.source.code());
        inside.into_iter().filter_map(|path| self.resolve(&here.module, &path, 0)).for_each(tie);
        ties
    }

    /// The file that defines what a path means inside a module, and the name that it is defined by. A path that ends
    /// at a module with modules of its own means what is taken from it later.
    fn resolve(&self, from: &[String], path: &[String], depth: usize) -> Option<(usize, String)> {
        let (mut module, mut rest) = start(from, path);
        // Longer chains of `use` than this are circles of their own.
        if depth > 8 {
            return None;
        }
        while let Some((first, after)) = rest.split_first() {
            let below = [&module[..], std::slice::from_ref(first)].concat();
            if self.by_module.contains_key(&below) {
                (module, rest) = (below, after);
                continue;
            }
            let file = *self.by_module.get(&module)?;
            let anchored = ["crate", "super", "self"].contains(&path[0].as_str());
            if let Some(brought) = self.files[file].uses.iter().find(|brought| brought.name == *first) {
                let longer = [&brought.path[..], after].concat();
                return (longer != path).then(|| self.resolve(&module, &longer, depth + 1))?;
            }
            let to = self.defined(file, first, depth);
            // What a macro makes is defined where it is looked for.
            return to.or(anchored.then_some(file)).map(|to| (to, first.clone()));
        }
        let has_children =
            self.by_module.keys().any(|other| other.len() > module.len() && other.starts_with(&module));
        let file = *self.by_module.get(&module).filter(|_| !has_children)?;
        Some((file, module.last()?.clone()))
    }

    /// The file in which a module's name is defined: its own, or one that it hands on.
    fn defined(&self, file: usize, name: &str, depth: usize) -> Option<usize> {
        let File { module, defined, uses, .. } = &self.files[file];
        if depth > 8 || defined.contains(name) {
            return defined.contains(name).then_some(file);
        }
        uses.iter().find_map(|Use { name: brought, path, .. }| match brought.as_str() {
            "*" => self.defined(self.module_of(module, path)?, name, depth + 1),
            _ if brought == name => self.resolve(module, path, depth + 1).map(|(to, _)| to),
            _ => None,
        })
    }

    fn module_of(&self, from: &[String], path: &[String]) -> Option<usize> {
        let (module, rest) = start(from, path);
        self.by_module.get(&[&module[..], rest].concat()).copied()
    }

    fn shown(&self, circle: &[usize], ties: &[Ties]) -> Vec<String> {
        let path = |at: usize| &self.files[at].source.path;
        let line = |from: usize, to: usize| {
            let names = ties[from].get(&to)?.iter().map(String::as_str).collect::<Vec<_>>();
            Some(format!("{} -> {} ({})", path(from), path(to), names.join(", ")))
        };
        circle.iter().flat_map(|from| circle.iter().filter_map(|to| line(*from, *to))).collect()
    }
}

impl<'a> File<'a> {
    fn new(source: &'a Source) -> Self {
        let inside = source.path[root(&source.path).len()..].trim_end_matches(".rs");
        let mut module: Vec<String> = inside.split('/').map(str::to_owned).collect();
        if ["mod", "lib", "main"].contains(&module.last().map_or("", String::as_str)) {
            module.pop();
        }
        let code = source.code();
        Self { source, module, defined: defined(&code), uses: uses(&code) }
    }
}

/// Where a path begins: the module, and the names below it.
fn start<'p>(from: &[String], path: &'p [String]) -> (Vec<String>, &'p [String]) {
    let (mut module, mut rest) = (from.to_vec(), path);
    while let Some((first, after)) = rest.split_first() {
        match first.as_str() {
            "crate" => module.clear(),
            "super" => drop(module.pop()),
            "self" => {}
            _ => break,
        }
        rest = after;
    }
    (module, rest)
}

/// The names of the items that stand at the top of a file.
fn defined(code: &[&Token]) -> BTreeSet<String> {
    const ITEMS: [&str; 9] =
        ["fn", "struct", "enum", "trait", "type", "const", "static", "union", "macro_rules"];
    let mut depth = 0usize;
    let mut names = BTreeSet::new();
    for pair in code.windows(2) {
        match pair[0].text.as_str() {
            "{" | "(" | "[" => depth += 1,
            "}" | ")" | "]" => depth = depth.saturating_sub(1),
            word if depth == 0 && ITEMS.contains(&word) => drop(names.insert(pair[1].text.clone())),
            _ => {}
        }
    }
    names
}

/// Every `use` of a file, one name each.
fn uses(code: &[&Token]) -> Vec<Use> {
    let mut found = Vec::new();
    for (at, _) in code.iter().enumerate().filter(|(_, token)| token.text == "use") {
        let end = code[at..].iter().position(|token| token.text == ";").map_or(code.len(), |end| at + end);
        let words: Vec<&str> = code[at + 1..end].iter().map(|token| token.text.as_str()).collect();
        let handed_on = at > 0 && ["pub", ")"].contains(&code[at - 1].text.as_str());
        let mut names = Vec::new();
        spread(&words.join(" ").replace(": :", "::"), &[], &mut names);
        found.extend(names.into_iter().map(|(name, path)| Use { name, path, handed_on }));
    }
    found
}

/// Takes `a::{b, c as d}` apart.
fn spread(text: &str, before: &[String], found: &mut Vec<(String, Vec<String>)>) {
    let (path, group) = text.split_once('{').map_or((text, None), |(path, group)| (path, Some(group)));
    let (path, alias) =
        path.split_once(" as ").map_or((path, None), |(path, alias)| (path, Some(alias.trim())));
    let own = path.split("::").map(str::trim).filter(|name| !name.is_empty()).map(str::to_owned);
    let mut path: Vec<String> = before.iter().cloned().chain(own).collect();
    if let Some(group) = group {
        let (mut depth, mut from) = (0, 0);
        for (at, sign) in group.char_indices() {
            match sign {
                '{' => depth += 1,
                ',' | '}' if depth == 0 => {
                    spread(&group[from..at], &path, found);
                    from = at + 1;
                }
                '}' => depth -= 1,
                _ => {}
            }
        }
        return;
    }
    // `a::{self}` means `a`.
    if path.len() > 1 && path.last().is_some_and(|name| name == "self") {
        path.pop();
    }
    let Some(last) = path.last().cloned().filter(|_| !text.trim().is_empty()) else { return };
    if last == "*" {
        path.pop();
    }
    found.push((alias.map_or(last, str::to_owned), path));
}

/// Every path of several names in a file's code, also those behind `use`.
fn paths(code: &[&Token]) -> Vec<Vec<String>> {
    let is_name = |at: usize| {
        let text = code.get(at).map_or("", |token| token.text.as_str());
        text.starts_with(|sign: char| sign.is_ascii_alphabetic() || sign == '_')
    };
    let joined = |at: usize| at + 1 < code.len() && code[at].text == ":" && code[at + 1].text == ":";
    let mut found = Vec::new();
    for at in 0..code.len() {
        let begins = is_name(at) && joined(at + 1) && !(at >= 2 && joined(at - 2));
        if !begins || (at > 0 && ["in", "use"].contains(&code[at - 1].text.as_str())) {
            continue;
        }
        let mut path = vec![code[at].text.clone()];
        let mut next = at + 1;
        while joined(next) && is_name(next + 2) {
            path.push(code[next + 2].text.clone());
            next += 3;
        }
        found.push(path);
    }
    found
}

/// The sets of several files that each reach all others of their set.
fn strongly_tied(ties: &[Ties]) -> Vec<Vec<usize>> {
    let reach = |from: usize| {
        let mut seen = BTreeSet::new();
        let mut open = vec![from];
        while let Some(at) = open.pop() {
            open.extend(ties[at].keys().filter(|to| seen.insert(**to)));
        }
        seen
    };
    let reached: Vec<BTreeSet<usize>> = (0..ties.len()).map(reach).collect();
    let of = |file: usize| -> Vec<usize> {
        reached[file].iter().copied().filter(|other| reached[*other].contains(&file)).collect()
    };
    let circles: BTreeSet<Vec<usize>> = (0..ties.len()).map(of).filter(|circle| circle.len() > 1).collect();
    circles.into_iter().collect()
}

#[test]
fn files_that_need_each_other_are_a_circle() {
    let tied = |files: &[(&str, &str)]| {
        let sources: Vec<Source> = files.iter().map(|(path, text)| Source::new(path, text)).collect();
        let found = circles(&sources.iter().collect::<Vec<_>>());
        let lines = |circle: String| circle.lines().map(|line| line.trim().to_owned()).collect::<Vec<_>>();
        found.into_values().flatten().flat_map(lines).collect::<Vec<_>>()
    };
    let model = ("src/a/model.rs", "pub struct Plan; #[cfg(test)] mod tests { use super::super::run::run; }");
    let faces = ("src/a/mod.rs", "mod model; mod run; pub use model::Plan; pub use run::{run, x as y};");
    assert_eq!(tied(&[faces, model, ("src/a/run.rs", "use super::Plan; pub fn run(_: Plan) {}")]), [""; 0]);
    let back = ("src/a/model.rs", "use crate::a::{self, y}; pub struct Plan;");
    assert_eq!(
        tied(&[faces, back, ("src/a/run.rs", "use super::*; pub fn run(_: Plan) {} pub fn x() {}")]),
        ["src/a/model.rs -> src/a/run.rs (x)", "src/a/run.rs -> src/a/model.rs (Plan)"]
    );
    let owner = ("src/a/mod.rs", "mod run; pub struct Plan; pub fn go() { run::run(Plan) }");
    let child = ("src/a/run.rs", "pub fn run(_: super::Plan) {}");
    assert_eq!(
        tied(&[owner, child]),
        ["src/a/mod.rs -> src/a/run.rs (run)", "src/a/run.rs -> src/a/mod.rs (Plan)"]
    );
    // Another room's file is no part of a circle here.
    assert_eq!(tied(&[("src/a.rs", "use crate::b::x;"), ("src/b.rs", "use crate::a::y;")]), [""; 0]);
    let foreign = ("src/a/run.rs", "use std::model::x; pub fn run() { model::x() }");
    assert_eq!(tied(&[("src/a/model.rs", "use super::run::run;"), foreign]), [""; 0]);
}
