//! Warnings about manifests, as the findings that answers show.
//!
//! Invariant: each code has one title and one advice; what it is about is in
//! the evidence, with its place.

use super::problem::{Problem, Weight};
use super::source::Source;
use crate::outcome::Finding;
use crate::outcome::codes::{self, Code};

const TEXTS: [(Code, &str, &str); 6] = [
    (
        codes::SEED_NEAR_MISS,
        "a name is nearly one that the manifest declares",
        "correct the spelling; it is right if the database has both",
    ),
    (
        codes::SEED_UNSEEN_CHARACTERS,
        "a name begins or ends with a blank, or has characters that cannot be seen",
        "write it again by hand; it is right if the database has it so",
    ),
    (
        codes::SEED_INTERNAL_NOT_DIGITS,
        "an internal number has other characters than digits",
        "correct it, unless your telephones dial it so",
    ),
    (
        codes::SEED_UNUSUAL_VALUE,
        "a value is none of those known",
        "correct it, or leave it if your release of Motion has it",
    ),
    (
        codes::SEED_USERNAME,
        "a username has other characters than letters, digits, `.` and `_`",
        "such an agent can be kept but not created",
    ),
    (
        codes::SEED_FULLNAME_IS_INTERNAL,
        "a full name is the agent's internal number",
        "such an agent can be kept but not created",
    ),
];

/// The warnings among these problems, one finding for each code.
pub(super) fn findings(source: &Source, problems: &[Problem]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (code, title, advice) in TEXTS {
        let of_code = problems.iter().filter(|problem| problem.weight == Weight::Warning(code));
        let of_code: Vec<&Problem> = of_code.collect();
        if !of_code.is_empty() {
            let finding = Finding::new(code, title).advice(advice);
            findings.push(
                of_code
                    .into_iter()
                    .fold(finding, |finding, problem| source.finding(finding, problem.place, &said(problem))),
            );
        }
    }
    findings
}

fn said(problem: &Problem) -> String {
    let hint = problem.hint.as_ref().map_or_else(String::new, |hint| format!("; {hint}"));
    format!("{}{hint}", problem.message)
}
