//! `seed who`: who uses a queue or has a profile.
//!
//! Invariant: the database is only read, also with a manifest that would change it.

use super::manifest::as_if;
use super::table::{Row, laid_out};
use super::work::Place;
use crate::cli::args::seed::WhoArgs;
use crate::cli::commands::sessions::section;
use crate::cli::context::Context;
use crate::outcome::{Failure, Outcome, OutcomeKind, counted, sort_findings, visible};
use crate::seed::Purpose;
use crate::seed::access::{AgentUse, ProfileUse, QueueUse, Road, Served, State, ThroughProfile, Uses};
use crate::seed::manifest::{Name, shown};
use serde_json::{Value, json};

/// Asks, and shows.
pub fn who(context: &Context, args: &WhoArgs) -> Result<Outcome, Failure> {
    let validated = as_if(&args.applied)?;
    let manifest = validated.as_ref().and_then(|validated| validated.manifest.as_ref());
    let state = manifest.map_or(State::Present, State::After);
    let purpose = if manifest.is_some() { Purpose::Plan } else { Purpose::Read };
    let name: Name = args.name.as_str().into();
    let mut session = Place::new(context, &args.database)?.open(context, purpose)?;
    let found = session.who(&name, state)?;
    let mut outcome = Outcome::new("seed who", OutcomeKind::Ok);
    outcome.database = Some(section(session.server()));
    let mut verdict = verdict(&name, &found);
    if let Some(validated) = &validated {
        verdict = format!("{verdict}, if {} were applied", validated.source.name());
    }
    outcome.set_verdict(verdict);
    let queues = found.queues.iter().map(queue);
    outcome.details.add("uses", queues.chain(found.profiles.iter().map(profile)).collect::<Value>());
    let rows = found.queues.iter().flat_map(queue_rows).chain(found.profiles.iter().flat_map(profile_rows));
    outcome.details.rows = Some(laid_out(rows.collect()));
    outcome.findings = found.findings;
    outcome.findings.extend(validated.iter().flat_map(crate::seed::manifest::Validated::findings));
    sort_findings(&mut outcome.findings);
    Ok(outcome)
}

fn verdict(name: &str, found: &Uses) -> String {
    let queues = found.queues.iter().map(|queue| {
        let agents = counted(queue.agents.len(), "agent");
        format!("the {} queue: {agents}", queue.channel)
    });
    let profiles = found
        .profiles
        .iter()
        .map(|profile| format!("the profile: {}", counted(profile.agents.len(), "agent")));
    format!("{}, {}", shown(name), queues.chain(profiles).collect::<Vec<_>>().join("; "))
}

/// A line for each agent, then one for each profile that has the queue and no agents.
fn queue_rows(queue: &QueueUse) -> Vec<Row> {
    let what = format!("{} queue {}", queue.channel, visible(&queue.name));
    let mut lines: Vec<(String, Vec<String>)> = queue
        .agents
        .iter()
        .map(|AgentUse { agent, roads }| (visible(agent), roads.iter().map(road).collect()))
        .collect();
    let unused = queue.profiles.iter().filter(|profile| profile.agents == 0);
    lines.extend(unused.map(|ThroughProfile { name, enabled, penalty, .. }| {
        ("no agent".to_owned(), vec![through(name, *enabled, *penalty)])
    }));
    if lines.is_empty() {
        lines.push(("no agent".to_owned(), vec!["no profile has it".to_owned()]));
    }
    headed(what, lines)
}

fn profile_rows(profile: &ProfileUse) -> Vec<Row> {
    let disabled = if profile.enabled { "" } else { " (disabled)" };
    let agents = if profile.agents.is_empty() {
        vec!["none".to_owned()]
    } else {
        profile.agents.iter().map(|name| visible(name)).collect()
    };
    let queues = if profile.queues.is_empty() {
        vec!["none".to_owned()]
    } else {
        profile.queues.iter().map(|queue| format!("{} ({})", visible(&queue.name), queue.channel)).collect()
    };
    let lines = vec![("agents".to_owned(), agents), ("queues".to_owned(), queues)];
    headed(format!("profile {}{disabled}", visible(&profile.name)), lines)
}

/// Lines of which only the first says what they are about.
fn headed(mut what: String, lines: Vec<(String, Vec<String>)>) -> Vec<Row> {
    let row = |(who, items)| Row { cells: vec![std::mem::take(&mut what), who], items };
    lines.into_iter().map(row).collect()
}

fn road(road: &Road) -> String {
    match road {
        Road::Personal => "personal".to_owned(),
        Road::Profile { name, enabled, penalty } => through(name, *enabled, *penalty),
    }
}

fn through(name: &str, enabled: bool, penalty: Option<i32>) -> String {
    let mut more = Vec::new();
    more.extend(penalty.filter(|penalty| *penalty != 0).map(|penalty| format!("penalty {penalty}")));
    if !enabled {
        more.push("disabled".to_owned());
    }
    let more = if more.is_empty() { String::new() } else { format!(" ({})", more.join(", ")) };
    format!("profile {}{more}", visible(name))
}

fn queue(queue: &QueueUse) -> Value {
    let profiles = queue.profiles.iter().map(|ThroughProfile { name, enabled, penalty, agents }| {
        let mut document = json!({ "name": &**name, "enabled": enabled, "agents": agents });
        with_penalty(&mut document, *penalty);
        document
    });
    let agents = queue.agents.iter().map(|AgentUse { agent, roads }| {
        let through = roads.iter().map(|road| match road {
            Road::Personal => json!({ "through": "personal" }),
            Road::Profile { name, enabled, penalty } => {
                let mut document = json!({ "through": "profile", "profile": &**name, "enabled": enabled });
                with_penalty(&mut document, *penalty);
                document
            }
        });
        json!({ "agent": &**agent, "roads": through.collect::<Vec<_>>() })
    });
    json!({
        "kind": "queue",
        "channel": queue.channel.name(),
        "name": &*queue.name,
        "profiles": profiles.collect::<Vec<_>>(),
        "agents": agents.collect::<Vec<_>>(),
    })
}

fn profile(profile: &ProfileUse) -> Value {
    let agents = profile.agents.iter().map(|agent| {
        json!({ "agent": &**agent, "roads": [{ "through": "profile", "profile": &*profile.name, "enabled": profile.enabled }] })
    });
    let queues = profile.queues.iter().map(|Served { channel, name, penalty, .. }| {
        let mut document = json!({ "channel": channel.name(), "name": &**name });
        with_penalty(&mut document, *penalty);
        document
    });
    json!({
        "kind": "profile",
        "name": &*profile.name,
        "enabled": profile.enabled,
        "agents": agents.collect::<Vec<_>>(),
        "queues": queues.collect::<Vec<_>>(),
    })
}

fn with_penalty(document: &mut Value, penalty: Option<i32>) {
    if let Some(penalty) = penalty {
        document["penalty"] = penalty.into();
    }
}
