//! A bundle as it is held: its routes and their templates.
//!
//! Invariant: only `manifest` makes one, and only of templates that parse.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What sites looked like before the new client; always compiled in.
pub(super) const LEGACY: [(&str, &str); 2] = [
    ("separate-locations", include_str!("../../../templates/legacy/separate-locations.conf")),
    ("one-location", include_str!("../../../templates/legacy/one-location.conf")),
];

/// Templates of the new client's routes and of the whole site.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Bundle {
    pub(super) name: String,
    pub(super) site: String,
    pub(super) routes: Vec<Route>,
    pub(super) templates: BTreeMap<String, String>,
}

/// The kinds of new client that a route can be for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ClientKind {
    /// A folder of files.
    Static,
    Proxied,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Route {
    pub location: String,
    pub template: String,
    pub clients: Vec<ClientKind>,
    pub nginx: (u32, u32, u32),
}

impl ClientKind {
    /// As the manifest spells it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Static => "static",
            Self::Proxied => "proxied",
        }
    }
}
