//! `diff --lines`: compares two files or trees line by line.
//!
//! Secrets are never shown, nor files that are no configuration; that they
//! differ is.

use crate::cli::args::DiffArgs;
use crate::cli::context::Context;
use crate::cli::files::read_config;
use crate::host::{MOST_BYTES, is_absent};
use crate::outcome::{Comparison, Failure, FailureKind, Outcome, OutcomeKind};
use nginx_config::{Tree, redact_source};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// Exits 0 when both are the same, 2 when they differ.
pub fn by_line(context: &Context, args: &DiffArgs) -> Result<Outcome, Failure> {
    let names: BTreeSet<PathBuf> = list(&args.old)?.into_iter().chain(list(&args.new)?).collect();
    let mut comparisons = Vec::new();
    let mut hidden = Vec::new();
    let mut differs = false;
    for name in names {
        let (a, b) = (at(&args.old, &name), at(&args.new, &name));
        if [&a, &b].into_iter().any(|path| !name.as_os_str().is_empty() && is_too_large(path)) {
            let (equal, said) = too_large(&a, &b);
            differs |= !equal;
            hidden.push(said);
            continue;
        }
        let (old, new) = (read(&a)?, read(&b)?);
        if old == new {
            continue;
        }
        if ![(&a, &old), (&b, &new)].into_iter().all(|(path, bytes)| can_be_shown(path, bytes.as_deref())) {
            hidden.push(format!(
                "{} and {} differ: not shown, no NGINX configuration",
                a.display(),
                b.display()
            ));
            differs = true;
            continue;
        }
        differs = true;
        let texts = Comparison {
            old_name: a.display().to_string(),
            new_name: b.display().to_string(),
            old: shown(old.as_deref()),
            new: shown(new.as_deref()),
        };
        if texts.old == texts.new {
            hidden.push(format!("{} and {} differ only in what is redacted", texts.old_name, texts.new_name));
        }
        comparisons.push(texts);
    }
    let mut outcome =
        Outcome::new("diff", if differs { OutcomeKind::ChangesPending } else { OutcomeKind::Ok });
    outcome.exit_code = if differs { 2 } else { 0 };
    let verdict = if differs { "the configurations differ" } else { "the configurations are the same" };
    outcome.set_verdict(verdict);
    outcome.details.set_notes(hidden);
    if context.global.json {
        let unified: String = comparisons.iter().map(Comparison::unified).collect();
        outcome.details.add("unified", unified);
    }
    outcome.comparisons = comparisons;
    Ok(outcome)
}

/// The files of an operand: their names below it, or nothing for a file itself.
pub fn list(path: &Path) -> Result<Vec<PathBuf>, Failure> {
    let failed = |error: &dyn std::fmt::Display| {
        Failure::new(FailureKind::Unavailable, format!("reading {}: {error}", path.display()))
    };
    if !std::fs::metadata(path).map_err(|error| failed(&error))?.is_dir() {
        return Ok(vec![PathBuf::new()]);
    }
    let mut files = Vec::new();
    for entry in walkdir::WalkDir::new(path).follow_links(true).max_depth(32) {
        let entry = entry.map_err(|error| failed(&error))?;
        if entry.file_type().is_file() {
            let below = entry.path().strip_prefix(path).expect("the walk stays below its start");
            files.push(below.to_owned());
        }
    }
    Ok(files)
}

/// Whether a file is too large to be a configuration, and so is not read.
pub fn is_too_large(path: &Path) -> bool {
    std::fs::metadata(path).is_ok_and(|found| found.len() > MOST_BYTES)
}

/// Whether two files, of which one is too large to be read, look equal, and how that is said.
fn too_large(a: &Path, b: &Path) -> (bool, String) {
    let size = |path: &Path| std::fs::metadata(path).ok().map(|found| found.len());
    let equal = size(a) == size(b);
    let said = if equal { "have one size, and were not compared" } else { "differ: not shown" };
    let (a, b) = (a.display(), b.display());
    (equal, format!("{a} and {b} {said}, larger than {} MiB", MOST_BYTES >> 20))
}

/// An operand's file; joining an empty name would add a slash.
fn at(operand: &Path, name: &Path) -> PathBuf {
    if name.as_os_str().is_empty() { operand.to_owned() } else { operand.join(name) }
}

fn read(path: &Path) -> Result<Option<Vec<u8>>, Failure> {
    match read_config(path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if is_absent(&error) => Ok(None),
        Err(error) => {
            Err(Failure::new(FailureKind::Unavailable, format!("reading {}: {error}", path.display())))
        }
    }
}

/// Keys and lists of passwords lie beside configurations, and nothing in them
/// tells what is secret. A configuration that is broken is called like one.
fn can_be_shown(path: &Path, bytes: Option<&[u8]>) -> bool {
    let named = path.extension().is_some_and(|extension| extension == "conf");
    bytes.is_none_or(|bytes| named || Tree::parse(bytes).is_ok())
}

fn shown(bytes: Option<&[u8]>) -> String {
    bytes.map_or_else(String::new, |bytes| String::from_utf8_lossy(&redact_source(bytes)).into_owned())
}
