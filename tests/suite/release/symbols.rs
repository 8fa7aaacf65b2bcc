//! `packaging/symbols.sh` lets a program pass that starts with glibc 2.17, and names what keeps another from it.
//!
//! Invariant: every library is linked by this machine's own linker, with the symbols of its own glibc.

use super::{answer, ours};
use std::fs;
use std::path::Path;
use std::process::Command;

fn judged(program: &Path, newest: &str) -> (i32, String) {
    answer(&Command::new(ours("packaging/symbols.sh")).arg(program).arg(newest).output().expect("it runs"))
}

/// What becomes of C code as a library that is linked with `options`.
fn linked(code: &str, options: &[&str]) -> (i32, String) {
    let folder = tempfile::tempdir().expect("a folder");
    let (source, library) = (folder.path().join("a.c"), folder.path().join("a.so"));
    fs::write(&source, code).expect("the code is written");
    let mut cc = Command::new("cc");
    cc.args(["-shared", "-fPIC", "-O0", "-fno-builtin", "-Wl,--no-as-needed", "-o"])
        .arg(&library)
        .arg(&source);
    assert!(cc.args(options).status().expect("a C compiler").success(), "{code}");
    judged(&library, "2.17")
}

const OLD: &str = "int puts(const char *); int a(void) { return puts(\"a\"); }";

#[test]
fn a_program_of_old_symbols_passes() {
    let (code, said) = linked(OLD, &[]);
    assert_eq!(code, 0, "{said}");
    assert!(
        said.contains("starts with glibc 2.2.5 or newer") || said.contains("starts with glibc 2.17"),
        "{said}"
    );
    // glibc 2.9 is older than 2.17, by its numbers and not by its letters.
    let (code, said) = linked("int pipe2(int *, int); int a(int *b) { return pipe2(b, 0); }", &[]);
    assert_eq!(code, 0, "{said}");
}

#[test]
fn a_newer_symbol_is_refused_by_its_name() {
    let (code, said) =
        linked("long getrandom(void *, long, int); long a(void *b) { return getrandom(b, 1, 0); }", &[]);
    assert_eq!(code, 1, "{said}");
    assert!(said.contains("needs glibc 2.25 where 2.17 is the newest allowed, for getrandom"), "{said}");
}

#[test]
fn another_library_is_refused_by_its_name() {
    let (code, said) = linked(OLD, &["-lgcc_s"]);
    assert_eq!(code, 1, "{said}");
    assert!(said.contains("needs libgcc_s.so.1, which is no part of the C library"), "{said}");
}

#[test]
fn a_word_that_an_old_loader_does_not_know_is_refused() {
    let pointers =
        "int puts(const char *); static int b; int *const a[] = {&b, &b}; int c(void) { return puts(\"\"); }";
    let (code, said) = linked(pointers, &["-Wl,-z,pack-relative-relocs"]);
    assert_eq!(code, 1, "{said}");
    assert!(said.contains("asks for GLIBC_ABI_DT_RELR"), "{said}");
}

#[test]
fn what_cannot_be_read_is_refused() {
    let (code, said) = linked("int a(void) { return 1; }", &["-nostdlib"]);
    assert_eq!(code, 1, "{said}");
    assert!(said.contains("nothing can be said of it"), "{said}");
    for other in ["README.md", "not-there"] {
        let (code, said) = judged(&ours(other), "2.17");
        assert_eq!(code, 1, "{said}");
        assert!(said.contains("nothing can be said of it"), "{said}");
    }
}

#[test]
fn the_tests_own_binary_is_held_to_what_it_was_built_with() {
    let program = Path::new(env!("CARGO_BIN_EXE_motionctl"));
    let (code, said) = judged(program, "2.17");
    // Of a machine with glibc 2.17 and no libgcc_s it would pass; nobody builds there.
    assert_eq!(code, 1, "{said}");
    let (_, said) = judged(program, "9.0");
    assert!(!said.contains("is the newest allowed"), "{said}");
}
