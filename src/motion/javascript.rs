//! What a settings file in JavaScript writes out: plain texts and numbers, each with the objects that it stands in.
//!
//! Invariant: only what is written out is given; what is computed, a comment or a part of an expression is not. A value
//! belongs to the objects whose braces are around it, and to no other.

use std::iter::Peekable;
use std::str::CharIndices;

/// A value that is written out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Written {
    /// The names of the objects around it, outermost first; empty where one has none.
    pub within: Vec<String>,
    pub key: String,
    pub value: String,
    /// Whether it is a number.
    pub is_number: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Token {
    /// A name, with what is behind its dots.
    Name(String),
    Text(String),
    Number(String),
    Sign(char),
    /// A pattern, or a text with something computed in it.
    Other,
}

/// What a bracket opened.
#[derive(Debug, PartialEq, Eq)]
enum Open {
    Object(String),
    /// A list, arguments, or a block of statements.
    Other,
}

/// Everything that is written out in `text`.
pub(super) fn written(text: &str) -> Vec<Written> {
    let tokens = tokens(text);
    let at = |index: usize| tokens.get(index);
    let is = |index: Option<usize>, sign: char| {
        index.and_then(|index| tokens.get(index)).is_some_and(|token| *token == Token::Sign(sign))
    };
    let mut open: Vec<Open> = Vec::new();
    let mut found = Vec::new();
    for (index, token) in tokens.iter().enumerate() {
        let before = index.checked_sub(1);
        match token {
            Token::Sign('{') => {
                let begins_value =
                    [':', '=', '(', ',', '[', '?', '|', '&'].iter().any(|sign| is(before, *sign));
                let named =
                    before.filter(|_| is(before, ':') || is(before, '=')).and_then(|at| at.checked_sub(1));
                open.push(match begins_value {
                    true => Open::Object(named.and_then(at).map(name_of).unwrap_or_default()),
                    false => Open::Other,
                });
            }
            Token::Sign('(' | '[') => open.push(Open::Other),
            Token::Sign('}' | ')' | ']') => {
                open.pop();
            }
            Token::Text(value) | Token::Number(value) => {
                // `key: value` of an object, or `a.b = value`, with nothing behind it that goes on.
                let is_member = is(before, ':') && !matches!(open.last(), Some(Open::Other));
                let is_set = is(before, '=');
                let ends = match at(index + 1) {
                    None => true,
                    Some(Token::Sign(sign)) => [',', '}', ';'].contains(sign),
                    Some(_) => is_set,
                };
                let key =
                    before.filter(|_| is_member || is_set).and_then(|at| at.checked_sub(1)).and_then(at);
                let Some(key @ (Token::Name(_) | Token::Text(_))) = key.filter(|_| ends) else { continue };
                let begins = index.checked_sub(3);
                if is_member && begins.is_some() && !is(begins, ',') && !is(begins, '{') {
                    continue;
                }
                let name = |open: &Open| match open {
                    Open::Object(name) => name.clone(),
                    Open::Other => String::new(),
                };
                let mut within: Vec<String> = open.iter().map(name).collect();
                if let Token::Name(path) = key {
                    let parts = path.split('.').rev().skip(1).collect::<Vec<_>>();
                    within.extend(parts.into_iter().rev().map(str::to_owned));
                }
                let is_number = matches!(token, Token::Number(_));
                found.push(Written { within, key: name_of(key), value: value.clone(), is_number });
            }
            _ => {}
        }
    }
    found
}

/// The last part of a name.
fn name_of(token: &Token) -> String {
    match token {
        Token::Name(name) => name.rsplit('.').next().unwrap_or_default().to_owned(),
        Token::Text(text) => text.clone(),
        _ => String::new(),
    }
}

fn tokens(text: &str) -> Vec<Token> {
    let mut tokens = Vec::new();
    let mut letters = text.char_indices().peekable();
    while let Some((start, letter)) = letters.next() {
        let next = letters.peek().map(|(_, letter)| *letter);
        match letter {
            '/' if next == Some('/') => while letters.next_if(|(_, letter)| *letter != '\n').is_some() {},
            '/' if next == Some('*') => {
                let end = text[start + 2..].find("*/").map_or(text.len(), |end| start + 2 + end + 2);
                while letters.next_if(|(at, _)| *at < end).is_some() {}
            }
            '/' if begins_pattern(tokens.last()) => {
                skip_pattern(&mut letters);
                tokens.push(Token::Other);
            }
            '"' | '\'' | '`' => tokens.push(quoted(&mut letters, letter)),
            letter if letter.is_ascii_digit() => tokens.push(Token::Number(run(text, start, &mut letters))),
            letter if letter.is_alphabetic() || "_$".contains(letter) => {
                tokens.push(Token::Name(run(text, start, &mut letters)));
            }
            letter if letter.is_whitespace() => {}
            letter => tokens.push(Token::Sign(letter)),
        }
    }
    tokens
}

/// A name with its dots, or a number.
fn run(text: &str, start: usize, letters: &mut Peekable<CharIndices<'_>>) -> String {
    let part = |letter: char| letter.is_alphanumeric() || "_$.".contains(letter);
    while letters.next_if(|(_, letter)| part(*letter)).is_some() {}
    let end = letters.peek().map_or(text.len(), |(at, _)| *at);
    text[start..end].to_owned()
}

/// A text; one that runs over its line without a right to, or has something computed in it, is none.
fn quoted(letters: &mut Peekable<CharIndices<'_>>, quote: char) -> Token {
    let (mut value, mut is_plain, mut before) = (String::new(), true, ' ');
    while let Some((_, letter)) = letters.next() {
        match letter {
            '\\' => value.extend(letters.next().map(|(_, escaped)| escaped)),
            letter if letter == quote => return if is_plain { Token::Text(value) } else { Token::Other },
            '\n' if quote != '`' => return Token::Other,
            '{' if quote == '`' && before == '$' => is_plain = false,
            letter => value.push(letter),
        }
        before = letter;
    }
    Token::Other
}

/// Whether a `/` begins a pattern and is no division.
fn begins_pattern(before: Option<&Token>) -> bool {
    match before {
        None => true,
        Some(Token::Sign(sign)) => !")]}".contains(*sign),
        Some(Token::Name(name)) => name == "return",
        Some(_) => false,
    }
}

fn skip_pattern(letters: &mut Peekable<CharIndices<'_>>) {
    let mut in_class = false;
    while let Some((_, letter)) = letters.next() {
        match letter {
            '\\' => drop(letters.next()),
            '[' => in_class = true,
            ']' => in_class = false,
            '/' if !in_class => return,
            '\n' => return,
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Each as `objects.key=value`.
    fn check(text: &str, expect: &[&str]) {
        let line = |one: &Written| format!("{}.{}={}", one.within.join("."), one.key, one.value);
        assert_eq!(written(text).iter().map(line).collect::<Vec<_>>(), expect, "{text}");
    }

    #[test]
    fn a_value_belongs_to_the_objects_around_it() {
        check(
            "module.exports = { port: 9000, mysql: { user: 'm' }, redis: { host: '10.0.0.8' } };",
            &["exports.port=9000", "exports.mysql.user=m", "exports.redis.host=10.0.0.8"],
        );
        check("exports.db = { 'host': \"h\", };", &["db.host=h"]);
        check("config.mysql.host = 'h';\nconfig.port = 1", &["config.mysql.host=h", "config.port=1"]);
        check("f({ a: { b: `c` } })", &["..a.b=c"]);
        check("x = { a: [ { host: 'h' } ], b: 'c' }", &["x...host=h", "x.b=c"]);
    }

    #[test]
    fn what_is_computed_or_a_comment_is_not_written_out() {
        for text in [
            "a = { host: process.env.H || 'x' }",
            "a = { host: 'x' + y }",
            "a = { host: `x${y}` }",
            "// a = { host: 'x' }",
            "/* a = { host: 'x' } */",
            "a = { host: b ? 'x' : 'y' }",
            "a = { host: f('x') }",
            "a = { b: /'host': 'x', {/ }",
            "a = 'host: \"x\"' + ''",
            "a = { host: 'x\n' }",
        ] {
            check(text, &[]);
        }
        check("a = { b: 'it\\'s }', c: '//' }", &["a.b=it's }", "a.c=//"]);
    }
}
