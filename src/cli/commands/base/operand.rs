//! What a person names as one server: a tree, a folder of NGINX's, an archive of either, or Motion's file.
//!
//! Invariant: nothing outside of the operand is read, and nothing is unpacked. A hostile archive ends the run; an
//! operand without a file of Motion's does not.

use crate::cli::commands::diff::operand::FolderReader;
use crate::host::Root;
use crate::host::archive::{self, ArchiveError, Entries, Entry, Limits};
use crate::inspect::{ArchiveReader, RootReader, SiteCopy, main_files, site_alone, site_in};
use crate::outcome::{Failure, FailureKind};
use nginx_config::Reader;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// Where a configuration folder lies on a server.
const CONF_FOLDER: &str = "/etc/nginx";
/// Where Motion's file lies in it, when no main file leads there.
const PLACES: [&str; 5] = ["conf.d", "sites-enabled", "sites-available", "http.d", "."];
/// What it is called.
const NAMES: [&str; 3] = ["motion.conf", "motion", "motion2.conf"];
/// No file of NGINX's is larger.
const LARGEST: u64 = 8 << 20;

/// One server.
pub enum Opened {
    Site(Box<SiteCopy>),
    /// There is none that is certain, and why.
    Nothing(String),
}

/// Opens an operand; `site` is Motion's file in each, when a person named it.
pub fn open(path: &Path, site: Option<&Path>) -> Result<Opened, Failure> {
    let unreadable = |error: &dyn std::fmt::Display| {
        Failure::new(FailureKind::Unavailable, format!("reading {}: {error}", path.display()))
    };
    let kind = std::fs::metadata(path).map_err(|error| unreadable(&error))?;
    if kind.is_dir() {
        let root = Root::at(path).map_err(|error| unreadable(&error))?;
        let reader = RootReader::new(&root);
        let mains = main_files().filter(|main| reader.exists(main).is_ok_and(|there| there));
        let mains: Vec<_> = mains.map(Path::to_owned).collect();
        if !mains.is_empty() {
            return Ok(in_mains(&reader, &mains, site));
        }
        if root.metadata(CONF_FOLDER).is_ok() {
            return Ok(by_name(&reader, "there is no main file at a usual place"));
        }
        let folder = FolderReader { below: reader };
        return Ok(in_folder(&folder, site));
    }
    if archive::is_archive(path).map_err(|error| unreadable(&error))? {
        let entries = archive::read(path, Limits::default(), may_matter).map_err(|error| match error {
            ArchiveError::Io(error) => unreadable(&error),
            error => Failure::new(FailureKind::Invalid, format!("reading {}: {error}", path.display())),
        })?;
        return Ok(in_archive(&entries, site));
    }
    if kind.len() > LARGEST {
        let message = format!("reading {}: larger than {} MiB", path.display(), LARGEST >> 20);
        return Err(Failure::new(FailureKind::Invalid, message));
    }
    let bytes = std::fs::read(path).map_err(|error| unreadable(&error))?;
    site_alone(path, bytes).map(|copy| Opened::Site(Box::new(copy)))
}

/// Whether a path of an archive may be NGINX's. Keys and lists of passwords are not even looked at.
fn may_matter(path: &Path) -> bool {
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

fn in_archive(entries: &Entries, site: Option<&Path>) -> Opened {
    // A whole server, wherever in the archive it begins.
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
            return Opened::Nothing(format!(
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
        several => return Opened::Nothing(format!("it holds {} files nginx.conf", several.len())),
    };
    in_folder(&ArchiveReader::new(entries, base, Path::new(CONF_FOLDER)), site)
}

/// The only file of Motion's name, in an archive without a main file.
fn alone(entries: &Entries) -> Opened {
    let is_motion_s = |(path, entry): &(&PathBuf, &Entry)| {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        matches!(entry, Entry::File(_)) && NAMES.contains(&name.as_str())
    };
    let found: Vec<_> = entries.iter().filter(is_motion_s).collect();
    match found.as_slice() {
        [(path, Entry::File(bytes))] => opened(site_alone(path, bytes.clone())),
        [] => Opened::Nothing("it holds neither a main file nor one called motion.conf".to_owned()),
        several => {
            Opened::Nothing(format!("it holds {} files of Motion's name and no main file", several.len()))
        }
    }
}

/// A copy of `/etc/nginx`.
fn in_folder(reader: &impl Reader, site: Option<&Path>) -> Opened {
    let main = Path::new(CONF_FOLDER).join("nginx.conf");
    match reader.exists(&main) {
        Ok(true) => in_mains(reader, &[main], site),
        _ => by_name(reader, "there is no nginx.conf in it"),
    }
}

/// The file in the configuration of the one of these main files that has Motion's.
fn in_mains(reader: &impl Reader, mains: &[PathBuf], site: Option<&Path>) -> Opened {
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
        (1, Some(copy)) => Opened::Site(Box::new(copy)),
        (0, _) => by_name(reader, &why.join("; ")),
        (several, _) => {
            Opened::Nothing(format!("{several} main files lead to a file of Motion's; name it with --site"))
        }
    }
}

/// The only file of Motion's name at its usual places.
fn by_name(reader: &impl Reader, why: &str) -> Opened {
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
            Err(error) => Opened::Nothing(format!("{}: {error}", path.display())),
        },
        _ => Opened::Nothing(why.to_owned()),
    }
}

fn opened(site: Result<SiteCopy, Failure>) -> Opened {
    site.map_or_else(|failure| Opened::Nothing(failure.message), |copy| Opened::Site(Box::new(copy)))
}
