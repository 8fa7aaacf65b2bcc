//! The vendor's own new file, read as this server would read it in the place of Motion's.
//!
//! Invariant: reads below the root only. What the file includes is followed on the disk, so that a route in a snippet
//! counts; nothing is judged here but whether it can be read at all.

use super::certificates;
use super::named_site::{Level, fits, readable};
use crate::apply::states;
use crate::host::Root;
use crate::inspect::{Inspection, RootReader, motion_blocks_of};
use crate::outcome::{Failure, FailureKind};
use crate::plan::{Candidate, Input, Plan, Strategy, WantedStrategy};
use crate::verify::staged::Changes;
use nginx_config::{Config, ConfigError, File, Reader, Tree, redact_text};
use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};

/// Reads a candidate.
///
/// # Errors
/// When it cannot stand in the place of Motion's file, or does not load there.
pub fn candidate(
    root: &Root,
    inspection: &Inspection,
    strategy: WantedStrategy,
    input: Input,
    beside: &BTreeMap<PathBuf, Vec<u8>>,
) -> Result<Candidate, Failure> {
    const OPTION: &str = "--candidate";
    let tree = readable(OPTION, &input)?;
    let Some(site) = site(inspection) else {
        let message = format!("{OPTION} {}: no file of this configuration is Motion's", input.name);
        return Err(Failure::new(FailureKind::Refused, message));
    };
    let live = Level::of(&site.tree);
    let takes_locations_only = strategy == WantedStrategy::Named(Strategy::Graft);
    let bytes = match (live, Level::of(&tree)) {
        // Its locations alone are taken: where its blocks would stand is for the live file to say.
        (Level::Whole, Level::Part) if takes_locations_only => {
            [b"http { ", &input.bytes[..], b"\n}\n"].concat()
        }
        _ => {
            fits(OPTION, &input, &tree, live)?;
            input.bytes.clone()
        }
    };
    let mut staged: BTreeMap<_, _> =
        beside.iter().map(|(path, bytes)| (path.as_path(), &bytes[..])).collect();
    staged.insert(site.identity.as_path(), &bytes[..]);
    let config = in_place(root, inspection, staged).map_err(|error| unloadable(&input, site, &error))?;
    let known = known(inspection);
    let is_new = |file: &File| file.identity == site.identity || !known.contains(file.identity.as_path());
    let own = config.files().filter(|(_, file)| is_new(file));
    let own: BTreeSet<_> = own.map(|(id, _)| id).collect();
    let motion = motion_blocks_of(root, &config, &inspection.facts, &own);
    let beside = self::beside(&config, &known);
    let (file, _) = config
        .files()
        .find(|(_, file)| file.identity == site.identity)
        .expect("the file that leads to Motion's blocks is read before them");
    let absent = certificates::absent(root, &inspection.facts, &inspection.config, &input.bytes);
    Ok(Candidate { input, file, motion, beside, absent, config })
}

/// Whether a server block of these bytes would be Motion's, in the place of Motion's file.
pub fn is_motion(root: &Root, inspection: &Inspection, bytes: &[u8]) -> bool {
    let Some(site) = site(inspection) else { return false };
    let Ok(config) = in_place(root, inspection, BTreeMap::from([(site.identity.as_path(), bytes)])) else {
        return false;
    };
    let own = config.files().filter(|(_, file)| file.identity == site.identity).map(|(id, _)| id).collect();
    !motion_blocks_of(root, &config, &inspection.facts, &own).is_empty()
}

/// Motion's file.
pub fn site(inspection: &Inspection) -> Option<&File> {
    let mut files = inspection.config.files().map(|(_, file)| file);
    files.find(|file| file.path == inspection.facts.site.file)
}

/// Refuses a base that cannot be what Motion's file was made from.
///
/// # Errors
/// As it says.
pub fn base(inspection: &Inspection, input: &Input) -> Result<(), Failure> {
    const OPTION: &str = "--base";
    let tree = readable(OPTION, input)?;
    match site(inspection) {
        Some(site) => fits(OPTION, input, &tree, Level::of(&site.tree)),
        None => Ok(()),
    }
}

/// The files that the configuration of a plan includes and the live one does not, by every path that leads to each:
/// a plan holds what it writes, not what it names. None where that configuration does not load.
pub fn included(root: &Root, inspection: &Inspection, plan: &Plan) -> BTreeMap<PathBuf, Vec<u8>> {
    let Some((last, config)) = last_state(root, inspection, plan) else { return BTreeMap::new() };
    let found = beside(&config, &known(inspection));
    found.into_iter().filter(|(path, _)| !last.contains_key(path)).collect()
}

/// The files that are there, that this text would include in the place of Motion's file, and that nothing reads now,
/// by every path that leads to each. One that is not there names nothing, and is no reason to miss the others.
pub fn named_by(root: &Root, inspection: &Inspection, text: &[u8]) -> BTreeMap<PathBuf, Vec<u8>> {
    let Some(site) = site(inspection) else { return BTreeMap::new() };
    let live = &inspection.config;
    let bytes = BTreeMap::from([(site.identity.as_path(), text)]);
    let reader = Lenient(InPlace { root: RootReader::new(root), bytes });
    let Ok(config) = Config::load(&live.file(live.main()).path, live.prefix(), &reader) else {
        return BTreeMap::new();
    };
    let found = beside(&config, &known(inspection)).into_iter();
    found.filter(|(path, _)| reader.0.read(path).is_ok()).collect()
}

/// The configuration that a plan makes; `None` where it does not load.
pub fn planned(root: &Root, inspection: &Inspection, plan: &Plan) -> Option<Config> {
    last_state(root, inspection, plan).map(|(_, config)| config)
}

fn last_state(root: &Root, inspection: &Inspection, plan: &Plan) -> Option<(Changes, Config)> {
    let last = states(root, plan).ok()?.pop()?;
    let written = last.iter().filter_map(|(path, staged)| Some((path.as_path(), staged.bytes()?))).collect();
    let config = in_place(root, inspection, written).ok()?;
    Some((last, config))
}

/// The server's configuration with these bytes, by identity, in the place of what is on the disk.
fn in_place(
    root: &Root,
    inspection: &Inspection,
    bytes: BTreeMap<&Path, &[u8]>,
) -> Result<Config, ConfigError> {
    let live = &inspection.config;
    let reader = InPlace { root: RootReader::new(root), bytes };
    Config::load(&live.file(live.main()).path, live.prefix(), &reader)
}

fn known(inspection: &Inspection) -> BTreeSet<&Path> {
    inspection.config.files().map(|(_, file)| file.identity.as_path()).collect()
}

/// What the candidate includes and the live configuration does not.
fn beside(config: &Config, known: &BTreeSet<&Path>) -> BTreeMap<PathBuf, Vec<u8>> {
    let new = config.files().map(|(_, file)| file).filter(|file| !known.contains(file.identity.as_path()));
    new.flat_map(|file| file.paths().map(|path| (path.to_owned(), file.tree.source().to_vec()))).collect()
}

/// A fault of the candidate is named by the name that the operator gave it.
fn unloadable(input: &Input, site: &File, error: &ConfigError) -> Failure {
    let file = if error.file == site.path { input.name.clone() } else { error.file.display().to_string() };
    let place = error.position.map_or_else(String::new, |position| format!(":{position}"));
    let text = redact_text(&error.reason);
    Failure::new(FailureKind::Invalid, format!("--candidate {}: {file}{place}: {text}", input.name))
        .with_hint("a file that it includes has to be on this server first")
}

/// The files below the root, some of them with other bytes, or not there yet.
struct InPlace<'a> {
    root: RootReader<'a>,
    bytes: BTreeMap<&'a Path, &'a [u8]>,
}

impl Reader for InPlace<'_> {
    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        match self.bytes.get(self.identity(path)?.as_path()) {
            Some(bytes) => Ok(bytes.to_vec()),
            None => self.root.read(path),
        }
    }

    fn list(&self, folder: &Path) -> io::Result<Vec<OsString>> {
        let mut names = self.root.list(folder).or_else(|error| {
            // A folder of which there is nothing yet but what is staged.
            let is_staged = self.bytes.keys().any(|path| path.parent() == Some(folder));
            if error.kind() == io::ErrorKind::NotFound && is_staged { Ok(Vec::new()) } else { Err(error) }
        })?;
        let staged = self.bytes.keys().filter(|path| path.parent() == Some(folder));
        names.extend(staged.filter_map(|path| path.file_name()).map(OsString::from));
        names.sort();
        names.dedup();
        Ok(names)
    }

    fn exists(&self, path: &Path) -> io::Result<bool> {
        Ok(self.bytes.contains_key(path) || self.root.exists(path)?)
    }

    fn identity(&self, path: &Path) -> io::Result<PathBuf> {
        // One that is not there yet cannot be a link to another.
        if self.bytes.contains_key(path) { Ok(path.to_owned()) } else { self.root.identity(path) }
    }
}

/// The same, where a file that is not there, or is no configuration, counts as an empty one.
struct Lenient<'a>(InPlace<'a>);

impl Reader for Lenient<'_> {
    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        let bytes = self.0.read(path).unwrap_or_default();
        Ok(if Tree::parse(bytes.clone()).is_ok() { bytes } else { Vec::new() })
    }

    fn list(&self, folder: &Path) -> io::Result<Vec<OsString>> {
        Ok(self.0.list(folder).unwrap_or_default())
    }

    fn exists(&self, path: &Path) -> io::Result<bool> {
        self.0.exists(path)
    }

    fn identity(&self, path: &Path) -> io::Result<PathBuf> {
        Ok(self.0.identity(path).unwrap_or_else(|_| path.to_owned()))
    }
}
