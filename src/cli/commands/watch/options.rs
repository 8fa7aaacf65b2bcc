//! What is wanted of the watcher, and what it looks at.
//!
//! Invariant: a flag goes before the settings, and both before what is usual.

use crate::cli::args::{HealChoice, WatchArgs};
use crate::cli::commands::status::{ServerState, Sessions, look};
use crate::cli::context::Context;
use crate::watch::HealMode;
use std::path::PathBuf;
use std::time::Duration;

/// An update writes its files within seconds.
const SETTLE: Duration = Duration::from_secs(5);
/// Long enough for somebody who is called, short enough to be back before the evening.
const CONFIRM_WITHIN: Duration = Duration::from_secs(60 * 60);

/// What is wanted of the watcher, from flags and settings.
pub struct WatchOptions {
    /// Whether it is set right, or only told.
    pub heal: HealMode,
    /// How long a heal waits for its confirmation.
    pub confirm_within: Duration,
    /// The pause between two looks.
    pub settle: Duration,
    /// Where the figures go.
    pub textfile: Option<PathBuf>,
}

impl WatchOptions {
    /// What flags and settings say.
    pub fn of(context: &Context, args: &WatchArgs) -> Self {
        let settings = &context.settings.watch;
        Self {
            heal: match args.heal.or(settings.heal) {
                Some(HealChoice::Apply) => HealMode::Apply,
                Some(HealChoice::Tell) | None => HealMode::Tell,
            },
            confirm_within: args.confirm_within.or(settings.confirm_within).unwrap_or(CONFIRM_WITHIN),
            settle: args.settle.or(settings.settle).unwrap_or(SETTLE),
            textfile: args.textfile.clone().or_else(|| settings.textfile.clone()),
        }
    }
}

/// One look, without the database.
pub fn once(context: &Context, args: &WatchArgs) -> ServerState {
    look(context, "watch", &args.site, Sessions::NotAsked)
}
