//! Which columns refer to users, profiles and queues.
//!
//! Invariant: a foreign key is the database's own word and outranks a name; a column with a foreign
//! key to something else is no reference, whatever it is called.

use super::names::{key, referred};
use super::proposal::Grade;
use crate::db::catalog::{Column, Table};
use crate::seed::Channel;

/// What a column refers to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Target {
    /// Users.
    Users,
    /// Profiles.
    Profiles,
    /// The queues of one channel.
    Queues(Channel),
    /// Queues; another column says of which channel.
    AnyQueue,
}

/// A column that refers.
pub struct Reference<'a> {
    /// The column.
    pub column: &'a Column,
    /// To what.
    pub target: Target,
    /// How sure that is.
    pub grade: Grade,
    /// Why.
    pub reason: String,
}

/// The tables that can be referred to.
#[derive(Clone, Default)]
pub struct Targets<'a>(Vec<(Target, &'a Table)>);

impl<'a> Targets<'a> {
    /// Adds one.
    pub fn with(mut self, target: Target, table: &'a Table) -> Self {
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
        if let Some(found) = table.foreign_keys.iter().find(|found| of_column(&found.columns)) {
            let same = |name: &str| name == found.to_table || name.eq_ignore_ascii_case(&found.to_table);
            let (target, _) = self.0.iter().find(|(_, known)| same(&known.name))?;
            let reason = format!("a foreign key to {}", found.to_table);
            return Some(Reference { column, target: *target, grade: Grade::Certain, reason });
        }
        let stem = referred(&column.name)?;
        let by_name = self.0.iter().find(|(_, known)| key(&known.name) == stem);
        let (target, grade, reason) = match (by_name, stem.as_str()) {
            (Some((target, known)), _) => (*target, Grade::Likely, format!("named after {}", known.name)),
            (None, "agent" | "user" | "member") => {
                (Target::Users, Grade::Likely, "agents are users; there is no foreign key".to_owned())
            }
            (None, "queue") => (
                Target::AnyQueue,
                Grade::Likely,
                "a queue of whatever channel; there is no foreign key".to_owned(),
            ),
            (None, "profile") => {
                (Target::Profiles, Grade::Guess, "a profile; there is no foreign key".to_owned())
            }
            (None, _) => return None,
        };
        let can = self.0.iter().any(|(known, _)| match target {
            Target::AnyQueue => matches!(known, Target::Queues(_)),
            _ => *known == target,
        });
        can.then_some(Reference { column, target, grade, reason })
    }
}
