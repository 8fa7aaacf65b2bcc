//! `collect`: what support needs from this server, in one archive.
//!
//! Invariant: what is in it is shown before it is written; what a check found is no failure of the collecting.

use super::report::{Looked, archive, found, look};
use crate::cli::args::CollectArgs;
use crate::cli::context::Context;
use crate::collect::{Package, Written};
use crate::outcome::{Failure, Outcome, counted};
use serde_json::{Value, json};

/// Looks, shows what is to be written, and writes it.
pub fn collect(context: &Context, args: &CollectArgs) -> Result<Outcome, Failure> {
    let Looked { mut outcome, prepared } = look(context, "collect", &args.site, &args.database)?;
    found(&mut outcome);
    let package = archive::packed(context, prepared.as_ref(), &outcome)?;
    let why = outcome.details.remove("verdict");
    let listing = package.list();
    let mut answer = Outcome::new("collect", outcome.outcome);
    answer.host = outcome.host;
    answer.findings = outcome.findings;
    let why = why.unwrap_or_default();
    let found_in_words = json!([["found", &why]]);
    answer.details.insert("why".to_owned(), why);
    answer.details.insert("found".to_owned(), outcome.details.remove("found").unwrap_or_default());
    answer.details.insert("files".to_owned(), json!(listing));
    answer.details.insert("not_seen".to_owned(), json!(package.unseen()));
    let name = args.file.display();
    if args.list {
        let verdict = format!("{} would be in {name}; nothing was written", counted(listing.len(), "file"));
        answer.details.insert("verdict".to_owned(), verdict.into());
        answer.details.insert("rows".to_owned(), rows(&listing));
        return Ok(answer);
    }
    context.progress.show(&shown(&args.file.display().to_string(), &package, &listing));
    let bytes = archive::write(&package, &args.file)?;
    let verdict = format!(
        "wrote {name}: {}, {} KiB; send it to support",
        counted(listing.len(), "file"),
        bytes.div_ceil(1024)
    );
    answer.details.insert("verdict".to_owned(), verdict.into());
    answer.details.insert("rows".to_owned(), found_in_words);
    answer.details.insert("archive".to_owned(), args.file.display().to_string().into());
    answer.details.insert("bytes".to_owned(), bytes.into());
    Ok(answer)
}

/// How a file is taken, and its path.
fn rows(listing: &[Written]) -> Value {
    listing.iter().map(|line| json!([line.taken, line.path])).collect()
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
