//! Looks at everything that is managed, in one READ ONLY transaction.
//!
//! Invariant: the transaction ends whatever the look comes to, and nothing in it writes.

use super::manifest::{shown, shown_beside, suggest};
use super::map::{Needs, Part};
use super::plan::noun;
use super::session::{Session, failure};
use super::snapshot::{Scope, Snapshot, read};
use crate::db::{Access, DbError};
use crate::outcome::{Failure, FailureKind};

impl Session {
    /// Runs `look` inside one view of the database.
    ///
    /// # Errors
    /// When the map does not fit in what is needed, the database fails, or `look` does.
    pub(super) fn reading<T>(
        &mut self,
        needs: &Needs,
        look: impl FnOnce(&mut Self) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        self.require(needs)?;
        self.conn.begin(Access::ReadOnlySnapshot).map_err(|error| failure(&error))?;
        let answer = look(self);
        let ended = self.conn.rollback().map_err(|error| failure(&error));
        let answer = answer?;
        ended?;
        Ok(answer)
    }

    /// Reads what a scope names, in the transaction that is open.
    pub(super) fn snapshot(&mut self, scope: &Scope) -> Result<Snapshot, Failure> {
        read(&mut self.conn, &self.map, &self.catalog, scope).map_err(|error| failure(&error))
    }

    /// The failure for a name that was typed and that no row has.
    pub(super) fn unknown_name(&mut self, part: Part, name: &str) -> Result<Failure, DbError> {
        let candidates = self.names(part)?;
        Ok(unknown_among(&noun(part), name, candidates.iter().map(String::as_str)))
    }
}

/// The failure for a name that none of these is.
pub(super) fn unknown_among<'n>(what: &str, name: &str, known: impl IntoIterator<Item = &'n str>) -> Failure {
    let unknown = |shown: String| Failure::new(FailureKind::Invalid, format!("there is no {what} {shown}"));
    match suggest(name, known.into_iter().filter(|known| *known != name)) {
        Some(meant) => {
            let [name, meant] = shown_beside(name, meant);
            unknown(name).with_hint(format!("did you mean {meant}?"))
        }
        None => unknown(shown(name)).with_hint("`motionctl seed export` lists all that there are"),
    }
}
