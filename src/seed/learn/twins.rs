//! Rows that one step made besides the one that is taken for its link.
//!
//! Invariant: a step is one link. Where it made several rows, a map that knows one of them is only right if a value
//! tells that row from all others; which one does is read off the rows, and where none does the part is no map.

use super::changes::{Cells, Changes};
use super::evidence::value;
use super::model::LinkRow;
use super::told_apart::{Mark, can_mark};
use crate::db::Value;
use crate::seed::map::LinkKind;

/// The rows that a step made.
#[derive(Debug, Clone, PartialEq)]
pub struct Twins {
    /// How many there are.
    count: usize,
    /// The columns in which they differ.
    differ: Vec<String>,
    /// The value that tells the link's row from the others.
    pub only: Option<(String, Value)>,
    /// Whether a map of the part would be wrong.
    pub is_open: bool,
    /// Whether another value is needed already, to tell the kinds of one table apart.
    is_marked: bool,
}

/// The rows that were made together with this one, where there is more than one.
pub fn twins(link: &LinkRow<'_>, mark: &Mark, chosen: &[LinkRow<'_>], changes: &[Changes]) -> Option<Twins> {
    let owner = value(link.row, &link.owner.column)?;
    let is_chosen = |row: &Cells| chosen.iter().any(|other| std::ptr::eq(other.row, row));
    let change = changes.iter().find(|change| change.table == link.table.name)?;
    let made = change.rows.iter().filter(|(_, changed)| changed.is_none()).map(|(row, _)| row);
    let others: Vec<&Cells> =
        made.filter(|row| value(row, &link.owner.column) == Some(owner) && !is_chosen(row)).collect();
    if others.is_empty() {
        return None;
    }
    let differs = |row: &&Cells, column: &str| value(row, column) != value(link.row, column);
    let columns = link.table.columns.iter().filter(|column| can_mark(link, column));
    let differ: Vec<String> = columns
        .filter(|column| others.iter().any(|other| differs(other, &column.name)))
        .map(|column| column.name.clone())
        .collect();
    let tells = |column: &str| others.iter().all(|other| differs(other, column));
    let is_same_pair = others.iter().any(|other| !differs(other, &link.member.column));
    let by_mark = mark.only.as_ref().is_some_and(|(column, _)| tells(column) && !is_same_pair);
    let only = match (differ.as_slice(), &mark.only) {
        // The ids say which row is the link only where they are not the same in another one.
        ([column], None) if tells(column) && !is_same_pair => value(link.row, column)
            .filter(|value| !value.is_null())
            .map(|value| (column.clone(), value.clone())),
        _ => None,
    };
    // Two agents or two queues of one profile are no riddle; the queues that an agent has by a profile would be.
    let is_harmless = differ.is_empty() && !is_same_pair && !matches!(link.kind, LinkKind::Personal(_));
    let is_open = only.is_none() && !by_mark && !is_harmless;
    let only_said = only.clone().or_else(|| mark.only.clone().filter(|_| by_mark));
    let differ = if differ.is_empty() { vec![link.member.column.clone()] } else { differ };
    Some(Twins { count: others.len() + 1, differ, only: only_said, is_open, is_marked: mark.only.is_some() })
}

/// In words: `this step made 3 rows, which differ in weekday`.
impl std::fmt::Display for Twins {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "this step made {} rows, which differ in {}", self.count, self.differ.join(" and "))?;
        match &self.only {
            Some((column, value)) => write!(f, "; `only` takes those whose {column} is {}", value.display()),
            None if !self.is_open => Ok(()),
            None if self.is_marked => f.write_str(
                "; rows that are told apart by two columns cannot be mapped, so this is a comment",
            ),
            None => {
                f.write_str("; nothing tells for certain which of them is the link, so this is a comment")
            }
        }
    }
}
