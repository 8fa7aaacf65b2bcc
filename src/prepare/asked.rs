//! Asks a live server what the files do not say: whether the address that the route is handed to is the new client.
//!
//! Invariant: one harmless GET of the new client's entry for each block, through NGINX itself. An answer decides; no
//! answer, or one that is about something else, leaves it open.

use super::probes::new_client_probe;
use crate::facts::{RouteState, ServerFacts, ServerRole};
use crate::motion::Block;
use crate::motion::page::Page;
use crate::verify::probe::ProbePlan;
use crate::verify::{Answer, Look};
use nginx_config::Config;

/// Settles by their answer the routes of which the files leave open what is behind them.
pub fn settle(config: &Config, servers: &mut [ServerFacts]) {
    // Where a condition leaves it open, one answer says nothing of the other ways.
    let open = |server: &&mut ServerFacts| {
        server.role == ServerRole::ServesMotion
            && matches!(server.new_client, RouteState::CannotTell(_))
            && Block::new(config, server.node).new_client() == RouteState::Present
    };
    let mut asked: Vec<&mut ServerFacts> = servers.iter_mut().filter(open).collect();
    asked.retain(|server| new_client_probe(server).is_some());
    let rows = asked.iter().filter_map(|server| new_client_probe(server)).collect();
    let looks = ProbePlan { rows }.observe();
    for (server, look) in asked.into_iter().zip(looks) {
        if let RouteState::CannotTell(reason) = &server.new_client {
            server.new_client = decided(reason, &look);
        }
    }
}

fn decided(reason: &str, look: &Look) -> RouteState {
    match look {
        Look::Answer(Answer { status: 200, page: Page::NewClient, fault: None, .. }) => RouteState::Present,
        Look::Answer(Answer { status: 200, page: Page::NewClient, fault: Some(fault), .. }) => {
            RouteState::Elsewhere(format!(
                "{reason}; asked for it, the new client's page answers, but {fault}"
            ))
        }
        // Whoever asks is not let in, or nobody is there: that is about today.
        Look::Answer(Answer { status: status @ (401 | 403 | 407 | 429 | 500..), .. }) => {
            RouteState::CannotTell(format!("{reason}; asked for it, the server answers {status}"))
        }
        Look::Answer(answer) => RouteState::Elsewhere(format!(
            "{reason}; asked for it, the server answers {} and no page of the new client",
            answer.status
        )),
        Look::Silent(error) => RouteState::CannotTell(format!("{reason}; asked for it: {error}")),
        Look::NotTaken => RouteState::CannotTell(reason.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::http::ProbeError;

    #[test]
    fn an_answer_decides_and_silence_does_not() {
        let answer = |status: u16, page: Page, fault: Option<&str>| {
            Look::Answer(Answer {
                status,
                media_type: "text/html".to_owned(),
                location: String::new(),
                sha256: None,
                page,
                fault: fault.map(str::to_owned),
            })
        };
        let check = |look: Look, expect: &str| {
            let state = match decided("open", &look) {
                RouteState::Present => "present",
                RouteState::Missing => "missing",
                RouteState::Elsewhere(_) => "elsewhere",
                RouteState::CannotTell(_) => "cannot-tell",
            };
            assert_eq!(state, expect, "{look:?}");
        };
        check(answer(200, Page::NewClient, None), "present");
        check(answer(200, Page::NewClient, Some("its script is gone")), "elsewhere");
        check(answer(200, Page::Legacy, None), "elsewhere");
        check(answer(404, Page::Other, None), "elsewhere");
        check(answer(302, Page::Other, None), "elsewhere");
        for status in [401, 403, 429, 502, 503] {
            check(answer(status, Page::Other, None), "cannot-tell");
        }
        check(Look::Silent(ProbeError::Timeout), "cannot-tell");
        check(Look::NotTaken, "cannot-tell");
    }
}
