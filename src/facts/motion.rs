//! Facts about the application: where it is, its version, its new client.

use crate::motion::settings::OwnPlace;
use std::collections::BTreeMap;
use std::path::PathBuf;

/// The Motion application.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
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
    /// What else is known of its page.
    pub page: PageFacts,
}

/// Where the new client comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ClientFacts {
    /// A folder with its `index.html`, below the server's root.
    Static(PathBuf),
    /// An upstream that serves it, such as `http://127.0.0.1:9001`.
    Proxied(String),
}

/// The new client's page.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PageFacts {
    /// The file that each of its assets is, where that is there.
    pub files: BTreeMap<String, PathBuf>,
    /// The path below `/user-ui/` where the page wants the files of its folder, as a build for one language does
    /// (`it`); `None` where that is `/user-ui/` itself.
    pub below: Option<String>,
    /// What it is known by when it is served; empty where there is none to compare with.
    pub likeness: Vec<String>,
}
