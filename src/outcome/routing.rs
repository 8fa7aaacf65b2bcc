//! Which block of a configuration answers which request: what `routes` says, and what a picture of it is drawn from.
//!
//! Invariant: as of every section, field names are public contract, and texts are redacted where they are put in.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Which block answers which request, server block by server block.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RoutesSection {
    /// Motion's server blocks first, then the others in NGINX's order.
    pub servers: Vec<ServerRoutes>,
    /// What was asked for and reaches no server block, with the reason.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub nowhere: Vec<NowhereRow>,
    /// How many server blocks are left out, because nobody asked for them.
    #[serde(default)]
    pub servers_left_out: usize,
}

/// What one server block answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ServerRoutes {
    /// `name:port`, as everywhere.
    pub server: String,
    /// Its `server_name`s, as written.
    pub names: Vec<String>,
    /// Where it listens, such as `0.0.0.0:443 ssl`.
    pub listens: Vec<String>,
    /// What it is for.
    pub role: RoutesRole,
    /// Where it begins.
    pub place: RoutePlace,
    /// What it answers, in the order of the question.
    pub routes: Vec<RouteRow>,
    /// Its locations that no path names: those with a regular expression. Only where nothing was asked for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub patterns: Vec<RoutePlace>,
    /// How many of its locations are in neither list, because there are too many.
    #[serde(default)]
    pub locations_left_out: usize,
    /// Why no request reaches it: another block has all of its names and addresses.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub never_asked: Option<String>,
}

/// What a server block is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum RoutesRole {
    /// It serves Motion.
    Motion,
    /// It only redirects, usually to HTTPS.
    Redirects,
    /// It serves something else.
    Other,
    /// Which one is Motion's could not be told.
    Unknown,
}

/// A directive and where it stands.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct RoutePlace {
    /// Its name and arguments, redacted; of a block without what stands in it.
    pub directive: String,
    /// The file, as the configuration names it.
    pub file: String,
    /// The line, from 1.
    pub line: u32,
}

/// What answers one URI in one server block.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RouteRow {
    /// The path, with arguments where some were asked for.
    pub uri: String,
    /// The listeners of the block that it is said of, such as `http:80`; empty for all of them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub by: Vec<String>,
    /// The answers; several where it depends on what is not known. The first one is given where no condition holds.
    pub answers: Vec<RouteAnswer>,
    /// Whether these are all; otherwise there are more conditions than can be followed.
    pub complete: bool,
}

/// One answer.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct RouteAnswer {
    /// The conditions that have to hold for it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub conditions: Vec<RoutePlace>,
    /// The innermost location that the URI leads to, or what answers before any location; the server block itself where
    /// there is neither.
    pub block: RoutePlace,
    /// The block in which it ends after internal redirects, where that is another.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended_by: Option<RoutePlace>,
    /// Whether that one stands in the same location of the server block, so that who reads the other has seen it.
    #[serde(skip)]
    pub ends_inside: bool,
    /// What produces the answer.
    pub kind: RouteKind,
    /// The file, the address, where a redirect leads, or why it is not known.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub target: String,
    /// The addresses behind the name of an `upstream` block.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub addresses: Vec<String>,
    /// The status, of a redirect and of a fixed answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// Whether the file is there; absent where that could not be seen, and for what is no file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub there: Option<bool>,
    /// The paths that are tried before it, none of which was seen to be there.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tried: Vec<String>,
    /// The internal redirects on the way, such as `try_files → /index.html`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub by_way_of: Vec<String>,
}

/// What produces an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum RouteKind {
    /// A file.
    File,
    /// A folder: one of its index files, or none.
    Folder,
    /// Another server, by `proxy_pass` or one of its kin.
    Proxy,
    /// A redirect of the browser.
    Redirect,
    /// A fixed status.
    Status,
    /// Another handler of NGINX, such as `stub_status`.
    Handler,
    /// It cannot be told; the target says why.
    Unknown,
}

/// Something that was asked for and reaches no server block.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct NowhereRow {
    /// As it was asked for.
    pub uri: String,
    /// Why.
    pub reason: String,
}

impl RoutesSection {
    /// Every text that comes from the server, for whoever makes it harmless or hides what is secret.
    pub fn texts_mut(&mut self) -> Vec<&mut String> {
        let Self { servers, nowhere, servers_left_out: _ } = self;
        let mut all: Vec<_> = servers.iter_mut().flat_map(ServerRoutes::texts_mut).collect();
        all.extend(nowhere.iter_mut().flat_map(|NowhereRow { uri, reason }| [uri, reason]));
        all
    }
}

impl ServerRoutes {
    fn texts_mut(&mut self) -> Vec<&mut String> {
        let Self {
            server,
            names,
            listens,
            role: _,
            place,
            routes,
            patterns,
            locations_left_out: _,
            never_asked,
        } = self;
        let mut all: Vec<_> = names.iter_mut().chain(listens).chain(never_asked).chain([server]).collect();
        all.extend(patterns.iter_mut().chain([place]).flat_map(RoutePlace::texts_mut));
        for RouteRow { uri, by, answers, complete: _ } in routes {
            all.extend(by.iter_mut().chain([uri]));
            all.extend(answers.iter_mut().flat_map(RouteAnswer::texts_mut));
        }
        all
    }
}

impl RouteAnswer {
    fn texts_mut(&mut self) -> Vec<&mut String> {
        let Self {
            conditions,
            block,
            ended_by,
            ends_inside: _,
            kind: _,
            target,
            addresses,
            status: _,
            there: _,
            tried,
            by_way_of,
        } = self;
        let places = conditions.iter_mut().chain([block]).chain(ended_by);
        let mut all: Vec<_> = places.flat_map(RoutePlace::texts_mut).collect();
        all.extend(addresses.iter_mut().chain(tried).chain(by_way_of).chain([target]));
        all
    }
}

impl RoutePlace {
    fn texts_mut(&mut self) -> [&mut String; 2] {
        let Self { directive, file, line: _ } = self;
        [directive, file]
    }
}
