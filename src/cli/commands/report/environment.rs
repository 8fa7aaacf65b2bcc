//! What a report was made with and about, beside the versions that every answer names.
//!
//! Invariant: pairs of a name and a text, in the order in which people ask for them.

use crate::cli::context::Context;
use crate::cli::version;
use crate::host::machine;
use crate::inspect::Inspection;

/// The pairs.
pub fn of(context: &Context, inspection: &Inspection) -> Vec<[String; 2]> {
    let nginx = &inspection.facts.nginx;
    let looked_at = match &context.global.root {
        None => "this server".to_owned(),
        // Not where it lies: the same tree gives the same report.
        Some(_) => "a tree: its files, no processes and no network".to_owned(),
    };
    let who = if machine::is_superuser() { "root" } else { "an ordinary user, who may not see all" };
    let program = match inspection.programs.validating() {
        Ok(program) => program.name().display().to_string(),
        Err(_) => "none on this machine: nothing was validated".to_owned(),
    };
    let arguments = nginx.arguments.join(" ");
    let mut pairs = vec![
        ("build", version::line().to_owned()),
        ("looked at", looked_at),
        ("asked by", who.to_owned()),
        ("NGINX's program", program),
        ("NGINX's main file", nginx.main_file.display().to_string()),
        ("files of the configuration", inspection.facts.files.len().to_string()),
    ];
    if !arguments.is_empty() {
        pairs.push(("NGINX's arguments", arguments));
    }
    pairs.into_iter().map(|(name, text)| [name.to_owned(), text]).collect()
}
