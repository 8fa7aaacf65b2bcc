//! `seed schema show`, `check`, `discover`: the map, the map against the database, a map from the database.
//!
//! Invariant: the database is only read; a map is printed, or goes to a file and never over one without `--force`.

use super::channel_values::unnamed;
use super::database::{MapFile, built_in, file_of, is_file, map, named, open, own, shown};
use crate::cli::args::seed::{SchemaCheckArgs, SchemaDiscoverArgs, SchemaShowArgs};
use crate::cli::context::Context;
use crate::cli::database::Database;
use crate::cli::files::{IfExists, write_out};
use crate::db::{Catalog, Connection, Engine, FileAccess};
use crate::outcome::{
    DatabaseSection, Failure, FailureKind, Outcome, OutcomeKind, Row, counted, row, sort_findings,
};
use crate::seed::consequences::twice_anywhere;
use crate::seed::discover::{Grade, Proposal, Samples, discover as propose, renew, wanted_samples};
use crate::seed::embedded::Ownership;
use crate::seed::map::{Ident, Map, Needs};
use crate::seed::verify::{Since, unnamed_columns, unreviewed, verify};
use crate::seed::{granted, unopened};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};

/// Values of a column that are looked at; there are fewer channels.
const MOST_VALUES: usize = 50;
/// Tables with more rows are not searched for values.
const MOST_ROWS: u64 = 100_000;

/// The map in effect, as its file has it.
pub fn show(context: &Context, args: &SchemaShowArgs) -> Result<Outcome, Failure> {
    let asked = context.database(&args.database)?;
    let is_sqlite = matches!(&asked, Database::Named(named) if is_file(named.source()));
    let file = match (map(context, &args.database, is_sqlite), &args.database.map) {
        // Nothing was named and there is none yet: what it looks like is worth showing.
        (Err(failure), None) if failure.kind == FailureKind::Unavailable => built_in(),
        (answer, _) => answer?,
    };
    let mut outcome = Outcome::new("seed schema show", OutcomeKind::Ok);
    outcome.details.add("map", about(&file));
    outcome.details.text = Some(file.text);
    Ok(outcome)
}

/// The whole map against the database: exit 3 where an apply would be refused because of it.
pub fn check(context: &Context, args: &SchemaCheckArgs) -> Result<Outcome, Failure> {
    let named = named(context, &args.database)?;
    let file = map(context, &args.database, is_file(named.source()))?;
    let mut connection = open(context, *named, FileAccess::Read)?;
    // A map that was named may be tried on any file; the built-in one is about our own.
    if args.database.map.is_none() && own(&mut connection)? == Ownership::Empty {
        return Ok(empty(&connection, &file));
    }
    let catalog = Catalog::read(&mut connection).map_err(|error| unopened(&error))?;
    let needs = Needs::all(&file.map);
    granted(&mut connection, &file.map, &catalog, &needs)?;
    let found = verify(&file.map, &catalog, connection.engine(), &needs);
    let mut outcome = Outcome::new("seed schema check", OutcomeKind::Ok);
    outcome.database = Some(shown(&connection));
    outcome.details.add("map", about(&file));
    outcome.details.add("mismatches", found.mismatches.iter().map(ToString::to_string).collect::<Value>());
    outcome.findings = found.findings();
    outcome.findings.extend(unnamed(&mut connection, &catalog, &file.map, MOST_ROWS));
    outcome.findings.extend(twice_anywhere(&mut connection, &catalog, &file.map));
    outcome.findings.extend(unreviewed(&file.map, connection.engine()));
    outcome.findings.extend(unnamed_columns(&file.map, &catalog, &needs, false));
    sort_findings(&mut outcome.findings);
    let count = needs.iter().count();
    if let Some(stop) = outcome.findings.iter().find(|finding| finding.stops()) {
        let message = match found.mismatches.len() {
            0 => stop.title.clone(),
            places => format!("the schema map and the database differ in {}", counted(places, "place")),
        };
        let hint = stop.advice.clone();
        let failure = Failure::new(FailureKind::Refused, message).with_hint(hint);
        return Ok(outcome.with_failure(failure));
    }
    let verdict = format!("the schema map {} fits the database in all of its {count} parts", file.name);
    outcome.set_verdict(verdict);
    Ok(outcome)
}

/// The answer about a file without tables.
fn empty(connection: &Connection, file: &MapFile) -> Outcome {
    let mut outcome = Outcome::new("seed schema check", OutcomeKind::Ok);
    outcome.database = Some(shown(connection));
    outcome.details.add("map", about(file));
    let verdict = "the database is empty; apply creates the schema of the built-in map";
    outcome.set_verdict(verdict);
    outcome
}

/// Proposes a map, or renews the one that was named; it is printed, or goes to a file.
pub fn discover(context: &Context, args: &SchemaDiscoverArgs) -> Result<Outcome, Failure> {
    let named = named(context, &args.database)?;
    let old = args.database.map.as_ref().map(|_| map(context, &args.database, is_file(named.source())));
    let old = old.transpose()?;
    let file = file_of(named.source()).map(Path::to_owned);
    let mut connection = open(context, *named, FileAccess::Read)?;
    let catalog = Catalog::read(&mut connection).map_err(|error| unopened(&error))?;
    if catalog.tables.is_empty() {
        return Err(no_table());
    }
    let mut outcome = Outcome::new("seed schema discover", OutcomeKind::Ok);
    let server = shown(&connection);
    let text = match &old {
        Some(old) => renewed(old, &catalog, connection.engine(), &mut outcome),
        None => {
            let samples = samples(&mut connection, &catalog, None);
            let proposal = propose(&catalog, connection.engine(), &samples);
            let text = self::text(&proposal, &server);
            proposed(&proposal, &text, &mut outcome);
            text
        }
    };
    outcome.database = Some(server);
    let Some(place) = &args.out else {
        outcome.details.text = Some(text);
        return Ok(outcome);
    };
    let standing = if args.force { IfExists::Replace } else { IfExists::Keep };
    let read: Vec<&Path> = [&args.database.defaults_file, &args.database.map, &file]
        .into_iter()
        .flatten()
        .map(PathBuf::as_path)
        .collect();
    write_out(place, text.as_bytes(), standing, &read)?;
    outcome.details.add("file", place.display().to_string());
    if let Some(verdict) = outcome.verdict() {
        let verdict = format!("{} is written; {verdict}", place.display());
        outcome.set_verdict(verdict);
    }
    Ok(outcome)
}

/// What is said where nothing can be seen.
pub fn no_table() -> Failure {
    let message = "the database has no table that this user may see";
    Failure::new(FailureKind::Unavailable, message).with_hint("grant SELECT on Motion's schema")
}

/// A proposal's file.
pub fn text(proposal: &Proposal, server: &DatabaseSection) -> String {
    let of_what = format!("{} on {} ({} {})", server.schema, server.host, server.server, server.version);
    proposal.to_toml(&of_what)
}

/// What to do with a proposal.
pub fn next(proposal: &Proposal, text: &str, file: &str) -> String {
    match (proposal.missing().as_slice(), Map::parse(file, text)) {
        ([], Ok(_)) => "compare each line with the database, then put your name into reviewed_by".to_owned(),
        ([], Err(error)) => match error.complaints.as_slice() {
            // Kinds in one table complain two by two: nobody reads fifteen such sentences.
            [first, rest @ ..] if rest.len() > 1 => {
                format!("it is no map yet: {first}; `seed schema check` says {} more such faults", rest.len())
            }
            _ => format!("it is no map yet: {error}"),
        },
        (missing, _) => format!("it is no map yet; not found: {}", missing.join(", ")),
    }
}

const GRADES: [Grade; 4] = [Grade::Learned, Grade::Certain, Grade::Likely, Grade::Guess];

/// How many lines have each grade.
pub fn grades(proposal: &Proposal) -> Value {
    let count = |grade: &Grade| (grade.word().to_owned(), Value::from(proposal.count(*grade)));
    GRADES.iter().map(count).collect::<serde_json::Map<String, Value>>().into()
}

/// The map that was named, brought up to the database, and what the answer says of it.
fn renewed(old: &MapFile, catalog: &Catalog, engine: Engine, outcome: &mut Outcome) -> String {
    let renewal = renew(&old.text, &old.map, catalog);
    let found = verify(&old.map, catalog, engine, &Needs::all(&old.map));
    let by_hand = found.mismatches.iter().filter(|difference| difference.since == Since::Ever);
    let by_hand: Vec<String> = by_hand.map(|difference| format!("to be settled: {difference}")).collect();
    let count = renewal.changed.len() + renewal.added.len();
    let signed = if old.map.is_reviewed() { "since it was signed" } else { "since it was made" };
    let said = match count {
        0 => format!("nothing that {} records has changed {signed}", old.name),
        1 => format!("1 line has changed {signed}; compare it, then put your name into reviewed_by"),
        lines => {
            format!("{lines} lines have changed {signed}; compare them, then put your name into reviewed_by")
        }
    };
    let verdict = match by_hand.len() {
        0 => said,
        1 => format!("{said}; 1 place of the map must be corrected by hand: seed schema check names it"),
        places => format!(
            "{said}; {places} places of the map must be corrected by hand: seed schema check names them"
        ),
    };
    outcome.set_verdict(verdict);
    outcome.details.add("changed", renewal.changed.clone());
    outcome.details.add("added", renewal.added.clone());
    let added = renewal.added.iter().map(|line| format!("recorded for the first time: {line}"));
    let notes: Vec<String> = renewal.changed.iter().cloned().chain(added).chain(by_hand).collect();
    outcome.details.notes = Some(notes);
    renewal.text
}

/// What the answer says of a proposal.
fn proposed(proposal: &Proposal, text: &str, outcome: &mut Outcome) {
    let rows: Vec<Row> = GRADES[1..]
        .iter()
        .map(|grade| row(&[&grade.word(), &counted(proposal.count(*grade), "line")]))
        .collect();
    let missing = proposal.missing();
    let verdict = next(proposal, text, "the proposal");
    outcome.set_verdict(verdict);
    outcome.details.add("grades", grades(proposal));
    outcome.details.rows = Some(rows);
    outcome.details.add("missing", missing);
    outcome.details.notes = Some(proposal.said());
}

/// What the rows say where names cannot. What cannot be read is left out, and the line stays a guess.
pub fn samples(connection: &mut Connection, catalog: &Catalog, profiles: Option<&str>) -> Samples {
    let mut samples = Samples::new();
    for (table, column) in wanted_samples(catalog, connection.engine(), profiles) {
        let is_small = catalog.table(&table).is_some_and(|table| table.rows.unwrap_or(0) <= MOST_ROWS);
        let (Ok(from), Ok(what)) = (table.parse::<Ident>(), column.parse::<Ident>()) else { continue };
        let (from, what) = (from.quoted(), what.quoted());
        let sql = format!(
            "SELECT {what} FROM {from} GROUP BY {what} ORDER BY COUNT(*) DESC, {what} LIMIT {MOST_VALUES}"
        );
        let Some(rows) = is_small.then(|| connection.rows(&sql, &[])).and_then(Result::ok) else { continue };
        let values = rows.iter().filter_map(|row| row.optional_text(0).ok().flatten().map(str::to_owned));
        samples.insert((table, column), values.collect());
    }
    samples
}

fn about(file: &MapFile) -> Value {
    json!({
        "source": file.name,
        "name": file.map.name,
        "reviewed_by": file.map.reviewed_by,
        "hash": file.map.hash(),
    })
}
