//! What the running application notices of a seed, and what a person can look at afterwards.
//!
//! Invariant: as of all sections, field names are public contract; the commands here are for a person, and nothing runs
//! them.

use schemars::JsonSchema;
use serde::Serialize;

/// When and how a change reaches the running application, as the schema map says it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct EffectSection {
    /// What it is called in the map.
    pub name: String,
    /// One sentence.
    pub text: String,
    /// How well it is known.
    pub mark: EffectMark,
    /// What a person can run.
    pub commands: Vec<String>,
}

/// How well an effect is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum EffectMark {
    /// The vendor says so.
    Documented,
    /// Real servers behave so.
    Inferred,
    /// Nobody knows.
    Guess,
}

impl EffectMark {
    /// As it is written.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Documented => "documented",
            Self::Inferred => "inferred",
            Self::Guess => "guess",
        }
    }
}

/// What one agent is to be offered at the login, for a person to try.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct LoginSection {
    /// The username.
    pub agent: String,
    /// Where to log in; absent where this host does not serve Motion.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// The profiles that can be chosen, Personal first.
    pub profiles: Vec<String>,
}
