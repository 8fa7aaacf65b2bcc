//! The arguments of `seed` and what is below it.
//!
//! Invariant: as in [`super`]: nothing here decides.

use super::DatabaseArgs;
use clap::{Args, Subcommand, ValueHint};
use std::path::PathBuf;

/// What to do about agents, queues and profiles.
#[derive(Debug, Subcommand)]
pub enum SeedCommand {
    /// Read manifests and say all that is wrong with them; no database is asked
    Validate(ValidateArgs),
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
    /// The database.
    #[command(flatten)]
    pub database: DatabaseArgs,
    /// Write the proposal to FILE; by default where --map looks for it
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub out: Option<PathBuf>,
    /// Replace the file where there is one
    #[arg(long)]
    pub force: bool,
}
