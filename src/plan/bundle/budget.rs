//! How many bytes may come out of the templates of a bundle.
//!
//! Invariant: what is rendered is counted as it is written, so that no more than the budget is ever in memory.

use std::cell::Cell;
use std::io::{self, Write};

/// Bytes for one template, and for all of one bundle.
pub(super) struct Budget {
    each: usize,
    all: usize,
    left: Cell<usize>,
}

/// What one template has written so far.
pub(super) struct Page<'a> {
    budget: &'a Budget,
    bytes: Vec<u8>,
    overrun: Option<String>,
}

impl Budget {
    pub(super) fn new(each: usize, all: usize) -> Self {
        Self { each, all, left: Cell::new(all) }
    }

    pub(super) fn page(&self) -> Page<'_> {
        Page { budget: self, bytes: Vec::new(), overrun: None }
    }
}

impl Page<'_> {
    /// What was wrong, when more was to be written than may be.
    pub(super) fn overrun(&self) -> Option<String> {
        self.overrun.clone()
    }

    /// `None` when it is no text.
    pub(super) fn into_text(self) -> Option<String> {
        String::from_utf8(self.bytes).ok()
    }
}

impl Write for Page<'_> {
    fn write(&mut self, part: &[u8]) -> io::Result<usize> {
        let Budget { each, all, left } = self.budget;
        let shown = |bytes: usize| format!("{} KiB", bytes >> 10);
        self.overrun = if self.bytes.len() + part.len() > *each {
            Some(format!("it writes more than {}", shown(*each)))
        } else if part.len() > left.get() {
            Some(format!("the templates write more than {} in all", shown(*all)))
        } else {
            None
        };
        match &self.overrun {
            Some(reason) => Err(io::Error::other(reason.clone())),
            None => {
                left.set(left.get() - part.len());
                self.bytes.extend_from_slice(part);
                Ok(part.len())
            }
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
