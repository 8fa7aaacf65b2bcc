//! Names of files that plans and journals can hold: text, and written as it is.
//!
//! Invariant: a [`TextPath`] is a [`RootPath`] that is UTF-8, so writing it down cannot fail, and
//! reading it back gives the same path.

use super::escape::escape;
use super::path::{NotRootPath, RootPath};
use super::text::is_text_in_schemas;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::borrow::Borrow;
use std::fmt;
use std::ops::Deref;
use std::path::Path;

/// A path below the root whose every name is text.
///
/// Unlike a [`RootPath`], which escapes what is no text, it is written as it stands: so plans and
/// journals have spelled paths from the first.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TextPath(RootPath);

/// A path that is no text.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the name `{path}` is not UTF-8")]
pub struct NotText {
    path: String,
}

impl TextPath {
    /// The path of this text, with `.` and repeated slashes removed.
    ///
    /// # Errors
    /// When it is relative, or contains `..` or NUL.
    pub fn new(text: &str) -> Result<Self, NotRootPath> {
        RootPath::new(text).map(Self)
    }

    /// The folders that lead to it, outermost first, `/` among them.
    #[must_use]
    pub fn folders_above(&self) -> Vec<Self> {
        let mut above: Vec<_> = std::iter::successors(self.parent(), RootPath::parent).map(Self).collect();
        above.reverse();
        above
    }

    /// The path as text, not escaped.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.0.as_path().to_str().expect("only text becomes such a path")
    }
}

impl NotText {
    /// The error for this name.
    #[must_use]
    pub fn named(path: &Path) -> Self {
        Self { path: escape(path.as_os_str().as_encoded_bytes()) }
    }
}

impl TryFrom<RootPath> for TextPath {
    type Error = NotText;

    fn try_from(path: RootPath) -> Result<Self, NotText> {
        if path.as_path().to_str().is_none() {
            return Err(NotText::named(path.as_path()));
        }
        Ok(Self(path))
    }
}

impl Deref for TextPath {
    type Target = RootPath;

    fn deref(&self) -> &RootPath {
        &self.0
    }
}

impl AsRef<Path> for TextPath {
    fn as_ref(&self) -> &Path {
        self.0.as_path()
    }
}

/// Maps are asked by the plain paths of a configuration; both compare alike.
impl Borrow<Path> for TextPath {
    fn borrow(&self) -> &Path {
        self.0.as_path()
    }
}

impl fmt::Debug for TextPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Serialize for TextPath {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

is_text_in_schemas!(TextPath);

impl<'de> Deserialize<'de> for TextPath {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::new(&String::deserialize(deserializer)?).map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;

    #[test]
    fn text_is_written_as_it_stands_and_read_back() {
        for text in ["/etc/nginx/conf.d/motion.conf", "/a\\b", "/a\nb", "/caf\u{e9}"] {
            let path = TextPath::new(text).expect("a path");
            let json = serde_json::to_string(&path).expect("text");
            assert_eq!(json, serde_json::to_string(text).expect("text"));
            assert_eq!(serde_json::from_str::<TextPath>(&json).expect("reads"), path);
        }
        for refused in ["\"etc\"", "\"/etc/../x\"", "\"\"", "\"/a\\u0000\"", "7"] {
            assert!(serde_json::from_str::<TextPath>(refused).is_err(), "{refused}");
        }
    }

    #[test]
    fn what_is_no_text_is_refused_by_its_escaped_name() {
        let path = RootPath::new(OsStr::from_bytes(b"/a\xff")).expect("a path");
        let refused = TextPath::try_from(path).expect_err("refused").to_string();
        assert_eq!(refused, "the name `/a\\xff` is not UTF-8");
    }
}
