//! `explain`: what a finding or an exit code means, how it was looked for, what to do.
//!
//! Invariant: looks at nothing but the tables, so that it answers on a server where everything else fails.

use crate::outcome::codes::{self, Family};
use crate::outcome::{EXIT_CODES, Explanation, Failure, FailureKind, Outcome, OutcomeKind};
use crate::report::hanging;

/// Columns of a table in `--help`; a wider terminal gains nothing by longer lines.
const HELP_WIDTH: usize = 80;
/// Columns of the exit codes in it.
const HELP_INDENT: usize = 6;

/// Explains a finding, an exit code or an area; without a word lists all.
pub fn explain(what: Option<&str>) -> Result<Outcome, Failure> {
    let (rows, verdict) = match what {
        None => {
            let all = codes::all().map(Explanation::Finding).chain(EXIT_CODES.map(Explanation::Exit));
            (
                all.collect(),
                "all findings, then the exit codes; `motionctl explain CODE` says more".to_owned(),
            )
        }
        Some(what) => explained(what)?,
    };
    let mut outcome = Outcome::new("explain", OutcomeKind::Ok);
    outcome.explanations = rows;
    outcome.set_verdict(verdict);
    Ok(outcome)
}

fn explained(what: &str) -> Result<(Vec<Explanation>, String), Failure> {
    if let Ok(number) = what.parse::<u8>() {
        let row = EXIT_CODES.iter().find(|row| row.code == number).ok_or_else(|| {
            let known = EXIT_CODES.map(|row| row.code.to_string()).join(", ");
            Failure::new(FailureKind::Usage, format!("motionctl has no exit code {number}"))
                .with_hint(format!("its exit codes are {known}"))
        })?;
        return Ok((vec![Explanation::Exit(*row)], format!("exit code {number}: {}", row.title)));
    }
    if let Some(code) = codes::named(what) {
        return Ok((vec![Explanation::Finding(code)], format!("the finding {code}")));
    }
    let area: Vec<_> = codes::all().filter(|code| code.area() == what).map(Explanation::Finding).collect();
    if !area.is_empty() {
        return Ok((area, format!("the findings {what}.*; `motionctl explain CODE` says more")));
    }
    let meant = codes::nearest(what).map_or_else(String::new, |code| format!("did you mean `{code}`? "));
    Err(Failure::new(FailureKind::Usage, format!("`{what}` is no finding, area or exit code"))
        .with_hint(format!("{meant}`motionctl explain` lists them all")))
}

/// The exit codes below `--help`.
pub fn exit_codes_help() -> String {
    let mut lines = vec!["Exit codes (more: motionctl explain CODE):".to_owned()];
    for row in EXIT_CODES {
        lines.extend(hanging(&format!("  {}", row.code), HELP_INDENT, row.meaning, HELP_WIDTH));
    }
    lines.push("`status --check` and `watch` exit as monitoring plugins do:".to_owned());
    lines.push("  0 OK, 1 WARNING, 2 CRITICAL, 3 UNKNOWN".to_owned());
    lines.join("\n")
}

/// The help of `--accept`.
pub fn accept_help(family: Family) -> String {
    let words = codes::acceptable(family).join(", ");
    format!("Go on in spite of these findings, named one by one: {words}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_is_a_finding_an_area_or_an_exit_code() {
        let rows =
            |what| explain(what).map(|outcome| outcome.explanations.len()).map_err(|failure| failure.hint);
        assert_eq!(rows(Some("site.ambiguous")), Ok(1));
        assert_eq!(rows(Some("4")), Ok(1));
        assert_eq!(rows(Some("run")), Ok(4));
        assert_eq!(rows(None), Ok(codes::all().count() + EXIT_CODES.len()));
        let hint = |what| rows(Some(what)).expect_err("unknown").expect("a hint");
        assert_eq!(hint("7"), "its exit codes are 0, 1, 2, 3, 4, 5, 64, 65, 69");
        assert_eq!(
            hint("site.ambigous"),
            "did you mean `site.ambiguous`? `motionctl explain` lists them all"
        );
        assert_eq!(hint("nonsense"), "`motionctl explain` lists them all");
    }
}
