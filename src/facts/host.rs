//! Facts about the machine and its files.

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
    /// `PRETTY_NAME` of `/etc/os-release`.
    pub os: String,
    /// The running server, or a tree.
    pub scope: Scope,
    /// Whether motionctl runs as root.
    pub superuser: bool,
}

/// A regular file as it was found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileFacts {
    /// SHA-256 of its contents, in lower-case hex.
    pub sha256: String,
    /// Who owns it and who may read it.
    pub attributes: FileAttributes,
}

/// What a replacement has to keep besides the contents.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FileAttributes {
    /// Permission bits, without the file type.
    pub mode: u32,
    /// Owner.
    pub uid: u32,
    /// Group.
    pub gid: u32,
    /// Extended attributes: name to value in hex.
    pub xattrs: BTreeMap<String, String>,
}
