//! What a file has besides its bytes: mode, owner, time of change, extended attributes.
//!
//! Invariant: text keeps every bit of them. Left out: access and status-change times, and what
//! belongs to one inode or one set of bytes (`security.ima`, overlay marks).

use super::escape::{escape, unescape};
use super::text::is_text_in_schemas;
use super::unique::unique;
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::collections::BTreeMap;
use std::fmt;

/// Mode, owner, time of change and extended attributes of a file, folder or link.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Attributes {
    /// Permission bits with setuid, setgid and sticky; without the type.
    pub mode: FileMode,
    /// Owner.
    pub uid: u32,
    /// Group.
    pub gid: u32,
    /// Time of the last change of the bytes.
    pub mtime: Mtime,
    /// Extended attributes, SELinux label and POSIX access lists among them.
    #[serde(default, skip_serializing_if = "Xattrs::is_empty")]
    #[schemars(with = "BTreeMap<String, String>")]
    pub xattrs: Xattrs,
}

/// Twelve permission bits; octal text in JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FileMode(pub u32);

/// When a file was last changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Mtime {
    /// Whenever it is written: a plan knows no clock.
    OfWriting,
    /// Seconds since 1970 and nanoseconds.
    At(i64, i64),
}

/// Extended attributes by name; values in hexadecimal in JSON.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Xattrs(pub BTreeMap<Vec<u8>, Vec<u8>>);

/// One attribute in which two files differ.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum AttributeDifference {
    /// Permission bits.
    Mode,
    /// User or group.
    Owner,
    /// Time of change.
    Mtime,
    /// The extended attribute of this (escaped) name.
    Xattr(String),
}

impl Attributes {
    /// Attributes of a new file, written now and without extended attributes.
    #[must_use]
    pub fn plain(mode: u32, uid: u32, gid: u32) -> Self {
        Self { mode: FileMode(mode & 0o7777), uid, gid, mtime: Mtime::OfWriting, xattrs: Xattrs::default() }
    }

    /// The same attributes for other bytes: the time of change becomes that of writing.
    #[must_use]
    pub fn for_new_bytes(&self) -> Self {
        Self { mtime: Mtime::OfWriting, ..self.clone() }
    }

    /// In what `other` differs; a time of writing differs from nothing.
    #[must_use]
    pub fn differences(&self, other: &Self) -> Vec<AttributeDifference> {
        let mut found = Vec::new();
        if self.mode != other.mode {
            found.push(AttributeDifference::Mode);
        }
        if (self.uid, self.gid) != (other.uid, other.gid) {
            found.push(AttributeDifference::Owner);
        }
        if let (Mtime::At(..), Mtime::At(..)) = (self.mtime, other.mtime)
            && self.mtime != other.mtime
        {
            found.push(AttributeDifference::Mtime);
        }
        let (ours, theirs) = (&self.xattrs.0, &other.xattrs.0);
        let mut names: Vec<&Vec<u8>> = ours.keys().chain(theirs.keys()).collect();
        names.sort();
        names.dedup();
        names.retain(|name| ours.get(*name) != theirs.get(*name));
        found.extend(names.into_iter().map(|name| AttributeDifference::Xattr(escape(name))));
        found
    }
}

impl Xattrs {
    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Display for FileMode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04o}", self.0)
    }
}

impl Serialize for FileMode {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

is_text_in_schemas!(FileMode);

impl<'de> Deserialize<'de> for FileMode {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        match u32::from_str_radix(&text, 8) {
            Ok(mode) if mode <= 0o7777 => Ok(Self(mode)),
            _ => Err(serde::de::Error::custom(format!("`{text}` is not a file mode"))),
        }
    }
}

impl Serialize for Xattrs {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(name, value)| (escape(name), hex::encode(value))))
    }
}

impl<'de> Deserialize<'de> for Xattrs {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let texts: BTreeMap<String, String> = unique(deserializer)?;
        let decoded = texts.iter().map(|(name, value)| Some((unescape(name)?, hex::decode(value).ok()?)));
        let decoded: Option<BTreeMap<_, _>> = decoded.collect();
        decoded.map(Self).ok_or_else(|| serde::de::Error::custom("not an extended attribute in hexadecimal"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_keeps_every_bit() {
        let mut attributes = Attributes::plain(0o4640, 7, 9);
        attributes.mtime = Mtime::At(-5, 999_999_999);
        attributes.xattrs.0.insert(b"user.\xff".to_vec(), vec![0, 255]);
        let text = serde_json::to_string(&attributes).expect("serialises");
        assert_eq!(
            text,
            r#"{"mode":"4640","uid":7,"gid":9,"mtime":{"at":[-5,999999999]},"xattrs":{"user.\\xff":"00ff"}}"#
        );
        assert_eq!(serde_json::from_str::<Attributes>(&text).expect("parses"), attributes);
        assert!(serde_json::from_str::<FileMode>("\"77777\"").is_err());
    }

    #[test]
    fn differences_name_what_differs() {
        let old = Attributes { mtime: Mtime::At(1, 2), ..Attributes::plain(0o644, 0, 0) };
        let mut new = Attributes::plain(0o600, 0, 4);
        new.xattrs.0.insert(b"user.a".to_vec(), vec![1]);
        let found = old.differences(&new);
        let xattr = AttributeDifference::Xattr("user.a".to_owned());
        assert_eq!(found, [AttributeDifference::Mode, AttributeDifference::Owner, xattr]);
        new.mtime = Mtime::At(1, 3);
        assert!(old.differences(&new).contains(&AttributeDifference::Mtime));
    }
}
