//! `seed status`: whether the database is as a manifest says.
//!
//! Invariant: the plan of `seed plan` is what answers, so that both agree; nothing is written, and what only an apply
//! would have to be told (flags that allow deletions, say) is not asked for.

use super::input::Input;
use super::manifest::{Text, valid};
use super::work::{Place, agreement, telling};
use crate::cli::args::seed::SeedStatusArgs;
use crate::cli::commands::sessions::section;
use crate::cli::context::Context;
use crate::outcome::{Failure, Outcome, OutcomeKind, counted, sort_findings};
use crate::seed::manifest::{Manifest, Source, Validated};
use crate::seed::plan::{Counts, all_lines, by_kind, changes, few_lines};
use crate::seed::snapshot::Unnamed;
use crate::seed::{Agreement, Planned, Purpose, Session, Telling};
use serde_json::{Value, json};

/// Compares, and says what differs.
pub fn status(context: &Context, args: &SeedStatusArgs) -> Result<Outcome, Failure> {
    let site = Text::of_site(args.site.with.as_deref())?;
    let validated = valid(&Input::read(&args.manifests)?.texts, site.as_ref())?;
    let mut session = Place::new(context, &args.database)?.open(context, Purpose::Plan)?;
    let mut outcome = Outcome::new("seed status", OutcomeKind::Ok);
    outcome.host = Some(context.host());
    outcome.database = Some(section(session.server()));
    if let Some(manifest) = &validated.manifest
        && let Err(failure) = compare(context, args, &mut session, (&validated, manifest), &mut outcome)
    {
        outcome.fail(failure);
    }
    Ok(outcome)
}

fn compare(
    context: &Context,
    args: &SeedStatusArgs,
    session: &mut Session,
    (validated, manifest): (&Validated, &Manifest),
    outcome: &mut Outcome,
) -> Result<(), Failure> {
    context.progress.stage("comparing");
    let unnamed = if args.exact { Unnamed::Go } else { Unnamed::Stay };
    let planned = session.plan(manifest, unnamed)?;
    let is_long = telling(context) == Telling::All;
    outcome.findings.clone_from(&planned.findings);
    outcome.findings.extend(validated.findings());
    // The others warn of what an apply would bring, which nobody is about to do.
    outcome.findings.retain(|finding| is_long || finding.stops());
    sort_findings(&mut outcome.findings);
    outcome.changes = context.global.json.then(|| changes(&planned.plan));
    let lines = if is_long { all_lines(&planned.plan) } else { few_lines(&planned.plan) };
    if !lines.is_empty() {
        let rows: Vec<_> = lines.into_iter().map(Vec::from).collect();
        outcome.details.rows = Some(rows);
    }
    let kinds = by_kind(&planned.plan);
    let document = |(kind, counts): (&&str, &Counts)| ((*kind).to_owned(), counted_apart(*counts));
    outcome.details.add("differs", kinds.iter().map(document).collect::<serde_json::Map<_, _>>());
    outcome.summarise(kinds.iter().map(|(kind, counts)| format!("{kind}: {}", told(*counts))));
    outcome.details.add("manifests", validated.source.names());
    let verdict = verdict(&planned, &validated.source, outcome);
    outcome.set_verdict(verdict);
    agreement(&planned, args.detailed_exitcode, outcome);
    Ok(())
}

/// In one sentence, how the database stands to the manifest.
fn verdict(planned: &Planned, source: &Source, outcome: &Outcome) -> String {
    let (name, is_one) = (source.name(), source.names().len() == 1);
    let stops = outcome.findings.iter().filter(|finding| finding.stops()).count();
    let stopped = format!("{} would stop an apply", counted(stops, "finding"));
    let says = if is_one { "says" } else { "say" };
    let sentence = match (planned.agreement, planned.plan.is_empty()) {
        (Agreement::Agrees, _) => format!("the database is as {name} {says}"),
        (Agreement::Differs, true) => format!("the database differs from {name} in what no apply changes"),
        (Agreement::Differs, false) => {
            format!("the database differs from {name}: {}", counted(planned.plan.rows(), "row"))
        }
    };
    if stops == 0 { sentence } else { format!("{sentence}; {stopped}") }
}

fn counted_apart(counts: Counts) -> Value {
    let Counts { add, change, remove } = counts;
    json!({ "missing": add, "different": change, "unwanted": remove })
}

/// The counts that are not 0, in words.
fn told(counts: Counts) -> String {
    let Counts { add, change, remove } = counts;
    let parts = [(add, "missing"), (change, "different"), (remove, "unwanted")];
    let parts = parts.iter().filter(|(count, _)| *count > 0).map(|(count, word)| format!("{count} {word}"));
    parts.collect::<Vec<_>>().join(", ")
}
