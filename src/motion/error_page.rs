//! What the server's `error_page` makes of the new client's missing files.
//!
//! Invariant: a page of its own for an error keeps the status and is nothing to speak of; what counts is a missing
//! file that is answered as if it were there.

use nginx_config::{Config, Node};

/// The status of a missing file.
const MISSING: &[u8] = b"404";

/// An `error_page` that answers a missing file with something else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Turned {
    pub page: Node,
    /// Every `error_page` of the block that it stands in: they hold together or not at all.
    pub all: Vec<Node>,
}

/// What turns a missing file into another answer inside of these blocks, the innermost first.
#[must_use]
pub fn turned(config: &Config, scopes: &[Node]) -> Option<Turned> {
    let pages = scopes.iter().map(|scope| config.named(*scope, "error_page").collect::<Vec<_>>());
    // The innermost block that has any decides alone, and of those the first for this status.
    let all = pages.into_iter().find(|pages| !pages.is_empty())?;
    let is_for = |page: &&Node| codes(config, **page).any(|code| code == MISSING);
    let page = *all.iter().find(is_for)?;
    turns(config, page).then_some(Turned { page, all })
}

/// The directive's text without the status 404; nothing where it is for nothing else.
#[must_use]
pub fn without_missing(config: &Config, page: Node) -> Option<String> {
    let directive = config.directive(page);
    let source = config.file(page.file).tree.source();
    let kept = directive.args.iter().filter(|word| word.value != MISSING);
    let words: Vec<_> = kept.map(|word| String::from_utf8_lossy(&source[word.span.range()])).collect();
    let others = codes(config, page).any(|code| code != MISSING);
    others.then(|| format!("error_page {};", words.join(" ")))
}

/// `=` alone takes the status of the page, `=200` says one, and an address of another server is a redirect.
fn turns(config: &Config, page: Node) -> bool {
    let args = &config.directive(page).args;
    let sent = args.iter().rev().nth(1).and_then(|word| word.value.strip_prefix(b"="));
    let elsewhere = args.last().is_some_and(|word| !matches!(word.value.first(), Some(b'/' | b'@')));
    match sent {
        Some(sent) => !matches!(sent.first(), Some(b'4' | b'5')),
        None => elsewhere,
    }
}

fn codes(config: &Config, page: Node) -> impl Iterator<Item = &[u8]> {
    let args = &config.directive(page).args;
    args.iter().map(|word| word.value).filter(|word| word.iter().all(u8::is_ascii_digit) && !word.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use nginx_config::MemoryReader;
    use nginx_config::routes::servers;
    use std::path::Path;

    #[test]
    fn only_what_answers_a_missing_file_as_if_it_were_there_counts() {
        let check = |pages: &str, expect| {
            let text = format!("http {{ server {{ {pages} }} }}");
            let reader = MemoryReader::new().with("/n", text);
            let config = Config::load(Path::new("/n"), Path::new("/"), &reader).unwrap();
            let scopes = [servers(&config)[0]];
            assert_eq!(turned(&config, &scopes).is_some(), expect, "{pages}");
        };
        check("error_page 404 =200 /index.html;", true);
        check("error_page 404 = /index.html;", true);
        check("error_page 403 404 = @spa;", true);
        check("error_page 404 https://www.example.test/;", true);
        check("error_page 404 =302 /login;", true);
        check("error_page 404 /404.html;", false);
        check("error_page 404 =404 @missing; error_page 404 =200 /index.html;", false);
        check("error_page 500 502 =200 /50x.html;", false);
        check("error_page 403 =200 /index.html;", false);
        check("error_page 404 =410 /gone.html;", false);
    }
}
