//! What must not be shown of a configuration, by directive and field.
//!
//! Invariant: the text keeps its lines, so that positions still hold; only the
//! values of fields that carry secrets are replaced. A value is never hunted
//! for elsewhere: a short secret would eat innocent words.

use super::{Body, Config, Directive, DirectiveId, Span, TokenKind, Tree};
use regex::Regex;
use std::sync::LazyLock;

/// What stands in place of a secret.
pub const REDACTED: &str = "[redacted]";

/// Which arguments of a directive carry a secret.
enum Field {
    /// All after the first, when the first names something secret.
    AfterSecretName,
    /// All of them.
    All,
}

/// Directives whose arguments can carry a secret.
const FIELDS: [(&str, Field); 21] = [
    ("proxy_set_header", Field::AfterSecretName),
    ("grpc_set_header", Field::AfterSecretName),
    ("add_header", Field::AfterSecretName),
    ("add_trailer", Field::AfterSecretName),
    ("more_set_headers", Field::AfterSecretName),
    ("more_set_input_headers", Field::AfterSecretName),
    ("fastcgi_param", Field::AfterSecretName),
    ("uwsgi_param", Field::AfterSecretName),
    ("scgi_param", Field::AfterSecretName),
    ("set", Field::AfterSecretName),
    ("env", Field::AfterSecretName),
    ("perl_set", Field::AfterSecretName),
    ("if", Field::AfterSecretName),
    ("auth_basic_user_file", Field::All),
    ("ssl_password_file", Field::All),
    ("proxy_ssl_password_file", Field::All),
    ("grpc_ssl_password_file", Field::All),
    ("uwsgi_ssl_password_file", Field::All),
    ("secure_link_md5", Field::All),
    ("secure_link_secret", Field::All),
    ("auth_jwt_key_file", Field::All),
];

/// Words in a header's, variable's or parameter's name that mark its value.
static SECRET_NAME: LazyLock<Regex> = LazyLock::new(|| {
    let words = "auth|cookie|credential|passw|passphrase|pwd|secret|signature|token|api.?key|access.?key|private.?key|session|psk";
    Regex::new(&format!("(?i){words}")).expect("a constant pattern")
});
/// Words with "auth" that say nothing secret.
const OTHER_AUTHS: [&str; 8] =
    ["author", "authored", "authoring", "authorities", "authority", "authors", "coauthor", "coauthors"];
/// Words that end in "pass" and say nothing secret.
const OTHER_PASSES: [&str; 6] = ["bypass", "compass", "encompass", "overpass", "trespass", "underpass"];
/// Directives whose words are compared, or handed on, as they are.
const LITERALS: [&str; 8] = [
    "if",
    "set",
    "proxy_set_header",
    "grpc_set_header",
    "add_header",
    "fastcgi_param",
    "uwsgi_param",
    "scgi_param",
];
/// A user with his password: one colon, and behind it neither a port nor a path.
static LOGIN: LazyLock<Regex> = LazyLock::new(|| {
    let pattern = r"^[A-Za-z0-9._@+-]+:[^\s:/$;]*[^\s:/$;0-9][^\s:/$;]*$";
    Regex::new(pattern).expect("a constant pattern")
});
/// `user:password@` in a URL or at the start of a quotation, and `token=…` in
/// a query.
static IN_TEXT: LazyLock<Regex> = LazyLock::new(|| {
    let userinfo =
        r#"(?P<scheme>[a-zA-Z][a-zA-Z0-9+.-]*://)[^\s/@"';]+@|(?P<quote>["'])[^\s/@"';:]+:[^\s/@"';]+@"#;
    let name = r"(?:[\w-]*(?:auth|credential|passw|pwd|secret|signature|token|api_?key|access_?key)[\w-]*|\b(?:[\w-]*[_-])?(?:user|db|my|root|admin)?(?:pass|pw))";
    let assigned = format!(r#"(?P<name>{name}\s*[=:]\s*["']?)(?P<value>[^\s&"';]+)"#);
    let scheme = r"(?P<auth>(?:basic|bearer|digest)\s+)[A-Za-z0-9+/=._~-]{4,}";
    Regex::new(&format!("(?i){userinfo}|{assigned}|{scheme}")).expect("a constant pattern")
});

/// The source of a tree with its secrets replaced.
#[must_use]
pub fn redact_tree(tree: &Tree) -> Vec<u8> {
    let mut spans: Vec<(Span, Vec<u8>)> = Vec::new();
    for id in tree.walk() {
        let directive = tree.directive(id);
        let loose = is_loose_entry(tree, directive);
        let first_secret = first_secret_argument(tree, id).or(loose.then_some(0));
        if loose || is_secret_entry(tree, id) {
            spans.push((directive.name.span, mask(&tree.source()[directive.name.span.range()])));
        }
        for (index, word) in directive.args.iter().enumerate() {
            let raw = &tree.source()[word.span.range()];
            if first_secret.is_some_and(|first| index >= first) || is_login(tree, directive, word) {
                spans.push((word.span, mask(raw)));
            } else {
                spans.extend(changed(word.span, raw));
            }
        }
        if let Body::Lua { span } = directive.body {
            spans.extend(changed(span, &tree.source()[span.range()]));
        }
    }
    let comments = tree.tokens().iter().filter(|token| token.kind == TokenKind::Comment);
    spans.extend(comments.filter_map(|token| {
        let raw = &tree.source()[token.span.range()];
        comment(raw).map(|text| (token.span, text))
    }));
    spans.sort_by_key(|(span, _)| span.start);
    let mut result = Vec::with_capacity(tree.source().len());
    let mut position = 0;
    for (span, text) in spans {
        result.extend_from_slice(&tree.source()[position..span.start]);
        result.extend_from_slice(&text);
        position = span.end;
    }
    result.extend_from_slice(&tree.source()[position..]);
    result
}

/// The bytes of a file with its secrets replaced: by directive where it
/// parses, by what looks like a secret where it does not.
#[must_use]
pub fn redact_source(source: &[u8]) -> Vec<u8> {
    match Tree::parse(source) {
        Ok(tree) => redact_tree(&tree),
        Err(_) => redact_text(&String::from_utf8_lossy(source)).into_bytes(),
    }
}

/// The name of a directive as it may be shown. In a `map` it is a value that
/// is compared, which can be the very token that a client must send.
#[must_use]
pub fn redact_name(tree: &Tree, id: DirectiveId) -> String {
    if is_secret_entry(tree, id) {
        return REDACTED.to_owned();
    }
    // As it is written: an entry of a `map` may be in quotes.
    let name = &tree.source()[tree.directive(id).name.span.range()];
    redact_text(&String::from_utf8_lossy(name))
}

/// The arguments of a directive as they may be shown, joined by spaces.
#[must_use]
pub fn redact_arguments(tree: &Tree, id: DirectiveId) -> String {
    let first_secret = first_secret_argument(tree, id);
    let directive = tree.directive(id);
    let show = |(index, word): (usize, &super::Word)| {
        if first_secret.is_some_and(|first| index >= first) || is_login(tree, directive, word) {
            return REDACTED.to_owned();
        }
        redact_text(&String::from_utf8_lossy(&tree.source()[word.span.range()]))
    };
    directive.args.iter().enumerate().map(show).collect::<Vec<_>>().join(" ")
}

/// Any text, with what looks like a secret replaced.
#[must_use]
pub fn redact_text(text: &str) -> String {
    let replace = |found: &regex::Captures| {
        let kept = |name| found.name(name).map(|part| part.as_str());
        match (kept("scheme").or(kept("quote")), kept("name"), kept("auth")) {
            (Some(scheme), _, _) => format!("{scheme}{REDACTED}@"),
            (_, Some(name), _) if !says_secret(name) => format!("{name}{}", redact_text(&found["value"])),
            (_, Some(name), _) if !found["value"].starts_with('$') => format!("{name}{REDACTED}"),
            (_, _, Some(auth)) => format!("{auth}{REDACTED}"),
            _ => found[0].to_owned(),
        }
    };
    IN_TEXT.replace_all(text, replace).into_owned()
}

/// What nginx says, with the quoted arguments of a secret directive replaced.
/// nginx names the place at the end of a line: `… in /etc/nginx/x.conf:12`.
#[must_use]
pub fn redact_message(config: &Config, message: &str) -> String {
    static PLACE: LazyLock<Regex> =
        LazyLock::new(|| Regex::new(r" in (\S+):(\d+)$").expect("a constant pattern"));
    static QUOTED: LazyLock<Regex> = LazyLock::new(|| Regex::new(r#""[^"]*""#).expect("a constant pattern"));
    let line = |line: &str| {
        let secret = PLACE.captures(line).is_some_and(|found| {
            let number: usize = found[2].parse().unwrap_or(0);
            let (_, file) = match config.files().find(|(_, file)| file.path.as_os_str() == &found[1]) {
                Some(file) => file,
                None => return false,
            };
            file.tree.walk().any(|id| {
                let span = file.tree.directive(id).span;
                let last = file.tree.position(span.end).line;
                holds_secret(&file.tree, id) && (file.tree.position(span.start).line..=last).contains(&number)
            })
        });
        if secret {
            QUOTED.replace_all(line, format!("\"{REDACTED}\"")).into_owned()
        } else {
            redact_text(line)
        }
    };
    message.lines().map(line).collect::<Vec<_>>().join("\n")
}

/// Whether anything of a directive is not to be shown.
fn holds_secret(tree: &Tree, id: DirectiveId) -> bool {
    let shown = |word: &super::Word| {
        let raw = String::from_utf8_lossy(&tree.source()[word.span.range()]);
        redact_text(&raw) == raw
    };
    let directive = tree.directive(id);
    first_secret_argument(tree, id).is_some()
        || is_secret_entry(tree, id)
        || directive.args.iter().any(|word| is_login(tree, directive, word))
        || !tree.directive(id).args.iter().all(shown)
}

/// The index of the first argument that carries a secret.
fn first_secret_argument(tree: &Tree, id: DirectiveId) -> Option<usize> {
    let directive = tree.directive(id);
    if in_secret_map(tree, directive) {
        return Some(0).filter(|_| !directive.args.is_empty() && !directive.is("include"));
    }
    let name = directive.name.text();
    let (_, field) = FIELDS.iter().find(|(known, _)| *known == name)?;
    let first = match field {
        Field::All => 0,
        Field::AfterSecretName => after_secret_name(directive)?,
    };
    (first < directive.args.len()).then_some(first)
}

/// Whether a directive stands in a block that maps from or to a secret.
fn in_secret_map(tree: &Tree, directive: &Directive) -> bool {
    directive.parent.map(|parent| tree.directive(parent)).is_some_and(|parent| {
        (parent.is("map") || parent.is("geo") || parent.is("split_clients"))
            && parent.args.iter().any(is_secret_name)
    })
}

/// Whether this is an entry of a file that some `map` or `geo` includes: no
/// directive is called so. Which map it is, and whether that holds secrets,
/// cannot be told from the file.
fn is_loose_entry(tree: &Tree, directive: &Directive) -> bool {
    let raw = &tree.source()[directive.name.span.range()];
    let is_plain = raw.iter().all(|byte| byte.is_ascii_alphanumeric() || *byte == b'_');
    directive.parent.is_none() && !is_plain
}

/// Whether a directive's name is a value of such a map, and not a parameter of
/// `map` or `geo` (ngx_http_map_module, ngx_http_geo_module).
fn is_secret_entry(tree: &Tree, id: DirectiveId) -> bool {
    const PARAMETERS: [&str; 8] =
        ["default", "hostnames", "volatile", "include", "delete", "proxy", "proxy_recursive", "ranges"];
    let directive = tree.directive(id);
    let is_value = !PARAMETERS.iter().any(|known| directive.is(known));
    is_value
        && (in_secret_map(tree, directive)
            || (in_map(tree, directive) && LOGIN.is_match(&directive.name.text())))
}

fn after_secret_name(directive: &Directive) -> Option<usize> {
    let position = directive.args.iter().position(is_secret_name)?;
    match directive.name.text().as_ref() {
        // `if ($http_authorization != "…")`: any operand may be the secret.
        "if" => Some(position + 1),
        // `env NAME=value` and `more_set_headers 'Name: value'` are one word.
        "env" | "more_set_headers" | "more_set_input_headers" => Some(position),
        _ if position == 0 => Some(1),
        _ => None,
    }
}

fn is_secret_name(word: &super::Word) -> bool {
    let text = word.text();
    (SECRET_NAME.is_match(&text) && says_secret(&text)) || ends_like_a_password(&text)
}

/// Whether a name that looks secret is: `author` has "auth" in it.
fn says_secret(name: &str) -> bool {
    let words: Vec<&str> = name.split(|c: char| !c.is_ascii_alphanumeric()).collect();
    let is_other = |word: &&&str| OTHER_AUTHS.contains(&word.to_ascii_lowercase().as_str());
    let rest: Vec<&str> = words.iter().filter(|word| !is_other(word)).copied().collect();
    rest.len() == words.len()
        || SECRET_NAME.is_match(&rest.join("-"))
        || ends_like_a_password(&rest.join("-"))
}

/// `$userpass`, `DB_PASS`, `$arg_pw`; not `$bypass`, and not `$pass_through`, which says what is done.
fn ends_like_a_password(text: &str) -> bool {
    let text = text.to_ascii_lowercase();
    let mut parts = text.split(|c: char| !c.is_ascii_alphanumeric()).filter(|part| !part.is_empty());
    let last = parts.clone().next_back().unwrap_or_default();
    (last.ends_with("pass") && !OTHER_PASSES.contains(&last)) || parts.any(|part| part.ends_with("pw"))
}

/// Whether a word is compared or handed on as a user with his password.
fn is_login(tree: &Tree, directive: &Directive, word: &super::Word) -> bool {
    let is_literal = LITERALS.iter().any(|name| directive.is(name)) || in_map(tree, directive);
    is_literal && LOGIN.is_match(&word.text())
}

fn in_map(tree: &Tree, directive: &Directive) -> bool {
    directive.parent.is_some_and(|parent| tree.directive(parent).is("map"))
}

fn changed(span: Span, raw: &[u8]) -> Option<(Span, Vec<u8>)> {
    let text = String::from_utf8_lossy(raw);
    let redacted = redact_text(&text);
    (redacted != text).then(|| (span, redacted.into_bytes()))
}

/// A comment is often a directive that was switched off.
fn comment(raw: &[u8]) -> Option<Vec<u8>> {
    let text = String::from_utf8_lossy(raw);
    let marks = text.len() - text.trim_start_matches(['#', ' ', '\t']).len();
    let tree = Tree::parse(text[marks..].as_bytes()).ok();
    let redacted = match tree {
        Some(tree)
            if !tree.is_empty() && tree.walk().any(|id| first_secret_argument(&tree, id).is_some()) =>
        {
            format!("{}{}", &text[..marks], String::from_utf8_lossy(&redact_tree_once(&tree)))
        }
        _ => redact_text(&text),
    };
    (redacted != text).then(|| redacted.into_bytes())
}

/// As [`redact_tree`], but comments are left alone: a comment in a comment
/// would otherwise be followed for ever.
fn redact_tree_once(tree: &Tree) -> Vec<u8> {
    let mut result = Vec::new();
    let mut position = 0;
    for id in tree.walk() {
        let Some(first) = first_secret_argument(tree, id) else { continue };
        for word in &tree.directive(id).args[first..] {
            result.extend_from_slice(&tree.source()[position..word.span.start]);
            result.extend_from_slice(REDACTED.as_bytes());
            position = word.span.end;
        }
    }
    result.extend_from_slice(&redact_text(&String::from_utf8_lossy(&tree.source()[position..])).into_bytes());
    result
}

/// The replacement of a whole word, with as many lines as it had.
fn mask(raw: &[u8]) -> Vec<u8> {
    let lines = raw.iter().filter(|byte| **byte == b'\n').count();
    [REDACTED.as_bytes(), &b"\n".repeat(lines)].concat()
}

#[cfg(test)]
mod tests;
