//! The journal on the disk.
//!
//! Invariant: an event is durable before [`History::record`] returns, and is
//! recorded only if it may follow what is there.

use crate::host::{AppendFile, Root, STATE_FOLDER, WriteLock, clock};
use crate::journal::{Event, Journal, Record, Status, encode, next_status};
use anyhow::{Context, Result};
use std::path::Path;

/// The journal's name in the state folder.
const NAME: &str = "journal";

/// The journal of one root, open for writing.
#[derive(Debug)]
pub struct History {
    file: AppendFile,
    journal: Journal,
}

impl History {
    /// Opens the journal; a tail that a crash has torn is cut off.
    ///
    /// # Errors
    /// When it cannot be opened, read or trusted.
    pub fn open(lock: &WriteLock, root: &Root) -> Result<Self> {
        let place = || format!("opening the journal {STATE_FOLDER}/{NAME}");
        let mut file = AppendFile::open(lock, root, NAME).with_context(place)?;
        let mut journal = Journal::decode(&file.read().with_context(place)?).with_context(place)?;
        if journal.torn > 0 {
            file.cut(journal.whole as u64).with_context(place)?;
            journal.torn = 0;
        }
        Ok(Self { file, journal })
    }

    /// Reads the journal without a lock, for showing.
    ///
    /// # Errors
    /// When it is there and cannot be read or trusted.
    pub fn look(root: &Root) -> Result<Journal> {
        let path = Path::new(STATE_FOLDER).join(NAME);
        match root.read_own(&path) {
            Ok(bytes) => Journal::decode(&bytes).with_context(|| format!("reading {}", path.display())),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Journal::default()),
            Err(error) => Err(error).with_context(|| format!("reading {}", path.display())),
        }
    }

    /// Where the newest run stands.
    #[must_use]
    pub fn status(&self) -> &Status {
        &self.journal.status
    }

    /// Every record.
    #[must_use]
    pub fn records(&self) -> &[Record] {
        &self.journal.records
    }

    /// Makes sure that the events of a whole run with these steps fit, there and back: the way back
    /// must not need space.
    ///
    /// # Errors
    /// When there is no space.
    pub fn make_room(&self, start: &Event) -> Result<()> {
        let record = encode(&self.journal.next_record(&clock::now().to_string(), start.clone()));
        // Its steps are named again where it is undone, and each has two short events each way.
        let bytes = (record.len() as u64).saturating_mul(8);
        self.file.reserve(bytes).context("reserving space for the journal")
    }

    /// Adds an event, durably.
    ///
    /// # Errors
    /// When it may not follow, or cannot be written.
    pub fn record(&mut self, event: Event) -> Result<()> {
        let status = next_status(self.journal.status.clone(), &event).context("recording in the journal")?;
        let record = self.journal.next_record(&clock::now().to_string(), event);
        self.file.append(&encode(&record)).context("writing to the journal")?;
        self.journal.status = status;
        self.journal.records.push(record);
        Ok(())
    }
}
