//! What must not be shown of a configuration, by what a value is: the table says where a directive names something,
//! the words of that name say whether its value is a secret, and some values are one by their look alone.
//!
//! Invariant: the text keeps its lines, so that positions still hold. A value that is only variables stays, and so does
//! whatever is no value. A value is never hunted for elsewhere in a configuration: a short secret would eat innocent
//! words.

mod condition;
mod line;
mod list;
mod message;
mod name;
mod pair;
mod table;
mod text;
mod url;
mod value;

use super::{Body, Directive, DirectiveId, Quote, Span, Tree, Word};
use list::shown_name;
use name::Says;
use regex::Regex;
use sha2::{Digest, Sha256};
use std::borrow::Cow;
use std::ops::Range;
use std::sync::LazyLock;
use table::Field;
use text::Kind;

pub use list::{List, is_directive_name, mark as mark_lists};
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
/// A user with his password: one colon, and behind it neither a port nor a path.
static LOGIN: LazyLock<Regex> = LazyLock::new(|| {
    // No port has six digits.
    pattern(r"^[A-Za-z0-9._@+-]+:(?:[^\s:/$;]*[^\s:/$;0-9][^\s:/$;]*|\d{6,})$")
});
/// A credential behind a scheme of its own, and nothing else.
static SENT: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"^((?i:api-?key|token|key|ssws|mac))[ \t]+(?:id=)?[^\s$]\S*$"));
/// A variable and its name.
static NAMED: LazyLock<Regex> = LazyLock::new(|| pattern(r"\$\{?([A-Za-z_]\w*)\}?"));
/// What is shown of code, which may be looked at again.
static SHOWN_CODE: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"^(?:\{ )?\d+ lines?, sha256:[0-9a-f]{8}\s*(?: \})?$"));
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
    let context = Context::of(tree, id);
    let show = |(index, word): (usize, Word<'_>)| match shown_argument(&context, index, word) {
        Some(shown) => String::from_utf8_lossy(&shown).trim_end_matches('\n').to_owned(),
        None => String::from_utf8_lossy(&tree.source()[word.span.range()]).into_owned(),
    };
    directive.args.iter().enumerate().map(show).collect::<Vec<_>>().join(" ")
}

/// An address as `proxy_pass`, `server` and settings spell it, with or without a scheme: without its user, and without
/// the values of parameters that speak of a secret.
#[must_use]
pub fn redact_address(address: &str) -> String {
    url::address(address)
}

/// Any text, with what looks like a secret replaced.
#[must_use]
pub fn redact_text(text: &str) -> String {
    text::shown(text, Kind::Prose)
}

/// Whether a private key stands in these bytes: such a file is shown to nobody, whatever it is called.
#[must_use]
pub fn holds_private_key(bytes: &[u8]) -> bool {
    const MARK: &[u8] = b"PRIVATE KEY-----";
    bytes.windows(MARK.len()).any(|window| window == MARK)
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
    if tree.list.as_ref().is_some_and(List::is_secret) {
        lists.push(0..source.len());
    }
    for id in tree.walk() {
        let directive = tree.directive(id);
        let context = Context::of(tree, id);
        spans.extend(shown_name(tree, directive).map(|shown| (directive.name.span, shown)));
        for (index, word) in directive.args.iter().enumerate() {
            spans.extend(shown_argument(&context, index, word).map(|shown| (word.span, shown)));
        }
        if let Body::Lua { span } = directive.body {
            spans.push((span, code_in_lines(&source[span.range()])));
        }
        if list::is_secret(directive) {
            lists.push(directive.span.range());
        }
    }
    if comments {
        spans.extend(shown_comments(tree, &lists));
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

/// The comments that are not shown as they are. In a list with secrets they are entries that were switched off, and a
/// whole list can be switched off line by line.
fn shown_comments(tree: &Tree, lists: &[Range<usize>]) -> Vec<(Span, Vec<u8>)> {
    let source = tree.source();
    let mut shown = Vec::new();
    // Where the comment before ended, if a list with secrets is open in it.
    let mut open_at: Option<usize> = None;
    for comment in tree.comments() {
        let (start, end) = (comment.start, comment.end);
        let raw = &source[comment.range()];
        let before = lists.partition_point(|list| list.start <= start);
        let is_inside = before > 0 && lists[before - 1].contains(&start);
        let is_switched_off =
            open_at.is_some_and(|end| source[end..start].trim_ascii().is_empty()) && !line::closes_list(raw);
        open_at = (is_switched_off || line::opens_list(raw)).then_some(end);
        shown.extend(line::shown(raw, is_inside || is_switched_off).map(|shown| (comment, shown)));
    }
    shown
}

/// What is known of a directive before its words are judged.
struct Context<'t> {
    tree: &'t Tree,
    directive: Directive<'t>,
    field: Option<Field>,
    /// All arguments from this one on are the value of a name that speaks of a secret, or secret by themselves.
    secret_from: Option<(usize, String)>,
    /// Words are compared as they are, or handed on.
    is_literal: bool,
    /// Sent to another program, which may ask who sends it.
    is_sent: bool,
    /// An entry of a list, of which no more is known.
    hides_in_doubt: bool,
}

impl<'t> Context<'t> {
    fn of(tree: &'t Tree, id: DirectiveId) -> Self {
        let directive = tree.directive(id);
        let name = directive.name.text();
        let list = List::around(tree, directive);
        // A file that begins with an unknown name may hold directives all the same.
        let field = if list.is_some() { None } else { table::field(&name) };
        let is_literal = list.is_some() || LITERALS.contains(&name.as_ref());
        let secret_from = match field {
            None if !directive.is("include") => list.and_then(|list| list.result).map(|result| (0, result)),
            Some(Field::From(first)) => Some((first, "secret".to_owned())),
            Some(Field::Named) => named(directive),
            Some(Field::Condition) => {
                let tested = directive.args.iter().find_map(|word| secret_variable(&word.text()));
                tested.map(|name| (0, name))
            }
            _ => None,
        };
        let is_sent = ["_set_header", "_param"].iter().any(|end| name.ends_with(end));
        let hides_in_doubt = list::hides_in_doubt(tree, id);
        Self { tree, directive, field, secret_from, is_literal, is_sent, hides_in_doubt }
    }

    fn raw(&self, word: Word<'_>) -> &'t [u8] {
        &self.tree.source()[word.span.range()]
    }
}

/// An argument as it may be shown, where that differs from how it is written.
fn shown_argument(context: &Context<'_>, index: usize, word: Word<'_>) -> Option<Vec<u8>> {
    let raw = context.raw(word);
    let text = word.text();
    if let Some((_, called)) = context.secret_from.as_ref().filter(|(first, _)| index >= *first) {
        let hidden = match context.field {
            Some(Field::Condition) => condition::operand(called, word, raw),
            Some(Field::From(_)) => (!value::is_only_variables(&text)).then(|| mask(raw)),
            _ => (!value::is_harmless(called, &text)).then(|| mask(raw)),
        };
        // What is no secret as a whole can hold one: the user of an address.
        return hidden.or_else(|| free_text(raw, Kind::Prose));
    }
    match context.field {
        Some(Field::Code(first)) if index >= first && is_code(word) => {
            let shown = String::from_utf8_lossy(&code_in_lines(word.value)).into_owned();
            return Some(format!("'{{ {shown} }}'").into_bytes());
        }
        Some(Field::Headers) => return header(&text, word, raw),
        Some(Field::Address) => return address(&text, word, raw),
        _ => {}
    }
    let is_login = context.is_literal && LOGIN.is_match(&text);
    let is_named = matches!(context.field, Some(Field::Named | Field::Condition)) && index > 0;
    let is_doubtful = context.hides_in_doubt && !list::is_shown_alone(&text);
    if is_login || is_doubtful || is_named && value::is_token(&text) {
        return Some(mask(raw));
    }
    if is_named
        && context.is_sent
        && let Some(scheme) = SENT.captures(&text)
    {
        return Some(quoted(&format!("{} {REDACTED}", &scheme[1]), word, raw));
    }
    let kind = match context.field {
        Some(Field::Plain) => Kind::Plain,
        // The pattern of a rewrite names parameters, and the place has their values.
        None if context.directive.is("rewrite") && index == 0 => Kind::Plain,
        _ => Kind::Prose,
    };
    free_text(raw, kind)
}

/// A word with another text in it, in the quotes that it had.
fn quoted(text: &str, word: Word<'_>, raw: &[u8]) -> Vec<u8> {
    let quote = match word.quote {
        Quote::Bare => "",
        Quote::Single => "'",
        Quote::Double => "\"",
    };
    format!("{quote}{text}{quote}{}", line_ends(raw)).into_bytes()
}

/// Where requests are led to: what stands before `@` there is a user.
fn address(text: &str, word: Word<'_>, raw: &[u8]) -> Option<Vec<u8>> {
    let shown = redact_address(text);
    if shown != text { Some(quoted(&shown, word, raw)) } else { free_text(raw, Kind::Plain) }
}

/// A text as it may be shown, where that differs from how it is written.
fn free_text(raw: &[u8], kind: Kind) -> Option<Vec<u8>> {
    let raw = String::from_utf8_lossy(raw);
    let shown = text::shown(&raw, kind);
    (shown != raw).then(|| shown.into_bytes())
}

/// `Name: value`, which is one word.
fn header(text: &str, word: Word<'_>, raw: &[u8]) -> Option<Vec<u8>> {
    let (called, value) = text.split_once(':')?;
    if name::is_secret_name(called) && !value::is_harmless(called, value.trim()) {
        return Some(quoted(&format!("{called}: {REDACTED}"), word, raw));
    }
    let written = String::from_utf8_lossy(raw);
    let (before, behind) = written.split_once(':')?;
    let shown = text::shown(behind, Kind::Prose);
    (shown != behind).then(|| format!("{before}:{shown}").into_bytes())
}

/// The first variable of a text that is called as secrets are.
fn secret_variable(text: &str) -> Option<String> {
    let names = NAMED.captures_iter(text).map(|found| found[1].to_owned());
    names.into_iter().find(|name| name::is_secret_name(name))
}

/// The value's first argument, where what is named is a secret.
fn named(directive: Directive<'_>) -> Option<(usize, String)> {
    let called = directive.args.first()?.text().into_owned();
    let is_variable = called.starts_with('$') || !directive.is("set");
    (is_variable && name::says(&called) != Says::Nothing).then_some((1, called))
}

/// Whether an argument is code, and no name of a function.
fn is_code(word: Word<'_>) -> bool {
    !std::str::from_utf8(word.value).is_ok_and(|text| SHOWN_CODE.is_match(text))
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
    let context = Context::of(tree, id);
    let mut words = directive.args.iter().enumerate();
    shown_name(tree, directive).is_some()
        || context.secret_from.is_some()
        || words.any(|(index, word)| shown_argument(&context, index, word).is_some())
}

/// The words of a directive that are hidden, at least in part, as NGINX reads them.
fn hidden_words(tree: &Tree, id: DirectiveId) -> Vec<Cow<'_, str>> {
    let directive = tree.directive(id);
    let context = Context::of(tree, id);
    let args = directive.args.iter().enumerate();
    let hidden = args.filter(|(index, word)| shown_argument(&context, *index, *word).is_some());
    let name = shown_name(tree, directive).map(|_| directive.name.text());
    name.into_iter().chain(hidden.map(|(_, word)| word.text())).collect()
}

#[cfg(test)]
mod tests;
