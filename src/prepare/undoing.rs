//! Whether a change that waits for its confirmation will be undone without anybody.
//!
//! Invariant: unknown is not no. Nothing is armed here.

use crate::apply::Pending;
use crate::host::Root;
use crate::host::timers::Armed;

/// What will become of a change that waits.
pub enum Undoing {
    /// Its timer waits, or undoes it now.
    Armed,
    /// Its timer was stopped, or has fired and is gone.
    Gone,
    /// Systemd does not say; why.
    Unknown(String),
    /// It waits on another machine, of which this is a copy.
    Elsewhere,
}

impl Undoing {
    /// Asks.
    pub fn of(root: &Root, pending: &Pending) -> Self {
        if !root.is_live() {
            return Self::Elsewhere;
        }
        match pending.armed() {
            Ok(Armed::Yes) => Self::Armed,
            Ok(Armed::No) => Self::Gone,
            Err(error) => Self::Unknown(error.to_string()),
        }
    }

    /// Whether it is armed, where that is known.
    pub fn is_armed(&self) -> Option<bool> {
        match self {
            Self::Armed => Some(true),
            Self::Gone => Some(false),
            Self::Unknown(_) | Self::Elsewhere => None,
        }
    }

    /// Why the change may stay for ever.
    pub fn why_not(&self) -> Option<String> {
        match self {
            Self::Armed | Self::Elsewhere => None,
            Self::Gone => Some("its timer has been stopped, or has fired in vain".to_owned()),
            Self::Unknown(why) => Some(format!("whether its timer waits is not known: {why}")),
        }
    }
}
