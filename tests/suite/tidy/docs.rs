//! What the binary can do is documented, and what is documented the binary can
//! do: commands, flags, exit codes, findings.

use super::root;
use super::source::sources;
use motionctl::outcome::EXIT_CODES;
use motionctl::outcome::codes::{self, Family};
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
fn every_exit_code_has_its_row_and_a_runbook() {
    let rows =
        EXIT_CODES.map(|row| [row.code.to_string(), cell(row.meaning), cell(row.state), cell(row.next)]);
    same_table("commands.md", "| code | meaning |", &rows.map(|cells| cells.to_vec()));
    let runbooks: Vec<String> = page("operations.md")
        .lines()
        .filter(|line| line.starts_with("## Exit "))
        .map(str::to_owned)
        .collect();
    assert_eq!(runbooks, EXIT_CODES.map(|row| format!("## Exit {}: {}", row.code, row.title)));
}

#[test]
fn every_finding_has_its_row() {
    let rows: Vec<Vec<String>> = codes::all()
        .map(|code| {
            let exit = code.exit_code().filter(|exit| *exit != 3).map(|exit| format!(", {exit}"));
            let accept = match code.accept_words().as_slice() {
                [] if code.exit_code().is_some() => "no".to_owned(),
                [] => "–".to_owned(),
                [word] if word == code.name() => "yes".to_owned(),
                words => words.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(" or "),
            };
            vec![
                format!("`{code}`"),
                cell(&format!("{}{}", code.levels_in_words(), exit.unwrap_or_default())),
                accept,
                cell(code.meaning()),
                cell(code.looked_for()),
                cell(code.advice()),
            ]
        })
        .collect();
    assert!(rows.len() > 10);
    same_table("findings.md", "| code | level |", &rows);
}

#[test]
fn every_row_is_raised_and_no_code_is_spelt_out_beside_the_table() {
    let rows: BTreeSet<&str> = codes::all().map(|code| code.name()).collect();
    let mut raised = BTreeSet::new();
    for source in sources(&["src"]).iter().filter(|source| !source.path.starts_with("src/outcome/codes/")) {
        raised.extend(source.code().iter().filter_map(|token| finding_code(&token.text)));
    }
    let raised: BTreeSet<&str> = raised.iter().map(String::as_str).collect();
    assert_eq!(rows.difference(&raised).collect::<Vec<_>>(), Vec::<&&str>::new(), "never raised");
}

#[test]
fn what_can_be_accepted_is_said_where_the_option_is() {
    let page = page("commands.md");
    for family in [Family::Migration, Family::Seed] {
        let words = codes::acceptable(family).into_iter().map(|word| format!("`{}`", cell(&word)));
        let words: BTreeSet<String> = words.collect();
        let rows = page.lines().filter(|line| line.starts_with("| `--accept CODE,…` |"));
        let said =
            rows.map(|row| row.split('`').skip(3).step_by(2).map(|word| format!("`{word}`")).collect());
        let said: Vec<BTreeSet<String>> = said.collect();
        assert!(said.contains(&words), "docs/commands.md has no `--accept` with {words:?}, but {said:?}");
    }
}

/// Compares the rows of a table with a page, or writes them into it.
fn same_table(name: &str, header: &str, rows: &[Vec<String>]) {
    let page = page(name);
    let lines: Vec<&str> = page.lines().collect();
    let start = lines.iter().position(|line| line.starts_with(header)).expect("the table is there") + 2;
    let end = start + lines[start..].iter().take_while(|line| line.starts_with('|')).count();
    let wanted: Vec<String> = rows.iter().map(|cells| format!("| {} |", cells.join(" | "))).collect();
    if std::env::var_os("UPDATE_DOCS").is_some() {
        let before = lines[..start].iter().map(|line| (*line).to_owned());
        let after = lines[end..].iter().map(|line| (*line).to_owned());
        let text: Vec<String> = before.chain(wanted).chain(after).collect();
        fs::write(root().join("docs").join(name), text.join("\n") + "\n").expect("the page can be written");
        return;
    }
    for (found, wanted) in lines[start..end].iter().zip(&wanted) {
        assert_eq!(found, wanted, "docs/{name}; UPDATE_DOCS=1 writes the table again");
    }
    assert_eq!(end - start, wanted.len(), "rows in docs/{name}; UPDATE_DOCS=1 writes the table again");
}

/// A text in a cell of a table.
fn cell(text: &str) -> String {
    text.replace('|', "\\|")
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

/// A string literal that is a finding's code.
fn finding_code(token: &str) -> Option<String> {
    let text = token.strip_prefix('"')?.strip_suffix('"')?;
    codes::named(text).map(|code| code.name().to_owned())
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
    assert_eq!(finding_code("\"nginx.conf\""), None);
    assert_eq!(finding_code("\"host.no-sandbox\""), Some("host.no-sandbox".to_owned()));
}
