//! Motion's file in a copy of one server: a tree, a folder of NGINX's, an archive of either.
//!
//! Invariant: nothing outside of the copy is read. One without a file of Motion's is no failure: why is said.

use super::archived::ArchiveReader;
use super::copies::{SiteCopy, main_files, site_alone, site_in};
use super::folder::{CONF_FOLDER, FolderReader};
use super::reader::RootReader;
use crate::host::Root;
use crate::host::archive::{ArchiveEntry, Entries};
use crate::outcome::Failure;
use nginx_config::Reader;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// Where Motion's file lies in `/etc/nginx`, when no main file leads there.
const PLACES: [&str; 5] = ["conf.d", "sites-enabled", "sites-available", "http.d", "."];
/// What it is called.
const NAMES: [&str; 3] = ["motion.conf", "motion", "motion2.conf"];

/// Motion's file in a copy of one server.
#[derive(Debug)]
pub enum InCopy {
    Site(Box<SiteCopy>),
    /// There is none that is certain, and why.
    Nothing(String),
}

/// In a server's tree, or a copy of NGINX's folder.
#[must_use]
pub fn site_in_tree(root: &Root, site: Option<&Path>) -> InCopy {
    let reader = RootReader::new(root);
    let mains = main_files().filter(|main| reader.exists(main).is_ok_and(|there| there));
    let mains: Vec<_> = mains.map(Path::to_owned).collect();
    if !mains.is_empty() {
        return in_mains(&reader, &mains, site);
    }
    if root.metadata(CONF_FOLDER).is_ok() {
        return by_name(&reader, "there is no main file at a usual place");
    }
    in_folder(&FolderReader { below: reader }, site)
}

/// Whether a path of an archive may be NGINX's. Keys and lists of passwords are not even looked at.
#[must_use]
pub fn may_be_nginx_s(path: &Path) -> bool {
    const PRIVATE: [&str; 6] = ["pem", "key", "p12", "pfx", "jks", "htpasswd"];
    const ELSEWHERE: [&str; 6] = ["log", "cache", "lib", "run", "tmp", "spool"];
    const FOLDERS: [&str; 11] = [
        "nginx", "openresty", "angie", "tengine", "freenginx", "bitnami", "conf.d", "sites-enabled",
        "sites-available", "http.d", "snippets",
    ];
    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let is_private = PRIVATE.iter().any(|end| name.ends_with(&format!(".{end}")));
    let parts: Vec<_> = path.iter().map(|part| part.to_string_lossy()).collect();
    let above = &parts[..parts.len().saturating_sub(1)];
    let is_elsewhere = above.iter().any(|part| ELSEWHERE.contains(&part.as_ref()));
    let is_nginx_s = parts.iter().any(|part| FOLDERS.contains(&part.as_ref()));
    !is_private && !is_elsewhere && (is_nginx_s || name.ends_with(".conf") || NAMES.contains(&name.as_str()))
}

/// In an archive, wherever in it the server begins.
#[must_use]
pub fn site_in_archive(entries: &Entries, site: Option<&Path>) -> InCopy {
    let mut roots: BTreeSet<(PathBuf, PathBuf)> = BTreeSet::new();
    for path in entries.keys() {
        for main in main_files() {
            let below = main.strip_prefix("/").expect("usual places are absolute");
            if path.ends_with(below) {
                let depth = path.components().count() - below.components().count();
                roots.insert((path.iter().take(depth).collect(), main.to_owned()));
            }
        }
    }
    let bases: BTreeSet<&PathBuf> = roots.iter().map(|(base, _)| base).collect();
    match bases.into_iter().collect::<Vec<_>>().as_slice() {
        [base] => {
            let reader = ArchiveReader::new(entries, base, Path::new("/"));
            let mains: Vec<_> = roots.iter().map(|(_, main)| main.clone()).collect();
            return in_mains(&reader, &mains, site);
        }
        [] => {}
        several => {
            return InCopy::Nothing(format!(
                "it holds {} servers; give each an archive of its own",
                several.len()
            ));
        }
    }
    let is_main = |path: &&PathBuf| path.file_name().is_some_and(|name| name == "nginx.conf");
    let mains: Vec<&PathBuf> = entries.keys().filter(is_main).collect();
    let base = match mains.as_slice() {
        [main] => main.parent().unwrap_or(Path::new("")),
        [] => return alone(entries),
        several => return InCopy::Nothing(format!("it holds {} files nginx.conf", several.len())),
    };
    in_folder(&ArchiveReader::new(entries, base, Path::new(CONF_FOLDER)), site)
}

/// The only file of Motion's name, in an archive without a main file.
fn alone(entries: &Entries) -> InCopy {
    let is_motion_s = |(path, entry): &(&PathBuf, &ArchiveEntry)| {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        matches!(entry, ArchiveEntry::File(_)) && NAMES.contains(&name.as_str())
    };
    let found: Vec<_> = entries.iter().filter(is_motion_s).collect();
    match found.as_slice() {
        [(path, ArchiveEntry::File(bytes))] => opened(site_alone(path, bytes.clone())),
        [] => InCopy::Nothing("it holds neither a main file nor one called motion.conf".to_owned()),
        several => {
            InCopy::Nothing(format!("it holds {} files of Motion's name and no main file", several.len()))
        }
    }
}

/// A copy of `/etc/nginx`.
fn in_folder(reader: &impl Reader, site: Option<&Path>) -> InCopy {
    let main = Path::new(CONF_FOLDER).join("nginx.conf");
    match reader.exists(&main) {
        Ok(true) => in_mains(reader, &[main], site),
        _ => by_name(reader, "there is no nginx.conf in it"),
    }
}

/// The file in the configuration of the one of these main files that has Motion's.
fn in_mains(reader: &impl Reader, mains: &[PathBuf], site: Option<&Path>) -> InCopy {
    let mut why = Vec::new();
    let mut found = Vec::new();
    for main in mains {
        let prefix = main.parent().unwrap_or(Path::new("/"));
        match site_in(reader, main, prefix, site) {
            Ok(copy) => found.push(copy),
            Err(failure) => why.push(format!("{}: {}", main.display(), failure.message)),
        }
    }
    match (found.len(), found.pop()) {
        (1, Some(copy)) => InCopy::Site(Box::new(copy)),
        (0, _) => by_name(reader, &why.join("; ")),
        (several, _) => {
            InCopy::Nothing(format!("{several} main files lead to a file of Motion's; name it with --site"))
        }
    }
}

/// The only file of Motion's name at its usual places.
fn by_name(reader: &impl Reader, why: &str) -> InCopy {
    let mut found: BTreeSet<PathBuf> = BTreeSet::new();
    for place in PLACES {
        for name in NAMES {
            let path = Path::new(CONF_FOLDER).join(place).join(name);
            if reader.exists(&path).is_ok_and(|there| there)
                && let Ok(path) = reader.identity(&path)
            {
                found.insert(path);
            }
        }
    }
    let mut found = found.into_iter();
    match (found.next(), found.next()) {
        (Some(path), None) => match reader.read(&path) {
            Ok(bytes) => opened(site_alone(&path, bytes)),
            Err(error) => InCopy::Nothing(format!("{}: {error}", path.display())),
        },
        _ => InCopy::Nothing(why.to_owned()),
    }
}

fn opened(site: Result<SiteCopy, Failure>) -> InCopy {
    site.map_or_else(|failure| InCopy::Nothing(failure.message), |copy| InCopy::Site(Box::new(copy)))
}
