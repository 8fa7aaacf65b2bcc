//! Snapshots: the rows that a plan matches or relies on, or all that the map manages.
//!
//! Invariant: read in one READ ONLY transaction by plain SELECTs, for which SELECT grants suffice; ids are read by name
//! and never computed; memory is bounded by the manifest and the managed rows. It decides nothing.

mod charset;
mod extensions;
mod made;
mod model;
mod names;
mod reader;
mod rights;
mod scope;
mod section;
mod texts;

pub use charset::{is_known as is_known_charset, lost as lost_letter};
pub use model::{Holder, LinkRow, Links, Record, Records, RowState, Snapshot};
pub(in crate::seed) use names::{CHUNK, marks};
pub use names::{Group, Names};
pub use reader::read;
pub(in crate::seed) use reader::{links, records};
pub use rights::RightsRow;
pub use scope::{Others, Owners, Scope, Unnamed, Wanted};
pub use section::{Column, Field, Kind, Section};
pub use texts::{Texts, Unholdable};
