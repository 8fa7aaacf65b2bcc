//! Proposes a schema map from a database's catalog, for a person to review.
//!
//! Invariant: pure, and never sure of more than it knows: each line has a grade and a reason, nobody
//! is named as its reviewer, and nothing may be created by it.

mod choice;
mod discriminator;
pub(in crate::seed) mod entities;
pub(in crate::seed) mod fields;
pub(in crate::seed) mod links;
pub(in crate::seed) mod names;
pub(in crate::seed) mod offers;
mod profiles;
mod proposal;
mod references;
mod renew;

use crate::db::{Catalog, Engine};
use crate::seed::Channel;
use crate::seed::map::{Map, Needs, same_column};
use crate::seed::verify::{describe, unnamed_columns, verify};
pub use discriminator::channel_of;
use entities::{Entities, Found, PROFILES, SESSIONS, USERS, queue_fields};
use fields::{DELETED, Field, Known, TIMES, columns};
pub use offers::Samples;
pub use proposal::{Grade, Note, NoteKind, Proposal, ProposalLine, Section};
pub(in crate::seed) use proposal::{key as key_text, quoted as quoted_text};
use references::{Referenced, Targets};
pub use renew::{Renewal, renew};

/// What notes on the record of tables are about.
pub const TABLES: &str = "tables";

/// The documented role of agents.
const AGENT: &str = "agent";

/// Proposes a map. `samples` are the values found in the columns that [`wanted_samples`] names; it
/// may lack any of them.
#[must_use]
pub fn discover(catalog: &Catalog, engine: Engine, samples: &Samples) -> Proposal {
    discover_around(catalog, engine, samples, None)
}

/// The same, where the table of profiles is known.
#[must_use]
pub fn discover_around(
    catalog: &Catalog,
    engine: Engine,
    samples: &Samples,
    profiles: Option<&str>,
) -> Proposal {
    let found = Discovery::new(catalog, engine, profiles);
    let mut proposal = Proposal { notes: found.entities.notes.clone(), ..Proposal::default() };
    found.users(&mut proposal);
    for (channel, queues) in &found.entities.queues {
        found.queues(*channel, queues, &mut proposal);
    }
    match &found.profiles {
        Ok(profiles) => {
            found.profiles(profiles, &mut proposal);
            proposal.notes.extend(found.otherwise.clone());
        }
        Err(note) => proposal.notes.push(note.clone()),
    }
    let channels: Vec<Channel> = found.entities.queues.keys().copied().collect();
    let (links, notes) = links::links(catalog, &found.targets, &channels, engine, samples);
    proposal.sections.extend(links);
    proposal.notes.extend(notes);
    found.sessions(&mut proposal);
    proposal.notes.push(Note::open(
        "permissions",
        "never proposed, their tables are not public; add them by hand if you seed them",
    ));
    record(catalog, &mut proposal);
    foresee(catalog, engine, &mut proposal);
    proposal
}

/// What `seed schema check` would refuse of the proposal, so that nobody signs it before having heard of it.
pub fn foresee(catalog: &Catalog, engine: Engine, proposal: &mut Proposal) {
    let Ok(map) = Map::parse("proposal", &proposal.to_toml("")) else { return };
    let found = verify(&map, catalog, engine, &Needs::all(&map));
    // Said of an earlier state of it.
    proposal.notes.retain(|note| note.kind != NoteKind::ToBeSettled);
    let settle = |about: String, says: String| Note { about, says, kind: NoteKind::ToBeSettled };
    let refused = found.mismatches.iter();
    proposal
        .notes
        .extend(refused.map(|difference| settle("to be settled".to_owned(), difference.to_string())));
    for finding in unnamed_columns(&map, catalog, &Needs::all(&map), false) {
        let about = format!("to be settled ({})", finding.code);
        proposal.notes.extend(finding.evidence.into_iter().map(|line| settle(about.clone(), line)));
    }
}

/// Columns whose values tell channels apart: `SELECT DISTINCT` of each answers what names cannot.
#[must_use]
pub fn wanted_samples(catalog: &Catalog, engine: Engine, profiles: Option<&str>) -> Vec<(String, String)> {
    links::wanted_samples(catalog, &Discovery::new(catalog, engine, profiles).targets, engine)
}

struct Discovery<'a> {
    engine: Engine,
    entities: Entities<'a>,
    profiles: Result<Found<'a>, Note>,
    /// What would be said of profiles if their table was not known.
    otherwise: Option<Note>,
    targets: Targets<'a>,
}

impl<'a> Discovery<'a> {
    fn new(catalog: &'a Catalog, engine: Engine, known: Option<&str>) -> Self {
        let entities = Entities::find(catalog, engine);
        let mut targets = Targets::default();
        if let Ok(users) = &entities.users {
            targets = targets.with(Referenced::Users, users.table);
        }
        for (channel, queues) in &entities.queues {
            targets = targets.with(Referenced::Queues(*channel), queues.table);
        }
        let known = known.and_then(|name| catalog.table(name)).map(|table| Found {
            table,
            grade: Grade::Learned,
            reason: "a profile that was made by hand is a row of it".to_owned(),
            known: Known::ByConvention,
        });
        let guessed = profiles::profiles(catalog, &entities, &targets, engine);
        let otherwise = known.as_ref().and_then(|known| match &guessed {
            Ok(found) if found.table.name == known.table.name => None,
            Ok(found) => Some(Note::open("profiles", format!("{} ({})", found.table.name, found.reason))),
            Err(note) => Some(note.clone()),
        });
        let profiles = known.map_or(guessed, Ok);
        if let Ok(profiles) = &profiles {
            targets = targets.with(Referenced::Profiles, profiles.table);
        }
        Self { engine, entities, profiles, otherwise, targets }
    }

    fn users(&self, proposal: &mut Proposal) {
        let mut head = Section::new("users");
        let users = match &self.entities.users {
            Ok(users) => users,
            Err(why) => {
                head.entries.push(ProposalLine::Missing("table".to_owned(), why.says.clone()));
                proposal.sections.push(head);
                return;
            }
        };
        named(&mut head, users);
        head.entries.push(ProposalLine::Remark(
            "create = true is for a person to say, who knows all that Motion writes with a new agent"
                .to_owned(),
        ));
        head.text("agent_role", AGENT, Grade::Certain, "documented");
        proposal.sections.push(head);
        let fields: Vec<&Field> = USERS.iter().chain(&TIMES).chain([&DELETED]).collect();
        proposal.sections.push(columns("users.columns", users.table, &fields, users.known, self.engine));
    }

    fn queues(&self, channel: Channel, queues: &Found<'_>, proposal: &mut Proposal) {
        let key = format!("queues.{channel}");
        let mut head = Section::new(&key);
        named(&mut head, queues);
        head.entries.push(ProposalLine::Remark(
            "create = true is for a person to say; so are the settings that a manifest may change".to_owned(),
        ));
        proposal.sections.push(head);
        let fields = queue_fields(channel);
        proposal.sections.push(columns(
            &format!("{key}.columns"),
            queues.table,
            &fields,
            queues.known,
            self.engine,
        ));
    }

    fn profiles(&self, profiles: &Found<'_>, proposal: &mut Proposal) {
        let mut head = Section::new("profiles");
        named(&mut head, profiles);
        proposal.sections.push(head);
        let fields: Vec<&Field> = PROFILES.iter().chain(&TIMES).chain([&DELETED]).collect();
        let columns = columns("profiles.columns", profiles.table, &fields, profiles.known, self.engine);
        proposal.sections.push(columns);
    }

    fn sessions(&self, proposal: &mut Proposal) {
        let Some(sessions) = &self.entities.sessions else {
            let says = "no table found; whether a profile is in use cannot be known";
            proposal.notes.push(Note::open("report_member", says));
            return;
        };
        let data: Vec<&str> = ["data3", "data4"]
            .into_iter()
            .filter_map(|name| sessions.table.column(name).map(|column| column.name.as_str()))
            .collect();
        let mut section = columns(
            "report_member.columns",
            sessions.table,
            &SESSIONS.each_ref(),
            sessions.known,
            self.engine,
        );
        if data.is_empty() {
            let reason = "no column called data3 or data4".to_owned();
            section.entries.push(ProposalLine::Missing("profile".to_owned(), reason));
        } else {
            let value = data.iter().map(|name| proposal::quoted(name)).collect::<Vec<_>>().join(", ");
            let reason = "documented; which of them holds the profile is not public".to_owned();
            section.entries.push(ProposalLine::Line(
                "profile".to_owned(),
                format!("[{value}]"),
                Grade::Certain,
                reason,
            ));
        }
        let mut head = Section::new("report_member");
        named(&mut head, sessions);
        let has_type =
            section.entries.iter().any(|entry| matches!(entry, ProposalLine::Line(key, ..) if key == "type"));
        if has_type {
            head.text("login", "LOGIN", Grade::Likely, "seen on real servers");
        }
        proposal.sections.extend([head, section]);
    }
}

fn named(head: &mut Section, found: &Found<'_>) {
    head.text("table", &found.table.name, found.grade, found.reason.clone());
}

/// Records what the columns that a proposal names are, so that a later check sees what has changed.
pub fn record(catalog: &Catalog, proposal: &mut Proposal) {
    let Ok(map) = Map::parse("proposal", &proposal.to_toml("")) else {
        let why = "not recorded, because something that is needed was not found";
        proposal.notes.push(Note::open(TABLES, why));
        return;
    };
    for (table, names) in renew::used(&map) {
        let Some(table) = catalog.table(table) else { continue };
        let place = format!("tables.{}", proposal::key(&table.name));
        let mut head = Section::new(&place);
        if let Some(engine) = &table.engine {
            head.entries.push(ProposalLine::Recorded("engine".to_owned(), proposal::quoted(engine)));
        }
        let mut section = Section::new(format!("{place}.columns"));
        for column in
            table.columns.iter().filter(|column| names.iter().any(|name| same_column(name, &column.name)))
        {
            let line = proposal::quoted(&describe(table, column));
            section.entries.push(ProposalLine::Recorded(proposal::key(&column.name), line));
        }
        proposal.sections.extend([head, section]);
    }
}
