//! Tokens into the tree: blocks, their parents, and what nginx refuses there.
//!
//! Invariant: open blocks wait on a stack of their own, so nesting costs
//! memory and never the call stack. What a directive means is not judged.

use super::grammar;
use super::lexer::{Lexer, Token, TokenKind};
use super::position::{Lines, Span, SyntaxError};
use super::tree::{Body, Directive, DirectiveId, Tree};
use super::word::Word;

/// Directives of one file, and its words. A tree takes several hundred bytes for each directive of a few bytes, so that
/// they are counted before one is made.
pub(super) const MOST_DIRECTIVES: usize = 2_000_000;
const MOST_WORDS: usize = 10_000_000;

pub(super) fn parse(source: Vec<u8>) -> Result<Tree, SyntaxError> {
    if u32::try_from(source.len()).is_err() {
        return Err(SyntaxError::at(&[], 0, "the file is larger than 4 GiB"));
    }
    if let Some((at, what, most)) = overflow(&source, MOST_DIRECTIVES, MOST_WORDS) {
        return Err(SyntaxError::at(&source, at, format!("the file has more than {most} {what}")));
    }
    let mut parser = Parser::new(&source);
    for token in Lexer::new(&source) {
        parser.token(token?)?;
    }
    if !parser.open.is_empty() {
        return Err(SyntaxError::at(&source, source.len(), "unexpected end of file, expecting \"}\""));
    }
    let Parser { tokens, directives, roots, .. } = parser;
    Ok(Tree { lines: Lines::of(&source), source, tokens, directives, roots, list: None })
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
    tokens: Vec<Token>,
    directives: Vec<Directive>,
    roots: Vec<DirectiveId>,
    /// The directive that is being read, as far as it has come.
    name: Option<Word>,
    args: Vec<Word>,
    /// The blocks that are open, outermost first.
    open: Vec<DirectiveId>,
}

impl<'s> Parser<'s> {
    fn new(source: &'s [u8]) -> Self {
        Self {
            source,
            tokens: Vec::with_capacity(source.len() / 5),
            directives: Vec::with_capacity(source.len() / 30),
            roots: Vec::new(),
            name: None,
            args: Vec::new(),
            open: Vec::new(),
        }
    }

    fn token(&mut self, token: Token) -> Result<(), SyntaxError> {
        self.tokens.push(token);
        match token.kind {
            TokenKind::Space | TokenKind::Comment => {}
            TokenKind::Word if self.name.is_none() => self.name = Some(Word::read(self.source, token.span)),
            TokenKind::Word => self.args.push(Word::read(self.source, token.span)),
            TokenKind::Semicolon => self.semicolon(token.span)?,
            TokenKind::Open => self.open(token.span)?,
            TokenKind::LuaBody => self.lua(token.span),
            TokenKind::Close => self.close(token.span)?,
        }
        Ok(())
    }

    fn semicolon(&mut self, span: Span) -> Result<(), SyntaxError> {
        let name = self.name();
        if !self.in_data() && grammar::always_opens(name) {
            let reason = format!("directive \"{}\" has no opening \"{{\"", String::from_utf8_lossy(name));
            return Err(SyntaxError::at(self.source, span.start, reason));
        }
        self.add(span, Body::Semicolon);
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
        let body = Body::Block { open: span, close: span, children: Vec::new() };
        let id = self.add(span, body);
        self.open.push(id);
        Ok(())
    }

    fn lua(&mut self, code: Span) {
        if let Some(directive) = self.open.last().and_then(|id| self.directives.get_mut(id.index())) {
            directive.body = Body::Lua { span: code };
        }
    }

    fn close(&mut self, brace: Span) -> Result<(), SyntaxError> {
        let Some(id) = self.open.pop() else {
            return Err(SyntaxError::at(self.source, brace.start, "unexpected \"}\""));
        };
        let directive = &mut self.directives[id.index()];
        directive.span.end = brace.end;
        if let Body::Block { close, .. } = &mut directive.body {
            *close = brace;
        }
        Ok(())
    }

    /// Ends the words read so far as a directive that ends, or opens, at `end`.
    fn add(&mut self, end: Span, body: Body) -> DirectiveId {
        let id = DirectiveId(u32::try_from(self.directives.len()).expect("fewer directives than bytes"));
        let name = self.name.take().expect("the lexer refuses an end without words");
        let args = std::mem::take(&mut self.args);
        let parent = self.open.last().copied();
        let span = Span::new(name.span.start, end.end);
        self.directives.push(Directive { name, args, span, body, parent });
        match parent.map(|parent| &mut self.directives[parent.index()].body) {
            Some(Body::Block { children, .. }) => children.push(id),
            Some(Body::Semicolon | Body::Lua { .. }) | None => self.roots.push(id),
        }
        id
    }

    fn name(&self) -> &[u8] {
        self.name.as_ref().map_or(&[], |word| word.value.as_slice())
    }

    fn in_data(&self) -> bool {
        self.open.last().is_some_and(|id| grammar::holds_data(&self.directives[id.index()].name.value))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
