//! What the binary can do is documented, and what is documented the binary can
//! do: commands, flags, exit codes, findings.

use super::root;
use super::source::sources;
use motionctl::outcome::EXIT_CODES;
use std::collections::BTreeSet;
use std::fs;
use std::process::Command;

#[test]
fn every_command_and_flag_is_documented_and_there() {
    let mut commands = BTreeSet::new();
    let mut flags = BTreeSet::new();
    explore(&[], &mut commands, &mut flags);
    for expected in ["check", "plan", "apply", "rehearse", "status", "rollback", "recover", "backups list"] {
        assert!(
            commands.contains(expected),
            "`motionctl --help` does not lead to `{expected}`: {commands:?}"
        );
    }
    let page = page("commands.md");
    let headings: BTreeSet<String> = headings(&page);
    let lacking: Vec<&String> = commands.iter().filter(|command| !headings.contains(*command)).collect();
    assert!(lacking.is_empty(), "docs/commands.md has no heading for {lacking:?}");
    assert_eq!(
        flags.difference(&long_flags(&page)).collect::<Vec<_>>(),
        Vec::<&String>::new(),
        "not documented"
    );
    assert_eq!(long_flags(&page).difference(&flags).collect::<Vec<_>>(), Vec::<&String>::new(), "not there");
}

#[test]
fn every_exit_code_has_a_row_and_a_runbook() {
    let (commands, operations) = (page("commands.md"), page("operations.md"));
    for row in EXIT_CODES {
        let line = format!("| {} | {} | {} |", row.code, row.meaning, row.state);
        assert!(commands.contains(&line), "docs/commands.md lacks {line}");
        let heading = format!("\n## Exit {}:", row.code);
        assert!(operations.contains(&heading), "docs/operations.md lacks {heading:?}");
    }
}

#[test]
fn every_finding_is_documented_and_there() {
    let page = page("findings.md");
    let documented: BTreeSet<String> = page.lines().filter_map(documented_code).collect();
    let mut raised = BTreeSet::new();
    for source in sources(&["src"]) {
        raised.extend(source.code().iter().filter_map(|token| finding_code(&token.text)));
    }
    assert!(documented.len() > 10, "docs/findings.md is not read: {documented:?}");
    assert_eq!(raised.difference(&documented).collect::<Vec<_>>(), Vec::<&String>::new(), "not documented");
    assert_eq!(documented.difference(&raised).collect::<Vec<_>>(), Vec::<&String>::new(), "never raised");
}

/// Follows the help of every command that the help of another names.
fn explore(path: &[String], commands: &mut BTreeSet<String>, flags: &mut BTreeSet<String>) {
    let output = Command::new(env!("CARGO_BIN_EXE_motionctl")).args(path).arg("--help").output();
    let output = output.expect("the binary runs");
    assert!(output.status.success(), "motionctl {} --help fails", path.join(" "));
    let help = String::from_utf8(output.stdout).expect("help is text");
    flags.extend(offered_flags(&help));
    for name in subcommands(&help) {
        let mut path = path.to_vec();
        path.push(name);
        commands.insert(path.join(" "));
        explore(&path, commands, flags);
    }
}

/// The names below `Commands:`; `help` is clap's own.
fn subcommands(help: &str) -> Vec<String> {
    help.lines()
        .skip_while(|line| *line != "Commands:")
        .skip(1)
        .take_while(|line| line.starts_with("  "))
        .filter(|line| !line.starts_with("   "))
        .filter_map(|line| line.split_whitespace().next())
        .filter(|name| *name != "help")
        .map(str::to_owned)
        .collect()
}

/// Flags where the help offers them, not where its text speaks of them.
fn offered_flags(help: &str) -> BTreeSet<String> {
    help.lines()
        .map(str::trim_start)
        .filter(|line| line.starts_with('-'))
        .flat_map(|line| long_flags(line.split("  ").next().unwrap_or_default()))
        .collect()
}

fn long_flags(text: &str) -> BTreeSet<String> {
    text.split(|c: char| !(c.is_ascii_alphanumeric() || c == '-'))
        .filter(|word| word.len() > 3 && word.starts_with("--") && word.as_bytes()[2].is_ascii_lowercase())
        .map(str::to_owned)
        .collect()
}

/// What `### \`motionctl NAME …\`` headings name, without operands.
fn headings(page: &str) -> BTreeSet<String> {
    page.lines()
        .filter_map(|line| line.strip_prefix('#')?.trim_start_matches('#').trim().strip_prefix("`motionctl "))
        .map(|rest| {
            let words = rest.trim_end_matches('`').split(' ');
            words
                .take_while(|word| word.starts_with(|c: char| c.is_ascii_lowercase()))
                .collect::<Vec<_>>()
                .join(" ")
        })
        .collect()
}

/// The code in the first column of a table.
fn documented_code(line: &str) -> Option<String> {
    let cell = line.strip_prefix("| `")?.split_once("` |")?.0;
    finding_code(&format!("\"{cell}\""))
}

/// A string literal that is a finding's code.
fn finding_code(token: &str) -> Option<String> {
    const AREAS: [&str; 13] = [
        "nginx",
        "site",
        "routes",
        "newclient",
        "merge",
        "plan",
        "config",
        "topology",
        "sessions",
        "host",
        "run",
        "bundle",
        "seed",
    ];
    let text = token.strip_prefix('"')?.strip_suffix('"')?;
    let (area, name) = text.split_once('.')?;
    let is_name = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-');
    let is_file = ["conf", "toml", "json", "pid", "log", "sock"].contains(&name);
    (AREAS.contains(&area) && is_name && !is_file).then(|| text.to_owned())
}

fn page(name: &str) -> String {
    fs::read_to_string(root().join("docs").join(name)).expect("the page is there")
}

#[test]
fn help_and_pages_are_read_as_people_read_them() {
    let help = "Does it\n\nUsage: m\n\nCommands:\n  check  is it? use --deep\n         more\n  help   Print\n\nOptions:\n      --root <DIR>  a tree, see --other\n  -q, --quiet       less\n";
    assert_eq!(subcommands(help), ["check"]);
    let set = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<BTreeSet<_>>();
    assert_eq!(offered_flags(help), set(&["--root", "--quiet"]));
    assert_eq!(long_flags("`--yes`, `--a-b C` -- --- -x"), set(&["--yes", "--a-b"]));
    assert_eq!(
        headings("# A\n## `motionctl backups list`\n### `motionctl apply [PLAN]`\n"),
        set(&["backups list", "apply"])
    );
    assert_eq!(documented_code("| `site.ambiguous` | stop |"), Some("site.ambiguous".to_owned()));
    assert_eq!(finding_code("\"nginx.conf\""), None);
    assert_eq!(finding_code("\"host.no-sandbox\""), Some("host.no-sandbox".to_owned()));
}
