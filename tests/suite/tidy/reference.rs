//! The pages that are made of tables of the program: findings, settings, environment, files; and the manual pages.
//!
//! Invariant: what the program knows stands in them, word for word, and nothing else does.

use super::docs::{cell, page, same_table};
use super::root;
use super::source::{Source, product};
use motionctl::cli::{KEYS, Key, PLACES, VARIABLES};
use motionctl::outcome::codes::{self, AREAS, Code};
use std::collections::BTreeSet;
use std::fs;
use std::process::Command;

/// Where what is written by hand ends in `findings.md`.
const FINDINGS: &str = "## Areas\n";

#[test]
fn every_finding_has_a_heading_of_its_own() {
    let areas = AREAS.map(|area| {
        let of_area: Vec<Code> = codes::all().filter(|code| code.area() == area.name).collect();
        let links: Vec<_> = of_area.iter().map(|code| format!("[{code}]({})", link(*code))).collect();
        let rows: Vec<_> = of_area.into_iter().map(described).collect();
        let line = format!("- [{0}](#{0}): {1}: {2}\n", area.name, area.about, links.join(", "));
        (line, format!("\n## {}\n\nAbout {}.\n{}", area.name, area.about, rows.concat()))
    });
    let index: String = areas.iter().map(|(line, _)| line.as_str()).collect();
    let rest: String = areas.iter().map(|(_, rest)| rest.as_str()).collect();
    let wanted = format!("{FINDINGS}\n{index}{rest}");
    let found = page("findings.md");
    let at = found.find(FINDINGS).expect("what is written by hand ends there");
    if std::env::var_os("UPDATE_DOCS").is_some() {
        let text = format!("{}{wanted}", &found[..at]);
        fs::write(root().join("docs/findings.md"), text).expect("the page can be written");
        return;
    }
    for (found, wanted) in found[at..].lines().zip(wanted.lines()) {
        assert_eq!(found, wanted, "docs/findings.md; UPDATE_DOCS=1 writes it again");
    }
    assert_eq!(found.len() - at, wanted.len(), "docs/findings.md; UPDATE_DOCS=1 writes it again");
}

fn described(code: Code) -> String {
    let exit =
        code.exit_code().map_or_else(String::new, |exit| format!("; where it stops an apply, exit {exit}"));
    let words = code.accept_words();
    let accept = match (words.as_slice(), code.accept().family()) {
        (words @ [_, ..], Some(family)) => {
            let words =
                words.iter().map(|word| format!("`--accept {word}`")).collect::<Vec<_>>().join(" or ");
            let commands = family.commands().iter().map(|name| format!("`{name}`")).collect::<Vec<_>>();
            format!("{words}, of {}", commands.join(", "))
        }
        _ if code.exit_code().is_some() => "it cannot be accepted".to_owned(),
        _ => "there is nothing to accept".to_owned(),
    };
    format!(
        "\n### `{code}`\n\n{}.\n\n- Level: {}{exit}.\n- Looked for: {}.\n- What to do: {}.\n- Accept: {accept}.\n",
        sentence(code.meaning()),
        code.levels_in_words(),
        code.looked_for(),
        code.advice(),
    )
}

/// The same text with a capital at its beginning, unless it begins with a name.
fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    match letters.next() {
        Some(first) if first.is_ascii_lowercase() => {
            format!("{}{}", first.to_ascii_uppercase(), letters.as_str())
        }
        _ => text.to_owned(),
    }
}

fn link(code: Code) -> String {
    code.anchor().strip_prefix("findings.md").expect("it is of this page").to_owned()
}

#[test]
fn what_explain_says_of_a_finding_leads_to_its_heading() {
    let page = page("findings.md");
    // As GitHub, GitLab and pandoc make an anchor of a heading.
    let headings: BTreeSet<String> = page
        .lines()
        .filter_map(|line| line.strip_prefix("### "))
        .map(|title| title.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '-').collect())
        .collect();
    let wanted: BTreeSet<String> = codes::all().map(|code| link(code)[1..].to_owned()).collect();
    assert_eq!(headings, wanted);
    assert_eq!(wanted.len(), codes::all().count(), "no two have one anchor");
    assert!(!page.contains("as above"), "whoever looks for a row reads no other");
}

#[test]
fn every_setting_variable_and_file_is_documented() {
    let setting = |key: &Key| {
        let name = if key.table.is_empty() {
            format!("`{}`", key.name)
        } else {
            format!("`{}` `{}`", key.table, key.name)
        };
        let option = if key.option.is_empty() { "–".to_owned() } else { format!("`{}`", key.option) };
        vec![name, cell(key.value), option, cell(key.meaning)]
    };
    same_table("configuration.md", "| key | value |", &KEYS.iter().map(setting).collect::<Vec<_>>());
    let variables = VARIABLES.map(|one| vec![format!("`{}`", one.name), cell(one.meaning)]);
    same_table("configuration.md", "| variable | meaning |", &variables);
    let places = PLACES.map(|one| vec![format!("`{}`", one.path), cell(one.meaning)]);
    same_table("configuration.md", "| path | what |", &places);
}

#[test]
fn an_option_of_a_setting_is_one_that_there_is() {
    let page = page("commands.md");
    for key in KEYS.iter().filter(|key| !key.option.is_empty()) {
        assert!(
            page.contains(&format!("`{} ", key.option)) || page.contains(&format!("`{}`", key.option)),
            "{}",
            key.option
        );
        // The rule by which a person finds one from the other.
        assert_eq!(key.option, format!("--{}", key.name.replace('_', "-")));
    }
}

#[test]
fn the_environment_is_read_by_its_table_alone() {
    const TABLE: &str = "src/cli/manual/places.rs";
    let found = product().flat_map(|source| reads(source).into_iter().map(move |line| (source, line)));
    let (own, others): (Vec<_>, Vec<_>) = found.partition(|(source, _)| source.path == TABLE);
    assert_eq!(own.len(), 1, "{TABLE} reads for all");
    let others: Vec<_> = others.iter().map(|(source, line)| format!("{}:{line}", source.path)).collect();
    assert_eq!(others, Vec::<String>::new(), "read by a row of {TABLE}");
}

/// The lines on which a file reads a variable of the environment.
fn reads(source: &Source) -> Vec<usize> {
    let lines = source.text.lines().enumerate();
    let reads =
        |line: &str| ["env::var(", "env::var_os(", "env::vars"].iter().any(|call| line.contains(call));
    // A test's kill points are in no binary that anybody runs.
    let found = lines.filter(|(_, line)| reads(line) && !line.contains("{MARK}"));
    found.map(|(index, _)| index + 1).collect()
}

#[test]
fn every_manual_page_has_all_its_sections_in_order() {
    let folder = tempfile::tempdir().expect("a folder");
    let done = Command::new(env!("CARGO_BIN_EXE_motionctl")).arg("man").arg(folder.path()).output();
    assert!(done.expect("the binary runs").status.success());
    let mut names = BTreeSet::new();
    for entry in fs::read_dir(folder.path()).expect("readable") {
        let path = entry.expect("readable").path();
        let name = path.file_name().expect("a name").to_string_lossy().into_owned();
        let text = fs::read_to_string(&path).expect("a page is text");
        let sections: Vec<_> = text.lines().filter_map(|line| line.strip_prefix(".SH ")).collect();
        let sections: Vec<_> = sections.iter().map(|title| title.trim_matches('"')).collect();
        let usual = [
            "NAME", "SYNOPSIS", "DESCRIPTION", "OPTIONS", "SUBCOMMANDS", "EXIT STATUS", "ENVIRONMENT",
            "FILES", "EXAMPLES", "SEE ALSO", "VERSION",
        ];
        let own = |title: &&&str| match **title {
            "SUBCOMMANDS" => sections.contains(&"SUBCOMMANDS"),
            "VERSION" => name == "motionctl.1",
            _ => true,
        };
        assert_eq!(sections, usual.iter().filter(own).copied().collect::<Vec<_>>(), "{name}");
        assert_eq!(text.matches(".ds Aq").count(), 2, "{name}: one preamble");
        names.insert(name);
    }
    assert!(
        names.contains("motionctl-seed-schema-learn.1")
            && !names.iter().any(|name| name.contains("sandbox-child") || name.contains("help")),
        "{names:?}"
    );
    // What a page leads to is there, and every page is led to.
    let mut led_to = BTreeSet::from(["motionctl.1".to_owned()]);
    for name in &names {
        let text = fs::read_to_string(folder.path().join(name)).expect("text").replace("\\-", "-");
        for page in text.split(|c: char| !(c.is_ascii_alphanumeric() || "-()".contains(c))) {
            if let Some(page) = page.strip_suffix("(1)").filter(|page| page.starts_with("motionctl-")) {
                led_to.insert(format!("{page}.1"));
            }
        }
    }
    assert_eq!(led_to, names);
}

#[test]
fn help_has_a_commands_own_options_first_and_an_example_last() {
    let help = |command: &str| {
        let run = Command::new(env!("CARGO_BIN_EXE_motionctl")).args(command.split(' ')).arg("-h").output();
        String::from_utf8(run.expect("the binary runs").stdout).expect("text")
    };
    let apply = help("apply");
    let at = |what: &str| apply.find(what).unwrap_or_else(|| panic!("no {what}: {apply}"));
    let order = [
        "--dry-run", "--yes", "--accept", "\nWhere things are:", "--site", "--new-client-upstream",
        "\nHow the change is made:", "--strategy", "\nDatabase:", "--db <", "\nGlobal options:", "--root",
        "\nExamples:",
    ];
    let places: Vec<_> = order.iter().map(|what| at(what)).collect();
    assert!(places.is_sorted(), "{order:?} at {places:?}: {apply}");
    // What has one of a group's names alone is the command's own.
    let restore = help("restore-vendor");
    assert!(restore.find("--base") < restore.find("\nWhere things are:"), "{restore}");
    assert!(!help("confirm").contains("Where things are"));
}

#[test]
fn a_completion_script_says_where_it_goes() {
    for (shell, place) in [
        ("bash", "/etc/bash_completion.d/motionctl"),
        ("zsh", "site-functions/_motionctl"),
        ("fish", "completions/motionctl.fish"),
    ] {
        let run = Command::new(env!("CARGO_BIN_EXE_motionctl")).args(["completions", shell]).output();
        let script = String::from_utf8(run.expect("the binary runs").stdout).expect("text");
        let last = script.lines().last().expect("lines");
        assert!(last.starts_with("# Where this goes: ") && last.contains(place), "{last}");
    }
}
