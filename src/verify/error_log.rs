//! The main error log as a witness of a reload.
//!
//! Invariant: only lines that were written after the watch began are read, also when the
//! file is rotated or truncated meanwhile. Lines about a connection (`*N`) are the business of live
//! traffic and not looked at. The format is that of `ngx_log_error_core`.

use crate::host::Root;
use crate::values::RootPath;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::os::unix::fs::MetadataExt;

/// More lines of a storm are not kept: the first ones say what is wrong.
const MOST_ENTRIES: usize = 500;
/// NGINX cuts its lines at 2,048 bytes; a longer one is not NGINX's.
const LONGEST_LINE: usize = 8192;

/// Where a configuration's main context logs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MainLog {
    /// To this file.
    File(RootPath),
    /// To standard error, syslog, memory or nowhere.
    Elsewhere,
}

/// One line of level `error` or above that is not about a connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) pid: i32,
    pub(super) is_emergency: bool,
    pub(super) message: String,
    pub(super) line: String,
}

/// A log that is being followed.
#[derive(Debug)]
pub(super) struct LogWatch {
    root: Root,
    followed: Followed,
    pub(super) entries: Vec<Entry>,
}

#[derive(Debug)]
enum Followed {
    /// Cannot be read, or is no file.
    Nothing,
    /// Does not exist yet; read from its beginning when it does.
    Missing(RootPath),
    Open {
        path: RootPath,
        file: File,
        offset: u64,
        partial: Vec<u8>,
    },
}

impl LogWatch {
    /// Remembers where the log ends now.
    pub(super) fn start(root: &Root, log: &MainLog) -> Self {
        let followed = match log {
            MainLog::Elsewhere => Followed::Nothing,
            MainLog::File(path) => match root.open(path) {
                Ok(file) => match file.metadata() {
                    Ok(status) => Followed::open(path.clone(), file, status.len()),
                    Err(_) => Followed::Nothing,
                },
                Err(error) if error.kind() == io::ErrorKind::NotFound => Followed::Missing(path.clone()),
                Err(_) => Followed::Nothing,
            },
        };
        Self { root: root.clone(), followed, entries: Vec::new() }
    }

    /// Whether what was written can be seen; a log that never came to be holds no errors.
    pub(super) fn is_looked_at(&self) -> bool {
        !matches!(self.followed, Followed::Nothing)
    }

    /// Reads what was written since the last time.
    pub(super) fn read(&mut self) {
        let followed = std::mem::replace(&mut self.followed, Followed::Nothing);
        // What can no longer be read is not looked at, rather than clean.
        self.followed = self.advance(followed).unwrap_or(Followed::Nothing);
    }

    fn advance(&mut self, followed: Followed) -> io::Result<Followed> {
        let (path, mut file, mut offset, mut partial) = match followed {
            Followed::Nothing => return Ok(Followed::Nothing),
            Followed::Missing(path) => match self.root.open(&path) {
                Ok(file) => (path, file, 0, Vec::new()),
                Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Followed::Missing(path)),
                Err(error) => return Err(error),
            },
            Followed::Open { path, file, offset, partial } => (path, file, offset, partial),
        };
        self.read_on(&mut file, &mut offset, &mut partial)?;
        match self.root.open(&path) {
            Ok(current) if !is_same(&current, &file)? => {
                // Rotated: the old file was read to its end, the new one is ours from its beginning.
                (file, offset) = (current, 0);
                partial.clear();
                self.read_on(&mut file, &mut offset, &mut partial)?;
            }
            Ok(_) => {}
            // Moved away, and not yet made anew: the old file is still the one written to.
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
        Ok(Followed::Open { path, file, offset, partial })
    }

    fn read_on(&mut self, file: &mut File, offset: &mut u64, partial: &mut Vec<u8>) -> io::Result<()> {
        if file.metadata()?.len() < *offset {
            *offset = 0;
            partial.clear();
        }
        file.seek(SeekFrom::Start(*offset))?;
        let mut buffer = vec![0; 1 << 16];
        loop {
            let read = file.read(&mut buffer)?;
            if read == 0 {
                return Ok(());
            }
            *offset += read as u64;
            for piece in buffer[..read].split_inclusive(|&byte| byte == b'\n') {
                if partial.len() < LONGEST_LINE {
                    partial.extend_from_slice(piece);
                }
                if piece.ends_with(b"\n") {
                    self.keep(partial);
                    partial.clear();
                }
            }
        }
    }

    fn keep(&mut self, line: &[u8]) {
        if self.entries.len() < MOST_ENTRIES {
            self.entries.extend(parse(line));
        }
    }
}

impl Followed {
    fn open(path: RootPath, file: File, offset: u64) -> Self {
        Self::Open { path, file, offset, partial: Vec::new() }
    }
}

fn is_same(a: &File, b: &File) -> io::Result<bool> {
    let (a, b) = (a.metadata()?, b.metadata()?);
    Ok((a.dev(), a.ino()) == (b.dev(), b.ino()))
}

/// Reads `2026/01/02 03:04:05 [crit] 12#34: message`; `None` for lower levels, lines about a
/// connection and anything else.
fn parse(line: &[u8]) -> Option<Entry> {
    let line = String::from_utf8_lossy(line.trim_ascii_end()).into_owned();
    let (_, rest) = line.split_once(" [")?;
    let (level, rest) = rest.split_once("] ")?;
    if !matches!(level, "error" | "crit" | "alert" | "emerg") {
        return None;
    }
    let (pid, rest) = rest.split_once('#')?;
    let (_, message) = rest.split_once(": ")?;
    if message.starts_with('*') {
        return None;
    }
    let entry = Entry {
        pid: pid.parse().ok()?,
        is_emergency: level == "emerg",
        message: message.to_owned(),
        line: String::new(),
    };
    Some(Entry { line, ..entry })
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "tests play nginx, which writes and rotates the log")]
mod tests {
    use super::*;
    use std::fs;
    use std::io::Write;

    fn line(pid: i32, message: &str) -> String {
        format!("2026/01/02 03:04:05 [crit] {pid}#{pid}: {message}\n")
    }

    fn pids(watch: &mut LogWatch) -> Vec<i32> {
        watch.read();
        watch.entries.iter().map(|entry| entry.pid).collect()
    }

    #[test]
    fn only_errors_without_a_connection_are_kept() {
        let read =
            |text: &str| parse(text.as_bytes()).map(|entry| (entry.pid, entry.is_emergency, entry.message));
        let emergency = "2026/01/02 03:04:05 [emerg] 7#7: still could not bind()\n";
        assert_eq!(read(emergency), Some((7, true, "still could not bind()".to_owned())));
        assert_eq!(read("2026/01/02 03:04:05 [crit] 7#8: *3 connect() failed"), None);
        assert_eq!(read("2026/01/02 03:04:05 [warn] 7#8: x"), None);
        for other in ["", "[emerg]", "x [emerg] y", "x [emerg] y#: z", "\u{fffd} [emerg] 99999999999#1: a"] {
            assert_eq!(read(other), None, "{other}");
        }
    }

    #[test]
    fn what_stood_before_is_not_read_and_rotation_loses_nothing() {
        let dir = tempfile::tempdir().expect("folder");
        let root = Root::at(dir.path()).expect("root");
        let path = dir.path().join("error.log");
        fs::write(&path, line(1, "old")).expect("write");
        let mut watch =
            LogWatch::start(&root, &MainLog::File(RootPath::new("/error.log").expect("absolute")));
        let mut log = File::options().append(true).open(&path).expect("open");
        let text = line(2, "torn");
        log.write_all(&text.as_bytes()[..20]).expect("write");
        assert_eq!(pids(&mut watch), Vec::<i32>::new());
        log.write_all(&text.as_bytes()[20..]).expect("write");
        fs::rename(&path, dir.path().join("error.log.1")).expect("rotate");
        assert_eq!(pids(&mut watch), [2]);
        log.write_all(line(3, "late").as_bytes()).expect("write");
        fs::write(&path, line(4, "new file")).expect("write");
        assert_eq!(pids(&mut watch), [2, 3, 4]);
        fs::write(&path, line(5, "x")).expect("truncate");
        assert_eq!(pids(&mut watch), [2, 3, 4, 5]);
        assert!(watch.is_looked_at());
    }

    #[test]
    fn what_is_no_file_is_not_looked_at() {
        let root = Root::live();
        for log in [MainLog::Elsewhere, MainLog::File(RootPath::new("/dev/null").expect("absolute"))] {
            assert!(!LogWatch::start(&root, &log).is_looked_at(), "{log:?}");
        }
    }
}
