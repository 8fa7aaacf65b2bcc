//! `seed`: one module for each command below it.
//!
//! Invariant: a manifest is read by [`manifest`], so that every command says
//! the same about the same file.

mod access;
mod apply;
mod channel_values;
mod client;
mod database;
mod export;
mod history;
mod import;
mod input;
mod learn;
mod list;
mod manifest;
mod offline;
mod plan;
mod runs;
mod schema;
mod spreadsheet;
mod status;
mod table;
mod takes_effect;
mod undo;
mod usage;
mod validate;
mod who;
mod work;

use crate::cli::args::seed::{SchemaCommand, SeedCommand};
use crate::cli::context::Context;
use crate::outcome::{Failure, Outcome, OutcomeKind};
use crate::seed::manifest::JSON_SCHEMA;

/// Runs a command below `seed`.
pub fn seed(context: &Context, command: &SeedCommand) -> Result<Outcome, Failure> {
    match command {
        SeedCommand::Validate(args) => validate::validate(args),
        SeedCommand::Plan(args) => plan::plan(context, args),
        SeedCommand::Apply(args) => apply::apply(context, args),
        SeedCommand::Undo(args) => undo::undo(context, args),
        SeedCommand::History(args) => history::history(context, args),
        SeedCommand::Status(args) => status::status(context, args),
        SeedCommand::Export(args) => export::export(context, args),
        SeedCommand::Import(args) => import::import(args),
        SeedCommand::List(args) => list::list(context, args),
        SeedCommand::Access(args) => access::access(context, args),
        SeedCommand::Usage(args) => usage::usage(context, args),
        SeedCommand::Who(args) => who::who(context, args),
        SeedCommand::Schema(SchemaCommand::JsonSchema) => Ok(json_schema()),
        SeedCommand::Schema(SchemaCommand::Show(args)) => schema::show(context, args),
        SeedCommand::Schema(SchemaCommand::Check(args)) => schema::check(context, args),
        SeedCommand::Schema(SchemaCommand::Discover(args)) => schema::discover(context, args),
        SeedCommand::Schema(SchemaCommand::Learn(args)) => learn::learn(context, args),
    }
}

/// A command's name in the answer.
pub fn name(command: &SeedCommand) -> &'static str {
    match command {
        SeedCommand::Validate(_) => "seed validate",
        SeedCommand::Plan(_) => "seed plan",
        SeedCommand::Apply(_) => "seed apply",
        SeedCommand::Undo(_) => "seed undo",
        SeedCommand::History(_) => "seed history",
        SeedCommand::Status(_) => "seed status",
        SeedCommand::Export(_) => "seed export",
        SeedCommand::Import(_) => "seed import",
        SeedCommand::List(_) => "seed list",
        SeedCommand::Access(_) => "seed access",
        SeedCommand::Usage(_) => "seed usage",
        SeedCommand::Who(_) => "seed who",
        SeedCommand::Schema(SchemaCommand::JsonSchema) => "seed schema json-schema",
        SeedCommand::Schema(SchemaCommand::Show(_)) => "seed schema show",
        SeedCommand::Schema(SchemaCommand::Check(_)) => "seed schema check",
        SeedCommand::Schema(SchemaCommand::Discover(_)) => "seed schema discover",
        SeedCommand::Schema(SchemaCommand::Learn(_)) => "seed schema learn",
    }
}

/// The schema inside of the answer that `--json` promises; without it the
/// schema is printed by itself.
fn json_schema() -> Outcome {
    let mut outcome = Outcome::new("seed schema json-schema", OutcomeKind::Ok);
    let schema: serde_json::Value =
        serde_json::from_str(JSON_SCHEMA).expect("the schema is compiled in and tested");
    outcome.details.add("schema", schema);
    outcome
}
