//! What a script did as a list that can be compared: the fingerprint of an edition of it.
//!
//! Invariant: two runs of one edition on one server give the same list, as far as the script lets them: times and
//! temporary names in paths do not count. Holds names and hashes, no contents, and nothing unredacted.

use crate::host::{PrivateFolder, Root, STATE_FOLDER, WriteLock, clock};
use crate::outcome::{TriedEdition, TrySection};
use crate::values::{Hash, RootPath};
use regex::Regex;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io::{self, Read, Write};
use std::sync::LazyLock;

/// How many editions of one script are remembered.
pub const KEPT: usize = 5;
/// The shape of a record.
pub const FORMAT: u32 = 1;
/// No record is larger.
const LARGEST: u64 = 8 << 20;
/// Dates, long numbers, and the ends of temporary names.
static VOLATILE: LazyLock<Regex> = LazyLock::new(|| {
    let date = r"\d{4}[-_.]\d{2}[-_.]\d{2}(?:[-_.T ]?\d{2}[-_:.]?\d{2}(?:[-_:.]?\d{2})?)?";
    Regex::new(&format!(r"{date}|\d{{8,}}(?:[-_.T]\d{{4,}})?|tmp\.[A-Za-z0-9]{{6,}}"))
        .expect("a constant pattern")
});

/// What one edition of a script did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fingerprint {
    /// The shape of this record.
    pub format: u32,
    pub sha256: Hash,
    /// When it was tried.
    pub tried: jiff::Timestamp,
    /// What it did, each with what tells how: a hash, a target, an owner.
    pub acts: BTreeMap<String, String>,
}

/// The remembered editions of one script, by its name.
#[derive(Debug)]
pub struct Edition;

impl Fingerprint {
    /// Of what was observed.
    #[must_use]
    pub fn of(section: &TrySection, script: Hash) -> Self {
        let mut acts = BTreeMap::new();
        for change in &section.changes {
            // What lies there is nobody's for long.
            if change.area == "passing" {
                continue;
            }
            let verb = match change.change.as_str() {
                "created" | "changed" => "writes",
                "removed" => "removes",
                _ => "changes owner or mode of",
            };
            let how = change.sha256.clone().unwrap_or_else(|| change.note.clone());
            acts.insert(format!("{verb} {}", steady(&change.path)), how);
        }
        for request in &section.asked {
            acts.insert(format!("asks: {}", steady(&request.command)), request.how.clone());
        }
        for fetch in &section.fetches {
            let verb = if fetch.sends { "sends to" } else { "fetches" };
            acts.insert(format!("{verb} {}", steady(&fetch.url)), String::new());
        }
        Self { format: FORMAT, sha256: script, tried: clock::now(), acts }
    }

    /// What differs from an earlier edition.
    #[must_use]
    pub fn since(&self, earlier: &Self) -> TriedEdition {
        let only = |one: &Self, other: &Self| {
            one.acts.keys().filter(|act| !other.acts.contains_key(*act)).cloned().collect::<Vec<_>>()
        };
        let both =
            self.acts.iter().filter(|(act, how)| earlier.acts.get(*act).is_some_and(|old| old != *how));
        TriedEdition {
            earlier: earlier.sha256.to_string(),
            tried: earlier.tried.to_string(),
            new: only(self, earlier),
            gone: only(earlier, self),
            otherwise: both.map(|(act, _)| act.clone()).collect(),
        }
    }
}

fn steady(text: &str) -> String {
    VOLATILE.replace_all(text, "*").into_owned()
}

impl Edition {
    fn folder() -> RootPath {
        RootPath::new(format!("{STATE_FOLDER}/tries")).expect("the state folder is absolute")
    }

    fn prefix(script: &str) -> String {
        format!("{:.16}-", Hash::of(script.as_bytes()).to_string())
    }

    /// The newest remembered edition of another hash.
    ///
    /// # Errors
    /// When the records cannot be read.
    pub fn earlier(root: &Root, script: &str, hash: Hash) -> io::Result<Option<Fingerprint>> {
        let folder = match PrivateFolder::enter(root, &Self::folder()) {
            Ok(folder) => folder,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        for (_, name) in Self::records(&folder, script)?.into_iter().rev() {
            let fingerprint = Self::read(&folder, &name)?;
            if fingerprint.sha256 != hash {
                return Ok(Some(fingerprint));
            }
        }
        Ok(None)
    }

    /// Remembers this edition as the newest, and no more than [`KEPT`].
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn remember(
        lock: &WriteLock,
        root: &Root,
        script: &str,
        fingerprint: &Fingerprint,
    ) -> io::Result<()> {
        let folder = PrivateFolder::make(lock, root, &Self::folder())?;
        let there = Self::records(&folder, script)?;
        let number = there.last().map_or(1, |(number, _)| number + 1);
        let name = format!("{}{number:08}.json", Self::prefix(script));
        let hidden = format!(".{name}");
        if folder.names()?.iter().any(|other| *other == *hidden) {
            folder.remove_file(&hidden)?;
        }
        let mut file = folder.create(&hidden)?;
        file.write_all(&serde_json::to_vec(fingerprint)?)?;
        file.sync_all()?;
        folder.rename(&hidden, &name)?;
        let mut kept = Vec::new();
        for (_, old) in there {
            // The same edition is remembered once, and one that nobody can read, not at all.
            if Self::read(&folder, &old).is_ok_and(|read| read.sha256 != fingerprint.sha256) {
                kept.push(old);
            } else {
                folder.remove_file(&old)?;
            }
        }
        for old in kept.iter().take((kept.len() + 1).saturating_sub(KEPT)) {
            folder.remove_file(old)?;
        }
        folder.sync()
    }

    /// The records of a script, oldest first.
    fn records(folder: &PrivateFolder, script: &str) -> io::Result<Vec<(u64, OsString)>> {
        let prefix = Self::prefix(script);
        let number = |name: &OsString| {
            name.to_str()?.strip_prefix(&prefix)?.strip_suffix(".json")?.parse::<u64>().ok()
        };
        let mut all: Vec<_> =
            folder.names()?.into_iter().filter_map(|name| Some((number(&name)?, name))).collect();
        all.sort();
        Ok(all)
    }

    fn read(folder: &PrivateFolder, name: &OsString) -> io::Result<Fingerprint> {
        let mut bytes = Vec::new();
        folder.open(name)?.take(LARGEST).read_to_end(&mut bytes)?;
        let read: Fingerprint = serde_json::from_slice(&bytes)?;
        if read.format > FORMAT {
            return Err(io::Error::other("a newer motionctl wrote it"));
        }
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fingerprint(script: &str, acts: &[(&str, &str)]) -> Fingerprint {
        let acts = acts.iter().map(|(act, how)| ((*act).to_owned(), (*how).to_owned())).collect();
        Fingerprint {
            format: FORMAT,
            sha256: Hash::of(script.as_bytes()),
            tried: jiff::Timestamp::UNIX_EPOCH,
            acts,
        }
    }

    #[test]
    fn an_edition_is_told_by_what_it_does_anew_no_more_and_otherwise() {
        let old = fingerprint("1", &[("writes /a", "1"), ("writes /b", "1"), ("asks: x", "recorded")]);
        let new =
            fingerprint("2", &[("writes /a", "2"), ("writes /etc/cron.d/x", "3"), ("asks: x", "recorded")]);
        let TriedEdition { new, gone, otherwise, .. } = new.since(&old);
        assert_eq!(
            (new.join(), gone.join(), otherwise.join()),
            ("writes /etc/cron.d/x".into(), "writes /b".into(), "writes /a".into())
        );
    }

    #[test]
    fn times_and_temporary_names_do_not_count() {
        let check = |text: &str, wanted: &str| assert_eq!(steady(text), wanted);
        check("/etc/nginx/motion.conf.20261128101416", "/etc/nginx/motion.conf.*");
        check("/root/backup-2026-11-28_10-14/x", "/root/backup-*/x");
        check("/opt/tmp.Xa81bQ/x", "/opt/*/x");
        check("/opt/motion-3.10.2/x8080", "/opt/motion-3.10.2/x8080");
    }

    #[test]
    fn the_newest_other_edition_is_found_and_some_are_kept() {
        let folder = tempfile::tempdir().unwrap();
        let root = Root::at(folder.path()).unwrap();
        let lock = WriteLock::take(&root).unwrap();
        let hash = |text: &str| Hash::of(text.as_bytes());
        assert_eq!(Edition::earlier(&root, "a.sh", hash("1")).unwrap(), None);
        for edition in ["1", "2", "2", "3", "4", "5", "6"] {
            Edition::remember(&lock, &root, "a.sh", &fingerprint(edition, &[])).unwrap();
        }
        let earlier = |name, hash| Edition::earlier(&root, name, hash).unwrap().map(|found| found.sha256);
        assert_eq!(earlier("a.sh", hash("6")), Some(hash("5")));
        assert_eq!(earlier("a.sh", hash("7")), Some(hash("6")));
        assert_eq!(earlier("b.sh", hash("7")), None);
        let names = PrivateFolder::enter(&root, &Edition::folder()).unwrap().names().unwrap();
        assert_eq!(names.len(), KEPT, "{names:?}");
    }

    trait Join {
        fn join(&self) -> String;
    }
    impl Join for Vec<String> {
        fn join(&self) -> String {
            self.as_slice().join("|")
        }
    }
}
