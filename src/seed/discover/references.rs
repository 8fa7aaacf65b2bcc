//! Which columns refer to users, profiles and queues.
//!
//! Invariant: a foreign key is the database's own word and outranks a name; a column with a foreign
//! key to something else is no reference, whatever it is called.

use super::names::{key, referred, turns, words};
use super::proposal::Grade;
use crate::db::catalog::{Column, Table};
use crate::seed::Channel;

/// What a column refers to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Referenced {
    Users,
    Profiles,
    /// The queues of one channel.
    Queues(Channel),
    /// Queues; another column says of which channel.
    AnyQueue,
}

/// A column that refers.
pub struct Reference<'a> {
    pub column: &'a Column,
    pub target: Referenced,
    /// How sure that is.
    pub grade: Grade,
    pub reason: String,
    /// Whether the column's name says so as well.
    pub is_named: bool,
    /// A word of the column's name that says otherwise.
    pub against: Option<String>,
}

/// The tables that can be referred to.
#[derive(Clone, Default)]
pub struct Targets<'a>(Vec<(Referenced, &'a Table)>);

impl<'a> Targets<'a> {
    /// Adds one.
    pub fn with(mut self, target: Referenced, table: &'a Table) -> Self {
        self.0.push((target, table));
        self
    }

    /// Whether this table is one of them.
    pub fn has(&self, table: &Table) -> bool {
        self.0.iter().any(|(_, known)| known.name == table.name)
    }

    /// The references of a table, in the order of its columns.
    pub fn of<'t>(&self, table: &'t Table) -> Vec<Reference<'t>> {
        table.columns.iter().filter_map(|column| self.reference(table, column)).collect()
    }

    fn reference<'t>(&self, table: &'t Table, column: &'t Column) -> Option<Reference<'t>> {
        let of_column = |columns: &[String]| matches!(columns, [from] if *from == column.name);
        let words = words(&column.name);
        // Who did it, or another part in it than to belong: `addedBy`, `supervisorId`.
        let against = words.into_iter().find(|word| word == "by" || turns(word));
        if let Some(found) = table.foreign_keys.iter().find(|found| of_column(&found.columns)) {
            if found.to_schema.is_some() {
                return None;
            }
            let same = |name: &str| name == found.to_table || name.eq_ignore_ascii_case(&found.to_table);
            let (target, _) = self.0.iter().find(|(_, known)| same(&known.name))?;
            let reason = format!("a foreign key to {}", found.to_table);
            let stem = referred(&column.name).unwrap_or_default();
            let is_named = self.by_name(&stem).is_some_and(|(named, ..)| named == *target);
            return Some(Reference {
                column,
                target: *target,
                grade: Grade::Certain,
                reason,
                is_named,
                against,
            });
        }
        let stem = referred(&column.name)?;
        let (target, grade, reason) = self.by_name(&stem)?;
        Some(Reference { column, target, grade, reason, is_named: true, against })
    }

    /// What a column means by its name.
    fn by_name(&self, stem: &str) -> Option<(Referenced, Grade, String)> {
        let (target, grade, reason) = match (self.named(stem), stem) {
            (Some((target, known)), _) => (*target, Grade::Likely, format!("named after {}", known.name)),
            (None, "agent" | "user" | "member") => {
                (Referenced::Users, Grade::Likely, "agents are users; there is no foreign key".to_owned())
            }
            (None, "queue") => (
                Referenced::AnyQueue,
                Grade::Likely,
                "a queue of whatever channel; there is no foreign key".to_owned(),
            ),
            (None, "profile") => {
                (Referenced::Profiles, Grade::Guess, "a profile; there is no foreign key".to_owned())
            }
            (None, _) => return None,
        };
        let can = self.0.iter().any(|(known, _)| match target {
            Referenced::AnyQueue => matches!(known, Referenced::Queues(_)),
            _ => *known == target,
        });
        can.then_some((target, grade, reason))
    }

    /// The name of the table that a target is.
    pub fn name_of(&self, target: Referenced) -> Option<&'a str> {
        self.0.iter().find(|(known, _)| *known == target).map(|(_, table)| table.name.as_str())
    }

    /// The table that a column is named after; its own name may have a prefix that columns do not repeat.
    fn named(&self, stem: &str) -> Option<&(Referenced, &'a Table)> {
        let behind_prefix = |known: &&(Referenced, &Table)| {
            let words = words(&known.1.name);
            let tail = |first: usize| words[first..].concat();
            words.len() > 2 && (1..words.len() - 1).any(|first| tail(first) == stem)
        };
        let exact = self.0.iter().find(|(_, known)| key(&known.name) == stem);
        exact.or_else(|| self.0.iter().find(behind_prefix))
    }
}
