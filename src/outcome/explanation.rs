//! What `explain` answers with: rows of the two tables, as people and programs read them.
//!
//! Invariant: adds nothing to the tables; field names are public contract.

use super::codes::{Accept, Code, Grade};
use super::{ExitMeaning, Level};
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Serialize, Serializer};
use std::borrow::Cow;

/// One row that was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Explanation {
    Finding(Code),
    Exit(ExitMeaning),
}

/// The same for programs; absent keys do not apply.
#[derive(Serialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "kebab-case")]
enum Document {
    Finding {
        #[schemars(with = "String")]
        code: Code,
        levels: &'static [Grade],
        #[serde(skip_serializing_if = "Option::is_none")]
        exit_code: Option<u8>,
        accept: Vec<String>,
        accepted_by: &'static [&'static str],
        meaning: &'static str,
        looked_for: &'static str,
        advice: &'static str,
        documented: String,
    },
    ExitCode(ExitMeaning),
}

impl JsonSchema for Explanation {
    fn schema_name() -> Cow<'static, str> {
        "Explanation".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        Document::json_schema(generator)
    }
}

impl Serialize for Explanation {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match *self {
            Self::Finding(code) => Document::Finding {
                code,
                levels: code.grades(),
                exit_code: code.exit_code(),
                accept: code.accept_words(),
                accepted_by: code.accept().family().map_or(&[], |family| family.commands()),
                meaning: code.meaning(),
                looked_for: code.looked_for(),
                advice: code.advice(),
                documented: code.anchor(),
            },
            Self::Exit(row) => Document::ExitCode(row),
        }
        .serialize(serializer)
    }
}

impl Code {
    /// What `--accept` takes of it, word by word.
    #[must_use]
    pub fn accept_words(self) -> Vec<String> {
        match self.accept() {
            Accept::Never => Vec::new(),
            Accept::ByName(_) => vec![self.name().to_owned()],
            Accept::BySide(_) => vec![format!("{self}=ours"), format!("{self}=theirs")],
        }
    }

    /// Its levels in words, each with when it is of that level.
    #[must_use]
    pub fn levels_in_words(self) -> String {
        let words = self.grades().iter().map(|Grade { level, when }| {
            let name = match level {
                Level::Stop => "stop",
                Level::Warn => "warn",
                Level::Info => "info",
            };
            if when.is_empty() { name.to_owned() } else { format!("{name} {when}") }
        });
        words.collect::<Vec<_>>().join("; ")
    }
}
