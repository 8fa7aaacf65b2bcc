//! What crosses the wall between the command and the private copy.

use crate::host::contain::{Limit, Observed, Order};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The payload; its only key tells it from those of other commands.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Payload {
    pub(super) r#try: Order,
}

/// What comes back: what was observed, or why nothing ran.
pub(super) type Answer = Result<Observed, String>;

/// What a script did, with how it was held.
#[derive(Debug)]
pub struct Tried {
    pub observed: Observed,
    /// What each new file is a copy of, by its path.
    pub copies: BTreeMap<String, String>,
    /// The limit that it hit, also where it went on to its end.
    pub hit: Option<Limit>,
    /// What held it and what did not, for people.
    pub containment: Vec<String>,
}
