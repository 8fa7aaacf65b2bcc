//! What must not be shown of a configuration, by what a value is: the table says where a directive names something,
//! the words of that name say whether its value is a secret, and some values are one by their look alone.
//!
//! Invariant: the text keeps its lines, so that positions still hold. A value that is only variables stays, and so does
//! whatever is no value. A value is never hunted for elsewhere in a configuration: a short secret would eat innocent
//! words.

mod code;
mod condition;
mod free_text;
mod line;
mod list;
mod mask;
mod message;
mod name;
mod pair;
mod table;
mod text;
mod url;
mod value;
mod words;

use super::{DirectiveId, Span, Tree, Word};
use list::shown_name;
use std::ops::Range;
use text::Kind;
use words::{Context, Hidden, shown_argument};

pub use code::redact_code;
pub use list::{is_directive_name, mark as mark_lists};
pub use mask::REDACTED;
pub use message::redact_message;
pub use name::is_secret_name;
pub(crate) use value::is_random;

/// The source of a tree with its secrets replaced.
#[must_use]
pub fn redact_tree(tree: &Tree) -> Vec<u8> {
    let mut hidden = Hidden::of(tree);
    let comments = shown_comments(tree, &hidden.lists);
    hidden.spans.extend(comments);
    hidden.shown(tree.source())
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
    free_text::shown(text, Kind::Prose)
}

/// Whether a private key stands in these bytes: such a file is shown to nobody, whatever it is called.
#[must_use]
pub fn holds_private_key(bytes: &[u8]) -> bool {
    const MARK: &[u8] = b"PRIVATE KEY-----";
    bytes.windows(MARK.len()).any(|window| window == MARK)
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

#[cfg(test)]
mod tests;
