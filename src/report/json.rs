//! The one JSON document that every command answers with.
//!
//! Invariant: exactly one document, whatever happened; keys that do not apply
//! are absent.

use crate::outcome::Outcome;
use schemars::JsonSchema;
use serde::Serialize;
use std::borrow::Cow;

/// The version of the document's shape; it grows only when a key changes its
/// meaning.
pub const ENVELOPE_FORMAT: u32 = 1;

/// What every command answers with `--json`: one document, also where it failed. Keys that do not apply are absent;
/// later versions add keys, and rename none.
#[derive(Serialize, JsonSchema)]
#[schemars(title = "Answer")]
pub struct Envelope<'a> {
    /// Always `motionctl`.
    tool: &'static str,
    /// The version that wrote it.
    version: &'static str,
    /// The version of this shape; it grows only when a key changes its meaning.
    format: u32,
    #[serde(flatten)]
    outcome: &'a Outcome,
}

/// The answer as the document has it: under `details.next`, as ever, the commands alone.
fn with_commands(outcome: &Outcome) -> Cow<'_, Outcome> {
    if outcome.next.is_empty() {
        return Cow::Borrowed(outcome);
    }
    let commands: Vec<_> = outcome.next.iter().map(|step| step.command.clone()).collect();
    let mut whole = outcome.clone();
    whole.details.add("next", commands);
    Cow::Owned(whole)
}

/// The document, indented, with a newline at its end.
#[must_use]
pub fn json(outcome: &Outcome) -> String {
    let outcome = &with_commands(outcome);
    let envelope = Envelope {
        tool: env!("CARGO_PKG_NAME"),
        version: env!("CARGO_PKG_VERSION"),
        format: ENVELOPE_FORMAT,
        outcome,
    };
    let mut text = serde_json::to_string_pretty(&envelope).expect("strings and numbers always serialise");
    text.push('\n');
    text
}
