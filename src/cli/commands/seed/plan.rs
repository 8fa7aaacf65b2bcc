//! `seed plan`: what would change in the database.
//!
//! Invariant: nothing is written but the plan that was asked for; a stop is shown and does not end it.

use super::client;
use super::database;
use super::manifest::refusal;
use super::saved::{Saved, SavedManifest};
use crate::cli::args::DatabaseArgs;
use crate::cli::args::seed::{PruneChoice, SeedChangeArgs, SeedPlanArgs};
use crate::cli::commands::sessions::section;
use crate::cli::context::Context;
use crate::cli::database::Named;
use crate::cli::files::{Standing, read_manifest, write_out};
use crate::db::{Limits, Source};
use crate::outcome::codes::{self, Accepted, Code, Family};
use crate::outcome::{CommandName, Failure, Outcome, OutcomeKind, sort_findings};
use crate::prepare::accept;
use crate::seed::manifest::{Manifest, Validated, validate};
use crate::seed::map::Map;
use crate::seed::plan::{Allowance, Prune, changes, lines, refused};
use crate::seed::snapshot::Unnamed;
use crate::seed::{Agreement, Planned, Purpose, Session, unopened};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// Plans, shows, and saves the plan where asked.
pub fn plan(context: &Context, args: &SeedPlanArgs) -> Result<Outcome, Failure> {
    let work = Work::new(context, &args.change)?;
    let (name, bytes) = read_manifest(&args.manifest)?;
    let validated = valid(&bytes, &name)?;
    let place = Place::new(context, &args.change.database)?;
    let mut session = place.open(context, Purpose::Plan)?;
    let mut outcome = work.outcome("seed plan", &session);
    let Some(manifest) = &validated.manifest else { return Ok(outcome) };
    let planned = match work.plan(context, &mut session, manifest) {
        Ok(planned) => planned,
        Err(failure) => {
            outcome.fail(failure);
            return Ok(outcome);
        }
    };
    work.show(context, &planned, &validated, &mut outcome);
    if let Some(path) = &args.out {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let manifest = SavedManifest { name, text };
        let saved = Saved::new(&planned, &session, &section(session.server()), &work.allowed, manifest);
        let read = place.files(&args.manifest, &args.change.database);
        write_out(path, &saved.to_json(), Standing::Replace, &read)?;
        outcome.details.insert("saved".to_owned(), path.display().to_string().into());
    }
    judge(&planned, args, &mut outcome);
    Ok(outcome)
}

/// Whether the database is as the manifest says, and what would come of an apply.
fn judge(planned: &Planned, args: &SeedPlanArgs, outcome: &mut Outcome) {
    let stops = outcome.findings.iter().filter(|finding| finding.stops()).count();
    let stopped = format!("{stops} finding{} would stop an apply", if stops == 1 { "" } else { "s" });
    let pending = format!("changes are pending: {}", counted(planned));
    let verdict = match (planned.agreement, planned.plan.is_empty(), stops) {
        (Agreement::Agrees, _, 0) => "up to date: nothing to do".to_owned(),
        (Agreement::Agrees, ..) => format!("up to date: nothing to do; {stopped}"),
        (Agreement::Differs, true, _) => format!("nothing would be written, but {stopped}"),
        (Agreement::Differs, false, 0) => pending,
        (Agreement::Differs, false, _) => format!("{pending}; {stopped}"),
    };
    outcome.details.insert("verdict".to_owned(), verdict.into());
    outcome.outcome = match planned.agreement {
        Agreement::Agrees => OutcomeKind::UpToDate,
        Agreement::Differs => OutcomeKind::ChangesPending,
    };
    if planned.agreement == Agreement::Differs && args.detailed_exitcode {
        outcome.exit_code = 2;
    }
}

/// The manifest, without an error in it.
pub fn valid(bytes: &[u8], name: &str) -> Result<Validated, Failure> {
    let mut files = vec![validate(bytes, name)];
    match refusal(&files) {
        Some(failure) => Err(failure),
        None => Ok(files.remove(0)),
    }
}

/// How many rows a plan writes, in words.
pub fn counted(planned: &Planned) -> String {
    let rows = planned.plan.rows();
    let gone = planned.plan.deletions().total();
    let rows = if rows == 1 { "1 row".to_owned() } else { format!("{rows} rows") };
    if gone > 0 { format!("{rows}, {gone} of them deleted") } else { rows }
}

/// A database that can be opened more than once, and its map.
pub struct Place {
    named: Named,
    map: Map,
}

impl Place {
    /// What the flags, the environment and the settings name.
    pub fn new(context: &Context, args: &DatabaseArgs) -> Result<Self, Failure> {
        let named = database::named(context, args)?;
        let map = database::map(context, args, database::is_file(named.source()))?.map;
        Ok(Self { named: *named, map })
    }

    /// The files that a plan is made from.
    fn files<'a>(&'a self, manifest: &'a Path, args: &'a DatabaseArgs) -> Vec<&'a Path> {
        let mut files = vec![manifest];
        files.extend([&args.map, &args.defaults_file].into_iter().flatten().map(PathBuf::as_path));
        files.extend(database::file_of(self.named.source()));
        files
    }

    /// Opens it.
    pub fn open(&self, context: &Context, purpose: Purpose) -> Result<Session, Failure> {
        context.progress.stage("asking the database");
        match self.named.source() {
            Source::File { path, .. } => {
                // Saved plans tell databases apart by it.
                let path = std::path::absolute(path).unwrap_or_else(|_| path.clone());
                Session::file(&path, self.map.clone(), purpose)
            }
            Source::Server { .. } | Source::Memory => {
                let conn = self.named.open(context, &Limits::work()).map_err(|error| unopened(&error))?;
                Session::of(conn, self.map.clone())
            }
        }
    }
}

/// What the flags say about a plan.
pub struct Work {
    /// Deletions that are allowed.
    pub allowed: Allowance,
    accepted: BTreeSet<Code>,
    host: crate::outcome::HostSection,
}

impl Work {
    /// Reads the flags.
    pub fn new(context: &Context, args: &SeedChangeArgs) -> Result<Self, Failure> {
        let prune = args.prune.iter().map(|choice| match choice {
            PruneChoice::Memberships => Prune::Memberships,
            PruneChoice::Profiles => Prune::Profiles,
            PruneChoice::Absent => Prune::Absent,
        });
        let allowed = Allowance { prune: prune.collect(), most: args.max_delete };
        let mut accepted = BTreeSet::new();
        for word in &args.accept {
            if let Accepted::Finding(code) = codes::accepted(word, Family::Seed)? {
                accepted.insert(code);
            }
        }
        Ok(Self { allowed, accepted, host: context.host() })
    }

    /// What happens to profiles that the manifest does not name.
    pub fn unnamed(&self) -> Unnamed {
        if self.allowed.prune.contains(&Prune::Profiles) { Unnamed::Go } else { Unnamed::Stay }
    }

    /// An answer about a database.
    pub fn outcome(&self, command: CommandName, session: &Session) -> Outcome {
        let mut outcome = Outcome::new(command, OutcomeKind::Ok);
        outcome.host = Some(self.host.clone());
        outcome.database = Some(section(session.server()));
        outcome
    }

    /// Plans a manifest; what is not allowed is among the findings.
    pub fn plan(
        &self,
        context: &Context,
        session: &mut Session,
        manifest: &Manifest,
    ) -> Result<Planned, Failure> {
        context.progress.stage("planning");
        let mut planned = session.plan(manifest, self.unnamed())?;
        if !planned.plan.is_empty() {
            planned.findings.extend(client::missing(context));
        }
        planned.findings.extend(refused(&planned.plan.deletions(), &self.allowed));
        accept(&mut planned.findings, &self.accepted);
        Ok(planned)
    }

    /// Puts a plan into the answer.
    pub fn show(&self, context: &Context, planned: &Planned, validated: &Validated, outcome: &mut Outcome) {
        outcome.findings.clone_from(&planned.findings);
        outcome.findings.extend(validated.findings());
        sort_findings(&mut outcome.findings);
        // There may be a million, and people get lines.
        outcome.changes = context.global.json.then(|| changes(&planned.plan));
        let rows: Vec<_> = lines(&planned.plan).into_iter().map(Vec::from).collect();
        outcome.details.insert("rows".to_owned(), rows.into());
        outcome.details.insert("fingerprint".to_owned(), planned.fingerprint.as_str().into());
    }
}
