//! `seed usage`: who works with which profile, and for how long.
//!
//! Invariant: the database is only read; of a text that somebody typed no spreadsheet makes a formula.

use super::plan::Place;
use crate::cli::args::seed::UsageArgs;
use crate::cli::commands::sessions::section;
use crate::cli::context::Context;
use crate::host::clock;
use crate::outcome::{Failure, FailureKind, Finding, Outcome, OutcomeKind, codes, counted, visible};
use crate::seed::Purpose;
use crate::seed::usage::{LeftOut, NEWEST, Request, Usage};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

/// A week, unless something else is asked for.
const DAYS: i64 = 7;
/// The longest bar; a table of 80 columns has room for it.
const BAR: i64 = 20;

/// Says who uses which profile.
pub fn usage(context: &Context, args: &UsageArgs) -> Result<Outcome, Failure> {
    let now = clock::now();
    let to = args.to.unwrap_or(now);
    let week = || to.checked_sub(SignedDuration::from_hours(24 * DAYS)).unwrap_or(to);
    let from = args.from.unwrap_or_else(week);
    if from >= to {
        let message = format!("--from {from} is not before --to {to}");
        return Err(Failure::new(FailureKind::Usage, message));
    }
    let mut session = Place::new(context, &args.database)?.open(context, Purpose::Read)?;
    let usage = session.usage(&Request { from, to, now, newest: NEWEST })?;
    let mut outcome = Outcome::new("seed usage", OutcomeKind::Ok);
    outcome.database = Some(section(session.server()));
    outcome.findings = findings(&usage);
    let (shown_from, shown_to) = (seconds(from), seconds(to));
    let verdict = match usage.profiles.len() {
        0 => format!("no sessions from {shown_from} to {shown_to}"),
        count => format!("{} used from {shown_from} to {shown_to}", counted(count, "profile")),
    };
    let mut add = |key: &str, value: Value| drop(outcome.details.insert(key.to_owned(), value));
    add("verdict", verdict.into());
    add("from", shown_from.into());
    add("to", shown_to.into());
    add("usage", document(&usage));
    if args.csv {
        add("text", table(&usage)?.into());
        return Ok(outcome);
    }
    add("rows", rows(&usage).into());
    Ok(outcome)
}

fn seconds(time: Timestamp) -> String {
    time.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// Hours with one place.
fn hours(seconds: i64) -> String {
    let tenths = (seconds + 180) / 360;
    format!("{}.{}", tenths / 10, tenths % 10)
}

/// What was not looked at, in a sentence.
fn incomplete(left_out: &LeftOut) -> String {
    match left_out.since {
        Some(since) => {
            format!("{}: sessions that began before {} are left out", left_out.why, seconds(since))
        }
        None => format!("{}: older ones are left out", left_out.why),
    }
}

/// What is missing must be heard of also where only the table is read.
fn findings(usage: &Usage) -> Vec<Finding> {
    let missing = usage.left_out.iter().map(|left_out| {
        Finding::new(codes::SEED_USAGE_INCOMPLETE, "hours were counted without a part of the sessions")
            .evidence(incomplete(left_out))
            .advice("take hours before that time for too low")
    });
    let mut findings: Vec<Finding> = missing.collect();
    let odd = usage.anomalies.iter().map(|(anomaly, (count, examples))| {
        let examples: Vec<String> = examples.iter().map(|example| visible(example)).collect();
        format!("{count} {}: {}", anomaly.words(), examples.join(", "))
    });
    let odd: Vec<String> = odd.collect();
    if !odd.is_empty() {
        let finding = Finding::new(codes::SEED_SESSION_ODD, "rows of sessions are odd");
        let finding = odd.into_iter().fold(finding, |finding, line| finding.evidence(line));
        findings.push(finding.advice("look at these rows; what cannot be counted is not in the hours"));
    }
    findings
}

/// A line and a bar for each profile, then each agent of it, then who is on it now.
fn rows(usage: &Usage) -> Vec<Value> {
    let most = usage.profiles.iter().map(|profile| profile.seconds).max().unwrap_or(0).max(1);
    let bar = |seconds: i64| "#".repeat(usize::try_from((seconds * BAR + most - 1) / most).unwrap_or(0));
    let mut rows = Vec::new();
    if !usage.profiles.is_empty() {
        rows.push(json!(["profile", "agent", "hours", ""]));
    }
    for profile in &usage.profiles {
        let agents = counted(profile.agents, "agent");
        rows.push(json!([visible(&profile.profile), agents, hours(profile.seconds), bar(profile.seconds)]));
    }
    for row in &usage.hours {
        let open = if row.is_open { "open, until now" } else { "" };
        rows.push(json!([visible(&row.profile), visible(&row.agent), hours(row.seconds), open]));
    }
    for now in &usage.now {
        let state = if now.online { "online" } else { "not online" };
        let since = format!("{state}, since {} {}", seconds(now.since), visible(&now.channel));
        rows.push(json!([visible(&now.profile), visible(&now.agent), "now", since.trim_end()]));
    }
    rows
}

fn document(usage: &Usage) -> Value {
    let hours = usage.hours.iter().map(|row| {
        json!({ "profile_id": row.id, "profile": row.profile, "agent": row.agent, "seconds": row.seconds,
                "sessions": row.sessions, "open": row.is_open })
    });
    let profiles = usage.profiles.iter().map(|row| {
        json!({ "profile_id": row.id, "profile": row.profile, "seconds": row.seconds, "agents": row.agents })
    });
    let now = usage.now.iter().map(|now| {
        json!({ "agent": now.agent, "profile": now.profile, "channel": now.channel,
                "since": seconds(now.since), "online": now.online })
    });
    let anomalies = usage.anomalies.iter().map(|(anomaly, (count, examples))| {
        json!({ "kind": anomaly.name(), "count": count, "examples": examples })
    });
    let left_out = usage.left_out.as_ref();
    let left_out = left_out.map(|left| json!({ "why": left.why, "since": left.since.map(seconds) }));
    json!({
        "hours": hours.collect::<Vec<_>>(),
        "profiles": profiles.collect::<Vec<_>>(),
        "now": now.collect::<Vec<_>>(),
        "anomalies": anomalies.collect::<Vec<_>>(),
        "left_out": left_out,
    })
}

/// A row for each profile and agent.
fn table(usage: &Usage) -> Result<String, Failure> {
    let failed = |error: String| Failure::new(FailureKind::Failed, format!("writing the table: {error}"));
    let mut writer = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(Vec::new());
    let head = ["profile", "profile_id", "agent", "seconds", "hours", "sessions", "open"];
    writer.write_record(head).map_err(|error| failed(error.to_string()))?;
    for row in &usage.hours {
        let cells = [
            harmless(&row.profile),
            row.id.map_or_else(String::new, |id| id.to_string()),
            harmless(&row.agent),
            row.seconds.to_string(),
            hours(row.seconds),
            row.sessions.to_string(),
            if row.is_open { "yes" } else { "no" }.to_owned(),
        ];
        writer.write_record(cells).map_err(|error| failed(error.to_string()))?;
    }
    let bytes = writer.into_inner().map_err(|error| failed(error.to_string()))?;
    String::from_utf8(bytes).map_err(|error| failed(error.to_string()))
}

/// A text that a spreadsheet takes for nothing but text.
fn harmless(text: &str) -> String {
    let is_formula = text.starts_with(['=', '+', '-', '@', '\t', '\r']);
    if is_formula { format!("'{text}") } else { text.to_owned() }
}
