//! Writes what was learned: one directive a line, with how many servers have
//! it where not all do.
//!
//! Invariant: what is written parses, and its directives are the slots in the
//! order in which they are returned. The numbers are notes: no reader of a
//! base takes them for its text.

use super::align::Aligned;
use super::consensus::Agreed;
use crate::blank::NOTE;
use crate::word::quote_word;

/// The text, and the slot of each of its directives.
pub fn write(
    servers: usize,
    aligned: &Aligned,
    agreed: &[Option<Agreed>],
    header: &[Vec<u8>],
) -> (Vec<u8>, Vec<usize>) {
    let mut writer = Writer { servers, aligned, agreed, text: Vec::new(), slots: Vec::new() };
    if aligned.roots.is_empty() {
        return (Vec::new(), Vec::new());
    }
    writer.note(&format!(
        "Learned by motionctl from {servers} servers. <any:…> stands for what each server has for itself."
    ));
    writer
        .note(&format!("A line without a number is in all {servers}. These notes are no part of the text."));
    writer.text.push(b'\n');
    writer.apart(header, 0);
    writer.run();
    (writer.text, writer.slots)
}

/// A word as people read it most easily: bare where it holds nothing that ends
/// a word or begins something else.
fn spelled(word: &[u8]) -> Option<Vec<u8>> {
    let is_plain = |byte: &u8| byte.is_ascii_graphic() && !b";{}\"'\\#".contains(byte);
    let is_bare = !word.is_empty() && word.iter().all(is_plain);
    if is_bare { Some(word.to_vec()) } else { quote_word(word).ok() }
}

struct Writer<'a> {
    servers: usize,
    aligned: &'a Aligned,
    agreed: &'a [Option<Agreed>],
    text: Vec<u8>,
    slots: Vec<usize>,
}

impl Writer<'_> {
    fn run(&mut self) {
        let aligned = self.aligned;
        let mut open = vec![aligned.roots.iter()];
        while let Some(list) = open.last_mut() {
            let Some(&slot) = list.next() else {
                open.pop();
                if !open.is_empty() {
                    self.indent(open.len() - 1);
                    self.text.extend(b"}\n");
                }
                continue;
            };
            if self.directive(slot, open.len() - 1) {
                open.push(aligned.slots[slot].children.iter());
            }
        }
    }

    /// Writes a directive up to its end or its brace; says whether a block was opened.
    fn directive(&mut self, slot: usize, depth: usize) -> bool {
        let Some(agreed) = &self.agreed[slot] else { return false };
        let words: Option<Vec<Vec<u8>>> =
            std::iter::once(&agreed.name).chain(&agreed.args).map(|word| spelled(word)).collect();
        // A word that has no spelling was none before either.
        let Some(words) = words else { return false };
        self.slots.push(slot);
        if depth == 0 && self.slots.len() > 1 {
            self.text.push(b'\n');
        }
        for note in &agreed.notes {
            self.line(note, depth);
        }
        self.indent(depth);
        self.text.extend(words.join(&b' '));
        let is_block = agreed.is_block;
        match (&agreed.lua, is_block) {
            (Some(code), _) => {
                self.text.extend(b" {");
                self.text.extend(code);
                self.text.push(b'}');
            }
            (None, true) => self.text.extend(b" {"),
            (None, false) => self.text.push(b';'),
        }
        self.count(slot, agreed);
        self.text.push(b'\n');
        if is_block {
            self.apart(&agreed.loose, depth + 1);
        }
        is_block
    }

    /// How many servers have it, where not all do.
    fn count(&mut self, slot: usize, agreed: &Agreed) {
        let having = self.aligned.slots[slot].members.len();
        let text = match (having == self.servers, agreed.alike == having) {
            (true, true) => return,
            (_, true) => format!("{having} of {}", self.servers),
            (_, false) => format!("{having} of {}, {} with this value", self.servers, agreed.alike),
        };
        self.text.push(b' ');
        self.text.extend(NOTE);
        self.text.extend(format!(" {text}").as_bytes());
    }

    /// Comments that belong to no directive.
    fn apart(&mut self, comments: &[Vec<u8>], depth: usize) {
        for comment in comments {
            self.line(comment, depth);
        }
        if !comments.is_empty() {
            self.text.push(b'\n');
        }
    }

    fn note(&mut self, text: &str) {
        self.text.extend(NOTE);
        self.text.extend(format!(" {text}\n").as_bytes());
    }

    fn line(&mut self, text: &[u8], depth: usize) {
        self.indent(depth);
        self.text.extend(text);
        self.text.push(b'\n');
    }

    fn indent(&mut self, depth: usize) {
        self.text.extend(b"    ".repeat(depth.min(16)));
    }
}
