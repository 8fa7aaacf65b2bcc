//! `seed access`: what the login offers agents.
//!
//! Invariant: the database is only read, also with a manifest that would change it.

use super::manifest::as_if;
use super::plan::Place;
use super::table::{Row, laid_out};
use crate::cli::args::seed::AccessArgs;
use crate::cli::commands::sessions::section;
use crate::cli::context::Context;
use crate::outcome::{Failure, Outcome, OutcomeKind, counted, sort_findings, visible};
use crate::seed::Purpose;
use crate::seed::access::{Access, From, Served, State};
use crate::seed::manifest::Name;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// Asks, and shows.
pub fn access(context: &Context, args: &AccessArgs) -> Result<Outcome, Failure> {
    let validated = as_if(&args.applied)?;
    let manifest = validated.as_ref().and_then(|validated| validated.manifest.as_ref());
    let state = manifest.map_or(State::Present, State::After);
    // What a manifest would make of a database that does not exist yet can be asked as well.
    let purpose = if manifest.is_some() { Purpose::Plan } else { Purpose::Read };
    let agents: Vec<Name> = args.agents.iter().map(|name| name.as_str().into()).collect();
    let mut session = Place::new(context, &args.database)?.open(context, purpose)?;
    let found = session.access(&agents, state)?;
    let mut outcome = Outcome::new("seed access", OutcomeKind::Ok);
    outcome.database = Some(section(session.server()));
    outcome.findings = found.findings;
    outcome.findings.extend(session.unnamed_columns());
    outcome.findings.extend(validated.iter().flat_map(crate::seed::manifest::Validated::findings));
    sort_findings(&mut outcome.findings);
    let mut verdict = match found.agents.as_slice() {
        [] => "there are no agents".to_owned(),
        [one] => one.agent.to_string(),
        agents => counted(agents.len(), "agent"),
    };
    if let Some(validated) = &validated {
        verdict = format!("{verdict}, if {} were applied", validated.source.name());
    }
    outcome.details.insert("verdict".to_owned(), verdict.into());
    outcome.details.insert("agents".to_owned(), found.agents.iter().map(document).collect());
    let rows = found.agents.iter().flat_map(rows).collect();
    outcome.details.insert("rows".to_owned(), laid_out(rows).into());
    Ok(outcome)
}

/// A line for each profile; the agent's name stands in the first one.
fn rows(access: &Access) -> Vec<Row> {
    let mut lists = vec![("Personal".to_owned(), names(&access.personal))];
    lists.extend(access.profiles.iter().map(|profile| (visible(&profile.name), names(&profile.queues))));
    lists
        .extend(access.disabled.iter().map(|name| (visible(name), vec!["disabled: not offered".to_owned()])));
    for (_, items) in lists.iter_mut().filter(|(_, items)| items.is_empty()) {
        items.push("no queues".to_owned());
    }
    let mut agent = visible(&access.agent);
    lists
        .into_iter()
        .map(|(profile, items)| Row { cells: vec![std::mem::take(&mut agent), profile], items })
        .collect()
}

/// Names of queues; the channel stands beside a name that several channels have, and a penalty where there is one.
fn names(queues: &[Served]) -> Vec<String> {
    let mut same: BTreeMap<&Name, usize> = BTreeMap::new();
    queues.iter().for_each(|queue| *same.entry(&queue.name).or_default() += 1);
    let name = |queue: &Served| {
        let mut more = Vec::new();
        if same.get(&queue.name).is_some_and(|count| *count > 1) {
            more.push(queue.channel.to_string());
        }
        more.extend(
            queue.penalty.filter(|penalty| *penalty != 0).map(|penalty| format!("penalty {penalty}")),
        );
        let name = visible(&queue.name);
        if more.is_empty() { name } else { format!("{name} ({})", more.join(", ")) }
    };
    queues.iter().map(name).collect()
}

fn document(access: &Access) -> Value {
    let mut profiles = vec![
        json!({ "name": "Personal", "personal": true, "queues": queues(&access.personal, From::Personal) }),
    ];
    profiles.extend(access.profiles.iter().map(
        |profile| json!({ "name": &*profile.name, "personal": false, "queues": queues(&profile.queues, From::Profile) }),
    ));
    let disabled: Vec<&str> = access.disabled.iter().map(|name| &**name).collect();
    json!({ "agent": &*access.agent, "profiles": profiles, "disabled": disabled })
}

/// The queues of a profile whose own links are these.
fn queues(queues: &[Served], own: From) -> Vec<Value> {
    let document = |queue: &Served| {
        let mut document = json!({
            "channel": queue.channel.name(),
            "name": &*queue.name,
            "inherited": queue.from != own,
        });
        if let Some(penalty) = queue.penalty {
            document["penalty"] = penalty.into();
        }
        document
    };
    queues.iter().map(document).collect()
}
