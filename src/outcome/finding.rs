//! Findings: what a check saw, with a stable code, its evidence and advice.

use serde::{Deserialize, Serialize};

/// How much a finding matters to an apply.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// Refuses an apply until accepted by name, where that is allowed.
    Stop,
    /// A person should read it before going on.
    Warn,
    /// Good to know.
    Info,
}

/// One thing that a check has to say about the server.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// Stable name, such as `site.ambiguous`.
    pub code: String,
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
}

impl Finding {
    /// A finding without evidence or advice yet.
    pub fn new(code: &'static str, level: Level, title: impl Into<String>) -> Self {
        Self {
            code: code.to_owned(),
            level,
            title: title.into(),
            evidence: Vec::new(),
            advice: String::new(),
            accepted: false,
        }
    }

    /// The same finding with one more line of evidence.
    #[must_use]
    pub fn evidence(mut self, line: impl Into<String>) -> Self {
        self.evidence.push(line.into());
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

/// Stops first, then warnings, then the rest; by code within a level. The same
/// finding about several places becomes one with the evidence of each.
pub fn sort_findings(findings: &mut Vec<Finding>) {
    findings.sort_by(|a, b| (a.level, &a.code, &a.title).cmp(&(b.level, &b.code, &b.title)));
    findings.dedup_by(|next, kept| {
        let same = (&next.code, next.level, &next.title, &next.advice, next.accepted)
            == (&kept.code, kept.level, &kept.title, &kept.advice, kept.accepted);
        if same {
            for line in next.evidence.drain(..) {
                if !kept.evidence.contains(&line) {
                    kept.evidence.push(line);
                }
            }
        }
        same
    });
}

/// Whether an `--accept` of this code is allowed by the contract.
#[must_use]
pub fn accepts(code: &str) -> bool {
    super::codes::named(code).is_some_and(|code| matches!(code.accept(), super::codes::Accept::ByName(_)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_finding_twice_is_one_with_both_places() {
        let remote = |place: &str| {
            Finding::new("site.remote-location", Level::Info, "elsewhere").evidence(place.to_owned())
        };
        let dead = Finding::new("site.dead-upstream", Level::Warn, "dead").evidence("b");
        let mut findings = vec![remote("a"), dead.clone(), remote("b"), remote("a")];
        sort_findings(&mut findings);
        assert_eq!(findings, [dead, remote("a").evidence("b")]);
    }
}
