//! What the server's `error_page` makes of the new client's missing files.
//!
//! Invariant: a page of its own for an error keeps the status and is nothing to speak of; what counts is a missing
//! file that is answered as if it were there.

use nginx_config::{Config, Node};

/// An `error_page` that answers an error with something else than that error.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Turned {
    /// The status that it is for.
    pub status: &'static str,
    /// The directive.
    pub page: Node,
    /// Every `error_page` of the block that it stands in: they hold together or not at all.
    pub all: Vec<Node>,
}

/// What turns a missing file (404), or a folder (403), into another answer inside of these blocks, the innermost first.
#[must_use]
pub fn turned(config: &Config, scopes: &[Node]) -> Vec<Turned> {
    let pages = scopes.iter().map(|scope| config.named(*scope, "error_page").collect::<Vec<_>>());
    // The innermost block that has any decides alone.
    let Some(all) = pages.into_iter().find(|pages| !pages.is_empty()) else { return Vec::new() };
    let of = |status: &'static str| {
        let is_for = |page: &&Node| codes(config, **page).any(|code| code == status.as_bytes());
        let page = *all.iter().find(is_for)?;
        turns(config, page, status).then(|| Turned { status, page, all: all.clone() })
    };
    ["404", "403"].into_iter().filter_map(of).collect()
}

/// The directive's text without the status 404; nothing where it is for nothing else.
#[must_use]
pub fn without_missing(config: &Config, page: Node) -> Option<String> {
    let directive = config.directive(page);
    let source = config.file(page.file).tree.source();
    let kept = directive.args.iter().filter(|word| word.value != b"404");
    let words: Vec<_> = kept.map(|word| String::from_utf8_lossy(&source[word.span.range()])).collect();
    let others = codes(config, page).any(|code| code != b"404");
    others.then(|| format!("error_page {};", words.join(" ")))
}

/// `=` alone takes the status of the page, `=200` says one, and an address of another server is a redirect.
fn turns(config: &Config, page: Node, status: &str) -> bool {
    let args = &config.directive(page).args;
    let sent = args.iter().rev().nth(1).and_then(|word| word.value.strip_prefix(b"="));
    let elsewhere = args.last().is_some_and(|word| !matches!(word.value.first(), Some(b'/' | b'@')));
    match sent {
        Some(sent) => sent != status.as_bytes() && !matches!(sent.first(), Some(b'4' | b'5')),
        None => elsewhere,
    }
}

fn codes(config: &Config, page: Node) -> impl Iterator<Item = &[u8]> {
    let args = &config.directive(page).args;
    args.iter().map(|word| word.value.as_slice()).filter(|word| word.iter().all(u8::is_ascii_digit) && !word.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use nginx_config::MemoryReader;
    use nginx_config::routes::servers;
    use std::path::Path;

    #[test]
    fn only_what_answers_a_missing_file_as_if_it_were_there_counts() {
        let check = |pages: &str, expect: &[&str]| {
            let text = format!("http {{ server {{ {pages} }} }}");
            let reader = MemoryReader::new().with("/n", text);
            let config = Config::load(Path::new("/n"), Path::new("/"), &reader).unwrap();
            let scopes = [servers(&config)[0]];
            let found = turned(&config, &scopes);
            assert_eq!(found.iter().map(|one| one.status).collect::<Vec<_>>(), expect, "{pages}");
        };
        check("error_page 404 =200 /index.html;", &["404"]);
        check("error_page 404 = /index.html;", &["404"]);
        check("error_page 403 404 = @spa;", &["404", "403"]);
        check("error_page 404 https://www.example.test/;", &["404"]);
        check("error_page 404 =302 /login;", &["404"]);
        check("error_page 404 /404.html;", &[]);
        check("error_page 404 =404 @missing; error_page 404 =200 /index.html;", &[]);
        check("error_page 500 502 =200 /50x.html;", &[]);
        check("error_page 404 =410 /gone.html;", &[]);
    }
}
