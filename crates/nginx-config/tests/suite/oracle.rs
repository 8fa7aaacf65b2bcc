//! nginx itself as the judge of our lexer, and an independent parser as a
//! second opinion.
//!
//! Invariant: every snippet is valid for nginx up to its lexical fault, so
//! that whatever nginx says about it is about its spelling. Nothing is bound
//! and nothing is written outside of the test's own folder.

use crate::depth::generated;
use nginx_config::{Tree, quote_word};
use proptest::prelude::*;
use std::process::Command;

/// What `nginx -t` says about a whole main file: fine, or reason and line.
fn nginx_verdict(source: &[u8]) -> Result<(), (String, usize)> {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let conf = folder.path().join("nginx.conf");
    std::fs::write(&conf, source).expect("writing nginx.conf");
    let globals = format!("pid {}/pid;", folder.path().display());
    let output = Command::new("nginx")
        .args(["-t", "-e", "stderr", "-g", &globals, "-p"])
        .arg(folder.path())
        .arg("-c")
        .arg(&conf)
        .output()
        .expect("nginx runs");
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    let (before, after) =
        said.split_once(&format!(" in {}:", conf.display())).unwrap_or_else(|| panic!("a place in {said}"));
    let reason =
        before.split_once("[emerg] ").and_then(|(_, rest)| rest.split_once(": ")).expect("pid and tid").1;
    let digits = after.bytes().take_while(u8::is_ascii_digit).count();
    let (number, rest) = after.split_at(digits);
    // nginx puts the rest of some messages behind the place.
    let rest = rest.lines().next().unwrap_or_default();
    Err((format!("{reason}{rest}"), number.parse().expect("a line number")))
}

fn our_verdict(source: &[u8]) -> Result<(), (String, usize)> {
    let tree = Tree::parse(source).map_err(|error| (error.reason, error.line))?;
    assert_eq!(tree.print(), source);
    Ok(())
}

/// A snippet that stands in the main context.
fn main(snippet: &str) -> Vec<u8> {
    format!("events {{}}\n{snippet}").into_bytes()
}

/// A snippet that stands in a server block which nothing follows.
fn server(snippet: &str) -> Vec<u8> {
    format!("events {{}}\nhttp {{\nserver {{\nlisten unix:s;\n{snippet}\n}}\n}}\n").into_bytes()
}

/// A snippet that stands in `http`.
fn http(snippet: &str) -> Vec<u8> {
    format!("events {{}}\nhttp {{\n{snippet}\n}}\n").into_bytes()
}

fn x(count: usize) -> String {
    "x".repeat(count)
}

/// One row a rule; each is put to nginx and to us.
fn snippets() -> Vec<Vec<u8>> {
    [words(), quotes(), blocks(), long_ones()].concat()
}

/// Separators, comments and where words start; bytes that are not text.
fn words() -> Vec<Vec<u8>> {
    let mut rows: Vec<Vec<u8>> = Vec::new();
    rows.extend(["", "\n\n", "# only", "#", "env a;", "env\ta\r\n;", "env a;env b;", "env\x0ba;"].map(main));
    rows.extend(
        ["env a#b;", "env a #;\n;", "env # c\n a;", "env a; # c {", "env a;#c", "env #\n#\n a;"].map(main),
    );
    rows.extend(
        ["env a\n", "env", "env a", "e", "env \"a", "env 'a\n\n", "env a\\", "env a #;", "env \"a\""]
            .map(main),
    );
    rows.extend(
        [";", "\n;", "{", " {}", "}", "\n\n}", "env a }", "env a\n}\n", "env a;;", "env a; ;"].map(main),
    );
    rows.push(b"events {}\nenv a\0b;\n".to_vec());
    rows.push(b"events {}\nenv \xff\xfe;\n# \xff\n".to_vec());
    rows.push(b"events {}\nenv \"a\"\x01;\n".to_vec());
    rows
}

/// Quotes and escapes.
fn quotes() -> Vec<Vec<u8>> {
    let mut rows: Vec<Vec<u8>> = Vec::new();
    rows.extend(
        ["env 'a';", "env \"a\";", "env \"a\" ;", "env \"a\"\n;", "env \"a\"b;", "env 'a''b';"].map(main),
    );
    rows.extend(
        ["env \"a\"#;", "env \"a\"}", "env a\"b;", "env a'b c;", "\"env\" a;", "'env' \"a\";"].map(main),
    );
    rows.extend(
        ["env \"a\\\"b\";", "env 'a\\'b';", "env \"a\\\\\";", "env \"a\\\\\"b\";", "env a\\;b;"].map(main),
    );
    rows.extend(
        ["env a\\\\;", "env \\;", "env \\\"a;", "env a\\", "env \"a;\n{}#\n\";", "env \"\";", "env '' ;"]
            .map(main),
    );
    rows.extend(["env \"a\");", "env \"a\")b;", "env \"a\"))", "env a);", "env \"\\", "env 'a\\'"].map(main));
    rows
}

/// Braces and variables, and blocks that hold data.
fn blocks() -> Vec<Vec<u8>> {
    let mut rows: Vec<Vec<u8>> = Vec::new();
    rows.extend(
        ["set $a b}c;", "set $a }b;", "set $a ${args}b;", "set $a \"{\";", "set $a {;", "set $a b{c;"]
            .map(server),
    );
    rows.extend(
        ["if ($args){ }", "if ($args = \"a\"){ }", "if ($args = \"a\") { }", "if ($args){}"].map(server),
    );
    rows.extend(
        ["location ~ ^/x/{}", "location ~ \"^/\\d{4}$\" {}", "location ~ ^/\\d\\{4}$ { }"].map(server),
    );
    rows.extend(
        ["location / { return 200 $uri; }", "location / { return 200 a$; }", "location /a{}location /b{}"]
            .map(server),
    );
    rows.extend(
        [
            "rewrite ^/a{3} /b;", "return 301 /{;", "location /x;", "if ($args);", "location / {",
            "location / {}}",
        ]
        .map(server),
    );
    rows.extend(["root a\n", "listen 80", "location / { root a }", "location / { root a; } }}"].map(server));
    rows.extend(
        [
            "map $args $x { a b; }", "map $args $x { a { } }", "types { a { } }", "types { text/x { }",
            "geo $x { a{ } }",
        ]
        .map(http),
    );
    rows.extend(
        [
            "map $args $x { location x; default { } }",
            "map $args $x;",
            "types a;",
            "split_clients $args $x { * \"a\" { }",
        ]
        .map(http),
    );
    rows.extend(
        ["log_format a b;", "log_format a \"b\" 'c'\n\n d;", "log_format a { b }", "upstream u { server a }"]
            .map(http),
    );
    rows
}

/// What fills nginx's buffer, and what just fits.
fn long_ones() -> Vec<Vec<u8>> {
    let mut rows: Vec<Vec<u8>> = Vec::new();
    for count in [4094, 4095, 4096, 4097, 9000] {
        rows.push(main(&format!("env {};\n", x(count))));
        rows.push(main(&format!("env {} ;\n", x(count - 1))));
        rows.push(main(&format!("env \"{}\";\n", x(count - 1))));
        rows.push(main(&format!("env '{}' ;\n", x(count - 2))));
        rows.push(main(&format!("env \n\"{}", x(count))));
        rows.push(main(&format!("{}#{}\nenv a;", x(0), x(count - 1))));
        rows.push(main(&format!("#{}", x(count))));
        rows.push(main(&format!("env{}a;", " ".repeat(count))));
        rows.push(main(&format!("env \"{}\\", x(count))));
        rows.push(main(&format!("env \"{}\")a;", x(count - 2))));
    }
    rows
}

#[test]
fn nginx_judges_every_snippet_alike() {
    let rows = snippets();
    assert!(rows.len() > 120);
    let mut refused = 0;
    for source in &rows {
        let shown = String::from_utf8_lossy(&source[..source.len().min(200)]).into_owned();
        let (nginx, ours) = (nginx_verdict(source), our_verdict(source));
        refused += usize::from(nginx.is_err());
        if is_about_meaning(&nginx) {
            assert_eq!(ours, Ok(()), "{shown:?}: nginx objects to its meaning only: {nginx:?}");
        } else {
            assert_eq!(ours, nginx, "{shown:?}");
        }
    }
    assert!((40..rows.len() - 40).contains(&refused), "{refused} of {} refused", rows.len());
}

/// Whether nginx read the words and then disliked what they say.
fn is_about_meaning(verdict: &Result<(), (String, usize)>) -> bool {
    const MEANINGS: &[&str] = &["unknown directive", "invalid number of arguments", "invalid variable name"];
    verdict.as_ref().is_err_and(|(reason, _)| MEANINGS.iter().any(|meaning| reason.starts_with(meaning)))
}

/// Token soup in a context where every word is a fine value.
fn soup() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        4 => Just("env a;"), 2 => Just("env "), 2 => Just(";"), 1 => Just("{"), 1 => Just("}"), 2 => Just("\""),
        2 => Just("'"), 2 => Just("\\"), 1 => Just("#"), 2 => Just("\n"), 2 => Just(" "), 1 => Just("$"),
        1 => Just("${"), 1 => Just(")"), 1 => Just("b"), 1 => Just("\r\n\t"), 1 => Just("events {}"),
    ];
    prop::collection::vec(piece, 0..14).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(generated("NGINX as the judge of generated files", 200, 4_000))]

    #[test]
    fn nginx_judges_token_soup_alike(text in soup()) {
        let source = main(&text);
        let (nginx, ours) = (nginx_verdict(&source), our_verdict(&source));
        match (&nginx, &ours) {
            // nginx ran a directive and stopped there; we read on and may find more behind it.
            (Err((reason, line)), _) if is_about_meaning(&nginx) || is_about_a_directive(reason) => {
                if let Err((_, ours)) = &ours {
                    prop_assert!(ours >= line, "{text:?}: {nginx:?}");
                }
            }
            _ => prop_assert_eq!(&ours, &nginx, "{:?}", text),
        }
    }

    #[test]
    fn nginx_reads_quoted_values_as_they_are_meant(value in prop::collection::vec(1_u8.., 0..40)) {
        // A dollar would be a variable, and `=` splits an environment variable.
        prop_assume!(!value.contains(&b'$'));
        let spelled = quote_word(&value).expect("short and without NUL");
        let mut source = b"events {}\nhttp { upstream \"u\" { server unix:a; } map $uri $x { default ".to_vec();
        source.extend(&spelled);
        source.extend(b"; } }\n");
        prop_assert_eq!(nginx_verdict(&source), Ok(()));
        let tree = Tree::parse(source).expect("parses");
        let default = tree.walk().last().expect("the entry");
        prop_assert_eq!(tree.directive(default).arg(0), Some(&value[..]));
    }
}

/// Objections of single directives that the soup can form.
fn is_about_a_directive(reason: &str) -> bool {
    ["is duplicate", "is not terminated by", "has no opening", "is not allowed here"]
        .iter()
        .any(|part| reason.contains(part))
}

/// Every directive as name and arguments, with its depth.
fn ours(tree: &Tree) -> Vec<(usize, Vec<String>)> {
    let depth =
        |id| std::iter::successors(tree.directive(id).parent, |&id| tree.directive(id).parent).count();
    let words = |id| {
        let directive = tree.directive(id);
        directive.words().map(|word| word.text().into_owned()).collect()
    };
    tree.walk().map(|id| (depth(id), words(id))).collect()
}

fn theirs(config: &nginx_lint_parser::ast::Config) -> Vec<(usize, Vec<String>)> {
    use nginx_lint_parser::ast::ConfigItem;
    let mut found = Vec::new();
    let mut waiting: Vec<(usize, &ConfigItem)> = config.items.iter().rev().map(|item| (0, item)).collect();
    while let Some((depth, item)) = waiting.pop() {
        let ConfigItem::Directive(directive) = item else { continue };
        let args = directive.args.iter().map(|arg| match &arg.value {
            nginx_lint_parser::ast::ArgumentValue::Variable(name) => format!("${name}"),
            _ => arg.as_str().to_owned(),
        });
        found.push((depth, std::iter::once(directive.name.clone()).chain(args).collect()));
        if let Some(block) = &directive.block {
            waiting.extend(block.items.iter().rev().map(|item| (depth + 1, item)));
        }
    }
    found
}

/// What the second parser reads otherwise than nginx does, and why nginx is right.
const DISAGREEMENTS: &[(&str, &str)] = &[
    ("env a\\;b;", "nginx: a backslash protects the semicolon"),
    ("env a\\\\;", "nginx: two backslashes become one"),
    ("set $a ${args}b;", "nginx: one word, variables are found later"),
    ("if ($args", "nginx: brackets are part of the words"),
];

#[test]
fn a_second_parser_reads_the_same_directives() {
    let (mut compared, mut disagreeing) = (0, Vec::new());
    for source in snippets().into_iter().filter(|source| nginx_verdict(source).is_ok()) {
        let (Ok(text), Ok(tree)) = (std::str::from_utf8(&source), Tree::parse(source.clone())) else {
            continue;
        };
        let Ok(config) = nginx_lint_parser::parse_string(text) else { continue };
        compared += 1;
        if theirs(&config) != ours(&tree) {
            disagreeing.push(text.to_owned());
        }
    }
    assert!(compared > 50, "{compared} compared");
    let unknown = |text: &&String| !DISAGREEMENTS.iter().any(|(snippet, _)| text.contains(snippet));
    assert_eq!(disagreeing.iter().filter(unknown).collect::<Vec<_>>(), Vec::<&String>::new());
    for (snippet, reason) in DISAGREEMENTS {
        assert!(disagreeing.iter().any(|text| text.contains(snippet)), "{snippet:?} agrees now: {reason}");
    }
}
