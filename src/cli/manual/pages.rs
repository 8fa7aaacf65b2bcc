//! The manual pages, in the order of man-pages(7).
//!
//! Invariant: a page for every command that people see, named as `man` looks for it: `motionctl-seed-plan.1`.

use super::examples::{self, Example};
use super::ordered::ordered;
use super::places::{PLACES, VARIABLES};
use crate::cli::files::write_public;
use crate::outcome::{EXIT_CODES, Failure, FailureKind, Outcome, OutcomeKind, counted};
use clap::Command;
use clap_mangen::Man;
use clap_mangen::roff::{Inline, Roff, bold, italic, roman};
use std::io;
use std::path::Path;

/// The section of all pages.
const SECTION: &str = "1";
/// What a page is called in its footer.
const MANUAL: &str = "motionctl";

/// Writes `motionctl.1` and a page for each command.
pub fn pages(dir: &Path) -> Result<Outcome, Failure> {
    let pages = rendered()
        .map_err(|error| Failure::new(FailureKind::Failed, format!("making the manual pages: {error}")))?;
    for (name, text) in &pages {
        write_public(&dir.join(name), text)?;
    }
    let mut outcome = Outcome::new("man", OutcomeKind::Ok);
    let verdict = format!("{} written to {}", counted(pages.len(), "manual page"), dir.display());
    outcome.set_verdict(verdict);
    Ok(outcome)
}

/// The pages by the names of their files.
fn rendered() -> io::Result<Vec<(String, Vec<u8>)>> {
    // The examples have a section of their own, and so have the exit codes.
    let mut command = ordered().after_help(None).disable_help_subcommand(true);
    command.build();
    let mut pages = Vec::new();
    add(&command, None, &mut pages)?;
    Ok(pages)
}

fn add(command: &Command, parent: Option<&str>, pages: &mut Vec<(String, Vec<u8>)>) -> io::Result<()> {
    let name = name(command);
    pages.push((format!("{name}.{SECTION}"), page(command, parent)?));
    for child in command.get_subcommands().filter(|child| !child.is_hide_set()) {
        add(child, Some(&name), pages)?;
    }
    Ok(())
}

fn name(command: &Command) -> String {
    command.get_display_name().unwrap_or_else(|| command.get_name()).to_owned()
}

fn page(command: &Command, parent: Option<&str>) -> io::Result<Vec<u8>> {
    let source = format!("motionctl {}", env!("CARGO_PKG_VERSION"));
    let man = Man::new(command.clone()).source(source).manual(MANUAL);
    let part = |render: &dyn Fn(&Man, &mut dyn io::Write) -> io::Result<()>| {
        let mut text = Vec::new();
        render(&man, &mut text)?;
        String::from_utf8(text).map_err(io::Error::other)
    };
    let mut text = part(&|man, out| man.render_title(out))?;
    // What the library puts before each of its parts stands before the title already.
    let preamble = text.find(".TH").map_or_else(String::new, |end| text[..end].to_owned());
    let mut add = |part: String| text.push_str(part.strip_prefix(&preamble).unwrap_or(&part));
    add(part(&|man, out| man.render_name_section(out))?);
    add(synopsis(command).render());
    add(part(&|man, out| man.render_description_section(out))?);
    add(options(&part(&|man, out| man.render_options_section(out))?, &preamble));
    if command.get_subcommands().any(|child| !child.is_hide_set()) {
        add(part(&|man, out| man.render_subcommands_section(out))?);
    }
    let path = path(command);
    let exit = if parent.is_none() { every_exit_code() } else { exit_codes(&path) };
    for section in [exit, environment(), files(), shown(examples::of(&path)), see_also(command, parent)] {
        add(section.render());
    }
    if parent.is_none() {
        add(part(&|man, out| man.render_version_section(out))?);
    }
    Ok(text.into_bytes())
}

/// The command without `motionctl`, as examples name it.
fn path(command: &Command) -> String {
    let all = command.get_bin_name().unwrap_or_default();
    all.strip_prefix("motionctl").unwrap_or(all).trim_start().to_owned()
}

/// As in the help: forty options in one line are none that anybody reads.
fn synopsis(command: &Command) -> Roff {
    let usage = command.clone().render_usage().to_string();
    let name = command.get_bin_name().unwrap_or_default();
    let mut section = Roff::new();
    section.control("SH", ["SYNOPSIS"]);
    for (index, form) in usage.trim_start_matches("Usage:").lines().map(str::trim).enumerate() {
        if index > 0 {
            section.control("br", []);
        }
        let rest = form.strip_prefix(name).unwrap_or(form);
        section.text([bold(&form[..form.len() - rest.len()]), roman(rest)]);
    }
    section
}

/// The options in one section, its headings below it.
fn options(text: &str, preamble: &str) -> String {
    const HEAD: &str = ".SH OPTIONS\n";
    let text = text.strip_prefix(preamble).unwrap_or(text);
    let own = text.strip_prefix(HEAD).unwrap_or(text);
    let below = own.lines().map(|line| line.replacen(".SH ", ".SS ", usize::from(line.starts_with(".SH "))));
    let below: Vec<_> = below.collect();
    format!("{HEAD}{}\n", below.join("\n"))
}

fn every_exit_code() -> Roff {
    let rows = EXIT_CODES.iter().map(|row| {
        let next = format!("{}. Server: {}. Next: {}.", row.meaning, row.state, row.next);
        (vec![bold(row.code.to_string())], next)
    });
    let mut section = listed("EXIT STATUS", rows);
    section.control("PP", []);
    section.text([roman(
        "motionctl status --check and motionctl watch exit as monitoring plugins do: 0 OK, 1 WARNING, 2 CRITICAL, 3 UNKNOWN.",
    )]);
    section.control("PP", []);
    section.text([roman("motionctl explain CODE says the same, and what each finding means.")]);
    section
}

fn exit_codes(path: &str) -> Roff {
    if path == "watch" {
        let mut section = Roff::new();
        section.control("SH", ["EXIT STATUS"]);
        section
            .text([roman("As monitoring plugins: 0 OK, 1 WARNING, 2 CRITICAL, 3 UNKNOWN; 64 wrong usage.")]);
        return section;
    }
    let rows = EXIT_CODES.iter().map(|row| (vec![bold(row.code.to_string())], row.meaning.to_owned()));
    let mut section = listed("EXIT STATUS", rows);
    section.control("PP", []);
    let mut last = vec![roman("What to do about each: "), bold("motionctl"), roman("(1). ")];
    if path == "status" {
        last.push(roman("With --check as monitoring plugins: 0 OK, 1 WARNING, 2 CRITICAL, 3 UNKNOWN."));
    }
    section.text(last);
    section
}

fn environment() -> Roff {
    listed("ENVIRONMENT", VARIABLES.iter().map(|one| (vec![bold(one.name)], format!("{}.", one.meaning))))
}

fn files() -> Roff {
    listed("FILES", PLACES.iter().map(|one| (vec![italic(one.path)], format!("{}.", one.meaning))))
}

fn shown(examples: &[Example]) -> Roff {
    listed("EXAMPLES", examples.iter().map(|one| (vec![bold(one.line)], format!("{}.", one.why))))
}

/// The page above, those below, and the first one.
fn see_also(command: &Command, parent: Option<&str>) -> Roff {
    let below = command.get_subcommands().filter(|child| !child.is_hide_set()).map(name);
    let others = ["motionctl-explain".to_owned()].into_iter().filter(|_| !command.has_subcommands());
    let mut pages: Vec<String> = parent.map(str::to_owned).into_iter().chain(below).chain(others).collect();
    pages.retain(|page| *page != name(command));
    pages.push("nginx(8)".to_owned());
    let mut section = Roff::new();
    section.control("SH", ["SEE ALSO"]);
    let last = pages.len() - 1;
    let line = pages.iter().enumerate().flat_map(|(index, page)| {
        let (page, number) =
            page.split_once('(').map_or((page.as_str(), "1)"), |(page, number)| (page, number));
        let end = if index == last { "" } else { ", " };
        [bold(page), roman(format!("({number}{end}"))]
    });
    section.text(line.collect::<Vec<_>>());
    section
}

/// A section of terms and what is said of each.
fn listed(title: &str, rows: impl Iterator<Item = (Vec<Inline>, String)>) -> Roff {
    let mut section = Roff::new();
    section.control("SH", [title]);
    for (term, text) in rows {
        section.control("TP", []);
        section.text(term);
        section.text([roman(text.replace('`', ""))]);
    }
    section
}
