//! What the configuration as it is makes of the new client beside its route: who gets in, and what is answered for a
//! file that is missing.
//!
//! Invariant: warnings only: nothing here is opened or turned by a change. What a change does is judged by its plan.

use crate::facts::{ClientFacts, Facts, RouteState, ServerFacts, ServerRole};
use crate::motion::error_page::turned;
use crate::motion::guards::{Around, Change, Side, differences, shown};
use crate::motion::{ANY_ROUTE, Block, Content, NEW_CLIENT_ROUTE};
use crate::outcome::codes;
use crate::outcome::{Finding, Level};
use nginx_config::{Config, Node};

/// A script of the new client that nobody has.
const MISSING_SCRIPT: &str = "/user-ui/motionctl-route-check.js";

/// Every finding about them.
pub fn beside(facts: &Facts, config: &Config) -> Vec<Finding> {
    let around = Around::of(config);
    let serving = facts.site.servers.iter().filter(|server| server.role == ServerRole::ServesMotion);
    serving
        .flat_map(|server| [unguarded(config, &around, server), error_page(facts, config, server)])
        .flatten()
        .collect()
}

/// A new client that is there, and open where the pages beside it are not.
fn unguarded(config: &Config, around: &Around<'_>, server: &ServerFacts) -> Option<Finding> {
    if server.new_client != RouteState::Present {
        return None;
    }
    let (pages, client) =
        (Side::of(around, server.node, ANY_ROUTE), Side::of(around, server.node, NEW_CLIENT_ROUTE));
    let opened = differences(&pages, &client).into_iter().filter(|one| one.change == Change::Opened);
    let lines: Vec<_> = opened
        .flat_map(|one| one.old)
        .map(|node| format!("server {}: {}", server.label, shown(config, node)))
        .collect();
    let title = "what decides who gets in at Motion's other pages does not guard the new client";
    let finding = Finding::graded(codes::ROUTES_UNGUARDED, Level::Warn, title)
        .advice("where it is not meant so, copy those directives into the location of /user-ui/");
    (!lines.is_empty()).then(|| finding.evidence_lines(lines))
}

fn error_page(facts: &Facts, config: &Config, server: &ServerFacts) -> Option<Finding> {
    let block = Block::new(config, server.node);
    let (own, content) = match server.new_client {
        RouteState::Present => {
            let chain = block.answer(MISSING_SCRIPT).map_or_else(Vec::new, |answer| answer.chain);
            (chain, block.new_client_content().map(|(content, _)| content))
        }
        _ => (Vec::new(), None),
    };
    let scopes: Vec<Node> =
        own.iter().rev().copied().chain([server.node]).chain(config.top_named("http")).collect();
    let proxied = match content {
        Some(content) => matches!(content, Content::Proxied(..)),
        None => matches!(facts.motion.client, Some(ClientFacts::Proxied(_))),
    };
    // What another program answers is its own, unless NGINX is told to look at it.
    if proxied && !intercepts(config, &scopes) {
        return None;
    }
    let turned = turned(config, &scopes)?;
    let title = "an error_page makes another page of the new client's missing files";
    Some(
        Finding::new(codes::ROUTES_ERROR_PAGE, title)
            .evidence(format!("server {}: {}", server.label, shown(config, turned.page)))
            .advice(
                "the location that motionctl adds leaves it out; in one of your own write `error_page 404 =404 @name`",
            ),
    )
}

fn intercepts(config: &Config, scopes: &[Node]) -> bool {
    let found = scopes.iter().find_map(|scope| config.named(*scope, "proxy_intercept_errors").next());
    found.is_some_and(|node| config.directive(node).arg(0) == Some(b"on"))
}
