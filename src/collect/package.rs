//! Files by name, and a `.tar.gz` of them.
//!
//! Pure. Invariant: the same items give the same bytes, on every machine and at every time.

use crate::values::Hash;
use flate2::{Compression, GzBuilder};
use serde::Serialize;
use std::collections::BTreeMap;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use tar::{Builder, EntryType, Header};

/// The time of every file, 2000-01-01: unpacking warns of one before 1970, and the true one says nothing.
const TIME: u64 = 946_684_800;

/// What an archive is made of, by the paths in it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Package {
    items: BTreeMap<PathBuf, Item>,
    unseen: Vec<String>,
}

/// One file of a server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// What goes into the archive.
    pub content: Content,
    /// The size of the server's own file.
    pub size: u64,
    /// The hash of the server's own file; `None` for a link, and for what no server has.
    pub sha256: Option<Hash>,
}

/// What goes into an archive of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Content {
    Whole(Vec<u8>),
    /// It without its secrets.
    Redacted(Vec<u8>),
    /// A link, as it is written.
    Link(PathBuf),
    /// That it is there: its place is kept by a line that says so.
    Placeholder,
    /// Only its name, size and hash, in the list.
    Listed,
}

/// A line of the list of what is in an archive.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Written {
    pub path: String,
    /// `whole`, `redacted`, `link`, `placeholder` or `name only`.
    pub taken: &'static str,
    /// The size of the server's own file.
    pub size: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sha256: Option<Hash>,
}

impl Item {
    /// A file that no server has, written by us.
    #[must_use]
    pub fn ours(text: impl Into<Vec<u8>>) -> Self {
        let text = text.into();
        Self { size: text.len() as u64, sha256: None, content: Content::Whole(text) }
    }

    /// A file of the server, as it was taken.
    #[must_use]
    pub fn of(bytes: &[u8], content: Content) -> Self {
        Self { content, size: bytes.len() as u64, sha256: Some(Hash::of(bytes)) }
    }

    fn taken(&self) -> &'static str {
        match self.content {
            Content::Whole(_) => "whole",
            Content::Redacted(_) => "redacted",
            Content::Link(_) => "link",
            Content::Placeholder => "placeholder",
            Content::Listed => "name only",
        }
    }
}

impl Package {
    /// Adds a file below the archive's top; the first of its name stays.
    pub fn add(&mut self, path: impl Into<PathBuf>, item: Item) {
        self.items.entry(path.into()).or_insert(item);
    }

    /// Notes what could not be looked at.
    pub fn note(&mut self, unseen: String) {
        if !self.unseen.contains(&unseen) {
            self.unseen.push(unseen);
        }
    }

    /// What could not be looked at.
    #[must_use]
    pub fn unseen(&self) -> &[String] {
        &self.unseen
    }

    /// What is in the archive, in its order.
    #[must_use]
    pub fn list(&self) -> Vec<Written> {
        let line = |(path, item): (&PathBuf, &Item)| Written {
            path: path.display().to_string(),
            taken: item.taken(),
            size: item.size,
            sha256: item.sha256,
        };
        self.items.iter().map(line).collect()
    }

    /// The bytes of the archive.
    ///
    /// # Errors
    /// When a name is longer than the format allows.
    pub fn to_tar_gz(&self) -> io::Result<Vec<u8>> {
        // Neither a time nor a system's number in the head.
        let packed = GzBuilder::new().operating_system(255).write(Vec::new(), Compression::default());
        let mut archive = Builder::new(packed);
        for (path, item) in &self.items {
            match &item.content {
                Content::Whole(bytes) | Content::Redacted(bytes) => file(&mut archive, path, bytes)?,
                Content::Placeholder => {
                    let hash = item.sha256.map_or_else(String::new, |hash| hash.to_string());
                    let line = format!("left out by motionctl: {} bytes, SHA-256 {hash}\n", item.size);
                    file(&mut archive, path, line.as_bytes())?;
                }
                Content::Link(target) => {
                    let mut header = header(EntryType::Symlink, 0);
                    archive.append_link(&mut header, path, target)?;
                }
                Content::Listed => {}
            }
        }
        archive.into_inner()?.finish()
    }
}

fn file(archive: &mut Builder<impl Write>, path: &Path, bytes: &[u8]) -> io::Result<()> {
    archive.append_data(&mut header(EntryType::Regular, bytes.len() as u64), path, bytes)
}

fn header(kind: EntryType, size: u64) -> Header {
    let mut header = Header::new_gnu();
    header.set_entry_type(kind);
    header.set_size(size);
    header.set_mode(0o644);
    header.set_mtime(TIME);
    header.set_uid(0);
    header.set_gid(0);
    header
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::archive::{self, ArchiveEntry, Limits};

    #[test]
    fn the_same_items_give_the_same_bytes_and_are_read_back() {
        let long = format!("etc/nginx/{}/a.conf", "x".repeat(120));
        let package = |order: &[usize]| {
            let items = [
                (long.clone(), Item::of(b"listen 80;", Content::Whole(b"listen 80;".to_vec()))),
                ("etc/nginx/key.pem".to_owned(), Item::of(b"secret", Content::Listed)),
                ("etc/nginx/on".to_owned(), Item::of(b"", Content::Link("../available/on".into()))),
            ];
            let mut package = Package::default();
            order.iter().for_each(|index| package.add(&items[*index].0, items[*index].1.clone()));
            package.to_tar_gz().unwrap()
        };
        let bytes = package(&[0, 1, 2]);
        assert_eq!(bytes, package(&[2, 0, 1]));
        let mut stored = tempfile::NamedTempFile::new().unwrap();
        stored.write_all(&bytes).unwrap();
        let read = archive::read(stored.path(), Limits::default(), |_| true).unwrap();
        assert_eq!(read[Path::new(&long)], ArchiveEntry::File(b"listen 80;".to_vec()));
        assert_eq!(read[Path::new("etc/nginx/on")], ArchiveEntry::Link("../available/on".into()));
        assert_eq!(read.len(), 2, "a file that is only listed is not in it");
    }

    #[test]
    fn the_list_names_what_is_left_out_by_size_and_hash() {
        let mut package = Package::default();
        package.add("key.pem", Item::of(b"secret", Content::Listed));
        package.add("key.pem", Item::ours("the first stays"));
        let [line] = package.list().try_into().unwrap();
        assert_eq!((line.taken, line.size, line.sha256), ("name only", 6, Some(Hash::of(b"secret"))));
    }
}
