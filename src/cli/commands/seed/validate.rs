//! `seed validate`: is a manifest right, as far as it can be known without a
//! database?
//!
//! Invariant: exit 0 or 65; nothing but the files is looked at.

use super::manifest::{Text, refusal};
use crate::cli::args::seed::ValidateArgs;
use crate::outcome::{Failure, Outcome, OutcomeKind, Row, counted};
use crate::seed::manifest::{Links, Manifest, Validated};
use serde_json::{Value, json};
use std::path::PathBuf;

/// Reads each file and says all that is wrong with all of them.
pub fn validate(args: &ValidateArgs) -> Result<Outcome, Failure> {
    let site = Text::of_site(args.site.with.as_deref())?;
    let read = |path: &PathBuf| Ok(Text::read(path)?.validated(site.as_ref()));
    let files = args.manifests.iter().map(read).collect::<Result<Vec<_>, Failure>>()?;
    let mut outcome = Outcome::new("seed validate", OutcomeKind::Ok);
    outcome.details.add("manifests", files.iter().map(summary).collect::<Value>());
    if let Some(failure) = refusal(&files) {
        outcome.set_verdict(failure.message.clone());
        return Ok(outcome.with_failure(failure));
    }
    outcome.findings = files.iter().flat_map(Validated::findings).collect();
    crate::outcome::sort_findings(&mut outcome.findings);
    let verdict = match files.as_slice() {
        [file] => format!("{} is a valid manifest", file.source.name()),
        files => counted(files.len(), "valid manifest"),
    };
    outcome.set_verdict(verdict);
    let rows = files.iter().filter_map(|file| file.manifest.as_ref()).map(row);
    outcome.details.rows = Some(rows.collect());
    Ok(outcome)
}

fn summary(file: &Validated) -> Value {
    let Some(manifest) = &file.manifest else {
        return json!({ "file": file.source.name(), "valid": false });
    };
    json!({
        "file": file.source.name(),
        "valid": true,
        "queues": manifest.queues.len(),
        "agents": manifest.agents.len(),
        "profiles": manifest.profiles.len(),
        "memberships": memberships(manifest),
        "moves": manifest.moves.len(),
        "permissions": manifest.permissions.len(),
    })
}

fn row(manifest: &Manifest) -> Row {
    vec![
        manifest.source.name().to_owned(),
        counted(manifest.queues.len(), "queue"),
        counted(manifest.agents.len(), "agent"),
        counted(manifest.profiles.len(), "profile"),
        counted(memberships(manifest), "membership"),
        counted(manifest.permissions.len(), "permission"),
    ]
}

/// Links that the manifest names, added, removed or moved.
fn memberships(manifest: &Manifest) -> usize {
    let count = |links: &Links| links.members.len() + links.remove.len();
    let personal = manifest.agents.iter().flat_map(|agent| agent.personal.values());
    let queues = manifest.profiles.iter().flat_map(|profile| profile.queues.values());
    let agents = manifest.profiles.iter().filter_map(|profile| profile.agents.as_ref());
    let moved: usize = manifest.moves.iter().map(|moved| moved.agents.len()).sum();
    personal.chain(queues).chain(agents).map(count).sum::<usize>() + moved
}
