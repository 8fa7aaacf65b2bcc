//! The tables of users, queues, profiles and sessions.
//!
//! Invariant: at most one table for each; where two are as good, none is taken and both are named.

use super::fields::{DELETED, Field, Known, TIMES, Type, find, needed, optional};
use super::names::{key, words};
use super::proposal::Grade;
use crate::db::catalog::{Table, TableKind};
use crate::db::{Catalog, Engine};
use crate::seed::Channel;
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
    /// The table.
    pub table: &'a Table,
    /// How sure that is.
    pub grade: Grade,
    /// Why.
    pub reason: String,
    /// Whether its columns are public.
    pub known: Known,
}

/// The tables that links refer to, and that of sessions.
pub struct Entities<'a> {
    /// Users.
    pub users: Option<Found<'a>>,
    /// Queues of each channel.
    pub queues: BTreeMap<Channel, Found<'a>>,
    /// Sessions.
    pub sessions: Option<Found<'a>>,
    /// What could not be told.
    pub notes: Vec<String>,
}

impl<'a> Entities<'a> {
    /// Looks for them.
    pub fn find(catalog: &'a Catalog, engine: Engine) -> Self {
        let tables: Vec<&Table> = catalog.tables.values().filter(|t| t.kind == TableKind::Table).collect();
        let mut notes = Vec::new();
        let users = users(&tables, engine);
        let mut queues = BTreeMap::new();
        for channel in Channel::ALL {
            match queues_of(channel, &tables, engine) {
                Ok(found) => {
                    queues.insert(channel, found);
                }
                Err(note) => notes.push(note),
            }
        }
        let sessions = tables.iter().find(|table| key(&table.name) == "reportmember").map(|table| Found {
            table,
            grade: if table.name == "report_member" { Grade::Certain } else { Grade::Likely },
            reason: "documented".to_owned(),
            known: Known::Documented,
        });
        Self { users, queues, sessions, notes }
    }
}

fn users<'a>(tables: &[&'a Table], engine: Engine) -> Option<Found<'a>> {
    let score = |table: &&&Table| USERS.iter().filter(|field| find(table, field, engine).is_some()).count();
    let named = tables.iter().find(|table| table.name == "users" && score(table) >= 4);
    if let Some(table) = named {
        let (grade, reason, known) = (Grade::Certain, "documented".to_owned(), Known::Documented);
        return Some(Found { table, grade, reason, known });
    }
    let best = tables.iter().filter(|table| score(table) >= 5).max_by_key(score)?;
    let reason = format!("it has {} of the documented columns", score(&best));
    let grade = if key(&best.name) == "user" { Grade::Likely } else { Grade::Guess };
    Some(Found { table: best, grade, reason, known: Known::ByConvention })
}

fn queues_of<'a>(channel: Channel, tables: &[&'a Table], engine: Engine) -> Result<Found<'a>, String> {
    let has_name =
        |table: &&&Table| VOICE_QUEUES[..2].iter().all(|field| find(table, field, engine).is_some());
    let exact = format!("{channel}_queues");
    if let Some(table) = tables.iter().filter(has_name).find(|table| table.name == exact) {
        let (grade, reason, known) = match channel {
            Channel::Voice => (Grade::Certain, "documented", Known::Documented),
            _ => (Grade::Likely, "named as the documented voice_queues is", Known::ByConvention),
        };
        return Ok(Found { table, grade, reason: reason.to_owned(), known });
    }
    let spelt: Vec<_> =
        tables.iter().filter(has_name).filter(|table| is_queue_of(channel, &table.name)).collect();
    if let [table] = spelt.as_slice() {
        let reason = "its name says so".to_owned();
        return Ok(Found { table, grade: Grade::Likely, reason, known: Known::ByConvention });
    }
    // A prefix or suffix in the name: only a table with a strategy is one of queues, and not of their reports.
    let around: Vec<_> = tables
        .iter()
        .filter(has_name)
        .filter(|table| {
            names_queue_of(channel, &table.name) && find(table, &VOICE_QUEUES[2], engine).is_some()
        })
        .collect();
    match (spelt.as_slice(), around.as_slice()) {
        ([], [table]) => {
            let reason = "its name contains the channel and `queue`, and it has a strategy".to_owned();
            Ok(Found { table, grade: Grade::Guess, reason, known: Known::ByConvention })
        }
        ([], []) => Err(format!("queues.{channel}: no table found")),
        (several, others) => {
            let tables = if several.is_empty() { others } else { several };
            let names: Vec<&str> = tables.iter().map(|table| table.name.as_str()).collect();
            Err(format!("queues.{channel}: not told which of {} it is", names.join(", ")))
        }
    }
}

/// `chat_queues`, `ChatQueue`, `queues_chat`, `email_queues`.
fn is_queue_of(channel: Channel, name: &str) -> bool {
    let key = key(name);
    spellings(channel).iter().any(|word| key == format!("{word}queue") || key == format!("queue{word}"))
}

fn names_queue_of(channel: Channel, name: &str) -> bool {
    let words = words(name);
    let pairs = words.windows(2).map(<[String]>::concat);
    let said: Vec<String> = words.iter().cloned().chain(pairs).collect();
    said.iter().any(|word| word == "queue")
        && spellings(channel).iter().any(|word| said.iter().any(|it| it == word))
}

/// How a channel may be written, in lower case without separators.
pub fn spellings(channel: Channel) -> &'static [&'static str] {
    match channel {
        Channel::Voice => &["voice"],
        Channel::Chat => &["chat"],
        Channel::Mail => &["mail", "email"],
        Channel::Sms => &["sms"],
        Channel::Openchannel => &["openchannel"],
        Channel::Fax => &["fax"],
        Channel::Whatsapp => &["whatsapp"],
        Channel::Video => &["video"],
    }
}

/// All fields of a table of queues.
pub fn queue_fields(channel: Channel) -> Vec<&'static Field> {
    let own: &[Field] = if channel == Channel::Voice { &VOICE_QUEUES } else { &DIGITAL_QUEUES };
    own.iter().chain(&TIMES).chain([&DELETED]).collect()
}
