//! By what a conflict is known on another server: what kind it is, where, and
//! both versions, without what each server has for itself.
//!
//! Invariant: equal fingerprints are the same question; spelling, comments and
//! the server's own names make no other one. A fingerprint is a hash, so that
//! a file of them tells no secret, and what is shown beside it is redacted.

use super::model::{Cause, Fingerprint, General, Sides};
use super::walked::Triple;
use crate::blank::blank;
use crate::diff::at::{At, Ours, Whose};
use crate::diff::compare::{Kind, Side};
use crate::diff::outline::Outline;
use crate::diff::purpose::{Role, Upstreams, is_server, purpose};
use crate::diff::{show, version};
use crate::likeness::{masked, own_names};
use crate::tree::Body;
use sha2::{Digest, Sha256};
use std::collections::HashSet;

/// What a server has for itself.
#[derive(Debug, Default)]
pub(super) struct Own {
    names: HashSet<Vec<u8>>,
    /// Words that were filled into blanks.
    values: HashSet<Vec<u8>>,
}

impl Own {
    /// Of our side; `filled` are words that stand in the place of a blank.
    pub fn of(ours: &Side<'_, Ours>, filled: HashSet<Vec<u8>>) -> Self {
        Self { names: own_names(&ours.outline), values: filled }
    }

    fn word(&self, word: &[u8]) -> Vec<u8> {
        if self.values.contains(word) { blank("value") } else { masked(word, &self.names) }
    }

    /// A text for people without the server's names.
    pub fn text(&self, text: &str) -> String {
        String::from_utf8_lossy(&masked(text.as_bytes(), &self.names)).into_owned()
    }

    /// A conflict in the block `within` of ours, under the last part of its path.
    pub fn general(
        &self,
        sides: &Sides<'_, '_>,
        within: Option<At<Ours>>,
        (own, cause, triple): (&str, Cause, Triple),
    ) -> General {
        let path = show::join(&self.path(&sides.ours.outline, within), &self.text(own));
        let mut hash = Sha256::new();
        hash.update([cause as u8]);
        let mut part = |bytes: &[u8]| {
            hash.update((bytes.len() as u64).to_le_bytes());
            hash.update(bytes);
        };
        part(path.as_bytes());
        part(&self.meaning(&sides.base.outline, triple.base));
        part(&self.meaning(&sides.ours.outline, triple.ours));
        part(&self.meaning(&sides.theirs.outline, triple.theirs));
        let fingerprint = hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
        General {
            fingerprint: Fingerprint(fingerprint),
            path,
            base: self.shown(sides.base, triple.base),
            ours: self.shown(sides.ours, triple.ours),
            theirs: self.shown(sides.theirs, triple.theirs),
        }
    }

    fn shown<S: Whose>(&self, side: &Side<'_, S>, index: Option<At<S>>) -> Option<String> {
        index.map(|index| self.text(&version(side, index, Kind::Added).text))
    }

    /// The blocks around a directive: a server block by what it does.
    fn path(&self, outline: &Outline<'_, Ours>, within: Option<At<Ours>>) -> String {
        /// More levels say no more.
        const LONGEST: usize = 32;
        let mut labels = Vec::new();
        let mut next = within;
        while let Some(index) = next.filter(|_| labels.len() < LONGEST) {
            let item = &outline.items[index];
            labels.push(if is_server(item.directive()) {
                match purpose(outline, index, &Upstreams::default()).role {
                    Role::Redirects => "server that redirects".to_owned(),
                    Role::Answers => "server".to_owned(),
                }
            } else {
                self.text(&show::label(outline, index))
            });
            next = item.parent;
        }
        labels.reverse();
        labels.join(show::SEPARATOR)
    }

    /// A directive with all that stands in it, whatever its spelling. Each
    /// word has its length before it, so that no two lists of words are alike.
    fn meaning<S: Whose>(&self, outline: &Outline<'_, S>, index: Option<At<S>>) -> Vec<u8> {
        let mut text = Vec::new();
        let mut word = |word: &[u8]| {
            text.extend((word.len() as u64).to_le_bytes());
            text.extend(word);
        };
        let mut open: Vec<_> = index.map(|index| (index, false)).into_iter().collect();
        while let Some((index, is_end)) = open.pop() {
            if is_end {
                word(b"}");
                continue;
            }
            let item = &outline.items[index];
            let directive = item.directive();
            word(directive.name.value);
            directive.args.iter().for_each(|argument| word(&self.word(argument.value)));
            match directive.body {
                Body::Semicolon => word(b";"),
                Body::Lua { span } => word(item.tree.source()[span.range()].trim_ascii()),
                Body::Block { .. } => {
                    word(b"{");
                    open.push((index, true));
                    open.extend(item.children.iter().rev().map(|&child| (child, false)));
                }
            }
        }
        text
    }
}
