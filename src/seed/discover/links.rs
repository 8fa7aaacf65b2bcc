//! The tables of links, in whatever shape: a table for each channel, one for all with a
//! discriminator, personal and profile links in one.
//!
//! Invariant: rows of two kinds in one table are proposed only where they can be told apart; where
//! they cannot, a note says so. Reports and histories that hold the same ids are no links.

use super::entities::spellings;
use super::fields::{DELETED, Field, TIMES, Type, find, optional, takes};
use super::names::{key, words};
use super::proposal::{Entry, Grade, Section, quoted};
use super::references::{Reference, Target, Targets};
use super::{Samples, proposal};
use crate::db::catalog::{Column, ColumnDefault, Table, TableKind};
use crate::db::{Catalog, Engine};
use crate::seed::Channel;
use crate::seed::map::LinkKind;
use crate::seed::verify::{Family, covering, describe};
use std::collections::BTreeMap;

/// How a column that names the channel may be called.
const DISCRIMINATORS: [&str; 9] = [
    "channel",
    "type",
    "kind",
    "media",
    "queuetype",
    "channeltype",
    "queuechannel",
    "mediatype",
    "channelname",
];
/// Words of tables that keep what was.
const PAST: [&str; 12] =
    ["report", "history", "log", "archive", "backup", "audit", "stat", "old", "tmp", "bak", "copy", "event"];
/// Where a voice queue of a profile may have its penalty.
const PENALTY: Field = optional("penalty", Type::Number, &["penalty"]);
const ID: Field = optional("id", Type::Number, &["id"]);

/// A table that could hold links, taken apart.
struct Candidate<'a> {
    table: &'a Table,
    ends: Vec<Reference<'a>>,
    discriminator: Option<&'a Column>,
    score: i32,
    engine: Engine,
}

/// A table's offer for one kind.
struct Offer<'c, 'a> {
    candidate: &'c Candidate<'a>,
    owner: &'c Reference<'a>,
    member: &'c Reference<'a>,
    absent: Option<&'c Reference<'a>>,
    only: Option<(&'a Column, String, Grade, String)>,
}

/// The sections of all links that were found, and what could not be told.
pub fn links(
    catalog: &Catalog,
    targets: &Targets<'_>,
    channels: &[Channel],
    engine: Engine,
    samples: &Samples,
) -> (Vec<(LinkKind, Vec<Section>)>, Vec<String>) {
    let candidates: Vec<Candidate<'_>> = candidates(catalog, targets, engine);
    let mut notes: Vec<String> = candidates.iter().filter_map(Candidate::cannot_be_told).collect();
    let queues = channels.iter().map(|channel| LinkKind::ProfileQueues(*channel));
    let personal = channels.iter().map(|channel| LinkKind::Personal(*channel));
    let mut found = Vec::new();
    for kind in [LinkKind::ProfileAgents].into_iter().chain(queues).chain(personal) {
        let mut offers: Vec<Offer<'_, '_>> =
            candidates.iter().filter_map(|candidate| candidate.offer(kind, samples)).collect();
        offers.sort_by(|one, other| {
            (other.candidate.score, &one.candidate.table.name)
                .cmp(&(one.candidate.score, &other.candidate.table.name))
        });
        match offers.as_slice() {
            [] => notes.push(format!("links.{kind}: no table found")),
            [one, other, ..] if one.candidate.score == other.candidate.score => notes.push(format!(
                "links.{kind}: not told which of {} and {} it is",
                one.candidate.table.name, other.candidate.table.name
            )),
            [best, ..] => found.push((kind, best.sections(kind))),
        }
    }
    (found, notes)
}

/// Text columns that name the channel of a link, whose values only the rows tell.
pub fn wanted_samples(catalog: &Catalog, targets: &Targets<'_>, engine: Engine) -> Vec<(String, String)> {
    let is_open = |column: &&Column| (Family { column, engine }).members().is_none();
    candidates(catalog, targets, engine)
        .iter()
        .filter(|candidate| candidate.end(Target::AnyQueue).is_some())
        .filter_map(|candidate| {
            let column = candidate.discriminator.filter(is_open)?;
            Some((candidate.table.name.clone(), column.name.clone()))
        })
        .collect()
}

fn candidates<'a>(catalog: &'a Catalog, targets: &Targets<'_>, engine: Engine) -> Vec<Candidate<'a>> {
    let tables = catalog.tables.values();
    let tables = tables.filter(|table| table.kind == TableKind::Table && !targets.has(table));
    tables.filter_map(|table| Candidate::new(table, targets, engine)).collect()
}

impl<'a> Candidate<'a> {
    fn new(table: &'a Table, targets: &Targets<'_>, engine: Engine) -> Option<Self> {
        let ends = targets.of(table);
        if ends.len() < 2 {
            return None;
        }
        let has_any_queue = ends.iter().any(|end| end.target == Target::AnyQueue);
        let discriminator = if has_any_queue { discriminator(table, engine) } else { None };
        let mut candidate = Self { table, ends, discriminator, score: 0, engine };
        candidate.score = candidate.score();
        (candidate.score >= 0).then_some(candidate)
    }

    /// How much it looks like a table that holds nothing but links.
    fn score(&self) -> i32 {
        let words = words(&self.table.name);
        let is_past = words.iter().any(|word| PAST.contains(&word.as_str()));
        let keys: Vec<&str> = self.ends.iter().map(|end| end.column.name.as_str()).collect();
        let is_key =
            |columns: &[String]| keys.iter().filter(|key| columns.iter().any(|c| c == **key)).count() > 1;
        let is_unique = self.table.indexes.iter().any(|index| index.unique && is_key(&index.columns));
        let by_key = self.ends.iter().filter(|end| end.grade == Grade::Certain).count() > 1;
        let points =
            [(is_unique, 4), (words.iter().any(|word| word == "has"), 3), (by_key, 2), (is_past, -8)];
        let points: i32 = points.iter().map(|(holds, points)| if *holds { *points } else { 0 }).sum();
        points - i32::try_from(self.others().len()).unwrap_or(i32::MAX)
    }

    /// Columns that a table of links has no use for.
    fn others(&self) -> Vec<&'a Column> {
        let used = |column: &Column| {
            self.ends.iter().any(|end| end.column.name == column.name)
                || self.discriminator.is_some_and(|found| found.name == column.name)
                || [PENALTY, ID, DELETED].iter().chain(&TIMES).any(|field| {
                    field.names.contains(&key(&column.name).as_str())
                        && takes(column, field.kind, self.engine)
                })
        };
        self.table.columns.iter().filter(|column| !used(column)).collect()
    }

    fn end(&self, target: Target) -> Option<&Reference<'a>> {
        self.ends.iter().find(|end| end.target == target)
    }

    fn offer(&self, kind: LinkKind, samples: &Samples) -> Option<Offer<'_, 'a>> {
        let (users, profiles) = (self.end(Target::Users), self.end(Target::Profiles));
        let Some(channel) = kind.channel() else {
            let of_queues = |end: &Reference<'_>| matches!(end.target, Target::Queues(_) | Target::AnyQueue);
            if self.ends.iter().any(of_queues) {
                return None;
            }
            return Some(Offer {
                candidate: self,
                owner: profiles?,
                member: users?,
                absent: None,
                only: None,
            });
        };
        let (member, only) = match (self.end(Target::Queues(channel)), self.end(Target::AnyQueue)) {
            (Some(queue), _) => (queue, None),
            (None, Some(queue)) => (queue, Some(self.only(channel, samples)?)),
            (None, None) => return None,
        };
        let (owner, absent) = match kind {
            LinkKind::Personal(_) => (users?, profiles),
            _ => (profiles?, users),
        };
        let can_be_told = absent.is_none_or(|absent| absent.column.nullable);
        can_be_told.then_some(Offer { candidate: self, owner, member, absent, only })
    }

    /// The value that marks a channel's rows.
    fn only(&self, channel: Channel, samples: &Samples) -> Option<(&'a Column, String, Grade, String)> {
        let column = self.discriminator?;
        let means = |value: &&String| {
            let value = key(value);
            spellings(channel).iter().any(|word| value == *word || value == format!("{word}queue"))
        };
        let from_rows = samples.get(&(self.table.name.clone(), column.name.clone()));
        match ((Family { column, engine: self.engine }).members(), from_rows) {
            (Some(members), _) => {
                let value = members.iter().find(means)?.clone();
                Some((column, value, Grade::Certain, "a member of the ENUM".to_owned()))
            }
            (None, Some(values)) if !values.is_empty() => match values.iter().find(means) {
                Some(value) => {
                    Some((column, value.clone(), Grade::Certain, "rows hold this value".to_owned()))
                }
                None => Some((column, channel.name().to_owned(), Grade::Guess, "no row says it".to_owned())),
            },
            (None, _) => {
                let why = "the column may hold any text, and no row says it".to_owned();
                Some((column, channel.name().to_owned(), Grade::Guess, why))
            }
        }
    }

    /// A table with both owners whose rows do not say which of the two they are about.
    fn cannot_be_told(&self) -> Option<String> {
        let (users, profiles) = (self.end(Target::Users)?, self.end(Target::Profiles)?);
        let has_queue =
            self.ends.iter().any(|end| matches!(end.target, Target::Queues(_) | Target::AnyQueue));
        let never_null = [users, profiles].into_iter().filter(|end| has_queue && !end.column.nullable);
        let columns: Vec<&str> = never_null.map(|end| end.column.name.as_str()).collect();
        (!columns.is_empty()).then(|| {
            format!(
                "{}: {} is never NULL, so that its rows belong to an agent and a profile at once; \
                 such links are not proposed",
                self.table.name,
                columns.join(" and ")
            )
        })
    }
}

/// The column that names the channel, of a table whose queue column does not.
fn discriminator(table: &Table, engine: Engine) -> Option<&Column> {
    let texts = || table.columns.iter().filter(|column| takes(column, Type::Text, engine));
    DISCRIMINATORS.iter().find_map(|name| texts().find(|column| key(&column.name) == *name))
}

impl Offer<'_, '_> {
    fn sections(&self, kind: LinkKind) -> Vec<Section> {
        let table = self.candidate.table;
        let place = format!("links.{kind}");
        let mut head = Section::new(&place);
        let grade = self.owner.grade.min(self.member.grade);
        head.text("table", &table.name, grade, self.reason());
        if let Some((column, value, grade, why)) = &self.only {
            let value = format!("{{ column = {}, value = {} }}", quoted(&column.name), quoted(value));
            head.entries.push(Entry::Line("only".to_owned(), value, *grade, why.clone()));
        }
        let only = self.only.as_ref().map(|(column, ..)| column.name.as_str());
        let absent = self.absent.map(|absent| absent.column.name.as_str());
        let pair = [self.owner, self.member].map(|end| end.column.name.as_str());
        let pair: Vec<&str> = pair.into_iter().chain(only).chain(absent).collect();
        if find(table, &DELETED, self.candidate.engine).is_some() {
            head.entries.push(revival(table, &pair));
        }
        self.demanded(&place, &mut head);
        let mut columns = Section::new(format!("{place}.columns"));
        let (owner, member) = match kind {
            LinkKind::ProfileAgents => ("profile", "agent"),
            LinkKind::ProfileQueues(_) => ("profile", "queue"),
            LinkKind::Personal(_) => ("agent", "queue"),
        };
        for (key, end) in [(owner, self.owner), (member, self.member)] {
            columns.text(key, &end.column.name, end.grade, end.reason.clone());
        }
        if let Some(absent) = self.absent {
            let key = if owner == "agent" { "profile" } else { "agent" };
            columns.text(key, &absent.column.name, Grade::Likely, "NULL in these rows; they share the table");
        }
        let has_penalty = kind == LinkKind::ProfileQueues(Channel::Voice);
        let fields = [&ID].into_iter().chain(has_penalty.then_some(&PENALTY)).chain(&TIMES).chain([&DELETED]);
        for field in fields {
            if let Some((column, place)) = find(table, field, self.candidate.engine) {
                let grade = if place == 0 { Grade::Likely } else { Grade::Guess };
                columns.text(field.key, &column.name, grade, describe(table, column));
            }
        }
        vec![head, columns]
    }

    fn reason(&self) -> String {
        let columns = [self.owner, self.member].map(|end| end.column.name.as_str());
        let others: Vec<&str> = self.candidate.others().iter().map(|column| column.name.as_str()).collect();
        let more =
            if others.is_empty() { String::new() } else { format!("; it also has {}", others.join(", ")) };
        format!("it has {}{more}", columns.join(" and "))
    }

    /// Columns that every new row must fill, and only a person can say with what.
    fn demanded(&self, place: &str, head: &mut Section) {
        for column in self.candidate.others() {
            if !column.nullable && column.default == ColumnDefault::None && !column.is_generated() {
                let name = proposal::key(&column.name);
                head.entries.push(Entry::Remark(format!(
                    "new rows need a value for {}: add it below [{place}.fixed] as {name} = …",
                    describe_named(self.candidate.table, column)
                )));
            }
        }
    }
}

/// Whether a link that was deleted softly is taken back when it is added again: a unique index over the pair allows
/// nothing else.
pub fn revival(table: &Table, pair: &[&str]) -> Entry {
    let (value, why) = match covering(table, pair) {
        Some(index) => ("true", format!("the unique index {index} allows one row of a pair, deleted or not")),
        None => {
            ("false", "no unique index covers the pair, so that each link is a row of its own".to_owned())
        }
    };
    Entry::Line("revive".to_owned(), value.to_owned(), Grade::Likely, why)
}

fn describe_named(table: &Table, column: &Column) -> String {
    format!("{} ({})", column.name, describe(table, column))
}

/// Values that were seen in columns, by table and column.
pub type Values = BTreeMap<(String, String), Vec<String>>;
