//! What it means for people at work that profiles are deleted, disabled or renamed.
//!
//! Invariant: all open sessions are looked at once; whatever could not be looked at may be in use.

use super::look::{PlanContext, few};
use super::sessions::{InUse, OpenSessions, open_sessions};
use crate::db::DbError;
use crate::outcome::{Finding, codes};
use crate::seed::Telling;
use crate::seed::manifest::{Name, shown};
use crate::seed::map::Part;
use crate::seed::plan::{Delete, FieldChange, Update, is_set};
use crate::seed::snapshot::Field;
use std::collections::BTreeMap;

/// Findings about profiles that are deleted, disabled or renamed.
pub(super) fn findings(look: &mut PlanContext<'_>) -> Result<Vec<Finding>, DbError> {
    let plan = look.plan;
    let changed: Vec<&Update> = plan.update.iter().filter(|update| concerns_people(update)).collect();
    let gone: Vec<&Delete> = plan.delete.iter().filter(|delete| delete.part == Part::Profiles).collect();
    if gone.is_empty() && changed.is_empty() {
        return Ok(Vec::new());
    }
    let sessions = Sessions::read(look)?;
    let mut findings = Vec::new();
    for delete in gone {
        findings.extend(deleted(&delete.name, &sessions.of(delete.id), look.telling));
    }
    for update in changed {
        if is_disabled(update) {
            findings.push(disabled(&update.name, &sessions.of(update.id), look.telling));
        }
        findings.extend(renamed(update, sessions.mentions.get(&update.id)));
    }
    Ok(findings)
}

/// Agents who are logged in with a profile that is deleted, disabled or renamed.
pub(super) fn logged_in(look: &mut PlanContext<'_>) -> Result<Vec<String>, DbError> {
    let plan = look.plan;
    let changed = plan.update.iter().filter(|update| concerns_people(update)).map(|update| update.id);
    let profiles: Vec<i64> = plan.deleted(Part::Profiles).chain(changed).collect();
    if profiles.is_empty() {
        return Ok(Vec::new());
    }
    let sessions = Sessions::read(look)?;
    let agents = profiles.into_iter().filter_map(|profile| match sessions.of(profile) {
        InUse::Yes(agents) => Some(agents),
        InUse::Maybe(_) | InUse::No => None,
    });
    Ok(agents.flatten().collect())
}

/// The open sessions, and what in them means which profile.
struct Sessions {
    sessions: OpenSessions,
    mentions: BTreeMap<i64, Vec<Name>>,
}

impl Sessions {
    fn read(look: &mut PlanContext<'_>) -> Result<Self, DbError> {
        let sessions = open_sessions(look.conn, look.map, look.catalog)?;
        let mentions = sessions.mentions(look.conn, look.map, look.catalog)?;
        Ok(Self { sessions, mentions })
    }

    fn of(&self, profile: i64) -> InUse {
        self.sessions.in_use(self.mentions.get(&profile).into_iter().flatten())
    }
}

fn is_disabled(update: &Update) -> bool {
    let disables =
        |change: &FieldChange| change.field == Field::Enabled && is_set(&change.old) && !is_set(&change.new);
    update.changes.iter().any(disables)
}

fn old_name(update: &Update) -> Option<&FieldChange> {
    update.changes.iter().find(|change| change.field == Field::Name)
}

fn concerns_people(update: &Update) -> bool {
    update.part == Part::Profiles && (is_disabled(update) || old_name(update).is_some())
}

fn deleted(name: &str, found: &InUse, telling: Telling) -> Option<Finding> {
    match found {
        InUse::Yes(agents) => Some(
            Finding::new(codes::SEED_PROFILE_IN_USE, "a profile that is to be deleted is in use")
                .evidence(format!(
                    "{}: {} {} logged in with it",
                    shown(name),
                    few(agents.clone(), telling),
                    are(agents)
                ))
                .advice("let them log out or change their profile first; `--wait-idle 30m` waits for that"),
        ),
        InUse::Maybe(why) => Some(
            Finding::new(codes::SEED_PROFILE_MAYBE_IN_USE, "a profile that is to be deleted may be in use")
                .evidence(format!("{}: {why}", shown(name)))
                .advice("ask the agents, then accept it with --accept seed.profile-maybe-in-use"),
        ),
        InUse::No => None,
    }
}

fn disabled(name: &str, found: &InUse, telling: Telling) -> Finding {
    let title = "a profile that is to be disabled is in use";
    let advice = "accept it with --accept seed.disable-in-use once you have read what follows from it";
    let stop =
        |evidence: String| Finding::new(codes::SEED_DISABLE_IN_USE, title).evidence(evidence).advice(advice);
    match found {
        InUse::Yes(agents) => stop(format!(
            "{}: {} {} logged in with it and cannot choose it again after logout",
            shown(name),
            few(agents.clone(), telling),
            if agents.len() == 1 { "stays" } else { "stay" }
        )),
        InUse::Maybe(why) => stop(format!(
            "{}: {why}; agents who are logged in with it stay so and cannot choose it again after logout",
            shown(name)
        )),
        // In the title, because that is what people see of good news.
        InUse::No => Finding::new(
            codes::SEED_PROFILE_DISABLED,
            format!("profile {} becomes unavailable at once; nobody is logged in with it", shown(name)),
        ),
    }
}

fn are(agents: &[String]) -> &'static str {
    if agents.len() == 1 { "is" } else { "are" }
}

/// Sessions keep the name that the profile had when they began; nobody would know later what it means.
fn renamed(update: &Update, mentions: Option<&Vec<Name>>) -> Option<Finding> {
    let old = old_name(update)?.old.display();
    let by_name = mentions?.iter().find(|mention| mention.parse::<i64>().is_err())?;
    let title = "a profile that is renamed stands in open sessions under its old name";
    let evidence = format!("{}: open sessions name it {}", shown(&old), shown(by_name));
    Some(Finding::new(codes::SEED_RENAME_IN_USE, title).evidence(evidence).advice(
        "until these agents have logged in again, do not delete the profile: it would not look in use",
    ))
}
