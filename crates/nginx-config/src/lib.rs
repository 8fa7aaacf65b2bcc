//! NGINX configurations: bytes to a lossless tree and back, includes, edits,
//! and which block answers a request.
//!
//! Invariant: no byte is lost; what is printed from a tree is what was read.
//! This crate is pure: files come through a [`Reader`] that is passed in, no
//! input makes it panic, and no nesting makes it overflow.

#![warn(missing_docs)]

/// The README's example is a test.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
pub struct Readme;

mod address;
mod blank;
mod changed;
mod config;
pub mod diff;
mod edit;
mod entries;
pub mod glob;
mod grammar;
mod identity;
mod include;
mod index;
mod layout;
pub mod learn;
mod lexer;
mod likeness;
mod lookup;
mod lua;
pub mod merge;
mod node;
mod parser;
pub mod patch;
mod position;
mod reader;
mod redact;
pub mod routes;
mod splice;
mod tree;
mod word;
mod words;
#[cfg(feature = "count-work")]
pub mod work;
#[cfg(not(feature = "count-work"))]
mod work;

pub use address::Address;
pub use changed::Changed;
pub use config::{Config, ConfigError, ConfigErrorKind, File, Limits, Walk};
pub use edit::{EditError, Edits, Place};
pub use grammar::BUFFER;
pub use identity::is_placeholder;
pub use lexer::{Lexer, Token, TokenKind, is_space};
pub use node::{FileId, Node};
pub use position::{Position, Span, SyntaxError};
pub use reader::{Listing, MemoryReader, Reader};
pub use redact::{
    REDACTED, holds_private_key, is_directive_name, is_secret_name, redact_address, redact_arguments,
    redact_code, redact_message, redact_name, redact_source, redact_text, redact_tree,
};
pub use splice::{Overlap, Splice, splice};
pub use tree::{Args, Body, Directive, DirectiveId, Tree};
pub use word::{Quote, QuoteError, Word, has_variable, quote_word, value_of};
