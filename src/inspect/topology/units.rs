//! What starts with the server: enabled systemd units and init's links.
//!
//! Invariant: read from files, so that it holds for trees as well; a unit that
//! is installed and not enabled is not here.

use super::files::listing;
use crate::host::Root;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

const FOLDER: &str = "/etc/systemd/system";
/// Folders of links to what init starts, in the run levels that serve.
const INIT: [&str; 4] = ["/etc/rc2.d", "/etc/rc3.d", "/etc/rc4.d", "/etc/rc5.d"];

/// What starts with the server.
#[derive(Debug, Clone, Default)]
pub struct Units {
    /// By name, without the kind and the instance, with the link that enables it.
    enabled: BTreeMap<String, PathBuf>,
    /// Whether there was a folder of such links at all.
    folders: usize,
}

impl Units {
    /// Reads the links below a root.
    pub fn enabled(root: &Root) -> Self {
        let mut units = Self::default();
        let targets = [".wants", ".requires"].into_iter().flat_map(|ending| listing(root, FOLDER, ending));
        for target in targets {
            units.folders += 1;
            let folder = target.to_string_lossy().into_owned();
            for link in listing(root, &folder, ".service") {
                let name = link.file_stem().unwrap_or_default().to_string_lossy().into_owned();
                let name = name.split('@').next().unwrap_or_default().to_owned();
                if !is_masked(root, &name) {
                    units.enabled.entry(name).or_insert(link);
                }
            }
        }
        for folder in INIT {
            let links = listing(root, folder, "");
            units.folders += usize::from(!links.is_empty());
            for link in links {
                let file = link.file_name().unwrap_or_default().to_string_lossy().into_owned();
                let name =
                    file.strip_prefix('S').map(|rest| rest.trim_start_matches(|c: char| c.is_ascii_digit()));
                if let Some(name) = name.filter(|name| !name.is_empty()) {
                    units.enabled.entry(name.to_owned()).or_insert(link);
                }
            }
        }
        units
    }

    /// The link that enables a unit of this name.
    pub fn link(&self, name: &str) -> Option<&Path> {
        self.enabled.get(name).map(PathBuf::as_path)
    }

    /// The names that begin so, with their links.
    pub fn beginning<'a>(&'a self, start: &'a str) -> impl Iterator<Item = (&'a str, &'a Path)> {
        let all = self.enabled.iter().map(|(name, link)| (name.as_str(), link.as_path()));
        all.filter(move |(name, _)| name.starts_with(start))
    }

    /// Whether the server's links could be seen: a copy of `/etc/nginx` alone has none.
    pub fn are_visible(&self) -> bool {
        self.folders > 0
    }
}

/// A unit that is a link to nothing cannot start.
fn is_masked(root: &Root, name: &str) -> bool {
    let path = Path::new(FOLDER).join(format!("{name}.service"));
    root.read_link(path).is_ok_and(|target| target == "/dev/null")
}
