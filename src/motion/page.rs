//! What a page says of itself: whether it is the legacy client's, and which scripts and styles it names.
//!
//! Invariant: any bytes have an answer, found in linear time. This looks at markup as a browser would where it matters
//! (comments, quoting, the base, the text of scripts); it must not fetch anything. Whether a page is the new client's
//! is not said here: that takes its scripts.

use regex::bytes::{Captures, Regex};
use std::collections::BTreeSet;
use std::sync::LazyLock;
use url::Url;

/// Where the new client is served.
pub const NEW_CLIENT: &str = "/user-ui/";

/// Any origin: what a page on the disk names in full belongs to another server.
const ON_THE_DISK: &str = "https://localhost/user-ui/login";

/// How many words of a [`Document::likeness`] stand before its scripts: title and base.
pub const NOT_SCRIPTS: usize = 2;

/// Who a page comes from, as far as its own text tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Page {
    /// The AngularJS client, which a catch-all location answers with.
    Legacy,
    /// Another one that loads scripts of its own server: the new client, where they come as scripts.
    Client,
    /// One without scripts of its own, such as an error's.
    Other,
}

/// A page as a browser reads it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Document {
    /// Who it comes from.
    pub page: Page,
    /// Whether it says itself that it is served below [`NEW_CLIENT`]: by its base, or by where its scripts are.
    pub names_route: bool,
    /// Whether it looks like what Angular's tools build.
    pub is_built: bool,
    /// The path that relative references begin with; `None` where they lead to another server.
    pub folder: Option<String>,
    /// Paths of the scripts that it loads from its own server, in order, without repeats.
    pub scripts: Vec<String>,
    /// Paths of the style sheets, likewise.
    pub styles: Vec<String>,
    /// What tells two pages apart that are made for each request, with a token in them: title, base and scripts, as
    /// they are written. Empty where there is no script.
    pub likeness: Vec<String>,
}

/// Attributes of a tag.
const ATTRIBUTES: &str = r#"((?:[^"'>]|"[^"]*"|'[^']*')*)"#;

static COMMENT: LazyLock<Regex> = LazyLock::new(|| pattern(r"(?s)<!--.*?-->"));
static SCRIPT_TEXT: LazyLock<Regex> =
    LazyLock::new(|| pattern(&format!(r"(?is)(<script\b{ATTRIBUTES}>).*?</script")));
static TAG: LazyLock<Regex> = LazyLock::new(|| pattern(&format!(r"(?is)<(script|link|base)\b{ATTRIBUTES}>")));
static ATTRIBUTE: LazyLock<Regex> =
    LazyLock::new(|| pattern(r#"([^\s"'>/=]+)(?:\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'>]+)))?"#));
static TITLE: LazyLock<Regex> = LazyLock::new(|| pattern(r"(?is)<title\b[^>]*>(.*?)</title"));
static LEGACY: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"(?i)switch-to-new-experience|<[^>]*\s(?:data-|x-)?ng-app(?:[\s=>/])"));
static ROOT_ELEMENT: LazyLock<Regex> = LazyLock::new(|| pattern(r"(?i)<app-root\b|\sng-version="));
/// `main.3f2a9c1b.js`, `main-ABCDEFGH.js`, `main.js`, and what Angular's tools write beside it.
static MAIN_SCRIPT: LazyLock<Regex> = LazyLock::new(|| pattern(r"(?:^|/)main(?:[.-][0-9A-Za-z_-]+)*\.m?js$"));
static HELPER_SCRIPT: LazyLock<Regex> = LazyLock::new(|| pattern(r"(?:^|/)(?:polyfills|runtime)\b"));

fn pattern(text: &str) -> Regex {
    Regex::new(text).expect("the pattern is a constant")
}

impl Document {
    /// Reads a page that came from a URL.
    #[must_use]
    pub fn read(body: &[u8], from: &Url) -> Self {
        let body = COMMENT.replace_all(body, &b""[..]);
        let legacy = LEGACY.is_match(&body);
        let markup = SCRIPT_TEXT.replace_all(&body, &b"$1</script"[..]);
        let tags: Vec<Tag> = TAG.captures_iter(&markup).map(|captures| Tag::of(&captures)).collect();
        let written = tags.iter().find_map(|tag| tag.reference("base", "href"));
        let joined = written.as_deref().and_then(|base| from.join(base).ok());
        let base = joined.clone().unwrap_or_else(|| from.clone());
        let references: Vec<&Tag> = tags.iter().filter(|tag| tag.loads_a_script()).collect();
        let names: Vec<String> = references.iter().filter_map(|tag| tag.target()).collect();
        let scripts = own(&names, &base, from);
        let sheets = tags.iter().filter(|tag| tag.name == "link" && tag.has_word("rel", "stylesheet"));
        let styles = own(&sheets.filter_map(Tag::target).collect::<Vec<_>>(), &base, from);
        let below = |reference: &String| {
            let root = from.join("/").ok()?;
            let url = root.join(reference).ok()?;
            (url.origin() == from.origin() && url.path().starts_with(NEW_CLIENT)).then_some(())
        };
        let has_main = scripts.iter().any(|path| MAIN_SCRIPT.is_match(without_query(path).as_bytes()));
        let has_helper = scripts.iter().any(|path| HELPER_SCRIPT.is_match(path.as_bytes()));
        let is_module = |tag: &&&Tag| tag.name == "link" || tag.has_word("type", "module");
        let is_built = ROOT_ELEMENT.is_match(&markup)
            || (has_main && (has_helper || references.iter().any(|tag| is_module(&tag))));
        let title = TITLE.captures(&markup).map_or_else(String::new, |found| text(&found[1]));
        let page = match () {
            () if legacy => Page::Legacy,
            () if scripts.is_empty() => Page::Other,
            () => Page::Client,
        };
        let likeness = match names.is_empty() {
            true => Vec::new(),
            false => [title, written.clone().unwrap_or_default()].into_iter().chain(names.clone()).collect(),
        };
        Self {
            page,
            names_route: written.iter().chain(&names).any(|reference| below(reference).is_some()),
            is_built,
            folder: (base.origin() == from.origin()).then(|| folder(base.path()).to_owned()),
            scripts,
            styles,
            likeness,
        }
    }

    /// Reads a page that lies on the disk, as if it answered the new client's route.
    #[must_use]
    pub fn on_the_disk(body: &[u8]) -> Self {
        Self::read(body, &Url::parse(ON_THE_DISK).expect("the URL is a constant"))
    }

    /// Scripts and styles.
    pub fn assets(&self) -> impl Iterator<Item = &String> {
        self.scripts.iter().chain(&self.styles)
    }

    /// Whether two pages are one, but for what differs from one request to the next.
    #[must_use]
    pub fn is_like(&self, other: &Self) -> bool {
        !self.likeness.is_empty() && self.likeness == other.likeness
    }
}

/// A tag that may load something.
struct Tag {
    name: String,
    /// In order; of several with one name the first counts.
    attributes: Vec<(String, String)>,
}

impl Tag {
    fn of(captures: &Captures<'_>) -> Self {
        let attributes = ATTRIBUTE.captures_iter(&captures[2]).map(|attribute| {
            let value = (2..=4).find_map(|group| attribute.get(group));
            let value = value.map_or_else(String::new, |found| text(found.as_bytes()));
            (text(&attribute[1]).to_ascii_lowercase(), value)
        });
        Self { name: text(&captures[1]).to_ascii_lowercase(), attributes: attributes.collect() }
    }

    fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    fn reference(&self, tag: &str, attribute: &str) -> Option<String> {
        if self.name != tag {
            return None;
        }
        self.attribute(attribute).map(str::to_owned)
    }

    fn has_word(&self, attribute: &str, word: &str) -> bool {
        let value = self.attribute(attribute).unwrap_or_default();
        value.split_ascii_whitespace().any(|one| one.eq_ignore_ascii_case(word))
    }

    /// A script, or one that is loaded ahead for a script; not a block of data.
    fn loads_a_script(&self) -> bool {
        match self.name.as_str() {
            "script" => {
                let kind = self.attribute("type").unwrap_or_default().trim().to_ascii_lowercase();
                self.attribute("src").is_some()
                    && (kind.is_empty() || kind == "module" || is_javascript(&kind))
            }
            "link" => self.has_word("rel", "modulepreload"),
            _ => false,
        }
    }

    /// What it loads, as written; nothing where that is empty.
    fn target(&self) -> Option<String> {
        let found = self.reference("script", "src").or_else(|| self.reference("link", "href"))?;
        (!found.is_empty()).then_some(found)
    }
}

/// The paths of those references that lead to the page's own server, each once.
fn own(references: &[String], base: &Url, from: &Url) -> Vec<String> {
    let mut seen = BTreeSet::new();
    let urls = references.iter().filter_map(|reference| base.join(reference).ok());
    let paths = urls.filter(|url| url.origin() == from.origin()).map(|url| {
        let query = url.query().map_or_else(String::new, |query| format!("?{query}"));
        format!("{}{query}", url.path())
    });
    paths.filter(|path| seen.insert(path.clone())).collect()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).trim().replace("&amp;", "&")
}

/// A path up to its last slash.
fn folder(path: &str) -> &str {
    &path[..path.rfind('/').map_or(0, |slash| slash + 1)]
}

/// A path without what follows its question mark.
#[must_use]
pub fn without_query(path: &str) -> &str {
    path.split('?').next().unwrap_or(path)
}

/// Whether a media type is one that browsers run as a script (RFC 9239, section 6).
#[must_use]
pub fn is_javascript(media_type: &str) -> bool {
    matches!(
        media_type,
        "text/javascript"
            | "application/javascript"
            | "application/x-javascript"
            | "text/x-javascript"
            | "text/ecmascript"
            | "application/ecmascript"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(url: &str, html: &str) -> Document {
        Document::read(html.as_bytes(), &Url::parse(url).expect("a URL"))
    }

    fn read(html: &str) -> Document {
        at("https://cc.example.test:8443/user-ui/login", html)
    }

    #[test]
    fn the_legacy_page_is_known_by_its_marks() {
        let check = |html: &str, expect| assert_eq!(read(html).page, expect, "{html}");
        let script = "<script src=main.js></script>";
        check(&format!(r#"<base href="/user-ui/">{script}"#), Page::Client);
        check(r#"<base href="/user-ui/">"#, Page::Other);
        check(&format!(r#"<html ng-app="motion"><base href="/user-ui/">{script}"#), Page::Legacy);
        check(&format!("<body class=x data-ng-app>{script}"), Page::Legacy);
        check(&format!(r#"<base href="/user-ui/"><a id="switch-to-new-experience">{script}"#), Page::Legacy);
        check(&format!(r#"<p class="ng-app-shell">{script}"#), Page::Client);
        check(&format!("<!-- <html ng-app> -->{script}"), Page::Client);
        check(r#"<script src="https://cdn.example.org/main.js"></script>"#, Page::Other);
        check("\u{0}<<<>", Page::Other);
    }

    #[test]
    fn a_page_that_names_the_route_says_so_by_base_or_scripts() {
        let check = |html: &str, expect| assert_eq!(read(html).names_route, expect, "{html}");
        check(r#"<base href="/user-ui/">"#, true);
        check("<BASE target='_top'\n HREF = '/user-ui/it/' />", true);
        check("<base href=/user-ui/>", true);
        check("<base href=https://cc.example.test:8443/user-ui/>", true);
        check(r#"<base href="/"><script src="/user-ui/main.js">"#, true);
        check(r#"<base href="/"><script src="user-ui/main.js">"#, true);
        check(r#"<base data-href="/user-ui/" href="/">"#, false);
        check(r#"<base href="/"><base href="/user-ui/">"#, false);
        check(r#"<!-- <base href="/user-ui/"> --><p>"#, false);
        check(r#"<base href="./"><script src="main.js">"#, false);
        check(r#"<base href="https://cdn.example.org/user-ui/">"#, false);
    }

    #[test]
    fn style_sheets_are_told_from_other_links() {
        let page = r#"<base href="/user-ui/"><link rel="icon" href="favicon.svg"><link href=styles.1.css rel=stylesheet>
            <LINK media="print" rel="preload stylesheet" href='/user-ui/print.css'><!-- <link rel=stylesheet href=x.css> -->"#;
        assert_eq!(read(page).styles, ["/user-ui/styles.1.css", "/user-ui/print.css"]);
    }

    #[test]
    fn scripts_are_resolved_as_a_browser_does() {
        let check = |base: &str, tag: &str, expect: &[&str]| {
            assert_eq!(read(&format!("{base}{tag}")).scripts, expect, "{base}{tag}");
        };
        let usual = r#"<base href="/user-ui/">"#;
        check(usual, r#"<script src="main.1a2b.js" type="module"></script>"#, &["/user-ui/main.1a2b.js"]);
        check(usual, "<script defer src=./a/../b.js></script>", &["/user-ui/b.js"]);
        check(usual, "<script src='/x.js?v=1&amp;w=2#top'>", &["/x.js?v=1&w=2"]);
        check(usual, r#"<script src="https://cc.example.test:8443/y.js">"#, &["/y.js"]);
        check(usual, r#"<script src="//cc.example.test:8443/z.js">"#, &["/z.js"]);
        check(
            usual,
            r#"<script src="https://cdn.example.org/y.js"></script><script src="//cdn.test/y.js">"#,
            &[],
        );
        check(usual, r#"<script src="https://cc.example.test:8443.evil.test/y.js">"#, &[]);
        check(usual, r#"<script src="data:text/javascript,1"></script><script src="">"#, &[]);
        check(usual, "<script src=a.js></script><script src=a.js></script>", &["/user-ui/a.js"]);
        check(usual, "<!-- <script src=old.js></script> -->", &[]);
        check(usual, "<script src='../../../etc'>", &["/etc"]);
        check(usual, r#"<script>document.write("<script src=b.js>")</script>"#, &[]);
        check(usual, r#"<script data-note="a>b" src="c.js"></script>"#, &["/user-ui/c.js"]);
        check(usual, r#"<script type="application/json" src="d.json"></script>"#, &[]);
        check(usual, r#"<script type="text/javascript" src="e.js"></script>"#, &["/user-ui/e.js"]);
        check(usual, r#"<link rel="modulepreload" href="chunk-AB.js">"#, &["/user-ui/chunk-AB.js"]);
        check("", "<script src=main.js>", &["/user-ui/main.js"]);
        check("<base href=./>", "<script src=main.js>", &["/user-ui/main.js"]);
        check("<base href=/>", "<script src=main.js>", &["/main.js"]);
        check("<base href='/user-ui/it/'>", "<script src=main.js>", &["/user-ui/it/main.js"]);
        check("<base href=it/>", "<script src=main.js>", &["/user-ui/it/main.js"]);
        // Whatever is relative belongs to the other server then.
        check("<base href='https://cdn.example.org/ui/'>", "<script src=main.js>", &[]);
        check("<base target=_top><base href=/b/>", "<script src=main.js>", &["/b/main.js"]);
    }

    #[test]
    fn what_angular_builds_is_told_from_other_pages() {
        let check = |html: &str, expect| assert_eq!(read(html).is_built, expect, "{html}");
        check("<app-root></app-root><script src=x.js>", true);
        check("<script src=runtime.1f.js></script><script src=main.2f.js></script>", true);
        check("<x-root></x-root><script src=main-ABCDEF12.js type=module></script>", true);
        check("<link rel=modulepreload href=chunk-A.js><script src=main-B.js type=module></script>", true);
        check("<div id=swagger-ui></div><script src=./swagger-ui-bundle.js></script>", false);
        check("<script src=vendor/prettify.js></script><script src=main.js></script>", false);
    }

    #[test]
    fn pages_that_differ_by_a_token_are_alike() {
        let page = |token: &str| read(&format!("<title>A</title><script nonce={token} src=a.js></script>"));
        assert!(page("1").is_like(&page("2")));
        let others =
            ["<title>B</title><script src=a.js>", "<title>A</title><base href=/><script src=a.js>", "<p>"];
        assert!(others.iter().all(|html| !page("1").is_like(&read(html))));
        assert!(!read("<p>").is_like(&read("<p>")), "two pages without scripts tell nothing");
    }
}
