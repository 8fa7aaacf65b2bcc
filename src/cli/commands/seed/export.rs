//! `seed export`: the database as a manifest.
//!
//! Invariant: the database is only read; standard output is the manifest and nothing else.

use super::work::Place;
use crate::cli::args::seed::ExportArgs;
use crate::cli::commands::sessions::section;
use crate::cli::context::Context;
use crate::outcome::{Failure, Outcome, OutcomeKind};
use crate::seed::Purpose;
use crate::seed::export::{Channels, Export, ExportRequest, Extent, Lists};
use serde_json::json;

pub fn export(context: &Context, args: &ExportArgs) -> Result<Outcome, Failure> {
    let request = ExportRequest {
        lists: if args.exact { Lists::Exact } else { Lists::Merge },
        extent: match args.only.as_slice() {
            [] => Extent::All,
            names => Extent::Profiles(names.iter().map(|name| name.as_str().into()).collect()),
        },
        channels: match args.channel.as_slice() {
            [] => Channels::All,
            channels => Channels::Only(channels.iter().copied().collect()),
        },
    };
    let mut session = Place::new(context, &args.database)?.open(context, Purpose::Read)?;
    let Export { manifest, queues, agents, profiles, memberships, left_out, findings } =
        session.export(&request)?;
    let mut outcome = Outcome::new("seed export", OutcomeKind::Ok);
    outcome.database = Some(section(session.server()));
    outcome.findings = findings;
    outcome.details.text = Some(manifest);
    let counts =
        json!({ "queues": queues, "agents": agents, "profiles": profiles, "memberships": memberships });
    outcome.details.add("counts", counts);
    outcome.details.add("left_out", left_out);
    Ok(outcome)
}
