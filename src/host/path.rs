//! Names of files: absolute paths as seen inside a root, and a spelling of any
//! bytes that survives JSON and terminals.
//!
//! Invariant: a [`RootPath`] is absolute, without `.`, `..`, empty parts or NUL, so
//! joining it below a folder never leaves that folder by its text. This file
//! does not touch the file system.

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::ffi::{OsStr, OsString};
use std::fmt;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Component, Path, PathBuf};

/// An absolute, normalised path as seen inside a [`super::Root`].
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RootPath(PathBuf);

/// A path that cannot be a [`RootPath`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{path}` is not an absolute path without `..`")]
pub struct NotRootPath {
    path: String,
}

impl RootPath {
    /// The path, with `.` and repeated slashes removed.
    ///
    /// `..` is refused rather than folded: with a symbolic link before it, the
    /// text does not say which folder is meant ([`super::Root::locate`] does).
    ///
    /// # Errors
    /// When the path is relative, or contains `..` or NUL.
    pub fn new(path: impl AsRef<Path>) -> Result<Self, NotRootPath> {
        let path = path.as_ref();
        let refused = || NotRootPath { path: escape(path.as_os_str().as_bytes()) };
        if !path.is_absolute() || path.as_os_str().as_bytes().contains(&0) {
            return Err(refused());
        }
        let mut clean = PathBuf::from("/");
        for part in path.components() {
            match part {
                Component::RootDir | Component::CurDir => {}
                Component::Normal(name) => clean.push(name),
                Component::ParentDir | Component::Prefix(_) => return Err(refused()),
            }
        }
        Ok(Self(clean))
    }

    /// The path as the root's inhabitants spell it.
    #[must_use]
    pub fn as_path(&self) -> &Path {
        &self.0
    }

    /// The path's bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        self.0.as_os_str().as_bytes()
    }

    /// The path without the leading slash: what to join below a folder.
    #[must_use]
    pub fn below(&self) -> &Path {
        self.0.strip_prefix("/").expect("a root path is absolute")
    }

    /// The folder that holds it; `None` for `/`.
    #[must_use]
    pub fn parent(&self) -> Option<Self> {
        self.0.parent().map(|parent| Self(parent.to_owned()))
    }

    /// The last part; `None` for `/`.
    #[must_use]
    pub fn name(&self) -> Option<&OsStr> {
        self.0.file_name()
    }

    /// Whether this is `folder` or lies below it.
    #[must_use]
    pub fn is_within(&self, folder: &Self) -> bool {
        self.0.starts_with(&folder.0)
    }

    /// The entry `name` of this folder.
    ///
    /// # Errors
    /// When `name` is not a plain file name.
    pub fn join(&self, name: impl AsRef<OsStr>) -> Result<Self, NotRootPath> {
        let name = name.as_ref();
        if name.is_empty() || name == "." || name.as_bytes().contains(&b'/') {
            return Err(NotRootPath { path: escape(name.as_bytes()) });
        }
        Self::new(self.0.join(name))
    }
}

impl AsRef<Path> for RootPath {
    fn as_ref(&self) -> &Path {
        &self.0
    }
}

impl fmt::Display for RootPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&escape(self.as_bytes()))
    }
}

impl fmt::Debug for RootPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{self}`")
    }
}

impl std::str::FromStr for RootPath {
    type Err = NotRootPath;

    /// Reads what `Display` writes.
    fn from_str(text: &str) -> Result<Self, NotRootPath> {
        let bytes = unescape(text).ok_or_else(|| NotRootPath { path: text.to_owned() })?;
        Self::new(OsString::from_vec(bytes))
    }
}

impl Serialize for RootPath {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for RootPath {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

/// What a symbolic link says: any bytes, relative or absolute.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct LinkText(OsString);

impl LinkText {
    /// The text of a link, as `readlink` gives it.
    pub fn new(text: impl Into<OsString>) -> Self {
        Self(text.into())
    }

    /// The text as the kernel takes it.
    #[must_use]
    pub fn as_os_str(&self) -> &OsStr {
        &self.0
    }
}

impl fmt::Display for LinkText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&escape(self.0.as_bytes()))
    }
}

impl fmt::Debug for LinkText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{self}`")
    }
}

impl Serialize for LinkText {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for LinkText {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let bytes = unescape(&text).ok_or_else(|| serde::de::Error::custom("not an escaped link"))?;
        Ok(Self(OsString::from_vec(bytes)))
    }
}

/// Any bytes as one line of printable text: UTF-8 stays, a backslash is doubled, control
/// characters and bytes that are not UTF-8 become `\xHH`.
#[must_use]
pub fn escape(bytes: &[u8]) -> String {
    use fmt::Write as _;
    let mut text = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        for character in chunk.valid().chars() {
            if character == '\\' {
                text.push_str("\\\\");
            } else if character.is_control() || is_disguise(character) {
                let mut buffer = [0; 4];
                for byte in character.encode_utf8(&mut buffer).bytes() {
                    write!(text, "\\x{byte:02x}").expect("writing to a string");
                }
            } else {
                text.push(character);
            }
        }
        for byte in chunk.invalid() {
            write!(text, "\\x{byte:02x}").expect("writing to a string");
        }
    }
    text
}

/// Characters that reorder or break a line on a terminal without being control characters.
fn is_disguise(character: char) -> bool {
    matches!(character, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

/// The bytes that [`escape`] wrote; `None` for text that it never writes.
#[must_use]
pub fn unescape(text: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&first, after)) = rest.split_first() {
        rest = after;
        if first != b'\\' {
            bytes.push(first);
            continue;
        }
        match rest {
            [b'\\', after @ ..] => {
                bytes.push(b'\\');
                rest = after;
            }
            [b'x', high, low, after @ ..] => {
                let mut byte = [0];
                hex::decode_to_slice([*high, *low], &mut byte).ok()?;
                bytes.push(byte[0]);
                rest = after;
            }
            _ => return None,
        }
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn paths_are_normalised_or_refused() {
        let path = |text: &str| RootPath::new(text).map(|p| p.to_string());
        assert_eq!(path("/etc//nginx/./x/").as_deref(), Ok("/etc/nginx/x"));
        assert_eq!(path("/").as_deref(), Ok("/"));
        for refused in ["", "etc", "/etc/../x", "/a\0b"] {
            assert!(path(refused).is_err(), "{refused:?}");
        }
        assert!(RootPath::new("/a").expect("absolute").join("../b").is_err());
        assert!(RootPath::new("/a").expect("absolute").join("..").is_err());
    }

    #[test]
    fn hostile_names_stay_one_line() {
        assert_eq!(escape(b"a\nb\\c\xff\x1b[31m"), "a\\x0ab\\\\c\\xff\\x1b[31m");
        assert_eq!(escape("caf\u{e9}\u{202e}".as_bytes()), "caf\u{e9}\\xe2\\x80\\xae");
        assert_eq!(unescape("\\q"), None);
        assert_eq!(unescape("\\x4"), None);
    }

    proptest! {
        #[test]
        fn escaping_loses_no_byte(bytes: Vec<u8>) {
            prop_assert_eq!(unescape(&escape(&bytes)), Some(bytes));
        }
    }
}
