//! Asks a live server what the files do not say: what comes for the new client's entry, through NGINX and from Motion
//! behind it.
//!
//! Invariant: harmless GETs of this machine's own loopback, once each. An answer decides about the way that it came;
//! no answer, or one that is about something else, leaves it open.

use super::named_upstream;
use super::named_upstream::upstream_probe;
use super::probes::new_client_probe;
use super::seen::{in_words, works};
use crate::facts::{ClientFacts, Facts, NoEntrance, RouteState, ServerFacts, ServerRole, UpstreamFacts};
use crate::inspect::{ClientChoice, Inspection};
use crate::motion::page::{NEW_CLIENT, is_javascript};
use crate::motion::{Block, NEW_CLIENT_ROUTE};
use crate::outcome::{Finding, Level, codes};
use crate::verify::probe::ProbePlan;
use crate::verify::{Answer, Expected, Gate, Probe, ProbeResult};
use nginx_config::Config;

/// Files of the page that are asked for by themselves.
const MOST_ASSETS: usize = 40;
/// Asks, and settles by the answers the routes of which the files leave open what is behind them.
pub fn settle(inspection: &mut Inspection, choice: &ClientChoice) {
    let questions = Questions::of(&inspection.facts);
    let runs = inspection.facts.nginx.master.is_some();
    let Answers { through, behind, named, beside } = questions.ask();
    inspection.findings.extend(named_upstream::finding(&inspection.facts, named.as_ref()));
    inspection.findings.extend(said(&inspection.facts, runs, &through, &behind));
    let motion = &mut inspection.facts.motion;
    // Whoever serves them, they come.
    motion.assets.retain(|asset| !beside.iter().any(|(uri, look)| uri == asset && is_a_file(look)));
    let served = || behind.iter().find_map(|(one, look)| Some((one, works(look)?)));
    if *choice == ClientChoice::Search
        && motion.client.is_none()
        && let Some((upstream, loaded)) = served()
    {
        let scheme = if upstream.tls { "https" } else { "http" };
        motion.client = Some(ClientFacts::Proxied(format!("{scheme}://{}", upstream.address)));
        motion.assets = loaded.to_vec();
        inspection.client.clear();
    }
    let servers = inspection.facts.site.servers.iter_mut();
    let mut servers: Vec<_> = servers.filter(|server| server.role == ServerRole::ServesMotion).collect();
    // A page that comes through NGINX alone is that of the files which it read last, and they may be others by now.
    let is_motions = served().is_some();
    for (index, look) in &through {
        decide(&inspection.config, servers[*index], look, is_motions);
    }
    if is_motions && through.len() == servers.len() && through.iter().all(|(_, look)| works(look).is_some()) {
        inspection.facts.motion.assets.clear();
    }
}

/// What is asked.
struct Questions {
    /// The new client's entry through NGINX, by the number among the blocks that serve Motion.
    through: Vec<(usize, Probe)>,
    /// The same, from Motion itself.
    behind: Vec<(UpstreamFacts, Probe)>,
    /// The same, where a person says that it is.
    named: Option<Probe>,
    /// Files of the page that it wants from outside of its own path.
    beside: Vec<Probe>,
}

/// What came.
struct Answers {
    through: Vec<(usize, ProbeResult)>,
    behind: Vec<(UpstreamFacts, ProbeResult)>,
    named: Option<ProbeResult>,
    beside: Vec<(String, ProbeResult)>,
}

impl Questions {
    fn of(facts: &Facts) -> Self {
        let serving = facts.site.servers.iter().filter(|server| server.role == ServerRole::ServesMotion);
        let runs = facts.nginx.master.is_some();
        let expected = || Expected::Perhaps(facts.motion.page.likeness.clone());
        let through: Vec<(usize, Probe)> = serving
            .enumerate()
            .filter(|_| runs)
            .filter_map(|(index, server)| Some((index, new_client_probe(server, expected())?)))
            .collect();
        let host = through.first().map_or("", |(_, probe)| probe.target.server_name.as_str());
        let behind = of_motion(facts).into_iter().filter_map(|one| {
            let probe = upstream_probe(&one.address, one.tls, host)?;
            Some((one, probe))
        });
        Self {
            behind: behind.collect(),
            named: named_upstream::probe(facts, host),
            beside: through.first().map_or_else(Vec::new, |(_, probe)| beside(facts, probe)),
            through,
        }
    }

    /// All at once: the slowest decides how long it takes.
    fn ask(self) -> Answers {
        let probes = self.through.iter().map(|(_, probe)| probe);
        let probes = probes.chain(self.behind.iter().map(|(_, probe)| probe));
        let rows = probes.chain(&self.named).chain(&self.beside).cloned().collect();
        let mut looks = ProbePlan { rows }.observe().into_iter();
        let mut next = || looks.next().expect("there is one look a row");
        Answers {
            through: self.through.into_iter().map(|(index, _)| (index, next())).collect(),
            behind: self.behind.into_iter().map(|(one, _)| (one, next())).collect(),
            named: self.named.map(|_| next()),
            beside: self.beside.into_iter().map(|probe| (probe.uri, next())).collect(),
        }
    }
}

/// The addresses of Motion itself, each once.
fn of_motion(facts: &Facts) -> Vec<UpstreamFacts> {
    let mut found: Vec<UpstreamFacts> = Vec::new();
    for upstream in facts.site.upstreams.iter().filter(|upstream| upstream.serves_motion && upstream.http) {
        if !found.iter().any(|known| known.address == upstream.address) {
            found.push(upstream.clone());
        }
    }
    found
}

/// What the page on the disk wants from outside of the new client's path: whether Motion serves that, only it knows.
fn beside(facts: &Facts, at: &Probe) -> Vec<Probe> {
    let outside = facts.motion.assets.iter().filter(|asset| !asset.starts_with(NEW_CLIENT));
    let probe = |asset: &String| Probe { uri: asset.clone(), gate: Gate::Informational, ..at.clone() };
    outside.take(MOST_ASSETS).map(probe).collect()
}

fn is_a_file(look: &ProbeResult) -> bool {
    let is_kind = |kind: &str| is_javascript(kind) || kind == "text/css";
    matches!(look, ProbeResult::Answer(answer) if answer.status == 200 && is_kind(&answer.media_type))
}

/// `is_motions`: Motion itself serves the new client.
fn decide(config: &Config, server: &mut ServerFacts, look: &ProbeResult, is_motions: bool) {
    let block = Block::new(config, server.node);
    match &server.new_client {
        // Where a condition leaves it open, one answer says nothing of the other ways.
        RouteState::CannotTell(reason) if block.new_client() == RouteState::Present => {
            server.new_client = decided(reason, look);
        }
        RouteState::Missing
            if is_motions && works(look).is_some() && block.answers_in_one_way(NEW_CLIENT_ROUTE) =>
        {
            server.new_client = RouteState::Present;
        }
        _ => {}
    }
}

fn decided(reason: &str, look: &ProbeResult) -> RouteState {
    match look {
        look if works(look).is_some() => RouteState::Present,
        ProbeResult::Answer(answer) if is_about_today(answer) => {
            RouteState::CannotTell(format!("{reason}; asked for it, the server answers {}", answer.status))
        }
        ProbeResult::Answer(Answer { status: 200, fault: Some(fault), .. }) => {
            RouteState::Elsewhere(format!("{reason}; asked for it, a page answers, but {fault}"))
        }
        ProbeResult::Answer(answer) => RouteState::Elsewhere(format!(
            "{reason}; asked for it, the server answers {} and no page of the new client",
            answer.status
        )),
        ProbeResult::Silent(error) => RouteState::CannotTell(format!("{reason}; asked for it: {error}")),
        ProbeResult::NotTaken => RouteState::CannotTell(reason.to_owned()),
    }
}

/// Whoever asks is not let in, is sent to sign in somewhere else, or nobody is there.
fn is_about_today(answer: &Answer) -> bool {
    let elsewhere = || !answer.location.is_empty() && !answer.location.contains(NEW_CLIENT);
    match answer.status {
        401 | 403 | 407 | 429 | 500.. => true,
        301 | 302 | 303 | 307 | 308 => elsewhere(),
        _ => false,
    }
}

/// What came, for people.
fn said(
    facts: &Facts,
    runs: bool,
    through: &[(usize, ProbeResult)],
    behind: &[(UpstreamFacts, ProbeResult)],
) -> Option<Finding> {
    let serving = facts.site.servers.iter().filter(|server| server.role == ServerRole::ServesMotion);
    let (mut lines, mut level) = (Vec::new(), Level::Info);
    let is_motions = behind.iter().any(|(_, look)| works(look).is_some());
    for (index, server) in serving.enumerate() {
        let look = through.iter().find(|(asked, _)| *asked == index).map(|(_, look)| look);
        let what = match look {
            Some(look) => in_words(look),
            None if !runs => "not asked: NGINX does not run".to_owned(),
            None => match &server.entrance {
                Err(NoEntrance::Because(why)) => format!("not asked: {why}"),
                Err(NoEntrance::Shadowed) | Ok(_) => "not asked: no address of its own is known".to_owned(),
            },
        };
        let is_otherwise = match server.new_client {
            RouteState::Present => look.is_some_and(contradicts),
            RouteState::Missing => look.is_some_and(|look| works(look).is_some()) && !is_motions,
            RouteState::Elsewhere(_) | RouteState::CannotTell(_) => false,
        };
        if is_otherwise {
            level = Level::Warn;
        }
        lines.push(format!("server {}: {what}", server.label));
    }
    lines.extend(
        behind.iter().map(|(one, look)| format!("Motion at {}: {}", one.address.shown(), in_words(look))),
    );
    let title = match level {
        Level::Info => "asked for /user-ui/login",
        _ => "asked for /user-ui/login, something else came than the files say",
    };
    let finding = Finding::graded(codes::NEWCLIENT_ASKED, level, title);
    let finding = match level {
        Level::Info => finding,
        _ => finding.advice("if the files were changed since, reload NGINX and look again"),
    };
    (!lines.is_empty()).then(|| finding.evidence_lines(lines))
}

/// Whether an answer is another one than that of a route that is there.
fn contradicts(look: &ProbeResult) -> bool {
    match look {
        ProbeResult::Answer(answer) => works(look).is_none() && !is_about_today(answer),
        ProbeResult::Silent(_) | ProbeResult::NotTaken => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::http::ProbeError;
    use crate::motion::page::Page;

    fn answer(status: u16, page: Page, fault: Option<&str>, location: &str) -> ProbeResult {
        ProbeResult::Answer(Answer {
            status,
            media_type: "text/html".to_owned(),
            location: location.to_owned(),
            sha256: None,
            timeless: true,
            page,
            fault: fault.map(str::to_owned),
            loaded: Vec::new(),
        })
    }

    #[test]
    fn an_answer_decides_and_silence_does_not() {
        let check = |look: ProbeResult, expect: &str| {
            let state = match decided("open", &look) {
                RouteState::Present => "present",
                RouteState::Missing => "missing",
                RouteState::Elsewhere(_) => "elsewhere",
                RouteState::CannotTell(_) => "cannot-tell",
            };
            assert_eq!(state, expect, "{look:?}");
        };
        check(answer(200, Page::Client, None, ""), "present");
        check(answer(200, Page::Client, Some("its script is gone"), ""), "elsewhere");
        check(answer(200, Page::Legacy, None, ""), "elsewhere");
        check(answer(200, Page::Other, None, ""), "elsewhere");
        check(answer(404, Page::Other, None, ""), "elsewhere");
        check(answer(302, Page::Other, None, "/user-ui/"), "elsewhere");
        check(answer(302, Page::Other, None, "https://sso.example.test/"), "cannot-tell");
        for status in [401, 403, 429, 502, 503] {
            check(answer(status, Page::Other, None, ""), "cannot-tell");
        }
        check(ProbeResult::Silent(ProbeError::Timeout), "cannot-tell");
        check(ProbeResult::NotTaken, "cannot-tell");
    }

    #[test]
    fn only_another_page_contradicts_the_files() {
        assert!(contradicts(&answer(200, Page::Legacy, None, "")));
        assert!(contradicts(&answer(200, Page::Client, Some("no script"), "")));
        assert!(contradicts(&answer(404, Page::Other, None, "")));
        assert!(!contradicts(&answer(200, Page::Client, None, "")));
        assert!(!contradicts(&answer(401, Page::Other, None, "")));
        assert!(!contradicts(&answer(302, Page::Other, None, "/sso")));
        assert!(!contradicts(&ProbeResult::Silent(ProbeError::Timeout)));
    }
}
