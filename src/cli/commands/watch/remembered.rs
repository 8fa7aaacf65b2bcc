//! The watcher's memory on the disk, beside the journal.
//!
//! Invariant: one that cannot be read is not written over: what it knows of heals that were undone would be lost.

use crate::cli::context::Context;
use crate::host::files::write;
use crate::host::{Root, STATE_FOLDER, clock, machine};
use crate::outcome::Failure;
use crate::values::{Attributes, RootPath};
use crate::watch::Memory;
use std::io;
use std::time::Duration;

/// How long another run's lock is waited for.
const PATIENCE: Duration = Duration::from_secs(10);
const PAUSE: Duration = Duration::from_millis(100);

/// What is remembered, or why it is not known.
pub struct Remembered(Result<(Memory, Memory), String>);

impl Remembered {
    /// Reads it; where there is none it is empty.
    pub fn read(root: &Root) -> Self {
        let path = path();
        let memory = match root.read(&path) {
            Ok(bytes) => Memory::decode(&bytes).map_err(|error| error.to_string()),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Memory::default()),
            Err(error) => Err(error.to_string()),
        };
        let why = |error| {
            format!(
                "what the watcher remembered cannot be read, so nothing is healed: {path}: {error}; remove it to begin again"
            )
        };
        Self(memory.map(|memory| (memory.clone(), memory)).map_err(why))
    }

    /// What is remembered, where it is known.
    pub fn memory(&self) -> Option<&Memory> {
        self.0.as_ref().ok().map(|(memory, _)| memory)
    }

    /// Why it is not known.
    pub fn fault(&self) -> Option<&str> {
        self.0.as_ref().err().map(String::as_str)
    }

    /// Changes it, and writes it where that made a difference.
    ///
    /// # Errors
    /// When another run keeps the lock, or the file cannot be written.
    pub fn change(&mut self, context: &Context, change: impl FnOnce(&mut Memory)) -> Result<(), String> {
        let Ok((memory, written)) = &mut self.0 else { return Ok(()) };
        change(memory);
        if memory == written {
            return Ok(());
        }
        store(context, memory)
            .map_err(|error| format!("what the watcher remembers cannot be written: {error}"))?;
        written.clone_from(memory);
        Ok(())
    }
}

fn store(context: &Context, memory: &Memory) -> Result<(), String> {
    let deadline = clock::monotonic() + PATIENCE;
    let lock = loop {
        match context.lock() {
            Ok(lock) => break lock,
            Err(Failure { message, .. }) if clock::monotonic() >= deadline => return Err(message),
            Err(_) => clock::pause(PAUSE),
        }
    };
    let (uid, gid) = machine::user();
    let attributes = Attributes::plain(0o600, uid, gid);
    write(&lock, &context.root, &path(), &memory.encode(), &attributes).map_err(|error| error.to_string())
}

fn path() -> RootPath {
    RootPath::new(format!("{STATE_FOLDER}/watch.json")).expect("the state folder is absolute")
}
