//! Runs plans: the only caller of the host's writing half.
//!
//! Invariant: intent, fsync, effect, fsync, done; a failed gate and a crash
//! take the same road back. This room chooses nothing: it runs what `plan`
//! gives it.

mod before;
mod confirmation;
mod content;
mod executor;
mod journal_file;
mod obstacles;
mod pending;
mod recovery;
mod request;
mod run;
mod staging;
mod system_log;

pub use before::backup_paths;
pub use confirmation::{Confirmation, Confirmed, Window, arm_again, confirm};
pub use executor::{InstalledLog, NotAccepted, ReloadTarget, StepFailure};
pub use journal_file::{History, base_record, distrusted, is_damage};
pub use obstacles::{in_the_way, refusal};
pub use pending::{Pending, too_early};
pub use recovery::{Recovered, Server, UNCONFIRMED, Unconfirmed, disk_state, recover, restore_whole};
pub use request::{Run, RunEvent, RunRequest, SandboxChoice};
pub use run::{INSTALLING, run};
pub use staging::states;
