//! `collect`: what support needs from this server, in one archive.
//!
//! Invariant: what is in it is shown before it is written; what a check found is no failure of the collecting.

use super::report::{Looked, archive, found, look};
use crate::cli::args::CollectArgs;
use crate::cli::context::Context;
use crate::collect::{Package, Written};
use crate::outcome::{Failure, Outcome, Row, counted, row};
use serde_json::json;

/// Looks, shows what is to be written, and writes it.
pub fn collect(context: &Context, args: &CollectArgs) -> Result<Outcome, Failure> {
    let Looked { mut outcome, prepared } = look(context, "collect", &args.site, &args.database)?;
    found(&mut outcome);
    let package = archive::packed(context, prepared.as_ref(), &outcome)?;
    let why = outcome.details.verdict.take().unwrap_or_default();
    let listing = package.list();
    let mut answer = Outcome::new("collect", outcome.outcome);
    answer.host = outcome.host;
    answer.findings = outcome.findings;
    let found_in_words = vec![row(&[&"found", &why])];
    answer.details.add("why", why);
    answer.details.found = outcome.details.found.take();
    answer.details.add("files", json!(listing));
    answer.details.not_seen = Some(package.unseen().to_vec());
    let name = args.file.display();
    if args.list {
        let verdict = format!("{} would be in {name}; nothing was written", counted(listing.len(), "file"));
        answer.set_verdict(verdict);
        answer.details.rows = Some(rows(&listing));
        return Ok(answer);
    }
    context.progress.show(&shown(&args.file.display().to_string(), &package, &listing));
    let bytes = archive::write(&package, &args.file)?;
    let verdict = format!(
        "wrote {name}: {}, {} KiB; send it to support",
        counted(listing.len(), "file"),
        bytes.div_ceil(1024)
    );
    answer.set_verdict(verdict);
    answer.details.rows = Some(found_in_words);
    answer.details.archive = Some(args.file.display().to_string());
    answer.details.add("bytes", bytes);
    Ok(answer)
}

/// How a file is taken, and its path.
fn rows(listing: &[Written]) -> Vec<Row> {
    listing.iter().map(|line| row(&[&line.taken, &line.path])).collect()
}

/// What is about to be written, before it is.
fn shown(file: &str, package: &Package, listing: &[Written]) -> String {
    let mut text = format!("this goes into {file}:\n");
    for line in listing {
        text.push_str(&format!("  {:11}  {}\n", line.taken, line.path));
    }
    for unseen in package.unseen() {
        text.push_str(&format!("  not seen     {unseen}\n"));
    }
    text
}
