//! What an answer of the new client's entry says.
//!
//! Invariant: pure; only the whole page with its files counts as the new client.

use crate::motion::page::Page;
use crate::verify::{Answer, ProbeResult};

/// Files of the page that are named to people.
const LISTED: usize = 3;

/// The files of the new client's page that came, where it is that page and all of it came.
pub(super) fn works(look: &ProbeResult) -> Option<&[String]> {
    match look {
        ProbeResult::Answer(Answer {
            status: 200,
            page: Page::Client,
            fault: None,
            loaded,
            media_type,
            ..
        }) if media_type == "text/html" => Some(loaded),
        _ => None,
    }
}

/// An answer for the new client's entry, for people.
pub(super) fn in_words(look: &ProbeResult) -> String {
    match look {
        ProbeResult::Silent(error) => error.to_string(),
        ProbeResult::NotTaken => "not asked: out of time".to_owned(),
        ProbeResult::Answer(answer) => {
            let what = match (answer.status, answer.page, &answer.fault) {
                (200, Page::Client, None) if answer.media_type == "text/html" => {
                    let listed: Vec<_> = answer.loaded.iter().take(LISTED).map(String::as_str).collect();
                    let more = if answer.loaded.len() > LISTED { ", …" } else { "" };
                    format!("the new client, whose files come ({}{more})", listed.join(", "))
                }
                (200, Page::Client, None) => format!("a page as {}", answer.media_type),
                (200, Page::Legacy, Some(fault)) => format!("the legacy client: {fault}"),
                (200, Page::Legacy, None) => "the legacy client".to_owned(),
                (200, Page::Client, Some(fault)) => format!("a page, but {fault}"),
                (200, Page::Other, _) => "a page that names no script of its own".to_owned(),
                _ if !answer.location.is_empty() => "sent elsewhere".to_owned(),
                _ => "no page".to_owned(),
            };
            format!("{}, {what}", answer.status)
        }
    }
}
