//! Whether what the new client's page loads would run in a browser.
//!
//! Invariant: a page counts only with its scripts and its styles, each of its own type; what a page
//! for everything answers in their place is neither.

use super::patience;
use super::probe::{Probe, media_type};
use crate::host::http::{Address, Client, ProbeError, Response, Scheme, Target};
use crate::motion::page;
use std::thread;
use std::time::Instant;

/// Files of one page that are asked for.
const MOST: usize = 40;

/// How often one file is asked for where a limit of requests answers.
const TRIES: usize = 4;

/// What a page loads.
#[derive(Clone, Copy)]
enum Kind {
    Script,
    Style,
}

impl Kind {
    fn name(self) -> &'static str {
        match self {
            Self::Script => "script",
            Self::Style => "style sheet",
        }
    }

    fn is(self, media_type: &str) -> bool {
        match self {
            Self::Script => page::is_javascript(media_type),
            Self::Style => media_type == "text/css",
        }
    }
}

/// Why the scripts and styles that a page names would not do; `None` when they would.
pub(super) fn fault(client: &Client, probe: &Probe, page: &Response, deadline: Instant) -> Option<String> {
    let origin = origin(&probe.target);
    let scripts = page::scripts(&page.body, &origin);
    if scripts.is_empty() {
        return Some("the page names no script of its own".to_owned());
    }
    let styles = page::styles(&page.body, &origin);
    let files =
        scripts.iter().map(|uri| (Kind::Script, uri)).chain(styles.iter().map(|uri| (Kind::Style, uri)));
    files.take(MOST).find_map(|(kind, uri)| {
        let what = format!("the page's {} {uri}", kind.name());
        let answer = patiently(client, probe, uri, deadline);
        let limit = patience::limited(&probe.limits, &answer);
        let limit = limit.map_or_else(String::new, |limit| format!(": perhaps {limit}"));
        match answer {
            Err(error) => Some(format!("{what}: {error}{limit}")),
            Ok(answer) if answer.status != 200 => Some(format!("{what} answers {}{limit}", answer.status)),
            Ok(answer) => {
                let served = answer.content_type.as_deref().map(media_type).unwrap_or_default();
                (!kind.is(&served)).then(|| format!("{what} is served as \"{served}\""))
            }
        }
    })
}

/// Asks again where a limit of requests may have answered: the page has just used up what it lets through.
fn patiently(client: &Client, probe: &Probe, uri: &str, deadline: Instant) -> Result<Response, ProbeError> {
    let mut answer = client.get(uri, deadline);
    for _ in 1..TRIES {
        let limited = patience::limited(&probe.limits, &answer);
        let Some(pause) = limited.and_then(|_| patience::pause(&probe.limits)) else { break };
        thread::sleep(pause.min(deadline.saturating_duration_since(Instant::now())));
        answer = client.get(uri, deadline);
    }
    answer
}

/// The origin as the page's author writes it: default ports left out.
fn origin(target: &Target) -> String {
    let host = match (&target.address, target.server_name.as_str()) {
        (Address::Tcp(address), "") => address.ip().to_string(),
        (Address::Unix(_), "") => "localhost".to_owned(),
        (_, name) => name.to_owned(),
    };
    match (target.scheme, target.port) {
        (Scheme::Http, 80) => format!("http://{host}"),
        (Scheme::Https, 443) => format!("https://{host}"),
        (Scheme::Http, port) => format!("http://{host}:{port}"),
        (Scheme::Https, port) => format!("https://{host}:{port}"),
    }
}
