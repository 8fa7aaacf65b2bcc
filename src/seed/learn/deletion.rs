//! What Motion does when the profile is deleted: rows that go, or rows that are marked.
//!
//! Invariant: only the rows of the profile are looked at again, each by the ids that it had.

use super::look::{DIGEST, columns, print, select, tolerated};
use super::picture::{Found, FoundRow, Picture};
use super::sections::is_part;
use crate::db::catalog::Table;
use crate::db::{Catalog, Connection, DbError, Value, quoted};
use crate::seed::discover::fields::{Type, takes};
use crate::seed::discover::names::key;
use crate::seed::discover::{Grade, ProposalLine};

/// What became of the rows.
#[derive(Debug, Clone)]
pub struct Deletion {
    /// What was learned before, and now of deletions.
    pub found: Found,
    /// Each part with what became of its row.
    pub fates: Vec<(String, Fate)>,
    /// What must be settled, or was not done yet.
    pub notes: Vec<String>,
}

/// What became of a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fate {
    Gone,
    /// It is there, and this column got a time; nothing else changed but the time of the change.
    Marked(String),
    /// It is there, this column got a time, and these changed as well.
    MarkedBesides(String, Vec<String>),
    /// It is there, and these columns changed; none of them got a time.
    Changed(Vec<String>),
    /// It is there as it was.
    Unchanged,
    /// It cannot be looked at.
    Unknown(String),
}

/// Looks again. Runs in the caller's transaction.
///
/// # Errors
/// When the connection is lost.
pub fn after_deletion(
    conn: &mut Connection,
    catalog: &Catalog,
    picture: &Picture,
    found: &Found,
) -> Result<Deletion, DbError> {
    let mut deletion = Deletion { found: found.clone(), fates: Vec::new(), notes: Vec::new() };
    for row in &found.rows {
        let fate = match catalog.table(&row.table) {
            None => Fate::Unknown("its table is no longer there".to_owned()),
            Some(table) => match fate(conn, table, row, &picture.salt) {
                Ok(fate) => fate,
                Err(error) => Fate::Unknown(tolerated(conn, &error)?),
            },
        };
        deletion.note(row, &fate);
        deletion.fates.push((row.part.clone(), fate));
    }
    Ok(deletion)
}

fn fate(conn: &mut Connection, table: &Table, row: &FoundRow, salt: &str) -> Result<Fate, DbError> {
    let columns = columns(table);
    if columns.iter().map(|column| &column.name).ne(&row.columns) {
        return Ok(Fate::Unknown("its columns are not what they were".to_owned()));
    }
    let by: Vec<String> = row.by.iter().map(|(column, _)| format!("{} = ?", quoted(column))).collect();
    let values: Vec<Value> = row.by.iter().map(|(_, id)| (*id).into()).collect();
    let sql = format!("{} WHERE {} LIMIT 2", select(table, &columns), by.join(" AND "));
    let rows = conn.rows(&sql, &values)?;
    let Some(now) = rows.first() else { return Ok(Fate::Gone) };
    let engine = conn.engine();
    let before = row.print.as_bytes().chunks(DIGEST);
    let (mut marks, mut changed) = (Vec::new(), Vec::new());
    for ((column, value), before) in columns.iter().zip(now.values()).zip(before) {
        if print(value, salt).as_bytes() == before {
            continue;
        }
        let was_null = print(&Value::Null, salt).as_bytes() == before;
        let is_mark = was_null && takes(column, Type::Time, engine) && !is_of_a_change(&column.name);
        if is_mark { &mut marks } else { &mut changed }.push(column.name.clone());
    }
    Ok(of_columns(marks, changed))
}

/// What columns that changed say: those that got a time, and all others.
fn of_columns(marks: Vec<String>, changed: Vec<String>) -> Fate {
    let (touched, besides): (Vec<String>, Vec<String>) =
        changed.into_iter().partition(|column| is_of_a_change(column));
    match (marks.as_slice(), besides.as_slice()) {
        ([], []) if touched.is_empty() => Fate::Unchanged,
        ([], []) => Fate::Changed(touched),
        ([mark], []) => Fate::Marked(mark.clone()),
        ([mark], _) => Fate::MarkedBesides(mark.clone(), besides),
        // Of two times nothing says which is the mark.
        _ => Fate::Changed([besides, marks].concat()),
    }
}

/// Whether a column only says when the row was written at last.
pub fn is_of_a_change(column: &str) -> bool {
    const TIMES: [&str; 4] = ["updatedat", "modifiedat", "changedat", "lastmodified"];
    TIMES.contains(&key(column).as_str())
}

impl Deletion {
    /// Puts it into the lines of the part.
    fn note(&mut self, row: &FoundRow, fate: &Fate) {
        let columns_of = format!("{}.columns", row.part);
        let what = if row.part.starts_with("links.personal.") {
            "the queue was taken from the agent"
        } else {
            "the profile was deleted"
        };
        let Some(section) = self.found.sections.iter_mut().find(|section| section.key == columns_of) else {
            return;
        };
        let is = |entry: &ProposalLine, wanted: &str| matches!(entry, ProposalLine::Line(key, ..) if key == wanted);
        let is_deleted = |entry: &ProposalLine| is(entry, "deleted");
        match fate {
            Fate::Marked(column) => {
                section.entries.retain(|entry| !is_deleted(entry));
                let why = format!("Motion set it when {what}, and the row stayed");
                section.text("deleted", column, Grade::Learned, why);
            }
            Fate::Gone => {
                section.entries.retain(|entry| !is_deleted(entry));
                let remark = format!("learned: the row went when {what}, so that nothing marks deleted rows");
                section.entries.push(ProposalLine::Remark(remark));
                let head = self.found.sections.iter_mut().find(|section| section.key == row.part);
                head.into_iter().for_each(|head| head.entries.retain(|entry| !is(entry, "revive")));
            }
            Fate::MarkedBesides(column, besides) => self.unsettled(
                row,
                &format!(
                    "learned: when {what} the row stayed, {column} got a time, and {} changed, too; motionctl would only set \
                     {column}, and no map can say more",
                    besides.join(", ")
                ),
            ),
            Fate::Changed(columns) => {
                let remark = format!(
                    "learned: when {what} the row stayed, and {} changed; no map can say that this is a deleted row",
                    columns.join(", ")
                );
                let is_only_touched =
                    row.part != "profiles" && columns.iter().all(|column| is_of_a_change(column));
                if is_only_touched {
                    section.entries.push(ProposalLine::Remark(remark));
                } else {
                    self.unsettled(row, &remark);
                }
            }
            Fate::Unchanged if row.part.starts_with("links.personal.") => self.notes.push(format!(
                "{}: the row is there as it was: take the queue from the agent in Motion, and run this again",
                row.part
            )),
            Fate::Unchanged | Fate::Unknown(_) => {}
        }
    }

    /// Makes the part a comment: a person has to say what a deletion is there.
    fn unsettled(&mut self, row: &FoundRow, remark: &str) {
        self.notes.push(format!("{}: {remark}; so it is a comment, and must be settled", row.part));
        let of_part = self.found.sections.iter_mut().filter(|section| is_part(&section.key, &row.part));
        for section in of_part {
            section.is_open = true;
            if section.key == row.part {
                section.entries.insert(0, ProposalLine::Remark(remark.to_owned()));
            }
        }
    }

    /// Whether the profile is still there as it was.
    #[must_use]
    pub fn is_undone(&self) -> bool {
        self.fates.iter().any(|(part, fate)| part == "profiles" && *fate == Fate::Unchanged)
    }
}

/// In words.
impl std::fmt::Display for Fate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Gone => f.write_str("the row is gone"),
            Self::Marked(column) => write!(f, "the row is marked in {column}"),
            Self::MarkedBesides(column, besides) => {
                write!(f, "the row is marked in {column}, and {} changed, too", besides.join(", "))
            }
            Self::Changed(columns) => write!(f, "the row is there; {} changed", columns.join(", ")),
            Self::Unchanged => f.write_str("the row is there as it was"),
            Self::Unknown(why) => write!(f, "not known: {why}"),
        }
    }
}
