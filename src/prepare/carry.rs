//! An old copy of Motion's file, found in what the operator named, as the planner takes it.
//!
//! Invariant: which file it is follows from its path, then its name, then from what it does; where several could be
//! it, none is taken.

use super::candidate::{is_motion, site};
use super::named_site::{Level, fits, readable};
use crate::host::Root;
use crate::inspect::Inspection;
use crate::outcome::{Failure, FailureKind, counted_as};
use crate::plan::{Carry, Input};
use nginx_config::{EditError, Edits, File, Tree, splice};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

const OPTION: &str = "--carry";

/// Files that include one another are written into each other this often.
const DEEPEST: usize = 8;

/// What the operator named as old.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum OldCopy {
    File(Input),
    /// A folder or an archive.
    Tree {
        /// What to call it.
        name: String,
        /// Its files by their paths in it.
        files: BTreeMap<String, Vec<u8>>,
    },
}

/// Finds Motion's file in an old copy.
///
/// # Errors
/// When none of it is Motion's, several could be, or it cannot be read.
pub fn carry(root: &Root, inspection: &Inspection, old: &OldCopy) -> Result<Carry, Failure> {
    let Some(site) = site(inspection) else {
        let message = format!("{OPTION}: no file of this configuration is Motion's");
        return Err(Failure::new(FailureKind::Refused, message));
    };
    match old {
        OldCopy::File(input) => {
            let tree = readable(OPTION, input)?;
            fits(OPTION, input, &tree, Level::of(&site.tree))?;
            old_file(root, inspection, input.name.clone(), tree, &BTreeMap::new())
        }
        OldCopy::Tree { name, files } => {
            let path = choose(root, inspection, site, name, files)?;
            let input = Input { name: format!("{name}: {path}"), bytes: files[&path].clone() };
            let tree = readable(OPTION, &input)?;
            fits(OPTION, &input, &tree, Level::of(&site.tree))?;
            let others: BTreeMap<&str, Tree> = files
                .iter()
                .filter(|(other, _)| **other != path)
                .filter_map(|(other, bytes)| Some((other.as_str(), Tree::parse(bytes.clone()).ok()?)))
                .collect();
            old_file(root, inspection, input.name, tree, &others)
        }
    }
}

/// The path of Motion's file among those of an old tree.
fn choose(
    root: &Root,
    inspection: &Inspection,
    site: &File,
    name: &str,
    files: &BTreeMap<String, Vec<u8>>,
) -> Result<String, Failure> {
    let prefix = &inspection.facts.nginx.conf_prefix;
    let paths = [site.path.as_path(), site.identity.as_path()];
    let below =
        paths.map(|path| path.strip_prefix(prefix).or_else(|_| path.strip_prefix("/")).unwrap_or(path));
    let own_name = site.path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let file_name = |path: &str| Path::new(path).file_name().map(|name| name.to_string_lossy().into_owned());
    let motion_s = |path: &String| {
        let input = Input { name: path.clone(), bytes: files[path].clone() };
        readable(OPTION, &input).is_ok() && is_motion(root, inspection, &input.bytes)
    };
    let ways: [&dyn Fn(&String) -> bool; 4] = [
        &|path| below.iter().any(|wanted| Path::new(path).ends_with(wanted)),
        &|path| file_name(path).as_ref() == Some(&own_name),
        &|path| file_name(path).is_some_and(|name| name.starts_with(&own_name)) && motion_s(path),
        &motion_s,
    ];
    for way in ways {
        let mut found: Vec<&String> = files.keys().filter(|path| way(path)).collect();
        // The same file by two names is one.
        found.dedup_by(|a, b| files[*a] == files[*b]);
        if found.len() > 1 && found.iter().any(|path| motion_s(path)) {
            found.retain(|path| motion_s(path));
        }
        match found.as_slice() {
            [] => {}
            [one] => return Ok((*one).clone()),
            several => {
                let names: Vec<&str> = several.iter().map(|path| path.as_str()).collect();
                let message = format!("{OPTION} {name}: Motion's file could be any of {}", names.join(", "));
                return Err(Failure::new(FailureKind::Refused, message)
                    .with_hint("unpack the right one, and name it itself"));
            }
        }
    }
    let message = format!(
        "{OPTION} {name}: {} looked at, and none is Motion's",
        counted_as(files.len(), "file was", "files were")
    );
    Err(Failure::new(FailureKind::Invalid, message)
        .with_hint("name the old file itself; links in an archive are not followed"))
}

/// The old file with what it includes and this server lacks written into it.
fn old_file(
    root: &Root,
    inspection: &Inspection,
    name: String,
    mut tree: Tree,
    others: &BTreeMap<&str, Tree>,
) -> Result<Carry, Failure> {
    let prefix = &inspection.facts.nginx.conf_prefix;
    let mut missing = BTreeSet::new();
    for _ in 0..DEEPEST {
        let (mut edits, mut changed) = (Edits::new(&tree), false);
        for id in tree.walk() {
            let directive = tree.directive(id);
            let Some(word) = directive.args.first().filter(|_| directive.is("include")) else { continue };
            let written = word.text().into_owned();
            if written.contains(['*', '?', '[', '$']) || root.metadata(prefix.join(&written)).is_ok() {
                continue;
            }
            let full = prefix.join(&written);
            let relative = full.strip_prefix(prefix).or_else(|_| full.strip_prefix("/")).unwrap_or(&full);
            match others.iter().find(|(path, _)| Path::new(path).ends_with(relative)) {
                Some((_, other)) => {
                    changed = true;
                    if edits.replace(id, other.source()).is_err() {
                        missing.insert(written);
                    }
                }
                None => drop(missing.insert(written)),
            }
        }
        if !changed {
            break;
        }
        let failed = |error: EditError| {
            let text = nginx_config::redact_text(&error.to_string());
            Failure::new(FailureKind::Invalid, format!("{OPTION} {name}: {text}"))
        };
        let splices = edits.finish().map_err(failed)?;
        let text = splice(tree.source(), &splices).map_err(|error| failed(error.into()))?;
        tree = Tree::parse(text).map_err(|error| failed(EditError::Result(error)))?;
    }
    Ok(Carry { name, tree, missing, others: others.values().cloned().collect() })
}
