//! `seed access`: what the login offers agents.
//!
//! Invariant: the database is only read, also with a manifest that would change it.

use super::manifest::as_if;
use super::spreadsheet::{Cell, csv};
use super::table::{Row, laid_out};
use super::work::Place;
use crate::cli::args::seed::AccessArgs;
use crate::cli::commands::sessions::section;
use crate::cli::context::Context;
use crate::outcome::{Failure, Outcome, OutcomeKind, counted, sort_findings, visible};
use crate::seed::Purpose;
use crate::seed::access::{Access, Asked, From, Served, State};
use crate::seed::manifest::{Name, shown};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// Asks, and shows.
pub fn access(context: &Context, args: &AccessArgs) -> Result<Outcome, Failure> {
    let validated = as_if(&args.applied)?;
    let manifest = validated.as_ref().and_then(|validated| validated.manifest.as_ref());
    let state = manifest.map_or(State::Present, State::After);
    // What a manifest would make of a database that does not exist yet can be asked as well.
    let purpose = if manifest.is_some() { Purpose::Plan } else { Purpose::Read };
    let named = |names: &[String]| names.iter().map(|name| name.as_str().into()).collect();
    let asked =
        Asked { agents: named(&args.agents), profiles: named(&args.profile), queues: named(&args.queue) };
    let mut session = Place::new(context, &args.database)?.open(context, purpose)?;
    let found = session.access(&asked, state)?;
    let mut outcome = Outcome::new("seed access", OutcomeKind::Ok);
    outcome.database = Some(section(session.server()));
    let mut verdict = verdict(&asked, &found.agents);
    if let Some(validated) = &validated {
        verdict = format!("{verdict}, if {} were applied", validated.source.name());
    }
    outcome.set_verdict(verdict);
    if asked.is_narrow() {
        outcome.details.add("only", json!({ "profiles": args.profile, "queues": args.queue }));
    }
    outcome.details.add("agents", found.agents.iter().map(document).collect::<Value>());
    if args.csv {
        outcome.details.text = Some(table(&found.agents)?);
    } else {
        outcome.details.rows = Some(laid_out(found.agents.iter().flat_map(rows).collect()));
    }
    outcome.findings = found.findings;
    outcome.findings.extend(session.unnamed_columns());
    outcome.findings.extend(validated.iter().flat_map(crate::seed::manifest::Validated::findings));
    sort_findings(&mut outcome.findings);
    Ok(outcome)
}

/// Who is answered for, and what was left out because nobody asked for it.
fn verdict(asked: &Asked, agents: &[Access]) -> String {
    let who = match agents {
        [] if asked.is_narrow() => "no agents".to_owned(),
        [] => "there are no agents".to_owned(),
        [one] => visible(&one.agent),
        agents => counted(agents.len(), "agent"),
    };
    let only = |what: &str, names: &[Name]| {
        let shown: Vec<String> = names.iter().map(|name| shown(name)).collect();
        match names.len() {
            0 => String::new(),
            1 => format!(", only the {what} {}", shown.join(", ")),
            _ => format!(", only the {what}s {}", shown.join(", ")),
        }
    };
    format!("{who}{}{}", only("profile", &asked.profiles), only("queue", &asked.queues))
}

/// A line for each profile; the agent's name stands in the first one.
fn rows(access: &Access) -> Vec<Row> {
    let mut lists: Vec<_> =
        access.personal.iter().map(|queues| ("Personal".to_owned(), names(queues))).collect();
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
    let personal = access
        .personal
        .iter()
        .map(|own| json!({ "name": "Personal", "personal": true, "queues": queues(own, From::Personal) }));
    let mut profiles: Vec<Value> = personal.collect();
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

/// A row for each agent, profile and queue; a profile without queues has one as well, and so has a disabled one.
fn table(agents: &[Access]) -> Result<String, Failure> {
    let head = ["agent", "profile", "personal", "offered", "channel", "queue", "penalty", "inherited"];
    csv(&head, agents.iter().flat_map(table_rows))
}

fn table_rows(access: &Access) -> Vec<Vec<Cell<'_>>> {
    let mut rows = Vec::new();
    if let Some(queues) = &access.personal {
        let profile = || [Cell::Ours("Personal".to_owned()), yes(true), yes(true)];
        rows.extend(queue_rows(access, profile, queues, From::Personal));
    }
    for offered in &access.profiles {
        let profile = || [Cell::Typed(&offered.name), yes(false), yes(true)];
        rows.extend(queue_rows(access, profile, &offered.queues, From::Profile));
    }
    for name in &access.disabled {
        rows.extend(queue_rows(access, || [Cell::Typed(name), yes(false), yes(false)], &[], From::Profile));
    }
    rows
}

/// The rows of a profile whose own links are these.
fn queue_rows<'a>(
    access: &'a Access,
    profile: impl Fn() -> [Cell<'a>; 3],
    queues: &'a [Served],
    own: From,
) -> Vec<Vec<Cell<'a>>> {
    let row = |queue: [Cell<'a>; 4]| {
        std::iter::once(Cell::Typed(&access.agent)).chain(profile()).chain(queue).collect()
    };
    let nothing = || Cell::Ours(String::new());
    if queues.is_empty() {
        return vec![row([nothing(), nothing(), nothing(), nothing()])];
    }
    let queue = |queue: &'a Served| {
        let penalty = queue.penalty.map_or_else(nothing, |penalty| Cell::Ours(penalty.to_string()));
        let channel = Cell::Ours(queue.channel.name().to_owned());
        row([channel, Cell::Typed(&queue.name), penalty, yes(queue.from != own)])
    };
    queues.iter().map(queue).collect()
}

fn yes<'a>(is: bool) -> Cell<'a> {
    Cell::Ours(if is { "yes" } else { "no" }.to_owned())
}
