//! A table that may hold links, and what it would be as the table of one kind of them.
//!
//! Invariant: an offer names every column that it rests on; whether it is taken, `choice` says.

use super::discriminator::{Only, discriminator, only, unfit};
use super::fields::{DELETED, Field, TIMES, Type, find, optional, takes};
use super::names::{against, key, names_channel, spellings, words};
use super::proposal;
use super::proposal::{Grade, Note, ProposalLine, Section};
use super::references::{Reference, Referenced, Targets};
use crate::db::catalog::{Column, Table, TableKind};
use crate::db::{Catalog, Engine};
use crate::seed::Channel;
use crate::seed::map::LinkKind;
use crate::seed::verify::{covering, describe, is_own_in_each_row};
use std::collections::{BTreeMap, BTreeSet};

/// Values that were seen in columns, by table and column; the most frequent first.
pub type Samples = BTreeMap<(String, String), Vec<String>>;

/// Where a voice queue of a profile may have its penalty.
const PENALTY: Field = optional("penalty", Type::Number, &["penalty"]);

const ID: Field = optional("id", Type::Number, &["id"]);

/// A table that could hold links, taken apart.
pub(super) struct Candidate<'a> {
    pub(super) table: &'a Table,
    ends: Vec<Reference<'a>>,
    pub(super) discriminator: Option<&'a Column>,
    engine: Engine,
    /// Words of the tables that its ends refer to.
    words_of_ends: BTreeSet<String>,
}

/// A table's offer for one kind.
pub struct Offer<'c, 'a> {
    candidate: &'c Candidate<'a>,
    owner: &'c Reference<'a>,
    member: &'c Reference<'a>,
    absent: Option<&'c Reference<'a>>,
    only: Option<Only<'a>>,
}

pub(super) fn candidates<'a>(
    catalog: &'a Catalog,
    targets: &Targets<'_>,
    engine: Engine,
    kind: TableKind,
) -> Vec<Candidate<'a>> {
    let tables = catalog.tables.values();
    let tables = tables.filter(|table| table.kind == kind && !targets.has(table));
    tables.filter_map(|table| Candidate::new(table, targets, engine)).collect()
}

impl<'a> Candidate<'a> {
    fn new(table: &'a Table, targets: &Targets<'_>, engine: Engine) -> Option<Self> {
        let mut ends = targets.of(table);
        if ends.len() < 2 {
            return None;
        }
        let has_any_queue = ends.iter().any(|end| end.target == Referenced::AnyQueue);
        let discriminator = if has_any_queue { discriminator(table, engine) } else { None };
        // `queue_id` in a table whose name has the channel.
        let said: Vec<Channel> =
            Channel::ALL.into_iter().filter(|channel| names_channel(*channel, &table.name)).collect();
        if let ([channel], None) = (said.as_slice(), discriminator) {
            for end in ends.iter_mut().filter(|end| end.target == Referenced::AnyQueue) {
                end.target = Referenced::Queues(*channel);
                end.reason = format!("a queue, in a table about {channel}; there is no foreign key");
            }
        }
        let words_of_ends = ends
            .iter()
            .flat_map(|end| {
                targets.name_of(end.target).map(words).into_iter().flatten().chain(words_of(end.target))
            })
            .collect();
        Some(Self { table, ends, discriminator, engine, words_of_ends })
    }

    /// Columns that a table of links has no use for.
    fn others(&self) -> Vec<&'a Column> {
        let used = |column: &Column| {
            self.ends.iter().any(|end| end.column.name == column.name && end.against.is_none())
                || self.discriminator.is_some_and(|found| found.name == column.name)
                || find(self.table, &ID, self.engine).is_some_and(|(id, _)| id.name == column.name)
                || column.is_invisible()
                || [PENALTY, DELETED].iter().chain(&TIMES).any(|field| {
                    field.names.contains(&key(&column.name).as_str())
                        && takes(column, field.kind, self.engine)
                })
        };
        self.table.columns.iter().filter(|column| !used(column)).collect()
    }

    /// The column for an end. Of several, one that no word speaks against, then one that is in a unique key with others,
    /// then one that is named after the table.
    pub(super) fn end(&self, target: Referenced) -> Option<&Reference<'a>> {
        let ends = self.ends.iter().filter(|end| end.target == target);
        ends.min_by_key(|end| (end.against.is_some(), !self.is_in_key(end), !end.is_named))
    }

    fn is_in_key(&self, end: &Reference<'_>) -> bool {
        let has = |columns: &[String]| columns.len() > 1 && columns.contains(&end.column.name);
        self.table.indexes.iter().any(|index| index.unique && has(&index.columns))
    }

    pub(super) fn offer(&self, kind: LinkKind, samples: &Samples) -> Option<Offer<'_, 'a>> {
        let (users, profiles) = (self.end(Referenced::Users), self.end(Referenced::Profiles));
        let Some(channel) = kind.channel() else {
            if self.has_queue() {
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
        let (member, only) = match (self.end(Referenced::Queues(channel)), self.end(Referenced::AnyQueue)) {
            (Some(queue), _) => (queue, None),
            (None, Some(queue)) => (queue, Some(self.only(channel, samples)?)),
            (None, None) => return None,
        };
        let (owner, absent) = match kind {
            LinkKind::Personal(_) => (users?, profiles),
            _ => (profiles?, users),
        };
        // Who added a link is no owner of it.
        let absent = absent.filter(|absent| absent.against.is_none());
        let can_be_told = absent.is_none_or(|absent| absent.column.nullable);
        can_be_told.then_some(Offer { candidate: self, owner, member, absent, only })
    }

    /// The value that marks a channel's rows.
    fn only(&self, channel: Channel, samples: &Samples) -> Option<Only<'a>> {
        let column = self.discriminator?;
        let seen = samples.get(&(self.table.name.clone(), column.name.clone()));
        only(column, channel, seen, self.engine)
    }

    fn has_queue(&self) -> bool {
        self.ends.iter().any(|end| matches!(end.target, Referenced::Queues(_) | Referenced::AnyQueue))
    }

    /// Why a table with the right ends is left out: its rows do not say whom they belong to, or of which channel they are.
    pub(super) fn cannot_be_told(&self) -> Vec<Note> {
        let mut notes = Vec::new();
        if !against(&self.table.name).is_empty() {
            return notes;
        }
        let name = &self.table.name;
        let owners = [Referenced::Users, Referenced::Profiles].map(|target| self.end(target));
        let owners: Vec<_> = owners.into_iter().flatten().filter(|end| end.against.is_none()).collect();
        if let (true, [users, profiles]) = (self.has_queue(), owners.as_slice()) {
            let never_null = [users, profiles].into_iter().filter(|end| !end.column.nullable);
            let columns: Vec<&str> = never_null.map(|end| end.column.name.as_str()).collect();
            if !columns.is_empty() {
                let says = format!(
                    "{} is never NULL, so that its rows belong to an agent and a profile at once; \
                     such links are not proposed",
                    columns.join(" and ")
                );
                notes.push(Note::open(name, says));
            }
        }
        if let (Some(queue), None, false) =
            (self.end(Referenced::AnyQueue), self.discriminator, owners.is_empty())
        {
            let why = unfit(self.table, self.engine).map_or_else(String::new, |why| format!(" ({why})"));
            let says = format!(
                "no text column says of which channel the queue in {} is{why}; such links are not proposed",
                queue.column.name
            );
            notes.push(Note::open(name, says));
        }
        notes
    }
}

impl<'a> Offer<'_, 'a> {
    /// The table's name.
    pub fn table_name(&self) -> &'a str {
        &self.candidate.table.name
    }

    /// The two columns.
    pub fn columns(&self) -> [&'a str; 2] {
        [self.owner, self.member].map(|end| end.column.name.as_str())
    }

    /// How sure it is where the two columns lead.
    pub fn evidence(&self) -> Grade {
        self.owner.grade.min(self.member.grade)
    }

    /// Whether a unique key has both columns.
    pub fn is_unique(&self) -> bool {
        let has = |columns: &[String], end: &Reference<'_>| columns.contains(&end.column.name);
        let both = |columns: &[String]| has(columns, self.owner) && has(columns, self.member);
        self.candidate.table.indexes.iter().any(|index| index.unique && both(&index.columns))
    }

    /// The columns that have the same value in all rows of one pair.
    fn pair(&self) -> Vec<&'a str> {
        let only = self.only.as_ref().filter(|only| only.is_one_value());
        self.columns().into_iter().chain(only.map(|only| only.column.name.as_str())).collect()
    }

    /// Whether the value that tells its rows apart was made up.
    pub fn made_up(&self) -> Option<&'a str> {
        self.only.as_ref().filter(|only| only.is_made_up).map(|only| only.column.name.as_str())
    }

    /// What a unique key with both columns has besides: by its values a pair may stand in several rows.
    pub fn unique_with(&self) -> Vec<&'a str> {
        let pair = self.pair();
        if covering(self.candidate.table, &pair).is_some() {
            return Vec::new();
        }
        let is_in = |name: &str| pair.iter().any(|known| known.eq_ignore_ascii_case(name));
        let has_both =
            |columns: &[String]| self.columns().iter().all(|end| columns.iter().any(|name| name == end));
        let index =
            self.candidate.table.indexes.iter().find(|index| index.unique && has_both(&index.columns));
        let further = index.into_iter().flat_map(|index| &index.columns).map(String::as_str);
        further.filter(|name| !name.is_empty() && !is_in(name)).collect()
    }

    /// Whether there is a column for the penalty.
    pub fn has_penalty(&self) -> bool {
        find(self.candidate.table, &PENALTY, self.candidate.engine).is_some()
    }

    /// Columns that every new row must fill, and only a person can say with what.
    pub fn demanded(&self) -> Vec<&'a Column> {
        self.candidate.others().into_iter().filter(|column| column.is_demanded()).collect()
    }

    /// How many columns there are besides.
    pub fn others(&self) -> usize {
        self.candidate.others().len()
    }

    /// The words that the ends' own names consist of.
    pub fn words_of_ends(&self) -> &BTreeSet<String> {
        &self.candidate.words_of_ends
    }

    /// A word in the name of one of its two columns that says otherwise.
    pub fn word_against(&self) -> Option<String> {
        [self.owner, self.member].into_iter().find_map(|end| end.against.clone())
    }

    /// The lines of the map.
    pub fn sections(&self, kind: LinkKind, grade: Grade, reason: &str) -> Vec<Section> {
        let table = self.candidate.table;
        let place = format!("links.{kind}");
        let mut head = Section::new(&place);
        head.text("table", &table.name, grade, reason);
        if let Some(only) = &self.only {
            head.entries.push(ProposalLine::Line(
                "only".to_owned(),
                only.to_toml(),
                only.grade,
                only.why.clone(),
            ));
        }
        for column in self.demanded() {
            let named = describe_named(table, column);
            head.entries.push(ProposalLine::Remark(if is_own_in_each_row(table, column) {
                format!(
                    "each row needs a value of its own for {named}: such links cannot be added by motionctl, only read \
                     and removed"
                )
            } else {
                let name = proposal::key(&column.name);
                format!("new rows need a value for {named}: add it below [{place}.fixed] as {name} = …")
            }));
        }
        let pair = self.pair();
        if find(table, &DELETED, self.candidate.engine).is_some() {
            head.entries.push(revival(table, &pair));
        }
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
}

fn describe_named(table: &Table, column: &Column) -> String {
    format!("{} ({})", column.name, describe(table, column))
}

/// Whether a link that was deleted softly is taken back when it is added again: a unique index over the pair allows
/// nothing else.
pub fn revival(table: &Table, pair: &[&str]) -> ProposalLine {
    let (value, why) = match covering(table, pair) {
        Some(index) => ("true", format!("the unique index {index} allows one row of a pair, deleted or not")),
        None => {
            ("false", "no unique index covers the pair, so that each link is a row of its own".to_owned())
        }
    };
    ProposalLine::Line("revive".to_owned(), value.to_owned(), Grade::Likely, why)
}

/// The words by which the name of a target may be told in a table of links.
pub fn words_of(target: Referenced) -> Vec<String> {
    let channels = match target {
        Referenced::Queues(channel) => spellings(channel),
        Referenced::AnyQueue => &["channel"],
        Referenced::Users | Referenced::Profiles => &[],
    };
    let mut known: Vec<String> = channels.iter().map(|word| (*word).to_owned()).collect();
    // `whatsapp` and `openchannel` are two words in some spellings.
    known.extend(channels.iter().flat_map(|word| match *word {
        "whatsapp" => vec!["whats".to_owned(), "app".to_owned()],
        "openchannel" => vec!["open".to_owned(), "channel".to_owned()],
        _ => Vec::new(),
    }));
    known
}
