//! Asks for the new client's page, and tells it from every other page by comparison.
//!
//! Invariant: a page counts when it is not the legacy client's, by its marks or because `/login` or `/` answer with the
//! same, and when what it loads comes as what it is. A redirect is followed below `/user-ui/` of the same server alone;
//! what another server has is never asked for.

use super::assets;
use super::model::{Expected, Probe};
use super::patience::patiently;
use crate::host::http::{Address, Client, ProbeError, Response, Scheme, Target};
use crate::motion::PAGES;
use crate::motion::page::{Document, NEW_CLIENT, NOT_SCRIPTS, Page, without_query};
use std::time::Instant;
use url::Url;

/// Redirects of one page that are followed.
const HOPS: usize = 3;

/// What came.
pub(super) struct Seen {
    /// The page, or what came in its place.
    pub response: Response,
    pub page: Page,
    /// Why it is not the new client's, or would not run.
    pub fault: Option<String>,
    /// What of its files came as what it is.
    pub loaded: Vec<String>,
}

/// Asks for a page and everything that decides about it.
pub(super) fn look(client: &Client, probe: &Probe, deadline: Instant) -> Result<Seen, ProbeError> {
    let origin = origin(&probe.target);
    let (response, at) = followed(client, &origin, &probe.uri, deadline)?;
    let document = Document::read(&response.body, &at);
    let mut seen = Seen { page: document.page, fault: None, loaded: Vec::new(), response };
    if seen.response.status != 200 || seen.page != Page::Client {
        return Ok(seen);
    }
    if let Expected::Surely(likeness) = &probe.expected
        && !shares_a_script(likeness, &document.likeness)
    {
        seen.fault = Some("another page answers than the one that was found on the disk".to_owned());
        return Ok(seen);
    }
    let (Expected::Perhaps(likeness) | Expected::Surely(likeness)) = &probe.expected;
    let is_known = !likeness.is_empty() && *likeness == document.likeness;
    let same =
        if is_known { None } else { same_as(client, probe, &seen.response, &document, &origin, deadline) };
    if let Some(uri) = same {
        seen.page = Page::Legacy;
        seen.fault = Some(format!("it is the page that {uri} answers with"));
        return Ok(seen);
    }
    match assets::fault(client, probe, &document, deadline) {
        Ok(loaded) => seen.loaded = loaded,
        Err(fault) => seen.fault = Some(fault),
    }
    Ok(seen)
}

/// Whether two pages have a script in common, wherever each wants it: NGINX may add to a page, and change its paths.
fn shares_a_script(one: &[String], other: &[String]) -> bool {
    let name = |script: &String| without_query(script).rsplit('/').next().unwrap_or_default().to_owned();
    let of_other: Vec<String> = other.iter().skip(NOT_SCRIPTS).map(name).collect();
    one.iter().skip(NOT_SCRIPTS).map(name).any(|script| of_other.contains(&script))
}

/// Follows a page to another path of its own below the new client's.
fn followed(
    client: &Client,
    origin: &str,
    uri: &str,
    deadline: Instant,
) -> Result<(Response, Url), ProbeError> {
    let mut at =
        Url::parse(&format!("{origin}{uri}")).or_else(|_| Url::parse(&format!("http://localhost{uri}")));
    let mut uri = uri.to_owned();
    for _ in 0..HOPS {
        let response = client.get(&uri, deadline)?;
        let Ok(here) = at else { return Err(ProbeError::Unaskable("not a URL")) };
        let next = match (response.status, response.location.as_deref()) {
            (301 | 302 | 303 | 307 | 308, Some(location)) => here.join(location).ok(),
            _ => None,
        };
        match next.filter(|next| leads_on(&here, next)) {
            None => return Ok((response, here)),
            Some(next) => {
                uri = path_of(&next);
                at = Ok(next);
            }
        }
    }
    Err(ProbeError::Unaskable("it redirects without end"))
}

/// Whether a redirect stays with the new client; on any port, since NGINX writes the one that it listens on.
fn leads_on(here: &Url, next: &Url) -> bool {
    let same_server = here.scheme() == next.scheme() && here.host_str() == next.host_str();
    same_server && next.path().starts_with(NEW_CLIENT) && path_of(here) != path_of(next)
}

fn path_of(url: &Url) -> String {
    url.query().map_or_else(|| url.path().to_owned(), |query| format!("{}?{query}", url.path()))
}

/// The page of the legacy client that a page is, too: what answers everything answers this as well.
fn same_as(
    client: &Client,
    probe: &Probe,
    response: &Response,
    document: &Document,
    origin: &str,
    deadline: Instant,
) -> Option<&'static str> {
    PAGES.into_iter().find(|uri| {
        let Ok(other) = patiently(client, probe, uri, deadline) else { return false };
        let Ok(at) = Url::parse(&format!("{origin}{uri}")) else { return false };
        let same_text = other.body_sha256 == response.body_sha256;
        other.status == 200 && (same_text || document.is_like(&Document::read(&other.body, &at)))
    })
}

/// The origin as the page's author writes it: default ports left out.
fn origin(target: &Target) -> String {
    let host = match (&target.address, target.server_name.as_str()) {
        (Address::Tcp(address), "") if address.is_ipv6() => format!("[{}]", address.ip()),
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
