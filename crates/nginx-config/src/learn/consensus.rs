//! What a directive is in the vendor's text, of what it is on each server.
//!
//! Invariant: a value is written only where enough servers have it; a blank
//! stands for the others. A secret is never written, however many share it.

use super::align::{Aligned, Member, Slot};
use super::file::File;
use super::percent::Percent;
use super::secret::{hides, is_hidden, is_plain};
use crate::blank::{blank, has_blank, rest, taken};
use crate::tree::Body;
use std::collections::HashMap;
use std::hash::Hash;

/// A directive as it is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Agreed {
    /// Its name.
    pub name: Vec<u8>,
    /// Whether it holds directives.
    pub is_block: bool,
    /// Its arguments, some of them blanks.
    pub args: Vec<Vec<u8>>,
    /// The code of a Lua block, with its braces' content.
    pub lua: Option<Vec<u8>>,
    /// Comments that go with it.
    pub notes: Vec<Vec<u8>>,
    /// Comments of the block that go with none of its directives.
    pub loose: Vec<Vec<u8>>,
    /// How many files have it as it is written.
    pub alike: usize,
}

/// What the files agree on for a slot; `None` where they agree on no name, or
/// not on the code.
pub fn agreed(files: &[&File<'_>], slot: &Slot, percent: Percent) -> Option<Agreed> {
    let item = |member: &Member| &files[member.0].outline.items[member.1];
    let name_of = |member: &Member| item(member).directive().name.value.to_vec();
    let enough = |count: usize| percent.is_share(count, slot.members.len());
    let (name, count) = most(slot.members.iter().map(name_of))?;
    let is_secret = |member: &Member| {
        let item = item(member);
        is_hidden(item.tree, item.id)
    };
    if !enough(count) || slot.members.iter().any(is_secret) {
        return None;
    }
    let members: Vec<_> = slot.members.iter().copied().filter(|member| name_of(member) == name).collect();
    let lua = match lua(files, &members) {
        Some((code, count)) if enough(count) && is_plain(&code) => Some(code),
        Some(_) => return None,
        None => None,
    };
    let is_hiding = |member: &Member| {
        let item = item(member);
        hides(item.tree, item.id)
    };
    let args = if members.iter().any(is_hiding) {
        vec![rest("secret")]
    } else {
        arguments(files, &members, &name, percent)
    };
    let pattern: Vec<&[u8]> = args.iter().map(Vec::as_slice).collect();
    let is_alike = |member: &&Member| {
        let words = item(member).directive().args.iter().map(|word| word.value);
        taken(&pattern, &words.collect::<Vec<_>>()).is_some()
    };
    let alike = members.iter().filter(is_alike).count();
    let total = files.len();
    let notes =
        comments(members.iter().map(|&(at, index)| files[at].units.notes(files[at].outline.items[index].id)));
    let loose = comments(
        members.iter().map(|&(at, index)| files[at].units.loose(Some(files[at].outline.items[index].id))),
    );
    let is_block = members.iter().any(|member| item(member).is_block());
    let shared = |found: Vec<(Vec<u8>, usize)>| -> Vec<Vec<u8>> {
        found.into_iter().filter(|(_, count)| percent.is_share(*count, total)).map(|(text, _)| text).collect()
    };
    let loose = if is_block { shared(loose) } else { Vec::new() };
    Some(Agreed { name, is_block, args, lua, notes: shared(notes), loose, alike })
}

/// The comments of a file that go with none of its directives.
pub fn file_comments(files: &[&File<'_>], percent: Percent) -> Vec<Vec<u8>> {
    let found = comments(files.iter().map(|file| file.units.loose(None)));
    found
        .into_iter()
        .filter(|(_, count)| percent.is_share(*count, files.len()))
        .map(|(text, _)| text)
        .collect()
}

/// Each comment with the number of lists that have it, in the order of the
/// first list that does.
fn comments<'t>(lists: impl Iterator<Item = Vec<&'t [u8]>>) -> Vec<(Vec<u8>, usize)> {
    let mut found: Vec<(Vec<u8>, usize)> = Vec::new();
    let mut known: HashMap<Vec<u8>, usize> = HashMap::new();
    for list in lists {
        let mut seen = std::collections::HashSet::new();
        // A comment may be a directive that was switched off, with its secret.
        for text in list.into_iter().filter(|text| is_plain(text) && seen.insert(*text)) {
            let index = *known.entry(text.to_vec()).or_insert_with(|| {
                found.push((text.to_vec(), 0));
                found.len() - 1
            });
            found[index].1 += 1;
        }
    }
    found
}

fn lua(files: &[&File<'_>], members: &[Member]) -> Option<(Vec<u8>, usize)> {
    most(members.iter().filter_map(|&(at, index)| {
        let item = &files[at].outline.items[index];
        match item.directive().body {
            Body::Lua { span } => Some(item.tree.source()[span.range()].to_vec()),
            Body::Semicolon | Body::Block { .. } => None,
        }
    }))
}

/// Directives whose value is each server's own: where it is not the same
/// everywhere, it is nobody's change.
fn is_of_server(name: &[u8]) -> bool {
    const NAMES: [&[u8]; 9] = [
        b"access_log", b"error_log", b"listen", b"server", b"server_name", b"ssl_certificate",
        b"ssl_certificate_key", b"ssl_trusted_certificate", b"upstream",
    ];
    NAMES.contains(&name) || name.ends_with(b"_pass")
}

/// The arguments that enough files share, and blanks for the others.
fn arguments(files: &[&File<'_>], members: &[Member], name: &[u8], percent: Percent) -> Vec<Vec<u8>> {
    let enough = |count: usize| match is_of_server(name) {
        true => count == members.len(),
        false => percent.is_share(count, members.len()),
    };
    let raw = |&(at, index): &Member| -> Vec<Vec<u8>> {
        files[at].outline.items[index].directive().args.iter().map(|word| word.value.to_vec()).collect()
    };
    if let Some((whole, count)) = most(members.iter().map(raw))
        && enough(count)
    {
        return whole;
    }
    if name == b"server_name" {
        return vec![rest("names")];
    }
    let masked: Vec<&Vec<Vec<u8>>> = members.iter().map(|&(at, index)| &files[at].masked[index]).collect();
    if let Some((whole, count)) = most(masked.iter().copied())
        && enough(count)
    {
        return whole.clone();
    }
    let width = most(masked.iter().map(|words| words.len()));
    let width = width.filter(|(_, count)| percent.is_share(*count, members.len()));
    let Some((width, _)) = width else {
        // What all begin with stays, and the rest is open.
        let shortest = masked.iter().map(|words| words.len()).min().unwrap_or_default();
        let mut words: Vec<_> =
            (0..shortest).map(|at| word(masked.iter().map(|words| &words[at]), name, at, percent)).collect();
        words.push(rest("values"));
        return words;
    };
    let fitting: Vec<_> = masked.into_iter().filter(|words| words.len() == width).collect();
    (0..width).map(|at| word(fitting.iter().map(|words| &words[at]), name, at, percent)).collect()
}

/// One argument: the word that enough share; the pieces of it that they share;
/// or a blank.
fn word<'w>(words: impl Iterator<Item = &'w Vec<u8>>, name: &[u8], at: usize, percent: Percent) -> Vec<u8> {
    let words: Vec<&Vec<u8>> = words.collect();
    let enough = |count: usize| percent.is_share(count, words.len());
    // Of what is the server's own: what it is where, that is its first word. The rest are settings.
    let is_own = is_of_server(name) && at == 0;
    if let Some((word, count)) = most(words.iter().copied())
        && if is_own { count == words.len() } else { enough(count) }
    {
        return word.clone();
    }
    let split: Vec<Vec<&[u8]>> = words.iter().map(|word| pieces(word)).collect();
    let form = |split: &Vec<&[u8]>| -> Vec<Vec<u8>> {
        split.iter().map(|piece| if is_text(piece) { Vec::new() } else { piece.to_vec() }).collect()
    };
    let whole = || blank(kind(&words, name, at));
    let Some((shape, count)) = most(split.iter().map(form)) else { return whole() };
    let is_path = is_own && words.iter().any(|word| word.starts_with(b"/"));
    if !enough(count) || shape.len() < 2 || is_path {
        return whole();
    }
    let alike: Vec<_> = split.iter().filter(|pieces| form(pieces) == shape).collect();
    let mut text = Vec::new();
    for (index, separator) in shape.iter().enumerate() {
        if !separator.is_empty() {
            text.extend(separator);
            continue;
        }
        match most(alike.iter().map(|pieces| pieces[index])) {
            Some((piece, count)) if enough(count) && !(is_own && is_number(piece) && count < alike.len()) => {
                text.extend(piece);
            }
            _ => {
                let all: Vec<Vec<u8>> = alike.iter().map(|pieces| pieces[index].to_vec()).collect();
                text.extend(blank(kind(&all.iter().collect::<Vec<_>>(), b"", 0)));
            }
        }
    }
    // Nothing but blanks and what stands between them says no more than one blank.
    if name == b"listen" || says_something(&text) { text } else { whole() }
}

/// Whether a pattern has letters or digits of its own.
fn says_something(text: &[u8]) -> bool {
    pieces(text).iter().any(|piece| is_text(piece) && !has_blank(piece))
}

/// Letters, digits and what stands in names; and everything between. A blank
/// is one piece.
fn pieces(word: &[u8]) -> Vec<&[u8]> {
    let mut found = Vec::new();
    let mut left = word;
    while let Some(&first) = left.first() {
        let blank_len = left
            .starts_with(b"<any:")
            .then(|| left.iter().position(|&byte| byte == b'>').map(|at| at + 1))
            .flatten();
        let len = blank_len.unwrap_or_else(|| {
            let kind = is_text(&[first]);
            let same = |byte: &&u8| is_text(&[**byte]) == kind && **byte != b'<';
            left.iter().skip(1).take_while(same).count() + 1
        });
        let (piece, rest) = left.split_at(len);
        found.push(piece);
        left = rest;
    }
    found
}

fn is_text(piece: &[u8]) -> bool {
    has_blank(piece)
        || piece.iter().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_' | b'*'))
}

fn is_number(word: &[u8]) -> bool {
    !word.is_empty() && word.iter().all(u8::is_ascii_digit)
}

/// What a blank for these words is called.
fn kind(words: &[&Vec<u8>], name: &[u8], at: usize) -> &'static str {
    let all = |is: fn(&Vec<u8>) -> bool| words.iter().all(|word| is(word));
    match () {
        () if all(|word| is_number(word)) => {
            if name == b"listen" || name.is_empty() {
                "port"
            } else {
                "value"
            }
        }
        () if words.iter().filter(|word| word.starts_with(b"/")).count() * 2 > words.len() => "path",
        () if name == b"listen" && at == 0 => "address",
        () if all(|word| word.contains(&b'.') && is_text(word)) => "address",
        () => "value",
    }
}

/// The most frequent value and its number; of several, the least.
fn most<T: Hash + Eq + Ord>(values: impl Iterator<Item = T>) -> Option<(T, usize)> {
    let mut counts: HashMap<T, usize> = HashMap::new();
    for value in values {
        *counts.entry(value).or_insert(0) += 1;
    }
    counts.into_iter().max_by(|one, other| one.1.cmp(&other.1).then_with(|| other.0.cmp(&one.0)))
}

/// What became of every slot.
pub fn all_agreed(files: &[&File<'_>], aligned: &Aligned, percent: Percent) -> Vec<Option<Agreed>> {
    aligned.slots.iter().map(|slot| agreed(files, slot, percent)).collect()
}
