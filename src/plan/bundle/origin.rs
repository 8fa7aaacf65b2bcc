//! Where the templates of a folder come from: whether they are those that come with motionctl, or are as somebody signed
//! them whose key is trusted.
//!
//! Invariant: a folder is [`Origin::Signed`] only when every file in it is as a list says that a trusted key signed, and
//! nothing else is in it. Judged are the bytes that are used, and not what is read from the folder a second time. A
//! signature that can be taken away protects nothing: where keys are trusted, a folder without one is no better than a
//! changed one.

use super::manifest::EMBEDDED;
use crate::values::{Hash, escape};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use minisign_verify::{Error, PublicKey, Signature};
use serde::{Deserialize, Deserializer, Serialize};
use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

/// The hashes of a bundle's files, as `sha256sum` prints them.
pub const LIST: &str = "SHA256SUMS";
/// The signature of that list, as `minisign -Sm SHA256SUMS` writes it.
pub const SIGNATURE: &str = "SHA256SUMS.minisig";

/// What a folder of templates holds.
#[derive(Debug, Default)]
pub struct Folder {
    /// What its files hold, by their names in it.
    pub files: BTreeMap<String, Vec<u8>>,
    /// What else is in it: the name, and what it is instead of a file.
    pub others: Vec<(String, &'static str)>,
}

/// A public key of minisign that bundles are signed with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BundleKey {
    id: String,
    key: PublicKey,
}

/// A text that is no public key of minisign.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no public key of minisign: give the line of its .pub file that begins with RW")]
pub struct NotKey(String);

/// Where a bundle's templates come from, as far as that can be told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Origin {
    /// They come with motionctl, byte for byte.
    BuiltIn,
    /// They are as a trusted key signed them.
    Signed {
        key: String,
        /// What the signature says of itself, which is signed as well.
        comment: String,
    },
    /// No trusted key signed them.
    Unsigned {
        /// What there is instead.
        because: String,
        /// Whether keys are trusted, so that a signature is wanted.
        is_wanted: bool,
    },
    /// They are not as they were listed or signed.
    Changed { because: Vec<String> },
}

impl Folder {
    /// Where the templates in it come from, to somebody who trusts these keys.
    #[must_use]
    pub fn origin(&self, keys: &[BundleKey]) -> Origin {
        if self.is_built_in() {
            return Origin::BuiltIn;
        }
        let (list, signature) = (self.files.get(LIST), self.files.get(SIGNATURE));
        let Some(list) = list else {
            return match signature {
                Some(_) => changed(format!("{SIGNATURE} is there, and {LIST} is not")),
                None => unsigned(format!("there is no {SIGNATURE}"), keys),
            };
        };
        let differs = match listed(list) {
            Ok(listed) => self.differs_from(&listed),
            Err(reason) => vec![reason],
        };
        // Also where nobody signed the list: whoever wrote it says that these are not the files.
        if !differs.is_empty() {
            return Origin::Changed { because: differs };
        }
        match signature {
            Some(signature) => signed(list, signature, keys),
            None => unsigned(format!("{LIST} is right, and there is no {SIGNATURE} of it"), keys),
        }
    }

    /// Files that no entry of the manifest names decide nothing: the manifest is the built-in one as well.
    fn is_built_in(&self) -> bool {
        EMBEDDED.iter().all(|(name, text)| self.files.get(*name).is_some_and(|file| file == text.as_bytes()))
    }

    fn differs_from(&self, listed: &BTreeMap<&str, Hash>) -> Vec<String> {
        let shown = |name: &str| escape(name.as_bytes());
        let mut differs = Vec::new();
        for (name, hash) in listed {
            match self.files.get(*name) {
                Some(bytes) if Hash::of(bytes) == *hash => {}
                Some(_) => differs.push(format!("{} is not as it was listed", shown(name))),
                None => differs.push(format!("{} is listed and not there", shown(name))),
            }
        }
        let names = self.files.keys().map(String::as_str);
        let more = names.filter(|name| ![LIST, SIGNATURE].contains(name) && !listed.contains_key(name));
        differs.extend(more.map(|name| format!("{} is not listed", shown(name))));
        // What a link leads to is another file tomorrow, and a folder's files are on no list.
        differs.extend(self.others.iter().map(|(name, what)| format!("{} is {what}", shown(name))));
        differs
    }
}

impl BundleKey {
    /// As minisign shows it.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }
}

impl FromStr for BundleKey {
    type Err = NotKey;

    /// The line with the key, or the whole of a `.pub` file, in which it is the last one.
    fn from_str(text: &str) -> Result<Self, NotKey> {
        let line = text.trim().lines().next_back().unwrap_or_default().trim();
        let key = PublicKey::from_base64(line).ok();
        let (id, key) = id_of(line).zip(key).ok_or_else(|| NotKey(escape(line.as_bytes())))?;
        Ok(Self { id, key })
    }
}

impl fmt::Display for BundleKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.id)
    }
}

impl<'de> Deserialize<'de> for BundleKey {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

fn changed(because: String) -> Origin {
    Origin::Changed { because: vec![because] }
}

fn unsigned(because: String, keys: &[BundleKey]) -> Origin {
    Origin::Unsigned { because, is_wanted: !keys.is_empty() }
}

/// Who signed this list.
fn signed(list: &[u8], signature: &[u8], keys: &[BundleKey]) -> Origin {
    let text = str::from_utf8(signature).ok();
    let Some((text, signature)) = text.and_then(|text| Some((text, Signature::decode(text).ok()?))) else {
        return changed(format!("{SIGNATURE} is no signature of minisign"));
    };
    // Ids are chosen by who makes a key, so several keys may have one.
    let mut refused = None;
    for BundleKey { id, key } in keys {
        // The old form signs the list itself and not its hash; minisign writes it when it is told to (`-l`).
        match key.verify(list, &signature, false) {
            // Not to be shown before this moment: it is signed as well, and nobody has looked until now.
            Ok(()) => {
                let comment = escape(signature.trusted_comment().as_bytes());
                return Origin::Signed { key: id.clone(), comment };
            }
            Err(Error::UnexpectedKeyId) => {}
            Err(Error::UnexpectedAlgorithm) => {
                refused = Some("is of minisign's old form: sign again without -l, or with -H");
            }
            Err(_) => refused = Some("does not fit: the list or its comment is another one than was signed"),
        }
    }
    match refused {
        Some(reason) => changed(format!("{SIGNATURE} {reason}")),
        None => {
            let id = text.lines().nth(1).and_then(id_of).unwrap_or_else(|| "that is not known".to_owned());
            unsigned(
                format!("it is signed with the key {id}, which is not among those that are trusted"),
                keys,
            )
        }
    }
}

/// The id in a key or signature of minisign: eight bytes after the two of the algorithm, the least one first.
fn id_of(line: &str) -> Option<String> {
    let bytes = STANDARD.decode(line).ok()?;
    let id: [u8; 8] = bytes.get(2..10)?.try_into().ok()?;
    // As `minisign` writes it, which is without zeros in front: people compare the two.
    Some(format!("{:X}", u64::from_le_bytes(id)))
}

/// The lines of `sha256sum`: a hash, two characters, a name without a folder.
fn listed(list: &[u8]) -> Result<BTreeMap<&str, Hash>, String> {
    let text = str::from_utf8(list).map_err(|_| format!("{LIST} is not UTF-8"))?;
    let mut listed = BTreeMap::new();
    for (number, line) in (1..).zip(text.lines()).filter(|(_, line)| !line.is_empty()) {
        let not_understood =
            || format!("line {number} of {LIST} is not a hash and the name of a file beside it");
        let (hash, name) = line.split_once(' ').ok_or_else(not_understood)?;
        let hash: Hash = hash.parse().map_err(|_| not_understood())?;
        let name = name.strip_prefix([' ', '*']).ok_or_else(not_understood)?;
        let name = name.strip_prefix("./").unwrap_or(name);
        if name.is_empty() || name.contains('/') {
            return Err(not_understood());
        }
        if listed.insert(name, hash).is_some() {
            return Err(format!("{LIST} names {} twice", escape(name.as_bytes())));
        }
    }
    Ok(listed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_written_as_minisign_writes_it() {
        let line = |id: u64| STANDARD.encode([&b"Ed"[..], &id.to_le_bytes(), &[0; 32]].concat());
        for (id, expect) in
            [(0x093E_4869_7C31_F2BD, "93E48697C31F2BD"), (0xF93E_4869_7C31_F2BD, "F93E48697C31F2BD")]
        {
            assert_eq!(id_of(&line(id)).as_deref(), Some(expect));
        }
        assert_eq!(id_of("no base64"), None);
    }
}
