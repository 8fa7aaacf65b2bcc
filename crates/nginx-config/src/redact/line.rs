//! Lines by themselves: comments, which are often a directive that was switched off, and what does not parse.
//!
//! Invariant: a line is shown as its directive would be, and else as free text; it stays one line.

use super::free_text;
use super::mask::{LETTERS, REDACTED, mask, pattern, secret_variable};
use super::table::{self, Field};
use super::text::Kind;
use super::words::Hidden;
use crate::Tree;
use regex::Regex;
use std::sync::LazyLock;

/// The head of a map.
static MAP: LazyLock<Regex> =
    LazyLock::new(|| pattern(&format!(r"(?-u:\b)map[ \t]+(.*)[ \t]+\$[{LETTERS}]+[ \t]*\{{")));

/// A comment without its secrets, if it has any. In a map whose keys are secrets a comment is an entry of it.
pub fn shown(raw: &[u8], is_entry: bool) -> Option<Vec<u8>> {
    let text = String::from_utf8_lossy(raw);
    let marks = text.len() - text.trim_start_matches(['#', ' ', '\t']).len();
    let (marks, rest) = text.split_at(marks);
    let shown = line(rest, is_entry);
    (shown != rest).then(|| format!("{marks}{shown}").into_bytes())
}

/// Whether a list with secrets begins in a comment, and goes on behind it.
pub fn opens_list(comment: &[u8]) -> bool {
    let text = String::from_utf8_lossy(comment);
    let text = text.trim_matches(['#', ' ', '\t', '\r', '\n']);
    text.ends_with('{')
        && Tree::parse(format!("{text}}}")).is_ok_and(|tree| {
            tree.roots().last().is_some_and(|last| super::list::is_secret(tree.directive(*last)))
        })
}

/// Whether such a list ends in a comment.
pub fn closes_list(comment: &[u8]) -> bool {
    comment.iter().find(|byte| !b"# \t".contains(byte)) == Some(&b'}')
}

/// A source that does not parse: by line, as far as these can be read, and as free text.
pub fn broken(source: &str) -> String {
    // A quotation may run over lines.
    let text = free_text::shown(source, Kind::Prose);
    let mut in_map = false;
    let mut shown = String::with_capacity(text.len());
    for whole in text.split_inclusive('\n') {
        let start = whole.len() - whole.trim_start_matches(['#', ' ', '\t', '}', '{']).len();
        let rest = whole[start..].trim_end();
        let (before, behind) = (&whole[..start], &whole[start + rest.len()..]);
        in_map &= !before.contains('}');
        let begins = MAP.captures(rest).filter(|map| secret_variable(&map[1]).is_some());
        let middle = match begins {
            // What stands behind the brace in its line are entries.
            Some(map) => {
                in_map = !rest.contains('}');
                let opening = map.get(0).expect("the match").end();
                let entries = if rest[opening..].trim().is_empty() { "" } else { REDACTED };
                format!("{}{entries}", &rest[..opening])
            }
            None if in_map && !rest.is_empty() => {
                in_map = !rest.contains('}');
                REDACTED.to_owned()
            }
            None => line(rest, false),
        };
        shown.push_str(&format!("{before}{middle}{behind}"));
    }
    shown
}

/// One line, as its directive would be shown, or as free text.
fn line(rest: &str, is_entry: bool) -> String {
    match parsed(rest, is_entry) {
        Some((tree, _)) if is_entry => {
            let first = tree.directive(tree.roots()[0]);
            let start = first.name.span.start;
            let end = first.args.last().map_or(first.name.span.end, |word| word.span.end);
            let hidden = String::from_utf8_lossy(&mask(&tree.source()[start..end])).into_owned();
            format!("{}{hidden}{}", &rest[..start], &rest[end.min(rest.len())..])
        }
        Some((tree, added)) => {
            // What the comment holds is looked at once: a comment in a comment would be followed for ever.
            let shown = Hidden::of(&tree).shown(tree.source());
            let shown = String::from_utf8_lossy(&shown[..shown.len() - added]).into_owned();
            match is_known(&tree) {
                true => shown,
                false => free_text::shown(&shown, Kind::Prose),
            }
        }
        None => free_text::shown(rest, Kind::Prose),
    }
}

/// The directive in a comment, and how many bytes were added so that it is one.
fn parsed(rest: &str, is_entry: bool) -> Option<(Tree, usize)> {
    if rest.contains('\n') {
        return None;
    }
    let closed = ["", ";", "}"].into_iter().find_map(|end| {
        let tree = Tree::parse(format!("{rest}{end}")).ok()?;
        (!tree.is_empty()).then_some((tree, end.len()))
    });
    // `# set $x 1; # why`: what is behind is a comment of its own, and is read as text. So is a sentence that begins with
    // a directive's name, such as "user" or "if".
    closed.filter(|(tree, end)| {
        let name = tree.directive(tree.roots()[0]).name.text().into_owned();
        let is_written = *end == 0 || rest.trim_end().ends_with('{') || name == "set" || name.contains('_');
        (is_entry || super::list::is_directive_name(name.as_bytes()))
            && is_written
            && tree.comments().next().is_none()
    })
}

/// Whether the table knows what the comment begins with, so that it is no sentence.
fn is_known(tree: &Tree) -> bool {
    let first = tree.directive(tree.roots()[0]);
    table::field(&first.name.text()).is_some_and(|field| !first.args.is_empty() && field != Field::Condition)
        || first.name.text().contains('_')
}
