//! `seed schema show`, `check`, `discover`: the map, the map against the database, a map from the database.
//!
//! Invariant: the database is only read; a proposal goes to a file and never over one without `--force`.

use super::database::{
    MapFile, built_in, file_of, is_file, map, named, open, own, shown, unavailable, usual_place,
};
use crate::cli::args::seed::{SchemaCheckArgs, SchemaDiscoverArgs, SchemaShowArgs};
use crate::cli::context::Context;
use crate::cli::database::{Database, MAP};
use crate::cli::files::{Standing, write_out};
use crate::db::{Catalog, Connection, FileAccess};
use crate::outcome::{DatabaseSection, Failure, FailureKind, Outcome, OutcomeKind, sort_findings};
use crate::seed::discover::{Grade, Proposal, Samples, discover as propose, wanted_samples};
use crate::seed::embedded::Ownership;
use crate::seed::granted;
use crate::seed::map::{Ident, Map, Needs};
use crate::seed::verify::{deleted_unknown, unreviewed, verify};
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
    outcome.details.insert("map".to_owned(), about(&file));
    outcome.details.insert("text".to_owned(), file.text.into());
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
    let catalog = Catalog::read(&mut connection).map_err(|error| unavailable(&error))?;
    let needs = Needs::all(&file.map);
    granted(&mut connection, &file.map, &catalog, &needs)?;
    let found = verify(&file.map, &catalog, connection.engine(), &needs);
    let mut outcome = Outcome::new("seed schema check", OutcomeKind::Ok);
    outcome.database = Some(shown(&connection));
    outcome.details.insert("map".to_owned(), about(&file));
    outcome
        .details
        .insert("mismatches".to_owned(), found.mismatches.iter().map(ToString::to_string).collect());
    outcome.findings = found.findings();
    outcome.findings.extend(unreviewed(&file.map, connection.engine()));
    outcome.findings.extend(deleted_unknown(&file.map, &catalog, &needs, false));
    sort_findings(&mut outcome.findings);
    let count = needs.iter().count();
    if let Some(stop) = outcome.findings.iter().find(|finding| finding.stops()) {
        let message = match found.mismatches.len() {
            0 => stop.title.clone(),
            1 => "the schema map and the database differ in 1 place".to_owned(),
            places => format!("the schema map and the database differ in {places} places"),
        };
        let hint = stop.advice.clone();
        outcome.fail(Failure::new(FailureKind::Refused, message).with_hint(hint));
        return Ok(outcome);
    }
    let verdict = format!("the schema map {} fits the database in all of its {count} parts", file.name);
    outcome.details.insert("verdict".to_owned(), verdict.into());
    Ok(outcome)
}

/// The answer about a file without tables.
fn empty(connection: &Connection, file: &MapFile) -> Outcome {
    let mut outcome = Outcome::new("seed schema check", OutcomeKind::Ok);
    outcome.database = Some(shown(connection));
    outcome.details.insert("map".to_owned(), about(file));
    let verdict = "the database is empty; apply creates the schema of the built-in map";
    outcome.details.insert("verdict".to_owned(), verdict.into());
    outcome
}

/// Proposes a map and writes it to a file.
pub fn discover(context: &Context, args: &SchemaDiscoverArgs) -> Result<Outcome, Failure> {
    let place = place(context, args)?;
    let named = named(context, &args.database)?;
    let file = file_of(named.source()).map(Path::to_owned);
    let mut connection = open(context, *named, FileAccess::Read)?;
    let catalog = Catalog::read(&mut connection).map_err(|error| unavailable(&error))?;
    if catalog.tables.is_empty() {
        return Err(no_table());
    }
    let samples = samples(&mut connection, &catalog, None);
    let proposal = propose(&catalog, connection.engine(), &samples);
    let server = shown(&connection);
    let text = text(&proposal, &server);
    let standing = if args.force { Standing::Replace } else { Standing::Keep };
    let read: Vec<&Path> =
        [&args.database.defaults_file, &file].into_iter().flatten().map(PathBuf::as_path).collect();
    write_out(&place, text.as_bytes(), standing, &read)?;
    let mut outcome = Outcome::new("seed schema discover", OutcomeKind::Ok);
    outcome.database = Some(server);
    outcome.details.insert("file".to_owned(), place.display().to_string().into());
    proposed(&proposal, &text, &place.display().to_string(), &mut outcome);
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
        ([], Err(error)) => format!("it is no map yet: {error}"),
        (missing, _) => format!("it is no map yet; not found: {}", missing.join(", ")),
    }
}

const GRADES: [Grade; 4] = [Grade::Learned, Grade::Certain, Grade::Likely, Grade::Guess];

/// How many lines have each grade.
pub fn grades(proposal: &Proposal) -> Value {
    let count = |grade: &Grade| (grade.word().to_owned(), Value::from(proposal.count(*grade)));
    GRADES.iter().map(count).collect::<serde_json::Map<String, Value>>().into()
}

/// What the answer says of a proposal.
fn proposed(proposal: &Proposal, text: &str, file: &str, outcome: &mut Outcome) {
    let rows: Vec<Value> = GRADES[1..]
        .iter()
        .map(|grade| json!([grade.word(), format!("{} lines", proposal.count(*grade))]))
        .collect();
    let missing = proposal.missing();
    let next = next(proposal, text, file);
    outcome.details.insert("verdict".to_owned(), format!("a proposal is in {file}; {next}").into());
    outcome.details.insert("grades".to_owned(), grades(proposal));
    outcome.details.insert("rows".to_owned(), rows.into());
    outcome.details.insert("missing".to_owned(), missing.into());
    outcome.details.insert("notes".to_owned(), proposal.notes.clone().into());
}

/// Where the proposal goes.
fn place(context: &Context, args: &SchemaDiscoverArgs) -> Result<PathBuf, Failure> {
    let named = args.out.clone().or_else(|| args.database.map.clone()).or_else(|| usual_place(context));
    match named {
        Some(path) => Ok(path),
        None if context.root.is_live() => Ok(PathBuf::from(MAP)),
        None => {
            Err(Failure::new(FailureKind::Usage, "with --root, --out must name the file for the proposal"))
        }
    }
}

/// What the rows say where names cannot. What cannot be read is left out, and the line stays a guess.
pub fn samples(connection: &mut Connection, catalog: &Catalog, profiles: Option<&str>) -> Samples {
    let mut samples = Samples::new();
    for (table, column) in wanted_samples(catalog, connection.engine(), profiles) {
        let is_small = catalog.table(&table).is_some_and(|table| table.rows.unwrap_or(0) <= MOST_ROWS);
        let (Ok(from), Ok(what)) = (table.parse::<Ident>(), column.parse::<Ident>()) else { continue };
        let sql = format!("SELECT DISTINCT {} FROM {} LIMIT {MOST_VALUES}", what.quoted(), from.quoted());
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
