//! What nginx does with a request, as data.
//!
//! Invariant: what depends on the disk is an answer for each case.

use crate::node::Node;
use std::path::PathBuf;

/// What nginx does with a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The locations around the answer, outermost first; a true `if` last.
    /// Empty where the server block itself answers.
    pub chain: Vec<Node>,
    /// What produces the response.
    pub handler: Handler,
    /// The URI at the end, decoded, without arguments.
    pub uri: String,
    /// The internal redirects on the way, first to last.
    pub hops: Vec<Hop>,
    /// What of the server block itself changed the URI or answered, before any location: its
    /// `rewrite`s and `return`s, first to last.
    pub acted: Vec<Node>,
}

/// One internal redirect.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hop {
    /// What caused it.
    pub cause: HopCause,
    /// The URI or named location it went to.
    pub target: String,
}

/// What causes an internal redirect.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HopCause {
    /// A `rewrite` that starts the search for a location again.
    Rewrite,
    /// The last argument of `try_files`.
    TryFiles,
    /// An `error_page`.
    ErrorPage {
        /// The status it is for.
        status: u16,
        /// The status the client sees, unless the page ends in an error
        /// itself; `None` where it sees that of the page.
        sent: Option<u16>,
    },
    /// An `index` file.
    Index,
}

/// What produces a response.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Handler {
    /// A fixed status, with a body or the target of a redirect.
    Return {
        /// The status, unless an `error_page` on the way replaces it.
        status: u16,
        /// Body or target; variables are filled in where all are known.
        target: Option<String>,
    },
    /// Another server, by `proxy_pass` or one of its kin.
    Proxy {
        /// The argument as written.
        target: String,
        /// The directive.
        directive: Node,
    },
    /// A file; nginx redirects to the URI with a slash where it is a folder.
    Static {
        /// The path that nginx opens.
        path: PathBuf,
    },
    /// A folder: the first index file that exists answers.
    Folder {
        /// The path that nginx opens.
        path: PathBuf,
        /// The index files, with what answers where each exists.
        index: Vec<Candidate>,
    },
    /// `try_files`: the first candidate that exists answers.
    TryFiles {
        /// The candidates, with what answers where each exists.
        tries: Vec<Candidate>,
        /// What answers where none exists.
        fallback: Box<Answer>,
    },
    /// Another content handler, such as `stub_status`.
    Other {
        /// The directive.
        directive: Node,
    },
    /// It depends on what cannot be known from the files.
    Unknown {
        /// On what it depends.
        reason: String,
    },
}

/// What has to exist for a [`Candidate`] to answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wanted {
    /// A file; a folder of that name is passed over.
    File,
    /// A folder; a file of that name is passed over.
    Folder,
}

/// A file or folder that may exist.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    /// What the path has to be.
    pub wanted: Wanted,
    /// The path that nginx looks for.
    pub path: PathBuf,
    /// What answers where it exists.
    pub answer: Answer,
}
