//! Which client a page belongs to, and which scripts and styles it names.
//!
//! Invariant: any bytes have an answer, found in linear time. This looks at
//! markup as a browser would where it matters (comments, quoting, order of
//! attributes); it must not fetch anything.

use regex::bytes::{Captures, Regex};
use std::sync::LazyLock;

/// Where the new client is served.
pub const NEW_CLIENT: &str = "/user-ui/";

/// Who a page comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Page {
    /// The new client: its base is [`NEW_CLIENT`].
    NewClient,
    /// The AngularJS client, which a catch-all location answers with.
    Legacy,
    /// Neither.
    Other,
}

/// A value of an attribute, quoted or not.
const VALUE: &str = r#"\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s>"']+))"#;

static COMMENT: LazyLock<Regex> = LazyLock::new(|| pattern(r"(?s)<!--.*?-->"));
static BASE: LazyLock<Regex> = LazyLock::new(|| pattern(&format!(r"(?i)<base\b[^>]*?[\s/]href{VALUE}")));
static SCRIPT: LazyLock<Regex> = LazyLock::new(|| pattern(&format!(r"(?i)<script\b[^>]*?[\s/]src{VALUE}")));
static LINK: LazyLock<Regex> = LazyLock::new(|| pattern(r"(?i)<link\b[^>]*>"));
static HREF: LazyLock<Regex> = LazyLock::new(|| pattern(&format!(r"(?i)[\s/]href{VALUE}")));
static STYLESHEET: LazyLock<Regex> = LazyLock::new(|| {
    pattern(r#"(?i)[\s/]rel\s*=\s*(?:"[^"]*\bstylesheet\b|'[^']*\bstylesheet\b|stylesheet\b)"#)
});
static LEGACY: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"(?i)switch-to-new-experience|<[^>]*\s(?:data-|x-)?ng-app(?:[\s=>/])"));

fn pattern(text: &str) -> Regex {
    Regex::new(text).expect("the pattern is a constant")
}

/// Tells the two clients apart. The legacy page wins: it may well mention the
/// new one, never the other way round.
#[must_use]
pub fn classify(body: &[u8]) -> Page {
    let body = COMMENT.replace_all(body, &b""[..]);
    if LEGACY.is_match(&body) {
        return Page::Legacy;
    }
    match base(&body) {
        Some(base) if base == NEW_CLIENT => Page::NewClient,
        _ => Page::Other,
    }
}

/// Paths of the scripts that the page loads from its own `origin`
/// (`https://name:port`), in order, without repeats.
#[must_use]
pub fn scripts(body: &[u8], origin: &str) -> Vec<String> {
    let body = COMMENT.replace_all(body, &b""[..]);
    named(&body, SCRIPT.captures_iter(&body).map(|captures| attribute(&captures)), origin)
}

/// Paths of the style sheets that the page loads, as [`scripts`].
#[must_use]
pub fn styles(body: &[u8], origin: &str) -> Vec<String> {
    let body = COMMENT.replace_all(body, &b""[..]);
    let links = LINK.find_iter(&body).map(|link| link.as_bytes()).filter(|link| STYLESHEET.is_match(link));
    named(&body, links.filter_map(|link| Some(attribute(&HREF.captures(link)?))), origin)
}

fn named(body: &[u8], references: impl Iterator<Item = String>, origin: &str) -> Vec<String> {
    let base = base(body).unwrap_or_else(|| "/".to_owned());
    let mut paths: Vec<String> = Vec::new();
    for path in references.filter_map(|reference| resolve(&reference, &base, origin)) {
        if !paths.contains(&path) {
            paths.push(path);
        }
    }
    paths
}

fn base(body: &[u8]) -> Option<String> {
    BASE.captures(body).map(|captures| attribute(&captures))
}

fn attribute(captures: &Captures<'_>) -> String {
    let value = (1..=3).find_map(|group| captures.get(group)).map_or(&b""[..], |found| found.as_bytes());
    String::from_utf8_lossy(value).trim().replace("&amp;", "&")
}

/// The path that `reference` means on a page with `base`; `None` for another origin.
fn resolve(reference: &str, base: &str, origin: &str) -> Option<String> {
    let reference = reference.split('#').next().unwrap_or_default();
    let scheme = origin.split("//").next().unwrap_or_default();
    let absolute =
        if reference.starts_with("//") { format!("{scheme}{reference}") } else { reference.to_owned() };
    let path = match absolute.strip_prefix(origin) {
        Some(path) if path.starts_with('/') => path.to_owned(),
        _ if absolute.split(['/', '?']).next().is_some_and(|first| first.contains(':')) => return None,
        _ if absolute.starts_with('/') => absolute,
        _ if absolute.is_empty() => return None,
        _ => format!("{}{absolute}", folder(base)),
    };
    Some(without_dots(&path))
}

/// The part of a base up to its last slash; a base on another origin counts as the root.
fn folder(base: &str) -> &str {
    let end = base.rfind('/').map_or(0, |slash| slash + 1);
    if base.starts_with('/') && !base.starts_with("//") { &base[..end] } else { "/" }
}

fn without_dots(path: &str) -> String {
    let (path, query) = path.split_at(path.find('?').unwrap_or(path.len()));
    let mut kept: Vec<&str> = Vec::new();
    for segment in path.split('/').skip(1) {
        match segment {
            "." => {}
            ".." => drop(kept.pop()),
            other => kept.push(other),
        }
    }
    format!("/{}{query}", kept.join("/"))
}

/// Whether a media type is one that browsers run as a script (RFC 9239, section 6).
#[must_use]
pub fn is_javascript(media_type: &str) -> bool {
    matches!(
        media_type,
        "text/javascript"
            | "application/javascript"
            | "application/x-javascript"
            | "text/ecmascript"
            | "application/ecmascript"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_are_told_apart() {
        let check = |html: &str, expect| assert_eq!(classify(html.as_bytes()), expect, "{html}");
        check(r#"<head><base href="/user-ui/"></head>"#, Page::NewClient);
        check("<BASE target='_top'\n HREF = '/user-ui/' />", Page::NewClient);
        check("<base href=/user-ui/>", Page::NewClient);
        check(r#"<base data-href="/user-ui/" href="/">"#, Page::Other);
        check(r#"<base href="/"><base href="/user-ui/">"#, Page::Other);
        check(r#"<!-- <base href="/user-ui/"> --><p>"#, Page::Other);
        check(r#"<base href="/user-ui">"#, Page::Other);
        check(r#"<html ng-app="motion"><base href="/user-ui/">"#, Page::Legacy);
        check("<body class=x data-ng-app>", Page::Legacy);
        check(r#"<base href="/user-ui/"><a id="switch-to-new-experience">"#, Page::Legacy);
        check(r#"<base href="/user-ui/"><p class="ng-app-shell">"#, Page::NewClient);
        check("\u{0}<<<>", Page::Other);
    }

    #[test]
    fn style_sheets_are_told_from_other_links() {
        let page = r#"<base href="/user-ui/"><link rel="icon" href="favicon.svg"><link href=styles.1.css rel=stylesheet>
            <LINK media="print" rel="preload stylesheet" href='/user-ui/print.css'><!-- <link rel=stylesheet href=x.css> -->"#;
        assert_eq!(
            styles(page.as_bytes(), "https://a.test"),
            ["/user-ui/styles.1.css", "/user-ui/print.css"]
        );
    }

    #[test]
    fn scripts_are_resolved_as_a_browser_does() {
        let origin = "https://cc.example.test:8443";
        let check = |tag: &str, expect: &[&str]| {
            let page = format!(r#"<base href="/user-ui/">{tag}"#);
            assert_eq!(scripts(page.as_bytes(), origin), expect, "{tag}");
        };
        check(r#"<script src="main.1a2b.js" type="module"></script>"#, &["/user-ui/main.1a2b.js"]);
        check("<script defer src=./a/../b.js></script>", &["/user-ui/b.js"]);
        check("<script src='/x.js?v=1&amp;w=2#top'>", &["/x.js?v=1&w=2"]);
        check(r#"<script src="https://cc.example.test:8443/y.js">"#, &["/y.js"]);
        check(r#"<script src="//cc.example.test:8443/z.js">"#, &["/z.js"]);
        check(r#"<script src="https://cdn.example.org/y.js"><script src="//cdn.example.org/y.js">"#, &[]);
        check(r#"<script src="https://cc.example.test:8443.evil.test/y.js">"#, &[]);
        check(r#"<script src="data:text/javascript,1"><script src=""><script>inline()</script>"#, &[]);
        check("<script src=a.js></script><script src=a.js></script>", &["/user-ui/a.js"]);
        check("<!-- <script src=old.js></script> -->", &[]);
        check("<script src='../../../etc'>", &["/etc"]);
    }
}
