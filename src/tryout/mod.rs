//! Somebody else's script, run to its end in a private copy of this server.
//!
//! Invariant: nothing of the server changes, whatever the script does. What the script says of itself, by its output or
//! by what it asks of stand-ins, is its own word: shown, never believed.

mod canonical;
mod inside;
mod judge;
mod outside;
mod own;
mod prose;
mod protocol;
mod redact;
mod report;
mod secret_name;
mod spread;
mod sql;
pub mod stand_in;
mod stdin;
mod words;

pub use canonical::{Edition, FORMAT, Fingerprint, KEPT};
pub use inside::{inside, is_ours};
pub use judge::{NotRunnable, Script};
pub use outside::{TrialOptions, run};
pub use protocol::Tried;
pub use report::{comparisons, section};
