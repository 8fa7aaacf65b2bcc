//! The arguments of `seed` and what is below it.
//!
//! Invariant: as in [`super`]: nothing here decides.

use super::DatabaseArgs;
use super::duration::parse_duration;
use super::learn::SchemaLearnArgs;
use crate::cli::explain::accept_help;
use crate::outcome::codes::Family;
use crate::seed::Channel;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Args, Subcommand, ValueEnum, ValueHint};
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use std::path::PathBuf;
use std::time::Duration;

/// What to do about agents, queues and profiles.
#[derive(Debug, Subcommand)]
pub enum SeedCommand {
    /// Read manifests and say all that is wrong with them; no database is asked
    Validate(ValidateArgs),
    /// What would change in the database; nothing is written
    Plan(Box<SeedPlanArgs>),
    /// Make the change: all of it in one transaction, or nothing
    Apply(Box<SeedApplyArgs>),
    /// Is the database as a manifest says? Nothing is written
    Status(Box<SeedStatusArgs>),
    /// Print the database as a manifest; nothing is written
    Export(ExportArgs),
    /// A manifest out of a table of agents, CSV or .xlsx; no database is asked
    Import(ImportArgs),
    /// All profiles: who and what belongs to them, and whether they are in use
    List(ListArgs),
    /// What the login offers agents: profiles, and the queues of each
    Access(AccessArgs),
    /// Who uses a queue or has a profile, and through what
    Who(WhoArgs),
    /// Hours of each profile and agent, and who is on which profile now
    Usage(UsageArgs),
    /// The schema of manifests and of the database
    #[command(subcommand)]
    Schema(SchemaCommand),
}

/// Arguments of `seed validate`.
#[derive(Debug, Args)]
pub struct ValidateArgs {
    /// Manifests; `-` reads standard input
    #[arg(required = true, value_name = "MANIFEST", value_hint = ValueHint::FilePath)]
    pub manifests: Vec<PathBuf>,
    /// The values of this site.
    #[command(flatten)]
    pub site: SiteValuesArgs,
}

/// The values that a manifest asks for.
#[derive(Debug, Args)]
pub struct SiteValuesArgs {
    /// Fill in the values of a site where the manifest asks for them: `{{ site.NAME }}`
    #[arg(long = "with", value_name = "SITE", value_hint = ValueHint::FilePath)]
    pub with: Option<PathBuf>,
}

/// What to do with schemas.
#[derive(Debug, Subcommand)]
pub enum SchemaCommand {
    /// Print the JSON Schema of manifests, for editors
    JsonSchema,
    /// Print the schema map that is in effect; no database is asked
    Show(SchemaShowArgs),
    /// Compare the schema map with the database; nothing is written
    Check(SchemaCheckArgs),
    /// Propose a schema map from the database, for a person to review
    Discover(SchemaDiscoverArgs),
    /// Learn a schema map from one profile that a person makes in Motion
    Learn(Box<SchemaLearnArgs>),
}

/// Arguments of `seed schema show`.
#[derive(Debug, Args)]
pub struct SchemaShowArgs {
    /// The database and its map.
    #[command(flatten)]
    pub database: DatabaseArgs,
}

/// Arguments of `seed schema check`.
#[derive(Debug, Args)]
pub struct SchemaCheckArgs {
    /// The database and its map.
    #[command(flatten)]
    pub database: DatabaseArgs,
}

/// Arguments of `seed schema discover`.
#[derive(Debug, Args)]
pub struct SchemaDiscoverArgs {
    /// The database; with --map, that map is brought up to it instead of
    /// proposing a new one.
    #[command(flatten)]
    pub database: DatabaseArgs,
    /// Write the map to FILE instead of printing it
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub out: Option<PathBuf>,
    /// Replace the file of --out where there is one
    #[arg(long, requires = "out")]
    pub force: bool,
}

/// Arguments of `seed plan`.
#[derive(Debug, Args)]
pub struct SeedPlanArgs {
    /// The manifest; several files, or a folder's *.yaml and *.yml, are read as one; `-` reads standard input
    #[arg(required = true, value_name = "MANIFEST", value_hint = ValueHint::AnyPath)]
    pub manifests: Vec<PathBuf>,
    /// The values of this site.
    #[command(flatten)]
    pub site: SiteValuesArgs,
    /// What may be done, and where.
    #[command(flatten)]
    pub change: SeedChangeArgs,
    /// Plan against what `seed export` wrote, without a database; the plan cannot be saved
    #[arg(
        long,
        value_name = "EXPORT",
        value_hint = ValueHint::FilePath,
        conflicts_with_all = ["out", "db", "no_db", "defaults_file", "db_ca"]
    )]
    pub against: Option<PathBuf>,
    /// Save the plan for a later apply
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub out: Option<PathBuf>,
    /// Write what is shown, and more, as one page of HTML to FILE
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub html: Option<PathBuf>,
    /// Exit 2 when changes are pending
    #[arg(long)]
    pub detailed_exitcode: bool,
}

/// Arguments of `seed apply`.
#[derive(Debug, Args)]
pub struct SeedApplyArgs {
    /// The manifest, or a plan saved by `seed plan --out`; several files, or a folder's *.yaml and *.yml, are read as
    /// one manifest; `-` reads standard input
    #[arg(required = true, value_name = "MANIFEST|PLAN", value_hint = ValueHint::AnyPath)]
    pub input: Vec<PathBuf>,
    /// The values of this site.
    #[command(flatten)]
    pub site: SiteValuesArgs,
    /// What may be done, and where.
    #[command(flatten)]
    pub change: SeedChangeArgs,
    /// Show the plan and change nothing
    #[arg(long)]
    pub dry_run: bool,
    /// With --dry-run: exit 2 when there is something to change; 3 when it would be refused
    #[arg(long, requires = "dry_run")]
    pub detailed_exitcode: bool,
    /// Do not ask
    #[arg(short, long)]
    pub yes: bool,
    /// Wait up to this long until none of the agents whom the plan concerns is logged in, such as 30m
    #[arg(long, value_name = "DURATION", value_parser = parse_duration)]
    pub wait_idle: Option<Duration>,
}

/// Arguments of `seed status`.
#[derive(Debug, Args)]
pub struct SeedStatusArgs {
    /// The manifest; several files, or a folder's *.yaml and *.yml, are read as one; `-` reads standard input
    #[arg(required = true, value_name = "MANIFEST", value_hint = ValueHint::AnyPath)]
    pub manifests: Vec<PathBuf>,
    /// The values of this site.
    #[command(flatten)]
    pub site: SiteValuesArgs,
    /// A profile that the manifest does not name is a difference, too
    #[arg(long)]
    pub exact: bool,
    /// Exit 2 when the database differs
    #[arg(long)]
    pub detailed_exitcode: bool,
    /// The database and its map.
    #[command(flatten)]
    pub database: DatabaseArgs,
}

/// Arguments of `seed export`.
#[derive(Debug, Args)]
pub struct ExportArgs {
    /// Write exact lists and every column, so that a later plan shows any drift
    #[arg(long)]
    pub exact: bool,
    /// Export this profile alone; may be given several times
    #[arg(long, value_name = "profile=NAME", value_parser = profile)]
    pub only: Vec<String>,
    /// Export queues and memberships of these channels alone
    #[arg(long, value_name = "CHANNEL", value_delimiter = ',', value_parser = channels())]
    pub channel: Vec<Channel>,
    /// The database and its map.
    #[command(flatten)]
    pub database: DatabaseArgs,
}

/// Arguments of `seed import`.
#[derive(Debug, Args)]
pub struct ImportArgs {
    /// The table: CSV in UTF-8, or a workbook (.xlsx); `-` reads standard input
    #[arg(value_name = "FILE", value_hint = ValueHint::FilePath, required_unless_present = "template", conflicts_with = "template")]
    pub table: Option<PathBuf>,
    /// Read this sheet of a workbook
    #[arg(long, value_name = "NAME", conflicts_with = "template")]
    pub sheet: Option<String>,
    /// Leave the column with this header out; may be given several times
    #[arg(long, value_name = "COLUMN", conflicts_with = "template")]
    pub ignore: Vec<String>,
    /// Write to FILE and not to standard output
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub out: Option<PathBuf>,
    /// Write a table to fill in: CSV, or a workbook where --out names one (.xlsx)
    #[arg(long)]
    pub template: bool,
}

/// Arguments of `seed list`.
#[derive(Debug, Args)]
pub struct ListArgs {
    /// The database and its map.
    #[command(flatten)]
    pub database: DatabaseArgs,
}

/// Arguments of `seed access`.
#[derive(Debug, Args)]
pub struct AccessArgs {
    /// Usernames; by default all agents
    #[arg(value_name = "AGENT")]
    pub agents: Vec<String>,
    /// Show this profile alone; may be given several times
    #[arg(long, value_name = "NAME")]
    pub profile: Vec<String>,
    /// Show this queue alone, in every channel that has one of the name; may be given several times
    #[arg(long, value_name = "NAME")]
    pub queue: Vec<String>,
    /// Print a table in CSV: a row for each agent, profile and queue
    #[arg(long)]
    pub csv: bool,
    /// A manifest that the answer takes for applied.
    #[command(flatten)]
    pub applied: AsIfArgs,
    /// The database and its map.
    #[command(flatten)]
    pub database: DatabaseArgs,
}

/// Arguments of `seed who`.
#[derive(Debug, Args)]
pub struct WhoArgs {
    /// The name of queues, whatever their channel, or of a profile
    #[arg(value_name = "NAME")]
    pub name: String,
    /// A manifest that the answer takes for applied.
    #[command(flatten)]
    pub applied: AsIfArgs,
    /// The database and its map.
    #[command(flatten)]
    pub database: DatabaseArgs,
}

/// Arguments of `seed usage`.
#[derive(Debug, Args)]
pub struct UsageArgs {
    /// Count from this date or time on, UTC; by default a week before --to
    #[arg(long, value_name = "TIME", value_parser = time)]
    pub from: Option<Timestamp>,
    /// Count until this date or time, UTC; by default until now
    #[arg(long, value_name = "TIME", value_parser = time)]
    pub to: Option<Timestamp>,
    /// Print a table in CSV: a row for each profile and agent
    #[arg(long)]
    pub csv: bool,
    /// The database and its map.
    #[command(flatten)]
    pub database: DatabaseArgs,
}

/// A date, whose first moment in UTC is meant, or a time with its offset.
fn time(text: &str) -> Result<Timestamp, String> {
    let midnight = || Some(text.parse::<Date>().ok()?.to_zoned(TimeZone::UTC).ok()?.timestamp());
    let is_date = text.len() == 10;
    let time = if is_date { midnight() } else { text.parse().ok() };
    time.ok_or_else(|| {
        "it takes a date such as 2026-01-31, or a time such as 2026-01-31T08:00:00Z".to_owned()
    })
}

/// A manifest that an answer takes for applied.
#[derive(Debug, Args)]
pub struct AsIfArgs {
    /// Answer as if this manifest had been applied; `-` reads standard input
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub with: Option<PathBuf>,
    /// Fill in the values of a site in that manifest
    #[arg(long, value_name = "SITE", value_hint = ValueHint::FilePath, requires = "with")]
    pub with_site: Option<PathBuf>,
}

/// `profile=NAME`.
fn profile(text: &str) -> Result<String, String> {
    match text.split_once('=') {
        Some(("profile", name)) if !name.is_empty() => Ok(name.to_owned()),
        _ => Err("it takes profile=NAME".to_owned()),
    }
}

fn channels() -> impl TypedValueParser<Value = Channel> {
    PossibleValuesParser::new(Channel::NAMES)
        .map(|name| Channel::named(&name).expect("only names of channels are taken"))
}

/// What a seed may do, and where.
#[derive(Debug, Args)]
pub struct SeedChangeArgs {
    /// The database and its map.
    #[command(flatten)]
    pub database: DatabaseArgs,
    /// Allow deletions: of memberships; of profiles, and then of every one that
    /// the manifest does not name; or only of those marked `absent: true`; of
    /// permissions, the rights of User Profiles
    #[arg(long, value_name = "WHAT", value_delimiter = ',')]
    pub prune: Vec<PruneChoice>,
    /// Refuse a plan that deletes more rows than this
    #[arg(long, value_name = "N")]
    pub max_delete: Option<u64>,
    /// Findings that are accepted.
    #[arg(long, value_name = "CODE", value_delimiter = ',', help = accept_help(Family::Seed))]
    pub accept: Vec<String>,
}

/// Deletions that can be allowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum PruneChoice {
    /// Links of agents and profiles that stay.
    Memberships,
    /// Profiles, also those that the manifest does not name.
    Profiles,
    /// Profiles marked `absent: true`.
    Absent,
    /// Rights of User Profiles on agent profiles.
    Permissions,
}
