//! The rules, each a function from a source file to complaints about it, and
//! proof that each can complain.

use super::source::{Source, Token};

/// Who may import whom; `cli` and the crate's root may import everything.
const ARROWS: [(&str, &[&str]); 16] = [
    ("values", &[]),
    ("outcome", &[]),
    ("motion", &[]),
    ("facts", &["values", "motion"]),
    ("host", &["values"]),
    ("db", &["host"]),
    ("seed", &["db", "outcome", "host"]),
    ("inspect", &["values", "motion", "host", "db", "facts", "outcome"]),
    ("plan", &["values", "motion", "facts", "journal", "outcome"]),
    ("journal", &["values"]),
    ("verify", &["values", "motion", "host", "facts", "outcome"]),
    ("backup", &["values", "host"]),
    ("apply", &["values", "host", "plan", "journal", "verify", "backup", "facts", "outcome"]),
    ("prepare", &["values", "motion", "host", "inspect", "plan", "apply", "verify", "facts", "outcome"]),
    (
        "rehearse",
        &["values", "host", "inspect", "plan", "prepare", "apply", "verify", "backup", "facts", "outcome"],
    ),
    ("report", &["outcome", "plan", "facts"]),
];

/// Rooms whose every value may end on a screen or in a file.
const ORDERED: [&str; 6] = ["values", "outcome", "facts", "plan", "journal", "report"];

pub fn imports_against_the_arrows(source: &Source) -> Vec<String> {
    let room = source.room();
    if ["cli", "lib", "main"].contains(&room) {
        return Vec::new();
    }
    let Some((_, may)) = ARROWS.iter().find(|(name, _)| *name == room) else {
        return vec![format!("room `{room}` has no row in the table of imports")];
    };
    imported_rooms(source)
        .into_iter()
        .filter(|(other, _)| other != room && !may.contains(&other.as_str()))
        .map(|(other, line)| format!("line {line}: `{room}` must not import `{other}`"))
        .collect()
}

pub fn too_many_lines(source: &Source, most: usize) -> Vec<String> {
    // Tests beside the code have a limit of their own: the file's without them.
    let lines = if source.path.starts_with("src/") {
        Source::code_lines(source.code())
    } else {
        Source::code_lines(source.tokens())
    };
    if lines > most { vec![format!("{lines} lines of code, {most} are the most")] } else { Vec::new() }
}

pub fn long_functions(source: &Source, most: usize) -> Vec<String> {
    let tokens = source.tokens();
    let mut complaints = Vec::new();
    for (index, token) in tokens.iter().enumerate() {
        let named = tokens.get(index + 1).is_some_and(|next| next.text != "(");
        if token.text != "fn" || !named {
            continue;
        }
        let Some(end) = end_of_body(tokens, index) else { continue };
        let lines = Source::code_lines(&tokens[index..=end]);
        if lines > most {
            let name = tokens.get(index + 1).map_or("?", |token| token.text.as_str());
            complaints.push(format!("line {}: fn {name} has {lines} lines", token.lines.start()));
        }
    }
    complaints
}

pub fn no_module_doc(source: &Source) -> Vec<String> {
    if source.text.starts_with("//! ") { Vec::new() } else { vec!["does not start with `//! `".to_owned()] }
}

pub fn allowed_lints(source: &Source) -> Vec<String> {
    let tokens: Vec<&Token> = source.tokens().iter().collect();
    let mut found = sequences(&tokens, &["#", "[", "allow", "("]);
    found.extend(sequences(&tokens, &["#", "!", "[", "allow", "("]));
    complaints(found, "`allow` instead of `expect` with a reason")
}

pub fn unwraps(source: &Source) -> Vec<String> {
    complaints(sequences(&source.code(), &[".", "unwrap", "("]), "`unwrap` outside tests")
}

pub fn unfinished(source: &Source) -> Vec<String> {
    let tokens: Vec<&Token> = source.tokens().iter().collect();
    let mut found = Vec::new();
    for name in ["todo", "unimplemented", "dbg"] {
        found.extend(sequences(&tokens, &[name, "!"]));
    }
    // Built from halves, because this file is read as well.
    let words = [["TO", "DO"].concat(), ["FIX", "ME"].concat(), ["XX", "X"].concat()];
    for (number, line) in source.text.lines().enumerate() {
        let comment = line.split_once("//").map_or("", |(_, comment)| comment);
        if comment.split(|c: char| !c.is_ascii_alphanumeric()).any(|word| words.iter().any(|w| w == word)) {
            found.push(number + 1);
        }
    }
    complaints(found, "something is left for later")
}

pub fn prints(source: &Source) -> Vec<String> {
    if source.room() == "cli" {
        return Vec::new();
    }
    let mut found = Vec::new();
    for name in ["print", "println", "eprint", "eprintln"] {
        found.extend(sequences(&source.code(), &[name, "!"]));
    }
    complaints(found, "prints outside cli/")
}

pub fn unsafe_code(source: &Source) -> Vec<String> {
    let lines: Vec<&str> = source.text.lines().collect();
    let mut complaints = Vec::new();
    for token in source.tokens().iter().filter(|token| token.text == "unsafe") {
        let line = *token.lines.start();
        if source.path.starts_with("src/") && source.room() != "host" {
            complaints.push(format!("line {line}: unsafe outside host/"));
        }
        let statement = lines[..line - 1].iter().rev().map(|line| line.trim()).take_while(|line| {
            line.starts_with("//") || !(line.is_empty() || line.ends_with([';', '{', '}']))
        });
        if !statement.into_iter().any(|line| line.starts_with("// SAFETY: ")) {
            complaints.push(format!("line {line}: unsafe without `// SAFETY: ` above it"));
        }
    }
    complaints
}

pub fn unordered_maps(source: &Source) -> Vec<String> {
    if !ORDERED.contains(&source.room()) {
        return Vec::new();
    }
    let mut found = sequences(&source.code(), &["HashMap"]);
    found.extend(sequences(&source.code(), &["HashSet"]));
    complaints(found, "an order that changes from run to run")
}

pub fn holds_a_key(bytes: &[u8]) -> bool {
    let text = String::from_utf8_lossy(bytes);
    text.lines().any(|line| line.contains("-----BEGIN ") && line.contains(concat!("PRIVATE ", "KEY-----")))
}

/// Rooms that are named after `crate::`, or after as many `super::` as lead there; with their lines.
fn imported_rooms(source: &Source) -> Vec<(String, usize)> {
    let code = source.code();
    let root: Vec<&str> = vec!["super"; source.depth()];
    let mut found = Vec::new();
    for index in 0..code.len() {
        let after = |start: &[&str]| {
            let path: Vec<&str> = start.iter().flat_map(|word| [*word, ":", ":"]).collect();
            let here = code[index..].iter().map(|token| token.text.as_str());
            let longer = index >= 3 && code[index - 3].text == "super" && code[index - 1].text == ":";
            (here.take(path.len()).eq(path.iter().copied()) && !longer).then_some(index + path.len())
        };
        let Some(next) = after(&["crate"]).or_else(|| after(&root).filter(|_| !root.is_empty())) else {
            continue;
        };
        found.extend(first_names(&code[next..]));
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

fn end_of_body(tokens: &[Token], start: usize) -> Option<usize> {
    let mut depth = 0usize;
    let mut entered = false;
    for (index, token) in tokens.iter().enumerate().skip(start) {
        match token.text.as_str() {
            "(" | "[" | "{" => {
                entered |= depth == 0 && token.text == "{";
                depth += 1;
            }
            ")" | "]" | "}" => {
                depth = depth.checked_sub(1)?;
                if depth == 0 && entered {
                    return Some(index);
                }
            }
            ";" if depth == 0 => return None,
            _ => {}
        }
    }
    None
}

/// Lines where these tokens stand one after the other.
fn sequences(tokens: &[&Token], wanted: &[&str]) -> Vec<usize> {
    tokens
        .windows(wanted.len())
        .filter(|window| window.iter().zip(wanted).all(|(token, text)| token.text == *text))
        .map(|window| *window[0].lines.start())
        .collect()
}

fn complaints(lines: Vec<usize>, what: &str) -> Vec<String> {
    lines.into_iter().map(|line| format!("line {line}: {what}")).collect()
}

/// Asserts how many complaints `rule` has about each text.
fn check(path: &str, rule: impl Fn(&Source) -> Vec<String>, cases: &[(&str, usize)]) {
    for (text, wanted) in cases {
        let found = rule(&Source::new(path, text));
        assert_eq!(found.len(), *wanted, "{path}: {text:?}: {found:?}");
    }
}

#[test]
fn imports_are_complained_about() {
    let cases = [
        ("use crate::host::Root;", 1),
        ("use crate::{facts::Facts, host::{Root, Clock}, outcome};", 1),
        ("fn a() { crate::apply::run(); super::super::host::x(); }", 2),
        ("use super::host; use crate::plan::x; use crate::journal::Event;", 0),
        ("// use crate::host;\nconst A: &str = \"crate::host\";", 0),
        ("#[cfg(test)] mod tests { use crate::host::Root; }", 0),
    ];
    check("src/plan/x.rs", imports_against_the_arrows, &cases);
    check("src/cli/x.rs", imports_against_the_arrows, &[("use crate::host;", 0)]);
    check("src/attic/x.rs", imports_against_the_arrows, &[("", 1)]);
    check(
        "src/motion/mod.rs",
        imports_against_the_arrows,
        &[("use super::host::x;", 1), ("use super::motion;", 0)],
    );
}

#[test]
fn sizes_are_complained_about() {
    let cases = [
        ("fn a() {\n\n// b\n}", 0),
        ("fn a() {\nb();\n}", 1),
        ("fn a()\n where A: B;\nfn c() {}", 0),
        ("fn a<A, B>(c: fn(A) -> B)\n{\nb();\n}", 1),
    ];
    check("src/a.rs", |source| long_functions(source, 2), &cases);
    check("src/a.rs", |source| too_many_lines(source, 2), &[("a\nb", 0), ("a\n\n//\nb\nc", 1)]);
    check("src/a.rs", |source| too_many_lines(source, 2), &[("a\n#[cfg(test)]\nmod b {\nc\n}", 0)]);
}

#[test]
fn habits_are_complained_about() {
    check("src/a.rs", no_module_doc, &[("//! a", 0), ("\n//! a", 1), ("// a", 1)]);
    check(
        "src/a.rs",
        allowed_lints,
        &[("#[allow(x)] fn a() {}", 1), ("#![allow(x)]", 1), ("#[expect(x)] fn a() {}", 0)],
    );
    check(
        "src/a.rs",
        unwraps,
        &[("a.unwrap()", 1), ("a.unwrap_or(b)", 0), ("#[cfg(test)] fn a() { b.unwrap() }", 0)],
    );
    let late = ["// TO", "DO later\n fn a() {}"].concat();
    check(
        "src/a.rs",
        unfinished,
        &[("fn a() { todo!() }", 1), (&late, 1), ("// done", 0), ("unimplemented!()", 1)],
    );
    check("src/a.rs", prints, &[("eprintln!(\"a\")", 1), ("writeln!(a)", 0), ("\"println!\"", 0)]);
    check("src/cli/a.rs", prints, &[("println!(\"a\")", 0)]);
    check("src/facts/a.rs", unordered_maps, &[("use std::collections::HashMap;", 1), ("BTreeMap", 0)]);
    check("src/host/a.rs", unordered_maps, &[("HashMap", 0)]);
}

#[test]
fn unsafe_is_complained_about() {
    let explained = "// SAFETY: it holds\n// because\nunsafe { a() }";
    check(
        "src/host/a.rs",
        unsafe_code,
        &[(explained, 0), ("unsafe { a() }", 1), ("// SAFETY: x\n\nunsafe {}", 1)],
    );
    check("src/plan/a.rs", unsafe_code, &[(explained, 1), ("unsafe { a() }", 2), ("// unsafe", 0)]);
}

#[test]
fn keys_are_complained_about() {
    assert!(holds_a_key(concat!("a\n-----BEGIN EC PRIVATE ", "KEY-----\n").as_bytes()));
    assert!(!holds_a_key(b"ssl_certificate_key /etc/nginx/tls/motion.key;"));
}
