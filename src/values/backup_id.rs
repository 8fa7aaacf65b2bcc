//! Names of backups.
//!
//! Invariant: a [`BackupId`] is a second and eight random digits, so it is a plain file name whatever
//! somebody typed. It says nothing about the order within its second: the manifest does.

use super::text::written_as_text;
use jiff::Timestamp;
use std::fmt;
use std::str::FromStr;

/// The name of a backup, such as `20261122T101500Z-0a1b2c3d`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct BackupId(String);

/// So many bytes of a name are its second.
const SECOND: usize = "00000000T000000Z".len();

/// A text that is no backup's name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not the name of a backup (like 20261122T101500Z-0a1b2c3d)")]
pub struct NotBackupId(String);

impl BackupId {
    /// The name of a backup that is made at `time`; `suffix` is eight hexadecimal digits.
    ///
    /// # Errors
    /// When the suffix is not.
    pub fn new(time: Timestamp, suffix: &str) -> Result<Self, NotBackupId> {
        format!("{}-{suffix}", Self::second_of(time)).parse()
    }

    /// The second that names of backups made at `time` begin with.
    #[must_use]
    pub fn second_of(time: Timestamp) -> String {
        time.strftime("%Y%m%dT%H%M%SZ").to_string()
    }

    /// The second that it begins with; as texts they sort by time.
    #[must_use]
    pub fn second(&self) -> &str {
        &self.0[..SECOND]
    }

    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for BackupId {
    type Err = NotBackupId;

    fn from_str(text: &str) -> Result<Self, NotBackupId> {
        const SHAPE: &[u8] = b"00000000T000000Z-hhhhhhhh";
        let fits = |(&byte, &shape): (&u8, &u8)| match shape {
            b'0' => byte.is_ascii_digit(),
            b'h' => matches!(byte, b'0'..=b'9' | b'a'..=b'f'),
            exact => byte == exact,
        };
        if text.len() == SHAPE.len() && text.as_bytes().iter().zip(SHAPE).all(fits) {
            return Ok(Self(text.to_owned()));
        }
        Err(NotBackupId(super::escape(text.as_bytes())))
    }
}

impl fmt::Display for BackupId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

written_as_text!(BackupId);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_of_backups_are_names_of_backups() {
        let time: Timestamp = "2026-01-02T03:04:05Z".parse().expect("a time");
        let id = BackupId::new(time, "0a1b2c3d").expect("a name");
        assert_eq!(id.as_str(), "20260102T030405Z-0a1b2c3d");
        let later =
            BackupId::new("2026-01-02T03:04:06Z".parse().expect("a time"), "00000000").expect("a name");
        assert!(id.second() < later.second());
        for text in [
            "", "..", "../x", "20260102T030405Z-0a1b2c3", "20260102T030405Z/0a1b2c3d",
            "20260102T030405Z-0A1B2C3D",
        ] {
            assert!(text.parse::<BackupId>().is_err(), "{text}");
        }
    }
}
