//! Facts about the machine and its files.

use crate::values::{Attributes, Hash, LinkText, RootPath};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::PathBuf;

/// Whether the facts are about the running server or about a tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Scope {
    /// The server that motionctl runs on.
    Live,
    /// A server's tree below this folder of the host.
    Tree(PathBuf),
}

/// The machine that was looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HostFacts {
    /// Host name, or the folder's name for a tree without one.
    pub name: String,
    pub os: String,
    /// The running server, or a tree.
    pub scope: Scope,
    /// Whether motionctl runs as root.
    pub superuser: bool,
}

/// A regular file as it was found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileFacts {
    pub sha256: Hash,
    /// Who owns it and who may read it.
    pub attributes: Attributes,
}

/// The links that lead from the names in a configuration to its files.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct WayFacts {
    /// What each link says.
    pub links: BTreeMap<RootPath, LinkText>,
    /// Files that are reached by a link which somebody else could have planted, and why that may be.
    pub planted: BTreeMap<PathBuf, String>,
}
