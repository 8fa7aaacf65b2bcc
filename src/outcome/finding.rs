//! Findings: what a check saw, with a stable code, its evidence and advice.

use super::Level;
use super::codes::{self, Code};
use super::place::named_in;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// One thing that a check has to say about the server.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Finding {
    /// Its row in the table of findings.
    #[schemars(with = "String")]
    pub code: Code,
    /// How much it matters.
    pub level: Level,
    /// One line for people.
    pub title: String,
    /// What was seen, and where; redacted.
    pub evidence: Vec<String>,
    /// What to do about it.
    pub advice: String,
    /// Whether the operator accepted it by name.
    pub accepted: bool,
    /// The file that it is about, or the first that its evidence names with a line.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    /// The line in that file, from 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub line: Option<u32>,
    /// Whether it was seen before a change that has been made since, and so need not be true any more.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub before: bool,
}

impl Finding {
    /// A finding without evidence or advice yet, of the one level that its code has.
    pub fn new(code: Code, title: impl Into<String>) -> Self {
        debug_assert!(code.grades().len() == 1, "{code} has several levels: say which");
        // In a release a code of several counts as the gravest of them.
        let level = code.grades().iter().map(|grade| grade.level).min().unwrap_or(Level::Stop);
        Self::of(code, level, title.into())
    }

    /// The same of a code that has several levels.
    pub fn graded(code: Code, level: Level, title: impl Into<String>) -> Self {
        debug_assert!(code.has(level), "{code} is never {level:?}");
        Self::of(code, level, title.into())
    }

    fn of(code: Code, level: Level, title: String) -> Self {
        let (evidence, advice) = (Vec::new(), String::new());
        Self { code, level, title, evidence, advice, accepted: false, file: None, line: None, before: false }
    }

    /// Gives it another of its code's levels, where more has become known.
    pub fn regrade(&mut self, level: Level) {
        debug_assert!(self.code.has(level), "{} is never {level:?}", self.code);
        self.level = level;
    }

    /// The same finding with one more line of evidence.
    #[must_use]
    pub fn evidence(mut self, line: impl Into<String>) -> Self {
        let line = line.into();
        if self.file.is_none()
            && let Some((file, number)) = named_in(&line)
        {
            (self.file, self.line) = (Some(file.to_owned()), Some(number));
        }
        self.evidence.push(line);
        self
    }

    /// The same finding with these lines of evidence behind its own.
    #[must_use]
    pub fn evidence_lines(self, lines: impl IntoIterator<Item = impl Into<String>>) -> Self {
        lines.into_iter().fold(self, Self::evidence)
    }

    /// The same finding about this file, and a line of it where one is known.
    #[must_use]
    pub fn at(mut self, file: impl Into<String>, line: Option<u32>) -> Self {
        (self.file, self.line) = (Some(file.into()), line);
        self
    }

    /// The same finding with advice.
    #[must_use]
    pub fn advice(mut self, advice: impl Into<String>) -> Self {
        self.advice = advice.into();
        self
    }

    /// Whether this finding refuses an apply as it stands.
    #[must_use]
    pub fn stops(&self) -> bool {
        self.level == Level::Stop && !self.accepted
    }
}

/// The finding about files that cannot be replaced, whatever is about to replace them.
#[must_use]
pub fn unreplaceable(evidence: Vec<String>) -> Finding {
    let finding = Finding::new(codes::SITE_NOT_REPLACEABLE, "the file cannot be replaced safely").advice(
        "look who made it so and why, and undo that first; a link and its folder should be root's alone",
    );
    Finding { evidence, ..finding }
}

/// Stops first, then warnings, then the rest; by code within a level. The same
/// finding about several places becomes one with the evidence of each.
pub fn sort_findings(findings: &mut Vec<Finding>) {
    findings.sort_by(|a, b| (a.level, a.code, &a.title).cmp(&(b.level, b.code, &b.title)));
    findings.dedup_by(|next, kept| {
        let same = (next.code, next.level, &next.title, &next.advice, next.accepted, next.before)
            == (kept.code, kept.level, &kept.title, &kept.advice, kept.accepted, kept.before);
        if same {
            for line in next.evidence.drain(..) {
                if !kept.evidence.contains(&line) {
                    kept.evidence.push(line);
                }
            }
            if kept.file.is_none() {
                (kept.file, kept.line) = (next.file.take(), next.line);
            }
        }
        same
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_finding_twice_is_one_with_both_places() {
        let remote =
            |place: &str| Finding::new(codes::SITE_REMOTE_LOCATION, "elsewhere").evidence(place.to_owned());
        let dead = Finding::new(codes::SITE_DEAD_UPSTREAM, "dead").evidence("b");
        let mut findings = vec![remote("a"), dead.clone(), remote("b"), remote("a")];
        sort_findings(&mut findings);
        assert_eq!(findings, [dead.clone(), remote("a").evidence("b")]);
        let mut findings = vec![dead.clone(), dead.clone().evidence("/etc/a:3:1: x")];
        sort_findings(&mut findings);
        assert_eq!(findings, [dead.evidence("/etc/a:3:1: x")], "the place is kept");
    }

    #[test]
    fn the_place_is_the_one_that_was_said_or_the_first_that_is_named() {
        let place = |finding: Finding| (finding.file, finding.line);
        let dead = || Finding::new(codes::SITE_DEAD_UPSTREAM, "dead");
        let named = dead().evidence("no place").evidence("/etc/a:3:1: x").evidence("/etc/b:4:1: x");
        assert_eq!(place(named), (Some("/etc/a".to_owned()), Some(3)));
        let said = dead().at("team.yaml", None).evidence("team.yaml: see /etc/a:3");
        assert_eq!(place(said), (Some("team.yaml".to_owned()), None));
        assert_eq!(place(dead().evidence("http://127.0.0.1:9000")), (None, None));
    }

    #[test]
    #[should_panic(expected = "routes.missing is never Stop")]
    fn a_level_that_the_table_does_not_name_is_a_mistake() {
        Finding::graded(codes::ROUTES_MISSING, Level::Stop, "missing");
    }

    #[test]
    #[should_panic(expected = "say which")]
    fn a_code_of_several_levels_is_raised_with_one() {
        Finding::new(codes::SESSIONS_ONLINE, "online");
    }
}
