//! The files that make up one manifest: those that are named, and those in a folder.
//!
//! Invariant: every file is read once; a folder is read as it is, sorted by name, and not what is below it. What cannot
//! be meant (one file twice, standard input twice) is exit 64, before anything is read.

use super::manifest::Text;
use crate::outcome::{Failure, FailureKind};
use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// As much as files may have together: as the largest one.
const MOST_BYTES: usize = 128 << 20;
/// What manifests in a folder end in.
const EXTENSIONS: [&str; 2] = ["yaml", "yml"];

/// Files with their texts.
pub struct Input {
    /// Where they are; `-` is standard input.
    pub paths: Vec<PathBuf>,
    /// What is in them, in the same order.
    pub texts: Vec<Text>,
}

impl Input {
    /// Reads what the command line names.
    pub fn read(operands: &[PathBuf]) -> Result<Self, Failure> {
        let mut paths = Vec::new();
        for operand in operands {
            if operand != Path::new("-") && operand.is_dir() {
                paths.extend(in_folder(operand)?);
            } else {
                paths.push(operand.clone());
            }
        }
        each_once(&paths)?;
        let mut texts: Vec<Text> = Vec::new();
        let mut bytes = 0;
        for path in &paths {
            let text = Text::read(path)?;
            bytes += text.bytes.len();
            if bytes > MOST_BYTES {
                let message = format!("the manifests are larger than {} MiB together", MOST_BYTES >> 20);
                return Err(Failure::new(FailureKind::Unavailable, message));
            }
            texts.push(text);
        }
        Ok(Self { paths, texts })
    }
}

/// The manifests of a folder, by name.
fn in_folder(folder: &Path) -> Result<Vec<PathBuf>, Failure> {
    let shown = folder.display();
    let unread = |error: std::io::Error| {
        Failure::new(FailureKind::Unavailable, format!("reading the folder {shown}: {error}"))
    };
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).map_err(unread)? {
        let path = entry.map_err(unread)?.path();
        let is_hidden = path.file_name().is_some_and(|name| name.as_encoded_bytes().starts_with(b"."));
        let is_manifest = path.extension().is_some_and(|end| EXTENSIONS.iter().any(|known| end == *known));
        // What a link leads to counts; one that leads nowhere is said when it is read.
        if is_manifest && !is_hidden && !path.is_dir() {
            found.push(path);
        }
    }
    if found.is_empty() {
        let message = format!("there is no manifest in the folder {shown}");
        let hint =
            "manifests in a folder are called *.yaml or *.yml; hidden ones and folders below it are not read";
        return Err(Failure::new(FailureKind::Invalid, message).with_hint(hint));
    }
    found.sort();
    Ok(found)
}

/// Refuses what is named twice: all that it declares would be declared twice.
fn each_once(paths: &[PathBuf]) -> Result<(), Failure> {
    let usage = |message: String| Err(Failure::new(FailureKind::Usage, message));
    if paths.iter().filter(|path| path.as_path() == Path::new("-")).count() > 1 {
        return usage("standard input (`-`) can be read only once".to_owned());
    }
    let mut seen: BTreeMap<(u64, u64), &Path> = BTreeMap::new();
    for path in paths.iter().filter(|path| path.as_path() != Path::new("-")) {
        // Of a file that is not there its reading says so; a pipe is no file that could be there twice.
        let Ok(there) = fs::metadata(path) else { continue };
        if let Some(first) = seen.insert((there.dev(), there.ino()), path) {
            let (path, first) = (path.display(), first.display());
            return usage(if first.to_string() == path.to_string() {
                format!("{path} is named twice")
            } else {
                format!("{path} is the same file as {first}")
            });
        }
    }
    Ok(())
}
