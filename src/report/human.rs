//! An outcome as text for people: one screen, the verdict first.

use super::ending::{ending, section, summary};
use super::style::{Detail, Style};
use super::{diff, explained, findings, plain, problems, routes, table, tryout};
use crate::outcome::{
    Comparison, DatabaseSection, ErrorLogVerdict, Finding, Level, LoadCount, LoadSection, LocalChange,
    LocalChanges, OfferKind, Offered, Outcome, OutcomeKind, PlanSection, ProbeRow, ReloadSection,
    StepSection, counted, counted_as, excerpt,
};

/// The text, ending with a newline.
#[must_use]
pub fn human(outcome: &Outcome, style: Style) -> String {
    let outcome = &plain::outcome(outcome);
    let mut lines = body(outcome, style);
    lines.extend(ending(outcome, style));
    text(&lines)
}

/// The same as it stands above a question: the line of counts is its end, also for who asked for little.
#[must_use]
pub fn before_a_question(outcome: &Outcome, style: Style) -> String {
    let outcome = &plain::outcome(outcome);
    let mut lines = body(outcome, style);
    lines.extend(summary(outcome));
    text(&lines)
}

fn text(lines: &[String]) -> String {
    let mut text = lines.join("\n");
    text.push('\n');
    text
}

fn body(outcome: &Outcome, style: Style) -> Vec<String> {
    let mut lines = vec![headline(outcome, style)];
    // Who said no has seen the rest.
    if outcome.outcome == OutcomeKind::Cancelled {
        return lines;
    }
    if style.detail > Detail::Quiet {
        lines.extend(outcome.host.as_ref().map(|host| {
            let version = |name: &str, version: &Option<String>| match version {
                Some(version) => format!(" · {name} {version}"),
                None => String::new(),
            };
            style.dim(&format!(
                "{} · {}{}{}",
                host.name,
                host.os,
                version("nginx", &host.nginx),
                version("Motion", &host.motion)
            ))
        }));
        lines.extend(outcome.database.as_ref().map(|database| style.dim(&self::database(database))));
    }
    lines.extend(seen(outcome, style));
    lines.extend(explained::explanations(&outcome.explanations, style));
    lines.extend(section("Problems", problems::blocks(&outcome.problems, style), style));
    if style.detail > Detail::Quiet {
        let tried = tryout::sections(outcome, style);
        lines.extend(tried.into_iter().flat_map(|(title, body)| section(&title, body, style)));
        lines.extend(outcome.plan.iter().flat_map(|section| plan(section, &outcome.comparisons, style)));
        lines.extend(comparisons(outcome, style));
        lines.extend(outcome.routes.iter().flat_map(|seen| routes::routes(seen, style)));
        lines.extend(lists(outcome, style));
        // That of a rehearsal was in the private copy, and is gone with it.
        let kept = outcome.backup.iter().filter(|_| outcome.command != "rehearse");
        lines.extend(kept.flat_map(|backup| {
            let state = if backup.verified { "read again and verified" } else { "contents not read again" };
            let (files, bytes) = (counted(backup.files, "file"), counted(backup.bytes, "byte"));
            let text = format!("{} · {files}, {bytes}, {state}", backup.path);
            section("Backup", vec![text], style)
        }));
        lines.extend(outcome.reload.iter().flat_map(|proof| reload(proof, style)));
        lines.extend(probes(&outcome.probes, style));
        lines.extend(outcome.load.iter().flat_map(|seen| load(seen, style)));
        lines.extend(durations(outcome, style));
    }
    lines
}

/// What the checks saw: what is so now, then, below a title of its own, what was seen before the change.
fn seen(outcome: &Outcome, style: Style) -> Vec<String> {
    let (before, now): (Vec<_>, Vec<_>) =
        outcome.findings.iter().cloned().partition(|finding| finding.before);
    // That the route was missing is why the change was made.
    let is_worth_it = |finding: &Finding| style.detail == Detail::Verbose || finding.level < Level::Info;
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
        "file" => format!("{server} {version} · {host}"),
        _ => format!("{server} {version} · schema {schema} at {host} as {user} · {transport}"),
    }
}

/// How it ended, in one line.
pub(super) fn verdict(outcome: &Outcome) -> &str {
    let verdict = outcome.details.get("verdict").and_then(|value| value.as_str());
    verdict.unwrap_or(match outcome.outcome {
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

fn headline(outcome: &Outcome, style: Style) -> String {
    let text = verdict(outcome);
    let painted = match outcome.exit_code {
        _ if outcome.outcome == OutcomeKind::Cancelled || would_be_stopped(outcome) => style.warn(text),
        0 => style.good(text),
        2 => style.warn(text),
        _ => style.bad(text),
    };
    format!("{} {painted}", style.bold(&format!("{}:", outcome.command)))
}

/// Whether what is pending would not be done as things are.
fn would_be_stopped(outcome: &Outcome) -> bool {
    outcome.outcome == OutcomeKind::ChangesPending && outcome.findings.iter().any(Finding::stops)
}

fn plan(plan: &PlanSection, comparisons: &[Comparison], style: Style) -> Vec<String> {
    // A folder for records alone is a detail.
    let is_shown = |step: &&StepSection| {
        style.detail == Detail::Verbose || !(step.record && step.kind.ends_with("-folder"))
    };
    let rows: Vec<_> = plan
        .steps
        .iter()
        .filter(is_shown)
        .enumerate()
        .map(|(index, step)| {
            let path = step.path.clone().unwrap_or_default();
            let changed = comparisons.iter().find(|texts| !path.is_empty() && texts.new_name == path);
            let describe = match changed.filter(|_| step.kind == "write-file").map(Comparison::counts) {
                Some((added, removed)) => format!("+{added} -{removed} lines"),
                None => step.describe.clone(),
            };
            vec![(index + 1).to_string(), kind_in_a_word(step).to_owned(), path, describe]
        })
        .collect();
    let mut lines = section(&format!("Steps ({})", plan.strategy), table::columns(&rows), style);
    lines.extend(local_changes("Local changes", &plan.local_changes, style));
    lines.extend(plan.differences_from_guess.iter().flat_map(|guess| {
        let title = format!("Differences from a guess: {}", guess.base);
        local_changes(&title, &guess.lists, style)
    }));
    lines.extend(offers("Taken", &plan.taken, style));
    lines.extend(offers("Offered, not taken (--take PATH takes one)", &plan.offered, style));
    lines
}

/// What a step does, for people; the document has its own names for it.
fn kind_in_a_word(step: &StepSection) -> &str {
    match step.kind.as_str() {
        "write-file" | "create-file" | "remove-file" if step.record => "note",
        "write-file" => "change",
        "create-file" => "create",
        "remove-file" => "remove",
        "make-folder" => "create",
        "remove-folder" => "remove",
        "restore-tree" => "restore",
        other => other,
    }
}

/// Texts beside each other, the changed words of a line picked out.
fn comparisons(outcome: &Outcome, style: Style) -> Vec<String> {
    let painted: String = outcome.comparisons.iter().map(|texts| diff::words(texts, style)).collect();
    section("Diff", painted.lines().map(str::to_owned).collect(), style)
}

/// A row that begins with the sign of a difference has its colour.
fn painted(cells: Vec<String>, style: Style) -> Vec<String> {
    let paint: fn(&Style, &str) -> String = match cells.first().map(String::as_str) {
        Some("+") => Style::good,
        Some("-") => Style::bad,
        Some("~") => Style::warn,
        _ => return cells,
    };
    cells.iter().map(|cell| paint(&style, cell)).collect()
}

/// Lists that a command has besides, such as backups.
fn lists(outcome: &Outcome, style: Style) -> Vec<String> {
    let rows = outcome.details.get("rows").and_then(|rows| rows.as_array()).into_iter().flatten();
    let rows: Vec<Vec<String>> = rows
        .map(|row| {
            let cells = row.as_array().into_iter().flatten();
            let cells = cells.map(|cell| cell.as_str().map_or_else(|| cell.to_string(), str::to_owned));
            painted(cells.collect(), style)
        })
        .collect();
    let notes = outcome.details.get("notes").and_then(|notes| notes.as_array()).into_iter().flatten();
    let notes: Vec<_> = notes.filter_map(|note| note.as_str()).map(str::to_owned).collect();
    let mut lines = table::columns(&rows);
    if !lines.is_empty() {
        lines.insert(0, String::new());
    }
    // A check is one screen: how its tests differ from the server is a detail.
    if outcome.command != "check" || style.detail == Detail::Verbose {
        lines.extend(section("Notes", notes, style));
    }
    lines
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
    let rows: Vec<_> = offers
        .iter()
        .map(|offer| {
            let (old, new) = (offer.old.as_deref().map(one_line), offer.new.as_deref().map(one_line));
            let (sign, what) = match (offer.kind, old, new) {
                (OfferKind::Unclear, old, _) => ("?", old.unwrap_or_default()),
                (OfferKind::Order, ..) => ("~", "stands in another order".to_owned()),
                (_, Some(old), Some(new)) => ("~", format!("{old} → {new}")),
                (_, None, new) => ("+", new.unwrap_or_default()),
                (_, Some(_), None) => ("-", "only here".to_owned()),
            };
            painted(vec![sign.to_owned(), offer.take.clone(), what], style)
        })
        .collect();
    section(title, table::columns(&rows), style)
}

fn local_changes(title: &str, changes: &LocalChanges, style: Style) -> Vec<String> {
    let LocalChanges { carried, already_present, conflicting, dropped } = changes;
    let lists =
        [("kept", carried), ("in both", already_present), ("conflict", conflicting), ("lost", dropped)];
    let row = |name: &str, change: &LocalChange| {
        let today =
            change.today.as_deref().map_or_else(String::new, |text| format!("today: {}", one_line(text)));
        let [path, what] = change_in_words(change);
        vec![name.to_owned(), path, what, today]
    };
    let rows = lists.iter().flat_map(|(name, list)| match list.len() {
        // What both files say alike is worth a count and no screen.
        many if many > MOST_ALIKE && *name == "in both" => {
            vec![vec![(*name).to_owned(), format!("{many} directives"), String::new(), String::new()]]
        }
        _ => list.iter().map(|change| row(name, change)).collect(),
    });
    let rows = table::columns(&rows.collect::<Vec<_>>());
    if rows.is_empty() {
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
    let counted = counted_as(all, "change", "changes");
    section(&format!("{title}: {counted}, {counts}"), rows, style)
}

/// Where a local change stands and what it is. One that takes something away is said so: the line would be read as if
/// the run removed it.
fn change_in_words(LocalChange { path, directive, .. }: &LocalChange) -> [String; 2] {
    let without = directive.strip_prefix("removed: ").map(|gone| format!("(your file does without) {gone}"));
    match (path.as_str(), directive.strip_suffix(" of the file")) {
        ("", Some(comments)) => ["whole file".to_owned(), comments.to_owned()],
        ("", None) => ["top level".to_owned(), without.unwrap_or_else(|| directive.clone())],
        _ => [path.clone(), without.unwrap_or_else(|| directive.clone())],
    }
}

fn reload(proof: &ReloadSection, style: Style) -> Vec<String> {
    let pids = |pids: &[i32]| pids.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ");
    let verdict = if proof.proven {
        style.good(&format!("proven after {} ms", proof.millis))
    } else {
        style.bad(&format!("not proven within {} ms", proof.millis))
    };
    let log = match proof.error_log {
        ErrorLogVerdict::Clean => "clean",
        ErrorLogVerdict::Errors => "names an error of this reload",
        ErrorLogVerdict::NotLookedAt => "not looked at",
    };
    let workers = format!("workers {} → {}", pids(&proof.old_workers), pids(&proof.new_workers));
    let mut lines = vec![format!("{verdict} · {workers} · error log {log}")];
    lines.extend(
        proof.noted.iter().map(|noted| format!("{} {} ({})", style.dim("seen:"), noted.line, noted.means)),
    );
    section("Reload", lines, style)
}

fn probes(rows: &[ProbeRow], style: Style) -> Vec<String> {
    if rows.is_empty() {
        return Vec::new();
    }
    let status = |status: u16| if status == 0 { "no answer".to_owned() } else { status.to_string() };
    let later = |code: Option<u16>| code.map_or_else(String::new, status);
    // Nothing was put back: a column for it would only be empty.
    let has_restored = rows.iter().any(|row| row.restored.is_some());
    let without = |mut cells: Vec<String>| {
        if !has_restored {
            cells.remove(4);
        }
        cells
    };
    let header = ["server", "route", "before", "after", "restored", "", ""];
    let mut body = vec![without(header.map(|cell| style.dim(cell)).to_vec())];
    body.extend(rows.iter().map(|row| {
        let verdict = match (row.ok, row.gated) {
            _ if row.accepted => style.warn("accepted"),
            (true, true) => style.good("ok"),
            (true, false) if row.after.is_some_and(|after| after != row.before) => {
                style.dim("changes (expected)")
            }
            (true, false) => style.dim("ok"),
            (false, _) => style.bad("FAILED"),
        };
        without(vec![
            row.server.clone(),
            row.uri.clone(),
            status(row.before),
            later(row.after),
            later(row.restored),
            verdict,
            row.note.clone(),
        ])
    }));
    section("Probes", table::columns(&body), style)
}

fn load(load: &LoadSection, style: Style) -> Vec<String> {
    let row = |name: &str, count: &LoadCount| {
        let LoadCount { sent, failed, limited } = count;
        let failed = format!("{failed} failed");
        let failed = if failed.starts_with("0 ") { style.good(&failed) } else { style.warn(&failed) };
        let limited = if *limited > 0 { format!("{limited} turned away by a limit") } else { String::new() };
        vec![name.to_owned(), format!("{sent} sent"), failed, limited]
    };
    let mut body =
        table::columns(&[row("fresh connections", &load.fresh), row("keep-alive requests", &load.keepalive)]);
    body.push(format!("{} of them began while the reload was under way", load.during_reload));
    section("Load during the reload", body, style)
}

fn durations(outcome: &Outcome, style: Style) -> Vec<String> {
    let rows: Vec<_> = outcome
        .durations
        .iter()
        .map(|part| vec![part.step.clone(), format!("{:>6} ms", part.millis)])
        .collect();
    section("Durations", table::columns(&rows), style)
}
