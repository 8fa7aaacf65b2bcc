//! The house rules that neither the compiler nor clippy knows, checked on our own sources.
//!
//! Each checker takes text and returns what it has against it, so that each is
//! also proven able to fail.

mod circles;
pub mod docs;
mod reference;
mod rooms;
mod rules;
mod schemas;
mod source;

use source::{Source, product, sources};
use std::fs;
use std::path::Path;
use walkdir::WalkDir;

const CODE_LINES: usize = 400;

#[test]
fn the_table_of_rooms_says_who_uses_whom() {
    let page = fs::read_to_string(root().join("docs/architecture.md")).expect("the page is there");
    let rows = rooms::table(&page);
    for row in &rows {
        assert!(
            root().join(&row.place).exists(),
            "the table has a row for `{}`, which is not there",
            row.place
        );
    }
    let complaints = rooms::complaints(&rows, &product().collect::<Vec<_>>());
    assert!(complaints.is_empty(), "docs/architecture.md, \"Code map\":\n{}", complaints.join("\n"));
}

#[test]
fn no_files_of_a_room_need_each_other() {
    let found = circles::circles(&product().collect::<Vec<_>>()).into_iter();
    let shown = found.map(|(room, circles)| format!("{room}:\n  {}", circles.join("\n\n  ")));
    let shown: Vec<String> = shown.collect();
    assert!(shown.is_empty(), "files that need each other:\n{}", shown.join("\n\n"));
}

#[test]
fn files_are_small() {
    judge(sources(), |source| rules::too_many_lines(source, CODE_LINES));
}

#[test]
fn every_file_says_what_it_is() {
    judge(sources(), rules::no_module_doc);
}

#[test]
fn nothing_is_left_for_later() {
    judge(sources(), rules::left_for_later);
}

#[test]
fn what_is_printed_is_in_order() {
    judge(product(), rules::unordered_maps);
}

#[test]
fn what_is_said_can_be_spelled_in_ascii() {
    // Signs of others, which are looked for, or answered as they would.
    const DATA: [&str; 5] = [
        "crates/nginx-config/src/parser/properties.rs",
        "src/seed/import/typed.rs",
        "src/seed/offline/names.rs",
        "src/seed/snapshot/charset.rs",
        "src/tryout/stand_in/services.rs",
    ];
    // A page says of itself which characters it has.
    let is_page = |path: &str| path.starts_with("src/report/page/");
    let said = product().filter(|source| !DATA.contains(&source.path.as_str()) && !is_page(&source.path));
    judge(said, rules::not_spelled_in_ascii);
    let mut all = vec![<motionctl::cli::Cli as clap::CommandFactory>::command()];
    while let Some(mut command) = all.pop() {
        let help = command.render_long_help().to_string();
        assert!(help.is_ascii(), "`{} --help` is not: {help}", command.get_name());
        all.extend(command.get_subcommands().cloned());
    }
}

#[test]
fn no_key_is_stored() {
    let mut found = Vec::new();
    for folder in ["crates", "docs", "fixtures", "packaging", "templates", "tests"] {
        for file in
            WalkDir::new(root().join(folder)).into_iter().flatten().filter(|e| e.file_type().is_file())
        {
            if rules::holds_a_key(&fs::read(file.path()).expect("our own files are readable")) {
                found.push(file.path().display().to_string());
            }
        }
    }
    assert_eq!(found, Vec::<String>::new());
}

#[test]
fn there_is_something_to_read() {
    for path in [
        "src/outcome/exit.rs",
        "crates/nginx-config/src/lexer.rs",
        "crates/nginx-config/tests/suite/oracle.rs",
        "tests/suite/main.rs",
        "benches/peers/main.rs",
        "fuzz/fuzz_targets/manifest.rs",
    ] {
        let file = sources().iter().find(|file| file.path == path);
        assert!(file.is_some_and(|file| !file.tokens().is_empty()), "{path} is not read");
    }
    assert!(sources().iter().all(|file| !file.path.contains("/target/")));
}

/// Fails with everything that `rule` has against these sources.
fn judge<'a>(sources: impl IntoIterator<Item = &'a Source>, rule: impl Fn(&Source) -> Vec<String>) {
    let of = |source: &'a Source| {
        rule(source).into_iter().map(move |complaint| format!("{}: {complaint}", source.path))
    };
    let complaints: Vec<String> = sources.into_iter().flat_map(of).collect();
    assert!(complaints.is_empty(), "\n{}", complaints.join("\n"));
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}
