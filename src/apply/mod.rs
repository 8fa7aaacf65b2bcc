//! Runs plans: the only caller of the host's writing half.
//!
//! Invariant: intent, fsync, effect, fsync, done; a failed gate and a crash
//! take the same road back. This room chooses nothing: it runs what `plan`
//! gives it.

mod confirmation;
mod content;
mod executor;
mod history;
mod obstacles;
mod pending;
mod recovery;
mod run;
mod staging;
mod told;

pub use confirmation::{Confirmation, Confirmed, Window, arm_again, confirm};
pub use executor::{InstalledLog, ReloadTarget, StepFailure};
pub use history::{History, base_record, distrusted, is_damage};
pub use obstacles::{in_the_way, refusal};
pub use pending::{Pending, too_early};
pub use recovery::{Recovered, Server, UNCONFIRMED, Unconfirmed, disk_state, recover, restore_whole};
pub use run::{Event, INSTALLING, Request, Run, SandboxChoice, backup_paths, run};
pub use staging::states;
