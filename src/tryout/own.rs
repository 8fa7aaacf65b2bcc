//! What a script did that only looks like more: copies of what stood there, and what NGINX itself made when it was tested.
//!
//! Invariant: nothing is left out but what is empty and what the configuration has NGINX make by itself; a copy is one by
//! its bytes, whatever it is called.

use super::stand_in::{How, Told};
use crate::facts::Facts;
use crate::host::Root;
use crate::host::contain::{Change, Kind, Observed, Seen};
use crate::values::{Hash, RootPath};
use crate::verify::referenced::files_of;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// So many new files are held against what may lie at the place they were copied from.
const MOST: usize = 500;
/// Larger ones are not.
const LARGEST: u64 = 4 << 20;
/// What NGINX makes when it is tested, where it is not there.
const MADE: [&str; 9] = [
    "access_log", "client_body_temp_path", "error_log", "fastcgi_temp_path", "pid", "proxy_cache_path",
    "proxy_temp_path", "scgi_temp_path", "uwsgi_temp_path",
];

/// Leaves out what NGINX made when the script had it test its configuration.
pub(super) fn without_tests(observed: &mut Observed, facts: Option<&Facts>) {
    let is_test = |text: &String| {
        serde_json::from_str(text).is_ok_and(|told: Told| told.how == How::Run && told.fetch.is_none())
    };
    let Some(facts) = facts.filter(|_| observed.told.iter().any(is_test)) else { return };
    let mut made: BTreeSet<PathBuf> =
        facts.nginx.written.iter().map(|written| written.path.clone()).collect();
    // As the script left the configuration.
    for bytes in observed.changes.iter().filter_map(|change| change.after.as_ref()?.kind.contents()) {
        made.extend(files_of(&bytes, &facts.nginx.conf_prefix, &MADE));
    }
    let is_empty = |seen: &Seen| matches!(seen.kind, Kind::Folder | Kind::File { size: 0, .. });
    let is_made = |change: &Change| {
        let is_new = change.before.is_none() && change.after.as_ref().is_some_and(is_empty);
        is_new && made.contains(Path::new(&change.path))
    };
    observed.changes.retain(|change| !is_made(change));
}

/// What each copy is a copy of, by the path of the copy.
pub(super) fn copies(root: &Root, observed: &Observed, facts: Option<&Facts>) -> BTreeMap<String, String> {
    let mut known: BTreeMap<Hash, String> = BTreeMap::new();
    for (path, file) in facts.iter().flat_map(|facts| &facts.files) {
        known.entry(file.sha256).or_insert_with(|| path.as_path().display().to_string());
    }
    // What stood there before the script changed it, or took it away.
    for change in &observed.changes {
        if let Some((hash, _)) = change.before.as_ref().and_then(content) {
            known.insert(hash, change.path.clone());
        }
    }
    let created = observed.changes.iter().filter(|change| change.before.is_none());
    let created = created.filter_map(|change| Some((change, content(change.after.as_ref()?)?)));
    let prefix = facts.map(|facts| facts.nginx.conf_prefix.as_path());
    let mut left = MOST;
    let mut found = BTreeMap::new();
    for (change, (hash, size)) in created {
        let original = known.get(&hash).cloned().or_else(|| {
            left = left.checked_sub(1)?;
            places(Path::new(&change.path), prefix).into_iter().find(|place| holds(root, place, hash, size))
        });
        if let Some(original) = original.filter(|original| *original != change.path) {
            found.insert(change.path.clone(), original);
        }
    }
    found
}

/// The hash and size of a file that holds something.
fn content(seen: &Seen) -> Option<(Hash, u64)> {
    match seen.kind {
        Kind::File { sha256: Some(hash), size, .. } if size > 0 => Some((hash, size)),
        _ => None,
    }
}

/// Where a copy may come from: a file beside it whose name it goes on from (`motion.conf.bak`), or one whose last folders
/// it repeats (`/root/old/etc/nginx/tls/x.crt`).
fn places(copy: &Path, prefix: Option<&Path>) -> Vec<String> {
    let (Some(folder), Some(name)) = (copy.parent(), copy.file_name().and_then(|name| name.to_str())) else {
        return Vec::new();
    };
    let ends =
        name.char_indices().filter(|(at, letter)| *at > 0 && !letter.is_alphanumeric()).map(|(at, _)| at);
    let beside = ends.map(|at| folder.join(&name[..at]));
    let parts: Vec<_> = copy.components().skip(2).collect();
    let ends: Vec<PathBuf> = (0..parts.len()).map(|at| parts[at..].iter().collect()).collect();
    let bases = [Some(Path::new("/")), Some(Path::new("/etc")), prefix];
    let repeated = bases.into_iter().flatten().flat_map(|base| ends.iter().map(move |end| base.join(end)));
    beside.chain(repeated).filter(|place| place != copy).map(|place| place.display().to_string()).collect()
}

fn holds(root: &Root, place: &str, hash: Hash, size: u64) -> bool {
    let Ok(path) = RootPath::new(place) else { return false };
    let is_alike =
        root.metadata(&path).is_ok_and(|found| found.is_file() && found.len() == size && size <= LARGEST);
    is_alike && root.read_at_most(&path, LARGEST).is_ok_and(|bytes| Hash::of(&bytes) == hash)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_copy_is_looked_for_beside_it_and_at_the_place_that_it_repeats() {
        let check = |copy: &str, wanted: &str| {
            let places = places(Path::new(copy), Some(Path::new("/usr/local/nginx/conf")));
            assert!(places.contains(&wanted.to_owned()), "{copy}: {places:?}");
            assert!(!places.contains(&copy.to_owned()), "{places:?}");
        };
        check("/etc/nginx/conf.d/motion.conf.bak-2026-01-02", "/etc/nginx/conf.d/motion.conf");
        check("/etc/nginx/conf.d/motion.conf~", "/etc/nginx/conf.d/motion.conf");
        check("/root/old/etc/nginx/tls/x.crt", "/etc/nginx/tls/x.crt");
        check("/root/nginx-old/tls/x.crt", "/usr/local/nginx/conf/tls/x.crt");
        check("/opt/x/hosts", "/etc/hosts");
    }
}
