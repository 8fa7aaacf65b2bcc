//! `packaging/dist.sh` takes tools by their hashes alone, says when they cannot be had, and writes sums of all that is
//! handed on.
//!
//! Invariant: no index of packages is asked; what pip finds is a file of the test.

use super::{answer, ours};
use crate::support::binary::write_program;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use tempfile::TempDir;

/// A checkout with the scripts, and nothing built.
fn checkout() -> TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    for name in ["dist.sh", "dist-tools.txt"] {
        let text = fs::read(ours("packaging").join(name)).expect("a file of ours");
        write_program(folder.path().join("packaging").join(name), text);
    }
    folder
}

fn dist(checkout: &Path, step: &str, wheels: Option<PathBuf>) -> (i32, String) {
    let mut command = Command::new(checkout.join("packaging/dist.sh"));
    command.arg(step).env("PIP_NO_INDEX", "1").env("PIP_FIND_LINKS", wheels.unwrap_or_default());
    command.env("CARGO_TARGET_DIR", checkout.join("target"));
    answer(&command.output().expect("it runs"))
}

#[test]
fn without_an_index_it_is_said_what_can_be_built_all_the_same() {
    let checkout = checkout();
    let (code, said) = dist(checkout.path(), "build", None);
    assert_eq!(code, 69, "{said}");
    assert!(said.contains("a binary for this machine alone: make build"), "{said}");
    // The next time it is tried again.
    assert!(!checkout.path().join("target/tools/dist-tools.txt").exists());
}

#[test]
fn a_tool_of_another_hash_is_no_matter_of_the_network() {
    let has_venv = Command::new("python3").args(["-c", "import ensurepip"]).output();
    if !has_venv.is_ok_and(|output| output.status.success()) {
        eprintln!(
            "a_tool_of_another_hash_is_no_matter_of_the_network: SKIPPED on this machine: no python3-venv"
        );
        return;
    }
    let checkout = checkout();
    let wheels = checkout.path().join("wheels");
    fs::create_dir(&wheels).expect("a folder");
    for wheel in ["cargo_zigbuild-0.24.1-py3-none-any.whl", "ziglang-0.17.1-py3-none-any.whl"] {
        fs::write(wheels.join(wheel), "another's").expect("a file");
    }
    let (code, said) = dist(checkout.path(), "tools", Some(wheels));
    assert_eq!(code, 1, "{said}");
    assert!(said.contains("DO NOT MATCH THE HASHES"), "{said}");
}

#[test]
fn the_sums_are_of_everything_that_lies_there_and_can_be_checked() {
    let checkout = checkout();
    assert_eq!(dist(checkout.path(), "sums", None).0, 69, "nothing was built");
    let folder = checkout.path().join("dist");
    fs::create_dir(&folder).expect("a folder");
    for name in ["motionctl-x86_64", "motionctl_0.1.0_amd64.deb", "a name of two words"] {
        fs::write(folder.join(name), name).expect("a file");
    }
    for _ in 0..2 {
        let (code, said) = dist(checkout.path(), "sums", None);
        assert_eq!(code, 0, "{said}");
        let sums = fs::read_to_string(folder.join("SHA256SUMS")).expect("they are written");
        let names: Vec<&str> =
            sums.lines().filter_map(|line| line.split_once("  ")).map(|(_, name)| name).collect();
        assert_eq!(names, ["a name of two words", "motionctl-x86_64", "motionctl_0.1.0_amd64.deb"]);
    }
    let check = || Command::new("sha256sum").args(["-c", "SHA256SUMS"]).current_dir(&folder).output();
    assert!(check().expect("it runs").status.success());
    fs::write(folder.join("motionctl-x86_64"), "another's").expect("a file");
    assert!(!check().expect("it runs").status.success());
}
