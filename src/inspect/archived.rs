//! Reads configuration files from an archive that is held in memory.
//!
//! Invariant: links are followed inside the archive alone; one that leads out, or in a circle, leads to nothing.

use crate::host::archive::{ArchiveEntry, Entries};
use nginx_config::{Listing, Reader};
use std::collections::VecDeque;
use std::ffi::OsString;
use std::io;
use std::path::{Component, Path, PathBuf};

/// As the kernel: one more link in a row is `ELOOP`.
const MOST_LINKS: usize = 40;

/// The files of an archive, as they would lie on a server.
#[derive(Debug, Default)]
pub struct ArchiveReader(Listing<ArchiveEntry>);

impl ArchiveReader {
    /// The entries below the folder `base` of an archive, put below the folder `at`.
    #[must_use]
    pub fn new(entries: &Entries, base: &Path, at: &Path) -> Self {
        let below = entries.iter().filter_map(|(path, entry)| Some((path.strip_prefix(base).ok()?, entry)));
        Self(below.map(|(path, entry)| (at.join(path), entry.clone())).collect())
    }

    fn resolved(&self, path: &Path) -> io::Result<PathBuf> {
        let mut left: VecDeque<PathBuf> = parts(path).collect();
        let mut at = PathBuf::from("/");
        let mut links = 0;
        while let Some(part) = left.pop_front() {
            if part.as_os_str() == ".." {
                at.pop();
                continue;
            }
            at.push(part);
            if let Some(ArchiveEntry::Link(target)) = self.0.get(&at) {
                links += 1;
                if links > MOST_LINKS {
                    return Err(io::Error::from_raw_os_error(nix::libc::ELOOP));
                }
                at.pop();
                if target.is_absolute() {
                    at = PathBuf::from("/");
                }
                for part in parts(target).collect::<Vec<_>>().into_iter().rev() {
                    left.push_front(part);
                }
            }
        }
        Ok(at)
    }
}

/// The names of a path and its `..`.
fn parts(path: &Path) -> impl Iterator<Item = PathBuf> + '_ {
    let counts = |part: &Component<'_>| matches!(part, Component::Normal(_) | Component::ParentDir);
    path.components().filter(counts).map(|part| PathBuf::from(part.as_os_str()))
}

impl Reader for ArchiveReader {
    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        match self.0.get(&self.resolved(path)?) {
            Some(ArchiveEntry::File(bytes)) => Ok(bytes.clone()),
            _ => Err(io::ErrorKind::NotFound.into()),
        }
    }

    fn list(&self, folder: &Path) -> io::Result<Vec<OsString>> {
        self.0.list(&self.resolved(folder)?)
    }

    fn exists(&self, path: &Path) -> io::Result<bool> {
        Ok(self.resolved(path).is_ok_and(|at| self.0.exists(&at)))
    }

    fn identity(&self, path: &Path) -> io::Result<PathBuf> {
        self.resolved(path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_lead_inside_the_archive_and_nowhere_else() {
        let file = |text: &str| ArchiveEntry::File(text.as_bytes().to_vec());
        let link = |to: &str| ArchiveEntry::Link(PathBuf::from(to));
        let entries = Entries::from([
            ("b/etc/nginx/available/m".into(), file("m")),
            ("b/etc/nginx/enabled/m".into(), link("../available/m")),
            ("b/etc/nginx/absolute".into(), link("/etc/nginx/available")),
            ("b/etc/nginx/out".into(), link("../../../../etc/passwd")),
            ("b/etc/nginx/circle".into(), link("circle")),
            ("other".into(), file("x")),
        ]);
        let reader = ArchiveReader::new(&entries, Path::new("b"), Path::new("/"));
        let read = |path: &str| reader.read(Path::new(path)).ok();
        assert_eq!(read("/etc/nginx/enabled/m"), Some(b"m".to_vec()));
        assert_eq!(read("/etc/nginx/absolute/m"), Some(b"m".to_vec()));
        assert_eq!(read("/etc/nginx/out"), None);
        assert_eq!(read("/etc/nginx/circle"), None);
        assert_eq!(reader.list(Path::new("/etc/nginx/absolute")).unwrap(), ["m"]);
        let identity = reader.identity(Path::new("/etc/nginx/enabled/m")).unwrap();
        assert_eq!(identity, Path::new("/etc/nginx/available/m"));
        assert!(!reader.exists(Path::new("/other")).unwrap());
    }
}
