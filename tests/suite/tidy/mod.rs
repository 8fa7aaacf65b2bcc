//! The house rules that a compiler does not know, checked on our own sources.
//!
//! Each checker takes text and returns what it has against it, so that each is
//! also proven able to fail.

mod docs;
mod rules;
mod source;

use source::{Source, sources};
use std::fs;
use std::path::Path;
use walkdir::WalkDir;

const CODE_LINES: usize = 400;
const FUNCTION_LINES: usize = 60;

#[test]
fn rooms_import_in_one_direction() {
    judge(&["src"], rules::imports_against_the_arrows);
}

#[test]
fn files_and_functions_are_small() {
    judge(&["src", "tests", "benches"], |source| rules::too_many_lines(source, CODE_LINES));
    judge(&["src", "tests", "benches"], |source| rules::long_functions(source, FUNCTION_LINES));
}

#[test]
fn every_file_says_what_it_is() {
    judge(&["src", "tests", "benches"], rules::no_module_doc);
}

#[test]
fn lints_are_expected_never_allowed() {
    judge(&["src", "tests", "benches"], rules::allowed_lints);
}

#[test]
fn nothing_can_panic_for_want_of_a_reason() {
    judge(&["src"], rules::unwraps);
}

#[test]
fn nothing_is_left_for_later() {
    judge(&["src", "tests", "benches"], rules::unfinished);
}

#[test]
fn only_the_command_line_prints() {
    judge(&["src"], rules::prints);
}

#[test]
fn unsafe_code_is_in_one_room_and_explained() {
    judge(&["src", "tests", "benches"], rules::unsafe_code);
}

#[test]
fn what_is_printed_is_in_order() {
    judge(&["src"], rules::unordered_maps);
}

#[test]
fn no_key_is_stored() {
    let mut found = Vec::new();
    for folder in ["fixtures", "templates", "tests", "packaging", "docs"] {
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
    let files = sources(&["src"]);
    assert!(files.len() > 5 && files.iter().any(|file| file.path == "src/outcome/exit.rs"));
    assert!(files.iter().all(|file| !file.tokens().is_empty()));
}

/// Fails with everything that `rule` has against the sources below `folders`.
fn judge(folders: &[&str], rule: impl Fn(&Source) -> Vec<String>) {
    let complaints: Vec<String> = sources(folders)
        .iter()
        .flat_map(|source| {
            rule(source)
                .into_iter()
                .map(|complaint| format!("{}: {complaint}", source.path))
                .collect::<Vec<_>>()
        })
        .collect();
    assert!(complaints.is_empty(), "\n{}", complaints.join("\n"));
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}
