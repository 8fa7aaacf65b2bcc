//! `seed list`: all profiles.
//!
//! Invariant: the database is only read.

use super::table::{Row, laid_out};
use super::work::Place;
use crate::cli::args::seed::ListArgs;
use crate::cli::commands::sessions::section;
use crate::cli::context::Context;
use crate::outcome::{Failure, Outcome, OutcomeKind, counted, on_one_line, visible};
use crate::seed::Purpose;
use crate::seed::consequences::InUse;
use crate::seed::list::{ListedProfile, Listing};
use serde_json::{Value, json};

/// Lists the profiles.
pub fn list(context: &Context, args: &ListArgs) -> Result<Outcome, Failure> {
    let mut session = Place::new(context, &args.database)?.open(context, Purpose::Read)?;
    let Listing { profiles, findings } = session.list()?;
    let mut outcome = Outcome::new("seed list", OutcomeKind::Ok);
    outcome.database = Some(section(session.server()));
    let verdict = match profiles.len() {
        0 => "there are no profiles".to_owned(),
        count => counted(count, "profile"),
    };
    outcome.findings = findings;
    outcome.set_verdict(verdict);
    outcome.details.add("profiles", profiles.iter().map(document).collect::<Value>());
    if !profiles.is_empty() {
        let rows = std::iter::once(header()).chain(profiles.iter().flat_map(rows)).collect();
        outcome.details.rows = Some(laid_out(rows));
    }
    Ok(outcome)
}

fn header() -> Row {
    let cells = ["profile", "enabled", "agents", "in use"].map(str::to_owned);
    Row { cells: cells.to_vec(), items: vec!["queues".to_owned()] }
}

/// A profile takes a line, and another one where there is more to say of it.
fn rows(profile: &ListedProfile) -> Vec<Row> {
    let in_use = match &profile.in_use {
        InUse::Yes(agents) => agents.len().to_string(),
        InUse::Maybe(_) => "maybe".to_owned(),
        InUse::No => "no".to_owned(),
    };
    let enabled = if profile.enabled { "yes" } else { "no" };
    let cells = vec![visible(&profile.name), enabled.to_owned(), profile.agents.len().to_string(), in_use];
    let queues = profile.queues.iter().map(|(channel, queues)| format!("{} {channel}", queues.len()));
    let mut rows = vec![Row { cells, items: queues.collect() }];
    let times = [("created", &profile.created), ("updated", &profile.updated)];
    let mut more: Vec<String> = profile.description.iter().map(|text| on_one_line(text)).collect();
    more.extend(times.into_iter().filter_map(|(what, time)| Some(format!("{what} {}", time.as_ref()?))));
    if !more.is_empty() {
        rows.push(Row { cells: Vec::new(), items: more });
    }
    rows
}

fn document(profile: &ListedProfile) -> Value {
    let queues: serde_json::Map<String, Value> = profile
        .queues
        .iter()
        .map(|(channel, queues)| {
            let queues = queues.iter().map(|(name, penalties)| match penalties.as_slice() {
                [Some(penalty)] => json!({ "name": &**name, "penalty": penalty }),
                [] | [None] => json!({ "name": &**name }),
                several => json!({ "name": &**name, "penalties": several }),
            });
            (channel.name().to_owned(), queues.collect())
        })
        .collect();
    let agents: Vec<&str> = profile.agents.iter().map(|name| &**name).collect();
    let in_use = match &profile.in_use {
        InUse::Yes(agents) => json!({ "state": "yes", "agents": agents }),
        InUse::Maybe(why) => json!({ "state": "maybe", "why": why }),
        InUse::No => json!({ "state": "no" }),
    };
    json!({
        "id": profile.id,
        "name": &*profile.name,
        "enabled": profile.enabled,
        "description": profile.description.as_deref(),
        "created": profile.created.as_deref(),
        "updated": profile.updated.as_deref(),
        "agents": agents,
        "queues": queues,
        "in_use": in_use,
    })
}
