//! From sessions to findings.
//!
//! Invariant: pure. Flags go stale, so counts never stand without what speaks against them.

use super::tables::SessionTables;
use crate::facts::{OnlineUser, OpenSession, SessionFacts};
use crate::outcome::codes;
use crate::outcome::{Finding, Level, counted, counted_as};

/// An agent who did something in this time is at work.
const AT_WORK_SECONDS: i64 = 15 * 60;
/// After this time a session that nobody closed is more likely forgotten than worked in.
const LONG_SECONDS: i64 = 12 * 60 * 60;
/// No more agents are named in the evidence.
const NAMED: usize = 10;

/// What there is to say about these sessions.
#[must_use]
pub fn judge(facts: &SessionFacts, tables: &SessionTables) -> Vec<Finding> {
    let mut findings = Vec::new();
    findings.extend(online(facts, tables));
    findings.extend(unknown(facts));
    findings
}

fn online(facts: &SessionFacts, tables: &SessionTables) -> Option<Finding> {
    let count = facts.online_count();
    if count == 0 {
        return (!facts.roles.is_empty()).then(|| nobody(facts));
    }
    let at_work: Vec<&OnlineUser> = facts.online.iter().filter(|user| is_at_work(user, tables)).collect();
    let calls = facts.calls.unwrap_or(0);
    let users = counted_as(count, "user is", "users are");
    let (level, title) = match (at_work.len(), calls) {
        (0, 0) => (Level::Warn, format!("{users} logged in")),
        (_, 0) => (Level::Stop, format!("{users} logged in, and agents are at work")),
        _ => (Level::Stop, format!("{users} logged in, and calls are in progress")),
    };
    let mut finding = Finding::graded(codes::SESSIONS_ONLINE, level, title)
        .advice("do it when nobody is logged in: `motionctl apply --wait-idle 30m` waits for that");
    finding.evidence.extend(role_lines(facts));
    finding.evidence.extend(
        facts.calls.filter(|calls| *calls > 0).map(|calls| format!("{} in progress", counted(calls, "call"))),
    );
    finding.evidence.extend(open_line(facts));
    finding.evidence.extend(doubts(facts));
    let by_urgency =
        at_work.iter().copied().chain(facts.online.iter().filter(|user| !is_at_work(user, tables)));
    finding.evidence.extend(by_urgency.take(NAMED).map(user_line));
    // Of very many not even the names were read.
    let unnamed = count.saturating_sub(facts.online.len().min(NAMED) as u64);
    if unnamed > 0 {
        finding.evidence.push(format!("and {unnamed} more"));
    }
    Some(finding)
}

fn nobody(facts: &SessionFacts) -> Finding {
    let mut finding =
        Finding::new(codes::SESSIONS_IDLE, "nobody is logged in").advice("nothing: a good moment");
    finding.evidence.extend(role_lines(facts));
    finding.evidence.extend(doubts(facts));
    finding
}

fn unknown(facts: &SessionFacts) -> Option<Finding> {
    let finding =
        Finding::graded(codes::SESSIONS_UNKNOWN, Level::Warn, "who is logged in was not wholly seen")
            .advice("let the database's user read these tables, or name them in a schema map with --map");
    (!facts.unknown.is_empty()).then(|| finding.evidence_lines(&facts.unknown))
}

fn is_at_work(user: &OnlineUser, tables: &SessionTables) -> bool {
    // A time in the future means that clocks disagree, not that nobody works.
    user.role == tables.users.agent_role && user.idle_seconds.is_some_and(|idle| idle <= AT_WORK_SECONDS)
}

fn role_lines(facts: &SessionFacts) -> impl Iterator<Item = String> + '_ {
    facts.roles.iter().map(|(role, count)| {
        let phones = match count.phones {
            Some(0) | None => String::new(),
            Some(1) => ", 1 phone registered".to_owned(),
            Some(phones) => format!(", {phones} phones registered"),
        };
        format!("role {role}: {} of {} online{phones}", count.online, count.users)
    })
}

fn open_line(facts: &SessionFacts) -> Option<String> {
    let open = facts.open.as_ref().filter(|open| open.count > 0)?;
    let searched =
        open.searched.map_or_else(String::new, |rows| format!(" among the newest {}", counted(rows, "row")));
    let newest = match (&open.newest, open.newest_age_seconds) {
        (Some(newest), Some(age)) => format!(", the newest since {newest} UTC ({})", ago(age)),
        _ => String::new(),
    };
    Some(format!("{}{searched}{newest}", counted(open.count, "open session")))
}

/// What speaks against the flags and the open sessions.
fn doubts(facts: &SessionFacts) -> Vec<String> {
    let mut doubts = Vec::new();
    let Some(open) = &facts.open else { return doubts };
    let without = facts.online.iter().filter(|user| user.sessions.is_empty()).count();
    if without > 0 {
        doubts.push(format!("{without} online without an open session: the flag may be left from a crash"));
    }
    if open.of_offline > 0 {
        doubts.push(format!(
            "{} of users who are not online: probably never closed",
            counted(open.of_offline, "open session")
        ));
    }
    let long = |user: &&OnlineUser| user.idle_seconds.is_some_and(|idle| idle > LONG_SECONDS);
    let stale = facts.online.iter().filter(long).count();
    if stale > 0 {
        doubts.push(format!(
            "{stale} online without a sign of life for more than 12 hours: the flag may be stale"
        ));
    }
    if open.newest_age_seconds.is_some_and(|age| age < -60) {
        doubts.push(
            "the newest session begins in the future: the application's clock or time zone differs"
                .to_owned(),
        );
    }
    doubts
}

fn user_line(user: &OnlineUser) -> String {
    let idle =
        user.idle_seconds.map_or_else(String::new, |idle| format!(", last sign of life {}", ago(idle)));
    let sessions: Vec<String> = user.sessions.iter().map(session_words).collect();
    let sessions = if sessions.is_empty() { String::new() } else { format!(": {}", sessions.join("; ")) };
    format!("{} ({}){sessions}{idle}", user.name, user.role)
}

fn session_words(session: &OpenSession) -> String {
    let channel = session.channel.as_deref().unwrap_or("session");
    let since = session.entered.as_deref().map_or_else(String::new, |since| format!(" since {since}"));
    let profile = if session.profile.is_empty() {
        String::new()
    } else if let Some(name) = &session.profile_name {
        format!(", profile {name} ({})", columns(session))
    } else if session.profile.iter().all(|(_, value)| value.is_none()) {
        ", Personal Profile".to_owned()
    } else {
        format!(", profile {}", columns(session))
    };
    format!("{channel}{since}{profile}")
}

fn columns(session: &OpenSession) -> String {
    let show = |(column, value): &(String, Option<String>)| {
        format!("{column}={}", value.as_deref().unwrap_or("NULL"))
    };
    session.profile.iter().map(show).collect::<Vec<_>>().join(", ")
}

fn ago(seconds: i64) -> String {
    let ago = |count: i64, unit: &str| format!("{} ago", counted(count, unit));
    match seconds {
        i64::MIN..0 => format!("{} in the future", counted(seconds.unsigned_abs(), "second")),
        0..120 => ago(seconds, "second"),
        120..7_200 => ago(seconds / 60, "minute"),
        7_200..172_800 => ago(seconds / 3_600, "hour"),
        _ => ago(seconds / 86_400, "day"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::{OpenSessions, RoleFacts};
    use crate::outcome::codes::Code;

    fn agent(idle: Option<i64>) -> SessionFacts {
        let user = OnlineUser {
            name: "a".into(),
            role: "agent".into(),
            idle_seconds: idle,
            ..OnlineUser::default()
        };
        let role = RoleFacts { users: 2, online: 1, phones: Some(1) };
        SessionFacts {
            roles: [("agent".to_owned(), role)].into(),
            online: vec![user],
            open: Some(OpenSessions::default()),
            ..SessionFacts::default()
        }
    }

    fn level(facts: &SessionFacts) -> (Code, Level) {
        let finding = judge(facts, &SessionTables::default()).remove(0);
        (finding.code, finding.level)
    }

    #[test]
    fn an_agent_at_work_stops_and_a_stale_flag_warns() {
        let check =
            |idle, expect| assert_eq!(level(&agent(idle)), (codes::SESSIONS_ONLINE, expect), "{idle:?}");
        check(Some(0), Level::Stop);
        check(Some(900), Level::Stop);
        check(Some(901), Level::Warn);
        check(Some(-3_600), Level::Stop);
        check(None, Level::Warn);
        let mut calling = agent(None);
        calling.calls = Some(1);
        assert_eq!(level(&calling).1, Level::Stop);
        let mut supervisor = agent(Some(0));
        supervisor.online[0].role = "user".into();
        assert_eq!(level(&supervisor).1, Level::Warn);
    }

    #[test]
    fn nobody_is_said_only_where_somebody_could_be_seen() {
        let mut facts = agent(None);
        facts.online.clear();
        facts.roles.values_mut().for_each(|role| role.online = 0);
        assert_eq!(level(&facts), (codes::SESSIONS_IDLE, Level::Info));
        assert!(judge(&SessionFacts::default(), &SessionTables::default()).is_empty());
    }

    #[test]
    fn both_profile_columns_are_shown_until_a_map_tells_what_they_mean() {
        let mut session = OpenSession {
            channel: Some("voice".into()),
            profile: vec![("data3".into(), Some("7".into())), ("data4".into(), None)],
            ..OpenSession::default()
        };
        assert_eq!(session_words(&session), "voice, profile data3=7, data4=NULL");
        session.profile_name = Some("Morning".into());
        assert_eq!(session_words(&session), "voice, profile Morning (data3=7, data4=NULL)");
        session.profile_name = None;
        session.profile[0].1 = None;
        assert_eq!(session_words(&session), "voice, Personal Profile");
    }
}
