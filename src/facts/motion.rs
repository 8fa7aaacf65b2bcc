//! Facts about the application: where it is, its version, its new client.

use crate::motion::settings::OwnPlace;
use std::path::PathBuf;

/// The Motion application.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MotionFacts {
    /// The application root below the server's root, when it exists.
    pub root: Option<PathBuf>,
    /// Its version and the file that names it.
    pub version: Option<(String, PathBuf)>,
    /// Where its own process listens, as far as that is known; each with what says so.
    pub places: Vec<(OwnPlace, String)>,
    /// Where the new client is.
    pub client: Option<ClientFacts>,
    /// The scripts and style sheets that its page names, as a browser asks for them; none where it has no page here.
    pub assets: Vec<String>,
}

/// Where the new client comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ClientFacts {
    /// A folder with its `index.html`, below the server's root.
    Static(PathBuf),
    /// An upstream that serves it, such as `http://127.0.0.1:9001`.
    Proxied(String),
}
