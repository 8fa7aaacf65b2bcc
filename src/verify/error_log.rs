//! The main error log as a witness of a reload.
//!
//! Invariant: only lines that were written after the watch began are read, also when the
//! file is rotated or truncated meanwhile, or was before and the master goes on writing to the old one. Lines about a connection (`*N`) are the business of live
//! traffic and not looked at. The format is that of `ngx_log_error_core`.

use crate::host::Root;
use crate::values::RootPath;
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::os::unix::fs::MetadataExt;

/// More lines of one process are not kept: the first ones say what is wrong.
const MOST_OF_ONE: usize = 200;
/// More lines of others than the master are not kept.
const MOST: usize = 5_000;
/// A log that is rotated more often than this during one reload is not followed back any further.
const MOST_FILES: usize = 4;
/// NGINX cuts its lines at 2,048 bytes; a longer one is not NGINX's.
const LONGEST_LINE: usize = 8192;

/// Where a configuration's main context logs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MainLog {
    File(RootPath),
    /// To standard error, syslog, memory or nowhere.
    Elsewhere,
}

/// One line of level `error` or above that is not about a connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ErrorLine {
    pub(super) pid: i32,
    pub(super) is_emergency: bool,
    /// Of level `alert` or `emerg`.
    pub(super) is_grave: bool,
    pub(super) message: String,
    /// The child that it says has ended.
    pub(super) exited: Option<i32>,
    pub(super) line: String,
}

/// A log that is being followed.
#[derive(Debug)]
pub(super) struct LogWatch {
    root: Root,
    /// `None` where nothing can be followed.
    path: Option<RootPath>,
    /// The newest last. A file that was moved away is written to until NGINX opens its logs again, and a master
    /// that refuses a configuration says so in the file that it had open before.
    files: Vec<Followed>,
    /// Whose lines are kept however many others write.
    master: i32,
    kept: BTreeMap<i32, usize>,
    pub(super) entries: Vec<ErrorLine>,
}

#[derive(Debug)]
struct Followed {
    file: File,
    offset: u64,
    partial: Vec<u8>,
}

impl LogWatch {
    /// Remembers where the log of `master` ends now; `open` is what that master has open as its main log.
    pub(super) fn start(root: &Root, log: &MainLog, master: i32, open: Option<File>) -> Self {
        let mut watch = Self {
            root: root.clone(),
            path: None,
            files: Vec::new(),
            master,
            kept: BTreeMap::new(),
            entries: Vec::new(),
        };
        if let MainLog::File(path) = log
            && let Ok(files) = followed(root, path, open)
        {
            (watch.path, watch.files) = (Some(path.clone()), files);
        }
        watch
    }

    /// Whether what was written can be seen; a log that never came to be holds no errors.
    pub(super) fn is_looked_at(&self) -> bool {
        self.path.is_some()
    }

    /// Reads what was written since the last time.
    pub(super) fn read(&mut self) {
        if self.advance().is_err() {
            // What can no longer be read is not looked at, rather than clean.
            (self.path, self.files) = (None, Vec::new());
        }
    }

    /// Forgets what was read: it was written before what is watched for.
    pub(super) fn forget(&mut self) {
        self.entries.clear();
        self.kept.clear();
    }

    fn advance(&mut self) -> io::Result<()> {
        let Some(path) = self.path.clone() else { return Ok(()) };
        let mut files = std::mem::take(&mut self.files);
        let current = self.root.open(&path);
        match current {
            Ok(current) if !is_known(&current, &files)? => {
                // Rotated, or new: ours from its beginning.
                files.push(Followed { file: current, offset: 0, partial: Vec::new() });
                if files.len() > MOST_FILES {
                    self.read_on(&mut files[0])?;
                    files.remove(0);
                }
            }
            Ok(_) => {}
            // Moved away, and not yet made again: the old file is still the one written to.
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
        for followed in &mut files {
            self.read_on(followed)?;
        }
        self.files = files;
        Ok(())
    }

    fn read_on(&mut self, Followed { file, offset, partial }: &mut Followed) -> io::Result<()> {
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
        let Some(entry) = parse(line) else { return };
        // Neither a storm of somebody's lines nor lines that name many processes push out the master's.
        let all = if entry.pid == self.master { usize::MAX } else { MOST };
        let kept = self.kept.entry(entry.pid).or_default();
        if *kept < MOST_OF_ONE && self.entries.len() < all {
            *kept += 1;
            self.entries.push(entry);
        }
    }
}

/// The file at the path and the one that the master has open, if that is another, each from its end.
fn followed(root: &Root, path: &RootPath, open: Option<File>) -> io::Result<Vec<Followed>> {
    let mut files = Vec::new();
    let at_path = match root.open(path) {
        Ok(file) => Some(file),
        Err(error) if error.kind() == io::ErrorKind::NotFound => None,
        Err(error) => return Err(error),
    };
    for file in open.into_iter().chain(at_path) {
        if !is_known(&file, &files)? {
            let offset = file.metadata()?.len();
            files.push(Followed { file, offset, partial: Vec::new() });
        }
    }
    Ok(files)
}

fn is_known(file: &File, files: &[Followed]) -> io::Result<bool> {
    let id = |file: &File| file.metadata().map(|status| (status.dev(), status.ino()));
    let wanted = id(file)?;
    for other in files {
        if id(&other.file)? == wanted {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Reads `2026/01/02 03:04:05 [crit] 12#34: message`; `None` for lower levels, lines about a
/// connection and anything else: also for the rest of a torn line and for further lines of a message.
fn parse(line: &[u8]) -> Option<ErrorLine> {
    let line = String::from_utf8_lossy(line.trim_ascii_end()).into_owned();
    let (time, rest) = line.split_once(" [")?;
    if !is_time(time) {
        return None;
    }
    let (level, rest) = rest.split_once("] ")?;
    if !matches!(level, "error" | "crit" | "alert" | "emerg") {
        return None;
    }
    let (pid, rest) = rest.split_once('#')?;
    let (_, message) = rest.split_once(": ")?;
    if message.starts_with('*') {
        return None;
    }
    let entry = ErrorLine {
        pid: pid.parse().ok()?,
        is_emergency: level == "emerg",
        is_grave: matches!(level, "alert" | "emerg"),
        message: message.to_owned(),
        exited: exited(message),
        line: String::new(),
    };
    Some(ErrorLine { line, ..entry })
}

/// The child of `worker process 12 exited on signal 9`, or of `cache manager process 12 exited …`.
fn exited(message: &str) -> Option<i32> {
    let (name, rest) = message.split_once(" process ")?;
    let (pid, _) = rest.split_once(" exited ")?;
    // A name holds no other words: this is the whole message, not a part of one.
    name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b' ').then(|| pid.parse().ok())?
}

/// Whether this is how NGINX writes the time.
fn is_time(text: &str) -> bool {
    const PATTERN: &[u8] = b"0000/00/00 00:00:00";
    let fits = |(c, p): (u8, &u8)| if *p == b'0' { c.is_ascii_digit() } else { c == *p };
    text.len() == PATTERN.len() && text.bytes().zip(PATTERN).all(fits)
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
        let continued = "a b [emerg] 7#7: still could not bind()";
        let torn = "/02 03:04:05 [emerg] 7#7: still could not bind()";
        for other in [
            "",
            continued,
            torn,
            "[emerg]",
            "x [emerg] y",
            "x [emerg] y#: z",
            "\u{fffd} [emerg] 99999999999#1: a",
        ] {
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
            LogWatch::start(&root, &MainLog::File(RootPath::new("/error.log").expect("absolute")), 1, None);
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
        log.write_all(line(6, "by who has not opened the new file yet").as_bytes()).expect("write");
        assert_eq!(pids(&mut watch), [2, 3, 4, 6]);
        fs::write(&path, line(5, "x")).expect("truncate");
        assert_eq!(pids(&mut watch), [2, 3, 4, 6, 5]);
        assert!(watch.is_looked_at());
    }

    #[test]
    fn what_is_no_file_is_not_looked_at() {
        let root = Root::live();
        for log in [MainLog::Elsewhere, MainLog::File(RootPath::new("/dev/null").expect("absolute"))] {
            assert!(!LogWatch::start(&root, &log, 1, None).is_looked_at(), "{log:?}");
        }
    }

    #[test]
    fn the_file_that_the_master_has_open_is_followed_too() {
        let dir = tempfile::tempdir().expect("folder");
        let root = Root::at(dir.path()).expect("root");
        let (moved, path) = (dir.path().join("error.log.1"), dir.path().join("error.log"));
        let mut log = File::create(&moved).expect("a file");
        fs::write(&path, line(1, "old")).expect("write");
        let main = MainLog::File(RootPath::new("/error.log").expect("absolute"));
        let mut watch = LogWatch::start(&root, &main, 2, Some(File::open(&moved).expect("open")));
        log.write_all(line(2, "in the moved file").as_bytes()).expect("write");
        assert_eq!(pids(&mut watch), [2]);
    }

    #[test]
    fn storms_do_not_push_out_the_master() {
        let dir = tempfile::tempdir().expect("folder");
        let root = Root::at(dir.path()).expect("root");
        let path = dir.path().join("error.log");
        fs::write(&path, "").expect("write");
        let main = MainLog::File(RootPath::new("/error.log").expect("absolute"));
        let mut watch = LogWatch::start(&root, &main, 2, None);
        let storm: String = (0..20_000).map(|n| line(100 + n % 7_000, "of others")).collect();
        fs::write(&path, storm + &line(2, "of the master")).expect("write");
        watch.read();
        assert!(watch.entries.len() <= MOST + 1, "{}", watch.entries.len());
        assert_eq!(watch.entries.iter().filter(|entry| entry.pid == 2).count(), 1);
    }
}
