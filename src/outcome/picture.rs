//! What only pictures are drawn from: which block answers what before and after a change, and who belongs to what.
//!
//! Invariant: redacted before it comes here. Programs are told the same otherwise, so that nothing here is in the document.

use super::RoutesSection;

/// Which block answers which request, now and after a change.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Routing {
    pub before: RoutesSection,
    /// As the change makes it; absent where there is no change.
    pub after: Option<RoutesSection>,
}

/// Agents against profiles, as a plan would change who belongs to what.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Matrix {
    pub profiles: Vec<Heading>,
    pub agents: Vec<AgentRow>,
    /// Agents that are left out, because there are too many.
    pub left_out: usize,
}

/// An agent or a profile.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Heading {
    pub name: String,
    /// What happens to itself.
    pub change: Change,
}

/// An agent, and how each profile has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AgentRow {
    pub agent: Heading,
    /// One for each profile, in their order.
    pub cells: Vec<Membership>,
}

/// What happens to an agent or a profile itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// It stays as it is.
    Stays,
    Added,
    Changed,
    Removed,
}

/// Whether an agent belongs to a profile.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Membership {
    /// Neither before nor after.
    No,
    Stays,
    Added,
    Removed,
}
