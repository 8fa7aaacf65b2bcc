//! The JSON Schema of each document that others read: answers, saved plans, and what lies in motionctl's own folders.
//!
//! Invariant: made of the types that write the documents. docs/schema/ holds them; a key that is new there is a key
//! that somebody decided on.

use crate::seed::saved::SavedPlan;
use crate::{backup, journal, plan, report};
use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, Schema};

/// Each with the name of its file.
#[must_use]
pub fn schemas() -> [(&'static str, Schema); 5] {
    [
        ("answer", of::<report::Envelope<'_>>()),
        ("plan", of::<plan::Plan>()),
        ("seed-plan", of::<SavedPlan>()),
        ("backup", of::<backup::Manifest>()),
        ("journal-record", of::<journal::Record>()),
    ]
}

/// What is written: a key that may be left out is not required, also where it would be read as empty.
fn of<T: JsonSchema>() -> Schema {
    SchemaSettings::draft2020_12().for_serialize().into_generator().into_root_schema_for::<T>()
}
