//! Who is at work at the moment of a change: what it means for it, and waiting until nobody is.
//!
//! Invariant: what is known at that moment decides. A wait has an end, and somebody can end it before.

use super::accept;
use crate::host::clock;
use crate::inspect::database::Survey;
use crate::outcome::codes::{self, Code};
use crate::outcome::{Failure, FailureKind, Finding, Level, counted_as, duration_in_words, sort_findings};
use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// Between two looks at who is logged in.
const PAUSE: Duration = Duration::from_secs(2);
/// Between two looks whether somebody asked to stop.
const TICK: Duration = Duration::from_millis(100);

/// Who is logged in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Online {
    Count(u64),
    /// It is not known; why.
    Unknown(String),
}

impl Online {
    /// What the database says.
    #[must_use]
    pub fn of(survey: Survey) -> Self {
        match survey.sessions {
            Some(facts) if facts.roles.is_empty() => Self::Unknown(facts.unknown.join("; ")),
            Some(facts) => Self::Count(facts.online_count()),
            None => Self::Unknown("the database does not say".to_owned()),
        }
    }

    /// For whom a change waits, in words; `None` where it goes on.
    #[must_use]
    pub fn worth_waiting(self, accepted: &BTreeSet<Code>) -> Option<String> {
        match self {
            Self::Count(0) => None,
            Self::Unknown(_) if accepted.contains(&codes::SESSIONS_UNKNOWN) => None,
            Self::Count(count) => {
                Some(format!("{} still logged in", counted_as(count, "user is", "users are")))
            }
            Self::Unknown(why) => Some(not_known(&why)),
        }
    }
}

/// Puts who is logged in now in the place of who was, among these findings.
///
/// # Errors
/// When agents are at work.
pub fn who_is_there_now(
    mut now: Vec<Finding>,
    accepted: &BTreeSet<Code>,
    findings: &mut Vec<Finding>,
) -> Result<(), Failure> {
    accept(&mut now, accepted);
    let stop = now.iter().find(|finding| finding.stops()).map(|finding| finding.title.clone());
    findings.retain(|finding| !is_about_sessions(finding));
    findings.extend(now);
    sort_findings(findings);
    match stop {
        None => Ok(()),
        Some(title) => {
            Err(Failure::new(FailureKind::Refused, format!("stopped by sessions.online: {title}")).with_hint(
                "nothing was changed; `motionctl apply --wait-idle 30m` waits until nobody is logged in",
            ))
        }
    }
}

/// Why is waited where nobody knows who is logged in.
pub fn not_known(why: &str) -> String {
    format!("who is logged in is not known: {why}")
}

/// Looks again and again until there is nobody to wait for; else `look` says who there is. No connection is held
/// between two looks.
///
/// # Errors
/// Refused when the time is over, cancelled when somebody asked to stop.
pub fn wait_until(
    stop: &AtomicBool,
    limit: Duration,
    mut look: impl FnMut() -> Option<String>,
    mut show: impl FnMut(&str, &str, bool),
) -> Result<(), Failure> {
    let deadline = clock::monotonic() + limit;
    let mut shown = String::new();
    loop {
        let Some(line) = look() else { return Ok(()) };
        let left = deadline.saturating_duration_since(clock::monotonic());
        show(&format!("waiting: {line}"), &format!("gives up in {}", duration_in_words(left)), shown != line);
        shown.clone_from(&line);
        let next = (clock::monotonic() + PAUSE).min(deadline);
        while clock::monotonic() < next {
            if stop.load(Ordering::SeqCst) {
                let failure =
                    Failure::new(FailureKind::Cancelled, "stopped while waiting; nothing was changed");
                return Err(failure);
            }
            clock::pause(TICK);
        }
        if clock::monotonic() >= deadline {
            let message = format!("gave up after {}: {line}", duration_in_words(limit));
            return Err(Failure::new(FailureKind::Refused, message));
        }
    }
}

/// Findings that a wait may make go away do not refuse before it.
pub fn leave_to_the_wait(findings: &mut [Finding], wait: Option<Duration>) {
    for finding in
        findings.iter_mut().filter(|finding| wait.is_some() && finding.code == codes::SESSIONS_ONLINE)
    {
        finding.regrade(Level::Warn);
        // What was asked for need not be advised.
        "nothing: the change waits until nobody is logged in".clone_into(&mut finding.advice);
    }
}

/// Whether a finding says who is logged in.
pub fn is_about_sessions(finding: &Finding) -> bool {
    [codes::SESSIONS_ONLINE, codes::SESSIONS_IDLE, codes::SESSIONS_UNKNOWN].contains(&finding.code)
}

/// Without a database nobody can be waited for.
///
/// # Errors
/// When somebody was to be waited for.
pub fn nobody_to_ask(why: &str, accepted: &BTreeSet<Code>, wait: Option<Duration>) -> Result<(), Failure> {
    if wait.is_none()
        || accepted.contains(&codes::SESSIONS_UNKNOWN)
        || accepted.contains(&codes::SESSIONS_ONLINE)
    {
        return Ok(());
    }
    Err(Failure::new(FailureKind::Refused, format!("--wait-idle cannot see who is logged in: {why}"))
        .with_hint("name the database with --db, or --accept sessions.unknown"))
}
