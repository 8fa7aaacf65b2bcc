//! What the operator said where discovery may need help.
//!
//! Invariant: data alone, the same outside and inside of a rehearsal.

use super::client::ClientChoice;
use super::operator_named::ServerName;
use super::place::Wanted;
use crate::motion::settings::OwnPlace;
use crate::values::RootPath;
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// What the operator said where discovery may need help.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Options {
    pub site: Option<PathBuf>,
    #[serde(default)]
    pub servers: Vec<ServerName>,
    /// NGINX's program, a path of this machine.
    #[serde(default)]
    pub nginx: Option<PathBuf>,
    #[serde(default)]
    pub place: Wanted,
    pub client: ClientChoice,
    /// Where Motion listens, as it was found outside; inside of a rehearsal alone. There stand-ins answer, and none of
    /// Motion's processes is to be seen.
    #[serde(default)]
    pub rehearsed: Option<Vec<(OwnPlace, String)>>,
    /// Files that a run changed which is to be undone: the NGINX that is looked for reads one of them.
    #[serde(default)]
    pub changed: Vec<RootPath>,
}
