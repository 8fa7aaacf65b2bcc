//! What a package brings besides the program, as far as it can be tried without dpkg and rpm (`make test-package` has those).
//!
//! Invariant: copies of what is compiled in do what the program does without them, and nothing of the kind is left out.

use crate::support::binary::Server;
use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

fn source(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

fn text(path: &str) -> String {
    fs::read_to_string(source(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// The steps with what they write, and the difference.
fn planned(document: &Value) -> String {
    assert_eq!(document["outcome"], "changes-pending", "{document:#}");
    format!("{}{}", document["plan"]["steps"], document["plan"]["diff"])
}

#[test]
fn the_templates_as_files_plan_what_the_built_in_ones_plan() {
    for fixture in ["standalone", "customised", "proxied-client"] {
        let server = Server::copy(fixture);
        let bundle = source("templates/new-client").display().to_string();
        let (built_in, copy) = (server.json(&["plan"]), server.json(&["plan", "--bundle", &bundle]));
        assert_eq!(planned(&built_in), planned(&copy), "{fixture}");
    }
}

#[test]
fn the_schema_map_as_a_file_plans_what_the_built_in_one_plans() {
    let server = Server::copy("standalone");
    let database = format!("sqlite:{}", server.at("motion.db").display());
    let manifest = source("fixtures/manifests/good/example.yaml").display().to_string();
    let map = source("templates/seed/schema-map.toml").display().to_string();
    let plan = ["seed", "plan", &manifest, "--db", &database];
    let (built_in, copy) = (server.json(&plan), server.json(&[&plan[..], &["--map", &map]].concat()));
    assert_eq!(built_in["outcome"], "changes-pending", "{built_in:#}");
    assert_eq!(built_in["details"]["rows"], copy["details"]["rows"], "{copy:#}");
}

#[test]
fn every_folder_of_templates_is_packed() {
    let script = text("packaging/package.sh");
    for folder in fs::read_dir(source("templates")).expect("the templates").flatten() {
        // Nobody can name other pages: what is shown as safe must be.
        if folder.file_name() == "report" {
            continue;
        }
        let name = format!("templates/{}", folder.file_name().display());
        assert!(script.contains(&format!("/{name}/*")) || script.contains(&format!("/{name}\"")), "{name}");
    }
}

/// What the description packs and what the script lays out are the same folders.
#[test]
fn what_is_laid_out_is_what_is_described() {
    let (script, description) = (text("packaging/package.sh"), text("packaging/package/nfpm.yaml"));
    let parts = script
        .split_once("for part in ")
        .and_then(|(_, rest)| rest.split_once("; do"))
        .expect("the folders")
        .0;
    for part in parts.split_whitespace() {
        let is_named = [
            format!("src: {part}/"),
            format!("src: \"{part}/"),
            format!("src: {part},"),
            format!(": {part}/"),
        ];
        assert!(is_named.iter().any(|words| description.contains(words)), "{part}");
    }
    for script in ["after-install", "before-remove", "after-remove"] {
        assert!(description.contains(&format!("scripts/{script}")), "{script}");
    }
}

#[test]
fn the_scripts_are_sh_and_recover_nothing() {
    for script in fs::read_dir(source("packaging/package/scripts")).expect("the scripts").flatten() {
        let said = Command::new("sh").arg("-n").arg(script.path()).output().expect("a shell");
        assert!(said.status.success(), "{said:?}");
        let text = fs::read_to_string(script.path()).expect("text");
        // Lines that run the program; what is said to people is no command.
        let runs: Vec<_> = text
            .lines()
            .map(str::trim)
            .filter(|line| !line.starts_with('#') && line.contains("/usr/bin/motionctl"))
            .collect();
        assert!(runs.iter().all(|line| line.contains("motionctl status ")), "{runs:?}");
    }
}

/// The first line by which a purge knows a drop-in of ours.
#[test]
fn a_purge_knows_what_install_unit_wrote() {
    let server = Server::copy("standalone");
    assert_eq!(server.json(&["install-unit", "--watch"])["outcome"], "applied");
    let script = text("packaging/package/scripts/after-remove");
    let mark =
        script.split_once("grep -q '^").and_then(|(_, rest)| rest.split_once('\'')).expect("the mark").0;
    let drop_in = server.read("etc/systemd/system/motionctl-watch.path.d/site.conf");
    assert!(drop_in.starts_with(mark), "{mark}: {drop_in}");
}
