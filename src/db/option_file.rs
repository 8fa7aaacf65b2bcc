//! MySQL's option files: groups, quotes, escapes and includes.
//!
//! Invariant: a file that others may read or change, or that belongs to somebody else, is refused before a byte of it
//! counts. It must not look for files that nobody named.

use super::secret::Secret;
use std::fs::{File, OpenOptions};
use std::io::Read;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

/// The groups that are read; later ones do not outrank earlier ones, the order in the file counts.
const GROUPS: [&str; 5] = ["client", "client-server", "client-mariadb", "mysql", "motionctl"];
/// As deep as MySQL follows includes.
const DEPTH: usize = 10;
/// So many files may be read, the first one and each that is included, as often as it is: ten levels of files that
/// include the next one ten times would never end.
const FILES: usize = 100;
/// No option file is larger.
const LARGEST: u64 = 1 << 20;

/// What option files say about a connection.
#[derive(Clone, Default)]
pub struct OptionFile {
    pub user: Option<String>,
    pub password: Option<Secret>,
    pub host: Option<String>,
    pub port: Option<u16>,
    pub socket: Option<PathBuf>,
    pub schema: Option<String>,
    pub ca: Option<PathBuf>,
    pub tls: Option<bool>,
}

/// Why an option or password file is not used.
#[derive(Debug, thiserror::Error)]
pub enum OptionFileError {
    /// It cannot be read.
    #[error("reading {}: {cause}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        cause: std::io::Error,
    },
    /// Others may read or change it.
    #[error("{} may be {what} by others (mode {mode:04o})", path.display())]
    Open {
        /// The file.
        path: PathBuf,
        /// `read` or `changed`.
        what: &'static str,
        mode: u32,
    },
    /// It belongs to somebody else.
    #[error("{} belongs to user {owner}", path.display())]
    Owner {
        /// The file.
        path: PathBuf,
        /// The user.
        owner: u32,
    },
    /// It is no file, too large, or not text.
    #[error("{} is {what}", path.display())]
    Unfit {
        /// The file.
        path: PathBuf,
        what: &'static str,
    },
    /// None of the groups that are read is in it: its name may be mistyped, and nothing of it would count.
    #[error("{} has none of the groups that are read: {}", path.display(), groups())]
    NoGroup {
        /// The file.
        path: PathBuf,
    },
    /// A line that means nothing.
    #[error("{}:{line}: {what}", path.display())]
    Line {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// What is wrong; never the line itself, which may hold a password.
        what: &'static str,
    },
}

impl OptionFile {
    /// Reads a file and what it includes.
    ///
    /// # Errors
    /// When it, or a file that it includes, is not fit to be trusted or means nothing.
    pub fn read(path: &Path) -> Result<Self, OptionFileError> {
        let (mut options, mut left) = (Self::default(), FILES);
        if options.read_into(path, 0, &mut left)? {
            Ok(options)
        } else {
            Err(OptionFileError::NoGroup { path: path.to_owned() })
        }
    }

    /// Whether a group that is read was found. `left` is how many files may still be read.
    fn read_into(&mut self, path: &Path, depth: usize, left: &mut usize) -> Result<bool, OptionFileError> {
        *left = left.checked_sub(1).ok_or_else(|| OptionFileError::Unfit {
            path: path.to_owned(),
            what: "one of too many included files",
        })?;
        let (text, mode) = trusted_text(path)?;
        if depth == 0 && mode & 0o077 != 0 {
            return Err(OptionFileError::Open { path: path.to_owned(), what: "read", mode });
        }
        // Each file has groups of its own, also one that is included from within a group.
        let (mut group, mut found) = (None, false);
        for (index, line) in text.lines().enumerate() {
            let failed = |what| OptionFileError::Line { path: path.to_owned(), line: index + 1, what };
            match Line::of(line).map_err(failed)? {
                Line::Nothing => {}
                Line::Group(name) => {
                    let wanted = GROUPS.contains(&name);
                    group = Some(wanted);
                    found |= wanted;
                }
                Line::Include(_) | Line::IncludeFolder(_) if depth >= DEPTH => {
                    return Err(failed("includes are nested too deeply"));
                }
                Line::Include(file) => found |= self.read_into(&beside(path, file), depth + 1, left)?,
                Line::IncludeFolder(folder) => {
                    for file in option_files(&beside(path, folder))? {
                        found |= self.read_into(&file, depth + 1, left)?;
                    }
                }
                Line::Option(..) if group.is_none() => {
                    return Err(failed("an option before the first [group]"));
                }
                // A file that is included may be readable by all as long as it tells no secret.
                Line::Option("password", Some(_)) if group == Some(true) && mode & 0o077 != 0 => {
                    return Err(OptionFileError::Open { path: path.to_owned(), what: "read", mode });
                }
                Line::Option(name, value) if group == Some(true) => self.set(name, value).map_err(failed)?,
                Line::Option(..) => {}
            }
        }
        Ok(found)
    }

    /// Options of other programs in the same groups are passed over, as MySQL's own clients do with `loose-`.
    fn set(&mut self, name: &str, value: Option<String>) -> Result<(), &'static str> {
        let name = name.strip_prefix("loose-").unwrap_or(name);
        match (name, value) {
            ("user", value) => self.user = value,
            ("password", value) => self.password = value.map(Secret::new),
            ("host", value) => self.host = value,
            ("port", value) => {
                let port = value.as_deref().and_then(|text| text.parse().ok()).filter(|port| *port > 0);
                self.port = Some(port.ok_or("this is no port")?);
            }
            ("socket", value) => self.socket = value.map(PathBuf::from),
            ("database", value) => self.schema = value,
            ("ssl-ca", value) => self.ca = value.map(PathBuf::from),
            ("skip-ssl" | "disable-ssl", None) => self.tls = Some(false),
            ("ssl", None) => self.tls = Some(true),
            ("ssl" | "ssl-mode", Some(value)) => {
                let off = ["0", "off", "false", "disabled"];
                self.tls = Some(!off.contains(&value.to_ascii_lowercase().as_str()));
            }
            _ => {}
        }
        Ok(())
    }
}

impl Secret {
    /// Reads a password from a file that holds nothing else; one line end at its end does not belong to it.
    ///
    /// # Errors
    /// When the file is not fit to be trusted.
    pub fn read_file(path: &Path) -> Result<Self, OptionFileError> {
        let (text, mode) = trusted_text(path)?;
        if mode & 0o077 != 0 {
            return Err(OptionFileError::Open { path: path.to_owned(), what: "read", mode });
        }
        let text = text.strip_suffix('\n').unwrap_or(&text);
        Ok(Self::new(text.strip_suffix('\r').unwrap_or(text)))
    }
}

/// The text and mode of a file that nobody else can change.
fn trusted_text(path: &Path) -> Result<(String, u32), OptionFileError> {
    let io = |cause| OptionFileError::Io { path: path.to_owned(), cause };
    let unfit = |what| OptionFileError::Unfit { path: path.to_owned(), what };
    // A pipe must not hold the run up; what is looked at is what is read, whatever the name means by then.
    let mut file: File =
        OpenOptions::new().read(true).custom_flags(nix::libc::O_NONBLOCK).open(path).map_err(io)?;
    let metadata = file.metadata().map_err(io)?;
    let mode = metadata.mode() & 0o7777;
    if !metadata.is_file() {
        return Err(unfit("no file"));
    }
    if metadata.uid() != 0 && metadata.uid() != nix::unistd::Uid::effective().as_raw() {
        return Err(OptionFileError::Owner { path: path.to_owned(), owner: metadata.uid() });
    }
    if mode & 0o022 != 0 {
        return Err(OptionFileError::Open { path: path.to_owned(), what: "changed", mode });
    }
    if metadata.len() > LARGEST {
        return Err(unfit("too large"));
    }
    let mut bytes = Vec::new();
    file.by_ref().take(LARGEST).read_to_end(&mut bytes).map_err(io)?;
    let text = String::from_utf8(bytes).map_err(|_| unfit("not text in UTF-8"))?;
    // Editors of Windows put a mark before the text.
    let text = text.strip_prefix('\u{feff}').map(str::to_owned).unwrap_or(text);
    Ok((text, mode))
}

fn groups() -> String {
    GROUPS.map(|group| format!("[{group}]")).join(", ")
}

/// Relative includes are relative to the file that has them, not to wherever somebody stands.
fn beside(path: &Path, named: &str) -> PathBuf {
    path.parent().unwrap_or(Path::new("")).join(named)
}

fn option_files(folder: &Path) -> Result<Vec<PathBuf>, OptionFileError> {
    let io = |cause| OptionFileError::Io { path: folder.to_owned(), cause };
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(io)? {
        let path = entry.map_err(io)?.path();
        if path.extension().is_some_and(|extension| extension == "cnf") {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

#[derive(Debug, PartialEq)]
enum Line<'a> {
    Nothing,
    Group(&'a str),
    Include(&'a str),
    IncludeFolder(&'a str),
    Option(&'a str, Option<String>),
}

impl<'a> Line<'a> {
    fn of(text: &'a str) -> Result<Self, &'static str> {
        let text = text.trim();
        if text.is_empty() || text.starts_with(['#', ';']) {
            return Ok(Self::Nothing);
        }
        if let Some(rest) = text.strip_prefix('[') {
            let (group, _) = rest.split_once(']').ok_or("a group without its closing bracket")?;
            return Ok(Self::Group(group.trim()));
        }
        if let Some(rest) = text.strip_prefix('!') {
            return match rest.split_once(char::is_whitespace) {
                Some(("include", file)) => Ok(Self::Include(file.trim())),
                Some(("includedir", folder)) => Ok(Self::IncludeFolder(folder.trim())),
                _ => Err("only !include and !includedir are known"),
            };
        }
        let text = without_comment(text).trim_end();
        match text.split_once('=') {
            Some((name, value)) => {
                Ok(Self::Option(known(name.trim_end()), Some(unquoted(value.trim_start()))))
            }
            None => Ok(Self::Option(known(text), None)),
        }
    }
}

/// `ssl_ca` and `ssl-ca` are one option.
fn known(name: &str) -> &str {
    match name {
        "ssl_ca" => "ssl-ca",
        "ssl_mode" => "ssl-mode",
        "skip_ssl" => "skip-ssl",
        name => name,
    }
}

/// What stands before a `#` outside quotes; as MySQL's `remove_end_comment` sees it.
fn without_comment(text: &str) -> &str {
    let (mut quote, mut escaped) = (None, false);
    for (index, c) in text.char_indices() {
        match (c, quote) {
            ('#', None) => return &text[..index],
            ('\'' | '"', _) if !escaped && quote.is_none_or(|open| open == c) => {
                quote = if quote.is_some() { None } else { Some(c) };
            }
            _ => {}
        }
        escaped = quote.is_some() && c == '\\' && !escaped;
    }
    text
}

/// The value without its quotes, and with its escapes read.
fn unquoted(value: &str) -> String {
    let inside = ['\'', '"']
        .into_iter()
        .find_map(|quote| value.strip_prefix(quote)?.strip_suffix(quote).filter(|_| value.len() >= 2));
    let mut text = String::new();
    let mut chars = inside.unwrap_or(value).chars();
    while let Some(c) = chars.next() {
        if c != '\\' {
            text.push(c);
            continue;
        }
        match chars.next() {
            Some('n') => text.push('\n'),
            Some('t') => text.push('\t'),
            Some('r') => text.push('\r'),
            Some('b') => text.push('\u{8}'),
            Some('s') => text.push(' '),
            Some(same @ ('"' | '\'' | '\\')) => text.push(same),
            Some(other) => text.extend(['\\', other]),
            None => text.push('\\'),
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_read_as_mysql_reads_them() {
        let option = |name, value: &str| Ok(Line::Option(name, Some(value.to_owned())));
        assert_eq!(Line::of("  # nothing"), Ok(Line::Nothing));
        assert_eq!(Line::of(" [client] "), Ok(Line::Group("client")));
        assert_eq!(Line::of("!include  a.cnf "), Ok(Line::Include("a.cnf")));
        assert_eq!(Line::of("user = bob # the builder"), option("user", "bob"));
        assert_eq!(Line::of("password='a#b'"), option("password", "a#b"));
        assert_eq!(Line::of("password=\"a\\\"#b\\s\\x\" # c"), option("password", "a\"#b \\x"));
        assert_eq!(Line::of("password=it's"), option("password", "it's"));
        assert_eq!(Line::of("ssl_ca=/x"), option("ssl-ca", "/x"));
        assert_eq!(Line::of("password"), Ok(Line::Option("password", None)));
        assert_eq!(Line::of("password="), option("password", ""));
        assert!(Line::of("[client").is_err() && Line::of("!contain x").is_err());
    }
}
