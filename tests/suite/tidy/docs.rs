//! What the binary can do is documented, and what is documented the binary can
//! do: commands, flags, exit codes, findings.

use super::root;
use super::source::product;
use motionctl::outcome::EXIT_CODES;
use motionctl::outcome::codes::{self, Code, Family};
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
fn help_and_the_manual_page_have_every_exit_code() {
    let folder = tempfile::tempdir().expect("a folder");
    let run = |arguments: &[&std::ffi::OsStr]| {
        let output = Command::new(env!("CARGO_BIN_EXE_motionctl")).args(arguments).output();
        let output = output.expect("the binary runs");
        assert!(output.status.success(), "{arguments:?}");
        String::from_utf8(output.stdout).expect("text")
    };
    run(&["man".as_ref(), folder.path().as_os_str()]);
    let page = fs::read_to_string(folder.path().join("motionctl.1")).expect("the page is there");
    let (_, status) = page.split_once(".SH \"EXIT STATUS\"").expect("the section is there");
    let help = run(&["--help".as_ref()]);
    let words = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    for row in EXIT_CODES {
        let line = format!("{} {}", row.code, row.meaning);
        assert!(words(&help).contains(&line), "--help lacks {line}");
        let entry =
            format!("\\fB{}\\fR {}. Server: {}. Next: {}.", row.code, row.meaning, row.state, row.next);
        // Bold is what marks a command on paper.
        let entry = entry.replace('`', "");
        assert!(words(status).replace("\\-", "-").contains(&entry), "motionctl(1) lacks {entry}");
    }
    assert_eq!(page.matches(EXIT_CODES[4].meaning).count(), 1, "said once");
}

#[test]
fn the_settings_of_a_session_are_documented() {
    let rows: Vec<Vec<String>> = motionctl::db::SETTINGS
        .iter()
        .map(|setting| {
            let instead = match setting.need {
                motionctl::db::Need::Required(_) => "**required**".to_owned(),
                motionctl::db::Need::Optional(instead) => cell(instead),
            };
            vec![format!("`{}`", setting.name), setting.servers().to_owned(), cell(setting.why), instead]
        })
        .collect();
    same_table("seeding.md", "| setting | servers |", &rows);
}

#[test]
fn every_row_is_raised_and_no_code_is_spelt_out_beside_the_table() {
    let mut unused: BTreeSet<String> = codes::all().map(constant).collect();
    let mut spelt = Vec::new();
    for source in product().filter(|source| !source.path.starts_with("src/outcome/codes/")) {
        for token in source.code() {
            unused.remove(&token.text);
            if is_spelt_out(&token.text) {
                spelt.push(format!("{}:{}: {}", source.path, token.lines.start(), token.text));
            }
        }
    }
    assert_eq!(unused, BTreeSet::new(), "never raised");
    assert_eq!(spelt, Vec::<String>::new(), "a misspelt one would compile: take the constant");
}

#[test]
fn every_code_that_a_text_names_is_a_row() {
    let mut unknown = Vec::new();
    for name in ["commands.md", "findings.md", "operations.md", "seeding.md", "architecture.md"] {
        let page = page(name);
        let quoted = page.split('`').skip(1).step_by(2);
        unknown.extend(quoted.filter(|text| is_misspelt(text)).map(|text| format!("docs/{name}: {text}")));
    }
    for source in product() {
        for token in source.code().iter().filter(|token| token.text.starts_with('"')) {
            // What is typed behind the option ends where the sentence goes on.
            let typed =
                token.text.split("--accept ").skip(1).filter_map(|rest| rest.split([' ', ';', '"']).next());
            unknown.extend(
                typed.filter(|word| is_misspelt(word)).map(|word| format!("{}: {word}", source.path)),
            );
        }
    }
    assert_eq!(unknown, Vec::<String>::new());
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
pub fn same_table(name: &str, header: &str, rows: &[Vec<String>]) {
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
pub fn cell(text: &str) -> String {
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

/// What the constant of a code is called.
fn constant(code: Code) -> String {
    code.name().to_uppercase().replace(['.', '-'], "_")
}

/// Whether a token is a literal that holds nothing but a finding's code.
fn is_spelt_out(token: &str) -> bool {
    let text = token.strip_prefix('"').and_then(|token| token.strip_suffix('"'));
    text.is_some_and(|text| codes::named(text).is_some())
}

/// Whether it looks like a finding's code and is none.
fn is_misspelt(text: &str) -> bool {
    let name = text.split('=').next().unwrap_or_default();
    let Some((area, rest)) = name.split_once('.') else { return false };
    let is_name = !rest.is_empty() && rest.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-');
    let is_file = ["conf", "toml", "yaml", "json", "sock"].contains(&rest);
    // `plan.diff` and its like are keys of the JSON document.
    let is_key = area == "plan";
    is_name
        && !is_file
        && !is_key
        && codes::all().any(|code| code.area() == area)
        && codes::named(name).is_none()
}

pub fn page(name: &str) -> String {
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
    assert!(is_misspelt("host.no-sandbx") && is_misspelt("merge.conflicts=ours"));
    assert!(
        !is_misspelt("host.no-sandbox") && !is_misspelt("merge.conflict=ours") && !is_misspelt("nginx.conf")
    );
    assert!(is_spelt_out("\"host.no-sandbox\"") && !is_spelt_out("\"nginx.conf\""));
}
