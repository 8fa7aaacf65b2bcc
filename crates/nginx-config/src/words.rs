//! The words of one source, each as a place in it.
//!
//! Invariant: a word owns no bytes; its value is a piece of the source. Only where nginx resolves an escape is there a
//! value of its own, and those are few.

use super::position::Span;
use super::word::{Quote, Word, quote_of, value_of, within};
use std::borrow::Cow;

/// The words in source order.
#[derive(Debug, Clone, Default)]
pub(super) struct Words {
    list: Vec<Place>,
    /// The values that are not as they are written, by the word's index.
    resolved: Vec<(u32, Box<[u8]>)>,
}

/// Where a word stands. nginx's buffer bounds its length.
#[derive(Debug, Clone, Copy)]
struct Place {
    start: u32,
    len: u16,
    quote: Quote,
    is_resolved: bool,
}

impl Words {
    pub fn with_capacity(words: usize) -> Self {
        Self { list: Vec::with_capacity(words), resolved: Vec::new() }
    }

    /// How many there are.
    pub fn len(&self) -> u32 {
        u32::try_from(self.list.len()).expect("fewer words than bytes")
    }

    /// Adds the word of a span, which lies behind those that are known.
    pub fn push(&mut self, source: &[u8], span: Span) {
        let raw = &source[span.range()];
        let value = value_of(raw);
        let is_resolved = matches!(value, Cow::Owned(_));
        if let Cow::Owned(value) = value {
            self.resolved.push((self.len(), value.into_boxed_slice()));
        }
        let start = u32::try_from(span.start).expect("the parser bounds the source");
        let len = u16::try_from(span.len()).expect("the lexer bounds words");
        self.list.push(Place { start, len, quote: quote_of(raw), is_resolved });
    }

    /// A word of the source that all of them come from.
    pub fn get<'t>(&'t self, source: &'t [u8], index: u32) -> Word<'t> {
        let Place { start, len, quote, is_resolved } = self.list[index as usize];
        let span = Span::new(start as usize, start as usize + usize::from(len));
        let value = if is_resolved {
            let at = self.resolved.partition_point(|(word, _)| *word < index);
            &self.resolved[at].1
        } else {
            within(&source[span.range()], quote)
        };
        Word { span, value, quote }
    }

    pub fn shrink(&mut self) {
        self.list.shrink_to_fit();
        self.resolved.shrink_to_fit();
    }
}
