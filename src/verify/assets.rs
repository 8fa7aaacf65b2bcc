//! Whether what the new client's page loads would run in a browser.
//!
//! Invariant: a page counts only with its scripts and its styles, each of its own type; what a page
//! for everything answers in their place is neither.

use super::model::Probe;
use super::patience;
use super::patience::patiently;
use crate::host::http::Client;
use crate::motion::page;
use crate::motion::page::Document;
use std::time::Instant;

/// Files of one page that are asked for.
const MOST: usize = 40;

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

/// What of the scripts and styles that a page names came.
///
/// # Errors
/// Why they would not do.
pub(super) fn fault(
    client: &Client,
    probe: &Probe,
    document: &Document,
    deadline: Instant,
) -> Result<Vec<String>, String> {
    if document.scripts.is_empty() {
        return Err("the page names no script of its own".to_owned());
    }
    let scripts = document.scripts.iter().map(|uri| (Kind::Script, uri));
    let files = scripts.chain(document.styles.iter().map(|uri| (Kind::Style, uri)));
    files.take(MOST).map(|(kind, uri)| comes(client, probe, kind, uri, deadline)).collect()
}

fn comes(client: &Client, probe: &Probe, kind: Kind, uri: &str, deadline: Instant) -> Result<String, String> {
    let what = format!("the page's {} {uri}", kind.name());
    let answer = patiently(client, probe, uri, deadline);
    let limit = patience::limited(&probe.limits, &answer);
    let limit = limit.map_or_else(String::new, |limit| format!(": perhaps {limit}"));
    match answer {
        Err(error) => Err(format!("{what}: {error}{limit}")),
        Ok(answer) if answer.status != 200 => Err(format!("{what} answers {}{limit}", answer.status)),
        Ok(answer) => {
            let served = answer.content_type.as_deref().map(media_type).unwrap_or_default();
            if kind.is(&served) {
                Ok(uri.to_owned())
            } else {
                Err(format!("{what} is served as \"{served}\""))
            }
        }
    }
}

/// `text/html` of `Text/HTML; charset=utf-8`.
pub(super) fn media_type(content_type: &str) -> String {
    content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
}
