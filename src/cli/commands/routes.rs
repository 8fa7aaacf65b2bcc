//! `routes`: which block answers which URI.

use crate::cli::args::RoutesArgs;
use crate::cli::context::Context;
use crate::inspect::{self, Answers, Question};
use crate::outcome::{
    Failure, HostSection, Outcome, OutcomeKind, RoutesSection, counted, counted_as, sort_findings,
};

/// Looks, and says what answers; also where the answer is an error.
pub fn routes(context: &Context, args: &RoutesArgs) -> Result<Outcome, Failure> {
    let question = Question { asked: args.uris.clone(), servers: args.server.clone() };
    let Answers { host, nginx, routes, mut findings, without_motion } =
        inspect::answers(&context.root, &context.bare_options(Vec::new()), &question)?;
    let mut outcome = Outcome::new("routes", OutcomeKind::Ok);
    outcome.host = Some(HostSection { name: host.name, os: host.os, nginx, motion: None });
    sort_findings(&mut findings);
    outcome.findings = findings;
    outcome.set_verdict(verdict(&routes));
    outcome.details.set_notes(notes(&routes, without_motion));
    outcome.routes = Some(routes);
    Ok(outcome)
}

fn verdict(routes: &RoutesSection) -> String {
    let rows: usize = routes.servers.iter().map(|server| server.routes.len()).sum();
    match (rows, routes.servers.len()) {
        (0, _) => "no server block answers that".to_owned(),
        (rows, servers) => format!("{} in {}", counted(rows, "answer"), counted(servers, "server block")),
    }
}

fn notes(routes: &RoutesSection, without_motion: Option<String>) -> Vec<String> {
    let mut notes = Vec::new();
    if let Some(why) = without_motion {
        notes.push(format!("which server block is Motion's could not be told: {why}"));
    }
    if routes.servers_left_out > 0 {
        let others = counted_as(
            routes.servers_left_out,
            "server block that is not Motion's is left out",
            "server blocks that are not Motion's are left out",
        );
        notes.push(format!("{others}: name one with --server, or ask for a URI"));
    }
    let left_out: usize = routes.servers.iter().map(|server| server.locations_left_out).sum();
    if left_out > 0 {
        let locations = counted_as(left_out, "location is not listed", "locations are not listed");
        notes.push(format!("{locations}, because there are too many: ask for a URI"));
    }
    notes
}
