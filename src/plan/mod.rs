//! Plans without choices: from facts to the exact steps of a run.
//!
//! Invariant: a plan leaves nothing open. It holds the final bytes (as changes
//! to what is there), mode and owner, and the hash of what each step expects
//! to replace. Pure: reads neither the disk nor the clock.

mod assemble;
mod base;
pub mod bundle;
mod candidate;
mod draft;
mod effect;
mod graft;
mod guards;
mod kept;
mod local;
mod local_include;
mod material;
mod migrate;
mod needs;
mod recover;
mod replace;
mod rollback;
mod saved;
mod standing;
mod step;
mod to_https;
mod wish;

pub use assemble::{RecordPaths, explain};
pub use effect::{BareToday, BlockEffect, Effect, Today};
pub use kept::{
    BaseKind, Kept, KeptChange, KeptError, LOCAL_FOLDER, LocalPatch, LocalRecord, Origin, PatchFault,
    RESTORE_VENDOR, Restoring, Stand, UnderivedError, derived, is_record, is_there, local_patch_path,
    restore_vendor, stand,
};
pub use migrate::{Conflicts, Migration, PlanError, migrate};
pub use recover::{DiskState, Now, Observed, Recovery, Stuck, StuckReason, recover, recover_whole};
pub use rollback::{Reload, Restored, rollback};
pub use saved::{Plan, PlanKind, SavedPlanError};
pub use standing::{MissingChange, SiteState, Standing};
pub use step::{Content, Patch, PatchError, Step, Version, line_patches, patch, patch_to};
pub use to_https::ToHttps;
pub use wish::{Candidate, GuardWish, Input, Keeping, LocalInclude, Memory, Strategy, StrategyWish, Wish};
