//! Whether a finding may be accepted, and by the `--accept` of which commands.
//!
//! Invariant: a row of the table says it of itself; which commands have the option stands here alone.

/// Whether and how `--accept` takes a finding.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Accept {
    /// There is nothing to accept, or going on would break something.
    Never,
    ByName(Family),
    /// `--accept CODE=ours` or `CODE=theirs`.
    BySide(Family),
}

/// Commands that take the same codes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Family {
    /// Those that look at a migration or make one.
    Migration,
    /// Those that look at a change of the database or make it.
    Seed,
}

impl Accept {
    /// Whether `--accept CODE` takes it, without a side.
    #[must_use]
    pub fn is_by_name(self) -> bool {
        matches!(self, Self::ByName(_))
    }

    /// The commands whose `--accept` takes it.
    #[must_use]
    pub fn family(self) -> Option<Family> {
        match self {
            Self::Never => None,
            Self::ByName(family) | Self::BySide(family) => Some(family),
        }
    }
}

impl Family {
    /// The commands that have the option.
    #[must_use]
    pub const fn commands(self) -> &'static [&'static str] {
        match self {
            Self::Migration => &[
                "check", "plan", "apply", "rehearse", "try", "status", "report", "collect", "watch",
                "install-unit",
            ],
            Self::Seed => &["seed plan", "seed apply", "seed undo"],
        }
    }
}
