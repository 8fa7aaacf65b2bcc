//! The examples of docs/pipelines.md, run as they stand there, and `--with` besides.
//!
//! Invariant: the document's files and commands are all used, and what it shows is what comes. `UPDATE_DOCS=1` writes what
//! came into the document.

use crate::support::binary::{SITE, binary, copy_tree, fixture, write_program};
use crate::support::said::{Said, answer};
use motionctl::seed::manifest::{File, validate_for};
use serde_json::Value;
use std::fs;
use std::path::Path;
use std::process::Command;
use tempfile::TempDir;

const DOCUMENT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/pipelines.md");
const TEAM: &str =
    "version: 1\nprofiles:\n  - { name: '{{ site.city }} Early', agents: '{{ site.early }}' }\n";

#[test]
fn the_document_shows_what_comes() {
    let text = fs::read_to_string(DOCUMENT).expect("the document");
    let folder = repository();
    let (mut made, mut files, mut commands) = (String::new(), 0, 0);
    let mut lines = text.lines();
    let mut before = "";
    while let Some(line) = lines.next() {
        made.extend([line, "\n"]);
        let block = |lines: &mut std::str::Lines<'_>| -> Vec<String> {
            lines.take_while(|line| *line != "```").map(str::to_owned).collect()
        };
        match line {
            "```yaml" | "```sh" => {
                let body = block(&mut lines).join("\n") + "\n";
                let name = before.rsplit('`').nth(1).expect("a file's name before it");
                let file = folder.path().join(name);
                fs::create_dir_all(file.parent().expect("a folder")).expect("folders");
                fs::write(file, &body).expect("writing");
                made.extend([body.as_str(), "```\n"]);
                files += 1;
            }
            "```console" => {
                let block = block(&mut lines);
                for command in block.iter().filter(|line| line.starts_with("$ ")) {
                    made.extend([command.as_str(), "\n", &shell(folder.path(), &command[2..])]);
                    commands += 1;
                }
                made.push_str("```\n");
            }
            "" => {}
            line => before = line,
        }
    }
    assert_eq!((files, commands), (6, 8));
    if std::env::var_os("UPDATE_DOCS").is_some() {
        fs::write(DOCUMENT, &made).expect("writing");
    }
    assert_eq!(made, text, "UPDATE_DOCS=1 writes what came into the document");
}

/// The three servers that the document speaks of, and a `sudo` that has nothing to do.
fn repository() -> TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    let copy = |name: &str, server: &str| {
        let target = folder.path().join("servers").join(server);
        fs::create_dir_all(&target).expect("folders");
        copy_tree(&fixture(name), &target);
    };
    copy("standalone", "cc1");
    copy("standalone", "cc2");
    copy("already-migrated", "cc3");
    let site = folder.path().join("servers/cc2").join(SITE);
    let text = fs::read_to_string(&site).expect("Motion's file");
    fs::write(&site, format!("# Ansible managed\n{text}")).expect("writing");
    write_program(folder.path().join("bin/sudo"), "#!/bin/sh\nexec \"$@\"\n");
    folder
}

fn shell(folder: &Path, command: &str) -> String {
    let shell = format!("{command}\ncode=$?; [ $code = 0 ] || echo \"(exit $code)\"");
    let output = in_repository(folder, "sh").args(["-c", &shell]).output();
    let found = answer(&output.expect("a shell"));
    assert_eq!(found.stderr, "", "{found:?}");
    found.stdout
}

fn in_repository(folder: &Path, program: &str) -> Command {
    let binary = Path::new(env!("CARGO_BIN_EXE_motionctl")).parent().expect("a folder");
    let (sudo, before) = (folder.join("bin"), std::env::var("PATH").unwrap_or_default());
    let mut command = Command::new(program);
    // The document has the arrows of a UTF-8 locale, whatever this machine's is.
    command
        .current_dir(folder)
        .env("LC_ALL", "C.UTF-8")
        .env("PATH", format!("{}:{}:{before}", sudo.display(), binary.display()));
    command
}

/// The script that follows this line of the document, without its indentation.
fn script(after: &str) -> String {
    let text = fs::read_to_string(DOCUMENT).expect("the document");
    let (_, rest) = text.split_once(&format!("{after}\n")).unwrap_or_else(|| panic!("no {after:?}"));
    let indent = rest.len() - rest.trim_start_matches(' ').len();
    let lines = rest.lines().take_while(|line| line.len() > indent && line[..indent].trim().is_empty());
    lines.map(|line| line[indent..].to_owned() + "\n").collect()
}

/// What a pipeline's script does for a server: its exit code and what it prints, and the folder where it ran.
fn job(script: &str, server: &str) -> (Said, TempDir) {
    let folder = repository();
    let output = in_repository(folder.path(), "bash")
        .args(["-e", "-o", "pipefail", "-c", script])
        .env("SERVER", format!("servers/{server}"))
        .output();
    (answer(&output.expect("bash is installed")), folder)
}

#[test]
fn the_job_of_github_passes_or_fails_and_annotates_what_a_person_has_to_read() {
    let script = script("        run: |");
    assert_eq!(script.lines().count(), 4, "{script}");
    let run = |server: &str| job(&script, server).0;
    let refused = run("cc2");
    let line = "::error file=servers/cc2/etc/nginx/conf.d/motion.conf,line=1,title=site.managed-elsewhere::";
    assert!(refused.code == 1 && refused.stdout.contains(line), "{refused:?}");
    for server in ["cc1", "cc3"] {
        let passed = run(server);
        assert_eq!((passed.code, passed.stdout.matches("::error ").count()), (0, 0), "{passed:?}");
        // That a tree shows files only is nothing that a person could do something about.
        assert!(!passed.stdout.contains("topology.unknown"), "{passed:?}");
    }
    let missing = run("cc4");
    assert!(missing.code != 0 && missing.stdout.is_empty(), "{missing:?}");
}

#[test]
fn the_job_of_gitlab_passes_or_fails_and_reports_places_that_are_in_the_repository() {
    let script = script("    - |");
    assert!(script.contains("quality.json"), "{script}");
    for (server, code, severity) in [("cc1", 0, None), ("cc2", 1, Some("blocker")), ("cc3", 0, None)] {
        let (found, folder) = job(&script, server);
        assert_eq!(found.code, code, "{found:?}");
        let report = fs::read(folder.path().join("quality.json")).expect("a report");
        let report: Vec<Value> = serde_json::from_slice(&report).expect("an array");
        // Of a tree that shows files only there is nothing to report.
        let blocker = report.iter().find(|one| one["severity"] == "blocker");
        assert_eq!(blocker.map(|one| one["severity"].as_str()), severity.map(Some), "{report:#?}");
        let mut prints: Vec<_> = report.iter().map(|one| one["fingerprint"].to_string()).collect();
        prints.sort();
        prints.dedup();
        assert_eq!(prints.len(), report.len(), "{report:#?}");
        for one in &report {
            let path = folder.path().join(one["location"]["path"].as_str().expect("a path"));
            assert!(path.exists() && one["location"]["lines"]["begin"].as_u64() > Some(0), "{one:#}");
        }
    }
}

struct Files(TempDir);

impl Files {
    fn new(files: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        files.iter().for_each(|(name, text)| fs::write(folder.path().join(name), text).expect("writing"));
        Self(folder)
    }

    fn run(&self, arguments: &[&str]) -> Said {
        answer(&binary().args(arguments).current_dir(self.0.path()).output().expect("the binary starts"))
    }
}

/// Each problem as `file:line:column message | hint`.
fn problems(team: &str, site: Option<&str>) -> Vec<String> {
    let site = site.map(|text| File { name: "site", bytes: text.as_bytes() });
    let read = validate_for(File { name: "team", bytes: team.as_bytes() }, site);
    let line = |problem: &motionctl::seed::manifest::Problem| {
        let hint = problem.hint.clone().unwrap_or_default();
        format!("{} {} | {hint}", read.source.locate(problem.place), problem.message)
    };
    let problems: Vec<String> = read.problems.iter().filter(|problem| problem.is_error()).map(line).collect();
    assert_eq!(problems.is_empty(), read.manifest.is_some());
    problems
}

fn check(team: &str, site: &str, expect: &[&str]) {
    assert_eq!(problems(team, Some(site)), expect, "{team}\n{site}");
}

#[test]
fn a_value_is_what_it_is_in_the_sites_file() {
    let team = "version: 1\nqueues: { chat: [ { name: 'In {{site.city}}', strategy: '{{ site.s }}', timeout: '{{ site.t }}', description: '{{ site.d }}' } ] }\n\
                profiles: [ { name: '{{ site.city }} {{ site.nr }}', enabled: '{{ site.enabled }}', agents: &a '{{ site.early }}' }, { name: P, agents: *a } ]\n";
    let site = "version: 1\nsite: { city: 'Z: #1 {x}', s: beepall, t: 30, d: null, nr: 7, enabled: false, early: { mode: exact, members: [anna] } }\n";
    let file = |name, text: &'static str| File { name, bytes: text.as_bytes() };
    let read = validate_for(file("team", team), Some(file("site", site)));
    let manifest = read.manifest.unwrap_or_else(|| panic!("{:?}", read.problems));
    assert_eq!(&*manifest.queues[0].name.value, "In Z: #1 {x}");
    assert_eq!(manifest.queues[0].timeout.value(), Some(&30));
    assert!(matches!(manifest.queues[0].description, motionctl::seed::manifest::Managed::Null(_)));
    assert_eq!(&*manifest.profiles[0].name.value, "Z: #1 {x} 7");
    assert_eq!(manifest.profiles[0].enabled.as_ref().map(|enabled| enabled.value), Some(false));
    for profile in &manifest.profiles {
        assert_eq!(&*profile.agents.as_ref().expect("a list").members[0].name, "anna");
    }
}

#[test]
fn a_fault_is_said_in_the_file_where_it_stands() {
    check(
        TEAM,
        "version: 1\nsite:\n  city: Milan\n  early: [anna,\n    anna]\n",
        &["site:5:5 `anna` stands twice in one list | it stands first in line 4 of the site's file"],
    );
    check(
        TEAM,
        "version: 1\nsite: { city: 0123, early: [] }\n",
        &["site:2:15 readers of YAML may take `0123` for an octal number | quote it: '0123'"],
    );
    check(
        TEAM,
        "version: 1\nsite: { city: [a], early: 7 }\n",
        &[
            "team:3:13 `city` is a list, and stands inside of a text here | only texts and numbers can",
            "site:2:27 `agents` takes a list of usernames, or a mapping with `mode` and `members` | \
         leave the key out to leave the links as they are",
        ],
    );
    let text = "version: 1\nprofiles:\n  - { name: P, agents: ['{{ site.a }}', '{{ site.a }}'] }\n";
    let twice = problems(text, Some("version: 1\nsite: { a: x }\n"));
    assert!(twice[0].starts_with("site:2:12 `x` stands twice in one list"), "{twice:?}");
}

#[test]
fn a_value_that_is_missing_or_left_over_is_refused() {
    check(
        TEAM,
        "version: 1\nsite: { citty: Milan, early: [], Late: 1 }\n",
        &[
            "team:3:13 the site has no value `city` | did you mean `citty`?",
            "site:2:9 `citty` is not asked for in the manifest | write `{{ site.citty }}` where it belongs, or remove it",
            "site:2:34 `Late` is not asked for in the manifest | write `{{ site.Late }}` where it belongs, or remove it",
        ],
    );
    assert_eq!(
        problems(TEAM, None),
        [
            "team:3:13 `{{ site.city }} Early` asks for a value of a site | --with SITE names the file that has it",
            "team:3:46 `{{ site.early }}` asks for a value of a site | --with SITE names the file that has it",
        ]
    );
    // Single brackets are text.
    assert_eq!(problems("version: 1\nprofiles: [ { name: '{ city } {a}' } ]\n", None), [""; 0]);
}

#[test]
fn brackets_that_ask_for_nothing_never_become_a_name() {
    let site = "version: 1\nsite: { city: x }\n";
    for odd in [
        "{{ Site.city }}", "{{ city }}", "{{ sites.city }}", "{{{ site.city }}}", "{{ site.city",
        "{{ site.city }}}",
    ] {
        for list in [format!("{{ name: '{odd}' }}"), format!("{{ name: P, agents: ['a {odd}'] }}")] {
            for with in [None, Some(site)] {
                let used = if with.is_some() { ", description: '{{ site.city }}' }" } else { " }" };
                let list = list.strip_suffix(" }").expect("its end");
                let found = problems(&format!("version: 1\nprofiles: [ {list}{used} ]\n"), with);
                let hint = "asks for no value of a site | did you mean `{{ site.city }}`?";
                assert!(found.len() == 1 && found[0].ends_with(hint), "{odd}: {found:?}");
            }
        }
    }
    // Two that close are the end of a JSON text, and ask for nothing.
    let found = problems("version: 1\nprofiles: [ { name: P, description: '{\"a\":{\"b\":1}}' } ]\n", None);
    assert!(found.is_empty(), "{found:?}");
}

#[test]
fn a_file_is_called_what_it_is() {
    let files = Files::new(&[("team.yaml", "version: 1\n"), ("site.yaml", "version: 1\nsite: { a: x }\n")]);
    let check = |arguments: &[&str], part: &str| {
        let answer = files.run(arguments);
        let all = format!("{}{}", answer.stdout, answer.stderr);
        assert!(answer.code != 0 && all.contains(part), "{answer:?}");
    };
    check(&["seed", "validate", "team.yaml", "--with", "none.yaml"], "reading the site's file none.yaml");
    check(&["seed", "plan", "team.yaml", "--against", "none.yaml"], "reading the export none.yaml");
    check(&["seed", "validate", "team.yaml", "--with", "site.yaml"], "1 problem in site.yaml");
}

#[test]
fn what_is_no_question_and_what_is_no_site_is_refused() {
    let site = "version: 1\nsite: { a: x }\n";
    for odd in ["{{ site.a.b }}", "{{ site.a | upper }}", "{{ site }}", "{{ site.a }} {{ site.", "{{site.1}}"]
    {
        let team =
            format!("version: 1\nprofiles: [ {{ name: '{odd}', description: '{{{{ site.a }}}}' }} ]\n");
        let found = problems(&team, Some(site));
        assert!(found.len() == 1 && found[0].contains("asks for no value of a site"), "{odd}: {found:?}");
    }
    let key = "version: 1\nqueues: { '{{ site.a }}': [] }\nprofiles: [ { name: '{{ site.a }}' } ]\n";
    assert!(problems(key, Some(site))[0].contains("asks for a value of a site | only values are filled in"));
    let team = "version: 1\nprofiles: [ { name: '{{ site.a }}' } ]\n";
    for (site, part) in [
        ("", "site:1:1 the file is empty"),
        ("site: { a: x }", "a site's file without `version`"),
        ("version: 2\nsite: { a: x }", "`version` takes `1`"),
        ("version: 1\nsite: { a: x, b-c: y }", "`b-c` cannot be asked for"),
        ("version: 1\nsite: { a: '{{ site.a }}' }", "cannot ask for another one"),
        ("version: 1\nsite: { a: x, a: y }", "`a` is given twice"),
        ("version: 1\nsites: { a: x }", "did you mean `site`?"),
        ("version: 1\nsite: { a: }", "`a` has no value"),
        ("version: 1\nsite: { a: 'x }", "quotes that are opened"),
    ] {
        let found = problems(team, Some(site));
        assert!(found.iter().any(|problem| problem.contains(part)), "{site}: {found:?}");
    }
}

#[test]
fn values_cannot_be_made_to_fill_the_memory() {
    let many = format!("version: 1\nsite: {{ a: [{}] }}\n", "x, ".repeat(20_000));
    let uses: String =
        (0..200).map(|index| format!("  - {{ name: P{index}, agents: '{{{{ site.a }}}}' }}\n")).collect();
    let found = problems(&format!("version: 1\nprofiles:\n{uses}"), Some(&many));
    assert!(
        found.iter().any(|problem| problem.contains("makes more than 1200000 values")),
        "{:?}",
        found.first()
    );
}

#[test]
fn every_command_takes_the_values_and_a_saved_plan_keeps_them() {
    let team = "version: 1\nqueues: { chat: [ { name: '{{ site.q }}', strategy: beepall, timeout: 1 } ] }\n\
                agents: [ { username: anna, fullname: A, internal: '1', personal: { chat: ['{{ site.q }}'] } } ]\n";
    let files = Files::new(&[("team.yaml", team), ("a.yaml", "version: 1\nsite: { q: Q }\n")]);
    let db = ["--db", "sqlite:m.db"];
    let run = |arguments: &[&str]| files.run(&[arguments, &db].concat());
    let access = run(&["seed", "access", "anna", "--with", "team.yaml", "--with-site", "a.yaml"]);
    assert!(access.code == 0 && access.stdout.contains("Personal  Q"), "{access:?}");
    let plan = run(&["seed", "plan", "team.yaml", "--with", "a.yaml", "--out", "p.json"]);
    assert_eq!(plan.code, 0, "{plan:?}");
    fs::remove_file(files.0.path().join("a.yaml")).expect("removing");
    assert_eq!(run(&["seed", "apply", "p.json", "--yes", "--with", "a.yaml"]).code, 64);
    let applied = run(&["seed", "apply", "p.json", "--yes"]);
    assert_eq!(applied.code, 0, "{applied:?}");
    let export = run(&["seed", "export"]);
    assert!(export.stdout.contains("name: Q"), "{export:?}");
    assert_eq!(run(&["seed", "apply", "team.yaml", "--yes", "--with", "a.yaml"]).code, 69);
    assert_eq!(run(&["seed", "apply", "team.yaml", "--yes"]).code, 65);
}

#[test]
fn what_plan_refuses_without_a_database_validate_refuses_too() {
    let files = Files::new(&[(
        "m.yaml",
        "version: 1\npermissions: [ { user_profile: S, agent_profiles: [edit] } ]\n",
    )]);
    let said = |arguments: &[&str]| -> Value {
        let json = files.run(arguments).document();
        assert_eq!(json["exit_code"], 65, "{json:#}");
        json["problems"].clone()
    };
    let validate = said(&["seed", "validate", "m.yaml", "--json"]);
    assert!(validate.to_string().contains("`edit` without `view` and `read`"), "{validate:#}");
    assert_eq!(said(&["seed", "plan", "m.yaml", "--db", "sqlite:x.db", "--json"]), validate);
}
