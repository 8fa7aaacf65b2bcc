//! Everything before the first effect: inspect, test the old configuration,
//! plan, test the new one, and say what is in the way.
//!
//! Invariant: reads and tests only; what `check`, `plan`, `apply` and
//! `rehearse` decide on is made here once, so that they cannot disagree.

mod adopt;
mod asked;
mod bundle;
mod candidate;
mod carry;
mod certificates;
mod client;
mod copies;
mod effect;
mod gather;
mod gone;
pub mod idle;
mod kept;
mod lacking;
mod left_behind;
mod merge;
mod named_site;
mod named_upstream;
mod nginx_test;
mod open_run;
mod options;
mod past;
mod plan_input;
mod planned;
mod ports;
mod prepared;
mod probes;
mod rollback;
mod routing;
mod saved;
mod seen;
mod space;
mod standing;
pub mod state;
mod to_come;
mod to_https;
mod undoing;
mod unusable;
mod ways;

pub use asked::settle as ask;
pub use bundle::finding as bundle_finding;
pub use carry::OldCopy;
pub use effect::effect_findings;
pub use gather::{accept, prepare};
pub use kept::{damaged, kept, record_paths};
pub use left_behind::paths as records_left_behind;
pub use open_run::{Advice, OpenRun};
pub use options::{LookForCopies, OpenConflicts, Options};
pub use past::{Known, Past, history_gone, is_trusted};
pub use prepared::Prepared;
pub use probes::{Opening, Reach, StatedProbe, not_asked, rollback_probes};
pub use rollback::{Extent, is_record_at, shown, way_back};
pub use saved::saved;
pub use space::space;
pub use to_come::ToCome;
pub use undoing::Undoing;
pub use unusable::unusable;
pub use ways::finding as write_finding;
