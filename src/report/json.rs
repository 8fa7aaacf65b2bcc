//! The one JSON document that every command answers with.
//!
//! Invariant: exactly one document, whatever happened; keys that do not apply
//! are absent.

use crate::outcome::Outcome;
use schemars::JsonSchema;
use serde::Serialize;
use std::io::{self, BufWriter, Write};

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

/// Writes the document, indented, with a newline at its end: piece by piece, since the changes of a large seed are more
/// text than all that they were made of.
///
/// # Errors
/// What the writer says.
pub fn write_json(outcome: &mut Outcome, to: impl Write) -> io::Result<()> {
    // Under `details.next`, as ever, the commands alone.
    if !outcome.next.is_empty() {
        let commands: Vec<_> = outcome.next.iter().map(|step| step.command.clone()).collect();
        outcome.details.add("next", commands);
    }
    let envelope = Envelope {
        tool: env!("CARGO_PKG_NAME"),
        version: env!("CARGO_PKG_VERSION"),
        format: ENVELOPE_FORMAT,
        outcome,
    };
    let mut to = BufWriter::new(to);
    serde_json::to_writer_pretty(&mut to, &envelope)?;
    to.write_all(b"\n")?;
    to.flush()
}

/// The same as a text.
#[must_use]
pub fn json(outcome: &mut Outcome) -> String {
    let mut text = Vec::new();
    write_json(outcome, &mut text).expect("memory takes everything");
    String::from_utf8(text).expect("JSON is UTF-8")
}
