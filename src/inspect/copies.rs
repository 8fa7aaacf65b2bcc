//! Motion's file in a copy of a server's configuration, of which nothing else is known.
//!
//! Pure but for the reader. Invariant: the file is found as on a server, by what its blocks do. A name alone says whose
//! it is only where the configuration cannot be read as a whole, and then a single file has to have it.

use super::directives::visits;
use super::judge::{Support, candidates};
use super::own::Own;
use super::place::USUAL;
use super::select::select;
use super::upstream::{groups, targets};
use crate::facts::{RouteState, ServerRole};
use crate::motion::route_state;
use crate::outcome::{Failure, FailureKind};
use nginx_config::routes::servers;
use nginx_config::{Config, Reader, Tree};
use std::path::{Path, PathBuf};

/// Motion's file in a copy.
#[derive(Debug)]
pub struct SiteCopy {
    pub file: PathBuf,
    pub tree: Tree,
    /// Whether one of its blocks that serve Motion has the new client's route.
    pub client: ClientRoute,
}

/// Whether a file has the new client's route.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ClientRoute {
    Missing,
    /// It has, or something else stands there.
    There,
}

/// Where main files usually lie on a server.
pub fn main_files() -> impl Iterator<Item = &'static Path> {
    USUAL.iter().map(|(file, _)| Path::new(*file))
}

/// Finds Motion's file in the configuration of `main`; `site` is the one that a person named.
///
/// # Errors
/// When the configuration cannot be read, or which file is Motion's is not certain.
pub fn site_in(
    reader: &impl Reader,
    main: &Path,
    prefix: &Path,
    site: Option<&Path>,
) -> Result<SiteCopy, Failure> {
    let config = Config::load(main, prefix, reader).map_err(|error| {
        let text = nginx_config::redact_text(&error.to_string());
        Failure::new(FailureKind::Invalid, text)
    })?;
    let path = match site {
        Some(site) => site.to_owned(),
        None => {
            let visits = visits(&config);
            let targets = targets(&config, &visits, &groups(&config, &visits));
            let own = Own::known(Vec::new());
            let support = Support { application_root: None, named_site: None, own: &own };
            let selected = select(candidates(&config, &targets, &support), &[], &own)?;
            debug_assert!(selected.servers.iter().any(|one| one.role == ServerRole::ServesMotion));
            selected.file
        }
    };
    let found = config.files().find(|(_, file)| file.path == path || file.identity == path);
    let (id, file) = found.ok_or_else(|| {
        let message = format!("{} is not read by {}", path.display(), main.display());
        Failure::new(FailureKind::Unavailable, message)
    })?;
    let mut own = servers(&config).iter().filter(|server| server.file == id);
    let has_route = own.any(|server| route_state(&config, *server) != RouteState::Missing);
    let client = if has_route { ClientRoute::There } else { ClientRoute::Missing };
    Ok(SiteCopy { file: file.path.clone(), tree: file.tree.clone(), client })
}

/// Motion's file by itself.
///
/// # Errors
/// When it cannot be read as NGINX would.
pub fn site_alone(file: &Path, bytes: Vec<u8>) -> Result<SiteCopy, Failure> {
    /// What reads a file that stands by itself, as on a server.
    const AROUND: &[u8] = b"events { } http { include /site; }";
    let invalid = |error: &dyn std::fmt::Display| {
        let text = nginx_config::redact_text(&error.to_string());
        Failure::new(FailureKind::Invalid, format!("reading {}: {text}", file.display()))
    };
    let tree = Tree::parse(bytes.clone()).map_err(|error| invalid(&error))?;
    let is_whole = tree.roots().iter().any(|id| tree.directive(*id).is("http"));
    let main: &[u8] = if is_whole { b"include /site;" } else { AROUND };
    let reader = Alone { main, site: &bytes };
    let config =
        Config::load(Path::new("/main"), Path::new("/"), &reader).map_err(|error| invalid(&error))?;
    let has_route =
        servers(&config).iter().any(|server| route_state(&config, *server) != RouteState::Missing);
    let client = if has_route { ClientRoute::There } else { ClientRoute::Missing };
    Ok(SiteCopy { file: file.to_owned(), tree, client })
}

/// One file with what leads to it; whatever it includes is empty.
struct Alone<'a> {
    main: &'a [u8],
    site: &'a [u8],
}

impl Reader for Alone<'_> {
    fn read(&self, path: &Path) -> std::io::Result<Vec<u8>> {
        Ok(match path.to_str() {
            Some("/main") => self.main.to_vec(),
            Some("/site") => self.site.to_vec(),
            _ => Vec::new(),
        })
    }

    fn list(&self, _: &Path) -> std::io::Result<Vec<std::ffi::OsString>> {
        Ok(Vec::new())
    }

    fn exists(&self, _: &Path) -> std::io::Result<bool> {
        Ok(true)
    }
}
