//! Why there is no plan.
//!
//! Invariant: what a person can decide is told with all that it takes to decide.

use super::bundle::{BadValue, BundleError};
use super::kept::KeptError;
use super::step::PatchError;
use crate::outcome::{LocalChanges, counted_as};
use crate::values::{NotText, TextPath};
use nginx_config::EditError;
use nginx_config::merge::{Conflict, Doubt};
use thiserror::Error;

/// Why there is no plan.
#[derive(Debug, Error)]
pub enum PlanError {
    /// The bundle does not render.
    #[error(transparent)]
    Bundle(#[from] BundleError),
    /// A value of the server cannot stand in a template.
    #[error(transparent)]
    Value(#[from] BadValue),
    /// The new client was not found.
    #[error("the new client was not found")]
    NoClient,
    /// The routes cannot be inserted.
    #[error("inserting the routes: {0}")]
    Edit(#[from] EditError),
    /// The changes do not fit the file.
    #[error(transparent)]
    Patch(#[from] PatchError),
    /// The new text is not UTF-8.
    #[error("the new configuration is not UTF-8 text")]
    NotText,
    /// A file has a name that no plan can hold.
    #[error(transparent)]
    Name(#[from] NotText),
    /// A saved plan changes a file that is no part of the configuration.
    #[error("{} is no part of this configuration", .0.as_str())]
    Foreign(TextPath),
    /// The old file lacks something that the template needs.
    #[error("{0}")]
    Lacks(String),
    /// A file that the operator named does not parse.
    #[error("{0}: {1}")]
    BadInput(String, String),
    /// The new configuration cannot be loaded.
    #[error("the new configuration does not load: {0}")]
    Unloadable(String),
    /// The candidate does not serve the new client.
    #[error("{name} has no route for /user-ui/")]
    CandidateLacksRoute {
        /// The candidate, as it was given.
        name: String,
        /// What answers the route in it, for people.
        seen: Vec<String>,
    },
    /// Several blocks of the candidate serve the new client, differently.
    #[error("{name} serves the new client in several server blocks, and not alike: {}", .blocks.join(", "))]
    CandidateUnclear {
        /// The candidate, as it was given.
        name: String,
        blocks: Vec<String>,
    },
    /// A location of the candidate needs what is live with another meaning.
    #[error(
        "the new client's location of {name} needs `{wanted}`, and the live file has something else there: `{live}`"
    )]
    CandidateNeeds {
        /// The candidate, as it was given.
        name: String,
        wanted: String,
        live: String,
    },
    /// The candidate's location would serve another file than in the candidate.
    #[error("the new client's page of {name} is {wanted}, and in the live block it would be {found}")]
    CandidateMoves {
        /// The candidate, as it was given.
        name: String,
        /// The file in the candidate.
        wanted: String,
        /// The file in the live block.
        found: String,
    },
    /// What comes back of an old copy needs what nobody defines any more.
    #[error("what {name} brings back needs `{wanted}`, and neither it nor this server defines that")]
    CarryNeeds {
        /// The old copy, as it was given.
        name: String,
        wanted: String,
    },
    /// What stays of the replaced file needs what the vendor's file has with another meaning.
    #[error(
        "another application's block at {user} stays and needs `{wanted}`, and {name} has something else of that name: \
         `{new}`"
    )]
    OthersNeed {
        /// The vendor's file, for people.
        name: String,
        /// Where the block is.
        user: String,
        wanted: String,
        /// What the vendor's file has.
        new: String,
    },
    /// What the last change kept cannot be built on.
    #[error("{0}: {1}")]
    Kept(String, KeptError),
    /// An update took local changes away, and another file is to be put in.
    #[error("an update overwrote the file, and local changes are gone")]
    BringBackFirst,
    /// Both sides changed the same directives.
    #[error("{} not decided", counted_as(.0.conflicts.len(), "conflict is", "conflicts are"))]
    Conflicts(Box<Conflicts>),
    /// A server block of the vendor's could be several of those here.
    #[error("it cannot be told which server block the new file is for")]
    Doubts(Vec<Doubt>),
}

/// What has to be decided before there is a plan.
#[derive(Debug, Clone)]
pub struct Conflicts {
    pub conflicts: Vec<Conflict>,
    /// What becomes of the other local changes.
    pub local_changes: LocalChanges,
}
