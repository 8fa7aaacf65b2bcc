//! A bundle as it is loaded: its manifest, and templates that all parse.
//!
//! Invariant: every template that a [`Bundle`] names is there and parses. It
//! must not read files: their bytes are passed in.

use super::BundleError;
use super::model::{Bundle, ClientKind, Route};
use super::render::environment;
use crate::values::line_and_column;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The manifest's name in a bundle.
pub const MANIFEST: &str = "bundle.toml";

/// The version of the manifest's format.
pub const FORMAT: u32 = 1;

/// The bundle that is compiled in.
pub(super) const EMBEDDED: [(&str, &str); 6] = [
    (MANIFEST, include_str!("../../../templates/new-client/bundle.toml")),
    ("redirect.conf", include_str!("../../../templates/new-client/redirect.conf")),
    ("static.conf", include_str!("../../../templates/new-client/static.conf")),
    ("proxied.conf", include_str!("../../../templates/new-client/proxied.conf")),
    ("missing.conf", include_str!("../../../templates/new-client/missing.conf")),
    ("server.conf", include_str!("../../../templates/new-client/server.conf")),
];

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Manifest {
    format: u32,
    name: String,
    site: String,
    route: Vec<RouteEntry>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct RouteEntry {
    location: String,
    template: String,
    clients: Vec<ClientKind>,
    nginx: String,
}

/// What is wrong with a manifest and where, without the line itself: it may hold what is nobody's business.
fn complaint(text: &str, error: &toml::de::Error) -> String {
    let (line, column) = line_and_column(text, error.span().map_or(0, |span| span.start));
    format!("line {line}, column {column}: {}", error.message().trim_end())
}

impl Bundle {
    /// The bundle that comes with motionctl.
    ///
    /// # Panics
    /// Never: a test loads it.
    #[must_use]
    pub fn embedded() -> Self {
        let files = EMBEDDED.map(|(name, text)| (name.to_owned(), text.as_bytes().to_vec()));
        Self::from_files(BTreeMap::from(files)).expect("the embedded bundle is tested")
    }

    /// A bundle from the files of a folder, by their names in it.
    ///
    /// # Errors
    /// A manifest that does not parse, a template that is missing or does not
    /// parse. Files that no entry names are ignored.
    pub fn from_files(mut files: BTreeMap<String, Vec<u8>>) -> Result<Self, BundleError> {
        let text = take(&mut files, MANIFEST)?;
        let manifest: Manifest = toml::from_str(&text)
            .map_err(|error| BundleError::Manifest { reason: complaint(&text, &error) })?;
        if manifest.format != FORMAT {
            return Err(refused(format!("format {} is not known, {FORMAT} is", manifest.format)));
        }
        let mut templates = BTreeMap::new();
        let named = manifest.route.iter().map(|route| &route.template).chain([&manifest.site]);
        for name in named {
            if !templates.contains_key(name) {
                templates.insert(name.clone(), take(&mut files, name)?);
            }
        }
        let routes = manifest.route.into_iter().map(Route::try_from).collect::<Result<Vec<_>, _>>()?;
        no_location_twice(&routes)?;
        let bundle = Self { name: manifest.name, site: manifest.site, routes, templates };
        environment(&bundle)?;
        Ok(bundle)
    }

    /// The name that the manifest gives it.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The identities of the locations that it adds for this kind of client,
    /// in the order of the manifest.
    pub fn locations(&self, kind: ClientKind) -> impl Iterator<Item = &str> {
        self.routes
            .iter()
            .filter(move |route| route.clients.contains(&kind))
            .map(|route| route.location.as_str())
    }
}

impl TryFrom<RouteEntry> for Route {
    type Error = BundleError;

    fn try_from(entry: RouteEntry) -> Result<Self, BundleError> {
        let RouteEntry { location, template, clients, nginx } = entry;
        if clients.is_empty() {
            return Err(refused(format!("route `{location}` is for no client")));
        }
        let words: Vec<&str> = location.split(' ').collect();
        let path = match words[..] {
            ["=" | "^~", path] | [path] => path,
            _ => "",
        };
        let is_named = path.len() > 1 && path.starts_with('@') && words.len() == 1;
        if !path.starts_with('/') && !is_named {
            let forms = "`= PATH`, `^~ PATH`, `PATH` or `@NAME`";
            return Err(refused(format!("route `{location}` is not {forms}")));
        }
        let nginx = version(&nginx)
            .ok_or_else(|| refused(format!("route `{location}`: nginx `{nginx}` is not like 1.14.0")))?;
        Ok(Self { location, template, clients, nginx })
    }
}

fn no_location_twice(routes: &[Route]) -> Result<(), BundleError> {
    let mut seen = BTreeMap::new();
    for route in routes {
        for kind in &route.clients {
            if seen.insert((kind, &route.location), ()).is_some() {
                return Err(refused(format!(
                    "route `{}` stands twice for {} clients",
                    route.location,
                    kind.name()
                )));
            }
        }
    }
    Ok(())
}

fn version(text: &str) -> Option<(u32, u32, u32)> {
    let mut numbers = text.split('.').map(|part| part.parse::<u32>().ok());
    let version = (numbers.next()??, numbers.next()??, numbers.next()??);
    numbers.next().is_none().then_some(version)
}

fn take(files: &mut BTreeMap<String, Vec<u8>>, name: &str) -> Result<String, BundleError> {
    let bytes = files.remove(name).ok_or_else(|| BundleError::Missing { name: name.to_owned() })?;
    String::from_utf8(bytes).map_err(|_| BundleError::NotText { name: name.to_owned() })
}

fn refused(reason: String) -> BundleError {
    BundleError::Manifest { reason }
}
