//! Which rows a manifest can name.
//!
//! Invariant: pure; a name means one live row to the server, and is one that the reader takes. The snapshot must have asked
//! for the names of all rows.

use super::model::noun;
use crate::seed::manifest::{asks, shown};
use crate::seed::map::Part;
use crate::seed::snapshot::{Record, Records, RowState};

/// What keeps a manifest from naming a row: a reason to tell, or that it is none of this part's.
///
/// # Errors
/// With the reason, where there is one to tell.
pub fn nameable(part: Part, records: &Records, record: &Record) -> Result<(), Option<String>> {
    let row = format!("{} {} (id {})", noun(part), shown(&record.name), record.id);
    match record.standing {
        RowState::OtherRole(_) => return Err(None),
        RowState::Deleted => return Err(Some(format!("{row}: deleted"))),
        RowState::Live => {}
    }
    if record.name.trim().is_empty() {
        return Err(Some(format!("{row}: its name is blank")));
    }
    if asks(&record.name) {
        return Err(Some(format!("{row}: its name reads as a value of a site")));
    }
    let Some(group) = records.names.group(&record.name) else {
        return Err(Some(format!("{row}: its name cannot be asked for")));
    };
    let mut same = records.of_group(group).filter(|other| other.standing != RowState::Deleted);
    match same.find(|other| other.id != record.id) {
        None => Ok(()),
        Some(other) => {
            let role = match &other.standing {
                RowState::OtherRole(role) => format!(", a user with the role {},", shown(role)),
                RowState::Live | RowState::Deleted => String::new(),
            };
            Err(Some(format!("{row}: to the database id {}{role} has the same name", other.id)))
        }
    }
}
