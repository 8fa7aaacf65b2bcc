//! Plans without choices: from facts to the exact steps of a run.
//!
//! Invariant: a plan leaves nothing open. It holds the final bytes (as changes
//! to what is there), mode and owner, and the hash of what each step expects
//! to replace. Pure: reads neither the disk nor the clock.

mod assemble;
mod base;
pub mod bundle;
mod candidate;
mod carry;
mod decisions;
mod draft;
mod effect;
mod error;
mod graft;
mod guards;
mod input;
mod inputs;
mod kept;
mod local;
mod local_include;
mod migrate;
mod migration;
mod model;
mod needs;
mod offered;
mod permitted;
mod recover;
mod replace;
mod rollback;
mod saved;
mod standing;
mod step;
mod to_https;
mod undecided;

pub use assemble::{RecordPaths, directive_change, directive_changes, dropped_locations, explain};
pub use base::remembers_base;
pub use carry::lost;
pub use decisions::{Decisions, DecisionsError, FORMAT as DECISIONS_FORMAT};
pub use effect::{BareToday, BlockEffect, Effect, Today};
pub use error::{Conflicts, PlanError};
pub use input::{
    Candidate, Carry, Companion, Input, Keeping, LocalInclude, Memory, PlanInput, Strategy, WantedGuard,
    WantedStrategy,
};
pub use kept::{
    BaseKind, FORMAT as LOCAL_PATCH_FORMAT, Kept, KeptChange, KeptError, LOCAL_FOLDER, LocalPatch,
    LocalRecord, Origin, PatchFault, Restoring, Stand, Taken, UnderivedError, VendorRestored, add_changes,
    chosen_changes, derived, drop_changes, is_record, is_there, local_changes, local_patch_path, moved,
    not_kept, restore_vendor, stand,
};
pub use migrate::migrate;
pub use migration::Migration;
pub use model::{FORMAT as PLAN_FORMAT, OLDEST as OLDEST_PLAN_FORMAT, Plan, PlanKind};
pub use recover::{DiskState, Now, Observed, Recovery, Stuck, StuckReason, recover, recover_whole};
pub use rollback::{Reload, Restored, rollback};
pub use saved::SavedPlanError;
pub use standing::{MissingChange, SiteState, Standing};
pub use step::{Content, Patch, PatchError, Step, Version, line_patches, patch, patch_to};
pub use to_https::ToHttps;
pub use undecided::undecided;
