//! An outcome as text for people: one screen, the verdict first.
//!
//! Invariant: no line is wider than the style allows, but one of a word that people copy.

use super::blocks::{self, DirectiveNote, by_block};
use super::ending::{INDENT, ending, section, summary};
use super::glyphs::{ARROW, DOT};
use super::style::{Detail, Style, Tone};
use super::table::{self, Cell};
use super::takes_effect::takes_effect;
use super::wrap::paragraph;
use super::{diff, explained, findings, plain, problems, routes, tryout, usage};
use crate::outcome::{
    Comparison, DatabaseSection, ErrorLogVerdict, Finding, Level, LoadCount, LoadSection, LocalChange,
    LocalChanges, OfferKind, Offered, Outcome, OutcomeKind, PlanSection, ProbeRow, ReloadSection, StepKind,
    StepSection, counted, excerpt,
};

/// The text, ending with a newline.
#[must_use]
pub fn human(outcome: &Outcome, style: Style) -> String {
    let outcome = &plain::outcome(outcome, style.glyphs);
    let mut lines = body(outcome, style);
    lines.extend(ending(outcome, style));
    text(&lines)
}

/// The same as it stands above a question: the line of counts is its end, also for who asked for little.
#[must_use]
pub fn before_a_question(outcome: &Outcome, style: Style) -> String {
    let outcome = &plain::outcome(outcome, style.glyphs);
    let mut lines = body(outcome, style);
    lines.extend(summary(outcome, style));
    text(&lines)
}

fn text(lines: &[String]) -> String {
    let mut text = lines.join("\n");
    text.push('\n');
    text
}

fn body(outcome: &Outcome, style: Style) -> Vec<String> {
    let mut lines = headline(outcome, style);
    // Who said no has seen the rest.
    if outcome.outcome == OutcomeKind::Cancelled {
        return lines;
    }
    if style.detail > Detail::Quiet {
        lines.extend(about(outcome, style));
    }
    lines.extend(seen(outcome, style));
    lines.extend(explained::explanations(&outcome.explanations, style));
    let inside = style.inside(INDENT);
    lines.extend(section("Problems", problems::blocks(&outcome.problems, style), style));
    if style.detail > Detail::Quiet {
        let tried = tryout::sections(outcome, inside);
        lines.extend(tried.into_iter().flat_map(|(title, body)| section(&title, body, style)));
        lines.extend(outcome.plan.iter().flat_map(|section| plan(section, &outcome.comparisons, style)));
        lines.extend(comparisons(outcome, style));
        lines.extend(outcome.routes.iter().flat_map(|seen| routes::routes(seen, style)));
        lines.extend(lists(outcome, style));
        lines.extend(usage::usage(outcome, style));
        // That of a rehearsal was in the private copy, and is gone with it.
        let kept = outcome.backup.iter().filter(|_| outcome.command != "rehearse");
        lines.extend(kept.flat_map(|backup| {
            let state = match (backup.verified, outcome.command == "rollback") {
                (true, false) => "read again and verified",
                (true, true) => "what goes back was read again and verified",
                (false, _) => "contents not read again",
            };
            let (files, bytes) = (counted(backup.files, "file"), counted(backup.bytes, "byte"));
            let text = format!("{} {} {files}, {bytes}, {state}", backup.path, style.glyphs.of(DOT));
            section("Backup", paragraph(&text, inside.for_reading().width), style)
        }));
        lines.extend(outcome.reload.iter().flat_map(|proof| reload(proof, style)));
        lines.extend(probes(&outcome.probes, style));
        lines.extend(outcome.load.iter().flat_map(|seen| load(seen, style)));
        lines.extend(durations(outcome, style));
        lines.extend(takes_effect(outcome, style));
    }
    lines
}

/// Which server and which database are meant.
fn about(outcome: &Outcome, style: Style) -> Vec<String> {
    let dot = format!(" {} ", style.glyphs.of(DOT));
    let host = outcome.host.as_ref().map(|host| {
        let version = |name: &str, version: &Option<String>| {
            version.as_ref().map(|version| format!("{name} {version}"))
        };
        let versions = [version("nginx", &host.nginx), version("Motion", &host.motion)];
        let parts = [host.name.clone(), host.os.clone()].into_iter().chain(versions.into_iter().flatten());
        parts.collect::<Vec<_>>().join(&dot)
    });
    let database = outcome.database.as_ref().map(|asked| style.glyphs.of(&database(asked)));
    let texts = host.into_iter().chain(database);
    let lines = texts.flat_map(|text| paragraph(&text, style.for_reading().width));
    lines.map(|line| style.dim(&line)).collect()
}

/// What the checks saw: what is so now, then, below a title of its own, what was seen before the change.
fn seen(outcome: &Outcome, style: Style) -> Vec<String> {
    let (before, now): (Vec<_>, Vec<_>) =
        outcome.findings.iter().cloned().partition(|finding| finding.before);
    // That the route was missing is why the change was made.
    let is_worth_it = |finding: &Finding| style.detail >= Detail::Verbose || finding.level < Level::Info;
    let before: Vec<_> = before.into_iter().filter(is_worth_it).collect();
    let mut lines = findings::findings(&now, style);
    let then = findings::findings(&before, style);
    if !then.is_empty() {
        lines.extend([String::new(), style.bold("Seen before the change")]);
        lines.extend(then.into_iter().skip(1));
    }
    lines
}

/// Which database was asked, so that nobody takes a test for the real one.
pub(super) fn database(database: &DatabaseSection) -> String {
    let DatabaseSection { server, version, user, host, schema, transport } = database;
    match transport.as_str() {
        "file" => format!("{server} {version} {DOT} {host}"),
        _ => format!("{server} {version} {DOT} schema {schema} at {host} as {user} {DOT} {transport}"),
    }
}

/// How it ended, in one line.
pub(super) fn verdict(outcome: &Outcome) -> &str {
    outcome.verdict().unwrap_or(match outcome.outcome {
        // Programs tell wrong usage from other bad input by the exit code.
        OutcomeKind::Invalid if outcome.exit_code == 64 => "wrong usage: nothing was changed",
        OutcomeKind::Ok => "all is well",
        OutcomeKind::UpToDate => "up to date: nothing to do",
        OutcomeKind::ChangesPending => "changes are pending",
        OutcomeKind::Applied => "applied and proven",
        OutcomeKind::AwaitingConfirmation => "applied; it is undone unless confirmed in time",
        OutcomeKind::Refused => "refused: nothing was changed",
        OutcomeKind::RolledBack => "failed and rolled back: the old configuration serves",
        OutcomeKind::NeedsOperator => "an operator is needed",
        OutcomeKind::Failed => "failed: nothing was changed",
        OutcomeKind::Cancelled => "cancelled: nothing was changed",
        OutcomeKind::Invalid => "bad input: nothing was changed",
        OutcomeKind::Unavailable => "could not look: nothing was changed",
    })
}

fn headline(outcome: &Outcome, style: Style) -> Vec<String> {
    let text = verdict(outcome);
    let tone = match outcome.exit_code {
        _ if outcome.outcome == OutcomeKind::Cancelled || would_be_stopped(outcome) => Tone::Warn,
        0 => Tone::Good,
        2 => Tone::Warn,
        _ => Tone::Bad,
    };
    let name = format!("{}:", outcome.command);
    let lines = paragraph(&format!("{name} {text}"), style.for_reading().width).into_iter();
    let painted = lines.map(|line| match line.strip_prefix(&name) {
        Some(first) => format!("{}{}", style.bold(&name), style.tone(tone, first)),
        None => style.tone(tone, &line),
    });
    painted.collect()
}

/// Whether what is pending would not be done as things are.
fn would_be_stopped(outcome: &Outcome) -> bool {
    outcome.outcome == OutcomeKind::ChangesPending && outcome.findings.iter().any(Finding::stops)
}

fn plan(plan: &PlanSection, comparisons: &[Comparison], style: Style) -> Vec<String> {
    // A folder for records alone is a detail.
    let is_shown = |step: &&StepSection| {
        let is_folder = matches!(step.kind, StepKind::MakeFolder | StepKind::RemoveFolder);
        style.detail >= Detail::Verbose || !(step.record && is_folder)
    };
    let rows: Vec<_> = plan
        .steps
        .iter()
        .filter(is_shown)
        .enumerate()
        .map(|(index, step)| {
            let path = step.path.clone().unwrap_or_default();
            let changed = comparisons.iter().find(|texts| !path.is_empty() && texts.new_name == path);
            let describe = match changed.filter(|_| step.kind == StepKind::WriteFile).map(Comparison::counts)
            {
                Some((added, removed)) => format!("+{added} -{removed} lines"),
                None => step.describe.clone(),
            };
            let number = (index + 1).to_string();
            [number, kind_in_a_word(step).to_owned(), path, describe].map(Cell::from).to_vec()
        })
        .collect();
    let steps = table::columns(&rows, style.inside(INDENT));
    let mut lines = section(&format!("Steps ({})", plan.strategy), steps, style);
    lines.extend(local_changes("Local changes", &plan.local_changes, style));
    lines.extend(plan.differences_from_guess.iter().flat_map(|guess| {
        let title = format!("Differences from a guess: {}", guess.base);
        local_changes(&title, &guess.lists, style)
    }));
    lines.extend(offers("Taken", &plan.taken, style));
    lines.extend(offers("Offered, not taken (--take 'BLOCK / DIRECTIVE' takes one)", &plan.offered, style));
    lines
}

/// What a step does, for people; the document has its own names for it.
fn kind_in_a_word(step: &StepSection) -> &'static str {
    match step.kind {
        kind if step.record && kind.is_of_a_file() => "note",
        StepKind::WriteFile => "change",
        StepKind::CreateFile | StepKind::MakeFolder => "create",
        StepKind::RemoveFile | StepKind::RemoveFolder => "remove",
        StepKind::RestoreTree => "restore",
        StepKind::Reload => "reload",
    }
}

/// Texts beside each other, the changed words of a line picked out.
fn comparisons(outcome: &Outcome, style: Style) -> Vec<String> {
    let inside = style.inside(INDENT);
    let painted: String = outcome.comparisons.iter().map(|texts| diff::words(texts, inside)).collect();
    section("Diff", painted.lines().map(str::to_owned).collect(), style)
}

/// Lists that a command has besides, such as backups.
fn lists(outcome: &Outcome, style: Style) -> Vec<String> {
    let rows = outcome.details.rows.iter().flatten();
    let mut lines = match outcome.rows_by_block {
        true => by_block(&rows.cloned().filter_map(DirectiveNote::of_row).collect::<Vec<_>>(), style),
        false => table::columns(&rows.map(|cells| painted(cells)).collect::<Vec<_>>(), style),
    };
    if !lines.is_empty() {
        lines.insert(0, String::new());
    }
    let notes = outcome.details.notes.iter().flatten();
    let width = style.inside(INDENT).for_reading().width;
    let notes: Vec<_> = notes.flat_map(|note| paragraph(note, width)).collect();
    // A check is one screen: how its tests differ from the server is a detail.
    if outcome.command != "check" || style.detail >= Detail::Verbose {
        lines.extend(section("Notes", notes, style));
    }
    lines
}

/// A row that begins with the sign of a difference has its colour.
fn painted(cells: &[String]) -> Vec<Cell> {
    let tone = blocks::tone(cells.first().map_or("", String::as_str));
    cells.iter().map(|cell| Cell::new(tone, cell)).collect()
}

/// More directives that both files have alike are only counted.
const MOST_ALIKE: usize = 12;

/// A value on one line; a long one is cut.
fn one_line(text: &str) -> String {
    const LONGEST: usize = 60;
    excerpt(text, LONGEST)
}

/// What another file has otherwise. A line: what it is named by, what is there, what would be.
fn offers(title: &str, offers: &[Offered], style: Style) -> Vec<String> {
    let arrow = style.glyphs.of(ARROW);
    let entry = |offer: &Offered| {
        let (old, new) = (offer.old.as_deref().map(one_line), offer.new.as_deref().map(one_line));
        let (sign, text) = match (offer.kind, old, new) {
            (OfferKind::Unclear, old, _) => ("?", old.unwrap_or_default()),
            (OfferKind::Order, ..) => ("~", "stands in another order".to_owned()),
            (_, Some(old), Some(new)) => ("~", format!("{old} {arrow} {new}")),
            (_, None, new) => ("+", new.unwrap_or_default()),
            (_, Some(_), None) => ("-", "only here".to_owned()),
        };
        // Below its block the rest of the name is enough.
        let name = offer.take.strip_prefix(&offer.path).and_then(|rest| rest.strip_prefix(" / "));
        let (block, directive) = match name {
            Some(name) => (offer.path.clone(), name.to_owned()),
            None => (String::new(), offer.take.clone()),
        };
        DirectiveNote { sign: sign.to_owned(), block, directive, text }
    };
    let entries: Vec<_> = offers.iter().map(entry).collect();
    section(title, by_block(&entries, style.inside(INDENT)), style)
}

fn local_changes(title: &str, changes: &LocalChanges, style: Style) -> Vec<String> {
    let LocalChanges { carried, already_present, conflicting, dropped } = changes;
    let lists =
        [("kept", carried), ("in both", already_present), ("conflict", conflicting), ("lost", dropped)];
    let entry = |name: &str, change: &LocalChange| {
        let today =
            change.today.as_deref().map_or_else(String::new, |text| format!("today: {}", one_line(text)));
        let [block, directive] = change_in_words(change);
        DirectiveNote { sign: name.to_owned(), block, directive, text: today }
    };
    let (mut entries, mut many) = (Vec::new(), Vec::new());
    for (name, list) in lists {
        match list.len() {
            // What both files say alike is worth a count and no screen.
            count if count > MOST_ALIKE && name == "in both" => {
                many.push(format!("{name}  {}", counted(count, "directive")));
            }
            _ => entries.extend(list.iter().map(|change| entry(name, change))),
        }
    }
    let mut lines = by_block(&entries, style.inside(INDENT));
    lines.extend(many);
    if lines.is_empty() {
        return Vec::new();
    }
    let all: usize = lists.iter().map(|(_, list)| list.len()).sum();
    let counts: Vec<_> = lists.iter().filter(|(_, list)| !list.is_empty()).collect();
    let counts = match counts.as_slice() {
        [(name, _)] if all == 1 => (*name).to_owned(),
        [(name, _)] => format!("all {name}"),
        several => {
            several.iter().map(|(name, list)| format!("{} {name}", list.len())).collect::<Vec<_>>().join(", ")
        }
    };
    section(&format!("{title}: {}, {counts}", counted(all, "change")), lines, style)
}

/// Where a local change stands and what it is. One that takes something away is said so: the line would be read as if
/// the run removed it.
fn change_in_words(LocalChange { path, directive, .. }: &LocalChange) -> [String; 2] {
    let without = directive.strip_prefix("removed: ").map(|gone| format!("(your file does without) {gone}"));
    match (path.as_str(), directive.strip_suffix(" of the file")) {
        ("", Some(comments)) => ["whole file".to_owned(), comments.to_owned()],
        _ => [path.clone(), without.unwrap_or_else(|| directive.clone())],
    }
}

/// Processes by their numbers.
pub(super) fn pids(pids: &[i32]) -> String {
    pids.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")
}

/// What the error log said of a reload.
pub(super) fn log_in_words(verdict: ErrorLogVerdict) -> &'static str {
    match verdict {
        ErrorLogVerdict::Clean => "clean",
        ErrorLogVerdict::Errors => "names an error of this reload",
        ErrorLogVerdict::NotLookedAt => "not looked at",
    }
}

fn reload(proof: &ReloadSection, style: Style) -> Vec<String> {
    let (verdict, tone) = match proof.proven {
        true => (format!("proven after {} ms", proof.millis), Tone::Good),
        false => (format!("not proven within {} ms", proof.millis), Tone::Bad),
    };
    let log = log_in_words(proof.error_log);
    let [arrow, dot] = [ARROW, DOT].map(|glyph| style.glyphs.of(glyph));
    let workers = format!("workers {} {arrow} {}", pids(&proof.old_workers), pids(&proof.new_workers));
    let width = style.inside(INDENT).for_reading().width;
    let mut lines = paragraph(&format!("{verdict} {dot} {workers} {dot} error log {log}"), width);
    lines[0] = lines[0].replacen(&verdict, &style.tone(tone, &verdict), 1);
    for noted in &proof.noted {
        lines.extend(paragraph(&format!("seen: {} ({})", noted.line, noted.means), width));
    }
    section("Reload", lines, style)
}

fn probes(rows: &[ProbeRow], style: Style) -> Vec<String> {
    if rows.is_empty() {
        return Vec::new();
    }
    let status = |status: u16| if status == 0 { "no answer".to_owned() } else { status.to_string() };
    let later = |code: Option<u16>| code.map_or_else(String::new, status);
    // A column that nothing stands in is left out.
    let is_restored = rows.iter().any(|row| row.restored.is_some());
    let cells = |route: &str, before: &str, after: &str, restored: &str| {
        let restored = is_restored.then_some(restored);
        let cells = [route, before, after].into_iter().chain(restored);
        cells.map(Cell::from).collect::<Vec<_>>()
    };
    let header = cells("route", "before", "after", "restored").into_iter().map(|cell| cell.toned(Tone::Dim));
    let mut body: Vec<Vec<Cell>> = vec![header.collect()];
    let mut server = "";
    for row in rows {
        if row.server != server {
            server = &row.server;
            body.push(vec![server.into()]);
        }
        let (tone, verdict) = match (row.ok, row.gated) {
            _ if row.accepted => (Tone::Warn, "accepted"),
            (true, true) => (Tone::Good, "ok"),
            (true, false) if row.after.is_some_and(|after| after != row.before) => {
                (Tone::Dim, "changes (expected)")
            }
            (true, false) => (Tone::Dim, "ok"),
            (false, _) => (Tone::Bad, "FAILED"),
        };
        let route = format!("  {}", row.uri);
        let mut line = cells(&route, &status(row.before), &later(row.after), &later(row.restored));
        line.extend([Cell::new(tone, verdict), row.note.as_str().into()]);
        body.push(line);
    }
    section("Probes", table::columns(&body, style.inside(INDENT)), style)
}

fn load(load: &LoadSection, style: Style) -> Vec<String> {
    let row = |name: &str, count: &LoadCount| {
        let LoadCount { sent, failed, limited } = count;
        let tone = if *failed == 0 { Tone::Good } else { Tone::Warn };
        let failed = Cell::new(tone, format!("{failed} failed"));
        let limited = if *limited > 0 { format!("{limited} turned away by a limit") } else { String::new() };
        vec![name.into(), format!("{sent} sent").into(), failed, limited.into()]
    };
    let rows = [row("fresh connections", &load.fresh), row("keep-alive requests", &load.keepalive)];
    let inside = style.inside(INDENT);
    let mut body = table::columns(&rows, inside);
    let during = format!("{} of them began while the reload was under way", load.during_reload);
    body.extend(paragraph(&during, inside.for_reading().width));
    section("Load during the reload", body, style)
}

fn durations(outcome: &Outcome, style: Style) -> Vec<String> {
    let rows: Vec<_> = outcome
        .durations
        .iter()
        .map(|part| vec![part.step.clone().into(), format!("{:>6} ms", part.millis).into()])
        .collect();
    section("Durations", table::columns(&rows, style.inside(INDENT)), style)
}
