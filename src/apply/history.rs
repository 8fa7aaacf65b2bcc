//! The journal on the disk.
//!
//! Invariant: an event is durable before [`History::record`] returns, and is
//! recorded only if it may follow what is there.

use super::told::tell;
use crate::host::files::{FileState, observe};
use crate::host::{AppendFile, Root, STATE_FOLDER, WriteLock, acknowledged, clock, machine, state_folder};
use crate::journal::{
    Event, Journal, JournalError, JournalStep, Phase, Record, Status, StepState, StepVersion, encode,
    next_status,
};
use crate::outcome::{Failure, FailureKind, in_words, is_denied, only_root};
use crate::values::RootPath;
use anyhow::{Context, Result};
use std::path::Path;

/// The journal's name in the state folder.
const NAME: &str = "journal";

/// The journal of one root, open for writing.
#[derive(Debug)]
pub struct History {
    file: AppendFile,
    journal: Journal,
    is_live: bool,
}

impl History {
    /// Opens the journal; a tail that a crash has torn is cut off.
    ///
    /// # Errors
    /// When it cannot be opened, read or trusted.
    pub fn open(lock: &WriteLock, root: &Root) -> Result<Self> {
        let place = || format!("opening the journal {STATE_FOLDER}/{NAME}");
        let mut file = AppendFile::open(lock, root, NAME).with_context(place)?;
        let acknowledged = file.acknowledged();
        let mut journal =
            decode(root, &file.read().with_context(place)?, acknowledged).with_context(place)?;
        if journal.torn > 0 {
            file.cut(journal.whole as u64).with_context(place)?;
            (journal.torn, journal.blank) = (0, false);
        }
        Ok(Self { file, journal, is_live: root.is_live() })
    }

    /// Reads the journal without a lock, for showing.
    ///
    /// # Errors
    /// When it is there and cannot be read or trusted.
    pub fn look(root: &Root) -> Result<Journal> {
        let path = Path::new(STATE_FOLDER).join(NAME);
        state_folder(root).with_context(|| format!("reading {}", path.display()))?;
        // Before the bytes: a run that is under way may add some meanwhile.
        let acknowledged = acknowledged(root, &path);
        match root.read_own(&path) {
            Ok(bytes) => {
                decode(root, &bytes, acknowledged).with_context(|| format!("reading {}", path.display()))
            }
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
        let record = self.journal.next_record(&clock::now().to_string(), event.clone());
        self.file.append(&encode(&record)).context("writing to the journal")?;
        self.journal.status = status;
        self.journal.records.push(record);
        // A tree is not this server.
        if self.is_live {
            tell(&self.journal, &event);
        }
        Ok(())
    }
}

/// What is said of a journal that cannot be trusted, or that only root may read: that says nothing against it.
#[must_use]
pub fn distrusted(error: anyhow::Error) -> Failure {
    if is_denied(error.as_ref()) && !machine::is_superuser() {
        return only_root(format!("only root may see what earlier runs left: {}", in_words(&error)));
    }
    let is_damage = is_damage(&error);
    let failure = Failure::from_error(FailureKind::NeedsOperator, error);
    if !is_damage {
        return failure;
    }
    failure.with_hint(
        "nothing was touched: compare what stands with the newest backup, put the files right by hand, test them with \
         `nginx -t`, and then move the journal away: a new one is begun",
    )
}

/// Whether it is the journal's bytes that cannot be trusted, and not the way to them.
#[must_use]
pub fn is_damage(error: &anyhow::Error) -> bool {
    error.chain().any(|cause| cause.is::<JournalError>())
}

/// The journal that these bytes are. A crash leaves zeros in the place of the one record that was being written, so where
/// there were more it is damage.
fn decode(root: &Root, bytes: &[u8], acknowledged: Option<u64>) -> Result<Journal, JournalError> {
    let journal = Journal::decode(bytes)?;
    let was_there = || match acknowledged {
        Some(length) => length > journal.whole as u64,
        None => is_contradicted(root, &journal.status),
    };
    if journal.blank && was_there() { Err(journal.lost()) } else { Ok(journal) }
}

/// Whether the server shows effects of which nothing is recorded. Each of them had its record before.
fn is_contradicted(root: &Root, status: &Status) -> bool {
    match status {
        Status::Empty => base_record(root).is_some(),
        Status::Active(run) if run.phase == Phase::Forward => {
            run.steps.iter().zip(&run.progress).any(|(step, state)| match step {
                JournalStep::SetFile { path, from, to } if *state == StepState::Pending && from != to => {
                    observe(root, path).is_ok_and(|found| match to {
                        StepVersion::File(hash) => found.hash() == Some(*hash),
                        StepVersion::Absent => found == FileState::Absent,
                    })
                }
                _ => false,
            })
        }
        Status::Active(_) | Status::Quiet(_) => false,
    }
}

/// The name of a base record: what a run keeps beside its journal.
#[must_use]
pub fn base_record(root: &Root) -> Option<String> {
    let state = RootPath::new(STATE_FOLDER).expect("the state folder is absolute");
    let names = root.read_dir(&state).unwrap_or_default();
    let base = names.iter().find(|name| name.as_encoded_bytes().starts_with(b"base-"));
    base.map(|name| format!("{STATE_FOLDER}/{}", name.to_string_lossy()))
}
