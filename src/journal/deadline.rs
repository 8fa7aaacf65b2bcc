//! Until when a change may wait for its confirmation.
//!
//! Invariant: the wall clock decides nothing. A deadline lies on the clock that
//! counts from the start of the machine, sleep included, and belongs to that
//! one start: a clock that is set moves it nowhere, and a restart ends it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// The moment at which an unconfirmed change is undone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Deadline {
    /// Which start of the machine it belongs to: the kernel's boot id.
    pub boot: String,
    /// Milliseconds since that start.
    pub uptime_millis: u64,
    /// The wall clock at that moment, RFC 3339 in UTC; for people, never for
    /// decisions.
    pub wall: String,
}

/// How much of the time is left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TimeLeft {
    Left(Duration),
    /// The deadline has passed.
    Over,
    /// The machine was started again since.
    Restarted,
}

impl Deadline {
    /// The moment since that start.
    #[must_use]
    pub fn since_boot(&self) -> Duration {
        Duration::from_millis(self.uptime_millis)
    }

    /// How much is left in this start of the machine, `uptime` after it.
    #[must_use]
    pub fn left(&self, boot: &str, uptime: Duration) -> TimeLeft {
        if self.boot != boot {
            return TimeLeft::Restarted;
        }
        match self.since_boot().checked_sub(uptime) {
            Some(left) if !left.is_zero() => TimeLeft::Left(left),
            _ => TimeLeft::Over,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_deadline_counts_in_its_own_start_of_the_machine() {
        let deadline = Deadline { boot: "a".into(), uptime_millis: 60_000, wall: String::new() };
        let left = |boot, seconds| deadline.left(boot, Duration::from_secs(seconds));
        assert_eq!(left("a", 50), TimeLeft::Left(Duration::from_secs(10)));
        assert_eq!(left("a", 60), TimeLeft::Over);
        assert_eq!(left("a", 61), TimeLeft::Over);
        assert_eq!(left("b", 50), TimeLeft::Restarted);
    }
}
