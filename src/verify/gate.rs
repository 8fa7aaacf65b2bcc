//! What one route's answer is held against, and whether it holds.
//!
//! Invariant: a route is gated only by what two looks before the change agreed
//! on; what cannot be told apart is said and not counted. Pure: it must not
//! ask any server.

use super::model::{Answer, Baseline, Gate, Judgement, Probe, ProbeResult};
use crate::host::http::ProbeError;
use crate::motion::page;
use crate::motion::page::Page;

/// What is said of a route that was guarded, is not any more, and was accepted so.
const OPEN_NOW: &str = "open now (accepted)";

/// How `look` compares with what the gate asks for.
pub(super) fn judge(probe: &Probe, baseline: &Baseline, look: &ProbeResult) -> Judgement {
    match &probe.gate {
        Gate::AsBefore => as_before(baseline, look),
        Gate::Stated(status, _) => stated(*status, look),
        Gate::NewClient => opened(new_client(baseline, look), baseline, Opening::Fails),
        Gate::NewClientOpened => opened(new_client(baseline, look), baseline, Opening::Accepted),
        Gate::NewClientRedirect => redirect(probe, baseline, look),
        Gate::ToHttps => to_https(look),
        Gate::Informational => Judgement::Ungated(String::new()),
    }
}

/// How `look` compares with what stood before the change, for every gate alike.
pub(super) fn judge_restored(probe: &Probe, baseline: &Baseline, look: &ProbeResult) -> Judgement {
    match probe.gate {
        Gate::Informational => Judgement::Ungated(String::new()),
        _ => as_before(baseline, look),
    }
}

/// Why there is no answer of before to compare with.
#[derive(Debug, thiserror::Error)]
pub(super) enum Unstable {
    /// Nobody answered, twice in the same way.
    #[error("before: {0}")]
    Silent(ProbeError),
    /// The time for all probes was up.
    #[error("not looked at before: out of time")]
    NotTaken,
    /// The two looks differ.
    #[error("unstable before the change")]
    Changing,
}

/// The answer that both looks agreed on, or why there is none to compare with.
pub(super) fn stable(baseline: &Baseline) -> Result<&Answer, Unstable> {
    match (&baseline.first, &baseline.second) {
        (ProbeResult::Answer(first), ProbeResult::Answer(second)) if same_head(first, second) => Ok(second),
        (ProbeResult::Answer(first), ProbeResult::Answer(second)) if gateway(first) && gateway(second) => {
            Ok(second)
        }
        (ProbeResult::Silent(first), ProbeResult::Silent(second)) if first == second => {
            Err(Unstable::Silent(second.clone()))
        }
        (ProbeResult::NotTaken, _) | (_, ProbeResult::NotTaken) => Err(Unstable::NotTaken),
        _ => Err(Unstable::Changing),
    }
}

fn same_head(one: &Answer, other: &Answer) -> bool {
    one.status == other.status && one.media_type == other.media_type && one.location == other.location
}

/// A dead upstream: NGINX says 504 while it waits for one and 502 once it has
/// given up on all of them, and forgets that at a reload.
fn gateway(answer: &Answer) -> bool {
    matches!(answer.status, 502 | 504)
}

fn as_before(baseline: &Baseline, look: &ProbeResult) -> Judgement {
    let before = match stable(baseline) {
        Ok(before) => before,
        Err(why) => return Judgement::Ungated(cannot_tell(&why, look)),
    };
    match look {
        ProbeResult::NotTaken => Judgement::Fails("not looked at: out of time".to_owned()),
        ProbeResult::Answer(now) if gateway(before) && gateway(now) => {
            Judgement::Holds("dead upstream".to_owned())
        }
        ProbeResult::Silent(ProbeError::Timeout) if gateway(before) => {
            Judgement::Ungated("dead upstream before, no answer in time now: cannot be told apart".to_owned())
        }
        ProbeResult::Silent(error) => {
            Judgement::Fails(format!("answered {} before, now {error}", before.status))
        }
        ProbeResult::Answer(now) => match difference(baseline, before, now) {
            Some(difference) => Judgement::Fails(difference),
            None => Judgement::Holds(String::new()),
        },
    }
}

fn cannot_tell(why: &Unstable, look: &ProbeResult) -> String {
    match (why, look) {
        (Unstable::Silent(ProbeError::Timeout), ProbeResult::Silent(ProbeError::Timeout)) => {
            format!("{why}, and after: cannot be told apart")
        }
        _ => why.to_string(),
    }
}

fn difference(baseline: &Baseline, before: &Answer, now: &Answer) -> Option<String> {
    if before.status != now.status {
        return Some(format!("answered {} before, now {}", before.status, now.status));
    }
    if before.media_type != now.media_type {
        return Some(format!("was {} before, now {}", or_none(&before.media_type), or_none(&now.media_type)));
    }
    if before.location != now.location {
        return Some("redirects elsewhere than before".to_owned());
    }
    let stable_body = match (&baseline.first, &baseline.second) {
        (ProbeResult::Answer(first), ProbeResult::Answer(second)) if first.sha256 == second.sha256 => {
            second.sha256
        }
        _ => None,
    };
    match (stable_body, now.sha256) {
        (Some(before), Some(now)) if before != now => Some("same kind of answer, other content".to_owned()),
        _ => None,
    }
}

fn or_none(media_type: &str) -> &str {
    if media_type.is_empty() { "without Content-Type" } else { media_type }
}

/// What answered before the new client does, for people.
fn shown_before(baseline: &Baseline) -> String {
    match stable(baseline) {
        Ok(answer) if answer.page == Page::Legacy => "legacy page".to_owned(),
        Ok(answer) if answer.page == Page::Client && answer.fault.is_none() => "new client".to_owned(),
        Ok(answer) if answer.status == 200 => "another page".to_owned(),
        Ok(answer) => format!("status {}", answer.status),
        Err(_) => "no steady answer".to_owned(),
    }
}

/// Whether the new client answers. A server that turns this probe away before
/// any location is chosen (access rules, client certificates, no answer at
/// all), in the same way as before, proves nothing in either direction.
fn new_client(baseline: &Baseline, look: &ProbeResult) -> Judgement {
    if let Some(note) = turned_away(baseline, look) {
        return Judgement::Ungated(note);
    }
    match look {
        ProbeResult::NotTaken => Judgement::Fails("not looked at: out of time".to_owned()),
        ProbeResult::Silent(error) => Judgement::Fails(format!("the new client does not answer: {error}")),
        ProbeResult::Answer(answer) if answer.status != 200 => {
            Judgement::Fails(format!("the new client answers {}", answer.status))
        }
        ProbeResult::Answer(answer) if answer.page == Page::Legacy => {
            let why = answer.fault.as_ref().map_or_else(String::new, |fault| format!(": {fault}"));
            Judgement::Fails(format!("the legacy client answers{why}"))
        }
        ProbeResult::Answer(answer) if answer.page == Page::Other => {
            Judgement::Fails("the page names no script of its own".to_owned())
        }
        ProbeResult::Answer(answer) if answer.media_type != "text/html" => {
            Judgement::Fails(format!("the page is {}", or_none(&answer.media_type)))
        }
        ProbeResult::Answer(answer) => match &answer.fault {
            Some(fault) => Judgement::Fails(fault.clone()),
            None => Judgement::Holds(format!("{} → new client", shown_before(baseline))),
        },
    }
}

/// What it means that the new client answers those who were turned away.
enum Opening {
    Fails,
    Accepted,
}

/// A client that answers is none to be glad of where this very probe was turned away before.
fn opened(judgement: Judgement, baseline: &Baseline, opening: Opening) -> Judgement {
    let Judgement::Holds(note) = judgement else { return judgement };
    match (stable(baseline), opening) {
        (Ok(before), Opening::Fails) if matches!(before.status, 401 | 403) => Judgement::Fails(format!(
            "turned away before ({}), and open to everybody now: copy what guards it with --inherit-guards, or --accept \
             routes.unguarded",
            before.status
        )),
        (Ok(before), Opening::Accepted) if matches!(before.status, 401 | 403) => {
            Judgement::Accepted(format!("{OPEN_NOW}: {note}"))
        }
        _ => Judgement::Holds(note),
    }
}

/// What the operator says must be so, whatever stood before.
fn stated(status: u16, look: &ProbeResult) -> Judgement {
    match look {
        ProbeResult::NotTaken => Judgement::Fails("not looked at: out of time".to_owned()),
        ProbeResult::Silent(error) => Judgement::Fails(error.to_string()),
        ProbeResult::Answer(answer) if answer.status != status => {
            Judgement::Fails(format!("answers {} instead of {status}", answer.status))
        }
        ProbeResult::Answer(answer) => match &answer.fault {
            Some(fault) => Judgement::Fails(fault.clone()),
            None => Judgement::Holds(String::new()),
        },
    }
}

fn redirect(probe: &Probe, baseline: &Baseline, look: &ProbeResult) -> Judgement {
    if let Some(note) = turned_away(baseline, look) {
        return Judgement::Ungated(note);
    }
    match look {
        ProbeResult::Answer(answer) if matches!(answer.status, 301 | 302 | 303 | 307 | 308) => {
            match leads_to_new_client(&answer.location, probe) {
                true => Judgement::Holds(String::new()),
                false => Judgement::Fails("redirects elsewhere than to /user-ui/".to_owned()),
            }
        }
        ProbeResult::Answer(answer) => {
            Judgement::Fails(format!("answers {} instead of redirecting to /user-ui/", answer.status))
        }
        ProbeResult::Silent(error) => Judgement::Fails(error.to_string()),
        ProbeResult::NotTaken => Judgement::Fails("not looked at: out of time".to_owned()),
    }
}

/// Whether the client is sent to HTTPS, as the plan said it would be.
fn to_https(look: &ProbeResult) -> Judgement {
    match look {
        ProbeResult::NotTaken => Judgement::Fails("not looked at: out of time".to_owned()),
        ProbeResult::Silent(error) => Judgement::Fails(error.to_string()),
        ProbeResult::Answer(Answer { status: 301 | 302 | 303 | 307 | 308, location, .. })
            if location.starts_with("https://") =>
        {
            Judgement::Holds("sent to HTTPS".to_owned())
        }
        ProbeResult::Answer(answer) => {
            Judgement::Fails(format!("answers {} instead of redirecting to HTTPS", answer.status))
        }
    }
}

/// A relative `Location`, or one on any port of the same name: NGINX writes the
/// port it listens on, which need not be the one that the client used.
fn leads_to_new_client(location: &str, probe: &Probe) -> bool {
    let path = match location.split_once("://") {
        None => location,
        Some(("http" | "https", rest)) => {
            let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
            let host = authority.rsplit_once(':').map_or(authority, |(host, _)| host);
            let name = &probe.target.server_name;
            if !name.is_empty() && !host.eq_ignore_ascii_case(name) {
                return false;
            }
            path
        }
        Some(_) => return false,
    };
    path.split('?').next() == Some(page::NEW_CLIENT)
}

fn turned_away(baseline: &Baseline, look: &ProbeResult) -> Option<String> {
    match (stable(baseline), look) {
        (Ok(before), ProbeResult::Answer(now))
            if before.status == now.status && matches!(now.status, 400 | 401 | 403) =>
        {
            Some(format!("this probe is turned away ({}) before and after: cannot be told apart", now.status))
        }
        (Err(_), ProbeResult::Silent(now)) if baseline.second == ProbeResult::Silent(now.clone()) => {
            Some(format!("{now}, before and after: cannot be told apart"))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::values::Hash;
    use crate::verify::samples::{answer, probe, said};

    fn body(text: &str) -> ProbeResult {
        ProbeResult::Answer(Answer { sha256: Some(Hash::of(text.as_bytes())), ..answer(200) })
    }

    fn to(status: u16, location: &str) -> ProbeResult {
        ProbeResult::Answer(Answer { location: location.to_owned(), ..answer(status) })
    }

    fn of(page: Page) -> ProbeResult {
        ProbeResult::Answer(Answer { page, ..answer(200) })
    }

    /// `holds`, `fails` or `ungated`, so that a table reads as one.
    fn fate(gate: Gate, first: ProbeResult, second: ProbeResult, now: &ProbeResult) -> &'static str {
        match judge(&probe(gate), &Baseline { first, second }, now) {
            Judgement::Holds(_) => "holds",
            Judgement::Fails(_) => "fails",
            Judgement::Ungated(_) => "ungated",
            Judgement::Accepted(_) => "accepted",
        }
    }

    #[test]
    fn other_routes_must_answer_as_before() {
        let check = |first: &ProbeResult, second: &ProbeResult, now: &ProbeResult, expect| {
            assert_eq!(
                fate(Gate::AsBefore, first.clone(), second.clone(), now),
                expect,
                "{first:?} {second:?} {now:?}"
            );
        };
        let silent = ProbeResult::Silent(ProbeError::Timeout);
        let refused = ProbeResult::Silent(ProbeError::Unreachable(std::io::ErrorKind::ConnectionRefused));
        let json = ProbeResult::Answer(Answer { media_type: "application/json".into(), ..answer(200) });
        check(&said(200), &said(200), &said(200), "holds");
        check(&said(200), &said(200), &said(404), "fails");
        check(&said(200), &said(200), &json, "fails");
        check(&to(301, "/a"), &to(301, "/a"), &to(301, "/b"), "fails");
        check(&said(200), &said(200), &silent, "fails");
        check(&said(200), &said(200), &refused, "fails");
        check(&said(200), &said(200), &ProbeResult::NotTaken, "fails");
        check(&body("aa"), &body("aa"), &body("bb"), "fails");
        check(&body("aa"), &body("bb"), &body("cc"), "holds");
        check(&said(200), &said(500), &said(404), "ungated");
        check(&said(200), &silent, &said(404), "ungated");
        check(&refused, &refused, &said(200), "ungated");
        check(&silent, &silent, &silent, "ungated");
        check(&said(502), &said(502), &said(502), "holds");
        check(&said(504), &said(502), &said(504), "holds");
        check(&said(502), &said(502), &silent, "ungated");
        check(&said(502), &said(502), &said(200), "fails");
        check(&said(101), &said(101), &said(200), "fails");
    }

    #[test]
    fn the_new_client_must_answer_with_scripts_that_run() {
        let check = |now: &ProbeResult, expect| {
            assert_eq!(fate(Gate::NewClient, of(Page::Legacy), of(Page::Legacy), now), expect, "{now:?}");
        };
        check(&of(Page::Client), "holds");
        let seen = |before: ProbeResult| {
            let baseline = Baseline { first: before.clone(), second: before };
            judge(&probe(Gate::NewClient), &baseline, &of(Page::Client))
        };
        for (before, note) in [
            (of(Page::Legacy), "legacy page → new client"),
            (of(Page::Other), "another page → new client"),
            (said(404), "status 404 → new client"),
        ] {
            assert_eq!(seen(before), Judgement::Holds(note.to_owned()));
        }
        check(&of(Page::Legacy), "fails");
        check(&of(Page::Other), "fails");
        check(&said(404), "fails");
        check(&said(403), "fails");
        check(&ProbeResult::Silent(ProbeError::Timeout), "fails");
        let broken = Answer { page: Page::Client, fault: Some("404".into()), ..answer(200) };
        check(&ProbeResult::Answer(broken), "fails");
        let plain = Answer { page: Page::Client, media_type: "text/plain".into(), ..answer(200) };
        check(&ProbeResult::Answer(plain), "fails");
    }

    #[test]
    fn a_client_that_opens_what_was_guarded_is_never_called_good() {
        let now = of(Page::Client);
        for (before, unasked, accepted) in [
            (said(401), "fails", "accepted"),
            (said(403), "fails", "accepted"),
            (said(404), "holds", "holds"),
            (of(Page::Legacy), "holds", "holds"),
        ] {
            assert_eq!(fate(Gate::NewClient, before.clone(), before.clone(), &now), unasked, "{before:?}");
            assert_eq!(
                fate(Gate::NewClientOpened, before.clone(), before.clone(), &now),
                accepted,
                "{before:?}"
            );
        }
        // What was accepted is that it opens, not that it is broken.
        assert_eq!(fate(Gate::NewClientOpened, said(401), said(401), &said(404)), "fails");
        assert_eq!(fate(Gate::NewClientOpened, said(401), said(401), &said(401)), "ungated");
    }

    #[test]
    fn a_stated_probe_is_held_against_what_was_said() {
        let gate = Gate::Stated(204, String::new());
        let check = |now: &ProbeResult, expect| {
            assert_eq!(fate(gate.clone(), said(500), said(500), now), expect, "{now:?}");
        };
        check(&said(204), "holds");
        check(&said(200), "fails");
        check(&ProbeResult::Silent(ProbeError::Timeout), "fails");
        check(&ProbeResult::NotTaken, "fails");
        check(&ProbeResult::Answer(Answer { fault: Some("lacks".into()), ..answer(204) }), "fails");
    }

    #[test]
    fn who_is_sent_to_https_must_be_sent_there() {
        let check = |now: &ProbeResult, expect| {
            assert_eq!(fate(Gate::ToHttps, said(200), said(200), now), expect, "{now:?}");
        };
        check(&to(301, "https://cc.example.test/login"), "holds");
        check(&to(302, "https://cc.example.test:8443/"), "holds");
        check(&to(301, "http://cc.example.test/login"), "fails");
        check(&to(301, "/login"), "fails");
        check(&said(200), "fails");
        check(&ProbeResult::Silent(ProbeError::Timeout), "fails");
        check(&ProbeResult::NotTaken, "fails");
    }

    #[test]
    fn a_server_that_turns_every_probe_away_proves_nothing() {
        for look in [said(403), said(401), said(400), ProbeResult::Silent(ProbeError::Timeout)] {
            assert_eq!(fate(Gate::NewClient, look.clone(), look.clone(), &look), "ungated", "{look:?}");
        }
        assert_eq!(fate(Gate::NewClient, said(403), said(403), &said(404)), "fails");
    }

    #[test]
    fn the_bare_path_redirects_to_the_new_client() {
        let check = |now: &ProbeResult, expect| {
            assert_eq!(fate(Gate::NewClientRedirect, said(404), said(404), now), expect, "{now:?}");
        };
        check(&to(301, "/user-ui/"), "holds");
        check(&to(302, "https://cc.example.test/user-ui/?a=b"), "holds");
        check(&to(301, "http://CC.example.test:8080/user-ui/"), "holds");
        check(&to(301, "https://evil.test/user-ui/"), "fails");
        check(&to(301, "/user-ui/login"), "fails");
        check(&to(301, "/"), "fails");
        check(&said(200), "fails");
    }
}
