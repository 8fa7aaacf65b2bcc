//! Which rows a manifest can name.
//!
//! Invariant: a name that means one row to the server, and that the reader takes; every other live row is named once in
//! what is left out.

use crate::seed::manifest::shown;
use crate::seed::map::Part;
use crate::seed::plan::noun;
use crate::seed::snapshot::{Record, Records, Snapshot, Standing};
use std::collections::{BTreeMap, HashMap};

/// Rows that a manifest can name.
pub(super) struct Nameable<'a> {
    rows: BTreeMap<Part, HashMap<i64, &'a Record>>,
    /// Rows that it cannot.
    pub left_out: Vec<String>,
}

impl<'a> Nameable<'a> {
    /// Sorts the rows of a snapshot in which every name was asked for.
    pub fn of(snapshot: &'a Snapshot) -> Self {
        let mut nameable = Self { rows: BTreeMap::new(), left_out: Vec::new() };
        for (part, records) in &snapshot.parts {
            let mut rows = HashMap::new();
            for record in records.rows.values() {
                match obstacle(*part, records, record) {
                    Ok(()) => {
                        rows.insert(record.id, record);
                    }
                    Err(Some(why)) => nameable.left_out.push(why),
                    Err(None) => {}
                }
            }
            nameable.rows.insert(*part, rows);
        }
        nameable
    }

    /// The rows of a part, by name.
    pub fn sorted(&self, part: Part) -> Vec<&'a Record> {
        let mut records: Vec<_> =
            self.rows.get(&part).into_iter().flat_map(HashMap::values).copied().collect();
        records.sort_unstable_by(|one, other| one.name.cmp(&other.name));
        records
    }

    /// A row.
    pub fn row(&self, part: Part, id: i64) -> Option<&'a Record> {
        self.rows.get(&part)?.get(&id).copied()
    }
}

/// What keeps a row out: a reason to tell, or that it is none of this part's.
fn obstacle(part: Part, records: &Records, record: &Record) -> Result<(), Option<String>> {
    let row = format!("{} {} (id {})", noun(part), shown(&record.name), record.id);
    match record.standing {
        Standing::OtherRole(_) => return Err(None),
        Standing::Deleted => return Err(Some(format!("{row}: deleted"))),
        Standing::Live => {}
    }
    if record.name.trim().is_empty() {
        return Err(Some(format!("{row}: its name is blank")));
    }
    let Some(group) = records.names.group(&record.name) else {
        return Err(Some(format!("{row}: its name cannot be asked for")));
    };
    let mut same = records.of_group(group).filter(|other| other.standing != Standing::Deleted);
    match same.find(|other| other.id != record.id) {
        None => Ok(()),
        Some(other) => {
            let role = match &other.standing {
                Standing::OtherRole(role) => format!(", a user with the role {},", shown(role)),
                Standing::Live | Standing::Deleted => String::new(),
            };
            Err(Some(format!("{row}: to the database id {}{role} has the same name", other.id)))
        }
    }
}
