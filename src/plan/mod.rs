//! tmp
mod changes;
mod recover;
mod rollback;
mod saved;
mod step;
pub use recover::{DiskState, Observed, Recovery, Stuck, StuckReason, recover};
pub use rollback::{Reload, Restored, rollback};
pub use saved::{Plan, PlanKind, SavedPlanError};
pub use step::{Content, Patch, PatchError, Step, Version, is_plain_absolute, patch, patch_to, sha256_hex};
