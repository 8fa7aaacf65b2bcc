//! Entries of `map`, `geo` and `split_clients`: what they are compared with, and what they give, also where they stand in
//! a file that such a block includes.
//!
//! Invariant: of a file in a configuration it is known which blocks include it. Of a file alone nothing is known: what
//! is no directive there is an entry, and of it is hidden what could be a secret.

use super::mask::{LOGIN, REDACTED, mask, pattern, secret_variable};
use super::text::Kind;
use super::value;
use super::{condition, free_text, name, table};
use crate::config::Config;
use crate::entries::List;
use crate::tree::{Body, Directive, DirectiveId, Tree};
use regex::Regex;
use std::sync::LazyLock;

/// Parameters of `map` and `geo` (ngx_http_map_module, ngx_http_geo_module), which are no values.
const PARAMETERS: [&str; 8] =
    ["default", "hostnames", "volatile", "include", "delete", "proxy", "proxy_recursive", "ranges"];
/// Directives of one word: all others have a `_`, or are an entry of a list.
const ONE_WORD: [&str; 80] = [
    "aio", "alias", "allow", "autoindex", "break", "brotli", "charset", "daemon", "dav", "default", "deny",
    "directio", "echo", "env", "error", "etag", "events", "expires", "f4f", "flv", "geo", "google", "gunzip",
    "gzip", "hash", "health", "hls", "hostnames", "http", "if", "image", "imap", "include", "index",
    "internal", "keepalive", "keyval", "limit", "listen", "location", "mail", "map", "match", "memcached",
    "mirror", "modsecurity", "mp4", "ntlm", "pagespeed", "perl", "pid", "protocol", "queue", "quic",
    "random", "resolver", "return", "rewrite", "root", "satisfy", "sendfile", "server", "set", "slice",
    "ssi", "ssl", "starttls", "state", "status", "sticky", "stream", "timeout", "types", "upstream", "user",
    "userid", "volatile", "xclient", "zone", "zstd",
];

/// Keys that name a place: an address or network, a host, a path.
static PLACE: LazyLock<Regex> = LazyLock::new(|| {
    let address = r"[0-9.]+(?:/[0-9]+)?(?:-[0-9.]+)?|[0-9A-Fa-f:]+:[0-9A-Fa-f:.]*(?:/[0-9]+)?";
    let host = r"(?:\*?\.)?(?:[a-z0-9-]+\.)+[a-z]{2,12}\.?";
    pattern(&format!("^(?:{address}|{host}|~?\\*?\\^?/.*)$"))
});

impl List {
    /// Of a block, if it holds entries and no directives.
    pub fn of_block(block: Directive<'_>) -> Option<Self> {
        let is_map = block.is("map");
        if !is_map && !["geo", "split_clients"].iter().any(|name| block.is(name)) {
            return None;
        }
        let mut args = block.args.iter();
        let result = args.next_back()?.text().into_owned();
        Some(Self {
            is_map,
            tested: args.filter(|_| is_map).find_map(|word| secret_variable(&word.text())),
            result: name::is_secret_name(&result).then_some(result),
        })
    }

    /// Around a directive: the block that it stands in, or that includes its file.
    pub fn around(tree: &Tree, directive: Directive<'_>) -> Option<Self> {
        match directive.parent {
            Some(parent) => Self::of_block(tree.directive(parent)),
            None => tree.list.clone(),
        }
    }
}

/// Tells each file that a list includes, also by way of another one, what its entries are.
pub fn mark(config: &mut Config) {
    let includes = config.includes.clone();
    // So long as a file was told something new, what it includes is told as well.
    let mut told = true;
    while told {
        told = false;
        for (include, files) in &includes {
            let tree = &config.file(include.file).tree;
            let Some(list) = List::around(tree, tree.directive(include.directive)) else { continue };
            for file in files {
                let known = &mut config.files[file.index()].tree.list;
                let mut joined = known.clone().unwrap_or_default();
                joined.join(&list);
                told |= known.as_ref() != Some(&joined);
                *known = Some(joined);
            }
        }
    }
}

/// The name of a directive as it may be shown, where that differs from how it is written: of an entry it is what is
/// compared.
pub fn shown_name(tree: &Tree, directive: Directive<'_>) -> Option<Vec<u8>> {
    let raw = &tree.source()[directive.name.span.range()];
    let text = directive.name.text();
    if PARAMETERS.contains(&text.as_ref()) {
        return None;
    }
    let masked = |is_kept: bool| if is_kept { None } else { Some(mask(raw)) };
    let list = List::around(tree, directive);
    if let Some(tested) = list.as_ref().and_then(|list| list.tested.as_deref()) {
        let names_cookies = tested == "http_cookie" && condition::names_cookies(text.trim_start_matches('~'));
        return masked(value::is_harmless(tested, &text) || value::is_open_pattern(&text) || names_cookies);
    }
    if list.is_none() && is_loose(tree, directive) {
        let is_place = PLACE.is_match(&text) && !value::is_token(&text);
        return masked(
            is_place || is_short(&text) || value::is_harmless("", &text) || value::is_open_pattern(&text),
        );
    }
    if list.is_some_and(|list| list.is_map) && (LOGIN.is_match(&text) || value::is_token(&text)) {
        return masked(false);
    }
    free_text::written(raw, Kind::Plain)
}

/// Whether what an entry of a file alone gives is shown: no secret looks so.
pub fn is_shown_alone(value: &str) -> bool {
    let is_small_number = value.len() <= 3 && value.bytes().all(|byte| byte.is_ascii_digit());
    is_short(value)
        || is_small_number
        || value == REDACTED
        || value::is_place(value)
        || value::is_harmless("", value)
}

/// A country, a language, a type of files.
fn is_short(text: &str) -> bool {
    text.len() <= 3 && text.bytes().all(|byte| byte.is_ascii_lowercase())
}

/// Whether this is an entry of a file that some list includes: no directive is called so. Which list it is, and whether
/// that holds secrets, cannot be told from the file.
pub fn is_loose(tree: &Tree, directive: Directive<'_>) -> bool {
    let begins_so =
        tree.roots().first().is_some_and(|first| !is_directive_name(tree.directive(*first).name.value));
    directive.parent.is_none()
        && matches!(directive.body, Body::Semicolon)
        && (begins_so || !is_directive_name(directive.name.value))
}

/// Whether a directive could be called so: one that is known, or small letters with a `_` between them, and digits in a
/// few modules' names alone.
pub fn is_directive_name(name: &[u8]) -> bool {
    const WITH_DIGITS: [&str; 12] = [
        "http2", "http3", "geoip2", "redis2", "base32", "base64", "sha1", "sha256", "md5", "ipv6", "v2",
        "gzip2",
    ];
    let name = String::from_utf8_lossy(name);
    if table::field(&name).is_some() || ONE_WORD.contains(&&*name) {
        return true;
    }
    let has_digit = name.bytes().any(|byte| byte.is_ascii_digit());
    let is_known = WITH_DIGITS.iter().any(|known| name.contains(known));
    let letters = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
    name.bytes().all(letters) && (is_known || name.contains('_') && !has_digit)
}

/// Whether a directive is a list with secrets.
pub fn is_secret(directive: Directive<'_>) -> bool {
    List::of_block(directive).is_some_and(|list| list.is_secret())
}

/// Whether a directive is an entry that gives a secret.
pub fn gives_secret(tree: &Tree, entry: Directive<'_>) -> bool {
    List::around(tree, entry).is_some_and(|list| list.result.is_some())
}

/// Whether the values of a directive's entry are to be hidden in doubt.
pub fn hides_in_doubt(tree: &Tree, id: DirectiveId) -> bool {
    let directive = tree.directive(id);
    tree.list.is_none() && is_loose(tree, directive) && table::field(&directive.name.text()).is_none()
}
