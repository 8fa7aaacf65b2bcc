//! The schema map: which table and column of Motion's database holds what, as data.
//!
//! Invariant: names of tables and columns come from here alone, and a map is used only after
//! [`Map::parse`] found it consistent. It holds no values of customers and opens no connection.

mod access;
mod document;
mod ident;
mod link;
mod literal;
mod model;
mod needs;
mod rules;
pub mod sql;

pub use access::LinkEnds;
pub use document::{FORMAT, MapError};
pub use ident::{Ident, same_column};
pub use link::{Condition, Link, LinkKind, Only};
pub use literal::{Literal, SettingType};
pub use model::{
    Changed, Effect, Map, Mark, PermissionColumns, Permissions, ProfileColumns, Profiles, QueueColumns,
    Queues, ReportMember, ReportMemberColumns, TableDefinition, UserColumns, UserProfiles, Users,
};
pub use needs::{Needs, Part, Use};
