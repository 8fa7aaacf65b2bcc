//! The local patch as it is written down: readable, and edited by hand.
//!
//! Invariant: what is written is read back alike; what cannot be read is named
//! by line and column, and nothing of it is used.

use crate::values::Hash;
use nginx_config::patch::{Change, ChangeKind, Misfit};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use thiserror::Error;
use toml::Spanned;

/// The format that is written and read.
pub const FORMAT: u32 = 1;

/// What stands at the top of the file, for whoever opens it.
const HEADER: &str = "\
# Local changes of a Motion server's NGINX file: what it has beyond the text they are told from.
# motionctl writes this file after each change, and brings the changes back after an update.
# `motionctl local` shows, adds and drops them. The file may hold secrets: keep it to root.
";

/// What local changes are told from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum BaseKind {
    /// The vendor's own text.
    Vendor,
    /// What stood there before the first change: the vendor's text is not known,
    /// and all of it counts as the customer's.
    AsFound,
}

/// Where a local change came from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(from = "String", into = "String")]
pub enum Origin {
    /// motionctl added it: routes of the new client.
    Motionctl,
    /// It stood in the file, and the vendor's text is known.
    File,
    /// It stood in the file before the vendor's text was known: it may have been
    /// the vendor's.
    AsFound,
    /// `local add` took it from the file.
    Hand,
    /// `local add --from` took it from this file.
    Named(String),
}

impl From<String> for Origin {
    fn from(text: String) -> Self {
        match text.as_str() {
            "motionctl" => Self::Motionctl,
            "the file" => Self::File,
            "as found" => Self::AsFound,
            "by hand" => Self::Hand,
            _ => Self::Named(text),
        }
    }
}

impl From<Origin> for String {
    fn from(origin: Origin) -> Self {
        match origin {
            Origin::Motionctl => "motionctl".to_owned(),
            Origin::File => "the file".to_owned(),
            Origin::AsFound => "as found".to_owned(),
            Origin::Hand => "by hand".to_owned(),
            Origin::Named(name) => name,
        }
    }
}

/// One local change and where it came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptChange {
    /// The change, by the base's names.
    pub change: Change,
    /// Where it came from.
    pub from: Origin,
    /// The line of the patch file that it starts on.
    pub at_line: usize,
}

/// The local patch of one file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LocalPatch {
    /// The file that it is of.
    pub site: String,
    /// What its changes are told from.
    pub base: BaseKind,
    pub base_sha256: Hash,
    /// The hash of what was left in the site's file.
    pub left_sha256: Hash,
    /// Whether that was the vendor's own text, as somebody asked for.
    pub vendor_on_request: bool,
    /// Paths that somebody dropped: they are not taken down again.
    pub forgotten: Vec<String>,
    pub changes: Vec<KeptChange>,
}

/// What is wrong with a patch file.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("line {line}, column {column}: {reason}")]
pub struct PatchFault {
    /// The line, from 1.
    pub line: usize,
    /// The column, from 1.
    pub column: usize,
    pub reason: String,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Document {
    format: u32,
    site: String,
    base: BaseKind,
    base_sha256: Hash,
    left_sha256: Hash,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    vendor_on_request: bool,
    #[serde(default, rename = "dropped", skip_serializing_if = "Vec::is_empty")]
    forgotten: Vec<String>,
    #[serde(default, rename = "change")]
    changes: Vec<Spanned<Entry>>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Entry {
    kind: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    block: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    directive: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    after: Option<String>,
    from: Origin,
    #[serde(default, skip_serializing_if = "is_zero")]
    line: usize,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    text: Option<String>,
    /// What is no text, in hexadecimal digits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    text_hex: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    was: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    was_hex: Option<String>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes fields by reference")]
fn is_zero(line: &usize) -> bool {
    *line == 0
}

impl LocalPatch {
    /// Reads a patch file.
    ///
    /// # Errors
    /// Where it is not one.
    pub fn parse(bytes: &[u8]) -> Result<Self, PatchFault> {
        let text = std::str::from_utf8(bytes).map_err(|error| {
            fault(
                &String::from_utf8_lossy(&bytes[..error.valid_up_to()]),
                error.valid_up_to(),
                "not UTF-8 text",
            )
        })?;
        let document: Document = toml::from_str(text).map_err(|error| {
            let at = error.span().map_or(0, |span| span.start);
            fault(text, at, error.message().lines().next().unwrap_or("not a patch"))
        })?;
        if document.format != FORMAT {
            let reason = format!("the format is {}, this version reads {FORMAT}", document.format);
            return Err(fault(text, text.find("format").unwrap_or(0), &reason));
        }
        let change = |entry: Spanned<Entry>| {
            let at = entry.span().start;
            let found = kept(entry.into_inner(), line_of(text, at));
            found.map_err(|reason| fault(text, at, &reason))
        };
        Ok(Self {
            site: document.site,
            base: document.base,
            base_sha256: document.base_sha256,
            left_sha256: document.left_sha256,
            vendor_on_request: document.vendor_on_request,
            forgotten: document.forgotten,
            changes: document.changes.into_iter().map(change).collect::<Result<_, _>>()?,
        })
    }

    /// The bytes of the patch file.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let entry = |kept: &KeptChange| {
            let change = &kept.change;
            let (text, text_hex) = in_text(change.text.as_deref());
            let (was, was_hex) = in_text(change.was.as_deref());
            let (block, directive) = (change.block.clone(), change.directive.clone());
            let (kind, after, line) = (change.kind.name().to_owned(), change.after.clone(), change.line);
            let from = kept.from.clone();
            Spanned::new(
                0..0,
                Entry { kind, block, directive, after, from, line, text, text_hex, was, was_hex },
            )
        };
        let document = Document {
            format: FORMAT,
            site: self.site.clone(),
            base: self.base,
            base_sha256: self.base_sha256,
            left_sha256: self.left_sha256,
            vendor_on_request: self.vendor_on_request,
            forgotten: self.forgotten.clone(),
            changes: self.changes.iter().map(entry).collect(),
        };
        let text = toml::to_string_pretty(&document).expect("text and numbers always serialise");
        format!("{HEADER}\n{text}").into_bytes()
    }

    /// The changes alone.
    #[must_use]
    pub fn plain(&self) -> Vec<Change> {
        self.changes.iter().map(|kept| kept.change.clone()).collect()
    }

    /// The fault of a change that does not fit its base. `which` are the places of the changes that were tried.
    #[must_use]
    pub fn misfit(&self, misfit: &Misfit, which: &[usize]) -> PatchFault {
        let kept = which.get(misfit.index).and_then(|index| self.changes.get(*index));
        PatchFault {
            line: kept.map_or(1, |kept| kept.at_line),
            column: 1,
            reason: format!("the change does not fit: {}", misfit.why),
        }
    }
}

fn kept(entry: Entry, at_line: usize) -> Result<KeptChange, String> {
    let kind = ChangeKind::ALL.into_iter().find(|kind| kind.name() == entry.kind);
    let kind = kind.ok_or_else(|| format!("`{}` is no kind of change", entry.kind))?;
    let text = in_bytes(entry.text, entry.text_hex)?;
    let was = in_bytes(entry.was, entry.was_hex)?;
    if text.is_none() && kind != ChangeKind::Removed {
        return Err(format!("a change of the kind `{}` needs its `text`", kind.name()));
    }
    let Entry { block, directive, after, line, .. } = entry;
    let change = Change { kind, block, directive, after, text, was, line };
    Ok(KeptChange { change, from: entry.from, at_line })
}

fn in_text(bytes: Option<&[u8]>) -> (Option<String>, Option<String>) {
    // A carriage return that ends no line is not kept by TOML.
    match bytes.map(|bytes| (std::str::from_utf8(bytes), bytes)) {
        None => (None, None),
        Some((Ok(text), _)) if !text.contains('\r') => (Some(text.to_owned()), None),
        Some((_, bytes)) => (None, Some(bytes.iter().map(|byte| format!("{byte:02x}")).collect())),
    }
}

fn in_bytes(text: Option<String>, hex: Option<String>) -> Result<Option<Vec<u8>>, String> {
    let Some(hex) = hex else { return Ok(text.map(String::into_bytes)) };
    let digits: Option<Vec<u8>> = hex
        .bytes()
        .map(|byte| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok()))
        .collect();
    let pairs = digits.filter(|digits| digits.len() % 2 == 0 && text.is_none());
    let pairs = pairs.ok_or_else(|| "a text is given once, or as pairs of hexadecimal digits".to_owned())?;
    Ok(Some(pairs.chunks(2).map(|pair| pair[0] * 16 + pair[1]).collect()))
}

fn line_of(text: &str, at: usize) -> usize {
    text.as_bytes().iter().take(at).filter(|byte| **byte == b'\n').count() + 1
}

fn fault(text: &str, at: usize, reason: &str) -> PatchFault {
    let before = &text.as_bytes()[..at.min(text.len())];
    let column = before.iter().rev().take_while(|byte| **byte != b'\n').count() + 1;
    PatchFault { line: line_of(text, at), column, reason: reason.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn patch() -> LocalPatch {
        let change = |kind, text: &[u8]| KeptChange {
            change: Change {
                kind,
                block: "server _:80".to_owned(),
                directive: "location /b/".to_owned(),
                after: Some("location /".to_owned()),
                text: Some(text.to_vec()),
                was: None,
                line: 7,
            },
            from: Origin::Named("old.conf".to_owned()),
            at_line: 0,
        };
        LocalPatch {
            site: "/etc/nginx/conf.d/motion.conf".to_owned(),
            base: BaseKind::AsFound,
            base_sha256: Hash::of(b"base"),
            left_sha256: Hash::of(b"left"),
            vendor_on_request: true,
            forgotten: vec!["server _:80 / gzip".to_owned()],
            changes: vec![
                change(ChangeKind::Added, b"    location /b/ {\n        return 200 '\xe9';\n    }"),
                change(ChangeKind::Added, b"    location /b/ {\r\n    }"),
                change(ChangeKind::Added, "location /b/ {\n    return 200 \"'''ü\\n\";\n}\n".as_bytes()),
                change(ChangeKind::CommentAbove, b""),
            ],
        }
    }

    #[test]
    fn what_is_written_is_read_back_alike() {
        let mut read = LocalPatch::parse(&patch().to_bytes()).expect("reads");
        read.changes.iter_mut().for_each(|kept| kept.at_line = 0);
        assert_eq!(read, patch());
        assert_eq!(LocalPatch::parse(&read.to_bytes()).expect("reads").to_bytes(), patch().to_bytes());
    }

    #[test]
    fn a_text_of_several_lines_is_written_as_it_stands() {
        let mut patch = patch();
        patch.changes[0].change.text = Some(b"    location /b/ {\n        deny all;\n    }".to_vec());
        let text = String::from_utf8(patch.to_bytes()).expect("text");
        assert!(text.contains("\n    location /b/ {\n        deny all;\n    }"), "{text}");
    }

    #[test]
    fn a_damaged_patch_is_refused_with_its_place() {
        let good = String::from_utf8(patch().to_bytes()).expect("text");
        let check = |old: &str, new: &str, says: &str| {
            let bad = good.replacen(old, new, 1);
            assert_ne!(bad, good, "{old}");
            let fault = LocalPatch::parse(bad.as_bytes()).expect_err("damaged");
            assert!(fault.reason.contains(says) && fault.line > 3, "{old} → {new}: {fault}");
        };
        check("format = 1", "format = 2", "format");
        check("kind = \"added\"", "kind = \"grown\"", "`grown` is no kind");
        check("text-hex = ", "text-hox = ", "unknown field");
        check("from = ", "frum = ", "");
        check("[[change]]", "[[change]", "");
        check("site = ", "sites = ", "");
        assert_eq!(LocalPatch::parse(b"format = 1\n\xff").expect_err("no text").line, 2);
        for end in 0..good.len() {
            let _may_fail = LocalPatch::parse(&good.as_bytes()[..end]);
        }
    }
}
