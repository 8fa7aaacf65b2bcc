//! `seed import`: a manifest out of a table of agents.
//!
//! Invariant: no database is asked, and nothing is written but the file that was asked for.

use crate::cli::args::seed::ImportArgs;
use crate::cli::files::{IfExists, read_table, write_out};
use crate::outcome::{Failure, FailureKind, Outcome, OutcomeKind, counted, sort_findings};
use crate::seed::import::{ImportRequest, Imported, csv, import as read, workbook};
use serde_json::json;
use std::path::Path;

/// Reads the table, or writes one to fill in.
pub fn import(args: &ImportArgs) -> Result<Outcome, Failure> {
    match &args.table {
        Some(table) => manifest(args, table),
        None => template(args.out.as_deref()),
    }
}

fn manifest(args: &ImportArgs, table: &Path) -> Result<Outcome, Failure> {
    let (name, bytes) = read_table(table)?;
    let request =
        ImportRequest { name: &name, bytes: &bytes, sheet: args.sheet.as_deref(), ignored: &args.ignore };
    let Imported { text, validated, mut findings } = read(&request)?;
    findings.extend(validated.findings());
    let mut outcome = Outcome::new("seed import", OutcomeKind::Ok);
    sort_findings(&mut findings);
    outcome.findings = findings;
    let counts = validated.manifest.as_ref().map(|manifest| (manifest.agents.len(), manifest.profiles.len()));
    let (agents, profiles) = counts.unwrap_or_default();
    outcome.details.add("counts", json!({ "agents": agents, "profiles": profiles }));
    let what = format!("{} and {}", counted(agents, "agent"), counted(profiles, "profile"));
    let warnings = match outcome.findings.len() {
        0 => String::new(),
        count => format!("; {} to look at", counted(count, "warning")),
    };
    outcome.set_verdict(format!("{what}{warnings}"));
    deliver(outcome, args.out.as_deref(), &text, &[table], (&what, &warnings))
}

/// Writes to the file that was asked for, or puts the text into the answer.
fn deliver(
    mut outcome: Outcome,
    out: Option<&Path>,
    text: &str,
    read: &[&Path],
    (what, warnings): (&str, &str),
) -> Result<Outcome, Failure> {
    match out {
        Some(path) => {
            write_out(path, text.as_bytes(), IfExists::Replace, read)?;
            outcome.set_verdict(format!("{what}, in {}{warnings}", path.display()));
            outcome.details.saved = Some(path.display().to_string());
        }
        None => outcome.details.text = Some(text.into()),
    }
    Ok(outcome)
}

fn template(out: Option<&Path>) -> Result<Outcome, Failure> {
    let mut outcome = Outcome::new("seed import", OutcomeKind::Ok);
    let extension = out.and_then(Path::extension).map(|extension| extension.to_string_lossy().to_lowercase());
    match (out, extension.as_deref()) {
        (Some(path), Some("xlsx")) => {
            write_out(path, &workbook()?, IfExists::Replace, &[])?;
            outcome.set_verdict(format!("a table to fill in, {}", path.display()));
            outcome.details.saved = Some(path.display().to_string());
            Ok(outcome)
        }
        (None, _) | (Some(_), Some("csv")) => deliver(outcome, out, &csv(), &[], ("a table to fill in", "")),
        (Some(path), _) => {
            let message = format!("--out {}: a template is .csv or .xlsx", path.display());
            Err(Failure::new(FailureKind::Usage, message))
        }
    }
}
