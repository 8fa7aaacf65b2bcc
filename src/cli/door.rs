//! The last door before something is printed: what another program, a library or a file said.
//!
//! Invariant: what stands in an answer was redacted where it was found, by directive and field; here only what looks
//! like a secret anywhere is hidden, so that a forgotten place says nothing. Running a text through it twice changes
//! nothing.

use crate::outcome::Outcome;
use nginx_config::redact_text;
use regex::{Captures, Regex};
use std::sync::LazyLock;

/// A value that a parser's complaint quotes: `invalid type: string "…", expected u16`.
static VALUE: LazyLock<Regex> = LazyLock::new(|| {
    let quoted = r#"(invalid (?:type|value): )(?:string|byte array|character) (?:"(?:[^"\\]|\\.)*"|`[^`]*`)"#;
    Regex::new(&format!("{quoted}|(unknown variant `)([^`]*)`")).expect("a constant pattern")
});

/// Any text of others as it may be printed.
pub fn text(text: &str) -> String {
    let value = |found: &Captures<'_>| match (found.get(1), found.get(2), found.get(3)) {
        (Some(fault), _, _) => format!("{}text", fault.as_str()),
        // One of a list of words that was mistyped is to be seen.
        (_, Some(fault), Some(word)) if !is_word(word.as_str()) => {
            format!("{}{}`", fault.as_str(), nginx_config::REDACTED)
        }
        _ => found[0].to_owned(),
    };
    redact_text(&VALUE.replace_all(text, value))
}

fn is_word(text: &str) -> bool {
    text.len() <= 20 && text.bytes().all(|byte| byte.is_ascii_lowercase() || b"-_".contains(&byte))
}

/// An answer as it may be printed.
pub fn outcome(outcome: &mut Outcome) {
    // What seeding says names fields, such as `password`, and never a value of one.
    let of_seeding = outcome.command.starts_with("seed");
    for finding in outcome.findings.iter_mut().filter(|_| !of_seeding) {
        for line in &mut finding.evidence {
            *line = text(line);
        }
    }
    if let Some(error) = &mut outcome.error {
        error.message = text(&error.message);
        for cause in &mut error.causes {
            *cause = text(cause);
        }
    }
    for step in &mut outcome.next {
        step.command = text(&step.command);
    }
    for probe in &mut outcome.probes {
        probe.uri = text(&probe.uri);
        probe.note = text(&probe.note);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outcome::{Failure, FailureKind};

    #[test]
    fn the_errors_behind_a_failure_pass_the_same_door() {
        let error = anyhow::anyhow!("invalid type: string \"S3cr3t\", expected u16").context("reading it");
        let mut answer = Outcome::failed("plan", Failure::from_error(FailureKind::Invalid, error));
        outcome(&mut answer);
        let causes = answer.error.map(|error| error.causes).unwrap_or_default();
        assert_eq!(causes, ["reading it", "invalid type: text, expected u16"]);
    }

    #[test]
    fn what_a_parser_quotes_is_not_printed() {
        let check = |said: &str, expect: &str| assert_eq!(text(said), expect);
        check("invalid type: string \"S3cr3t \\\" x\", expected u16", "invalid type: text, expected u16");
        check(
            "unknown variant `S3cr3t`, expected `on` or `off`",
            "unknown variant `[redacted]`, expected `on` or `off`",
        );
        check("unknown variant `al-ways`, expected `always`", "unknown variant `al-ways`, expected `always`");
        check("unknown field `colour`, expected `x`", "unknown field `colour`, expected `x`");
        check("invalid type: integer `5`, expected a string", "invalid type: integer `5`, expected a string");
    }
}
