//! How many have to share something.
//!
//! Invariant: more than half, so that two different texts are never both shared.

/// How many servers of a hundred have to share what is the vendor's: more than
/// half, so that two different texts are never both.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Percent(usize);

impl Percent {
    /// From 51 to 100.
    #[must_use]
    pub fn new(percent: usize) -> Option<Self> {
        (51..=100).contains(&percent).then_some(Self(percent))
    }

    /// The number.
    #[must_use]
    pub fn get(self) -> usize {
        self.0
    }

    pub(super) fn is_share(self, count: usize, total: usize) -> bool {
        count > 0 && count * 100 >= total * self.0
    }

    /// The fewest of so many that are a share.
    #[must_use]
    pub fn of(self, total: usize) -> usize {
        (total * self.0).div_ceil(100).max(1)
    }
}
