//! Plans without choices: from facts to the exact steps of a run.
//!
//! Invariant: a plan leaves nothing open. It holds the final bytes (as changes
//! to what is there), mode and owner, and the hash of what each step expects
//! to replace. Pure: reads neither the disk nor the clock.

pub mod bundle;
mod changes;
mod graft;
mod migrate;
mod recover;
mod replace;
mod rollback;
mod saved;
mod step;

pub use migrate::{Migration, PlanError, Preview, Strategy, explain, migrate};
pub use recover::{DiskState, Observed, Recovery, Stuck, StuckReason, recover};
pub use rollback::{Reload, Restored, rollback};
pub use saved::{Plan, PlanKind, SavedPlanError};
pub use step::{Content, Patch, PatchError, Step, Version, is_plain_absolute, patch, patch_to, sha256_hex};
