//! The table of rooms in `docs/architecture.md` against the code: the same rooms, the same imports.
//!
//! Invariant: the table alone says who may use whom. An import that it lacks is a complaint, and so is one that it
//! grants and nobody needs: the next reader must be able to believe it.

use super::source::{Source, Token};
use std::collections::{BTreeMap, BTreeSet};

const HEADER: &str = "| where | owns | may use | never |";

/// A row of the table.
#[derive(Debug, PartialEq, Eq)]
pub struct Row {
    /// Path below the package, as in the table.
    pub place: String,
    may_use: MayUse,
}

#[derive(Debug, PartialEq, Eq)]
enum MayUse {
    All,
    Only(BTreeSet<String>),
}

/// The table's rows.
pub fn table(page: &str) -> Vec<Row> {
    let lines = page.lines().skip_while(|line| *line != HEADER).skip(2);
    lines.map_while(|line| line.strip_prefix("| ")).map(row).collect()
}

fn row(line: &str) -> Row {
    let cells: Vec<&str> = line.split('|').map(str::trim).collect();
    assert_eq!(cells.len(), 5, "four cells and the end: {line}");
    let may_use = match cells[2] {
        "all" => MayUse::All,
        "" | "–" => MayUse::Only(BTreeSet::new()),
        names => MayUse::Only(names.split(", ").map(str::to_owned).collect()),
    };
    Row { place: cells[0].trim_matches('`').to_owned(), may_use }
}

/// What rows and code have against each other.
pub fn complaints(rows: &[Row], sources: &[&Source]) -> Vec<String> {
    let mut used: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let mut complaints = Vec::new();
    // The crate's root only names the rooms.
    for source in sources.iter().filter(|source| source.path != "src/lib.rs") {
        let room = source.room();
        let row = rows.iter().find(|row| name(&row.place) == Some(room));
        let uses = used.entry(room.to_owned()).or_default();
        for (other, line) in imports(source).into_iter().filter(|(other, _)| other != room) {
            if let Some(Row { may_use: MayUse::Only(may), .. }) = row
                && !may.contains(&other)
            {
                complaints.push(format!("{}, line {line}: `{room}` must not import `{other}`", source.path));
            }
            uses.insert(other);
        }
    }
    let rooms: BTreeSet<&str> = rows.iter().filter_map(|row| name(&row.place)).collect();
    let missing = used.keys().filter(|room| !rooms.contains(room.as_str()));
    complaints.extend(missing.map(|room| format!("room `{room}` has no row in the table")));
    for Row { place, may_use } in rows {
        let Some(uses) = name(place).and_then(|room| used.get(room)) else {
            if name(place).is_some() {
                complaints.push(format!("the table has a row for `{place}`, which has no code"));
            }
            continue;
        };
        if let MayUse::Only(may) = may_use {
            let unused = may.difference(uses);
            complaints.extend(unused.map(|other| format!("`{place}` may use `{other}`, and does not")));
        }
    }
    complaints
}

/// The room that a row is about; other places hold no code of the product.
fn name(place: &str) -> Option<&str> {
    let inside = place.strip_prefix("src/").or_else(|| place.strip_prefix("crates/"))?;
    Some(inside.trim_end_matches('/').trim_end_matches(".rs"))
}

/// Rooms that a file names by a path, with their lines.
fn imports(source: &Source) -> Vec<(String, usize)> {
    let code = source.code();
    let inside: Vec<&str> = vec!["super"; source.depth()];
    // What `crate::` is to a module of the library, its name is to the program; a crate's `crate::` is its own.
    let root = if source.path == "src/main.rs" { "motionctl" } else { "crate" };
    let mut found = Vec::new();
    for index in 0..code.len() {
        let after = |start: &[&str]| {
            let path: Vec<&str> = start.iter().flat_map(|word| [*word, ":", ":"]).collect();
            let here = code[index..].iter().map(|token| token.text.as_str());
            let longer = index >= 3 && code[index - 3].text == "super" && code[index - 1].text == ":";
            (here.take(path.len()).eq(path.iter().copied()) && !longer).then_some(index + path.len())
        };
        if code[index].text == "nginx_config" {
            found.push(("nginx-config".to_owned(), *code[index].lines.start()));
        } else if source.path.starts_with("src/")
            && let Some(next) = after(&[root]).or_else(|| after(&inside).filter(|_| !inside.is_empty()))
        {
            found.extend(first_names(&code[next..]));
        }
    }
    found
}

/// The first name of a path, or of each path in braces.
fn first_names(code: &[&Token]) -> Vec<(String, usize)> {
    let name = |token: &Token| (token.text.clone(), *token.lines.start());
    if code.first().is_none_or(|token| token.text != "{") {
        return code.first().map(|token| name(token)).into_iter().collect();
    }
    let (mut depth, mut names) = (0, Vec::new());
    for (index, token) in code.iter().enumerate() {
        match token.text.as_str() {
            "{" => depth += 1,
            "}" => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            break;
        }
        if depth == 1 && token.text != "{" && ["{", ","].contains(&code[index - 1].text.as_str()) {
            names.push(name(token));
        }
    }
    names
}

/// What a table of these rows has against one file; the rows' own complaints apart.
#[cfg(test)]
fn against(rows: &str, path: &str, text: &str) -> Vec<String> {
    let page = format!("# A\n{HEADER}\n|---|---|---|---|\n{rows}\nafter it\n| `src/no/` | | x | |\n");
    complaints(&table(&page), &[&Source::new(path, text)])
}

#[test]
fn imports_that_the_table_lacks_are_complained_about() {
    let rows = "| `src/plan/` | plans | journal, nginx-config, outcome | |";
    let used = "use crate::{journal::A, outcome}; use nginx_config::Tree;";
    let cases = [
        ("", 0),
        ("use crate::host::Root;", 1),
        ("use crate::{facts::Facts, host::{Root, Clock}, outcome};", 2),
        ("fn a() { crate::apply::run(); super::super::host::x(); }", 2),
        ("use super::host; use crate::plan::x;", 0),
        ("// use crate::host;\nconst A: &str = \"crate::host\";", 0),
        ("#[cfg(test)] mod tests { use crate::host::Root; }", 0),
    ];
    for (text, wanted) in cases {
        let found = against(rows, "src/plan/x.rs", &format!("{used} {text}"));
        assert_eq!(found.len(), wanted, "{text:?}: {found:?}");
    }
    let pure = "| `src/motion/` | pages | – | |";
    assert_eq!(against(pure, "src/motion/mod.rs", "use super::host::x;").len(), 1);
    assert_eq!(against(pure, "src/motion/mod.rs", "use super::motion; use nginx_config::Tree;").len(), 1);
    assert_eq!(
        against("| `src/main.rs` | runs | – | |", "src/main.rs", "fn a() { motionctl::cli::b() }").len(),
        1
    );
    assert_eq!(against("| `src/cli/` | words | all | |", "src/cli/x.rs", "use crate::host;"), [""; 0]);
    assert_eq!(
        against("| `crates/nginx-config/` | a | – | |", "crates/nginx-config/src/x.rs", "use crate::y;"),
        [""; 0]
    );
}

#[test]
fn rows_that_the_code_lacks_are_complained_about() {
    let unused = against("| `src/plan/` | plans | journal, host | |", "src/plan/x.rs", "use crate::journal;");
    assert_eq!(unused, ["`src/plan/` may use `host`, and does not"]);
    let rows = "| `src/plan/` | plans | – | |\n| `src/attic/` | old | | |\n| `fixtures/` | trees | | |";
    let empty = against(rows, "src/plan/x.rs", "");
    assert_eq!(empty, ["the table has a row for `src/attic/`, which has no code"]);
    let unknown = against("| `src/plan/` | plans | – | |", "src/cellar.rs", "");
    assert!(unknown.contains(&"room `cellar` has no row in the table".to_owned()), "{unknown:?}");
}
