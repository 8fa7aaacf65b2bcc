//! Tokens into the tree: blocks, their parents, and what nginx refuses there.
//!
//! Invariant: open blocks wait on a stack of their own, so nesting costs
//! memory and never the call stack. What a directive means is not judged.

use super::grammar;
use super::lexer::{Lexer, Token, TokenKind};
use super::position::{Lines, Span, SyntaxError};
use super::tree::{DirectiveId, MOST_DIRECTIVES, Stored, StoredBody, Tree};
use super::words::Words;

/// Words of one file.
const MOST_WORDS: usize = 10_000_000;

impl Tree {
    /// Reads a source by nginx's rules.
    ///
    /// # Errors
    /// The first fault, with the line and the reason that nginx gives for it.
    pub fn parse(source: impl Into<Vec<u8>>) -> Result<Self, SyntaxError> {
        let source = source.into().into_boxed_slice();
        if u32::try_from(source.len()).is_err() {
            return Err(SyntaxError::limit(&[], 0, "the file is larger than 4 GiB"));
        }
        if let Some((at, what, most)) = overflow(&source, MOST_DIRECTIVES, MOST_WORDS) {
            return Err(SyntaxError::limit(&source, at, format!("the file has more than {most} {what}")));
        }
        let mut parser = Parser::new(&source);
        for token in Lexer::new(&source) {
            parser.token(token?)?;
        }
        if !parser.open.is_empty() {
            return Err(SyntaxError::at(&source, source.len(), "unexpected end of file, expecting \"}\""));
        }
        let Parser { mut words, mut comments, mut directives, waiting: roots, mut children, .. } = parser;
        let inner = children.len();
        children.extend(roots);
        words.shrink();
        comments.shrink_to_fit();
        directives.shrink_to_fit();
        children.shrink_to_fit();
        let lines = Lines::of(&source);
        Ok(Self { source, lines, words, comments, directives, children, roots: inner, list: None })
    }
}

/// Where a source has one directive or word too many.
fn overflow(source: &[u8], directives: usize, words: usize) -> Option<(usize, &'static str, usize)> {
    // Each takes two bytes at the least, with what ends it.
    if source.len() < 2 * directives.min(words) {
        return None;
    }
    let (mut ended, mut seen) = (0, 0);
    // The first fault is for the parser to name, and so nothing behind it counts.
    for token in Lexer::new(source).map_while(Result::ok) {
        match token.kind {
            TokenKind::Semicolon | TokenKind::Open => ended += 1,
            TokenKind::Word => seen += 1,
            _ => continue,
        }
        if ended > directives {
            return Some((token.span.start, "directives", directives));
        }
        if seen > words {
            return Some((token.span.start, "words", words));
        }
    }
    None
}

struct Parser<'s> {
    source: &'s [u8],
    words: Words,
    comments: Vec<(u32, u32)>,
    directives: Vec<Stored>,
    /// The children of the blocks that are closed.
    children: Vec<DirectiveId>,
    /// The first word of the directive that is being read.
    name: Option<u32>,
    /// The blocks that are open, outermost first, and how many directives waited when each was opened.
    open: Vec<(DirectiveId, usize)>,
    /// Directives whose block is not closed yet; in the end those of the top.
    waiting: Vec<DirectiveId>,
}

impl<'s> Parser<'s> {
    fn new(source: &'s [u8]) -> Self {
        Self {
            source,
            words: Words::with_capacity(source.len() / 12),
            comments: Vec::new(),
            directives: Vec::with_capacity(source.len() / 30),
            children: Vec::with_capacity(source.len() / 30),
            name: None,
            open: Vec::new(),
            waiting: Vec::new(),
        }
    }

    fn token(&mut self, Token { kind, span }: Token) -> Result<(), SyntaxError> {
        match kind {
            TokenKind::Space => {}
            TokenKind::Comment => self.comments.push((offset(span.start), offset(span.end))),
            TokenKind::Word => {
                self.name.get_or_insert(self.words.len());
                self.words.push(self.source, span);
            }
            TokenKind::Semicolon => self.semicolon(span)?,
            TokenKind::Open => self.open(span)?,
            TokenKind::LuaBody => self.lua(span),
            TokenKind::Close => self.close(span)?,
        }
        Ok(())
    }

    fn semicolon(&mut self, span: Span) -> Result<(), SyntaxError> {
        let name = self.name();
        if !self.in_data() && grammar::always_opens(name) {
            let reason = format!("directive \"{}\" has no opening \"{{\"", String::from_utf8_lossy(name));
            return Err(SyntaxError::at(self.source, span.start, reason));
        }
        self.add(span, StoredBody::Semicolon);
        Ok(())
    }

    fn open(&mut self, span: Span) -> Result<(), SyntaxError> {
        let name = self.name();
        if self.in_data() {
            return Err(SyntaxError::at(self.source, span.start, "unexpected \"{\""));
        }
        if grammar::never_opens(name) {
            let reason =
                format!("directive \"{}\" is not terminated by \";\"", String::from_utf8_lossy(name));
            return Err(SyntaxError::at(self.source, span.start, reason));
        }
        let id = self.add(span, StoredBody::Block { open: offset(span.start), first: 0, end: 0 });
        self.open.push((id, self.waiting.len()));
        Ok(())
    }

    fn lua(&mut self, code: Span) {
        if let Some((id, _)) = self.open.last() {
            let body = StoredBody::Lua { start: offset(code.start), end: offset(code.end) };
            self.directives[id.index()].body = body;
        }
    }

    fn close(&mut self, brace: Span) -> Result<(), SyntaxError> {
        let Some((id, waited)) = self.open.pop() else {
            return Err(SyntaxError::at(self.source, brace.start, "unexpected \"}\""));
        };
        let before = offset(self.children.len());
        self.children.extend(self.waiting.drain(waited..));
        self.waiting.push(id);
        let directive = &mut self.directives[id.index()];
        directive.end = offset(brace.end);
        if let StoredBody::Block { first, end, .. } = &mut directive.body {
            (*first, *end) = (before, offset(self.children.len()));
        }
        Ok(())
    }

    /// Ends the words read so far as a directive that ends, or opens, at `end`.
    fn add(&mut self, end: Span, body: StoredBody) -> DirectiveId {
        let id = DirectiveId(offset(self.directives.len()));
        let name = self.name.take().expect("the lexer refuses an end without words");
        let parent = self.open.last().map(|(id, _)| *id);
        self.directives.push(Stored { name, end: offset(end.end), parent, body });
        if matches!(body, StoredBody::Semicolon) {
            self.waiting.push(id);
        }
        id
    }

    fn name(&self) -> &[u8] {
        self.name.map_or(&[], |name| self.words.get(self.source, name).value)
    }

    fn in_data(&self) -> bool {
        self.open.last().is_some_and(|(id, _)| {
            let name = self.directives[id.index()].name;
            grammar::holds_data(self.words.get(self.source, name).value)
        })
    }
}

/// An offset or a count: there is no more of anything than bytes, of which there are less than 4 GiB.
fn offset(number: usize) -> u32 {
    u32::try_from(number).expect("the parser bounds the source")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Body;

    fn check(source: &str, expect: &str) {
        let shown = match Tree::parse(source) {
            Ok(tree) => {
                assert_eq!(tree.print(), source.as_bytes());
                "ok".to_owned()
            }
            Err(error) => error.to_string(),
        };
        assert_eq!(shown, expect, "{source:?}");
    }

    #[test]
    fn blocks_nest_as_in_nginx() {
        check("", "ok");
        check("events {} http { server { listen 80; } }\n", "ok");
        check("a {\n}}", "unexpected \"}\" at 2:2");
        check("a { b {\n}", "unexpected end of file, expecting \"}\" at 2:2");
        check("map $a $b { x { y z; } }", "unexpected \"{\" at 1:15");
        check("types { location x; }", "ok");
        check("location /x;", "directive \"location\" has no opening \"{\" at 1:12");
        check("rewrite ^/a{3}$ /b;", "directive \"rewrite\" is not terminated by \";\" at 1:12");
    }

    #[test]
    fn lua_blocks_end_a_directive_without_a_semicolon() {
        let source = "location / {\n  content_by_lua_block {\n    say('}') -- }\n  }\n  deny all;\n}\n";
        let tree = Tree::parse(source).expect("valid");
        let names: Vec<_> = tree.walk().map(|id| tree.directive(id).name.text().into_owned()).collect();
        assert_eq!(names, ["location", "content_by_lua_block", "deny"]);
        let lua = tree.directive(tree.directive(tree.roots()[0]).children()[0]);
        let Body::Lua { span } = lua.body else { panic!("Lua") };
        assert_eq!(&source[span.range()], "\n    say('}') -- }\n  ");
        assert!(source[lua.span.range()].ends_with("\n  }"));
        assert_eq!(tree.print(), source.as_bytes());
        check(
            "x_by_lua_block { {",
            "unexpected end of file, expecting terminating characters for lua code block at 1:18",
        );
    }

    #[test]
    fn one_directive_or_word_too_many_is_found_before_a_tree_is_made() {
        assert_eq!(overflow(b"a;b{}c;", 3, 9), None);
        assert_eq!(overflow(b"a;b{}c;d;", 3, 9), Some((8, "directives", 3)));
        assert_eq!(overflow(b"a b c;d{e{}}", 9, 4), Some((8, "words", 4)));
        // Comments, quotes and code have no directives.
        assert_eq!(overflow(b"a 'b;c;d;e';\n#;;;;;;;;;\n", 2, 9), None);
        assert_eq!(overflow(b"x_by_lua_block { a; b; c; d; }", 2, 9), None);
        // What is behind a fault is the parser's.
        assert_eq!(overflow(b"a;;b;c;d;", 2, 9), None);
        let many = "a;".repeat(MOST_DIRECTIVES + 1);
        let refused = Tree::parse(many).expect_err("too many").to_string();
        assert!(refused.starts_with("the file has more than 2000000 directives at 1:"), "{refused}");
    }

    #[test]
    fn deep_nesting_costs_no_stack() {
        let source = "a{".repeat(100_000) + &"}".repeat(100_000);
        let tree = Tree::parse(source.clone()).expect("valid");
        assert_eq!(tree.len(), 100_000);
        assert_eq!(tree.print(), source.as_bytes());
    }
}

#[cfg(test)]
mod properties;
