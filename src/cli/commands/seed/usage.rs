//! `seed usage`: who works with which profile, and for how long.
//!
//! Invariant: the database is only read; of a text that somebody typed no spreadsheet makes a formula.

use super::spreadsheet::{Cell, csv};
use super::work::Place;
use crate::cli::args::seed::UsageArgs;
use crate::cli::commands::sessions::section;
use crate::cli::context::Context;
use crate::host::clock;
use crate::outcome::{
    AgentUsage, Failure, FailureKind, Finding, OpenUsage, Outcome, OutcomeKind, ProfileUsage, UsageAnomaly,
    UsageLeftOut, UsageSection, codes, counted, counted_as, visible,
};
use crate::seed::Purpose;
use crate::seed::usage::{EXAMPLES, Hours, LeftOut, Usage, UsageRequest};
use jiff::{SignedDuration, Timestamp};

/// A week, unless something else is asked for.
const DAYS: i64 = 7;

/// Says who uses which profile.
pub fn usage(context: &Context, args: &UsageArgs) -> Result<Outcome, Failure> {
    let now = clock::now();
    let to = args.to.unwrap_or(now);
    let week = || to.checked_sub(SignedDuration::from_hours(24 * DAYS)).unwrap_or(to);
    let from = args.from.unwrap_or_else(week);
    if from >= to {
        let message = match args.to {
            Some(to) => format!("--from {from} is not before --to {to}"),
            None => format!("--from {} is not before now", seconds(from)),
        };
        return Err(Failure::new(FailureKind::Usage, message));
    }
    let mut session = Place::new(context, &args.database)?.open(context, Purpose::Read)?;
    let request = UsageRequest::of(from, to, now);
    let usage = session.usage(&request)?;
    let mut outcome = Outcome::new("seed usage", OutcomeKind::Ok);
    outcome.database = Some(section(session.server()));
    outcome.findings = findings(&usage);
    let period = format!("from {} to {}", seconds(from), seconds(to));
    let verdict = match usage.profiles.len() {
        0 => format!("no sessions {period}"),
        count => format!("{} used {period}", counted(count, "profile")),
    };
    outcome.set_verdict(verdict);
    if args.csv {
        outcome.details.text = Some(table(&usage)?);
    }
    outcome.usage = Some(document(&request, usage));
    Ok(outcome)
}

fn seconds(time: Timestamp) -> String {
    time.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
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
    if usage.anomalies.is_empty() {
        return findings;
    }
    let mut odd = Finding::new(codes::SEED_SESSION_ODD, "rows of sessions are odd");
    for (anomaly, (count, examples)) in &usage.anomalies {
        let [one, several] = anomaly.words();
        let examples: Vec<String> = examples.iter().map(|example| visible(example)).collect();
        // Those that are alike are one example.
        let more = if examples.len() == EXAMPLES && *count > EXAMPLES as u64 { ", …" } else { "" };
        odd = odd.evidence(format!("{}: {}{more}", counted_as(*count, one, several), examples.join(", ")));
    }
    findings.push(odd.advice("look at these rows; what cannot be counted is not in the hours"));
    findings
}

fn document(request: &UsageRequest, usage: Usage) -> UsageSection {
    let profiles = usage.profiles.into_iter().map(|row| ProfileUsage {
        profile_id: row.id,
        profile: row.profile.to_string(),
        seconds: row.seconds,
        agents: row.agents,
    });
    let hours = usage.hours.into_iter().map(|row| AgentUsage {
        profile_id: row.id,
        profile: row.profile.to_string(),
        agent: row.agent.to_string(),
        seconds: row.seconds,
        sessions: row.sessions,
        open: row.is_open,
    });
    let now = usage.now.into_iter().map(|now| OpenUsage {
        agent: now.agent.to_string(),
        channel: now.channel.to_string(),
        profile_id: now.id,
        profile: now.profile.to_string(),
        since: seconds(now.since),
        online: now.online,
    });
    let anomalies = usage.anomalies.into_iter().map(|(anomaly, (count, examples))| UsageAnomaly {
        kind: anomaly.name().to_owned(),
        count,
        examples,
    });
    UsageSection {
        from: seconds(request.from),
        to: seconds(request.to),
        profiles: profiles.collect(),
        hours: hours.collect(),
        now: now.collect(),
        anomalies: anomalies.collect(),
        left_out: usage.left_out.map(|left| UsageLeftOut { why: left.why, since: left.since.map(seconds) }),
    }
}

/// A row for each profile and agent.
fn table(usage: &Usage) -> Result<String, Failure> {
    csv(
        &["profile", "profile_id", "agent", "seconds", "hours", "sessions", "open"],
        usage.hours.iter().map(cells),
    )
}

fn cells(row: &Hours) -> [Cell<'_>; 7] {
    let hundredths = (row.seconds + 18) / 36;
    [
        Cell::Typed(&row.profile),
        Cell::Ours(row.id.map_or_else(String::new, |id| id.to_string())),
        Cell::Typed(&row.agent),
        Cell::Ours(row.seconds.to_string()),
        Cell::Ours(format!("{}.{:02}", hundredths / 100, hundredths % 100)),
        Cell::Ours(row.sessions.to_string()),
        Cell::Ours(if row.is_open { "yes" } else { "no" }.to_owned()),
    ]
}
