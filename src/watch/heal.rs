//! Whether an overwritten file is set right without a person.
//!
//! Invariant: only what an update has overwritten, only over a change that stands, and never twice over the same
//! bytes where the first time was undone: a heal cannot run in a circle. Whatever is doubtful is told.

use super::memory::Attempt;
use super::seen::{RunState, Seen};
use super::verdict::Verdict;
use crate::values::{Hash, RunId};

/// What the settings allow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum HealMode {
    /// Say what is wrong.
    #[default]
    Tell,
    /// Set it right where nothing has to be decided.
    Apply,
}

/// What a heal is decided on.
pub struct Healing<'a> {
    pub seen: &'a Seen,
    /// What is said of it.
    pub verdict: &'a Verdict,
    /// What the overwritten files hold now.
    pub content: Option<Hash>,
    /// Whether the newest run is a change that stands.
    pub stands: bool,
    /// What was tried before; `None` where it is not known.
    pub attempts: Option<&'a [Attempt]>,
    /// Whether this run stands, or stood until the newest overwrite.
    pub was_kept: &'a dyn Fn(&RunId) -> bool,
}

/// What is done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision {
    /// There is nothing to heal, or nobody asked for it.
    Nothing,
    /// It is left to a person, because of this.
    Leave(String),
    /// It is rehearsed and applied; this is what the files hold.
    Apply(Hash),
}

/// Decides.
#[must_use]
pub fn decide(mode: HealMode, healing: &Healing<'_>) -> Decision {
    let has = |kind| healing.verdict.reasons.iter().any(|reason| reason.kind == kind);
    if mode == HealMode::Tell || !has("overwritten") {
        return Decision::Nothing;
    }
    let leave = |why: &str| Decision::Leave(format!("not healed: {why}"));
    if healing.seen.run != RunState::Over || !healing.stands {
        return leave("the last run is not a change that stands");
    }
    if let Some(reason) = healing
        .verdict
        .reasons
        .iter()
        .find(|reason| ["broken", "fault", "stopped", "unknown", "cannot-tell"].contains(&reason.kind))
    {
        return leave(&reason.text);
    }
    let (Some(content), Some(attempts)) = (healing.content, healing.attempts) else {
        return leave("what was tried before is not known");
    };
    let undone = |attempt: &&Attempt| {
        attempt.content == content && !attempt.run.as_ref().is_some_and(healing.was_kept)
    };
    match attempts.iter().find(undone) {
        Some(attempt) => leave(&format!(
            "over the same files it was tried at {} and did not stay; a person decides",
            attempt.time
        )),
        None => Decision::Apply(content),
    }
}

#[cfg(test)]
mod tests {
    use super::super::verdict::judge;
    use super::*;
    use crate::facts::RouteState;

    fn overwritten() -> Seen {
        Seen {
            route: Some(RouteState::Missing),
            run: RunState::Over,
            drifted: Some(vec!["/etc/nginx/conf.d/motion.conf".into()]),
            ..Seen::default()
        }
    }

    fn decided(
        mode: HealMode,
        seen: &Seen,
        stands: bool,
        attempts: Option<&[Attempt]>,
        kept: bool,
    ) -> Decision {
        let was_kept = |_: &RunId| kept;
        let verdict = judge(seen);
        let content = Some(Hash::of(b"new"));
        decide(mode, &Healing { seen, verdict: &verdict, content, stands, attempts, was_kept: &was_kept })
    }

    #[test]
    fn only_what_an_update_overwrote_is_healed_and_only_on_demand() {
        let seen = overwritten();
        assert_eq!(decided(HealMode::Apply, &seen, true, Some(&[]), true), Decision::Apply(Hash::of(b"new")));
        assert_eq!(decided(HealMode::Tell, &seen, true, Some(&[]), true), Decision::Nothing);
        let edited = Seen { route: Some(RouteState::Present), ..overwritten() };
        assert_eq!(decided(HealMode::Apply, &edited, true, Some(&[]), true), Decision::Nothing);
        let never = Seen { drifted: Some(Vec::new()), ..overwritten() };
        assert_eq!(decided(HealMode::Apply, &never, true, Some(&[]), true), Decision::Nothing);
        let is_left = |decision| matches!(decision, Decision::Leave(_));
        assert!(is_left(decided(HealMode::Apply, &seen, false, Some(&[]), true)), "after a rollback");
        assert!(is_left(decided(HealMode::Apply, &seen, true, None, true)), "a memory that cannot be read");
        for doubtful in [
            Seen { broken: Some("x".into()), ..overwritten() },
            Seen { unknown: vec!["x".into()], ..overwritten() },
            Seen { run: RunState::Waits("x".into()), ..overwritten() },
            Seen { run: RunState::Interrupted("x".into()), ..overwritten() },
        ] {
            assert!(is_left(decided(HealMode::Apply, &doubtful, true, Some(&[]), true)), "{doubtful:?}");
        }
    }

    #[test]
    fn what_was_undone_is_not_tried_again_and_what_stayed_is() {
        let run: RunId = "20261122T101500Z-7".parse().expect("a run");
        let attempt = |content: &[u8], run: Option<&RunId>| Attempt {
            content: Hash::of(content),
            run: run.cloned(),
            time: "2026-01-01T00:00:00Z".into(),
        };
        let seen = overwritten();
        let with = |attempt: Attempt, kept| decided(HealMode::Apply, &seen, true, Some(&[attempt]), kept);
        let again = Decision::Apply(Hash::of(b"new"));
        assert!(matches!(with(attempt(b"new", Some(&run)), false), Decision::Leave(_)));
        // The same update came again over a heal that was confirmed.
        assert_eq!(with(attempt(b"new", Some(&run)), true), again);
        assert_eq!(with(attempt(b"other", Some(&run)), false), again);
        // It is not known how that one ended.
        assert!(matches!(with(attempt(b"new", None), true), Decision::Leave(_)));
    }
}
