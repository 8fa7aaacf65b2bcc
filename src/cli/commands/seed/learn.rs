//! `seed schema learn`: a map from a profile that a person makes by hand in Motion's own interface.
//!
//! Invariant: the database is only read, in one view of it. What was seen before is kept in a file that only its owner
//! may read; the proposal is printed or goes to a file, and nobody is named in it as its reviewer.

use super::database::{file_of, named, open, shown};
use super::runs;
use super::schema::{self, samples};
use crate::cli::args::learn::SchemaLearnArgs;
use crate::cli::context::Context;
use crate::cli::files::{IfExists, read_look, write_out};
use crate::db::{Access, Catalog, Connection, DbError, FileAccess};
use crate::host::{clock, random};
use crate::outcome::{DatabaseSection, Failure, FailureKind, Outcome, OutcomeKind, counted_as, row};
use crate::seed::discover::{Grade, Proposal, Section, discover_around};
use crate::seed::learn::{
    Changes, Choice, Found, Lesson, Picture, after_deletion, choose, compare, lesson, photograph, taught,
    without_step,
};
use crate::seed::unopened;
use serde_json::{Value, json};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

/// The first look, in the folder of our state.
const LOOK: &str = "learn.json";

/// Looks before, or after.
pub fn learn(context: &Context, args: &SchemaLearnArgs) -> Result<Outcome, Failure> {
    if args.begin { begin(context, args) } else { end(context, args) }
}

/// A database with its tables.
struct Opened {
    connection: Connection,
    catalog: Catalog,
    server: DatabaseSection,
    /// Files that were read to get there.
    read: Vec<PathBuf>,
}

fn opened(context: &Context, args: &SchemaLearnArgs) -> Result<Opened, Failure> {
    let named = named(context, &args.database)?;
    let file = file_of(named.source()).map(Path::to_owned);
    let mut connection = open(context, *named, FileAccess::Read)?;
    let catalog = Catalog::read(&mut connection).map_err(|error| unopened(&error))?;
    if catalog.tables.is_empty() {
        return Err(schema::no_table());
    }
    let read = [args.database.defaults_file.clone(), file].into_iter().flatten().collect();
    Ok(Opened { server: shown(&connection), connection, catalog, read })
}

impl Opened {
    /// Runs `look` inside one view of the database.
    fn reading<T>(
        &mut self,
        look: impl FnOnce(&mut Connection, &Catalog) -> Result<T, DbError>,
    ) -> Result<T, Failure> {
        self.connection.begin(Access::ReadOnlySnapshot).map_err(|error| unopened(&error))?;
        let answer = look(&mut self.connection, &self.catalog);
        let ended = self.connection.rollback();
        let answer = answer.map_err(|error| unopened(&error))?;
        ended.map_err(|error| unopened(&error))?;
        Ok(answer)
    }

    /// What `discover` concludes, with the table of profiles if that is known.
    fn proposal(&mut self, profiles: Option<&str>) -> Proposal {
        let samples = samples(&mut self.connection, &self.catalog, profiles);
        discover_around(&self.catalog, self.connection.engine(), &samples, profiles)
    }

    fn write(
        &self,
        place: &Path,
        text: &str,
        standing: IfExists,
        besides: Option<&Path>,
    ) -> Result<(), Failure> {
        let read: Vec<&Path> = self.read.iter().map(PathBuf::as_path).chain(besides).collect();
        write_out(place, text.as_bytes(), standing, &read)
    }
}

fn begin(context: &Context, args: &SchemaLearnArgs) -> Result<Outcome, Failure> {
    let place = place(context, args.out.as_deref())?;
    let mut opened = opened(context, args)?;
    let proposal = opened.proposal(None);
    let mut choice = Choice { agent: args.agent.clone(), ..Choice::default() };
    for (channel, name) in &args.queue {
        choice.queues.entry(*channel).or_default().push(name.clone());
    }
    let random = || {
        random::suffix().map_err(|error| Failure::new(FailureKind::Failed, format!("no randomness: {error}")))
    };
    let (suffix, salt) = (random()?, random()? + &random()?);
    let task = choose(&mut opened.connection, &proposal, &choice, &suffix[..4])?;
    let taken = clock::now().to_string();
    let picture = opened.reading(|conn, catalog| photograph(conn, catalog, task, &salt, &taken))?;
    let standing = if args.force { IfExists::Replace } else { IfExists::Keep };
    opened.write(&place, &picture.to_json(), standing, None)?;
    let mut outcome = Outcome::new("seed schema learn", OutcomeKind::Ok);
    outcome.database = Some(opened.server);
    let steps = picture.task.steps();
    let from = args.out.as_ref().map_or_else(String::new, |path| format!(" --from {}", path.display()));
    let last = format!("then run: motionctl seed schema learn --end{from}");
    let rows = steps.iter().chain([&last]).enumerate();
    outcome.details.rows = Some(rows.map(|(index, step)| row(&[&format!("{}.", index + 1), step])).collect());
    let verdict = format!(
        "{} looked at; now do this in Motion's own interface, and nothing else there meanwhile",
        counted_as(picture.tables.len(), "table was", "tables were")
    );
    outcome.set_verdict(verdict);
    outcome.details.add("steps", steps);
    outcome.details.add("task", json!(picture.task));
    outcome.details.add("file", place.display().to_string());
    let notes = picture.task.doubts().into_iter().chain(picture.unseen());
    outcome.details.notes = Some(notes.chain(without_step(proposal)).collect());
    Ok(outcome)
}

fn end(context: &Context, args: &SchemaLearnArgs) -> Result<Outcome, Failure> {
    let from = place(context, args.from.as_deref())?;
    let mut picture = read(&from)?;
    let mut opened = opened(context, args)?;
    if !picture.is_of(&opened.connection) {
        let message = format!("the first look is of another database: {}", picture.database);
        return Err(Failure::new(FailureKind::Refused, message)
            .with_hint("name the same database, or begin again with `motionctl seed schema learn --begin`"));
    }
    if !args.deleted {
        picture.task.leave_out(&args.left_out)?;
    }
    let standing = if args.force { IfExists::Replace } else { IfExists::Keep };
    let files = Files { from: &from, map: args.out.as_deref(), standing };
    if args.deleted { deleted(&mut opened, picture, &files) } else { compared(&mut opened, picture, &files) }
}

/// Where things are from and go.
struct Files<'a> {
    from: &'a Path,
    /// The proposal is printed where no file is named.
    map: Option<&'a Path>,
    standing: IfExists,
}

fn compared(opened: &mut Opened, mut picture: Picture, files: &Files<'_>) -> Result<Outcome, Failure> {
    let changes = opened.reading(|conn, catalog| compare(conn, catalog, &picture))?;
    let before = opened.proposal(None);
    let engine = opened.connection.engine();
    let learned = lesson(&opened.catalog, engine, &picture, &changes, &before);
    let mut outcome = Outcome::new("seed schema learn", OutcomeKind::Ok);
    outcome.database = Some(opened.server.clone());
    told(&changes, &learned, &mut outcome);
    let unseen =
        changes.iter().filter_map(|change| Some(format!("{}: {}", change.table, change.note.as_ref()?)));
    let notes: Vec<String> = learned.notes.iter().cloned().chain(unseen).collect();
    let Some(found) = learned.found.clone() else {
        if let Some(lost) = learned.missing {
            let message = format!("the profile was not found: {}", lost.why);
            outcome.fail(Failure::new(FailureKind::Refused, message).with_hint(lost.advice));
        }
        outcome.details.notes = Some(notes);
        return Ok(outcome);
    };
    let proposal = merged(opened, &found.profiles, &learned.sections, notes.clone());
    written(opened, &proposal, files, &mut outcome)?;
    picture.found = Some(Found { notes, ..found });
    write_out(files.from, picture.to_json().as_bytes(), IfExists::Replace, &[])?;
    Ok(outcome)
}

fn deleted(opened: &mut Opened, mut picture: Picture, files: &Files<'_>) -> Result<Outcome, Failure> {
    let Some(found) = picture.found.clone() else {
        return Err(Failure::new(FailureKind::Refused, "the profile is not known yet")
            .with_hint("run `motionctl seed schema learn --end` first, then delete the profile in Motion"));
    };
    let deletion = opened.reading(|conn, catalog| after_deletion(conn, catalog, &picture, &found))?;
    let mut outcome = Outcome::new("seed schema learn", OutcomeKind::Ok);
    outcome.database = Some(opened.server.clone());
    let rows = deletion.fates.iter().map(|(part, fate)| row(&[part, fate]));
    outcome.details.rows = Some(rows.collect());
    if deletion.is_undone() {
        outcome.fail(
            Failure::new(FailureKind::Refused, "the profile is still there as it was")
                .with_hint(format!("delete {:?} in Motion first", picture.task.profile)),
        );
        return Ok(outcome);
    }
    let notes = deletion.notes.into_iter().chain(found.notes.clone()).collect();
    let proposal = merged(opened, &found.profiles, &deletion.found.sections, notes);
    written(opened, &proposal, files, &mut outcome)?;
    // The rows stay as they were found, so that this can be asked again.
    picture.found = Some(Found { rows: found.rows, ..deletion.found });
    write_out(files.from, picture.to_json().as_bytes(), IfExists::Replace, &[])?;
    Ok(outcome)
}

/// What `discover` says of the rest, with what was learned.
fn merged(opened: &mut Opened, profiles: &str, learned: &[Section], notes: Vec<String>) -> Proposal {
    let concluded = opened.proposal(Some(profiles));
    taught(concluded, learned, notes, &opened.catalog, opened.connection.engine())
}

/// Writes the proposal or has it printed, and says what to do with it.
fn written(
    opened: &Opened,
    proposal: &Proposal,
    files: &Files<'_>,
    outcome: &mut Outcome,
) -> Result<(), Failure> {
    let text = schema::text(proposal, &opened.server);
    let learned = proposal.count(Grade::Learned);
    let rest = proposal.count(Grade::Certain) + proposal.count(Grade::Likely) + proposal.count(Grade::Guess);
    let said = format!("{learned} lines are learned, {rest} are concluded");
    let verdict = match files.map {
        Some(place) => {
            opened.write(place, &text, files.standing, Some(files.from))?;
            let file = place.display().to_string();
            let verdict =
                format!("{said}; a proposal is in {file}; {}", schema::next(proposal, &text, &file));
            outcome.details.add("file", file);
            verdict
        }
        None => {
            let verdict = format!("{said}; {}", schema::next(proposal, &text, "the proposal"));
            outcome.details.text = Some(text);
            verdict
        }
    };
    outcome.set_verdict(verdict);
    outcome.details.add("grades", schema::grades(proposal));
    outcome.details.notes = Some(proposal.said());
    Ok(())
}

/// What has changed: what is the profile's, and what else there was.
fn told(changes: &[Changes], learned: &Lesson, outcome: &mut Outcome) {
    let parts_of = |table: &str| -> Vec<&str> {
        learned.parts.iter().filter(|(_, its)| its == table).map(|(part, _)| part.as_str()).collect()
    };
    let mut changed: Vec<&Changes> = changes.iter().filter(|change| !change.is_empty()).collect();
    changed.sort_by_key(|change| parts_of(&change.table).is_empty());
    let rows = changed.iter().map(|change| {
        let parts = parts_of(&change.table);
        let role = if parts.is_empty() { "something else".to_owned() } else { parts.join(", ") };
        vec![change.table.to_string(), change.to_string(), role]
    });
    outcome.details.rows = Some(rows.collect());
    let documents = changed.iter().map(|change| {
        json!({
            "table": change.table, "new": change.new, "changed": change.changed, "gone": change.gone,
            "columns": change.columns, "parts": parts_of(&change.table),
        })
    });
    outcome.details.add("changes", documents.collect::<Value>());
    let row: serde_json::Map<String, Value> =
        learned.profile.iter().map(|(name, value)| (name.clone(), value.clone().into())).collect();
    outcome.details.add("profile", row);
}

fn read(place: &Path) -> Result<Picture, Failure> {
    let name = place.display();
    let bytes = read_look(place).map_err(|error| {
        Failure::new(FailureKind::Unavailable, format!("reading the first look {name}: {error}"))
            .with_hint("begin with `motionctl seed schema learn --begin`; --from names another file")
    })?;
    Picture::from_json(&bytes).map_err(|error| {
        Failure::new(FailureKind::Invalid, format!("reading the first look {name}: {error}"))
    })
}

/// The file that was named, or the one in our folder: root's below `/var/lib`, anybody else's below the home.
fn place(context: &Context, named: Option<&Path>) -> Result<PathBuf, Failure> {
    if let Some(path) = named {
        return Ok(path.to_owned());
    }
    if !context.root.is_live() {
        return Err(Failure::new(
            FailureKind::Usage,
            "with --root, --out (--begin) and --from (--end) must name the file",
        ));
    }
    let folder = runs::state().ok_or_else(|| {
        Failure::new(FailureKind::Usage, "there is no home to keep the file in")
            .with_hint("--out and --from name the file")
    })?;
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(&folder).map_err(|error| {
        Failure::new(FailureKind::Failed, format!("making the folder {}: {error}", folder.display()))
    })?;
    Ok(folder.join(LOOK))
}
