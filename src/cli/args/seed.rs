//! The arguments of `seed` and what is below it.
//!
//! Invariant: as in [`super`]: nothing here decides.

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
}
