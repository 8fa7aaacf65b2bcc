//! Names of runs.
//!
//! Invariant: a [`RunId`] is a time and the number of a process, so it sorts by time and can
//! stand in a command and in the name of a unit.

use super::text::written_as_text;
use jiff::Timestamp;
use std::fmt;
use std::str::FromStr;

/// The name of a run, such as `20261122T101500Z-4711`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct RunId(String);

/// A text that is no run's name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not the name of a run (like 20261122T101500Z-4711)")]
pub struct NotRunId(String);

impl RunId {
    /// A run named by the moment of its start and its process.
    #[must_use]
    pub fn new(start: Timestamp, pid: u32) -> Self {
        Self(format!("{}-{pid}", start.strftime("%Y%m%dT%H%M%SZ")))
    }

    /// The name as it is written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for RunId {
    type Err = NotRunId;

    fn from_str(text: &str) -> Result<Self, NotRunId> {
        const TIME: &[u8] = b"00000000T000000Z-";
        let fits = |(&byte, &shape): (&u8, &u8)| match shape {
            b'0' => byte.is_ascii_digit(),
            exact => byte == exact,
        };
        match text.as_bytes().split_at_checked(TIME.len()) {
            Some((time, pid))
                if time.iter().zip(TIME).all(fits)
                    && !pid.is_empty()
                    && pid.iter().all(u8::is_ascii_digit) =>
            {
                Ok(Self(text.to_owned()))
            }
            _ => Err(NotRunId(super::escape(text.as_bytes()))),
        }
    }
}

impl fmt::Display for RunId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

written_as_text!(RunId);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_of_runs_are_names_of_runs() {
        let start: Timestamp = "2026-01-02T03:04:05Z".parse().expect("a time");
        let run = RunId::new(start, 4711);
        assert_eq!(run.as_str(), "20260102T030405Z-4711");
        assert_eq!(run.as_str().parse(), Ok(run));
        for text in ["", "x", "20260102T030405Z-", "20260102T030405Z-4x", "20260102T030405Z-1 -x"] {
            assert!(text.parse::<RunId>().is_err(), "{text}");
        }
    }
}
