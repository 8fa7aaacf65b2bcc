//! Why a bundle, or a value for it, cannot be used: bad input, exit code 65.
//!
//! Invariant: a message names the file of the bundle, or the value's role, and
//! never a user's password.

use super::values::BadValue;
use crate::outcome::{Failure, FailureKind};

/// A bundle that does not parse, or does not render.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BundleError {
    /// A file is named, and is not there.
    #[error("reading `{name}` of the bundle: no such file")]
    Missing {
        /// Its name in the bundle.
        name: String,
    },
    /// A file is not text.
    #[error("reading `{name}` of the bundle: not UTF-8")]
    NotText {
        /// Its name in the bundle.
        name: String,
    },
    /// The manifest does not parse or contradicts itself.
    #[error("parsing `bundle.toml`: {reason}")]
    Manifest {
        /// What is wrong, with its place where that is known.
        reason: String,
    },
    /// A template does not parse or does not render.
    #[error("rendering `{name}` of the bundle{}: {reason}", at_line(*.line))]
    Template {
        /// Its name in the bundle.
        name: String,
        /// Line in the template, from 1; absent when it is not known.
        line: Option<usize>,
        /// What is wrong.
        reason: String,
    },
    /// No route fits the kind of client.
    #[error("rendering the bundle: it has no route for a {kind} client")]
    NoRoute {
        /// `static` or `proxied`.
        kind: &'static str,
    },
    /// The server's NGINX lacks a directive that a template uses.
    #[error("rendering `{location}` of the bundle: it needs nginx {needs}, and {found} is running")]
    TooOld {
        /// The route's identity.
        location: String,
        /// Oldest version that will do.
        needs: String,
        /// The version that is running.
        found: String,
    },
    /// A template rendered something else than the location it is named for.
    #[error("rendering `{name}` of the bundle: {reason}")]
    Unexpected {
        /// Its name in the bundle.
        name: String,
        /// What came out instead.
        reason: String,
    },
    /// A value cannot stand in an NGINX configuration.
    #[error(transparent)]
    Value(#[from] BadValue),
}

impl From<BundleError> for Failure {
    fn from(error: BundleError) -> Self {
        Failure::new(FailureKind::Invalid, error.to_string())
    }
}

fn at_line(line: Option<usize>) -> String {
    line.map(|line| format!(", line {line}")).unwrap_or_default()
}
