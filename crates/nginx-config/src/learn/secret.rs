//! What must not enter a base, which people share: beyond what is hidden where one server's own file is shown.
//!
//! Invariant: only values that are written out are secrets, a variable is none. In doubt a value becomes a blank: then it
//! is nobody's change, and nothing is lost.

use crate::redact::{REDACTED, is_random, redact_arguments, redact_name, redact_source};
use crate::tree::{Body, Directive, DirectiveId, Tree};
use crate::word::has_variable;

/// Directives that give a name a value, as two words.
const NAMING: [&str; 8] = [
    "add_header", "add_trailer", "fastcgi_param", "grpc_set_header", "proxy_set_header", "scgi_param", "set",
    "uwsgi_param",
];
/// Directives that do so in one word: `env NAME=value`.
const IN_ONE: [&str; 4] = ["env", "more_set_headers", "more_set_input_headers", "perl_set"];
/// Words of a name whose value may be a secret. Where a file is shown to its own admin they would hide too much.
const WORDS: [&str; 14] = [
    "apikey", "code", "credential", "credentials", "key", "licence", "license", "pass", "pin", "psk", "pw",
    "secret", "signature", "token",
];

/// Whether a directive is to stay out of a base as a whole: its name, or what calls its block, is a secret.
pub fn is_hidden(tree: &Tree, id: DirectiveId) -> bool {
    let directive = tree.directive(id);
    let is_block = matches!(directive.body, Body::Block { .. });
    redact_name(tree, id).contains(REDACTED)
        || is_token(directive.name.value)
        || is_block && directive.args.iter().any(|word| is_token(word.value))
}

/// Whether the arguments of a directive hold a secret.
pub fn hides(tree: &Tree, id: DirectiveId) -> bool {
    let directive = tree.directive(id);
    redact_arguments(tree, id).contains(REDACTED)
        || directive.args.iter().any(|word| is_token(word.value))
        || is_named_secret(directive)
}

/// Whether code or a comment may be written.
pub fn is_plain(text: &[u8]) -> bool {
    redact_source(text) == text && !is_token(text)
}

/// A path without what looks like a token.
pub fn shown(path: &str) -> String {
    let mut shown = String::with_capacity(path.len());
    for part in path.split_inclusive(|letter: char| !is_part(letter)) {
        let end = part.trim_end_matches(|letter: char| !is_part(letter)).len();
        shown.push_str(if is_random(&part[..end]) { REDACTED } else { &part[..end] });
        shown.push_str(&part[end..]);
    }
    shown
}

/// `X-Key: value`: the name says so, and the value is written out.
fn is_named_secret(directive: Directive<'_>) -> bool {
    let name = directive.name.text();
    let mut values = directive.args.iter();
    let Some(first) = directive.args.first().map(|word| word.text()) else { return false };
    let called = if NAMING.contains(&name.as_ref()) {
        values.next();
        first.as_ref()
    } else if IN_ONE.contains(&name.as_ref())
        && let Some((called, _)) = first.split_once([':', '='])
    {
        called
    } else {
        return false;
    };
    let mut words = called.split(|letter: char| !letter.is_ascii_alphanumeric());
    let says_so = words.any(|word| WORDS.contains(&word.to_ascii_lowercase().as_str()));
    says_so && values.any(|value| !value.value.is_empty() && !has_variable(value.value))
}

fn is_token(text: &[u8]) -> bool {
    let text = String::from_utf8_lossy(text);
    text.split(|letter: char| !is_part(letter)).any(is_random)
}

fn is_part(letter: char) -> bool {
    letter.is_ascii_alphanumeric() || letter == '-' || letter == '_'
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, secret: bool) {
        let tree = Tree::parse(text).expect("it parses");
        let found = tree.walk().any(|id| is_hidden(&tree, id) || hides(&tree, id));
        assert_eq!(found, secret, "{text}");
    }

    #[test]
    fn secrets_are_told_by_their_name_and_by_their_look() {
        for text in [
            "proxy_set_header X-Key abc;",
            "add_header X-Vendor-Licence 'four words of it';",
            "fastcgi_param API_PIN 4711;",
            "set $partner_code 17;",
            "env VENDOR_KEY=abc;",
            "more_set_headers 'X-Key: abc';",
            "location /hook/9f86d081884c7d659a2feaa0/ { return 204; }",
            "location = /in/3f2504e0-4f89-11d3-9a0c-0305e82c3301 { return 204; }",
            "proxy_pass http://127.0.0.1:9000/k7Gd9Qz2LmXp4RtY/;",
            "return 301 https://h.example.test/?s=aB3dE5gH7jK9mN1pQ;",
            "rewrite ^/s/9f86d081884c7d65 /x;",
        ] {
            check(text, true);
        }
    }

    #[test]
    fn what_a_vendor_writes_is_no_secret() {
        for text in [
            "proxy_set_header Sec-WebSocket-Key $http_sec_websocket_key;",
            "add_header X-Cache-Key $scheme$host;",
            "proxy_set_header X-Vendor-Key '';",
            "ssl_ciphers ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-CHACHA20-POLY1305:TLS_AES_256_GCM_SHA384;",
            "add_header Strict-Transport-Security 'max-age=31536000; includeSubDomains';",
            "add_header Referrer-Policy strict-origin-when-cross-origin;",
            "location ~* '^/api/(v1|v2)/[a-f0-9]{24}/[A-Za-z0-9_-]+$' { return 204; }",
            "location /motion2/client-new/dist/assets2026/ { return 204; }",
            "gzip_types application/vnd.ms-fontobject font/woff2;",
            "proxy_cache_path /var/cache keys_zone=one:10m;",
            "ssl_certificate_key /etc/nginx/tls/motion.key;",
            "listen [2001:db8:85a3:8d3:1319:8a2e:370:7348]:443 ssl;",
            "server_name xcally-motion-v3-production-cluster01.example.test;",
            "set $code $status;",
        ] {
            check(text, false);
        }
    }

    #[test]
    fn a_path_is_shown_without_its_token() {
        assert_eq!(
            shown("server / location /hook/9f86d081884c7d659a2feaa0/x"),
            "server / location /hook/[redacted]/x"
        );
        assert_eq!(shown("server / location /hook/"), "server / location /hook/");
    }
}
