//! Archives of server trees, read into memory.
//!
//! Invariant: nothing is unpacked to the disk here, and no name in an archive leads out of it: one that climbs refuses the
//! whole. What is read is bounded whatever the archive says of itself. Links are data here; nobody follows them.

use flate2::read::MultiGzDecoder;
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::os::unix::ffi::OsStringExt;
use std::path::{Component, Path, PathBuf};
use tar::EntryType;
use thiserror::Error;
use zip::ZipArchive;
use zip::result::ZipError;

pub use folder::read_folder;

/// How much of an archive is read before it is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Entries, of whatever kind.
    pub entries: usize,
    /// Bytes of the archive itself.
    pub packed: u64,
    /// Bytes that are unpacked, those that are passed over included.
    pub unpacked: u64,
    /// Bytes that are kept.
    pub kept: u64,
}

impl Default for Limits {
    /// Enough for the whole `/etc` of a server, or a server without its recordings.
    fn default() -> Self {
        Self { entries: 500_000, packed: 1 << 30, unpacked: 4 << 30, kept: 64 << 20 }
    }
}

/// More than this is not unpacked of one packed byte, once much was unpacked: text and logs stay far below.
const MOST_PER_BYTE: u64 = 200;
/// Up to here the ratio is nobody's affair: a small archive of one empty disk image is no attack.
const ALWAYS_UNPACKED: u64 = 64 << 20;

/// A name, or all attributes of a file together, are shorter.
const LONGEST_NAME: u64 = 1 << 20;

/// What an archive holds under one name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ArchiveEntry {
    /// The bytes of a regular file.
    File(Vec<u8>),
    /// Where a link leads, as it is written.
    Link(PathBuf),
}

/// The files and links of an archive by their paths, which are relative and hold plain names only.
pub type Entries = BTreeMap<PathBuf, ArchiveEntry>;

/// Why an archive was not read.
#[derive(Debug, Error)]
pub enum ArchiveError {
    /// It cannot be opened or read.
    #[error(transparent)]
    Io(io::Error),
    /// It is none that can be read here.
    #[error("not a .tar, .tar.gz, .tgz or .zip archive")]
    Unknown,
    /// It is damaged, or holds what these formats do not have.
    #[error("the archive cannot be read: {0}")]
    Broken(String),
    /// A name in it leads out of it.
    #[error("the name `{}` in the archive leads out of it", .0.display())]
    Climbs(PathBuf),
    /// It is too large.
    #[error("the archive holds too much: more than {0}")]
    TooMuch(String),
}

impl ArchiveError {
    /// Whether the machine is to blame and not the archive.
    #[must_use]
    pub fn is_about_access(&self) -> bool {
        matches!(self, Self::Io(_))
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Format {
    Tar,
    TarGz,
    Zip,
}

/// Whether `path` begins as an archive that [`read`] knows; its name is not asked.
///
/// # Errors
/// When it cannot be read.
pub fn is_archive(path: &Path) -> io::Result<bool> {
    let mut file = open(path)?;
    Ok(format(&mut file)?.is_some())
}

/// Reads an archive: the entries whose path `keep` wants. A later entry replaces an earlier one of its name, as when it
/// is unpacked; a second name of a file (a hard link) holds the same bytes.
///
/// # Errors
/// When it cannot be read, is damaged, leads out of itself or exceeds the limits.
pub fn read(path: &Path, limits: Limits, keep: impl Fn(&Path) -> bool) -> Result<Entries, ArchiveError> {
    let mut file = open(path).map_err(ArchiveError::Io)?;
    let packed = file.metadata().map_err(ArchiveError::Io)?.len();
    if packed > limits.packed {
        return Err(too_many_bytes(limits.packed, "packed"));
    }
    let format = format(&mut file).map_err(ArchiveError::Io)?.ok_or(ArchiveError::Unknown)?;
    let by_ratio = packed.saturating_mul(MOST_PER_BYTE).max(ALWAYS_UNPACKED);
    let unpacked = limits.unpacked.min(by_ratio);
    let mut reading = Reading { entries: Entries::new(), seen: 0, kept: 0, limits, keep };
    match format {
        Format::Tar => reading.tar(|| Ok(Bounded { inner: rewound(&file)?, left: unpacked }))?,
        Format::TarGz if !holds_a_tar(&file)? => {
            let bytes = Bounded { inner: MultiGzDecoder::new(rewound(&file)?), left: unpacked };
            reading.alone(path, bytes)?;
        }
        Format::TarGz => {
            reading.tar(|| Ok(Bounded { inner: MultiGzDecoder::new(rewound(&file)?), left: unpacked }))?
        }
        Format::Zip => reading.zip(file, unpacked)?,
    }
    Ok(reading.entries)
}

fn open(path: &Path) -> io::Result<File> {
    let file = File::open(path)?;
    let kind = file.metadata()?;
    match () {
        () if kind.is_dir() => Err(io::ErrorKind::IsADirectory.into()),
        () if !kind.is_file() => Err(io::Error::new(io::ErrorKind::InvalidInput, "not a regular file")),
        () => Ok(file),
    }
}

fn rewound(file: &File) -> Result<File, ArchiveError> {
    let mut again = file.try_clone().map_err(ArchiveError::Io)?;
    again.seek(SeekFrom::Start(0)).map_err(ArchiveError::Io)?;
    Ok(again)
}

/// Where a tar header says what it is.
const TAR_MAGIC: usize = 257;

fn format(file: &mut File) -> io::Result<Option<Format>> {
    let mut head = Vec::new();
    file.by_ref().take(512).read_to_end(&mut head)?;
    file.seek(SeekFrom::Start(0))?;
    Ok(match head.as_slice() {
        [0x1f, 0x8b, ..] => Some(Format::TarGz),
        [b'P', b'K', 3, 4, ..] | [b'P', b'K', 5, 6, ..] => Some(Format::Zip),
        other => is_tar(other).then_some(Format::Tar),
    })
}

/// Whether what was packed by gzip is a tar archive, or one file by itself. What is too damaged to tell is read as the
/// first, which says so.
fn holds_a_tar(file: &File) -> Result<bool, ArchiveError> {
    let mut head = Vec::new();
    let read = MultiGzDecoder::new(rewound(file)?).take(512).read_to_end(&mut head);
    let is_empty = head.iter().all(|byte| *byte == 0);
    Ok(read.is_err() || is_empty || is_tar(&head))
}

fn is_tar(head: &[u8]) -> bool {
    head.get(TAR_MAGIC..).is_some_and(|at| at.starts_with(b"ustar"))
}

fn too_many_bytes(most: u64, what: &str) -> ArchiveError {
    ArchiveError::TooMuch(format!("{} MiB {what}", most >> 20))
}

/// Reads up to a number of bytes and then fails, where `take` would end quietly.
struct Bounded<R> {
    inner: R,
    left: u64,
}

/// Told from what a damaged archive gives.
#[derive(Debug, Error)]
#[error("too much is packed in it")]
struct Exhausted;

impl<R: Read> Read for Bounded<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.left = self.left.checked_sub(read as u64).ok_or_else(|| io::Error::other(Exhausted))?;
        Ok(read)
    }
}

fn broken(error: &io::Error) -> ArchiveError {
    // The tar reader wraps what its source said into an error of its own.
    let mut source: Option<&(dyn std::error::Error + 'static)> = error.get_ref().map(|inner| inner as _);
    while let Some(inner) = source {
        if inner.is::<Exhausted>() {
            return ArchiveError::TooMuch("is sound for its size, or than can be unpacked".to_owned());
        }
        source = match inner.downcast_ref::<io::Error>() {
            Some(error) => error.get_ref().map(|inner| inner as _),
            None => inner.source(),
        };
    }
    // The reader's own words quote what it read, and that may be a secret.
    let what = match error.kind() {
        io::ErrorKind::UnexpectedEof => "it ends too early".to_owned(),
        io::ErrorKind::InvalidData | io::ErrorKind::InvalidInput | io::ErrorKind::Other => {
            "it is damaged".to_owned()
        }
        other => other.to_string(),
    };
    ArchiveError::Broken(what)
}

struct Reading<F> {
    entries: Entries,
    seen: usize,
    kept: u64,
    limits: Limits,
    keep: F,
}

impl<F: Fn(&Path) -> bool> Reading<F> {
    fn tar<R: Read>(
        &mut self,
        begin: impl Fn() -> Result<Bounded<R>, ArchiveError>,
    ) -> Result<(), ArchiveError> {
        bounded_names(begin()?)?;
        let mut archive = tar::Archive::new(begin()?);
        for entry in archive.entries().map_err(|error| broken(&error))? {
            let mut entry = entry.map_err(|error| broken(&error))?;
            let name = entry.path_bytes().into_owned();
            let Some(path) = self.next(name)? else { continue };
            let kind = entry.header().entry_type();
            let target = entry.link_name_bytes().map(|name| path_of(name.into_owned()));
            match (kind, target) {
                (EntryType::Symlink, Some(target)) => {
                    self.entries.insert(path, ArchiveEntry::Link(target));
                }
                (EntryType::Link, Some(target)) => self.hard_link(path, &target)?,
                (EntryType::Symlink | EntryType::Link, None) => {
                    return Err(ArchiveError::Broken(format!("`{}` is a link to nothing", path.display())));
                }
                (EntryType::Regular | EntryType::Continuous | EntryType::GNUSparse, _) => {
                    self.file(path, &mut entry)?;
                }
                // Folders follow from the names in them; devices and pipes hold nothing.
                _ => {}
            }
        }
        Ok(())
    }

    /// A file that was packed by itself, as `motion.conf.gz`: it is called as it was before.
    fn alone(&mut self, packed: &Path, mut bytes: impl Read) -> Result<(), ArchiveError> {
        let name = packed.file_stem().unwrap_or_default().as_encoded_bytes().to_vec();
        match self.next(name)? {
            Some(path) => self.file(path, &mut bytes),
            None => Ok(()),
        }
    }

    fn zip(&mut self, file: File, unpacked: u64) -> Result<(), ArchiveError> {
        let refused = |error: ZipError| match error {
            ZipError::Io(error) => broken(&error),
            other => ArchiveError::Broken(other.to_string()),
        };
        let mut archive = ZipArchive::new(file).map_err(refused)?;
        let mut left = unpacked;
        for index in 0..archive.len() {
            let mut entry = archive.by_index(index).map_err(refused)?;
            let Some(path) = self.next(with_slashes(entry.name_raw()))? else { continue };
            let is_link = entry.is_symlink();
            if entry.is_dir() || entry.name_raw().ends_with(b"\\") || !is_link && !entry.is_file() {
                continue;
            }
            let mut bounded = Bounded { inner: &mut entry, left };
            if is_link {
                let mut target = Vec::new();
                bounded.by_ref().take(4096).read_to_end(&mut target).map_err(|error| broken(&error))?;
                self.entries.insert(path, ArchiveEntry::Link(path_of(target)));
            } else {
                self.file(path, &mut bounded)?;
            }
            left = bounded.left;
        }
        Ok(())
    }

    /// Counts an entry; its path where it is wanted.
    fn next(&mut self, name: Vec<u8>) -> Result<Option<PathBuf>, ArchiveError> {
        self.seen += 1;
        if self.seen > self.limits.entries {
            return Err(ArchiveError::TooMuch(format!("{} entries", self.limits.entries)));
        }
        let path = inside(&path_of(name))?;
        Ok((!path.as_os_str().is_empty() && (self.keep)(&path)).then_some(path))
    }

    fn file(&mut self, path: PathBuf, input: &mut impl Read) -> Result<(), ArchiveError> {
        let mut bytes = Vec::new();
        let most = self.limits.kept - self.kept;
        input.take(most + 1).read_to_end(&mut bytes).map_err(|error| broken(&error))?;
        self.keep_file(path, bytes)
    }

    fn keep_file(&mut self, path: PathBuf, bytes: Vec<u8>) -> Result<(), ArchiveError> {
        self.kept = self.kept.saturating_add(bytes.len() as u64);
        if self.kept > self.limits.kept {
            return Err(too_many_bytes(self.limits.kept, "of files that are looked at"));
        }
        self.entries.insert(path, ArchiveEntry::File(bytes));
        Ok(())
    }

    /// A second name. That of a file which is not kept stays a link: where its bytes are is known, what they are not.
    fn hard_link(&mut self, path: PathBuf, target: &Path) -> Result<(), ArchiveError> {
        let target = inside(target)?;
        match self.entries.get(&target).cloned() {
            Some(ArchiveEntry::File(bytes)) => self.keep_file(path, bytes),
            Some(link) => {
                self.entries.insert(path, link);
                Ok(())
            }
            None => {
                self.entries.insert(path, ArchiveEntry::Link(Path::new("/").join(target)));
                Ok(())
            }
        }
    }
}

/// Looks over a tar once before it is read: the reader takes a long name, or what a name is followed by, whole into
/// memory, however long it is said to be.
fn bounded_names(input: impl Read) -> Result<(), ArchiveError> {
    for entry in tar::Archive::new(input).entries().map_err(|error| broken(&error))?.raw(true) {
        let entry = entry.map_err(|error| broken(&error))?;
        let kind = entry.header().entry_type();
        let is_about_next = kind.is_gnu_longname()
            || kind.is_gnu_longlink()
            || kind.is_pax_local_extensions()
            || kind.is_pax_global_extensions();
        if is_about_next && entry.size() > LONGEST_NAME {
            return Err(ArchiveError::TooMuch(format!("{} KiB of a name", LONGEST_NAME >> 10)));
        }
    }
    Ok(())
}

fn path_of(name: Vec<u8>) -> PathBuf {
    PathBuf::from(std::ffi::OsString::from_vec(name))
}

/// A name in a zip. Some programs for Windows write its folders as Windows does, against the format.
fn with_slashes(name: &[u8]) -> Vec<u8> {
    let is_windows_s = name.contains(&b'\\') && !name.contains(&b'/');
    name.iter().map(|byte| if is_windows_s && *byte == b'\\' { b'/' } else { *byte }).collect()
}

/// The plain names of a path in an archive; one that begins at the root begins at the archive's.
fn inside(path: &Path) -> Result<PathBuf, ArchiveError> {
    let mut plain = PathBuf::new();
    for component in path.components() {
        match component {
            Component::Normal(name) => plain.push(name),
            Component::RootDir | Component::CurDir => {}
            Component::ParentDir | Component::Prefix(_) => {
                return Err(ArchiveError::Climbs(path.to_owned()));
            }
        }
    }
    Ok(plain)
}

mod folder;
#[cfg(test)]
mod tests;
