//! What the watcher remembers from one look to the next: what was told, and which files it has healed.
//!
//! Invariant: a version is read that is known, or none; what cannot be read is never taken for an empty memory, since
//! an empty one would try a heal again that was undone.

use super::seen::Grade;
use super::verdict::Verdict;
use crate::values::{Hash, RunId};
use serde::{Deserialize, Serialize};

/// The version that is written and read.
pub const VERSION: u32 = 1;
/// Attempts that are kept, the newest.
const MOST_ATTEMPTS: usize = 64;

/// The memory.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Memory {
    version: u32,
    /// What was told last; `None` before the first look, and where telling it failed.
    pub told: Option<Told>,
    /// Files that were healed, the newest last.
    pub attempts: Vec<Attempt>,
}

/// What was told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Told {
    pub fingerprint: String,
    pub grade: Grade,
    /// When it was first seen.
    pub since: String,
}

/// One heal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Attempt {
    /// What the overwritten files held.
    pub content: Hash,
    /// The run that set them right; `None` where it is not known how the attempt went.
    pub run: Option<RunId>,
    pub time: String,
}

/// Why a memory cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum MemoryError {
    /// It is not what this program writes.
    #[error("{0}")]
    Damaged(#[from] serde_json::Error),
    /// A later program wrote it.
    #[error("it has format {0}, and this motionctl knows {VERSION}")]
    Version(u32),
}

impl Default for Memory {
    fn default() -> Self {
        Self { version: VERSION, told: None, attempts: Vec::new() }
    }
}

impl Memory {
    /// Reads what [`Memory::encode`] wrote.
    ///
    /// # Errors
    /// When it is something else.
    pub fn decode(bytes: &[u8]) -> Result<Self, MemoryError> {
        #[derive(Deserialize)]
        struct Versioned {
            version: u32,
        }
        match serde_json::from_slice(bytes)? {
            Versioned { version: VERSION } => Ok(serde_json::from_slice(bytes)?),
            Versioned { version } => Err(MemoryError::Version(version)),
        }
    }

    /// Its bytes.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut bytes = serde_json::to_vec_pretty(self).expect("a memory is plain data");
        bytes.push(b'\n');
        bytes
    }

    /// Whether this has not been told yet. That all is well is no news at the first look.
    #[must_use]
    pub fn is_news(&self, verdict: &Verdict) -> bool {
        match &self.told {
            Some(told) => told.fingerprint != verdict.fingerprint(),
            None => verdict.grade != Grade::Ok,
        }
    }

    /// Remembers that this was told at `time`.
    pub fn tell(&mut self, verdict: &Verdict, time: &str) {
        let fingerprint = verdict.fingerprint().to_owned();
        if self.told.as_ref().is_none_or(|told| told.fingerprint != fingerprint) {
            self.told = Some(Told { fingerprint, grade: verdict.grade, since: time.to_owned() });
        }
    }

    /// Remembers that a heal is about to be tried.
    pub fn attempt(&mut self, content: Hash, time: &str) {
        self.attempts.push(Attempt { content, run: None, time: time.to_owned() });
        let most = self.attempts.len().saturating_sub(MOST_ATTEMPTS);
        self.attempts.drain(..most);
    }

    /// Remembers the run of the newest attempt.
    pub fn attempted(&mut self, run: Option<RunId>) {
        if let Some(attempt) = self.attempts.last_mut() {
            attempt.run = run;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::seen::Seen;
    use super::super::verdict::judge;
    use super::*;

    #[test]
    fn it_is_read_as_it_was_written_and_nothing_else_is() {
        let mut memory = Memory::default();
        memory.tell(&judge(&Seen::default()), "2026-01-01T00:00:00Z");
        memory.attempt(Hash::of(b"x"), "2026-01-01T00:00:00Z");
        memory.attempted(Some("20261122T101500Z-7".parse().expect("a run")));
        assert_eq!(Memory::decode(&memory.encode()).expect("its own"), memory);
        for damaged in [&b""[..], b"{}", b"{\"version\":2}", b"{\"version\":1,\"told\":null}"] {
            assert!(Memory::decode(damaged).is_err(), "{}", String::from_utf8_lossy(damaged));
        }
        assert!(matches!(Memory::decode(b"{\"version\":2}"), Err(MemoryError::Version(2))));
    }

    #[test]
    fn a_change_is_news_once() {
        let bad = judge(&Seen::default());
        let mut memory = Memory::default();
        assert!(memory.is_news(&bad));
        memory.tell(&bad, "1");
        assert!(!memory.is_news(&bad));
        memory.tell(&bad, "2");
        assert_eq!(memory.told.as_ref().map(|told| told.since.as_str()), Some("1"), "it began then");
    }

    #[test]
    fn old_attempts_make_room() {
        let mut memory = Memory::default();
        for number in 0..100_u32 {
            memory.attempt(Hash::of(&number.to_le_bytes()), "");
        }
        assert_eq!(memory.attempts.len(), MOST_ATTEMPTS);
        assert_eq!(memory.attempts.last().map(|last| last.content), Some(Hash::of(&99_u32.to_le_bytes())));
    }
}
