//! Undo: the rows that an apply wrote, as they were before it.
//!
//! Invariant: what was is restored only where everything still is as the run left it; otherwise nothing is written, and
//! what has moved is named. Names of tables and columns are the map's and the database's, never a record's.

mod compare;
mod head;
mod images;
mod inverse;
mod keep;
mod record;
mod restore;
mod run;
mod store;
mod table;

pub use compare::{Moved, UndoState};
pub use head::{Head, Identity, Undone};
pub(super) use images::Images;
pub use keep::Keep;
pub use record::{FORMAT, Record};
pub use run::{Foreseen, UndoRequest};
pub use store::{KeptRun, Store, Unusable};
