//! The archive of a report: what support asks for, in one file.
//!
//! Invariant: the same input gives the same bytes; nothing goes in that has not passed the last door.

use crate::cli::files::{Standing, write_out};
use crate::cli::{door, pages};
use crate::outcome::{Failure, FailureKind, Outcome};
use crate::report;
use flate2::Compression;
use flate2::write::GzEncoder;
use std::io;
use std::path::Path;

/// Writes it.
pub fn write(outcome: &Outcome, file: &Path) -> Result<(), Failure> {
    let mut outcome = outcome.clone();
    door::outcome(&mut outcome);
    let members = [
        ("report/report.html", pages::made(&outcome, None)?),
        ("report/report.json", report::json(&outcome)),
    ];
    let bytes = packed(&members).map_err(|error| {
        Failure::new(FailureKind::Failed, format!("packing the archive {}: {error}", file.display()))
    })?;
    write_out(file, &bytes, Standing::Replace, &[])
}

/// Neither times nor owners: they would make two archives of one server differ.
fn packed(members: &[(&str, String)]) -> io::Result<Vec<u8>> {
    let mut archive = tar::Builder::new(GzEncoder::new(Vec::new(), Compression::default()));
    for (name, text) in members {
        let mut header = tar::Header::new_gnu();
        header.set_size(text.len() as u64);
        header.set_mode(0o644);
        header.set_mtime(0);
        archive.append_data(&mut header, name, text.as_bytes())?;
    }
    archive.into_inner()?.finish()
}
