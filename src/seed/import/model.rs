//! What is wrong with a cell, and what cells are read for.
//!
//! Invariant: a fault says what to do in the table itself.

/// How cells are called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// By line and column name.
    Csv,
    /// By their names, such as `C7`.
    Sheet,
}

/// What is wrong with a cell and what to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Fault {
    pub message: String,
    pub hint: String,
}

impl Fault {
    pub fn new(message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { message: message.into(), hint: hint.into() }
    }
}

/// What the cell of a column is used for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Use {
    Text,
    /// A name by which something is found.
    Name,
    /// Digits of which each counts, those in front as well.
    Digits,
}
