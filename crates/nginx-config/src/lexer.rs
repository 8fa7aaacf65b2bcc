//! Bytes into tokens, by the rules of nginx's `ngx_conf_read_token`.
//!
//! Invariant: the tokens of a source lie end to end and cover every byte of
//! it. The lexer knows words and directives' ends; nesting is the parser's.

use super::grammar::BUFFER;
use super::lua;
use super::position::{Span, SyntaxError};
use super::word;

/// One piece of a source.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Token {
    /// What the piece is.
    pub kind: TokenKind,
    /// Where it stands.
    pub span: Span,
}

/// What a [`Token`] is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenKind {
    /// White space: space, tab, CR, LF.
    Space,
    /// From `#` up to, not including, the end of the line.
    Comment,
    /// A directive's name or an argument, with its quotes.
    Word,
    /// `;`
    Semicolon,
    /// `{`
    Open,
    /// `}`
    Close,
    /// What stands between the braces of a `*_by_lua_block`.
    LuaBody,
}

/// Reads tokens one after the other; ends after the first error.
#[derive(Debug)]
pub struct Lexer<'s> {
    source: &'s [u8],
    at: usize,
    /// Words read since the last `;`, `{` or `}`.
    words: usize,
    /// The first of them.
    name: Span,
    /// Where nginx's buffer holds on to a word that has ended.
    held: Option<usize>,
    mode: Mode,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mode {
    /// A word may start.
    Plain,
    /// A quote has just closed.
    AfterQuote,
    /// Behind the brace of a Lua block.
    Lua,
    /// Behind a Lua block's body, at its closing brace.
    LuaEnd,
    Failed,
}

impl<'s> Lexer<'s> {
    /// A lexer at the start of `source`.
    #[must_use]
    pub fn new(source: &'s [u8]) -> Self {
        Self { source, at: 0, words: 0, name: Span::new(0, 0), held: None, mode: Mode::Plain }
    }

    fn step(&mut self) -> Result<Option<Token>, SyntaxError> {
        if self.mode == Mode::Lua {
            return self.lua_body().map(Some);
        }
        self.check_held()?;
        let Some(&byte) = self.source.get(self.at) else {
            return if self.words > 0 { Err(self.unexpected_end()) } else { Ok(None) };
        };
        match (byte, self.mode) {
            (b' ' | b'\t' | b'\r' | b'\n', _) => self.space().map(Some),
            (b';', _) => self.delimiter(TokenKind::Semicolon).map(Some),
            (b'{', _) => self.open().map(Some),
            (b'}', Mode::LuaEnd) => self.lua_end().map(Some),
            (b')', Mode::AfterQuote) => self.bare_word().map(Some),
            (_, Mode::AfterQuote) => Err(self.unexpected(byte)),
            (b'}', _) => self.delimiter(TokenKind::Close).map(Some),
            (b'#', _) => self.comment().map(Some),
            (b'"' | b'\'', _) => self.quoted_word(byte).map(Some),
            _ => self.bare_word().map(Some),
        }
    }

    /// nginx keeps a finished word at the start of its buffer until the next
    /// byte that is not the white space right behind it, and refuses to read
    /// on where that fills the buffer.
    fn check_held(&mut self) -> Result<(), SyntaxError> {
        match self.held {
            Some(start) if self.at >= start + BUFFER && self.at < self.source.len() => {
                Err(self.too_long(start))
            }
            _ => Ok(()),
        }
    }

    fn space(&mut self) -> Result<Token, SyntaxError> {
        let start = self.at;
        if self.held.is_some() {
            self.at += 1;
            self.check_held()?;
            self.held = None;
        }
        let rest = &self.source[self.at..];
        let more = rest.iter().position(|&byte| !is_space(byte)).unwrap_or(rest.len());
        self.at += more;
        self.mode = Mode::Plain;
        Ok(Token { kind: TokenKind::Space, span: Span::new(start, self.at) })
    }

    fn comment(&mut self) -> Result<Token, SyntaxError> {
        let start = self.at;
        let rest = &self.source[start..];
        let len = rest.iter().position(|&byte| byte == b'\n').unwrap_or(rest.len());
        if len >= BUFFER && rest.len() > BUFFER {
            return Err(self.too_long(start));
        }
        self.at = start + len;
        Ok(Token { kind: TokenKind::Comment, span: Span::new(start, self.at) })
    }

    fn bare_word(&mut self) -> Result<Token, SyntaxError> {
        let start = self.at;
        let limit = self.source.len().min(start + BUFFER);
        let mut at = start;
        let mut after_dollar = false;
        while at < limit {
            match self.source[at] {
                b'\\' => {
                    after_dollar = false;
                    at += 1;
                }
                b'$' => after_dollar = true,
                b'{' if after_dollar => {}
                b' ' | b'\t' | b'\r' | b'\n' | b';' | b'{' => {
                    return Ok(self.word(start, start, at));
                }
                _ => after_dollar = false,
            }
            at += 1;
        }
        Err(if self.source.len() > start + BUFFER { self.too_long(start) } else { self.unexpected_end() })
    }

    fn quoted_word(&mut self, quote: u8) -> Result<Token, SyntaxError> {
        let inside = self.at + 1;
        let limit = self.source.len().min(inside + BUFFER);
        let mut at = inside;
        while at < limit {
            match self.source[at] {
                b'\\' => at += 1,
                byte if byte == quote => {
                    let token = self.word(self.at, inside, at + 1);
                    self.mode = Mode::AfterQuote;
                    return Ok(token);
                }
                _ => {}
            }
            at += 1;
        }
        if self.source.len() > inside + BUFFER {
            let reason = format!(
                "too long parameter, probably missing terminating \"{}\" character",
                char::from(quote)
            );
            return Err(SyntaxError::at(self.source, self.at, reason));
        }
        Err(self.unexpected_end())
    }

    fn word(&mut self, start: usize, held: usize, end: usize) -> Token {
        let span = Span::new(start, end);
        if self.words == 0 {
            self.name = span;
        }
        self.words += 1;
        self.held = Some(held);
        self.mode = Mode::Plain;
        self.at = end;
        Token { kind: TokenKind::Word, span }
    }

    fn open(&mut self) -> Result<Token, SyntaxError> {
        let is_lua = self.words > 0 && lua::is_block_name(&word::value_of(&self.source[self.name.range()]));
        let token = self.delimiter(TokenKind::Open)?;
        if is_lua {
            self.mode = Mode::Lua;
        }
        Ok(token)
    }

    fn delimiter(&mut self, kind: TokenKind) -> Result<Token, SyntaxError> {
        let is_close = kind == TokenKind::Close;
        if is_close != (self.words == 0) {
            return Err(self.unexpected(self.source[self.at]));
        }
        self.words = 0;
        self.held = None;
        self.mode = Mode::Plain;
        self.at += 1;
        Ok(Token { kind, span: Span::new(self.at - 1, self.at) })
    }

    fn lua_body(&mut self) -> Result<Token, SyntaxError> {
        let start = self.at;
        let len = lua::body_length(&self.source[start..])
            .map_err(|fault| SyntaxError::at(self.source, start + fault.offset, fault.reason))?;
        self.at += len;
        self.mode = Mode::LuaEnd;
        Ok(Token { kind: TokenKind::LuaBody, span: Span::new(start, self.at) })
    }

    fn lua_end(&mut self) -> Result<Token, SyntaxError> {
        self.mode = Mode::Plain;
        self.delimiter(TokenKind::Close)
    }

    fn unexpected(&self, byte: u8) -> SyntaxError {
        let shown = String::from_utf8_lossy(std::slice::from_ref(&byte)).into_owned();
        SyntaxError::at(self.source, self.at, format!("unexpected \"{shown}\""))
    }

    fn unexpected_end(&self) -> SyntaxError {
        let reason = "unexpected end of file, expecting \";\" or \"}\"";
        SyntaxError::at(self.source, self.source.len(), reason)
    }

    fn too_long(&self, start: usize) -> SyntaxError {
        let head = String::from_utf8_lossy(&self.source[start..start + 10]);
        SyntaxError::at(self.source, start, format!("too long parameter \"{head}...\" started"))
    }
}

impl Iterator for Lexer<'_> {
    type Item = Result<Token, SyntaxError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.mode == Mode::Failed {
            return None;
        }
        let step = self.step();
        if step.is_err() {
            self.mode = Mode::Failed;
        }
        step.transpose()
    }
}

/// Whether `byte` separates words.
#[must_use]
pub const fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\r' | b'\n')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(source: &str, expect: &str) {
        let mut shown = String::new();
        for token in Lexer::new(source.as_bytes()) {
            match token {
                Ok(Token { kind: TokenKind::Space, .. }) => {}
                Ok(Token { kind, span }) => {
                    let letter = match kind {
                        TokenKind::Comment => '#',
                        TokenKind::Word => 'w',
                        TokenKind::LuaBody => 'l',
                        _ => ' ',
                    };
                    shown.push_str(&format!("{letter}<{}>", &source[span.range()]));
                }
                Err(error) => shown.push_str(&format!("! {error}")),
            }
        }
        assert_eq!(shown, expect, "{source:?}");
    }

    #[test]
    fn words_end_where_nginx_ends_them() {
        check("a#b c;", "w<a#b>w<c> <;>");
        check("a b#c #d\n;", "w<a>w<b#c>#<#d> <;>");
        check("if ($x){", "w<if>w<($x)> <{>");
        check("location ~ ^/x/{", "w<location>w<~>w<^/x/> <{>");
        check("set $a ${b}c;", "w<set>w<$a>w<${b}c> <;>");
        check("a $;", "w<a>w<$> <;>");
        check("a b${{{c;", "w<a>w<b${{{c> <;>");
        check("a $\\{ {", "w<a>w<$\\{> <{>");
        check("a b}c;", "w<a>w<b}c> <;>");
        check("a b\"c;", "w<a>w<b\"c> <;>");
        check("a b\\;c\\ d;", "w<a>w<b\\;c\\ d> <;>");
        check("a \"b;{}#\\\"\" 'c' ;", "w<a>w<\"b;{}#\\\"\">w<'c'> <;>");
        check("if ($x = \"a\") {", "w<if>w<($x>w<=>w<\"a\">w<)> <{>");
        check("if ($x = \"a\")b;", "w<if>w<($x>w<=>w<\"a\">w<)b> <;>");
    }

    #[test]
    fn faults_are_nginxs_faults() {
        check(";", "! unexpected \";\" at 1:1");
        check("\n {", "! unexpected \"{\" at 2:2");
        check("a }", "w<a>! unexpected \"}\" at 1:3");
        check("a \"b\"c;", "w<a>w<\"b\">! unexpected \"c\" at 1:6");
        check("a \"b\"#c", "w<a>w<\"b\">! unexpected \"#\" at 1:6");
        check("a", "! unexpected end of file, expecting \";\" or \"}\" at 1:2");
        check("a\n\"b", "w<a>! unexpected end of file, expecting \";\" or \"}\" at 2:3");
        check("a \\", "w<a>! unexpected end of file, expecting \";\" or \"}\" at 1:4");
    }

    #[test]
    fn the_buffer_of_nginx_limits_words_and_comments() {
        let verdict = |source: String| Lexer::new(source.as_bytes()).find_map(Result::err);
        let x = |count: usize| "x".repeat(count);
        assert_eq!(verdict(format!("e {};\n", x(4095))), None);
        assert_eq!(verdict(format!("e {} ;\n", x(4094))), None);
        assert_eq!(verdict(format!("e \"{}\";\n", x(4094))), None);
        assert_eq!(verdict(format!("e \"{}\" ;\n", x(4093))), None);
        assert_eq!(verdict(format!("#{}\n", x(4094))), None);
        assert_eq!(verdict(format!("#{}", x(4095))), None);
        let started = "too long parameter \"xxxxxxxxxx...\" started";
        for source in [
            format!("e {};\n", x(4096)),
            format!("e {} ;\n", x(4095)),
            format!("e \"{}\";\n", x(4095)),
            format!("e \"{}\" ;\n", x(4094)),
        ] {
            assert_eq!(verdict(source).expect("refused").reason, started);
        }
        let comment = verdict(format!("#{}\n", x(4095))).expect("refused");
        assert_eq!(comment.reason, "too long parameter \"#xxxxxxxxx...\" started");
        let open = verdict(format!("e \n\"{};\n", x(4096))).expect("refused");
        assert_eq!(open.reason, "too long parameter, probably missing terminating \"\"\" character");
        assert_eq!((open.line, open.column), (2, 1));
    }
}
