//! The tables of users, queues, profiles and sessions.
//!
//! Invariant: at most one table for each; where two are as good, none is taken and both are named. A view, a table whose
//! name says that it keeps what was, and one without a key of whole numbers are never taken, and named where nothing
//! else is found.

use super::discriminator::discriminator;
use super::fields::{DELETED, Field, Known, TIMES, Type, find, lacks, needed, optional};
use super::names::{against, is_past, key, names_channel, referred, spellings, words};
use super::proposal::{Grade, Note, and};
use crate::db::catalog::{Table, TableKind};
use crate::db::{Catalog, Engine};
use crate::seed::Channel;
use std::cmp::Reverse;
use std::collections::BTreeMap;

/// Columns of the table of users.
pub const USERS: [Field; 7] = [
    needed("id", Type::Number, &["id"]),
    needed("name", Type::Text, &["name", "username", "login"]),
    needed("fullname", Type::Text, &["fullname", "displayname"]),
    needed("email", Type::Text, &["email", "mail"]),
    needed("internal", Type::TextOrNumber, &["internal", "extension", "exten"]),
    needed("role", Type::Text, &["role", "usertype"]),
    needed("online", Type::Flag, &["online", "isonline"]),
];

/// Columns of a table of voice queues.
pub const VOICE_QUEUES: [Field; 5] = [
    needed("id", Type::Number, &["id"]),
    needed("name", Type::Text, &["name", "queuename"]),
    optional("strategy", Type::Text, &["strategy"]),
    optional("type", Type::Text, &["type", "queuetype"]),
    optional("description", Type::Text, &["description"]),
];

/// Columns of a table of other queues.
pub const DIGITAL_QUEUES: [Field; 6] = [
    needed("id", Type::Number, &["id"]),
    needed("name", Type::Text, &["name", "queuename"]),
    optional("strategy", Type::Text, &["strategy"]),
    optional("timeout", Type::Number, &["timeout"]),
    optional("weight", Type::Number, &["weight"]),
    optional("description", Type::Text, &["description"]),
];

/// Columns of the table of profiles.
pub const PROFILES: [Field; 4] = [
    needed("id", Type::Number, &["id"]),
    needed("name", Type::Text, &["name", "profilename"]),
    needed("enabled", Type::Flag, &["enabled", "isenabled", "active", "isactive"]),
    optional("description", Type::Text, &["description"]),
];

/// Columns of the table of sessions; those with the profile are looked for apart.
pub const SESSIONS: [Field; 6] = [
    needed("id", Type::Number, &["id"]),
    needed("member", Type::Text, &["membername"]),
    optional("channel", Type::Text, &["channel"]),
    optional("type", Type::Text, &["type"]),
    needed("entered", Type::Time, &["enterat"]),
    needed("left", Type::Time, &["exitat"]),
];

/// A table that was found, and why.
#[derive(Clone)]
pub struct Found<'a> {
    pub table: &'a Table,
    /// How sure that is.
    pub grade: Grade,
    pub reason: String,
    /// Whether its columns are public.
    pub known: Known,
}

/// The tables that links refer to, and that of sessions.
pub struct Entities<'a> {
    /// Users, or why there are none.
    pub users: Result<Found<'a>, Note>,
    /// Queues of each channel.
    pub queues: BTreeMap<Channel, Found<'a>>,
    pub sessions: Option<Found<'a>>,
    /// What could not be told.
    pub notes: Vec<Note>,
}

impl<'a> Entities<'a> {
    /// Looks for them.
    pub fn find(catalog: &'a Catalog, engine: Engine) -> Self {
        let tables: Vec<&Table> = catalog.tables.values().collect();
        let mut notes = Vec::new();
        let users = users(&tables, engine);
        notes.extend(users.as_ref().err().cloned());
        let mut queues = BTreeMap::new();
        for channel in Channel::ALL {
            match queues_of(channel, &tables, engine) {
                Ok(found) => {
                    queues.insert(channel, found);
                }
                Err(note) => notes.push(note),
            }
        }
        if queues.is_empty() {
            notes.extend(tables.iter().find(|table| holds_all_queues(table, engine)).map(|table| {
                let says =
                    format!("{} holds those of every channel; a map needs a table for each", table.name);
                Note::open("queues", says)
            }));
        }
        let sessions = tables.iter().filter(|table| table.kind == TableKind::Table);
        let sessions = sessions.filter(|table| is_of_sessions(table)).min_by_key(|table| table.name.len());
        let sessions = sessions.map(|table| Found {
            table,
            grade: if table.name == "report_member" { Grade::Certain } else { Grade::Likely },
            reason: "documented".to_owned(),
            known: Known::Documented,
        });
        Self { users, queues, sessions, notes }
    }
}

/// A table of queues whose channel a column tells.
fn holds_all_queues(table: &Table, engine: Engine) -> bool {
    words(&table.name).last().is_some_and(|word| word == "queue")
        && VOICE_QUEUES[..3].iter().all(|field| find(table, field, engine).is_some())
        && discriminator(table, engine).is_some()
}

/// `report_member`, also behind a prefix.
fn is_of_sessions(table: &Table) -> bool {
    let words = words(&table.name);
    words.ends_with(&["report".to_owned(), "member".to_owned()])
        && words.iter().filter(|word| is_past(word)).count() == 1
}

/// Why a table is not taken although its name fits, if so.
pub fn unfit(table: &Table, fields: &[Field], engine: Engine) -> Option<String> {
    let name = &table.name;
    if table.kind == TableKind::View {
        return Some(format!("{name} is a view: a map needs the tables behind it, with their keys"));
    }
    if let Some(word) = against(name).first() {
        return Some(format!("{name} is not taken, because of `{word}` in its name"));
    }
    let why = lacks(table, fields, engine)?;
    Some(format!("{name} is called so, but {why}"))
}

/// The same, and of a view the table behind it.
pub fn unfit_and_behind(
    table: &Table,
    fields: &[Field],
    tables: &[&Table],
    engine: Engine,
) -> Option<String> {
    let why = unfit(table, fields, engine)?;
    Some(and(&why, behind(table, tables).into_iter().collect()))
}

/// The table that a view shows, as foreign keys tell: columns that are named after the view refer to it.
fn behind(view: &Table, tables: &[&Table]) -> Option<String> {
    if view.kind != TableKind::View {
        return None;
    }
    let is_named = |column: &str| referred(column).is_some_and(|stem| key(&view.name).ends_with(&stem));
    tables.iter().find_map(|table| {
        let found = table.foreign_keys.iter().find(|found| {
            found.to_table != view.name && matches!(found.columns.as_slice(), [column] if is_named(column))
        })?;
        let schema = found.to_schema.as_ref().map_or_else(String::new, |schema| format!("{schema}."));
        let (base, column) = (&found.to_table, &found.columns[0]);
        Some(format!("{}.{column} refers to {schema}{base}, which may be the table behind it", table.name))
    })
}

fn users<'a>(tables: &[&'a Table], engine: Engine) -> Result<Found<'a>, Note> {
    let score = |table: &&&Table| USERS.iter().filter(|field| find(table, field, engine).is_some()).count();
    let fits = |table: &&&Table| unfit(table, &[], engine).is_none();
    let named = tables.iter().filter(fits).find(|table| table.name == "users" && score(table) >= 4);
    if let Some(table) = named {
        let (grade, reason, known) = (Grade::Certain, "documented".to_owned(), Known::Documented);
        return Ok(Found { table, grade, reason, known });
    }
    let is_named = |table: &&&Table| words(&table.name).last().is_some_and(|word| word == "user");
    // As with queues: a name that says so and cannot be taken must be heard.
    let better: Vec<String> = tables
        .iter()
        .filter(is_named)
        .filter_map(|table| unfit_and_behind(table, &[], tables, engine))
        .collect();
    let mut able: Vec<_> = tables.iter().filter(fits).filter(|table| score(table) >= 5).collect();
    able.sort_by_key(|table| Reverse((score(table), is_named(table))));
    match able.as_slice() {
        [] => {
            let why = better.first().cloned();
            let says = and("no table with names, roles and extensions", why.into_iter().collect());
            Err(Note::open("users", says))
        }
        [one, other, ..] if (score(one), is_named(one)) == (score(other), is_named(other)) => {
            Err(Note::open("users", format!("not told which of {} and {} it is", one.name, other.name)))
        }
        [best, ..] => {
            let reason = format!("it has {} of the documented columns", score(best));
            let grade = if is_named(best) && better.is_empty() { Grade::Likely } else { Grade::Guess };
            Ok(Found { table: best, grade, reason: and(&reason, better), known: Known::ByConvention })
        }
    }
}

fn queues_of<'a>(channel: Channel, tables: &[&'a Table], engine: Engine) -> Result<Found<'a>, Note> {
    let exact = format!("{channel}_queues");
    let is_spelt = |table: &&&Table| table.name == exact || is_queue_of(channel, &table.name);
    let fits = |table: &&&Table| unfit(table, &VOICE_QUEUES[..2], engine).is_none();
    if let Some(table) = tables.iter().filter(fits).find(|table| table.name == exact) {
        let (grade, reason, known) = match channel {
            Channel::Voice => (Grade::Certain, "documented", Known::Documented),
            _ => (Grade::Likely, "named as the documented voice_queues is", Known::ByConvention),
        };
        return Ok(Found { table, grade, reason: reason.to_owned(), known });
    }
    // A prefix or suffix in the name: only a table with a strategy is one of queues, and not of their reports.
    let is_around = |table: &&&Table| {
        names_queue_of(channel, &table.name) && find(table, &VOICE_QUEUES[2], engine).is_some()
    };
    let spelt: Vec<_> = tables.iter().filter(is_spelt).filter(fits).collect();
    let around: Vec<_> = tables.iter().filter(is_around).filter(fits).collect();
    let (taken, grade, reason) = match spelt.as_slice() {
        [] => (around, Grade::Guess, "its name contains the channel and `queue`, and it has a strategy"),
        _ => (spelt, Grade::Likely, "its name says so"),
    };
    // A name that fits better and cannot be taken must be heard: what is left over may be something else.
    let unfit = |table: &&'a Table| unfit_and_behind(table, &VOICE_QUEUES[..2], tables, engine);
    let better: Vec<String> = tables.iter().filter(is_spelt).filter_map(unfit).collect();
    let about = format!("queues.{channel}");
    match taken.as_slice() {
        [table] => {
            let grade = if better.is_empty() { grade } else { Grade::Guess };
            let known = Known::ByConvention;
            Ok(Found { table, grade, reason: and(reason, better), known })
        }
        [] => {
            let others = tables.iter().filter(|table| !is_spelt(table)).filter(is_around);
            Err(Note::absent(about, better.into_iter().chain(others.filter_map(unfit)).collect()))
        }
        several => {
            let names: Vec<&str> = several.iter().map(|table| table.name.as_str()).collect();
            Err(Note::open(about, format!("not told which of {} it is", names.join(", "))))
        }
    }
}

/// `chat_queues`, `ChatQueue`, `queues_chat`, `email_queues`.
fn is_queue_of(channel: Channel, name: &str) -> bool {
    let key = key(name);
    spellings(channel).iter().any(|word| key == format!("{word}queue") || key == format!("queue{word}"))
}

fn names_queue_of(channel: Channel, name: &str) -> bool {
    words(name).iter().any(|word| word == "queue") && names_channel(channel, name)
}

/// All fields of a table of queues.
pub fn queue_fields(channel: Channel) -> Vec<&'static Field> {
    let own: &[Field] = if channel == Channel::Voice { &VOICE_QUEUES } else { &DIGITAL_QUEUES };
    own.iter().chain(&TIMES).chain([&DELETED]).collect()
}
