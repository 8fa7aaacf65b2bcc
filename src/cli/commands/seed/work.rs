//! What the commands that change a database have in common: where it is, what is allowed, and what is said of a plan.
//!
//! Invariant: what is not allowed, and what is accepted, is settled here for all of them alike.

use super::client::{Client, client};
use super::database;
use super::takes_effect::effects;
use crate::cli::args::DatabaseArgs;
use crate::cli::args::seed::{PruneChoice, SeedChangeArgs};
use crate::cli::commands::sessions::section;
use crate::cli::context::Context;
use crate::cli::database::Named;
use crate::db::{Limits, Source};
use crate::outcome::codes::{self, Accepted, Code, Family};
use crate::outcome::seed_change::SeedChange;
use crate::outcome::{CommandName, Failure, Outcome, OutcomeKind, counted, sort_findings};
use crate::prepare::accept;
use crate::seed::manifest::{Manifest, Validated};
use crate::seed::map::Map;
use crate::seed::plan::{Allowance, Counts, Plan, Prune, all_lines, changes, lines, refused};
use crate::seed::snapshot::Unnamed;
use crate::seed::{Agreement, Planned, Purpose, Session, Telling, unopened};
use serde_json::json;
use std::cell::OnceCell;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// Whether the database is as the manifest says, and what would come of an apply.
pub fn judge(planned: &Planned, is_detailed: bool, outcome: &mut Outcome) {
    let stops = outcome.findings.iter().filter(|finding| finding.stops()).count();
    let stopped = format!("{} would stop an apply", counted(stops, "finding"));
    let pending = format!("changes are pending: {}", written(&planned.plan));
    let verdict = match (planned.agreement, planned.plan.is_empty(), stops) {
        (Agreement::Agrees, _, 0) => "up to date: nothing to do".to_owned(),
        (Agreement::Agrees, ..) => format!("up to date: nothing to do; {stopped}"),
        (Agreement::Differs, true, _) => format!("nothing would be written, but {stopped}"),
        (Agreement::Differs, false, 0) => pending,
        (Agreement::Differs, false, _) => format!("{pending}; {stopped}"),
    };
    outcome.set_verdict(verdict);
    agreement(planned, is_detailed, outcome);
}

/// The outcome and the exit code that say whether the database is as the manifest says.
pub fn agreement(planned: &Planned, is_detailed: bool, outcome: &mut Outcome) {
    outcome.outcome = match planned.agreement {
        Agreement::Agrees => OutcomeKind::UpToDate,
        Agreement::Differs => OutcomeKind::ChangesPending,
    };
    if planned.agreement == Agreement::Differs && is_detailed {
        outcome.exit_code = 2;
    }
}

/// How many rows a plan writes, in words.
pub fn written(plan: &Plan) -> String {
    let rows = plan.rows();
    let gone = plan.deletions();
    let words = match gone.revoked {
        0 => counted(rows, "row"),
        // Their rows stay.
        rights => format!("{} with {} taken away", counted(rows, "row"), counted(rights, "right")),
    };
    match gone.rows() {
        0 => words,
        1 if rows == 1 => format!("{words}, which is deleted"),
        all if rows == all => format!("{words}, all of them deleted"),
        some => format!("{words}, {some} of them deleted"),
    }
}

/// The line that a plan ends with.
pub fn to_be_done(counts: Counts) -> String {
    let Counts { add, change, remove } = counts;
    let nothing = if counts == Counts::default() { "nothing" } else { "nothing else" };
    format!("{add} to add, {change} to change, {remove} to remove; {nothing} is touched")
}

/// The line that an apply ends with.
pub fn done(counts: Counts) -> String {
    let Counts { add, change, remove } = counts;
    format!("{add} added, {change} changed, {remove} removed; nothing else was touched")
}

/// How many names findings list: programs and whoever asks for more get all.
pub fn telling(context: &Context) -> Telling {
    if context.global.json || context.global.verbose > 0 { Telling::All } else { Telling::Few }
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
    pub fn files<'a>(&'a self, manifests: &'a [PathBuf], args: &'a DatabaseArgs) -> Vec<&'a Path> {
        let mut files: Vec<&Path> = manifests.iter().map(PathBuf::as_path).collect();
        files.extend([&args.map, &args.defaults_file].into_iter().flatten().map(PathBuf::as_path));
        files.extend(database::file_of(self.named.source()));
        files
    }

    pub fn open(&self, context: &Context, purpose: Purpose) -> Result<Session, Failure> {
        context.progress.stage("asking the database");
        Ok(self.session(context, purpose)?.telling(telling(context)))
    }

    fn session(&self, context: &Context, purpose: Purpose) -> Result<Session, Failure> {
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

/// Findings that are accepted by name.
pub fn accepted(words: &[String]) -> Result<BTreeSet<Code>, Failure> {
    let mut codes = BTreeSet::new();
    for word in words {
        if let Accepted::Finding(code) = codes::accepted(word, Family::Seed)? {
            codes.insert(code);
        }
    }
    Ok(codes)
}

/// The changes of a plan, where a program asks. There may be a million, and people get lines.
pub fn changes_shown(context: &Context, plan: &Plan) -> Option<Vec<SeedChange>> {
    context.global.json.then(|| changes(plan))
}

/// Puts the changes of a plan into the answer.
pub fn show_changes(context: &Context, plan: &Plan, outcome: &mut Outcome) {
    // Both group all links by their owners: one after the other they need that memory once.
    let lines = if context.global.verbose > 0 { all_lines(plan) } else { lines(plan) };
    let rows: Vec<_> = lines.into_iter().map(Vec::from).collect();
    outcome.changes = changes_shown(context, plan);
    let counts = plan.counts();
    let document = json!({ "add": counts.add, "change": counts.change, "remove": counts.remove });
    outcome.details.add("counts", document);
    outcome.summarise([to_be_done(counts)]);
    outcome.details.rows = Some(rows);
}

/// What the flags say about a plan.
pub struct Work {
    /// Deletions that are allowed.
    pub allowed: Allowance,
    accepted: BTreeSet<Code>,
    /// What this host is to Motion's clients, looked up for the first plan that needs it.
    client: OnceCell<Client>,
    host: crate::outcome::HostSection,
}

impl Work {
    /// Reads the flags.
    pub fn new(context: &Context, args: &SeedChangeArgs) -> Result<Self, Failure> {
        let prune = args.prune.iter().map(|choice| match choice {
            PruneChoice::Memberships => Prune::Memberships,
            PruneChoice::Profiles => Prune::Profiles,
            PruneChoice::Absent => Prune::Absent,
            PruneChoice::Permissions => Prune::Permissions,
        });
        let allowed = Allowance { prune: prune.collect(), most: args.max_delete };
        let accepted = accepted(&args.accept)?;
        Ok(Self { allowed, accepted, client: OnceCell::new(), host: context.host() })
    }

    /// What happens to profiles that the manifest does not name.
    pub fn unnamed(&self) -> Unnamed {
        if self.allowed.prune.contains(&Prune::Profiles) { Unnamed::Go } else { Unnamed::Stay }
    }

    /// What this host is to Motion's clients.
    pub fn client(&self, context: &Context) -> &Client {
        self.client.get_or_init(|| client(context))
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
            planned.findings.extend(self.client(context).missing.clone());
        }
        self.settle(&mut planned);
        Ok(planned)
    }

    /// Adds what is not allowed to the findings of a plan, and marks what is accepted.
    pub fn settle(&self, planned: &mut Planned) {
        planned.findings.extend(refused(&planned.plan.deletions(), &self.allowed));
        accept(&mut planned.findings, &self.accepted);
    }

    /// Puts a plan into the answer.
    pub fn show(&self, context: &Context, planned: &Planned, validated: &Validated, outcome: &mut Outcome) {
        outcome.findings.clone_from(&planned.findings);
        outcome.findings.extend(validated.findings());
        sort_findings(&mut outcome.findings);
        outcome.matrix.clone_from(&planned.matrix);
        outcome.takes_effect = effects(&planned.effects);
        show_changes(context, &planned.plan, outcome);
        outcome.details.add("fingerprint", planned.fingerprint.as_str());
    }
}
