//! The words of directives: which are secrets, by the table, by their names and by what they look like.
//!
//! Invariant: a value that is only variables stays, and so does whatever is no value.

use super::code::{code_in_lines, is_code};
use super::list::{self, shown_name};
use super::mask::{LOGIN, REDACTED, in_as_many_lines, mask, pattern, secret_variable};
use super::name::Says;
use super::table::{self, Field};
use super::text::Kind;
use super::{condition, free_text, name, url, value};
use crate::entries::List;
use crate::{Body, Directive, DirectiveId, Quote, Span, Tree, Word};
use regex::Regex;
use std::borrow::Cow;
use std::ops::Range;
use std::sync::LazyLock;

/// Directives whose words are compared, or handed on, as they are.
const LITERALS: [&str; 8] = [
    "if", "set", "proxy_set_header", "grpc_set_header", "add_header", "fastcgi_param", "uwsgi_param",
    "scgi_param",
];
/// A credential behind a scheme of its own, and nothing else.
static SENT: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"^((?i:api-?key|token|key|ssws|mac))[ \t]+(?:id=)?[^\s$]\S*$"));

/// What stands in the place of what is hidden of the directives.
pub struct Hidden {
    /// Where it stands, and what is shown.
    pub spans: Vec<(Span, Vec<u8>)>,
    /// Lists with secrets: a comment in one is an entry that was switched off.
    pub lists: Vec<Range<usize>>,
}

impl Hidden {
    /// What is hidden of a tree, its comments apart.
    pub fn of(tree: &Tree) -> Self {
        let source = tree.source();
        let mut spans: Vec<(Span, Vec<u8>)> = Vec::new();
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
        Self { spans, lists }
    }

    /// The source with what is shown instead.
    pub fn shown(mut self, source: &[u8]) -> Vec<u8> {
        self.spans.sort_by_key(|(span, _)| span.start);
        let mut result = Vec::with_capacity(source.len());
        let mut position = 0;
        for (span, text) in self.spans {
            result.extend_from_slice(&source[position..span.start]);
            result.extend_from_slice(&text);
            position = span.end;
        }
        result.extend_from_slice(&source[position..]);
        result
    }
}

/// What is known of a directive before its words are judged.
pub struct Context<'t> {
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
    /// What is known of this one.
    pub fn of(tree: &'t Tree, id: DirectiveId) -> Self {
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
pub fn shown_argument(context: &Context<'_>, index: usize, word: Word<'_>) -> Option<Vec<u8>> {
    let raw = context.raw(word);
    let text = word.text();
    if let Some((_, called)) = context.secret_from.as_ref().filter(|(first, _)| index >= *first) {
        let hidden = match context.field {
            Some(Field::Condition) => condition::operand(called, word, raw),
            Some(Field::From(_)) => (!value::is_only_variables(&text)).then(|| mask(raw)),
            _ => (!value::is_harmless(called, &text)).then(|| mask(raw)),
        };
        // What is no secret as a whole can hold one: the user of an address.
        return hidden.or_else(|| free_text::written(raw, Kind::Prose));
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
    free_text::written(raw, kind)
}

/// A word with another text in it, in the quotes that it had.
fn quoted(text: &str, word: Word<'_>, raw: &[u8]) -> Vec<u8> {
    let quote = match word.quote {
        Quote::Bare => "",
        Quote::Single => "'",
        Quote::Double => "\"",
    };
    in_as_many_lines(format!("{quote}{text}{quote}"), raw).into_bytes()
}

/// Where requests are led to: what stands before `@` there is a user.
fn address(text: &str, word: Word<'_>, raw: &[u8]) -> Option<Vec<u8>> {
    let shown = url::address(text);
    if shown != text { Some(quoted(&shown, word, raw)) } else { free_text::written(raw, Kind::Plain) }
}

/// `Name: value`, which is one word.
fn header(text: &str, word: Word<'_>, raw: &[u8]) -> Option<Vec<u8>> {
    let (called, value) = text.split_once(':')?;
    if name::is_secret_name(called) && !value::is_harmless(called, value.trim()) {
        return Some(quoted(&format!("{called}: {REDACTED}"), word, raw));
    }
    let written = String::from_utf8_lossy(raw);
    let (before, behind) = written.split_once(':')?;
    let shown = free_text::shown(behind, Kind::Prose);
    (shown != behind).then(|| format!("{before}:{shown}").into_bytes())
}

/// The value's first argument, where what is named is a secret.
fn named(directive: Directive<'_>) -> Option<(usize, String)> {
    let called = directive.args.first()?.text().into_owned();
    let is_variable = called.starts_with('$') || !directive.is("set");
    (is_variable && name::says(&called) != Says::Nothing).then_some((1, called))
}

/// Whether anything of a directive itself is not to be shown.
pub fn holds_secret(tree: &Tree, id: DirectiveId) -> bool {
    let directive = tree.directive(id);
    let context = Context::of(tree, id);
    let mut words = directive.args.iter().enumerate();
    shown_name(tree, directive).is_some()
        || context.secret_from.is_some()
        || words.any(|(index, word)| shown_argument(&context, index, word).is_some())
}

/// The words of a directive that are hidden, at least in part, as NGINX reads them.
pub fn hidden_words(tree: &Tree, id: DirectiveId) -> Vec<Cow<'_, str>> {
    let directive = tree.directive(id);
    let context = Context::of(tree, id);
    let args = directive.args.iter().enumerate();
    let hidden = args.filter(|(index, word)| shown_argument(&context, *index, *word).is_some());
    let name = shown_name(tree, directive).map(|_| directive.name.text());
    name.into_iter().chain(hidden.map(|(_, word)| word.text())).collect()
}
