//! What must not be shown of a configuration, by what a value is: the table says where a directive names something,
//! the words of that name say whether its value is a secret, and some values are one by their look alone.
//!
//! Invariant: the text keeps its lines, so that positions still hold. A value that is only variables stays, and so does
//! whatever is no value. A value is never hunted for elsewhere in a configuration: a short secret would eat innocent
//! words.

mod condition;
mod line;
mod message;
mod name;
mod table;
mod text;
mod url;
mod value;

use super::{Body, Directive, DirectiveId, Quote, Span, TokenKind, Tree, Word};
use name::Says;
use regex::Regex;
use sha2::{Digest, Sha256};
use std::borrow::Cow;
use std::ops::Range;
use std::sync::LazyLock;
use table::Field;
use text::Kind;

pub use message::redact_message;
pub use name::is_secret_name;
pub(crate) use value::is_random;

/// What stands in place of a secret.
pub const REDACTED: &str = "[redacted]";

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
/// Parameters of `map` and `geo` (ngx_http_map_module, ngx_http_geo_module), which are no values.
const PARAMETERS: [&str; 8] =
    ["default", "hostnames", "volatile", "include", "delete", "proxy", "proxy_recursive", "ranges"];
/// A user with his password: one colon, and behind it neither a port nor a path.
static LOGIN: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"^[A-Za-z0-9._@+-]+:[^\s:/$;]*[^\s:/$;0-9][^\s:/$;]*$"));
/// A variable and its name.
static NAMED: LazyLock<Regex> = LazyLock::new(|| pattern(r"\$\{?([A-Za-z_]\w*)\}?"));
/// What is shown of code, which may be looked at again.
static SHOWN_CODE: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"^(?:\{ )?\d+ lines?, sha256:[0-9a-f]{8}\s*(?: \})?$"));
/// Keys of a map that name a place: an address or network, a host, a path.
static PLACE: LazyLock<Regex> = LazyLock::new(|| {
    let address = r"[0-9.]+(?:/\d+)?(?:-[0-9.]+)?|[0-9A-Fa-f:]+:[0-9A-Fa-f:.]*(?:/\d+)?";
    let host = r"(?:\*?\.)?(?:[a-z0-9-]+\.)+[a-z]{2,12}\.?";
    pattern(&format!("^(?:{address}|{host}|~?\\*?\\^?/.*)$"))
});

fn pattern(text: &str) -> Regex {
    Regex::new(text).expect("a constant pattern")
}

/// The source of a tree with its secrets replaced.
#[must_use]
pub fn redact_tree(tree: &Tree) -> Vec<u8> {
    hide(tree, true)
}

/// The bytes of a file with its secrets replaced: by directive where it
/// parses, by what looks like a secret where it does not.
#[must_use]
pub fn redact_source(source: &[u8]) -> Vec<u8> {
    match Tree::parse(source) {
        Ok(tree) => redact_tree(&tree),
        Err(_) => line::broken(&String::from_utf8_lossy(source)).into_bytes(),
    }
}

/// The name of a directive as it may be shown. In a `map` it is a value that
/// is compared, which can be the very token that a client must send.
#[must_use]
pub fn redact_name(tree: &Tree, id: DirectiveId) -> String {
    let directive = tree.directive(id);
    // As it is written: an entry of a `map` may be in quotes.
    let raw = &tree.source()[directive.name.span.range()];
    match shown_name(tree, directive) {
        Some(_) => REDACTED.to_owned(),
        None => String::from_utf8_lossy(raw).into_owned(),
    }
}

/// The arguments of a directive as they may be shown, joined by spaces.
#[must_use]
pub fn redact_arguments(tree: &Tree, id: DirectiveId) -> String {
    let directive = tree.directive(id);
    let context = Context::of(tree, directive);
    let show = |(index, word): (usize, &Word)| match shown_argument(&context, index, word) {
        Some(shown) => String::from_utf8_lossy(&shown).trim_end_matches('\n').to_owned(),
        None => String::from_utf8_lossy(&tree.source()[word.span.range()]).into_owned(),
    };
    directive.args.iter().enumerate().map(show).collect::<Vec<_>>().join(" ")
}

/// Any text, with what looks like a secret replaced.
#[must_use]
pub fn redact_text(text: &str) -> String {
    text::shown(text, Kind::Prose)
}

/// What is shown of code: `12 lines, sha256:0123abcd`. Whatever it compares or sends would have to be understood.
#[must_use]
pub fn redact_code(code: &[u8]) -> String {
    use std::fmt::Write as _;

    let code = code.trim_ascii();
    if let Ok(text) = std::str::from_utf8(code)
        && SHOWN_CODE.is_match(text)
    {
        return text.to_owned();
    }
    let lines = code.split(|byte| *byte == b'\n').count();
    let mut shown = format!("{lines} line{}, sha256:", if lines == 1 { "" } else { "s" });
    // So short that a guess of the code cannot be proven by it.
    for byte in &Sha256::digest(code)[..4] {
        write!(shown, "{byte:02x}").expect("a string takes everything");
    }
    shown
}

/// The source of a tree with its secrets replaced; `comments` says whether those in comments are, too.
fn hide(tree: &Tree, comments: bool) -> Vec<u8> {
    let source = tree.source();
    let mut spans: Vec<(Span, Vec<u8>)> = Vec::new();
    // Where a comment is an entry that was switched off.
    let mut lists: Vec<Range<usize>> = Vec::new();
    for id in tree.walk() {
        let directive = tree.directive(id);
        let context = Context::of(tree, directive);
        spans.extend(shown_name(tree, directive).map(|shown| (directive.name.span, shown)));
        for (index, word) in directive.args.iter().enumerate() {
            spans.extend(shown_argument(&context, index, word).map(|shown| (word.span, shown)));
        }
        if let Body::Lua { span } = directive.body {
            spans.push((span, code_in_lines(&source[span.range()])));
        }
        if is_secret_map(directive) {
            lists.push(directive.span.range());
        }
    }
    if comments {
        let all = tree.tokens().iter().filter(|token| token.kind == TokenKind::Comment);
        spans.extend(all.filter_map(|token| {
            let before = lists.partition_point(|list| list.start <= token.span.start);
            let is_entry = before > 0 && lists[before - 1].contains(&token.span.start);
            let shown = line::shown(&source[token.span.range()], is_entry)?;
            Some((token.span, shown))
        }));
    }
    spans.sort_by_key(|(span, _)| span.start);
    let mut result = Vec::with_capacity(source.len());
    let mut position = 0;
    for (span, text) in spans {
        result.extend_from_slice(&source[position..span.start]);
        result.extend_from_slice(&text);
        position = span.end;
    }
    result.extend_from_slice(&source[position..]);
    result
}

/// What is known of a directive before its words are judged.
struct Context<'t> {
    tree: &'t Tree,
    directive: &'t Directive,
    field: Option<Field>,
    /// All arguments from this one on are the value of a name that speaks of a secret, or secret by themselves.
    secret_from: Option<(usize, String)>,
    /// Words are compared as they are, or handed on.
    is_literal: bool,
}

impl<'t> Context<'t> {
    fn of(tree: &'t Tree, directive: &'t Directive) -> Self {
        let parent = directive.parent.map(|parent| tree.directive(parent));
        let in_map = parent.is_some_and(|parent| parent.is("map"));
        let name = directive.name.text();
        let list = parent.filter(|parent| is_list(parent));
        // A file that begins with an unknown name may hold directives all the same.
        let field = if list.is_some() { None } else { table::field(&name) };
        let secret_from = match field {
            None if !directive.is("include") => list.and_then(secret_result).map(|result| (0, result)),
            Some(Field::From(first)) => Some((first, "secret".to_owned())),
            Some(Field::Named) => named(directive),
            Some(Field::Condition) => {
                let tested = directive.args.iter().find_map(|word| secret_variable(&word.text()));
                tested.map(|name| (0, name))
            }
            _ => None,
        };
        let is_literal = in_map || LITERALS.contains(&name.as_ref());
        Self { tree, directive, field, secret_from, is_literal }
    }

    fn raw(&self, word: &Word) -> &'t [u8] {
        &self.tree.source()[word.span.range()]
    }
}

/// An argument as it may be shown, where that differs from how it is written.
fn shown_argument(context: &Context<'_>, index: usize, word: &Word) -> Option<Vec<u8>> {
    let raw = context.raw(word);
    let text = word.text();
    if let (Some((first, called)), Some(field)) = (&context.secret_from, context.field)
        && index >= *first
    {
        return match field {
            Field::Condition => condition::operand(called, word, raw),
            Field::From(_) => (!value::is_only_variables(&text)).then(|| mask(raw)),
            _ => (!value::is_harmless(called, &text)).then(|| mask(raw)),
        };
    }
    if let (Some((_, called)), None) = (&context.secret_from, context.field) {
        return (!value::is_harmless(called, &text)).then(|| mask(raw));
    }
    match context.field {
        Some(Field::Code(first)) if index >= first && is_code(word) => {
            let shown = String::from_utf8_lossy(&code_in_lines(&word.value)).into_owned();
            return Some(format!("'{{ {shown} }}'").into_bytes());
        }
        Some(Field::Headers) => return header(&text, word, raw),
        _ => {}
    }
    let is_login = context.is_literal && LOGIN.is_match(&text);
    let is_named = matches!(context.field, Some(Field::Named | Field::Condition)) && index > 0;
    if is_login || is_named && value::is_token(&text) {
        return Some(mask(raw));
    }
    let kind = match context.field {
        Some(Field::Plain) => Kind::Plain,
        // The pattern of a rewrite names parameters, and the place has their values.
        None if context.directive.is("rewrite") && index == 0 => Kind::Plain,
        _ => Kind::Prose,
    };
    free_text(raw, kind)
}

/// A text as it may be shown, where that differs from how it is written.
fn free_text(raw: &[u8], kind: Kind) -> Option<Vec<u8>> {
    let raw = String::from_utf8_lossy(raw);
    let shown = text::shown(&raw, kind);
    (shown != raw).then(|| shown.into_bytes())
}

/// `Name: value`, which is one word.
fn header(text: &str, word: &Word, raw: &[u8]) -> Option<Vec<u8>> {
    let (called, value) = text.split_once(':')?;
    if !name::is_secret_name(called) || value::is_harmless(called, value.trim()) {
        return free_text(raw, Kind::Plain);
    }
    let quote = match word.quote {
        Quote::Bare => "",
        Quote::Single => "'",
        Quote::Double => "\"",
    };
    Some(format!("{quote}{called}: {REDACTED}{quote}{}", line_ends(raw)).into_bytes())
}

/// The name of a directive as it may be shown, where that differs from how it is written.
fn shown_name(tree: &Tree, directive: &Directive) -> Option<Vec<u8>> {
    let raw = &tree.source()[directive.name.span.range()];
    let text = directive.name.text();
    let parent = directive.parent.map(|parent| tree.directive(parent));
    let masked = || Some(mask(raw));
    if PARAMETERS.contains(&text.as_ref()) {
        return None;
    }
    if let Some(tested) = parent.filter(|parent| parent.is("map")).and_then(tested_secret) {
        let kept = value::is_harmless(&tested, &text)
            || value::is_open_pattern(&text)
            || tested == "http_cookie" && condition::names_cookies(text.trim_start_matches('~'));
        return if kept { None } else { masked() };
    }
    if is_loose_entry(tree, directive) {
        let kept = PLACE.is_match(&text) && !value::is_token(&text)
            || value::is_harmless("", &text)
            || value::is_open_pattern(&text);
        return if kept { None } else { masked() };
    }
    if parent.is_some_and(|parent| parent.is("map")) && (LOGIN.is_match(&text) || value::is_token(&text)) {
        return masked();
    }
    free_text(raw, Kind::Plain)
}

/// Whether this is an entry of a file that some `map` or `geo` includes: no
/// directive is called so. Which map it is, and whether that holds secrets,
/// cannot be told from the file.
fn is_loose_entry(tree: &Tree, directive: &Directive) -> bool {
    let is_list =
        tree.roots().first().is_some_and(|first| !is_directive_name(&tree.directive(*first).name.value));
    directive.parent.is_none()
        && matches!(directive.body, Body::Semicolon)
        && (is_list || !is_directive_name(&directive.name.value))
}

/// Whether a directive could be called so: small letters, and digits in a few modules' names alone.
fn is_directive_name(name: &[u8]) -> bool {
    const WITH_DIGITS: [&str; 12] = [
        "http2", "http3", "geoip2", "redis2", "base32", "base64", "sha1", "sha256", "md5", "ipv6", "v2",
        "gzip2",
    ];
    let name = String::from_utf8_lossy(name);
    let letters = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
    let has_digit = name.bytes().any(|byte| byte.is_ascii_digit());
    let known = || WITH_DIGITS.iter().any(|known| name.contains(known)) && table::field(&name).is_none();
    name.bytes().all(letters) && (!has_digit || known() || table::field(&name).is_some())
}

/// Whether a block holds entries and no directives.
fn is_list(block: &Directive) -> bool {
    ["map", "geo", "split_clients"].iter().any(|name| block.is(name))
}

/// The name of the secret that the entries of a `map` are compared with.
fn tested_secret(map: &Directive) -> Option<String> {
    let (_, tested) = map.args.split_last()?;
    tested.iter().find_map(|word| secret_variable(&word.text()))
}

/// The variable that the entries of a list give a value, where it is called as secrets are.
fn secret_result(block: &Directive) -> Option<String> {
    let result = block.args.last().filter(|_| is_list(block))?.text().into_owned();
    name::is_secret_name(&result).then_some(result)
}

fn is_secret_map(directive: &Directive) -> bool {
    directive.is("map") && tested_secret(directive).is_some() || secret_result(directive).is_some()
}

/// The first variable of a text that is called as secrets are.
fn secret_variable(text: &str) -> Option<String> {
    let names = NAMED.captures_iter(text).map(|found| found[1].to_owned());
    names.into_iter().find(|name| name::is_secret_name(name))
}

/// The value's first argument, where what is named is a secret.
fn named(directive: &Directive) -> Option<(usize, String)> {
    let called = directive.args.first()?.text().into_owned();
    let is_variable = called.starts_with('$') || !directive.is("set");
    (is_variable && name::says(&called) != Says::Nothing).then_some((1, called))
}

/// Whether an argument is code, and no name of a function.
fn is_code(word: &Word) -> bool {
    !std::str::from_utf8(&word.value).is_ok_and(|text| SHOWN_CODE.is_match(text))
        && word.value.iter().any(|byte| !byte.is_ascii_alphanumeric() && !b"_.:$".contains(byte))
}

/// What is shown of code, with as many lines as it had.
fn code_in_lines(code: &[u8]) -> Vec<u8> {
    let before = if code.first().is_some_and(u8::is_ascii_whitespace) { " " } else { "" };
    let lines = line_ends(code);
    let behind = if before.is_empty() || !lines.is_empty() { "" } else { " " };
    format!("{before}{}{behind}{lines}", redact_code(code)).into_bytes()
}

/// The replacement of a whole word, with as many lines as it had.
fn mask(raw: &[u8]) -> Vec<u8> {
    format!("{REDACTED}{}", line_ends(raw)).into_bytes()
}

/// The line ends of a text, so that what stands in its place has as many lines.
fn line_ends(raw: &[u8]) -> String {
    "\n".repeat(raw.iter().filter(|byte| **byte == b'\n').count())
}

/// Whether anything of a directive itself is not to be shown.
fn holds_secret(tree: &Tree, id: DirectiveId) -> bool {
    let directive = tree.directive(id);
    let context = Context::of(tree, directive);
    let mut words = directive.args.iter().enumerate();
    shown_name(tree, directive).is_some()
        || context.secret_from.is_some()
        || words.any(|(index, word)| shown_argument(&context, index, word).is_some())
}

/// The words of a directive that are hidden, at least in part, as NGINX reads them.
fn hidden_words(tree: &Tree, id: DirectiveId) -> Vec<Cow<'_, str>> {
    let directive = tree.directive(id);
    let context = Context::of(tree, directive);
    let args = directive.args.iter().enumerate();
    let hidden = args.filter(|(index, word)| shown_argument(&context, *index, word).is_some());
    let name = shown_name(tree, directive).map(|_| directive.name.text());
    name.into_iter().chain(hidden.map(|(_, word)| word.text())).collect()
}

#[cfg(test)]
mod tests;
