//! Decisions about conflicts that serve every server with the same conflict: a file of them.
//!
//! Invariant: what is read is complete and known, or it is refused. A decision is known by its fingerprint alone; what
//! stands beside it is for people, redacted, and without names of the server that it was made on.

use crate::outcome::on_one_line;
use crate::values::line_and_column;
use nginx_config::merge::{Choice, Conflict, Fingerprint, Resolutions};
use nginx_config::redact_text;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use thiserror::Error;

/// What this version writes and reads.
pub const FORMAT: u32 = 1;

const HEADER: &str = "# Decisions about conflicts of a merge, for motionctl's --resolve-file. Each serves every server with\n\
    # the same conflict. Only `fingerprint` and `choice` count; the rest says what it is about.\n\n";

/// A file of decisions.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Decisions {
    format: u32,
    #[serde(default, rename = "decision")]
    decisions: Vec<Decision>,
}

/// One decision.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Decision {
    fingerprint: String,
    choice: Choice,
    #[serde(default)]
    path: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    base: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    ours: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    theirs: Option<String>,
}

/// Why a file of decisions was not read.
#[derive(Debug, Error)]
pub enum DecisionsError {
    /// It is no text of this kind.
    #[error("{0}")]
    Syntax(String),
    /// A newer version wrote it.
    #[error("it has format {0}, and this version reads format {FORMAT}")]
    Format(u32),
    /// Something that is no fingerprint.
    #[error("`{0}` is no fingerprint: 64 digits from 0 to f")]
    Fingerprint(String),
    /// One conflict is decided twice, differently.
    #[error("the fingerprint {0} is decided as ours and as theirs")]
    Both(String),
}

impl Default for Decisions {
    fn default() -> Self {
        Self { format: FORMAT, decisions: Vec::new() }
    }
}

impl Decisions {
    /// Reads a file.
    ///
    /// # Errors
    /// When it is no such file, or two of its decisions contradict each other.
    pub fn parse(bytes: &[u8]) -> Result<Self, DecisionsError> {
        let syntax =
            |error: &dyn std::fmt::Display| DecisionsError::Syntax(error.to_string().trim().to_owned());
        let text = std::str::from_utf8(bytes).map_err(|error| syntax(&error))?;
        let read: Self = toml::from_str(text).map_err(|error| {
            let (line, column) = line_and_column(text, error.span().map_or(0, |span| span.start));
            syntax(&format!("line {line}, column {column}: {}", error.message()))
        })?;
        if read.format != FORMAT {
            return Err(DecisionsError::Format(read.format));
        }
        for (at, one) in read.decisions.iter().enumerate() {
            if Fingerprint::parse(&one.fingerprint).is_none() {
                return Err(DecisionsError::Fingerprint(one.fingerprint.clone()));
            }
            let differs =
                |other: &Decision| other.fingerprint == one.fingerprint && other.choice != one.choice;
            if read.decisions[..at].iter().any(differs) {
                return Err(DecisionsError::Both(one.fingerprint.clone()));
            }
        }
        Ok(read)
    }

    /// The same resolutions with these decisions.
    #[must_use]
    pub fn applied_to(&self, resolutions: Resolutions) -> Resolutions {
        let known =
            self.decisions.iter().filter_map(|one| Some((Fingerprint::parse(&one.fingerprint)?, one.choice)));
        known.fold(resolutions, |all, (fingerprint, choice)| all.with_known(fingerprint, choice))
    }

    /// Adds what a person decided by paths; an earlier decision about the same conflict gives way. How many are new.
    pub fn add(&mut self, resolved: &[Conflict], resolutions: &Resolutions) -> usize {
        let mut seen = BTreeSet::new();
        let mut count = 0;
        for conflict in resolved {
            let fingerprint = conflict.general.fingerprint.as_str();
            let Some(choice) = resolutions.by_path(&conflict.path) else { continue };
            if !seen.insert(fingerprint) {
                continue;
            }
            let is_same = |one: &Decision| one.fingerprint == fingerprint;
            if self.decisions.iter().any(|one| is_same(one) && one.choice == choice) {
                continue;
            }
            self.decisions.retain(|one| !is_same(one));
            self.decisions.push(Decision::of(conflict, choice));
            count += 1;
        }
        count
    }

    /// The file's text.
    #[must_use]
    pub fn to_toml(&self) -> String {
        HEADER.to_owned() + &toml::to_string(self).expect("text, numbers and lists are TOML")
    }
}

impl Decision {
    fn of(conflict: &Conflict, choice: Choice) -> Self {
        let line = |text: &Option<String>| text.as_ref().map(|text| redact_text(&on_one_line(text)));
        let general = &conflict.general;
        Self {
            fingerprint: general.fingerprint.as_str().to_owned(),
            choice,
            path: general.path.clone(),
            base: line(&general.base),
            ours: line(&general.ours),
            theirs: line(&general.theirs),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use nginx_config::Tree;
    use nginx_config::merge::merge;

    fn conflict_on(name: &str, ours: &str, resolutions: &Resolutions) -> Vec<Conflict> {
        let text = |timeout: &str, token: &str| {
            let text = format!(
                "server {{ listen 443 ssl; server_name {name}; location /api/ {{ proxy_pass http://127.0.0.1:9000; \
                 proxy_read_timeout {timeout}; proxy_set_header Authorization {token}; }} }}"
            );
            Tree::parse(text).unwrap()
        };
        let merged =
            merge(&text("60s", "a"), &text(ours, "s3cret"), &text("120s", "b"), resolutions).unwrap();
        merged.conflicts
    }

    #[test]
    fn a_decision_serves_another_server_and_no_other_conflict() {
        let path = |name: &str| format!("server {name}:443 / location /api/ / proxy_read_timeout");
        let decided = Resolutions::none().with(path("a.test"), Choice::Ours);
        let resolved: Vec<Conflict> =
            conflict_on("a.test", "600s", &decided).into_iter().filter(|one| one.choice.is_some()).collect();
        assert_eq!(resolved.len(), 1);
        let mut decisions = Decisions::default();
        assert_eq!(decisions.add(&resolved, &decided), 1);
        assert_eq!(decisions.add(&resolved, &decided), 0);
        let text = decisions.to_toml();
        assert!(text.contains("path = \"server / location /api/ / proxy_read_timeout\""), "{text}");
        assert!(text.contains("ours = \"proxy_read_timeout 600s;\"") && !text.contains("a.test"), "{text}");
        let again = Decisions::parse(text.as_bytes()).unwrap();
        assert_eq!(again, decisions);
        let known = again.applied_to(Resolutions::none());
        let choices = |name: &str, ours: &str| -> Vec<(bool, Option<Choice>)> {
            let found = conflict_on(name, ours, &known);
            found.iter().map(|one| (one.path.ends_with("timeout"), one.choice)).collect()
        };
        assert_eq!(choices("b.test", "600s"), [(true, Some(Choice::Ours)), (false, None)]);
        // What this customer set is another question.
        assert_eq!(choices("b.test", "900s"), [(true, None), (false, None)]);
        // A secret is hashed and never told.
        let all = Resolutions::none().with("server a.test:443", Choice::Theirs);
        let resolved = conflict_on("a.test", "600s", &all);
        let mut decisions = again;
        assert_eq!(decisions.add(&resolved, &all), 2);
        let text = decisions.to_toml();
        assert!(text.contains("Authorization") && !text.contains("s3cret"), "{text}");
        assert!(text.contains("choice = \"theirs\"") && !text.contains("choice = \"ours\""), "{text}");
    }

    #[test]
    fn what_is_no_file_of_decisions_is_refused() {
        let check = |text: &str, expect: &str| {
            let error = Decisions::parse(text.as_bytes()).unwrap_err().to_string();
            assert!(error.contains(expect), "{text}: {error}");
        };
        let one = |choice: &str| {
            format!("[[decision]]\nfingerprint = \"{}\"\nchoice = \"{choice}\"\n", "a".repeat(64))
        };
        assert!(Decisions::parse(format!("format = 1\n{}", one("ours")).as_bytes()).is_ok());
        check("", "missing field `format`");
        check("format = 2", "format 2");
        check("format = 1\nmore = 1", "unknown field");
        check(&format!("format = 1\n{}", one("mine")), "unknown variant");
        check("format = 1\n[[decision]]\nfingerprint = \"x\"\nchoice = \"ours\"", "no fingerprint");
        check(&format!("format = 1\n{}{}", one("ours"), one("theirs")), "as ours and as theirs");
    }
}
