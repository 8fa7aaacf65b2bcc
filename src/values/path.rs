//! Names of files: absolute paths as seen inside a root, and what links say.
//!
//! Invariant: a [`RootPath`] is absolute, without `.`, `..`, empty parts or NUL, so
//! joining it below a folder never leaves that folder by its text.

use super::escape::{escape, unescape};
use super::text::{is_text_in_schemas, written_as_text};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::borrow::Borrow;
use std::ffi::{OsStr, OsString};
use std::fmt;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Component, Path, PathBuf};

/// An absolute, normalised path as seen inside a server's root.
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
    /// text does not say which folder is meant.
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

/// Maps are asked by the plain paths of a configuration; both compare alike.
impl Borrow<Path> for RootPath {
    fn borrow(&self) -> &Path {
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

written_as_text!(RootPath);

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

is_text_in_schemas!(LinkText);

impl<'de> Deserialize<'de> for LinkText {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let bytes = unescape(&text).ok_or_else(|| serde::de::Error::custom("not an escaped link"))?;
        Ok(Self(OsString::from_vec(bytes)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
}
